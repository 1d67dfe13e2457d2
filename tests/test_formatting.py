"""How tensors print: torch's text, with minigrad's name in it."""

import re

import numpy as np
import pytest

import minigrad

NAN, INF = float("nan"), float("inf")

# Functions of the library, each a tensor.
TENSORS = {
    "0-d float": lambda lib: lib.tensor(1.5),
    "0-d whole float": lambda lib: lib.tensor(3.0),
    "0-d int": lambda lib: lib.tensor(3),
    "0-d bool": lambda lib: lib.tensor(True),
    "0-d nan": lambda lib: lib.tensor(NAN),
    "0-d large": lambda lib: lib.tensor(1e10),
    "0-d small": lambda lib: lib.tensor(1e-10),
    "0-d float64": lambda lib: lib.tensor(1 / 3, dtype=lib.float64),
    "ints": lambda lib: lib.tensor([1, -20, 300]),
    "int32": lambda lib: lib.tensor([1, -20, 300], dtype=lib.int32),
    "uint8": lambda lib: lib.tensor([1, 255], dtype=lib.uint8),
    "huge ints": lambda lib: lib.tensor([2**62, -(2**63), 0]),
    "bools": lambda lib: lib.tensor([[True, False], [False, False]]),
    "one bool": lambda lib: lib.tensor([True]),
    "floats": lambda lib: lib.tensor([1.0, 2.5, -3.14159]),
    "whole floats": lambda lib: lib.tensor([1.0, -2.0, 30.0]),
    "large whole floats": lambda lib: lib.tensor([1.0, 2000.0, 30000.0]),
    "larger whole floats": lambda lib: lib.tensor([1e8, 2.0]),
    "past 1e8": lambda lib: lib.tensor([2e8, 2e8]),
    "ratio over 1000": lambda lib: lib.tensor([0.5, 1001.5]),
    "ratio under 1000": lambda lib: lib.tensor([1.5, 1001.5]),
    "small": lambda lib: lib.tensor([1e-5, 2e-5]),
    "just small enough": lambda lib: lib.tensor([1e-4, 2e-4]),
    "small and zero": lambda lib: lib.tensor([0.0, 1e-5]),
    "mixed scales": lambda lib: lib.tensor([1e-10, 1.0, 1e10]),
    "negative sci": lambda lib: lib.tensor([-1e-10, 2e10]),
    "nan": lambda lib: lib.tensor([1.0, NAN]),
    "nan and fractions": lambda lib: lib.tensor([1.5, NAN, -INF]),
    "inf": lambda lib: lib.tensor([1.0, INF]),
    "only nan": lambda lib: lib.tensor([NAN, NAN]),
    "only inf": lambda lib: lib.tensor([INF, -INF]),
    "inf and sci": lambda lib: lib.tensor([INF, 1e-9, 1e9, NAN]),
    "zeros": lambda lib: lib.zeros(3),
    "negative zero": lambda lib: lib.tensor([-0.0, 0.0, 1.0]),
    "negative zero fraction": lambda lib: lib.tensor([-0.0, 0.5]),
    "rounded to zero": lambda lib: lib.tensor([-0.00001, 0.009]),
    "all negative": lambda lib: lib.tensor([-1.5, -22.25]),
    "float16": lambda lib: lib.tensor([1.5, 65504.0, 0.1], dtype=lib.float16),
    "float64": lambda lib: lib.tensor([1.5, 0.1], dtype=lib.float64),
    "denormal": lambda lib: lib.tensor([1e-45, 1.0]),
    "extremes": lambda lib: lib.tensor([3.4e38, -3.4e38]),
    "float64 extremes": lambda lib: lib.tensor([1e308, 1e-308], dtype=lib.float64),
    "2-d": lambda lib: lib.arange(12.0).reshape(3, 4) / 3,
    "3-d": lambda lib: lib.arange(24).reshape(2, 3, 4),
    "4-d": lambda lib: lib.arange(16.0).reshape(2, 2, 2, 2),
    "5-d": lambda lib: lib.arange(32).reshape(2, 2, 2, 2, 2),
    "long": lambda lib: lib.arange(60),
    "long floats": lambda lib: lib.arange(40) / 7,
    "long bools": lambda lib: lib.arange(40) % 3 == 0,
    "long rows": lambda lib: (lib.arange(100) / 7).reshape(2, 50),
    "one long number a line": lambda lib: lib.full((3, 1), 123456.789),
    "1000 elements": lambda lib: lib.arange(1000),
    "1001 elements": lambda lib: lib.arange(1001),
    "large": lambda lib: lib.arange(10000.0),
    "large 2-d": lambda lib: lib.arange(10000).reshape(100, 100),
    "large 3-d": lambda lib: lib.arange(8000.0).reshape(20, 20, 20),
    "large and thin": lambda lib: lib.arange(4000.0).reshape(2000, 2),
    "large and flat": lambda lib: lib.arange(4000.0).reshape(2, 2000) / 3,
    "large, small first": lambda lib: lib.arange(1200).reshape(4, 300),
    "large with extremes hidden": lambda lib: lib.cat(
        [lib.ones(500), lib.full((500,), 1e10), lib.ones(500)]
    ),
    "empty": lambda lib: lib.tensor([]),
    "empty 2-d": lambda lib: lib.zeros(0, 3),
    "empty inner": lambda lib: lib.zeros(2, 0),
    "empty int": lambda lib: lib.tensor([], dtype=lib.int64),
    "empty int 2-d": lambda lib: lib.zeros(2, 0, dtype=lib.int32),
    "empty bool": lambda lib: lib.zeros(0, dtype=lib.bool),
    "transposed": lambda lib: lib.arange(6.0).reshape(2, 3).t(),
    "leaf": lambda lib: lib.ones(2, requires_grad=True),
    "0-d leaf": lambda lib: lib.tensor(1.0, requires_grad=True),
    "grad_fn": lambda lib: lib.ones(2, requires_grad=True) * 2,
    "0-d grad_fn": lambda lib: lib.ones(2, requires_grad=True).sum(),
    "grad_fn and dtype": lambda lib: lib.ones(2, requires_grad=True).double(),
    "grad_fn of a view": lambda lib: lib.ones(2, 2, requires_grad=True).t(),
    "suffix on a line of its own": lambda lib: (
        (lib.arange(36.0) / 7).reshape(3, 12).double().requires_grad_()
    ),
    "suffix that just fits": lambda lib: lib.arange(11, dtype=lib.int32) * 1001,
    "empty with grad": lambda lib: lib.zeros(0, 2, requires_grad=True),
}


