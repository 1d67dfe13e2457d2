"""minigrad.testing: what is close and what is said of the rest, as torch's."""

import numpy as np
import pytest

import minigrad
from minigrad.testing import assert_close, make_tensor

CASES = {
    "equal": lambda t: (t.tensor([1.0, 2.0]), t.tensor([1.0, 2.0 + 1e-6])),
    "far": lambda t: (t.tensor([1.0, 2.0, 4.0]), t.tensor([1.0, 3.0, 4.5])),
    "matrix": lambda t: (t.zeros(2, 2), t.tensor([[0, 0], [0, 0.5]])),
    "ints": lambda t: (t.tensor([1, 2]), t.tensor([1, 4])),
    "bools": lambda t: (t.tensor([True]), t.tensor([False])),
    "scalar": lambda t: (t.tensor(1.0), t.tensor(2.0)),
    "double": lambda t: (t.ones(1).double(), t.ones(1).double() + 1e-6),
    "half": lambda t: (t.ones(2).half(), t.ones(2).half() + 0.0009),
    "shape": lambda t: (t.ones(2), t.ones(3)),
    "dtype": lambda t: (t.ones(2), t.ones(2).double()),
    "nan": lambda t: (t.tensor([float("nan")]), t.tensor([float("nan")])),
    "inf": lambda t: (t.tensor([float("inf")]), t.tensor([float("inf")])),
    "numbers": lambda t: (1.0, 2.0),
    "integers": lambda t: (1, 2),
    "zero": lambda t: (1.0, 0.0),
    "types": lambda t: (1, 1.0),
    "none": lambda t: (None, None),
    "one none": lambda t: (t.ones(1), None),
    "list": lambda t: ([t.ones(1), t.ones(1)], [t.ones(1), t.zeros(1)]),
    "lengths": lambda t: ([t.ones(1)], [t.ones(1), t.ones(1)]),
    "dict": lambda t: ({"a": [t.ones(1)]}, {"a": [t.zeros(1)]}),
    "keys": lambda t: ({"a": 1}, {"b": 1}),
    "empty": lambda t: (t.ones(0), t.ones(0)),
    "text": lambda t: ("a", "a"),
    "array": lambda t: (np.ones(2), np.zeros(2)),
}
OPTIONS = [
    {},
    {"rtol": 0.6, "atol": 0.1},
    {"rtol": 0, "atol": 0},
    {"check_dtype": False},
    {"equal_nan": True},
    {"rtol": 1},
    {"msg": "so"},
    {"msg": lambda said: said + "!"},
]


def outcome(close, lib, case, options):
    try:
        return close(*case(lib), **options)
    except (AssertionError, TypeError, ValueError) as error:
        said = str(error).replace(f"{lib.__name__}.", "")
        return type(error), said if isinstance(error, AssertionError) else None


@pytest.mark.parametrize("options", range(len(OPTIONS)))
@pytest.mark.parametrize("name", CASES)
def test_it_says_what_torch_says(torch, name, options):
    ours, theirs = (
        outcome(lib.testing.assert_close, lib, CASES[name], OPTIONS[options])
        for lib in (minigrad, torch)
    )
    assert ours == theirs


def test_what_is_close_without_torch():
    for name in ("equal", "inf", "none", "empty"):
        assert_close(*CASES[name](minigrad))
    for name in set(CASES) - {"equal", "inf", "none", "empty", "half", "text", "array"}:
        with pytest.raises(AssertionError, match=r"match|not"):
            assert_close(*CASES[name](minigrad))
    with pytest.raises(TypeError, match="str"):
        assert_close("a", "b")


MADE = ["float32", "float64", "int64", "uint8", "bool", "int8"]


@pytest.mark.parametrize("dtype", MADE)
def test_made_tensors_are_torchs(torch, dtype):
    for options in ({}, {"low": 0, "high": 2}, {"noncontiguous": True}, {"exclude_zero": True}):
        made = []
        for lib in (minigrad, torch):
            lib.manual_seed(1)
            kind = getattr(lib, dtype)
            made.append(lib.testing.make_tensor((3, 5), dtype=kind, device="cpu", **options))
        ours, theirs = made
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)
        assert ours.is_contiguous() == theirs.is_contiguous()


def test_made_tensors_lie_between_their_limits():
    x = make_tensor(100, dtype=minigrad.int64, device="cpu", low=2, high=4, requires_grad=False)
    assert set(x.tolist()) == {2, 3}
    y = make_tensor(4, dtype=minigrad.float32, device="cpu", requires_grad=True)
    assert y.requires_grad
    with pytest.raises(ValueError, match="low"):
        make_tensor(1, dtype=minigrad.float32, device="cpu", low=1, high=0)
