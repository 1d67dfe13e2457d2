"""nn.init: the distributions, the errors, and torch's numbers from torch's seeds."""

import math
import warnings

import numpy as np
import pytest

import minigrad
from minigrad import nn
from minigrad.nn import init

FILL = {
    "uniform_": lambda init, w: init.uniform_(w, -0.3, 0.9),
    "normal_": lambda init, w: init.normal_(w, 0.2, 0.5),
    "trunc_normal_": lambda init, w: init.trunc_normal_(w),
    "trunc_normal_ narrow": lambda init, w: init.trunc_normal_(w, 0.1, 0.5, -0.1, 0.05),
    "trunc_normal_ tail": lambda init, w: init.trunc_normal_(w, 0.0, 1.0, 1.0, 1.5),
    "constant_": lambda init, w: init.constant_(w, 2.5),
    "ones_": lambda init, w: init.ones_(w),
    "zeros_": lambda init, w: init.zeros_(w),
    "xavier_uniform_": lambda init, w: init.xavier_uniform_(w, gain=2.0),
    "xavier_normal_": lambda init, w: init.xavier_normal_(w),
    "kaiming_uniform_": lambda init, w: init.kaiming_uniform_(w, a=math.sqrt(5)),
    "kaiming_uniform_ out": lambda init, w: init.kaiming_uniform_(
        w, mode="fan_out", nonlinearity="relu"
    ),
    "kaiming_normal_": lambda init, w: init.kaiming_normal_(w, nonlinearity="tanh"),
    "orthogonal_": lambda init, w: init.orthogonal_(w, gain=1.5),
}


@pytest.mark.parametrize("shape", [(5, 3), (3, 4, 3, 3), (40, 30)])
@pytest.mark.parametrize("name", FILL)
def test_the_same_seed_gives_torchs_numbers(name, shape, torch):
    minigrad.manual_seed(1)
    torch.manual_seed(1)
    mine = minigrad.empty(shape, requires_grad=True)
    theirs = torch.empty(shape, requires_grad=True)
    assert FILL[name](init, mine) is mine
    FILL[name](torch.nn.init, theirs)
    np.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), rtol=1e-5, atol=2e-6)
    if "uniform" in name:
        assert mine.tolist() == theirs.tolist()  # to the last bit
    assert mine.grad_fn is None
    # The streams are at the same place afterwards.
    assert minigrad.rand(3).tolist() == torch.rand(3).tolist()


def test_a_generator_of_ones_own():
    state = minigrad.get_rng_state().tolist()
    for fill in ("uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "xavier_normal_",
                 "kaiming_uniform_", "kaiming_normal_", "orthogonal_"):  # fmt: skip
        drawn = [
            getattr(init, fill)(
                minigrad.empty(4, 5), generator=minigrad.Generator().manual_seed(3)
            ).tolist()
            for _ in range(2)
        ]
        assert drawn[0] == drawn[1]
    assert minigrad.get_rng_state().tolist() == state


def test_distributions():
    w = minigrad.empty(200, 100)
    fan_in, fan_out = 100, 200
    assert abs(init.normal_(w, 3.0, 2.0).mean().item() - 3) < 0.1
    assert abs(w.std().item() - 2) < 0.1
    assert abs(init.xavier_normal_(w).std().item() - math.sqrt(2 / (fan_in + fan_out))) < 1e-2
    assert abs(init.kaiming_normal_(w).std().item() - math.sqrt(2 / fan_in)) < 1e-2
    bound = math.sqrt(6 / fan_out)
    init.kaiming_uniform_(w, mode="fan_out", nonlinearity="relu")
    assert 0.99 * bound < w.max().item() <= bound
    assert -bound <= w.min().item() < -0.99 * bound
    for a, b in [(-0.5, 1.0), (2.0, 2.5)]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            init.trunc_normal_(w, 0.0, 1.0, a, b)
        assert a <= w.min().item()
        assert w.max().item() <= b
        # The density falls away from 0: more of it is near the end that is nearer to 0.
        assert (w < (a + b) / 2).float().mean().item() > 0.5


