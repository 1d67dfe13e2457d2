"""Padding against NumPy's, torch, and wrong inputs."""

import numpy as np
import pytest
from support import assert_close, check_gradients, compare_with_torch

import minigrad
from minigrad.nn import functional as F

NUMPY_MODES = {
    "constant": "constant",
    "reflect": "reflect",
    "replicate": "edge",
    "circular": "wrap",
}
CASES = [
    ((2, 4), (1, 2)),
    ((2, 3, 4), (2, 0)),
    ((3, 4, 5), (1, 2, 2, 1)),
    ((2, 3, 4, 5), (1, 2, 0, 3)),
    ((2, 2, 3, 4, 5), (1, 2, 1, 1, 2, 0)),
]


@pytest.mark.parametrize("mode", NUMPY_MODES)
@pytest.mark.parametrize("shape, sides", CASES)
def test_as_numpy(mode, shape, sides, rng):
    x = rng.normal(size=shape)
    pairs = [(sides[i], sides[i + 1]) for i in range(0, len(sides), 2)][::-1]
    expected = np.pad(x, [(0, 0)] * (x.ndim - len(pairs)) + pairs, NUMPY_MODES[mode])
    assert_close(F.pad(minigrad.tensor(x), sides, mode), expected)
    check_gradients(lambda x: F.pad(x, sides, mode), x[:1])


@pytest.mark.parametrize("mode", NUMPY_MODES)
@pytest.mark.parametrize("shape, sides", [*CASES, ((2, 3, 4), (-1, 1)), ((2, 5), (2, -2))])
def test_as_torch(mode, shape, sides, rng, torch):
    def run(library, x):
        return library.nn.functional.pad(x, sides, mode=mode)

    compare_with_torch(torch, run, [rng.normal(size=shape)], double=True)
    for dtype in (np.float16, np.float32, np.int64, np.uint8):
        compare_with_torch(torch, run, [rng.integers(0, 9, shape).astype(dtype)])


def test_constants():
    x = minigrad.tensor([1, 2])
    assert F.pad(x, (1, 1), value=7).tolist() == [7, 1, 2, 7]
    assert F.pad(x > 1, (1, 0), value=True).tolist() == [True, False, True]
    same = F.pad(x, (0, 0))
    same[0] = 5
    assert x.tolist() == [1, 2]
    assert F.pad(x, ()).tolist() == [1, 2]


def test_errors():
    x = minigrad.zeros(2, 3, 4)
    for error, message, call in [
        (RuntimeError, "divisible by 2", lambda: F.pad(x, (1, 1, 1))),
        (RuntimeError, "at most 3 dimensions", lambda: F.pad(x, (1,) * 8)),
        (RuntimeError, "takes more than the 4", lambda: F.pad(x, (-5, 0))),
        (RuntimeError, "size 4 allows, which is 3", lambda: F.pad(x, (4, 0), "reflect")),
        (RuntimeError, "size 4 allows, which is 4", lambda: F.pad(x, (5, 0), "circular")),
        (RuntimeError, "too small", lambda: F.pad(x, (-2, -2), "replicate")),
        (RuntimeError, "non-zero", lambda: F.pad(x[:, :0], (1, 1), "replicate")),
        (RuntimeError, "take in value", lambda: F.pad(x, (1, 1), "reflect", 1.0)),
        (NotImplementedError, "mode other", lambda: F.pad(x, (1, 1), "other")),
        (NotImplementedError, "for 1D input", lambda: F.pad(x[0, 0], (1, 1), "reflect")),
        (NotImplementedError, "minigrad.bool", lambda: F.pad(x > 0, (1, 1), "reflect")),
        (TypeError, "must be Tensor, not list", lambda: F.pad([1.0], (1, 1))),
    ]:
        with pytest.raises(error, match=message):
            call()
