"""``inspect.show`` without a browser: what is written, how large it is, what is refused."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad import inspect, nn
from minigrad.inspect import page
from minigrad.nn import functional as F


def data_of(path):
    """Return what the page at a path knows."""
    text = Path(path).read_text(encoding="utf-8")
    (found,) = re.findall(r'<script id="data" type="application/json">(.*?)</script>', text, re.S)
    return json.loads(found)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tape.html"


def leaf(*values):
    return minigrad.tensor(values, dtype=minigrad.float64, requires_grad=True)


def test_a_page_of_a_function_has_everything(path):
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    returned = inspect.show(lambda: (a * b + a).sum(), path, title="T")
    assert returned == str(path) and isinstance(returned, str)
    assert returned._repr_html_() == f'<a href="{path}" target="_blank">{path}</a>'
    data = data_of(path)
    assert data["title"] == "T" and data["recorded"] and not data["freed"]
    mul, add, _ = data["steps"]
    picture = data["pictures"].__getitem__
    assert mul["inputs"] == [{"leaf": 0}, {"leaf": 1}]
    assert add["inputs"] == [{"step": 0, "output": 0}, {"leaf": 0}]
    assert picture(mul["values"][0])["cells"] == [[3, 8]]
    assert [picture(p)["cells"] for p in mul["passed"]] == [[[3, 4]], [[1, 2]]]
    assert picture(add["sums"][1])["cells"] == [[1, 1]]
    assert picture(mul["sums"][0])["cells"] == [[4, 5]]  # with what came from the sum
    assert [x["name"] for x in data["leaves"]] == ["a", "b"]
    assert data["places"][mul["place"]]["text"].startswith("returned = inspect.show(")
    assert data["operations"]["MulBackward0"]["rule"] == ["g * b", "g * a"] and mul["seconds"] > 0
    assert a.grad is None


def test_a_page_of_a_tensor_has_what_the_tape_knows(path):
    x = leaf(1.0, 2.0)
    y = (x.exp() + 1).sum()
    inspect.show(y, path)
    data = data_of(path)
    assert not data["recorded"] and data["title"] == "tape"
    assert [step["values"][0] is None for step in data["steps"]] == [False, True, False]
    y.backward()
    inspect.show(y, path)
    assert data_of(path)["freed"]


def test_equal_pictures_are_written_once(path):
    x = leaf(1.0, 2.0)

    def chain():
        y = x
        for _ in range(50):
            y = y * 1
        return y.sum()

    inspect.show(chain, path)
    assert len(data_of(path)["pictures"]) < 8


def test_large_elementwise_steps_have_a_few_true_elements(path):
    a = minigrad.randn(100, 100, requires_grad=True)
    b = minigrad.randn(100, requires_grad=True)
    for recorded in (True, False):
        inspect.show((lambda: (a * b).sum()) if recorded else (a * b).sum(), path)
        elements = data_of(path)["steps"][0]["elements"]
        places = elements["places"]
        assert len(places) == 8
        rows, columns = np.unravel_index(places, (100, 100))
        assert elements["inputs"][0] == pytest.approx(a.detach().numpy()[rows, columns], rel=1e-5)
        assert elements["inputs"][1] == pytest.approx(b.detach().numpy()[columns], rel=1e-5)
        assert elements["grad"] == [1] * 8
        assert elements["passed"][0] == elements["inputs"][1]


def test_numbers_that_json_does_not_know(path):
    x = leaf(0.0, -1.0, 4.0)
    with np.errstate(all="ignore"):
        inspect.show(lambda: (1 / x.sqrt()).sum(), path)
    cells = [p["cells"][0] for p in data_of(path)["pictures"] if p["shape"] == [3]]
    assert ["Infinity", None, 0.5] in cells


def test_texts_cannot_break_out_of_their_places(path):
    x = leaf(1.0)
    name = "</script><script>alert(1)</script>{{data}}"
    inspect.show(x * 2, path, model={name: x}, title=name)
    text = path.read_text(encoding="utf-8")
    assert "alert(1)</script>" not in text
    assert text.count("<script") == text.count("</script>") == len(page._SCRIPTS) + 2
    assert data_of(path)["leaves"][0]["name"] == name
    assert "&lt;/script&gt;" in text and "{{data}}" in text


def test_the_page_asks_nothing_of_any_network(path):
    inspect.show(leaf(1.0) * 2, path)
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"https?:|url\(|@import|\bsrc=|<link|fetch\(|XMLHttp", text)
    assert "default-src 'none'" in text


def test_the_sources_are_all_used_and_short():
    sources = {p.name for p in page._VIEWER.iterdir()}
    assert sources == {*page._SCRIPTS, "page.html", "style.css"}
    for source in page._VIEWER.iterdir():
        lines = source.read_text(encoding="utf-8").split("\n")
        assert len(lines) <= 500
        assert max(map(len, lines)) <= 120, source


def test_a_long_tape_makes_a_page_of_bounded_size(path, monkeypatch):
    w = minigrad.randn(40, 40, requires_grad=True)

    def deep():
        y = w
        for _ in range(300):
            y = y.tanh()
        return y.sum()

    inspect.show(deep, path)

    def cells():
        return max(len(p.get("cells", ())) for p in data_of(path)["pictures"])

    assert cells() > 10
    monkeypatch.setattr(page, "LARGEST", 500_000)
    inspect.show(deep, path)
    assert 1 < cells() <= 10
    monkeypatch.setattr(page, "LARGEST", 10_000)
    inspect.show(deep, path)
    assert cells() == 0
    assert page.cells_for(5000) == 24


def test_a_file_is_replaced_at_once_or_not_at_all(path, monkeypatch):
    path.write_text("before")
    with pytest.raises(KeyError):
        inspect.show({}.popitem, path)
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        inspect.show(leaf(1.0) * 2, path)
    assert path.read_text() == "before"
    assert list(path.parent.iterdir()) == [path]


def test_wrong_calls(path):
    with pytest.raises(TypeError, match="expected a Tensor, or a function that returns one"):
        inspect.show(3.0, path)
    with pytest.raises(TypeError, match="expected a Tensor, such as a loss, but got int"):
        inspect.show(lambda: 3, path)
    with pytest.raises(ValueError, match="this tensor has no tape"):
        inspect.show(minigrad.ones(2), path)
    with pytest.raises(TypeError, match="check needs a function that computes the result again"):
        inspect.show(leaf(1.0) * 2, path, check=True)
    with pytest.raises(ValueError, match="no step 5 to check: there are 1"):
        x = leaf(1.0)
        inspect.show(lambda: x * 2, path, check=[5])
    with pytest.raises(RuntimeError, match="Parent directory"):
        inspect.show(leaf(1.0) * 2, path / "nowhere" / "tape.html")
    assert not path.exists()


# ---------------------------------------------------------------- finite differences


def test_verdicts_and_the_first_suspect(path):
    class Wrong(minigrad.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * x

        @staticmethod
        def backward(ctx, grad):
            return grad * 3

    x = leaf(1.0, 2.0)
    inspect.show(lambda: (Wrong.apply(x.exp()).view(1, 2) * 2).sum(), path, check=True)
    data = data_of(path)
    verdicts = [step.get("verdict", {}).get("agrees") for step in data["steps"]]
    assert verdicts == [False, True, None, True, True]  # of a view nothing can be said
    assert data["suspects"] == [2]
    assert data["leaves"][0]["verdict"]["agrees"] is False
    inspect.show(lambda: (x.exp() * 2).sum(), path, check=[2])
    data = data_of(path)
    assert ["verdict" in step for step in data["steps"]] == [False, True, False]
    assert data["checked"] and "verdict" not in data["leaves"][0]


@pytest.mark.parametrize("dtype", [minigrad.float32, minigrad.float64])
@pytest.mark.parametrize("seed", range(3))
def test_kinks_are_no_wrong_gradients(path, seed, dtype):
    """relu makes ties at 0 for max_pool2d, and both have kinks that a step may cross."""
    minigrad.manual_seed(seed)
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
    ).to(dtype)
    x = minigrad.randn(4, 1, 12, 12, dtype=dtype)
    inspect.show(lambda: F.cross_entropy(net(x), minigrad.arange(4)), path, check=True)
    data = data_of(path)
    verdicts = [x["verdict"] for x in data["steps"] + data["leaves"] if "verdict" in x]
    assert len(verdicts) >= 9 and all(v["agrees"] for v in verdicts)


def test_numbers_that_cancel_are_no_wrong_gradients(path):
    """The sum of what layer norm gives is 0 but for rounding, and so is its gradient."""
    minigrad.manual_seed(0)
    x = minigrad.randn(4, 64, requires_grad=True)
    inspect.show(lambda: F.layer_norm(x.tanh(), (64,)).sum(), path, check=True)
    data = data_of(path)
    verdicts = [x["verdict"] for x in data["steps"] + data["leaves"]]
    assert all(v["agrees"] for v in verdicts)
    assert not verdicts[0]["decides"]


def test_checking_leaves_running_statistics_as_one_run_does(path):
    net, x = nn.BatchNorm1d(3), minigrad.randn(8, 3)
    twin = nn.BatchNorm1d(3)
    twin(x)
    inspect.show(lambda: net(x).square().mean(), path, check=True)
    assert (net.running_mean == twin.running_mean).all()
    assert net.num_batches_tracked == 1
