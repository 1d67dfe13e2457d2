"""Muon: torch's steps, what they do to a matrix, what it refuses."""

import copy

import numpy as np
import pytest

import minigrad
from minigrad import optim
from minigrad.optim.muon import orthogonal

SHAPES = [(4, 3), (3, 8), (16, 16), (1, 1)]
OPTIONS = [
    {"lr": 0.1},
    {"lr": 0.1, "nesterov": False, "momentum": 0.5, "weight_decay": 0.0},
    {"lr": 0.05, "adjust_lr_fn": "match_rms_adamw", "weight_decay": 0.5},
    {"lr": 0.1, "ns_steps": 3, "ns_coefficients": (1.5, -0.5, 0.0), "eps": 1e-3},
]


def run(lib, optimizer, params, steps, seed=2):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        for p in params:
            p.grad = lib.tensor(rng.standard_normal(tuple(p.shape)).astype(str(p.dtype)[-7:]))
        optimizer.step()
    return [p.detach().numpy() for p in params]


def start(lib, dtype="float32"):
    rng = np.random.default_rng(1)
    values = [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]
    return [lib.tensor(v, requires_grad=True) for v in values]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("options", OPTIONS)
def test_steps_are_torchs(torch, options, dtype):
    first, found, states = [], [], []
    for lib in (minigrad, torch):
        params = start(lib, dtype)
        optimizer = lib.optim.Muon(params, **options)
        first.append([x.copy() for x in run(lib, optimizer, params, 1)])
        found.append(run(lib, optimizer, params, 9, 3))
        states.append(optimizer.state_dict())
    for a, b in zip(*first, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    # a sum that rounds to the next of bfloat16's numbers: one part in 256 of a step
    near = 10 * options["lr"] / 256
    for a, b in zip(*found, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, atol=near)
    assert states[0]["param_groups"] == states[1]["param_groups"]
    for ours, theirs in zip(states[0]["state"].values(), states[1]["state"].values(), strict=True):
        assert list(ours) == list(theirs)
        buffers = ours["momentum_buffer"].numpy(), theirs["momentum_buffer"].numpy()
        np.testing.assert_allclose(*buffers, rtol=1e-5, atol=1e-7)


# the first row of parameter 0 after five steps (torch 2.13.0)
RECORDED = [0.1714, 0.9441, 0.2026]


def test_recorded_numbers():
    params = start(minigrad)
    run(minigrad, optim.Muon(params, lr=0.1), params, 5)
    np.testing.assert_allclose(params[0][0].tolist(), RECORDED, atol=2e-3)


def test_the_step_is_nearly_orthogonal():
    x = minigrad.tensor(np.random.default_rng(0).standard_normal((6, 4)))
    u, _, vh = minigrad.linalg.svd(x, full_matrices=False)
    found = orthogonal(x, (1.5, -0.5, 0.0), 40, 1e-7)
    assert found.dtype is minigrad.float32 and found.shape == x.shape
    assert (found - (u @ vh).float()).abs().max().item() < 0.02  # bfloat16


def test_resuming():
    params = start(minigrad)
    optimizer = optim.Muon(params, lr=0.1)
    run(minigrad, optimizer, params, 3)
    others = [p.detach().clone().requires_grad_() for p in params]
    resumed = optim.Muon(others)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    ours, again = (run(minigrad, o, ps, 3, 5) for o, ps in ((optimizer, params), (resumed, others)))
    for a, b in zip(ours, again, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "message, options",
    [
        ("Learning rate should be >= 0 but is: -1", {"lr": -1}),
        ("momentum should be >= 0 but is: -1", {"momentum": -1}),
        ("weight decay should be >= 0 but is: -1", {"weight_decay": -1}),
        ("x is not supported", {"adjust_lr_fn": "x"}),
        ("Tensor lr must be 1-element", {"lr": minigrad.ones(2)}),
        ("exactly 3", {"ns_coefficients": (1, 2)}),
        ("less than 100", {"ns_steps": 100}),
    ],
)
def test_wrong_options(message, options):
    p = minigrad.ones(2, 2, requires_grad=True)
    p.grad = minigrad.ones(2, 2)
    with pytest.raises(ValueError, match=message):
        optim.Muon([p], **options).step()


def test_only_matrices():
    with pytest.raises(ValueError, match="2D"):
        optim.Muon([minigrad.ones(3, requires_grad=True)])