def on_one_line(text):
    """Join the suffixes to the last line: minigrad's name is longer, so that they may wrap."""
    return re.sub(r",\s+(size|dtype|grad_fn|requires_grad)=", r", \1=", text)


def torchs(tensor):
    return on_one_line(repr(tensor).replace("torch.", "minigrad."))


@pytest.mark.parametrize("name", TENSORS)
def test_repr_is_torchs(torch, name):
    expected = repr(TENSORS[name](torch)).replace("torch.", "minigrad.")
    assert repr(TENSORS[name](minigrad)) == expected
    assert str(TENSORS[name](minigrad)) == expected


def test_random_tensors_against_torch(torch):
    rng = np.random.default_rng(0)
    for _ in range(300):
        shape = tuple(rng.integers(1, 6, rng.integers(0, 4)))
        scale = 10.0 ** rng.integers(-12, 13)
        values = rng.normal(size=shape) * scale
        kind = rng.integers(5)
        if kind == 0:
            values = np.round(values)
        elif kind == 1:
            values = np.where(
                rng.random(shape) < 0.2, rng.choice([0, np.nan, np.inf, -np.inf]), values
            )
        elif kind == 2:
            values = values * 10.0 ** rng.integers(-4, 4, shape)
        dtype = rng.choice(["float16", "float32", "float64"])
        with np.errstate(over="ignore"):
            array = np.asarray(values, dtype)
        assert on_one_line(repr(minigrad.tensor(array))) == torchs(torch.tensor(array))


OPTIONS = [
    {"precision": 2},
    {"precision": 8},
    {"linewidth": 40},
    {"linewidth": 200},
    {"threshold": 5},
    {"threshold": 5, "edgeitems": 1},
    {"sci_mode": True},
    {"sci_mode": False},
    {"profile": "short"},
    {"profile": "full"},
    {"threshold": 10, "edgeitems": 2, "precision": 1},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_print_options_against_torch(torch, options):
    try:
        minigrad.set_printoptions(**options)
        torch.set_printoptions(**options)
        for name, function in TENSORS.items():
            if options.get("profile") == "full" and ("large" in name or "elements" in name):
                continue
            assert on_one_line(repr(function(minigrad))) == torchs(function(torch)), name
    finally:
        torch.set_printoptions(profile="default", sci_mode=None)
        minigrad.set_printoptions(profile="default", sci_mode=None)


def test_print_options_can_be_read():
    assert minigrad.get_printoptions()["precision"] == 4
    minigrad.set_printoptions(precision=6)
    assert minigrad.get_printoptions()["precision"] == 6
    assert repr(minigrad.tensor(1 / 3)) == "tensor(0.333333)"
    minigrad.set_printoptions(profile="default")
    assert repr(minigrad.tensor(1 / 3)) == "tensor(0.3333)"


def test_without_torch():
    """A few by heart."""
    assert repr(minigrad.tensor([[1, 2], [3, 4]])) == "tensor([[1, 2],\n        [3, 4]])"
    assert repr(minigrad.tensor([1.0, 2.5])) == "tensor([1.0000, 2.5000])"
    assert repr(minigrad.tensor([1e-9, 1.0])) == "tensor([1.0000e-09, 1.0000e+00])"
    assert repr(minigrad.zeros(0, 3)) == "tensor([], size=(0, 3))"
    assert repr(minigrad.ones(1, dtype=minigrad.float64)) == (
        "tensor([1.], dtype=minigrad.float64)"
    )
    assert repr(minigrad.arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    assert repr(minigrad.tensor([1.0, NAN])) == "tensor([1., nan])"


def test_sizes_and_devices_and_nodes():
    x = minigrad.ones(2, 3, requires_grad=True)
    assert repr(x.shape) == "minigrad.Size([2, 3])"
    assert str(x.dtype) == "minigrad.float32"
    assert repr(x.device) == "device(type='cpu')" and str(x.device) == "cpu"
    assert repr(x.exp().grad_fn).startswith("<ExpBackward0 object at 0x")


def test_format(torch):
    for spec in ("", ".3f", "10.2e", ">12"):
        assert format(minigrad.tensor(1.5), spec) == format(torch.tensor(1.5), spec)
    assert f"{minigrad.tensor(7):d}" == "7"
    assert f"{minigrad.tensor([1.5])}" == "tensor([1.5000])"
    with pytest.raises(TypeError):
        format(minigrad.tensor([1.5, 2.5]), ".3f")


def test_printing_does_not_touch_the_graph_or_the_version():
    x = minigrad.ones(3, requires_grad=True)
    y = x * 2
    before = y._version
    repr(y)
    assert y._version == before
    y.sum().backward()
    with minigrad.no_grad():
        repr(y)
