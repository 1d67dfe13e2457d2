"""Properties of what moves and writes elements, over random shapes, dtypes and memory layouts.

As in test_properties.py; shapes, indices, order, and writes in place, also to memory that overlaps.
"""

import numpy as np
import pytest
from drawn import (
    FLOATS,
    LAYOUTS,
    SEEDS,
    check,
    examples,
    laid_out,
    numbers,
    shapes,
)
from hypothesis import assume, given
from hypothesis import strategies as st

import minigrad


@examples
@given(shapes(least=1, most=6), FLOATS, LAYOUTS, SEEDS, st.data())
def test_shapes(shape, dtype, layout, seed, data):
    ndim = len(shape)
    order = data.draw(st.permutations(range(ndim)))
    flipped = data.draw(st.lists(st.integers(0, ndim - 1), unique=True))
    shift = data.draw(st.integers(-5, 5))
    for function, twin in [
        (lambda x: x.permute(*order), lambda a: a.transpose(order)),
        (lambda x: x.reshape(-1) if x.numel() else x.flatten(), lambda a: a.reshape(a.size)),
        (lambda x: x.flip(flipped), lambda a: np.flip(a, flipped)),
        (lambda x: x.roll(shift, 0), lambda a: np.roll(a, shift, 0)),
        (lambda x: x.unsqueeze(0).expand(2, *shape), lambda a: np.broadcast_to(a, (2, *shape))),
        (lambda x: minigrad.cat([x, x], ndim - 1), lambda a: np.concatenate([a, a], ndim - 1)),
        (lambda x: minigrad.stack([x, x], ndim), lambda a: np.stack([a, a], ndim)),
    ]:
        check(function, twin, [numbers(seed, shape, dtype)], [layout], seed)


@examples
@given(shapes(least=1, most=5), FLOATS, LAYOUTS, SEEDS, st.data())
def test_indexing(shape, dtype, layout, seed, data):
    index = []
    for size in shape:
        kind = data.draw(st.sampled_from(["all", "slice", "step", "number", "new"]))
        if kind == "number" and size:
            index.append(data.draw(st.integers(-size, size - 1)))
        elif kind == "slice":
            index.append(slice(data.draw(st.integers(-6, 6)), data.draw(st.integers(-6, 6))))
        elif kind == "step":
            index.append(slice(None, None, data.draw(st.integers(1, 4))))
        else:
            index.extend([None] * (kind == "new") + [slice(None)])
    check(
        lambda x: x[tuple(index)],
        lambda a: a[tuple(index)],
        [numbers(seed, shape, dtype)],
        [layout],
        seed,
    )


@examples
@given(shapes(least=1, most=4), FLOATS, LAYOUTS, SEEDS)
def test_advanced_indexing(shape, dtype, layout, seed):
    assume(shape[0])
    rows = np.random.default_rng(seed).integers(-shape[0], shape[0], (2, 3))
    check(
        lambda x: x[minigrad.from_numpy(rows)],
        lambda a: a[rows],
        [numbers(seed, shape, dtype)],
        [layout],
        seed,
    )


@examples
@given(shapes(least=1, most=4), FLOATS, LAYOUTS, SEEDS)
def test_gather_and_scatter(shape, dtype, layout, seed):
    axis = seed % len(shape)
    assume(shape[axis])
    places = np.random.default_rng(seed).integers(0, shape[axis], shape)
    index = minigrad.from_numpy(places)
    check(
        lambda x: x.gather(axis, index),
        lambda a: np.take_along_axis(a, places, axis),
        [numbers(seed, shape, dtype)],
        [layout],
        seed,
    )

    def twin(a):
        out = np.zeros(shape)
        grid = [*np.indices(shape)]
        grid[axis] = places
        np.add.at(out, tuple(grid), a)
        return out

    check(
        lambda x: minigrad.zeros(shape, dtype=x.dtype).scatter_add(axis, index, x),
        twin,
        [numbers(seed, shape, dtype)],
        [layout],
        seed,
    )


