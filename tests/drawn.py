"""What hypothesis draws for the tests of properties, and what must hold of each call.

Shapes have no to eight dimensions, of which some are 0 or 1; tensors are contiguous, permuted,
spaced, offset, expanded, windows that overlap, unaligned, or over memory that must not be written
to.
"""

import os
import warnings

import numpy as np
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from support import TOLERANCE

import minigrad

LONG = os.environ.get("MINIGRAD_LONG") == "1"
examples = settings(
    max_examples=1000 if LONG else 20,
    derandomize=not LONG,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
MOST = 2_000  # elements of an array

FLOATS = st.sampled_from(["float32", "float64"])
SEEDS = st.integers(0, 2**32 - 1)


# ---------------------------------------------------------------- what is drawn


@st.composite
def shapes(draw, least=0, most=8):
    """A shape: short sides, sometimes one that is long."""
    shape = draw(st.lists(st.sampled_from([0, 1, 1, 2, 2, 3, 5]), min_size=least, max_size=most))
    if shape and draw(st.booleans()):
        shape[draw(st.integers(0, len(shape) - 1))] = draw(st.sampled_from([7, 16, 33, 130]))
    assume(np.prod(shape, dtype=int) <= MOST)
    return tuple(shape)


def numbers(seed, shape, dtype="float64"):
    """Numbers that differ from each other, between 0.3 and 2.3: every op is smooth there."""
    size = int(np.prod(shape, dtype=int))
    rng = np.random.default_rng(seed)
    return (0.3 + 2 * (rng.permutation(size) + 0.5) / max(size, 1)).reshape(shape).astype(dtype)


LAYOUTS = st.sampled_from(
    ["contiguous", "permuted", "spaced", "offset", "unaligned", "read-only", "expanded", "windows"]
)


def laid_out(array, layout, seed):
    """Return (tensor, the memory under it): as ``array``, or numbers of its own where the layout
    makes elements share memory."""
    rng, shape, ndim = np.random.default_rng(seed), array.shape, array.ndim
    if layout == "permuted" and ndim > 1:
        order = rng.permutation(ndim)
        memory = np.ascontiguousarray(array.transpose(order))
        return minigrad.from_numpy(memory).permute(*map(int, np.argsort(order))), memory
    if layout == "spaced" and ndim:
        memory = np.full(tuple(2 * s + 1 for s in shape), 7, array.dtype)
        window = tuple(slice(1, 2 * s + 1, 2) for s in shape)
        memory[window] = array
        return minigrad.from_numpy(memory)[window], memory
    if layout == "offset":
        memory = np.concatenate([np.full(3, 7, array.dtype), array.ravel()])
        return minigrad.from_numpy(memory)[3:].view(shape), memory
    if layout == "unaligned":
        memory = np.frombuffer(bytearray(b"\0" + array.tobytes()), np.uint8)
        return minigrad.from_numpy(memory[1:].view(array.dtype).reshape(shape)), memory
    if layout == "read-only":
        memory = array.copy()
        memory.flags.writeable = False
        with warnings.catch_warnings():  # as torch, it warns of writes that have no meaning
            warnings.simplefilter("ignore")
            return minigrad.from_numpy(memory), memory
    if layout == "expanded" and ndim and array.size:
        axis = int(rng.integers(ndim))
        memory = np.ascontiguousarray(np.take(array, [0], axis))
        return minigrad.from_numpy(memory).expand(shape), memory
    if layout == "windows" and ndim == 2 and array.size:  # every row is the last one, moved by one
        memory = array.ravel()[: shape[0] + shape[1] - 1].copy()
        return minigrad.from_numpy(memory).unfold(0, shape[1], 1), memory
    memory = array.copy()
    return minigrad.from_numpy(memory), memory


# ---------------------------------------------------------------- what must hold


def assert_same(result, expected, dtype, what):
    assert tuple(result.shape) == np.shape(expected), what
    assert str(result.dtype).endswith(str(dtype)), what
    relative, absolute = TOLERANCE[str(dtype)]
    with np.errstate(over="ignore"):  # where the dtype has no such number, infinity is right
        expected = np.asarray(expected).astype(str(dtype))
    np.testing.assert_allclose(
        result.detach().numpy(), expected, rtol=5 * relative, atol=5 * absolute, err_msg=what
    )


def assert_unchanged(memories, before, what):
    for memory, bytes_before in zip(memories, before, strict=True):
        assert memory.tobytes() == bytes_before, f"{what}: an input was written to"


def assert_gradient(function, inputs, seed, what):
    """Assert that the slope of a weighted sum of the results in a random direction is right."""
    leaves = [x.detach().double().clone().requires_grad_() for x in inputs]
    rng = np.random.default_rng(seed)
    result = function(*leaves)
    weights = minigrad.from_numpy(np.asarray(rng.uniform(-1, 1, tuple(result.shape))))
    if not result.requires_grad or not result.numel():
        return
    (result * weights).sum().backward()
    step, slope, sides = 1e-6, 0.0, []
    directions = [
        minigrad.from_numpy(np.asarray(rng.uniform(-1, 1, tuple(x.shape)))) for x in leaves
    ]
    for x, direction in zip(leaves, directions, strict=True):
        slope += (x.grad * direction).sum().item() if x.grad is not None else 0.0
    with minigrad.no_grad():
        for sign in (1, -1):
            moved = [x + sign * step * d for x, d in zip(leaves, directions, strict=True)]
            sides.append((function(*moved) * weights).sum().item())
    scale = 1 + sum(abs(side) for side in sides)
    assert abs((sides[0] - sides[1]) / (2 * step) - slope) <= 2e-6 * scale + 1e-5 * abs(slope), what


def check(function, twin, arrays, layouts, seed, dtype=None, gradient=True):
    """Check one call on tensors of these layouts; ``twin`` is given the arrays that they show."""
    pairs = [
        laid_out(a, way, seed + i) for i, (a, way) in enumerate(zip(arrays, layouts, strict=True))
    ]
    inputs, memories = [p[0] for p in pairs], [p[1] for p in pairs]
    before = [memory.tobytes() for memory in memories]
    what = f"{[(tuple(x.shape), x.stride(), str(x.dtype)) for x in inputs]} {layouts}"
    with np.errstate(all="ignore"):
        expected = twin(*[x.numpy().astype(np.float64) for x in inputs])
    result = function(*inputs)
    assert_same(result, expected, dtype or arrays[0].dtype, what)
    assert_unchanged(memories, before, what)
    if gradient:
        assert_gradient(function, inputs, seed, what)
        assert_unchanged(memories, before, what)
