"""L-BFGS and its line search: iteration by iteration against torch, and on known minima."""

import copy

import numpy as np
import pytest

import minigrad
from minigrad import optim

CASES = {
    "plain": {"lr": 0.1},
    "short memory": {"lr": 0.3, "history_size": 2, "max_iter": 7},
    "few evaluations": {"max_eval": 3, "lr": 0.01},
    "line search": {"line_search_fn": "strong_wolfe"},
    "line search, far": {"line_search_fn": "strong_wolfe", "lr": 50},
    "line search, near": {"line_search_fn": "strong_wolfe", "lr": 1e-3, "max_iter": 4},
    "line search, short memory": {"line_search_fn": "strong_wolfe", "history_size": 1},
    "line search, coarse": {"line_search_fn": "strong_wolfe", "tolerance_change": 0.1, "lr": 3},
    "line search, long": {"line_search_fn": "strong_wolfe", "max_eval": 60, "max_iter": 3},
    "loose": {"line_search_fn": "strong_wolfe", "tolerance_grad": 1.0, "tolerance_change": 1e-2},
}


def valley(lib, x, y):
    """Rosenbrock's function in two tensors."""
    return ((1 - x) ** 2).sum() + 100 * ((y - x**2) ** 2).sum()


def waves(lib, x, y):
    return (lib.sin(3 * x) + 0.3 * x**2).sum() + (lib.cos(y) * x).sum() + 0.1 * (y**4).sum()


def corners(lib, x, y):
    return (3 * x - 0.1).abs().sum() + (y - 0.3).abs().sum() + (x * y).abs().sum()


def run(lib, function, options, steps=6):
    params = [lib.tensor([-1.2, 0.7], dtype=lib.float64), lib.tensor([[1.0, -0.5]]).double()]
    params = [p.requires_grad_() for p in params]
    optimizer = lib.optim.LBFGS(params, **options)
    trace = []

    def closure():
        optimizer.zero_grad()
        loss = function(lib, params[0], params[1].reshape(2))
        trace.append(loss.item())
        loss.backward()
        return loss

    for _ in range(steps):
        trace.append(optimizer.step(closure).item())
    return trace + [v for p in params for v in p.detach().reshape(-1).tolist()], optimizer


# (on corners, which are linear between them, rounding decides many searches early)
@pytest.mark.parametrize(
    ("case", "function"),
    [
        *((case, function) for case in CASES for function in (valley, waves)),
        ("line search, coarse", corners),
        ("line search, long", corners),
    ],
)
def test_every_evaluation_is_torchs(torch, case, function):
    ours, our_optimizer = run(minigrad, function, CASES[case])
    theirs, their_optimizer = run(torch, function, CASES[case])
    n = min(len(ours), len(theirs), 40)  # chaotic functions part after a while, by rounding
    np.testing.assert_allclose(ours[:n], theirs[:n], rtol=1e-6, atol=1e-9)
    assert len(ours) == len(theirs)
    mine, other = (o.state_dict() for o in (our_optimizer, their_optimizer))
    assert mine["param_groups"] == other["param_groups"]
    assert mine["state"][0]["func_evals"] == other["state"][0]["func_evals"]
    assert mine["state"][0]["n_iter"] == other["state"][0]["n_iter"]
    assert set(other["state"][0]) - set(mine["state"][0]) <= {"al"}


ROUGH = {  # where cubics have nothing to hold on to, and where the minimum is
    "kink": (lambda lib, x: (x - 0.3).abs().sum(), 0.3),
    "far kink": (lambda lib, x: (x + 100).abs().sum(), -100.0),
    "uneven kink": (lambda lib, x: 3 * lib.relu(x - 0.1).sum() + 5 * lib.relu(0.1 - x).sum(), 0.1),
    "straight line": (lambda lib, x: 0.25 * x.sum(), -np.inf),
    "wall": (lambda lib, x: (x + (x - 0.5).sqrt()).sum(), -np.inf),  # with NaN behind it
}


@pytest.mark.parametrize("name", ROUGH)
def test_a_search_where_nothing_is_smooth_is_torchs(torch, name):
    function, minimum = ROUGH[name]
    most, traces = 40, []
    for lib in (torch, minigrad):
        x = lib.tensor([1.0], dtype=lib.float64, requires_grad=True)
        options = {"line_search_fn": "strong_wolfe", "max_iter": 1, "max_eval": most}
        optimizer = lib.optim.LBFGS([x], **options)
        trace = []

        def closure(lib=lib, x=x, optimizer=optimizer, trace=trace):
            optimizer.zero_grad()
            loss = function(lib, x)
            trace.append((x.item(), loss.item()))
            loss.backward()
            return loss

        optimizer.step(closure)
        traces.append([*trace, (x.item(), 0.0)])
    assert len(traces[0]) == len(traces[1])
    if np.isfinite(minimum):  # then it ends when the points on both sides are 1e-9 apart
        assert len(trace) < most
        assert x.item() == pytest.approx(minimum, abs=1e-9)
    else:
        assert len(trace) >= most
    np.testing.assert_allclose(*traces, rtol=1e-12, atol=1e-12)


def test_it_finds_the_minimum_of_the_valley():
    found, _ = run(minigrad, valley, {"line_search_fn": "strong_wolfe"}, steps=5)
    assert found[-4:] == pytest.approx([1, 1, 1, 1], abs=1e-4)


def test_resuming():
    options = {"lr": 0.1, "max_iter": 5}
    straight, _ = run(minigrad, valley, options, steps=4)
    _, optimizer = run(minigrad, valley, options, steps=2)
    params = [p.detach().clone().requires_grad_() for p in optimizer.param_groups[0]["params"]]
    resumed = optim.LBFGS(params, **options)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))

    def closure():
        resumed.zero_grad()
        loss = valley(minigrad, params[0], params[1].reshape(2))
        loss.backward()
        return loss

    for _ in range(2):
        resumed.step(closure)
    assert [v for p in params for v in p.reshape(-1).tolist()] == pytest.approx(straight[-4:])


def test_parameters_without_a_gradient_stay():
    p, q = (minigrad.ones(2, requires_grad=True) for _ in range(2))
    optimizer = optim.LBFGS([p, q])

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 2
    assert optimizer.step(closure).item() < 1e-9
    assert q.tolist() == [1, 1]


def test_errors():
    p, q = (minigrad.ones(2, requires_grad=True) for _ in range(2))
    with pytest.raises(ValueError, match="doesn't support per-parameter options"):
        optim.LBFGS([{"params": p}, {"params": q}])
    with pytest.raises(ValueError, match="Invalid learning rate: -1"):
        optim.LBFGS([p], lr=-1)

    def closure():
        loss = (p * p).sum()
        loss.backward()
        return loss

    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        optim.LBFGS([p], line_search_fn="armijo").step(closure)
    with pytest.raises(TypeError):
        optim.LBFGS([p]).step()
