"""Objects of all kinds in torch's files: models as a whole, arrays, and what is refused."""

import collections
import datetime
import fractions
import io
import os
import pickle
import random
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from written import plain, round_trip, written

import minigrad
from minigrad import nn, optim


def read_by(torch, value, tmp_path, **options):
    path = tmp_path / "ours.pt"
    minigrad.save(value, path)
    return torch.load(path, **options)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Tanh())
        self.tied = self.body[0].weight
        self.register_buffer("scale", minigrad.ones(1), persistent=False)
        self.mean = nn.Buffer(minigrad.zeros(1))
        self.register_forward_hook(self.count)
        self.calls = 0

    def forward(self, x):
        return self.body(x) @ self.tied * self.scale

    def count(self, module, args, output):
        self.calls += 1


Point = collections.namedtuple("Point", "x y")


class Slotted:
    __slots__ = ("a", "b")

    class Inner:
        pass


class Odd:
    """Sets its state in its own way."""

    def __init__(self, n):
        self.n = n

    def __reduce__(self):
        return Odd, (0,), {"n": self.n}, None, None, Odd.restore

    def restore(self, state):
        self.n = state["n"] + 1


def test_a_whole_model():
    minigrad.manual_seed(0)
    net = Net()
    x = minigrad.randn(4, 2)
    net(x)
    optimizer = optim.Adam(net.parameters())
    found, other = round_trip([net, optimizer], weights_only=False)
    assert type(found) is Net and type(other) is optim.Adam
    assert found.body[0].weight is found.tied
    assert other.param_groups[0]["params"][0] is next(found.parameters())
    assert list(found.state_dict()) == list(net.state_dict())
    assert found(x).tolist() == net(x).tolist()
    assert found.calls == net.calls == 2
    for model, opt in ((net, optimizer), (found, other)):
        model(x).sum().backward()
        opt.step()
    assert found.tied.tolist() == net.tied.tolist()


def test_other_objects():
    slotted = Slotted()
    slotted.a = [slotted]
    given = {
        "array": np.arange(6, dtype="f").reshape(2, 3).T,
        "scalar": np.float32(1.5),
        "float": np.float64(1.5),
        "point": Point(1, minigrad.ones(2)),
        "default": collections.defaultdict(list, a=[1]),
        "date": datetime.date(2026, 1, 2),
        "fraction": fractions.Fraction(1, 3),
        "path": Path("a/b"),
        "range": range(3),
        "slice": slice(1, 2),
        "class": nn.Linear,
        "inner class": Slotted.Inner,
        "function": minigrad.relu,
        "builtin": len,
        "method": Odd(3).restore,
        "set": frozenset({1}),
        "ellipsis": ...,
        "seed": random.Random(3),
        "deque": collections.deque([1, 2]),
        "generator": minigrad.Generator().manual_seed(3),
    }
    found = round_trip(given | {"odd": Odd(3), "slotted": slotted}, weights_only=False)
    assert found["odd"].n == 4
    assert found["slotted"].a[0] is found["slotted"]
    np.testing.assert_array_equal(found["array"], given["array"])
    assert found["array"].dtype == np.float32 and type(found["scalar"]) is np.float32
    assert type(found["float"]) is float
    assert plain(found["point"]) == plain(given["point"])
    assert found["default"]["b"] == []
    assert found["seed"].random() == given["seed"].random()
    assert found["method"].__self__.n == 4
    assert found["generator"].initial_seed() == 3
    for name in (
        "default date fraction path range slice class function builtin set ellipsis deque scalar"
    ).split():
        if name != "default":
            assert found[name] == given[name], name
    assert found["inner class"] is Slotted.Inner


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Net(), r"\w+\.Net"),
        ({"a": np.ones(2)}, r"numpy.*\._reconstruct"),
        (Point(1, 2), r"\w+\.Point"),
        ([print], r"builtins\.print"),
        ({"d": slice(1)}, r"builtins\.slice"),
    ],
)
def test_objects_are_refused_by_default(value, name):
    for options in ({}, {"weights_only": True}, {"weights_only": None}):
        with pytest.raises(pickle.UnpicklingError, match=f"holds a {name}, .*weights_only=False"):
            round_trip(value, **options)


def test_torch_reads_our_arrays(torch, tmp_path):
    given = {"array": np.arange(6.0).reshape(2, 3), "w": minigrad.ones(2), "p": Path("a")}
    with pytest.raises(pickle.UnpicklingError):
        read_by(torch, given, tmp_path)
    found = read_by(torch, given, tmp_path, weights_only=False)
    np.testing.assert_array_equal(found["array"], given["array"])
    assert found["w"].tolist() == [1, 1] and found["p"] == Path("a")
    torch.save(found, tmp_path / "theirs.pt")
    found = minigrad.load(tmp_path / "theirs.pt", weights_only=False)
    np.testing.assert_array_equal(found["array"], given["array"])
    assert plain(found["w"]) == plain(given["w"])


WHOLE = (
    "nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(18, 2))",
    "nn.Sequential(nn.Flatten(1, 2), nn.AvgPool1d(2), nn.GELU('tanh'), nn.Softmax(-1))",
    "nn.Sequential(nn.Flatten(1, 2), nn.LSTM(5, 3, batch_first=True))",
    "nn.Sequential(nn.Flatten(1, 2), nn.TransformerEncoderLayer(5, 5, 7, activation=F.gelu))",
    "nn.Sequential(collections.OrderedDict(a=nn.InstanceNorm2d(1, track_running_stats=True)))",
)


