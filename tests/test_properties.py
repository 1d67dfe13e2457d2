"""Properties that hold for every op, over random shapes, dtypes and memory layouts (hypothesis).

For each call that drawn.py draws: the result is that of NumPy, in shape, dtype and values; the
gradient in a random direction is the finite difference in float64; nothing that was only read has
changed.

The short form tries the same few hundred examples every time.  MINIGRAD_LONG=1 takes 1,000 new ones
of each of the 22 properties, here and in test_properties_places.py.  Found by it: copy_ between
views of one memory with gaps of different width read what it had just written.
"""

import numpy as np
from drawn import (
    FLOATS,
    LAYOUTS,
    MOST,
    SEEDS,
    assert_same,
    check,
    examples,
    laid_out,
    numbers,
    shapes,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import minigrad
from minigrad.nn import functional as F

UNARY = {
    "neg": np.negative,
    "abs": np.abs,
    "square": np.square,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "sin": np.sin,
    "relu": lambda x: np.maximum(x, 0),
    "reciprocal": np.reciprocal,
    "expm1": np.expm1,
}
BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "atan2": np.arctan2,
    "hypot": np.hypot,
    "pow": np.power,
}
REDUCTIONS = {
    "sum": np.sum,
    "mean": np.mean,
    "prod": np.prod,
    "amax": np.max,
    "amin": np.min,
    "var": lambda x, **k: np.var(x, ddof=1, **k),
    "logsumexp": lambda x, **k: np.log(np.sum(np.exp(x), **k)),
}

# ---------------------------------------------------------------- the properties


@examples
@given(st.sampled_from([*UNARY]), shapes(), FLOATS, LAYOUTS, SEEDS)
def test_unary(name, shape, dtype, layout, seed):
    function = getattr(minigrad, name)
    check(function, UNARY[name], [numbers(seed, shape, dtype)], [layout], seed)


@examples
@given(
    st.sampled_from([*BINARY]),
    mutually_broadcastable_shapes(num_shapes=2, max_dims=6, max_side=4),
    FLOATS,
    LAYOUTS,
    LAYOUTS,
    SEEDS,
)
def test_binary(name, both, dtype, one, other, seed):
    a, b = (numbers(seed + i, shape, dtype) for i, shape in enumerate(both.input_shapes))
    b = np.asarray(b + 0.0137, dtype)  # no ties
    # (where elements share memory, extremes may have ties all the same)
    ties = name in ("maximum", "minimum") and {one, other} & {"expanded", "windows"}
    check(getattr(minigrad, name), BINARY[name], [a, b], [one, other], seed, gradient=not ties)


@examples
@given(
    st.sampled_from(["add", "sub", "mul", "div", "pow", "remainder"]),
    shapes(most=4),
    st.sampled_from(
        ["uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "bool"]
    ),
    st.sampled_from(["uint8", "int8", "int32", "int64", "float16", "float32", "float64", "bool"]),
    LAYOUTS,
    SEEDS,
)
def test_mixed_dtypes(name, shape, one, other, layout, seed):
    assume(not (name == "sub" and "bool" in (one, other)))
    assume(not (name in ("pow", "remainder") and one == other == "bool"))
    rng = np.random.default_rng(seed)
    a, b = rng.integers(1, 4, shape).astype(one), rng.integers(1, 4, shape).astype(other)
    (x, _), (y, _) = laid_out(a, layout, seed), laid_out(b, layout, seed + 1)
    dtype = str(minigrad.promote_types(x.dtype, y.dtype)).removeprefix("minigrad.")
    result = getattr(minigrad, name)(x, y)
    if name == "div" and dtype[0] in "uib":
        dtype = "float32"
    assert str(result.dtype).endswith(dtype)
    wide = np.float64 if dtype.startswith("float") else np.int64
    twin = {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "div": np.divide,
        "pow": np.power,
        "remainder": np.remainder,
    }[name]
    expected = twin(x.numpy().astype(wide), y.numpy().astype(wide)).astype(dtype)
    np.testing.assert_allclose(
        result.numpy().astype(wide), expected.astype(wide), rtol=2e-3 if "16" in dtype else 1e-6
    )


@examples
@given(st.sampled_from([*REDUCTIONS]), shapes(least=1, most=6), FLOATS, LAYOUTS, SEEDS, st.data())
def test_reductions(name, shape, dtype, layout, seed, data):
    dims = data.draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, unique=True))
    if name == "prod":
        dims = dims[:1]
    reduced = int(np.prod([shape[d] for d in dims], dtype=int))
    assume(reduced > (1 if name == "var" else 0))
    keepdim = data.draw(st.booleans())
    dim = (
        dims[0]
        if name == "prod"
        else tuple(d - len(shape) * data.draw(st.booleans()) for d in dims)
    )
    ties = name in ("amax", "amin") and layout in ("expanded", "windows")
    check(
        lambda x: getattr(minigrad, name)(x, dim, keepdim=keepdim),
        lambda a: REDUCTIONS[name](a, axis=tuple(dims), keepdims=keepdim),
        [numbers(seed, shape, dtype)],
        [layout],
        seed,
        gradient=not ties,
    )


