"""dtypes: their names and properties, and promotion by torch's rules, over the full table."""

import copy
import itertools
import operator
import pickle

import numpy as np
import pytest
from support import DTYPES, assert_close, name_of

import minigrad

# result_type of torch by category: bool < integers < floats; uint8 with a signed type widens.
CATEGORY = {
    "bool": 0,
    **dict.fromkeys(("uint8", "int8", "int16", "int32", "int64"), 1),
    **dict.fromkeys(("float16", "float32", "float64"), 2),
}
WIDTH = {
    "bool": 0,
    "uint8": 1,
    "int8": 1,
    "int16": 2,
    "int32": 3,
    "int64": 4,
    "float16": 5,
    "float32": 6,
    "float64": 7,
}


def promoted(a, b):
    """The rule, written down a second time."""
    if {a, b} == {"uint8", "int8"}:
        return "int16"
    return max(a, b, key=lambda name: (CATEGORY[name], WIDTH[name]))


def test_names_and_properties(torch):
    for name in DTYPES:
        ours, theirs = getattr(minigrad, name), getattr(torch, name)
        assert repr(ours) == f"minigrad.{name}" and str(ours) == repr(ours)
        for attribute in ("is_floating_point", "is_complex", "is_signed", "itemsize"):
            assert getattr(ours, attribute) == getattr(theirs, attribute), (name, attribute)
        assert copy.copy(ours) is ours and copy.deepcopy(ours) is ours
        assert pickle.loads(pickle.dumps(ours)) is ours
        assert ours == ours and hash(ours) == hash(ours) and {ours: 1}[ours] == 1
    assert minigrad.half is minigrad.float16 and minigrad.float is minigrad.float32
    assert minigrad.double is minigrad.float64 and minigrad.long is minigrad.int64
    assert minigrad.int is minigrad.int32 and minigrad.short is minigrad.int16
    assert minigrad.float32 != minigrad.float64


def test_what_is_taken_for_a_dtype():
    for given, expected in (
        (float, minigrad.float64),
        (int, minigrad.int64),
        (bool, minigrad.bool),
        (np.float32, minigrad.float32),
        (np.dtype("int16"), minigrad.int16),
    ):
        assert minigrad.zeros(1, dtype=given).dtype is expected
    for wrong in ("nonsense", 3, object(), complex, np.complex64, np.dtype("U3"), [], {}):
        with pytest.raises(TypeError):
            minigrad.zeros(1, dtype=wrong)


@pytest.mark.parametrize("a", DTYPES)
def test_promote_types(a):
    for b in DTYPES:
        found = minigrad.promote_types(getattr(minigrad, a), getattr(minigrad, b))
        assert name_of(found) == promoted(a, b)
    with pytest.raises(TypeError):
        minigrad.promote_types(minigrad.float32, "nonsense")


def operands(lib, name):
    """Return the same operand in ``lib``: dimensioned, 0-d or a Python number."""
    kind, _, dtype = name.partition(" ")
    if kind == "number":
        return {"bool": True, "int": 2, "float": 1.5}[dtype]
    shape = (3,) if kind == "dim" else ()
    return lib.ones(shape, dtype=getattr(lib, dtype))


OPERANDS = [f"{kind} {dtype}" for kind in ("dim", "0-d") for dtype in DTYPES]
NUMBERS = ["number bool", "number int", "number float"]


@pytest.mark.parametrize("a", OPERANDS)
def test_every_pair_against_torch(torch, a):
    for b in OPERANDS + NUMBERS:
        expected = torch.result_type(operands(torch, a), operands(torch, b))
        for op in (operator.mul, operator.add):
            for swap in (False, True):
                pair = [operands(minigrad, a), operands(minigrad, b)]
                out = op(*pair[::-1]) if swap else op(*pair)
                assert name_of(out.dtype) == name_of(expected), (a, b, op.__name__, swap)


@pytest.mark.parametrize("a", OPERANDS)
def test_every_pair_without_torch(a):
    """The rule for dimensions: the weaker operand counts only by a higher category."""
    for b in OPERANDS:
        (ka, _, da), (kb, _, db) = a.partition(" "), b.partition(" ")
        if ka == kb:
            expected = promoted(da, db)
        else:
            strong, weak = (da, db) if ka == "dim" else (db, da)
            expected = strong if CATEGORY[strong] >= CATEGORY[weak] else promoted(da, db)
        out = operands(minigrad, a) * operands(minigrad, b)
        assert name_of(out.dtype) == expected, (a, b)


