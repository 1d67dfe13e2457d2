"""What the tests share: tensors of many layouts, comparison by dtype, one expression run in
minigrad and in torch side by side."""

import numpy as np
import pytest

import minigrad

NUMPY_1 = np.__version__.startswith("1.")
DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
FLOATS = ("float16", "float32", "float64")
INTEGERS = ("uint8", "int8", "int16", "int32", "int64")

# (relative, absolute): a few units in the last place of a short chain of operations.
TOLERANCE = {
    "float16": (4e-3, 1e-3),
    "float32": (2e-5, 2e-6),
    "float64": (1e-9, 1e-11),
}


def name_of(dtype):
    """Return "float32" for minigrad.float32, torch.float32 and np.float32 alike."""
    return np.dtype(dtype).name if isinstance(dtype, np.dtype) else str(dtype).rpartition(".")[2]


def values_of(x):
    """Return the elements of an array or of either library's tensor as a NumPy array."""
    return np.asarray(x.numpy(force=True) if hasattr(x, "detach") else x)


def assert_close(ours, expected, *, rtol=None, atol=None, dtype=True, what=""):
    """Assert that a tensor has the shape, dtype and (nearly) the elements of ``expected``."""
    assert isinstance(ours, minigrad.Tensor), f"{what}: got {type(ours)}"
    a, b = values_of(ours), values_of(expected)
    assert a.shape == b.shape, f"{what}: shape {a.shape}, expected {b.shape}"
    if dtype:
        assert name_of(ours.dtype) == b.dtype.name, (
            f"{what}: dtype {ours.dtype}, expected {b.dtype}"
        )
    relative, absolute = TOLERANCE.get(a.dtype.name, (0, 0))
    np.testing.assert_allclose(
        a.astype(np.float64) if a.dtype.kind == "f" else a,
        b.astype(np.float64) if b.dtype.kind == "f" else b,
        rtol=relative if rtol is None else rtol,
        atol=absolute if atol is None else atol,
        equal_nan=True,
        err_msg=what,
    )


def flat(outputs):
    """Return one tensor, or a (named) tuple or list of them, as a list."""
    return list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]


def skip_unless_in(torch, name):
    """Skip the test of a function that torch does not have."""
    if not hasattr(torch, name):
        pytest.skip(f"torch has no {name}")


def compare_with_torch(
    torch, function, arrays, *, gradient=True, double=False, kwargs=None, rtol=None, atol=None
):
    """Run ``function(library, *tensors)`` in both libraries; compare outputs and gradients.

    Every floating array wants a gradient; the gradients of the outputs are fixed numbers.
    ``double`` compares the gradients of the gradients too, also with respect to those numbers.
    """
    found = []
    for library in (minigrad, torch):
        inputs = [library.from_numpy(a.copy(order="K")) for a in arrays]
        leaves = [x.requires_grad_() for x in inputs if x.is_floating_point() and gradient]
        outputs = flat(function(library, *inputs, **(kwargs or {})))
        results = list(outputs)
        wanted = [o for o in outputs if isinstance(o, library.Tensor) and o.requires_grad]
        if leaves and wanted:
            draws = np.random.default_rng(1)
            seeds = [seed_like(library, draws, o).requires_grad_(double) for o in wanted]
            first = library.autograd.grad(
                wanted, leaves, seeds, create_graph=double, allow_unused=True
            )
            results += first
            if double:
                again = [(g, seed_like(library, draws, g)) for g in first if g is not None]
                again = [(g, seed) for g, seed in again if g.requires_grad]
                second = (
                    library.autograd.grad(
                        [g for g, _ in again],
                        leaves + seeds,
                        [seed for _, seed in again],
                        allow_unused=True,
                    )
                    if again
                    else [None] * len(leaves + seeds)
                )
                # no gradient and a gradient of zero are the same here
                results += [
                    x.detach() * 0 if g is None else g
                    for x, g in zip(leaves + seeds, second, strict=True)
                ]
        found.append(results)
    ours, theirs = found
    assert len(ours) == len(theirs)
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if isinstance(b, torch.Tensor):
            assert a is not None, f"result {i}: no gradient, torch has one"
            assert_close(a, b, rtol=rtol, atol=atol, what=f"result {i}")
        else:
            assert a == b or (a is None and b is None), f"result {i}: {a}, torch has {b}"


def seed_like(library, draws, x):
    """Return numbers of the shape and dtype of ``x``, for the gradient of it."""
    values = draws.uniform(0.5, 1.5, tuple(x.shape))
    return library.from_numpy(np.asarray(values, values_of(x).dtype))


def check_gradients(function, *arrays, double=True, wanted=None):
    """Assert by finite differences that the gradients of ``function(*tensors)`` are right.

    ``wanted`` lists the inputs that want a gradient; by default all floating ones.
    """
    inputs = []
    for i, a in enumerate(arrays):
        x = minigrad.from_numpy(np.array(a, np.float64) if a.dtype.kind == "f" else a.copy())
        if a.dtype.kind == "f" and (wanted is None or i in wanted):
            x.requires_grad_()
        inputs.append(x)
    assert minigrad.autograd.gradcheck(function, inputs)
    if double:
        assert minigrad.autograd.gradgradcheck(function, inputs)


def layouts(array):
    """Return the same numbers in several layouts: {name: array}."""
    spaced = np.zeros([2 * s for s in array.shape], array.dtype)
    window = spaced[tuple(slice(None, None, 2) for _ in array.shape)]
    window[...] = array
    found = {"contiguous": np.ascontiguousarray(array).reshape(array.shape), "strided": window}
    if array.ndim > 1:
        found["transposed"] = np.asfortranarray(array)
    return found
