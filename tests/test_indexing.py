"""x[...] and x[...] = v in all forms, against NumPy and torch; views share memory; errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import assert_close, check_gradients, compare_with_torch

import minigrad

# Indices of a (3, 4, 5) tensor.  ``lib.tensor`` stands for either library's.
BASIC = {
    "int": lambda lib: 1,
    "negative int": lambda lib: -1,
    "ints": lambda lib: (0, -1, 2),
    "slice": lambda lib: slice(1, 3),
    "step": lambda lib: (slice(None), slice(None, None, 2), slice(4, 0)),
    "negative bounds": lambda lib: (slice(-2, None), slice(None, -1)),
    "bounds beyond": lambda lib: (slice(-9, 9), slice(7, 9)),
    "ellipsis": lambda lib: ...,
    "ellipsis in front": lambda lib: (..., 2),
    "ellipsis between": lambda lib: (1, ..., slice(1, 2)),
    "ellipsis of nothing": lambda lib: (0, ..., 1, 2),
    "None": lambda lib: None,
    "Nones": lambda lib: (None, 1, None, ..., None),
    "nothing": lambda lib: (),
    "0-d tensor": lambda lib: lib.tensor(2),
    "0-d tensors": lambda lib: (lib.tensor(2), slice(None), lib.tensor(-1)),
    "numpy int": lambda lib: (np.int64(1), np.int32(-1)),
    "slice of tensors": lambda lib: slice(lib.tensor(0), lib.tensor(2)),
}
ADVANCED = {
    "list": lambda lib: [0, 2, 2],
    "empty list": lambda lib: [],
    "range": lambda lib: range(2),
    "tensor": lambda lib: lib.tensor([2, 0, -1]),
    "2-d tensor": lambda lib: lib.tensor([[2, 0], [1, 1]]),
    "int32 tensor": lambda lib: lib.tensor([1, 0], dtype=lib.int32),
    "empty tensor": lambda lib: lib.tensor([], dtype=lib.int64),
    "two tensors": lambda lib: (lib.tensor([0, 1]), lib.tensor([3, -1])),
    "broadcast tensors": lambda lib: (lib.tensor([[0], [2]]), lib.tensor([1, 3])),
    "three tensors": lambda lib: (lib.tensor([0, 1]), lib.tensor([3, 1]), lib.tensor([4, 4])),
    "tensor last": lambda lib: (..., lib.tensor([4, 0])),
    "tensor in the middle": lambda lib: (slice(None), lib.tensor([3, 0]), slice(1, 3)),
    "tensors apart": lambda lib: (lib.tensor([0, 1]), slice(None), lib.tensor([3, 1])),
    "int then tensor": lambda lib: (0, lib.tensor([1, 3])),
    "int, slice, tensor": lambda lib: (0, slice(None), lib.tensor([1, 3])),
    "tensor, slice, int": lambda lib: (lib.tensor([1, 2]), slice(None), 0),
    "slice, tensor, int": lambda lib: (slice(None), lib.tensor([1, 2]), -1),
    "int, None, tensor": lambda lib: (1, None, lib.tensor([1, 3])),
    "tensor, None, tensor": lambda lib: (lib.tensor([0, 1]), None, lib.tensor([1, 3])),
    "tensor, ellipsis, int": lambda lib: (lib.tensor([1, 0, 1]), ..., 1),
    "int, ellipsis, tensor": lambda lib: (1, ..., lib.tensor([1, 0, 1])),
    "0-d tensor, slice, tensor": lambda lib: (lib.tensor(1), slice(None), lib.tensor([1, 3])),
    "None, tensor": lambda lib: (None, lib.tensor([1, 2])),
    "list in tuple": lambda lib: (slice(None), [0, 1]),
    "numpy array": lambda lib: np.array([0, 2]),
    "mask": lambda lib: lib.tensor([True, False, True]),
    "mask as list": lambda lib: [True, False, True],
    "numpy mask": lambda lib: np.array([True, False, True]),
    "2-d mask": lambda lib: lib.arange(12).reshape(3, 4) % 3 == 0,
    "full mask": lambda lib: lib.arange(60).reshape(3, 4, 5) % 7 < 3,
    "empty mask": lambda lib: lib.zeros(3, 4) > 0,
    "mask behind": lambda lib: (slice(None), lib.tensor([True, False, False, True])),
    "mask and tensor": lambda lib: (lib.tensor([True, False, True]), lib.tensor([3, 1])),
    "mask and int": lambda lib: (lib.tensor([True, False, True]), 1),
    "int, slice, mask": lambda lib: (1, slice(None), lib.tensor([True, True, False, True, False])),
    "2-d mask and slice": lambda lib: (slice(None), lib.arange(20).reshape(4, 5) % 2 == 0),
    "True": lambda lib: True,
    "False": lambda lib: False,
    "int, True": lambda lib: (1, True),
    "True, tensor": lambda lib: (True, lib.tensor([0, 1])),
    "0-d mask": lambda lib: lib.tensor(True),
}
INDICES = {**BASIC, **ADVANCED}
DUPLICATES = (
    "list",
    "2-d tensor",
    "broadcast tensors",
    "tensor, ellipsis, int",
    "int, ellipsis, tensor",
)


def example(dtype="float64"):
    return np.arange(60).reshape(3, 4, 5).astype(dtype)


@pytest.mark.parametrize("name", INDICES)
def test_reading_against_torch(torch, name):
    index = INDICES[name]
    for array in (example(), np.asfortranarray(example()), np.repeat(example(), 2, 1)[:, ::2]):
        compare_with_torch(torch, lambda lib, x: x[index(lib)], (array,), double=True)
    for dtype in ("bool", "int64", "float16"):
        compare_with_torch(torch, lambda lib, x: x[index(lib)], (example(dtype),), gradient=False)


@pytest.mark.parametrize("name", INDICES)
def test_gradients(name):
    draws = np.random.default_rng(0).normal(size=(3, 4, 5))
    check_gradients(lambda x: x[INDICES[name](minigrad)], draws)


@pytest.mark.parametrize("name", BASIC)
def test_basic_indices_are_views(name):
    x = minigrad.tensor(example())
    part = x[BASIC[name](minigrad)]
    if part.numel():
        assert np.shares_memory(x.numpy(), part.numpy())
        part.add_(100)
        assert x.sum().item() == example().sum() + 100 * part.numel()
        assert x._version == 1
    expected = example()[BASIC[name](minigrad)] if "tensor" not in name else None
    if expected is not None and part.numel() == 0:
        assert part.shape == expected.shape


@pytest.mark.parametrize("name", ADVANCED)
def test_advanced_indices_are_copies(name):
    x = minigrad.tensor(example())
    part = x[ADVANCED[name](minigrad)]
    assert not np.shares_memory(x.numpy(), part.numpy())
    assert part.is_contiguous()
    part.add_(100)
    assert (x.numpy() == example()).all()


@pytest.mark.parametrize("name", INDICES)
def test_writing_numbers_and_tensors_against_torch(torch, name):
    index = INDICES[name]

    def number(lib, x):
        x = x * 1
        x[index(lib)] = -7
        return x

    def tensor(lib, x, v):
        x = x * 1
        x[index(lib)] = v
        return x

    def constant(lib, x, v):
        x = x.detach().clone()
        x[index(lib)] = v
        return x

    value = np.random.default_rng(1).normal(
        size=example()[INDICES[name](FakeLibrary)].shape if name not in SPLIT else SPLIT[name]
    )
    compare_with_torch(torch, number, (example(),), double=True)
    compare_with_torch(torch, number, (example("int64"),))
    if name in DUPLICATES or name == "False":
        return  # which of the values stays is not promised
    compare_with_torch(torch, tensor, (example(), value), double=True)
    compare_with_torch(torch, constant, (example(), value))
    if name in BASIC:
        compare_with_torch(torch, tensor, (example("float32"), value), gradient=False)
    if value.ndim:
        compare_with_torch(torch, tensor, (example(), value[..., :1]), double=True)
        compare_with_torch(torch, tensor, (example(), value[None, None]))


class FakeLibrary:
    """NumPy under the names that the tables above use."""

    tensor = staticmethod(np.array)
    arange = staticmethod(np.arange)
    zeros = staticmethod(lambda *shape: np.zeros(shape))
    int32, int64 = np.int32, np.int64


# Where torch takes the ints first, and the result's shape is not NumPy's.
SPLIT = {
    "int, slice, tensor": (4, 2),
    "0-d tensor, slice, tensor": (4, 2),
    "int, None, tensor": (1, 2, 5),
    "int, ellipsis, tensor": (4, 3),
    "int, slice, mask": (4, 3),
    "0-d tensors": (4,),
    "slice of tensors": (2, 4, 5),
}


@pytest.mark.parametrize("name", [name for name in INDICES if name not in SPLIT])
def test_reading_and_writing_against_numpy(name):
    """The NumPy oracle, which is there without torch."""
    x, array = minigrad.tensor(example()), example()
    ours, theirs = INDICES[name](minigrad), INDICES[name](FakeLibrary)
    assert_close(x[ours], np.asarray(array[theirs]))
    x[ours] = -1
    array[theirs] = -1
    assert_close(x, array)


def test_bounds_beyond_64_bits():
    x = minigrad.arange(5)
    assert x[-(2**70) : 2**70].tolist() == [0, 1, 2, 3, 4]
    assert x[2**70 :].tolist() == []


def test_ints_beside_index_tensors_come_first():
    x = minigrad.tensor(example())
    assert x[0, :, minigrad.tensor([1, 3])].shape == (4, 2)
    assert x[0, :, minigrad.tensor([1, 3])].tolist() == example()[0][:, [1, 3]].tolist()


# ---------------------------------------------------------------- random indices


def items(size):
    """Strategy: one item of an index along a dimension of ``size``."""
    ints = st.integers(-size, size - 1)
    bounds = st.none() | st.integers(-size - 2, size + 2)
    return st.one_of(
        ints,
        st.builds(slice, bounds, bounds, st.none() | st.integers(1, 3)),
        hnp.arrays(np.int64, hnp.array_shapes(min_dims=1, max_dims=2, max_side=3), elements=ints),
        hnp.arrays(bool, size),
    )


@st.composite
def shapes_and_indices(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4))
    n = draw(st.integers(0, len(shape)))
    front = draw(st.integers(0, n))
    parts = [draw(items(shape[i])) for i in range(front)]
    if front < n or draw(st.booleans()):
        parts.append(...)
    parts += [draw(items(shape[len(shape) - n + i])) for i in range(front, n)]
    for _ in range(draw(st.integers(0, 2))):
        parts.insert(draw(st.integers(0, len(parts))), None)
    return shape, tuple(parts)


def as_library(lib, index):
    return tuple(lib.from_numpy(i.copy()) if isinstance(i, np.ndarray) else i for i in index)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(shapes_and_indices())
def test_random_indices_against_torch(torch, case):
    shape, index = case
    x = np.random.default_rng(0).normal(size=shape)
    try:
        torch.from_numpy(x)[as_library(torch, index)]
    except IndexError:
        with pytest.raises(IndexError):
            minigrad.from_numpy(x)[as_library(minigrad, index)]
        return
    compare_with_torch(torch, lambda lib, t: t[as_library(lib, index)], (x,))

    def write(lib, t):
        t = t * 1
        t[as_library(lib, index)] = 3.5
        return t

    compare_with_torch(torch, write, (x,))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(shapes_and_indices())
def test_random_basic_indices_against_numpy(case):
    shape, index = case
    index = tuple(0 if isinstance(i, np.ndarray) else i for i in index)
    x = np.arange(np.prod(shape)).reshape(shape)
    assert_close(minigrad.from_numpy(x)[index], np.asarray(x[index]))


# ---------------------------------------------------------------- writing: details


def test_writing_repeated_indices():
    x = minigrad.zeros(4, requires_grad=True)
    y = x * 2
    v = minigrad.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y[minigrad.tensor([1, 1, 2])] = v
    assert y.tolist()[0] == 0
    assert y.tolist()[2:] == [3.0, 0.0]
    y.sum().backward()
    assert x.grad.tolist() == [2, 0, 0, 2]


def test_reading_repeated_indices_adds_their_gradients():
    x = minigrad.ones(3, requires_grad=True)
    (x[[0, 0, 2, 0]] * minigrad.tensor([1.0, 2.0, 4.0, 8.0])).sum().backward()
    assert x.grad.tolist() == [11.0, 0.0, 4.0]


def test_the_index_may_change_after_use():
    """The gradient belongs to the index as it was read."""
    x = minigrad.ones(3, requires_grad=True)
    where, mask = minigrad.tensor([0, 1]), minigrad.tensor([True, False, False])
    a = x[where].sum() + x[mask].sum() * 10
    b = x.gather(0, where).sum() * 100
    c = (x * 1).scatter_add(0, where, x[:2] * 1000).sum()
    d = x * 1
    d[where] = 0.0
    where.fill_(2)
    mask.fill_(True)
    (a + b + c + d.sum()).backward()
    assert x.grad.tolist() == [1 + 10 + 100 + 1000 + 1, 1 + 100 + 1000 + 1, 1 + 1]


def test_writing_casts_the_value():
    x = minigrad.zeros(3, dtype=minigrad.int64)
    x[0] = 2.7
    x[1] = True
    x[2] = minigrad.tensor(3.9)
    assert x.tolist() == [2, 1, 3]
    flags = minigrad.zeros(2, dtype=minigrad.bool)
    flags[0] = 5
    assert flags.tolist() == [True, False]
    half = minigrad.zeros(1, dtype=minigrad.float16)
    half[0] = np.inf
    assert half.item() == np.inf
    half[0] = -1e9  # unlike fill_(-1e9), which is refused
    assert half.item() == -np.inf


def test_a_list_is_not_written():
    x = minigrad.zeros(3)
    for value in ([1, 2, 3], (1, 2, 3), range(3), "a", None):
        with pytest.raises(TypeError, match=f"can't assign a {type(value).__name__} to a tensor"):
            x[:] = value
    x[:] = np.arange(3.0)
    x[0] = np.float32(5)
    assert x.tolist() == [5, 1, 2]


def test_writing_what_overlaps_what_is_read():
    x = minigrad.arange(6.0)
    with pytest.raises(RuntimeError, match="refer to a single memory location"):
        x[1:] = x[:-1]
    x[1:] = x[:-1].clone()
    assert x.tolist() == [0, 0, 1, 2, 3, 4]
    y = minigrad.arange(6.0).reshape(2, 3)
    y[:] = y.flip(0, 1)
    assert y.tolist() == [[5, 4, 3], [2, 1, 0]]


def test_gradients_of_overwritten_nan_are_zero():
    x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    y[0] = 5.0
    y.backward(minigrad.tensor([np.nan, 3.0]))
    assert x.grad.tolist() == [0.0, 3.0]


def test_augmented_assignment_of_a_part():
    x = minigrad.ones(3, requires_grad=True)
    y = x * 1
    y[1:] *= 3
    y[0] += 10
    y.sum().backward()
    assert y.tolist() == [11, 3, 3]
    assert x.grad.tolist() == [1, 3, 3]


def test_writes_count_as_in_place():
    x = minigrad.ones(3, requires_grad=True)
    y = x * 1
    z = y * y
    y[0] = 2.0
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        z.sum().backward()


# ---------------------------------------------------------------- errors

ERRORS = {
    "out of range": (lambda lib: 3, IndexError),
    "negative out of range": (lambda lib: -4, IndexError),
    "out of range behind": (lambda lib: (..., 5), IndexError),
    "too many": (lambda lib: (0, 0, 0, 0), IndexError),
    "too many slices": (lambda lib: (slice(None),) * 4, IndexError),
    "float": (lambda lib: 1.5, IndexError),
    "float in a tuple": (lambda lib: (None, 1.0), IndexError),
    "float tensor": (lambda lib: lib.tensor([1.0]), IndexError),
    "string": (lambda lib: "a", (IndexError, TypeError)),
    "dict": (lambda lib: {}, IndexError),
    "object": (lambda lib: object(), IndexError),
    "negative step": (lambda lib: slice(None, None, -1), ValueError),
    "step 0": (lambda lib: slice(None, None, 0), ValueError),
    "slice of floats": (lambda lib: slice(0.5, 1), TypeError),
    "tensor out of range": (lambda lib: lib.tensor([0, 3]), IndexError),
    "tensor below range": (lambda lib: lib.tensor([-4]), IndexError),
    "mask of another size": (lambda lib: lib.tensor([True, False]), IndexError),
    "2-d mask of another size": (lambda lib: lib.ones(3, 3) > 0, IndexError),
    "tensors that do not broadcast": (
        lambda lib: (lib.tensor([0, 1]), lib.tensor([0, 1, 2])),
        IndexError,
    ),
    "huge int": (lambda lib: 2**70, (IndexError, ValueError)),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    index, expected = ERRORS[name]
    x = minigrad.tensor(example())
    with pytest.raises(expected):
        x[index(minigrad)]
    with pytest.raises(expected):
        x[index(minigrad)] = 1.0
    assert (x.numpy() == example()).all()
    assert x._version == 0


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_torchs(torch, name):
    index, expected = ERRORS[name]
    with pytest.raises(expected):
        torch.tensor(example())[index(torch)]


def test_errors_name_what_was_given():
    x = minigrad.ones(3, 4)
    with pytest.raises(IndexError, match="index 3 is out of bounds for dimension 0 with size 3"):
        x[3]
    with pytest.raises(IndexError, match="too many indices for tensor of dimension 2"):
        x[0, 0, 0]
    with pytest.raises(RuntimeError, match=r"\[5\].*\[4\]"):
        x[0] = minigrad.ones(5)


def test_scalars_against_torch(torch):
    x = np.array(3.5)
    for index in (
        lambda lib: None,
        lambda lib: ...,
        lambda lib: (),
        lambda lib: True,
        lambda lib: lib.tensor(True),
        lambda lib: lib.tensor(False),
        lambda lib: (None, ...),
    ):
        compare_with_torch(torch, lambda lib, t, i=index: t[i(lib)], (x,))
    for wrong in (0, slice(None), [0]):
        with pytest.raises(IndexError):
            minigrad.tensor(3.5)[wrong]
    y = minigrad.tensor(3.5)
    y[...] = 2
    y[()] = y + 1
    assert y.item() == 3


def test_wrong_values():
    x = minigrad.zeros(2, 3)
    for wrong in (None, "a", object(), 1j):
        with pytest.raises(TypeError):
            x[0] = wrong
    for shape in ((2,), (4,), (2, 3), (2, 1)):
        with pytest.raises(RuntimeError):
            x[0] = minigrad.ones(shape)
    with pytest.raises(RuntimeError):
        minigrad.zeros(2, dtype=minigrad.int64)[0] = float("nan")
    assert x.sum().item() == 0


def test_writing_to_a_leaf_or_its_view():
    x = minigrad.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf"):
        x[0] = 1.0
    with pytest.raises(RuntimeError, match="leaf"):
        x[:2][0] = 1.0
    with minigrad.no_grad():
        x[0] = 5.0
    assert x.tolist() == [5, 1, 1]
    assert x._version == 1


def test_writing_to_expanded_memory():
    x = minigrad.zeros(1, 3).expand(2, 3)
    with pytest.raises(RuntimeError, match="single memory location"):
        x[:, 0] = 1.0
    with pytest.raises(RuntimeError, match="single memory location"):
        x[...] = 1.0
