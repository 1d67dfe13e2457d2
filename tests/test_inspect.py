"""Looking at a tape: tables, notes, rules, pictures, finite differences, batch norm's parts."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad import inspect, nn
from minigrad.inspect import rules
from minigrad.inspect.check import Checker
from minigrad.inspect.picture import Picture
from minigrad.inspect.recording import notes
from minigrad.inspect.steps import names_of, read
from minigrad.nn import functional as F


def leaf(*values):
    return minigrad.tensor(values, dtype=minigrad.float64, requires_grad=True)


def example():
    """A small network with batch norm, and its loss."""
    minigrad.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    return net, F.cross_entropy(net(minigrad.randn(8, 3)), minigrad.arange(8) % 2)


# ---------------------------------------------------------------- the table


def test_the_table_of_a_small_expression():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = (a * b + a).sum()
    steps = inspect.tape(y).steps
    assert [(s.number, s.name) for s in steps] == [
        (1, "MulBackward0"),
        (2, "AddBackward0"),
        (3, "SumBackward0"),
    ]
    assert [[str(x) for x in s.inputs] for s in steps] == [["a", "b"], ["1", "a"], ["2"]]
    assert [s.output.shape for s in steps] == [(2,), (2,), ()]
    assert {s.output.dtype for s in steps} == {"float64"}
    assert [s.grads[0].norm for s in steps] == pytest.approx([math.sqrt(2)] * 2 + [1])
    assert steps[0].rule == "dL/da += dL/dy * b;  dL/db += dL/dy * a"
    assert a.grad is None
    y.backward()  # nothing was freed
    assert a.grad.tolist() == [4, 5]


def test_leaves_are_named_by_the_model_or_by_the_callers_variables():
    net, loss = example()
    assert {x.name for x in inspect.tape(loss, net).leaves} >= {"0.weight", "1.bias"}
    assert {x.name for x in inspect.tape(loss).leaves} >= {"net.0.weight", "net.1.bias"}
    weight = net[0].weight
    assert "W" in {x.name for x in inspect.tape(loss, {"W": weight}).leaves}
    with pytest.raises(TypeError, match="model must be a Module or a dict of tensors, not int"):
        inspect.tape(loss, 3)


def test_what_has_no_tape_is_an_error():
    with pytest.raises(ValueError, match="this tensor has no tape"):
        inspect.tape(minigrad.ones(2))
    with pytest.raises(TypeError, match="expected a Tensor, such as a loss, but got float"):
        inspect.tape(3.0)


def test_bytes_saved_count_memory_once_and_leave_out_leaves():
    w, x = minigrad.ones(4, requires_grad=True), minigrad.ones(4)
    h = w * x  # saves x, 16 bytes (and w, a leaf, only if x wanted a gradient)
    y = h * h  # saves h twice
    steps = inspect.tape(y.sum()).steps
    assert [s.bytes_saved for s in steps] == [16, 16, 0]
    z = h * x  # x again: already counted
    assert sum(s.bytes_saved for s in inspect.tape((y * z).sum()).steps) == 16 + 16 + 2 * 16


def test_a_freed_tape_says_so():
    x = leaf(2.0)
    y = x.exp() * x
    y.backward()
    table = inspect.tape(y)
    assert [s.freed for s in table.steps] == [True, True]
    assert "freed" in str(table) and "?" in str(table)


def test_a_long_table_is_cut_in_the_middle_and_a_wide_one_at_the_terminal(monkeypatch):
    x = leaf(1.0)
    y = x
    for _ in range(200):
        y = y * 1.01
    monkeypatch.setenv("COLUMNS", "70")
    lines = str(inspect.tape(y)).split("\n")
    assert "... 140 more ..." in lines
    assert len(lines) == 60 + 2 + 1 + 2
    assert max(map(len, lines)) <= 70
    assert lines[-3].split()[0] == "200" and lines[-2].startswith("200 operations, 1 leaf, ")


def test_the_table_in_a_notebook_is_html_with_its_texts_escaped():
    x = leaf(1.0)
    page = inspect.tape(x * 2, {"<x>": x})._repr_html_()
    assert "&lt;x&gt;" in page and "<x>" not in page
    assert page.count("<tr>") == 2


def test_hooks_run_and_are_seen():
    x = leaf(1.0)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    table = inspect.tape(y * 3)
    assert [s.grads[0].mean for s in table.steps] == [30, 1]
    assert table.leaves[0].grad.mean == 60


def test_several_outputs():
    x = leaf(1.0, 2.0, 3.0, 4.0)
    first, second = x.split(2)
    steps = inspect.tape((first * second).sum()).steps
    by_op = {s.op: s for s in steps}
    assert [str(i) for i in by_op["Mul"].inputs] in (["1.0", "1.1"], ["1", "2"])


# ---------------------------------------------------------------- recording


def test_recording_notes_lines_modules_values_and_times(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    with inspect.recording():
        net, loss = example()
    steps = inspect.tape(loss, net).steps
    assert [s.note.module for s in steps[:4]] == [
        ("Sequential", "0"),
        ("Sequential", "1"),
        ("Sequential", "2"),
        ("Sequential", "3"),
    ]
    assert steps[-1].note.module == ()
    assert {s.note.line.text for s in steps} == {
        "return net, F.cross_entropy(net(minigrad.randn(8, 3)), minigrad.arange(8) % 2)"
    }
    assert steps[0].note.inputs[0] is not None
    relu = next(s for s in steps if s.op == "Relu")
    assert relu.values[0].low == 0 and relu.values[0].cells
    assert all(s.note.seconds > 0 for s in steps)
    assert "test_inspect.py:" in str(inspect.tape(loss))


def test_without_recording_the_values_that_were_saved_are_known():
    x = leaf(1.0, 2.0)
    e = x.exp()  # saves its output
    steps = inspect.tape((e + 1).sum()).steps
    assert steps[0].note is None
    assert steps[0].values[0].high == pytest.approx(math.e**2)
    assert steps[1].values == []  # nobody needs it: only its gradient is known


def test_recording_ends_and_keeps_nothing_alive():
    with pytest.raises(KeyError), inspect.recording():
        y = leaf(1.0) * 2
        raise KeyError
    assert y.grad_fn in notes
    assert leaf(1.0).exp().grad_fn not in notes
    before = len(notes)
    del y
    assert len(notes) == before - 1


def test_recording_and_anomaly_mode_go_together():
    x = leaf(0.0)
    with minigrad.autograd.set_detect_anomaly(True), inspect.recording():
        y = x.sqrt() * 0
        with pytest.raises(RuntimeError, match="returned nan values") as error:
            y.backward()
    assert any("x.sqrt() * 0" in note for note in error.value.__notes__)


# ---------------------------------------------------------------- rules


@pytest.mark.parametrize("op", sorted(rules.ELEMENTWISE))
def test_elementwise_rules_are_what_the_vjps_compute(op):
    """Each formula, evaluated with NumPy, gives the gradients that backward gives."""
    function = {
        "Rsub": lambda a, b: minigrad.rsub(b, a),  # a - b
        "LogSigmoid": F.logsigmoid,
        "Softplus": F.softplus,
        "Log1P": minigrad.log1p,
    }.get(op) or getattr(minigrad, op.lower())
    n = len(rules.ELEMENTWISE[op])
    base = np.array([0.3, 0.55, 0.8]) + (1 if op == "Acosh" else 0)
    values = [base, np.array([0.9, 0.2, 0.4])][:n]
    tensors = [leaf(*v) for v in values]
    y = function(*tensors)
    assert y.grad_fn.name().startswith(f"{op}Backward")
    g = np.array([1.0, -2.0, 0.5])
    y.backward(minigrad.tensor(g))
    names = {"a": values[0], "b": values[-1], "y": y.detach().numpy(), "g": g, "PI": math.pi}
    for name in "sin cos sinh cosh exp log sqrt sign".split():
        names[name] = getattr(np, name)
    for formula, tensor in zip(rules.ELEMENTWISE[op], tensors, strict=True):
        expected = eval(formula, {"__builtins__": {}}, names)
        np.testing.assert_allclose(tensor.grad.numpy(), expected, rtol=1e-12)


def test_rules_name_nodes_that_there_are():
    """A rule for a node that no op records would be a slip of the pen."""
    ops = Path(minigrad.__file__).parent / "ops"
    source = "\n".join(path.read_text() for path in (*ops.glob("*.pyx"), *ops.glob("*.py")))
    labels = {"NotImplemented", *re.findall(r'"(\w+)Backward\d"', source)}
    for op in (*rules.ELEMENTWISE, *rules.OTHERS):
        assert op.partition("Backward")[0] in labels, op


def test_every_node_has_a_rule():
    ops = Path(minigrad.__file__).parent / "ops"
    source = "\n".join(path.read_text() for path in (*ops.glob("*.pyx"), *ops.glob("*.py")))
    labels = set(re.findall(r'"(\w+Backward\d)"', source))
    assert len(labels) > 200
    assert [name for name in sorted(labels) if rules.rule_of(name) is None] == []


# ---------------------------------------------------------------- pictures of arrays


def test_a_picture_counts_what_is_not_finite_and_leaves_it_out():
    p = Picture.of(np.array([[1.0, np.nan], [np.inf, 3.0]]), 100)
    assert (p.nan, p.inf, p.low, p.high, p.mean, p.zeros) == (1, 1, 1, 3, 2, 0)
    assert p.cells[0][0] == 1 and math.isnan(p.cells[0][1])
    assert sum(p.counts) == 2


@pytest.mark.parametrize("shape", [(), (0,), (1,), (1000,), (7, 300), (300, 7), (2, 3, 2, 5)])
def test_the_map_of_a_picture_has_at_most_as_many_cells_and_the_mean_is_kept(shape):
    array = np.random.default_rng(0).standard_normal(shape)
    p = Picture.of(array, 64)
    assert p.shape == shape and p.size == array.size
    cells = np.array(p.cells)
    assert cells.size <= 64
    if array.size:
        across = (shape or (1,))[-1]
        limits = array.size // across, across
        edges = (np.arange(n + 1) * step for n, step in zip(cells.shape, p.block, strict=True))
        weights = np.outer(*(np.diff(np.minimum(e, n)) for e, n in zip(edges, limits, strict=True)))
        assert (cells * weights).sum() / array.size == pytest.approx(array.mean())
        assert sum(p.counts) == array.size


def test_of_many_matrices_the_first_is_shown_or_the_first_that_is_not_finite():
    array = np.random.default_rng(0).standard_normal((4, 3, 8, 8))
    p = Picture.of(array, 64)
    assert p.at == (0, 0) and p.cells == array[0, 0].tolist()
    coarse = p.coarser(16)
    assert coarse.block == (2, 2)
    np.testing.assert_allclose(coarse.cells, array[0, 0].reshape(4, 2, 4, 2).mean((1, 3)))
    array[2, 1, 3, 4] = np.nan
    assert Picture.of(array, 64).at == (2, 1)
    assert p.coarser(0).cells == [] and p.coarser(64) is p


def test_a_coarser_picture_has_the_same_mean():
    array = np.random.default_rng(0).standard_normal((50, 37))
    p = Picture.of(array, 400).coarser(30)
    cells = np.array(p.cells)
    assert cells.size <= 30
    edges = (np.arange(n + 1) * step for n, step in zip(cells.shape, p.block, strict=True))
    weights = np.outer(*(np.diff(np.minimum(e, n)) for e, n in zip(edges, (50, 37), strict=True)))
    assert (cells * weights).sum() / array.size == pytest.approx(array.mean())


@pytest.mark.parametrize("dtype", [np.bool_, np.int64, np.float16, np.float32])
def test_pictures_of_other_dtypes(dtype):
    assert Picture.of(np.ones(3, dtype), 9).mean == 1


def test_a_picture_of_huge_values():
    p = Picture.of(np.array([-1e308, 1e308]), 9)
    assert sum(p.counts) == 2


# ---------------------------------------------------------------- summary


def test_summary():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))
    before = net[1].running_mean.clone(), minigrad.get_rng_state()
    table = inspect.summary(net, minigrad.ones(5, 3))
    assert [(x.name, x.kind, x.depth, x.output, x.parameters) for x in table.layers] == [
        ("", "Sequential", 0, "5x2", 34),
        ("0", "Linear", 1, "5x4", 16),
        ("1", "BatchNorm1d", 1, "5x4", 8),
        ("2", "Dropout", 1, "5x4", 0),
        ("3", "Linear", 1, "5x2", 10),
    ]
    whole, *inner = table.layers
    assert whole.forward > 0 and whole.backward > 0
    assert whole.saved == sum(x.saved for x in inner) > 0
    assert (net[1].running_mean == before[0]).all()
    assert (minigrad.get_rng_state() == before[1]).all()
    assert all(p.grad is None for p in net.parameters())
    assert not net._forward_hooks and not net._forward_pre_hooks
    assert "34 parameters, 0 of them frozen" in str(table)


def test_summary_of_a_model_that_fails_leaves_no_hooks():
    net = nn.Sequential(nn.Linear(3, 4))
    with pytest.raises(RuntimeError):
        inspect.summary(net, minigrad.ones(5, 2))
    assert not net._forward_hooks and not net[0]._forward_hooks
    with pytest.raises(TypeError, match="expected a Module, but got int"):
        inspect.summary(3)


def test_summary_of_frozen_models_and_of_results_that_are_no_tensors():
    net = nn.LSTM(3, 4).requires_grad_(False)
    table = inspect.summary(net, minigrad.ones(5, 2, 3))
    assert table.layers[0].output == "5x2x4, 1x2x4, 1x2x4"
    assert "of them frozen" in str(table) and table.layers[0].backward == 0


# ---------------------------------------------------------------- Graphviz


def test_dot():
    with inspect.recording():
        net, loss = example()
    source = inspect.dot(loss, net)
    assert source.count("subgraph") == 5
    assert source.count("{") == source.count("}")
    assert '[label="0.weight\\n4x3"' in source
    table = inspect.tape(loss)
    edges = sum(x.wants_grad for s in table.steps for x in s.inputs)
    assert source.count("->") == edges


# ---------------------------------------------------------------- finite differences


def verdicts(function):
    checker = Checker(function)
    steps, leaves = read(checker.result, names_of(None, depth=1), keep=True)
    found = {s.op: checker.verdict(s, s.gradient) for s in steps if s.gradient is not None}
    return found, [checker.leaf_verdict(x, x.gradient) for x in leaves]


@pytest.mark.parametrize("dtype", [minigrad.float32, minigrad.float64])
def test_finite_differences_agree_with_right_gradients(dtype):
    minigrad.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3),
        nn.BatchNorm2d(3),
        nn.Tanh(),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(48, 2),
    ).to(dtype)
    x = minigrad.randn(4, 1, 6, 6, dtype=dtype)
    found, at_leaves = verdicts(lambda: F.cross_entropy(net(x), minigrad.arange(4) % 2))
    assert {"Convolution", "NativeBatchNorm", "Tanh", "Addmm"} <= set(found)
    assert found["View"] is None  # shares memory with another
    assert all(v is None or v.agrees for v in found.values())
    assert all(v.agrees for v in at_leaves)
    assert any(abs(v.analytic) > 10 * v.noise for v in at_leaves)


def test_finite_differences_find_a_wrong_gradient():
    class Wrong(minigrad.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * x

        @staticmethod
        def backward(ctx, grad):
            return grad * 3

    x = leaf(1.0, 2.0)
    found, at_leaves = verdicts(lambda: (Wrong.apply(x.exp()) * 2).sum())
    assert found["Wrong"].agrees and found["Mul"].agrees
    assert not found["Exp"].agrees and not at_leaves[0].agrees


def test_what_cannot_be_checked():
    with pytest.raises(ValueError, match=r"the function returned shape \[2\]"):
        Checker(lambda: leaf(1.0, 2.0) * 2)
    x, calls = leaf(1.0), []

    def fickle():
        calls.append(1)
        return x * 2 if len(calls) == 1 else x * 2 * 3

    with pytest.raises(RuntimeError, match="it must do the same in every run"):
        verdicts(fickle)


# ---------------------------------------------------------------- batch norm taken apart


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (2, 3, 4, 5)])
def test_the_parts_of_batch_norm_add_up(shape, affine, training):
    minigrad.manual_seed(0)
    layer = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}[len(shape)]
    layer = layer(3, affine=affine, dtype=minigrad.float64).train(training)
    x = minigrad.randn(*shape, dtype=minigrad.float64, requires_grad=True)
    result = (layer(x) * minigrad.randn(*shape, dtype=minigrad.float64)).sum()
    steps, _ = read(result, {}, cells=64)
    (parts,) = [s.parts for s in steps if s.parts is not None]
    assert parts.gap < 1e-12
    assert [p.name for p in parts.forward][:3] == ["mean", "var", "normalise"]
    assert len(parts.backward) == (4 if training else 2)
    if training:
        total = parts.backward[-1]
        assert total.sums == pytest.approx([0] * 3, abs=1e-12)  # a shift of x changes nothing
        mean = parts.backward[1]
        direct = parts.backward[0]
        assert mean.sums == pytest.approx([-s for s in direct.sums])


# ---------------------------------------------------------------- plots


def test_plots(tmp_path):
    pytest.importorskip("matplotlib")
    figure = inspect.plot_curves(
        {"a": [3.0, minigrad.tensor(2.0), 1.0], "b": [1, 2, 3]}, tmp_path / "curves.png", smooth=2
    )
    lines = figure.axes[0].get_lines()
    assert [list(line.get_ydata()) for line in lines] == [
        [3, 2, 1],
        [2.5, 1.5],
        [1, 2, 3],
        [1.5, 2.5],
    ]
    net = nn.Linear(3, 2)
    net.weight.grad = minigrad.tensor([[1.0, math.nan, 2.0], [1.0, math.inf, 2.0]])
    figure = inspect.plot_histograms(net, tmp_path / "histograms.svg")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["weight", "weight.grad (2 NaN or Inf)", "bias", ""]
    assert sum(bar.get_height() for bar in figure.axes[1].patches) == 4
    assert {path.suffix for path in tmp_path.iterdir()} == {".png", ".svg"}
    with pytest.raises(ValueError, match="the model has no parameters"):
        inspect.plot_histograms(nn.ReLU())