@examples
@given(shapes(least=1, most=4), FLOATS, LAYOUTS, SEEDS, st.booleans())
def test_sorting(shape, dtype, layout, seed, descending):
    axis = seed % len(shape)
    array = numbers(seed, shape, dtype)
    x, _ = laid_out(array, layout, seed)
    values, places = x.sort(axis, descending=descending)
    expected = np.sort(x.numpy(), axis)
    np.testing.assert_array_equal(
        values.numpy(), np.flip(expected, axis) if descending else expected
    )
    np.testing.assert_array_equal(
        np.take_along_axis(x.numpy(), places.numpy(), axis), values.numpy()
    )
    if shape[axis]:
        np.testing.assert_array_equal(x.max(axis).values.numpy(), x.numpy().max(axis))
        np.testing.assert_array_equal(x.argmin(axis).numpy(), x.numpy().argmin(axis))


# ---------------------------------------------------------------- in place

IN_PLACE = {
    "add_": np.add,
    "sub_": np.subtract,
    "mul_": np.multiply,
    "div_": np.divide,
    "copy_": lambda a, b: np.broadcast_to(b, a.shape),
    "atan2_": np.arctan2,
}


@examples
@given(
    st.sampled_from([*IN_PLACE]),
    shapes(most=5),
    st.sampled_from(["contiguous", "permuted", "spaced", "offset"]),
    LAYOUTS,
    FLOATS,
    SEEDS,
)
def test_in_place(name, shape, layout, other, dtype, seed):
    """What is written lies within the tensor, and nothing beside it."""
    a, b = numbers(seed, shape, dtype), numbers(seed + 1, shape, dtype)
    (x, memory), (y, _) = laid_out(a, layout, seed), laid_out(b, other, seed + 1)
    outside = memory.astype(np.float64).sum() - x.numpy().astype(np.float64).sum()
    expected = IN_PLACE[name](x.numpy().copy(), y.numpy()).astype(dtype)
    assert getattr(x, name)(y) is x
    np.testing.assert_allclose(x.numpy(), expected, rtol=1e-6)
    after = memory.astype(np.float64).sum() - x.numpy().astype(np.float64).sum()
    np.testing.assert_allclose(after, outside, atol=1e-2 if dtype == "float32" else 1e-8)


@examples
@given(
    st.sampled_from([*IN_PLACE]),
    st.integers(2, 12),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    SEEDS,
)
def test_in_place_with_an_alias(name, size, start, other_start, step, other_step, seed):
    """Operands that overlap: the result is as if they did not, or the call is refused whole."""
    memory = numbers(seed, (start + other_start + 3 * size + 3,))
    x = minigrad.from_numpy(memory)[start::step][:size]
    y = minigrad.from_numpy(memory)[other_start::other_step][:size]
    assume(x.numel() == y.numel() == size)
    expected, before = IN_PLACE[name](x.numpy().copy(), y.numpy().copy()), memory.copy()
    try:
        getattr(x, name)(y)
    except RuntimeError as error:
        assert "overlap" in str(error) or "memory location" in str(error)
        np.testing.assert_array_equal(memory, before)
    else:
        np.testing.assert_allclose(x.numpy(), expected, rtol=1e-12)


@examples
@given(st.sampled_from(["add_", "mul_", "exp_", "copy_"]), shapes(least=1, most=3), SEEDS)
def test_writes_to_tensors_that_overlap_themselves_are_refused(name, shape, seed):
    x = minigrad.from_numpy(numbers(seed, (1, *shape))).expand(3, *shape)
    assume(x.numel())
    before = x.numpy().copy()
    arguments = {"add_": [x + 1], "mul_": [2.0], "copy_": [x + 1]}.get(name, [])
    with pytest.raises(RuntimeError, match="memory location"):
        getattr(x, name)(*arguments)
    np.testing.assert_array_equal(x.numpy(), before)