@examples
@given(st.sampled_from(["cumsum", "cumprod"]), shapes(least=1, most=5), FLOATS, LAYOUTS, SEEDS)
def test_scans(name, shape, dtype, layout, seed):
    axis = seed % len(shape)
    assume(name == "cumsum" or shape[axis] < 20)
    check(
        lambda x: getattr(minigrad, name)(x, axis),
        lambda a: getattr(np, name)(a, axis=axis),
        [numbers(seed, shape, dtype)],
        [layout],
        seed,
    )


@examples
@given(shapes(least=1, most=6), FLOATS, LAYOUTS, SEEDS, st.booleans())
def test_softmax(shape, dtype, layout, seed, log):
    axis = seed % len(shape)

    def twin(a):
        shifted = a - a.max(axis, keepdims=True, initial=-np.inf)
        share = np.exp(shifted) / np.exp(shifted).sum(axis, keepdims=True)
        return np.log(share) if log else share

    check(
        lambda x: (F.log_softmax if log else F.softmax)(x, axis),
        twin,
        [numbers(seed, shape, dtype)],
        [layout],
        seed,
    )


@examples
@given(
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 9),
    shapes(most=3),
    st.booleans(),
    FLOATS,
    LAYOUTS,
    LAYOUTS,
    SEEDS,
)
def test_matmul(m, k, n, batch, one_batch, dtype, one, other, seed):
    assume(np.prod(batch, dtype=int) * max(m * k, k * n, m * n) <= MOST)
    a = numbers(seed, (*batch, m, k), dtype)
    b = numbers(seed + 1, (k, n) if one_batch else (*batch, k, n), dtype)
    check(minigrad.matmul, np.matmul, [a, b], [one, other], seed)


@examples
@given(st.integers(0, 40), st.integers(0, 40), FLOATS, LAYOUTS, LAYOUTS, SEEDS)
def test_linear(rows, features, dtype, one, other, seed):
    bias = numbers(seed + 2, (5,), dtype)
    check(
        lambda x, w, b: F.linear(x, w, b),
        lambda x, w, b: x @ w.T + b,
        [numbers(seed, (rows, features), dtype), numbers(seed + 1, (5, features), dtype), bias],
        [one, other, "contiguous"],
        seed,
    )


@examples
@given(
    st.integers(0, 3),
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(5, 9),
    st.integers(5, 9),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(0, 2),
    FLOATS,
    LAYOUTS,
    LAYOUTS,
    SEEDS,
)
def test_conv2d(n, inputs, outputs, height, width, size, stride, padding, dtype, one, other, seed):
    padding = min(padding, size - 1)

    def twin(x, w):
        x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        seen = np.lib.stride_tricks.sliding_window_view(x, (size, size), (2, 3))
        return np.einsum("ncijhw,ochw->noij", seen[:, :, ::stride, ::stride], w)

    check(
        lambda x, w: F.conv2d(x, w, stride=stride, padding=padding),
        twin,
        [
            numbers(seed, (n, inputs, height, width), dtype),
            numbers(seed + 1, (outputs, inputs, size, size), dtype),
        ],
        [one, other],
        seed,
    )