OPS = {
    "div": lambda lib, a, b: a / b,
    "floor_divide": lambda lib, a, b: a // b,
    "remainder": lambda lib, a, b: a % b,
    "pow": lambda lib, a, b: a**b,
    "maximum": lambda lib, a, b: lib.maximum(a, b),
    "minimum": lambda lib, a, b: lib.minimum(a, b),
    "fmod": lambda lib, a, b: lib.fmod(a, b),
    "atan2": lambda lib, a, b: lib.atan2(a, b),
    "where": lambda lib, a, b: lib.where(lib.ones(3) > 0, a, b),
    "eq": lambda lib, a, b: a == b,
    "lt": lambda lib, a, b: a < b,
    "and": lambda lib, a, b: a & b,
    "shift": lambda lib, a, b: a << b,
    "sub": lambda lib, a, b: a - b,
    "logical_or": lambda lib, a, b: lib.logical_or(a, b),
    "cat": lambda lib, a, b: lib.cat([a.reshape(-1), b.reshape(-1)]),
    "clamp": lambda lib, a, b: a.clamp(b, b),
    "matmul": lambda lib, a, b: a.reshape(-1) @ b.reshape(-1),
    "add_": lambda lib, a, b: (a * 1).add_(b) if a.dtype is not lib.bool else a.clone().add_(b),
    "masked_fill": lambda lib, a, b: a.masked_fill(a > 0, b),
    "isclose": lambda lib, a, b: lib.isclose(a, b),
}


# Here torch takes no Python number, or has no dtype for it to be compared; minigrad may.
TENSORS_ONLY = ("cat", "matmul", "isclose", "maximum", "minimum", "fmod", "atan2", "logical_or")


@pytest.mark.parametrize("name", OPS)
def test_other_ops_against_torch(torch, name):
    """The dtype of the result, or the class of the error, for every pair of dtypes."""
    function = OPS[name]
    seconds = OPERANDS if name in TENSORS_ONLY else OPERANDS + NUMBERS
    for a, b in itertools.product(OPERANDS, seconds):
        if name == "pow" and b == "number bool":
            continue  # torch copies its input, or fails an internal assertion
        try:
            expected = function(torch, operands(torch, a), operands(torch, b))
        except Exception as error:
            with pytest.raises(type(error)):
                function(minigrad, operands(minigrad, a), operands(minigrad, b))
                pytest.fail(f"{a}, {b}: no error")
        else:
            out = function(minigrad, operands(minigrad, a), operands(minigrad, b))
            assert name_of(out.dtype) == name_of(expected.dtype), (a, b)


def test_default_dtype():
    assert minigrad.get_default_dtype() is minigrad.float32
    minigrad.set_default_dtype(minigrad.float64)
    for x in (
        minigrad.tensor(1.5),
        minigrad.zeros(2),
        minigrad.rand(2),
        minigrad.arange(2.0),
        minigrad.tensor(3) * 1.5,
        minigrad.tensor([1, 2]) / 2,
        minigrad.tensor([True]).exp(),
    ):
        assert x.dtype is minigrad.float64
    minigrad.set_default_dtype(minigrad.float16)
    assert minigrad.tensor(1.5).dtype is minigrad.float16
    for wrong in (minigrad.int64, minigrad.bool, "nonsense", None):
        with pytest.raises(TypeError):
            minigrad.set_default_dtype(wrong)
    assert minigrad.get_default_dtype() is minigrad.float16


@pytest.mark.parametrize(
    "function",
    [
        lambda lib, x, n: x / n,
        lambda lib, x, n: n / x,
        lambda lib, x, n: x / lib.tensor(n),
        lambda lib, x, n: lib.atan2(x, lib.tensor(n)),
        lambda lib, x, n: lib.xlogy(x, n),
        lambda lib, x, n: lib.copysign(x, n),
    ],
)
@pytest.mark.parametrize(
    "dtype, number",
    [("uint8", 256), ("uint8", -1), ("int8", 128), ("int16", 2**15), ("int32", 2**31)],
)
def test_a_number_that_does_not_fit_the_integers_beside_it(torch, function, dtype, number):
    """Where the result is a float, the number is one from the start."""
    results = [
        function(lib, lib.tensor([100, 3], dtype=getattr(lib, dtype)), number)
        for lib in (minigrad, torch)
    ]
    assert_close(results[0], results[1].numpy())