def test_constants():
    w = nn.Parameter(minigrad.empty(2, 3))
    assert init.constant_(w, 7).tolist() == [[7] * 3] * 2
    assert init.ones_(w).tolist() == [[1] * 3] * 2
    assert init.zeros_(w).tolist() == [[0] * 3] * 2
    assert init.eye_(w).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert w.requires_grad
    assert w.is_leaf


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("shape", [(4, 2, 3), (4, 6, 3, 2), (2, 2, 3, 3, 3)])
def test_dirac_is_torchs(shape, groups, torch):
    mine, theirs = minigrad.empty(shape), torch.empty(shape)
    assert init.dirac_(mine, groups).tolist() == torch.nn.init.dirac_(theirs, groups).tolist()


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (2, 3, 2)])
def test_orthogonal(shape):
    w = init.orthogonal_(minigrad.empty(shape, dtype=minigrad.float64)).numpy()
    w = w.reshape(shape[0], -1)
    small = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(small, np.eye(len(small)), atol=1e-12)


def test_gains_are_torchs(torch):
    for name in ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose2d", "sigmoid", "tanh",
                 "relu", "leaky_relu", "selu"):  # fmt: skip
        assert init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert init.calculate_gain("leaky_relu", 0.2) == torch.nn.init.calculate_gain("leaky_relu", 0.2)


def test_fans():
    assert init._calculate_fan_in_and_fan_out(minigrad.empty(5, 3)) == (3, 5)
    assert init._calculate_fan_in_and_fan_out(minigrad.empty(8, 4, 3, 2)) == (24, 48)


def test_errors():
    with pytest.raises(ValueError, match="Unsupported nonlinearity foo"):
        init.calculate_gain("foo")
    with pytest.raises(ValueError, match="negative_slope x not a valid number"):
        init.calculate_gain("leaky_relu", "x")
    with pytest.raises(ValueError, match="negative_slope True"):
        init.calculate_gain("leaky_relu", True)
    with pytest.raises(ValueError, match="fewer than 2 dimensions"):
        init.xavier_uniform_(minigrad.empty(3))
    with pytest.raises(ValueError, match="Mode sideways not supported"):
        init.kaiming_uniform_(minigrad.empty(3, 3), mode="sideways")
    with pytest.raises(ValueError, match="2 dimensions"):
        init.eye_(minigrad.empty(3))
    with pytest.raises(ValueError, match="3, 4, or 5 dimensions"):
        init.dirac_(minigrad.empty(3, 3))
    with pytest.raises(ValueError, match="must be divisible by groups"):
        init.dirac_(minigrad.empty(3, 3, 3), groups=2)
    with pytest.raises(ValueError, match="2 or more dimensions"):
        init.orthogonal_(minigrad.empty(3))
    with pytest.warns(UserWarning, match="more than 2 std"):
        init.trunc_normal_(minigrad.empty(3), mean=5.0, a=-2, b=2.5)
    for fill in (init.kaiming_uniform_, init.kaiming_normal_):
        with pytest.warns(UserWarning, match="zero-element tensors is a no-op"):
            fill(minigrad.empty(0, 3))
    assert init.orthogonal_(minigrad.empty(0, 3)).shape == (0, 3)


LAYERS = [
    lambda nn: nn.Linear(20, 30),
    lambda nn: nn.Linear(3, 2, bias=False),
    lambda nn: nn.Conv1d(4, 6, 3, groups=2),
    lambda nn: nn.Conv2d(3, 8, (3, 5)),
    lambda nn: nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.Conv2d(6, 16, 5), nn.Linear(400, 120), nn.Linear(120, 10)
    ),
]


@pytest.mark.parametrize("build", LAYERS, ids=range(len(LAYERS)))
def test_layers_start_as_torchs(build, torch):
    minigrad.manual_seed(42)
    torch.manual_seed(42)
    mine, theirs = build(nn).state_dict(), build(torch.nn).state_dict()
    assert list(mine) == list(theirs)
    for key in mine:
        assert np.array_equal(mine[key].numpy(), theirs[key].numpy()), key


def sparse_draws(lib, **given):
    lib.manual_seed(4)
    drawn = lib.nn.init.sparse_(lib.empty(40, 30), 0.33, std=0.5, **given)
    return drawn.tolist(), lib.rand(3).tolist()


def test_sparse_gives_torchs_numbers(torch):
    for own in (False, True):
        ours, theirs = (
            sparse_draws(lib, **({"generator": lib.Generator().manual_seed(5)} if own else {}))
            for lib in (minigrad, torch)
        )
        np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5, atol=2e-6)
        assert ours[1] == theirs[1]


def test_sparse_fills_columns_with_zeros():
    w = init.sparse_(minigrad.empty(10, 4), 0.25)
    assert (w == 0).sum(0).tolist() == [3, 3, 3, 3]
    with pytest.raises(ValueError, match="2 dimensions"):
        init.sparse_(minigrad.empty(3), 0.5)