@examples
@given(
    st.sampled_from(["max", "avg"]),
    st.integers(0, 3),
    st.integers(1, 3),
    st.integers(4, 12),
    st.integers(1, 3),
    st.integers(1, 3),
    FLOATS,
    LAYOUTS,
    SEEDS,
)
def test_pooling(kind, n, channels, side, size, stride, dtype, layout, seed):
    def twin(a):
        seen = np.lib.stride_tricks.sliding_window_view(a, (size, size), (2, 3))[
            :, :, ::stride, ::stride
        ]
        return seen.max((-1, -2)) if kind == "max" else seen.mean((-1, -2))

    function = F.max_pool2d if kind == "max" else F.avg_pool2d
    check(
        lambda x: function(x, size, stride),
        twin,
        [numbers(seed, (n, channels, side, side), dtype)],
        [layout],
        seed,
        gradient=kind == "avg" or layout not in ("expanded", "windows"),
    )


def normalized(a, axes, eps):
    return (a - a.mean(axes, keepdims=True)) / np.sqrt(a.var(axes, keepdims=True) + eps)


@examples
@given(st.integers(1, 9), st.integers(1, 7), shapes(most=3), FLOATS, LAYOUTS, SEEDS, st.booleans())
def test_batch_norm(n, channels, rest, dtype, layout, seed, affine):
    shape = (n, channels, *rest)
    assume(np.prod(rest, dtype=int) * n > 1 and np.prod(shape, dtype=int) <= MOST)
    axes = (0, *range(2, len(shape)))
    column = (1, channels, *[1] * len(rest))
    weight, bias = numbers(seed + 1, (channels,), dtype), numbers(seed + 2, (channels,), dtype)
    if not affine:
        check(
            lambda x: F.batch_norm(x, None, None, training=True, eps=0.1),
            lambda a: normalized(a, axes, 0.1),
            [numbers(seed, shape, dtype)],
            [layout],
            seed,
        )
        return
    check(
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True, eps=0.1),
        lambda a, w, b: normalized(a, axes, 0.1) * w.reshape(column) + b.reshape(column),
        [numbers(seed, shape, dtype), weight, bias],
        [layout, "contiguous", "offset"],
        seed,
    )


@examples
@given(st.integers(1, 5), st.integers(1, 4), shapes(most=2), FLOATS, LAYOUTS, SEEDS)
def test_batch_norm_keeps_running_estimates(n, channels, rest, dtype, layout, seed):
    shape = (n, channels, *rest)
    count = n * int(np.prod(rest, dtype=int))
    assume(count > 1 and np.prod(shape, dtype=int) <= MOST)
    x, _ = laid_out(numbers(seed, shape, dtype), layout, seed)
    mean, var = minigrad.zeros(channels, dtype=x.dtype), minigrad.ones(channels, dtype=x.dtype)
    F.batch_norm(x, mean, var, training=True, momentum=0.25)
    seen = np.moveaxis(x.numpy().astype(np.float64), 1, 0).reshape(channels, -1)
    assert_same(mean, 0.25 * seen.mean(1), dtype, "running mean")
    assert_same(var, 0.75 + 0.25 * seen.var(1, ddof=1), dtype, "running variance")


@examples
@given(shapes(least=1, most=4), st.integers(1, 9), FLOATS, LAYOUTS, SEEDS)
def test_layer_norm(rest, features, dtype, layout, seed):
    shape = (*rest, features)
    assume(np.prod(shape, dtype=int) <= MOST)
    check(
        lambda x: F.layer_norm(x, (features,), eps=0.1),
        lambda a: normalized(a, (-1,), 0.1),
        [numbers(seed, shape, dtype)],
        [layout],
        seed,
    )


@examples
@given(
    st.integers(1, 12),
    st.integers(1, 9),
    FLOATS,
    LAYOUTS,
    SEEDS,
    st.sampled_from(["mean", "sum"]),
    st.sampled_from([0.0, 0.3]),
)
def test_cross_entropy(n, classes, dtype, layout, seed, reduction, smoothing):
    target = np.random.default_rng(seed).integers(0, classes, n)

    def twin(a):
        log = a - np.log(np.exp(a).sum(1, keepdims=True))
        loss = -(1 - smoothing) * log[np.arange(n), target] - smoothing * log.mean(1)
        return loss.mean() if reduction == "mean" else loss.sum()

    check(
        lambda x: F.cross_entropy(
            x, minigrad.from_numpy(target), reduction=reduction, label_smoothing=smoothing
        ),
        twin,
        [numbers(seed, (n, classes), dtype)],
        [layout],
        seed,
    )