@pytest.mark.parametrize("text", WHOLE)
def test_a_whole_model_of_torch(torch, tmp_path, text):
    names = {"nn": torch.nn, "F": torch.nn.functional, "collections": collections}
    theirs = eval(text, names)
    x = torch.randn(4, 1, 5, 5)
    theirs(x)
    torch.save(theirs.eval(), tmp_path / "x.pt")
    with pytest.raises(pickle.UnpicklingError, match=r"holds a torch\.nn"):
        minigrad.load(tmp_path / "x.pt")
    ours = minigrad.load(tmp_path / "x.pt", weights_only=False)
    assert isinstance(ours, nn.Module) and repr(ours) == repr(theirs)
    results = ours(minigrad.from_numpy(x.numpy())), theirs(x)
    if isinstance(results[0], tuple):
        results = [result[0] for result in results]
    np.testing.assert_allclose(*[r.tolist() for r in results], rtol=1e-5, atol=1e-6)
    for name, value in theirs.state_dict().items():
        assert ours.state_dict()[name].tolist() == value.tolist()
    minigrad.save(ours, tmp_path / "x.pt")
    assert repr(minigrad.load(tmp_path / "x.pt", weights_only=False)) == repr(theirs)


SAVED_WHOLE = (
    *WHOLE[:-1],
    "nn.Sequential(nn.Conv2d(1, 2, 3, 1, 1, padding_mode='reflect'), nn.BatchNorm2d(2))",
    "nn.Sequential(nn.Flatten(1, 2), nn.GRU(5, 3, 2, bidirectional=True, batch_first=True))",
    "nn.Sequential(nn.Flatten(1, 2), nn.TransformerEncoder("
    "nn.TransformerEncoderLayer(5, 5, 7, batch_first=True), 2, enable_nested_tensor=False))",
    "nn.Sequential(nn.AdaptiveMaxPool2d(2), nn.LPPool2d(2, 1), nn.Flatten(), nn.LogSoftmax(-1))",
)


@pytest.mark.parametrize("text", SAVED_WHOLE)
def test_torch_reads_a_whole_model_of_ours(torch, tmp_path, text):
    ours = eval(text, {"nn": nn, "F": nn.functional, "collections": collections})
    x = minigrad.randn(4, 1, 5, 5)
    ours(x)
    minigrad.save(ours.eval(), tmp_path / "x.pt")
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "x.pt")
    theirs = torch.load(tmp_path / "x.pt", weights_only=False)
    assert isinstance(theirs, torch.nn.Module) and repr(theirs) == repr(ours)
    results = ours(x), theirs(torch.from_numpy(x.numpy()))
    if isinstance(results[0], tuple):
        results = [result[0] for result in results]
    np.testing.assert_allclose(*[r.tolist() for r in results], rtol=1e-5, atol=1e-6)
    theirs.train()(torch.from_numpy(x.numpy()))
    again = minigrad.load(tmp_path / "x.pt", weights_only=False)
    assert repr(again) == repr(ours) and type(again) is type(ours)
    assert list(again.state_dict()) == list(ours.state_dict())


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(2, 2, bias=False)
        self.tied, self.plain = self.body.weight, minigrad.ones(1)
        self.register_buffer("scale", minigrad.ones(1), persistent=False)
        self.missing = None
        self.register_buffer("none", None)


def test_a_class_of_ones_own_without_hooks():
    """It is written in torch's form, for a class of the same name that is one of torch's."""
    tied = Tied()
    with zipfile.ZipFile(written(tied)) as archive:
        program = archive.read("archive/data.pkl")
    assert b"torch.nn.modules.linear\nLinear\n" in program and b"minigrad" not in program
    assert b"_parameters" in program and b"_names" not in program
    found = round_trip(tied, weights_only=False)
    assert type(found) is Tied and found.body.weight is found.tied and found.none is None
    assert list(found.state_dict()) == list(tied.state_dict()) and found.scale.item() == 1
    assert dict(found.named_buffers()).keys() == dict(tied.named_buffers()).keys()
    assert found.plain.item() == 1 and found.missing is None


def test_what_only_torch_has(torch, tmp_path):
    layer = torch.nn.Linear(1, 1)
    layer.register_forward_hook(print)
    torch.save(layer, tmp_path / "x.pt")
    with pytest.raises(ValueError, match="a torch module with hooks"):
        minigrad.load(tmp_path / "x.pt", weights_only=False)
    torch.save(torch.optim.SGD(layer.parameters()), tmp_path / "x.pt")
    with pytest.raises(pickle.UnpicklingError, match=r"torch\.optim\.sgd\.SGD"):
        minigrad.load(tmp_path / "x.pt", weights_only=False)


def test_what_cannot_be_saved(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    local = type("Local", (), {})
    for value, place, kind in (
        ({"a": [1, lambda: 0]}, "a.1", "function"),
        ({"a": {"b": local()}}, "a.b", "type"),
        ({"a": {"b": (x for x in [])}}, "a.b", "generator"),
        (os, "the object", "module"),
        ([io.StringIO(), sys.stdout], "1", type(sys.stdout).__name__),
        ({(1, os): 2}, "the dict: a key.1", "module"),
    ):
        with pytest.raises(TypeError, match=f"cannot store '{place}.*' of type {kind}"):
            minigrad.save(value, path)
        assert path.read_bytes() == b"old"
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deeply, or contains itself"):
        minigrad.save(deep, path)
    assert path.read_bytes() == b"old"
