"""Random programs of many ops, run in minigrad and in torch: values, gradients, gradients of those.

Each program is a sequence of steps drawn from one seed; a step that torch cannot do is left out.
"""

import numpy as np
import pytest
from support import assert_close, compare_with_torch

import minigrad

UNARY = [
    "exp",
    "tanh",
    "sigmoid",
    "sin",
    "cos",
    "relu",
    "abs",
    "square",
    "neg",
    "erf",
    "atan",
    "expm1",
]
BINARY = ["add", "sub", "mul", "maximum", "minimum", "atan2"]
VIEWS = [
    lambda t, r: t.transpose(0, -1) if t.dim() else t,
    lambda t, r: t.unsqueeze(r.integers(2)),
    lambda t, r: t.flatten() if t.dim() else t.reshape(1),
    lambda t, r: t.squeeze(),
    lambda t, r: t[..., : 1 + r.integers(3)] if t.dim() else t,
    lambda t, r: t[r.integers(2)] if t.dim() and t.shape[0] > 1 else t,
    lambda t, r: t[None, ..., None],
    lambda t, r: t.expand(2, *t.shape),
    lambda t, r: t.reshape(-1, 1),
    lambda t, r: t.flip(0) if t.dim() else t,
    lambda t, r: t.narrow(0, 0, 1) if t.dim() else t,
]
REDUCTIONS = [
    lambda t, r: t.sum(),
    lambda t, r: t.mean(-1, keepdim=True),
    lambda t, r: t.sum(0),
    lambda t, r: t.amax(-1),
    lambda t, r: t.logsumexp(0),
    lambda t, r: t.max(-1).values,
    lambda t, r: t.var(0, correction=0),
    lambda t, r: t.cumsum(0),
    lambda t, r: t.norm(),
    lambda t, r: t.softmax(-1),
    lambda t, r: t.log_softmax(0),
    lambda t, r: t.prod(-1),
]
PICKS = [
    lambda lib, t, r: t[lib.tensor([0, 0])] if t.dim() else t,
    lambda lib, t, r: t[t > 0.1],
    lambda lib, t, r: lib.where(t > 0, t, t * 2),
    lambda lib, t, r: t.masked_fill(t > 0.5, 0.25),
    lambda lib, t, r: t.clamp(-0.5, 0.7),
    lambda lib, t, r: lib.cat([t, t * 0.5]) if t.dim() else t,
    lambda lib, t, r: lib.stack([t, t + 1], -1),
    lambda lib, t, r: t.gather(0, (t > 0).long() * 0) if t.dim() else t,
    lambda lib, t, r: t.index_select(0, lib.tensor([0])) if t.dim() else t,
]


def step(lib, tensors, r):
    """Draw one step and return its result.  Both libraries draw the same numbers."""
    kind, a, b, which = r.integers(8), r.integers(99), r.integers(99), r.integers(99)
    s, t = tensors[a % len(tensors)], tensors[b % len(tensors)]
    inner = np.random.default_rng(which)
    if kind <= 1:
        return getattr(s, UNARY[which % len(UNARY)])()
    if kind == 2:
        return getattr(lib, BINARY[which % len(BINARY)])(s, t)
    if kind == 3:
        return VIEWS[which % len(VIEWS)](s, inner)
    if kind == 4:
        return REDUCTIONS[which % len(REDUCTIONS)](s, inner)
    if kind == 5:
        return PICKS[which % len(PICKS)](lib, s, inner)
    if kind == 6:
        return s @ t if s.dim() and t.dim() else s * t
    return s * 0.7 + 0.1 if which % 2 else s / (t * t + 1.0)


def program(steps, kept):
    """Return function(lib, x, y, z): the steps whose numbers are in ``kept`` (all, if None)."""

    def function(lib, x, y, z):
        tensors = [x, y, z]
        for i in range(steps[1]):
            if kept is None or i in kept:
                new = step(lib, tensors, np.random.default_rng((steps[0], i)))
                if new.numel() <= 400:
                    tensors.append(new)
        return sum((t.tanh() * (1 + 0.1 * i)).sum() for i, t in enumerate(tensors[-6:]))

    return function


def possible(torch, seed, n, arrays):
    """Return the numbers of the steps that torch can do, one after the other."""
    tensors, kept = [torch.tensor(a) for a in arrays], set()
    for i in range(n):
        try:
            new = step(torch, tensors, np.random.default_rng((seed, i)))
        except (RuntimeError, IndexError):
            continue
        if not torch.isfinite(new).all() or new.numel() == 0 or new.abs().max() > 1e3:
            continue
        kept.add(i)
        if new.numel() <= 400:
            tensors.append(new)
    return kept


@pytest.mark.parametrize("block", range(10))
def test_gradients_agree_with_torch(torch, block):
    rng = np.random.default_rng(block)
    arrays = [rng.normal(size=s) for s in ((3, 4), (4,), (2, 1, 4))]
    taken = 0
    for seed in range(30 * block, 30 * block + 30):
        kept = possible(torch, seed, 14, arrays)
        compare_with_torch(
            torch, program((seed, 14), kept), arrays, double=True, rtol=1e-6, atol=1e-7
        )
        taken += len(kept)
    assert taken > 200


def test_float32_and_float64_agree(torch):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=s) for s in ((3, 4), (4,), (2, 1, 4))]
    for seed in range(100, 130):
        kept = possible(torch, seed, 8, arrays)
        results = []
        for dtype in ("float64", "float32"):
            leaves = [minigrad.tensor(a.astype(dtype), requires_grad=True) for a in arrays]
            out = program((seed, 8), kept)(minigrad, *leaves)
            grads = minigrad.autograd.grad(out, leaves, allow_unused=True)
            results.append([out, *[g for g in grads if g is not None]])
        for wide, narrow in zip(*results, strict=True):
            assert narrow.dtype is minigrad.float32
            assert_close(narrow, wide.float(), rtol=2e-3, atol=2e-3)
