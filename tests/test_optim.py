"""Optimizers against torch where it is installed, against textbook formulas in NumPy everywhere."""

import copy
import pickle
import weakref

import numpy as np
import pytest

import minigrad
from minigrad import optim

SHAPES = [(4, 3), (3,), (), (2, 3, 2), (0, 2), (1030,)]

# Everything that changes what a step computes.
CASES = {
    "sgd": ("SGD", {"lr": 0.1}),
    "sgd-decay": ("SGD", {"lr": 0.1, "weight_decay": 0.1, "maximize": True}),
    "sgd-momentum": ("SGD", {"lr": 0.1, "momentum": 0.9}),
    "sgd-dampening": ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1}),
    "sgd-nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "adam": ("Adam", {"lr": 0.1}),
    "adam-decay": ("Adam", {"lr": 0.1, "betas": (0.3, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    "adam-amsgrad": ("Adam", {"lr": 0.1, "amsgrad": True, "maximize": True}),
    "adam-decoupled": ("Adam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    "adamw": ("AdamW", {"lr": 0.1}),
    "adamw-amsgrad": ("AdamW", {"lr": 0.1, "weight_decay": 0.3, "amsgrad": True}),
    "rmsprop": ("RMSprop", {"lr": 0.1}),
    "rmsprop-decay": ("RMSprop", {"alpha": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
    "rmsprop-momentum": ("RMSprop", {"momentum": 0.9, "maximize": True}),
    "rmsprop-centered": ("RMSprop", {"centered": True}),
    "rmsprop-both": ("RMSprop", {"centered": True, "momentum": 0.5}),
}
STEPS = 12


def start(dtype="float64"):
    rng = np.random.default_rng(1)
    return [np.asarray(rng.standard_normal(shape), dtype) for shape in SHAPES]


def gradients(dtype="float64"):
    """The gradients of every step; parameter 1 gets none in step 3, parameter 5 first in step 2."""
    rng = np.random.default_rng(2)
    steps = [[np.asarray(rng.standard_normal(s), dtype) for s in SHAPES] for _ in range(STEPS)]
    steps[3][1] = None
    steps[0][5] = steps[1][5] = None
    return steps


def make(lib, name, options, dtype="float64"):
    params = [lib.tensor(p, requires_grad=True) for p in start(dtype)]
    return params, getattr(lib.optim, name)(params, **options)


def run(lib, params, optimizer, steps):
    for grads in steps:
        for p, g in zip(params, grads, strict=True):
            p.grad = None if g is None else lib.tensor(g)
        optimizer.step()
    return [p.detach().numpy().copy() for p in params]


def assert_bits(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


# ---------------------------------------------------------------- what a step computes


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_trajectory_is_torchs(torch, case, dtype):
    ours = run(minigrad, *make(minigrad, *CASES[case], dtype), gradients(dtype))
    theirs = run(torch, *make(torch, *CASES[case], dtype), gradients(dtype))
    tolerance = {"float32": 5e-6, "float64": 1e-12}[dtype]
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def textbook_sgd(p, g, s, t, lr, momentum=0, dampening=0, weight_decay=0, nesterov=False,
                 maximize=False):  # fmt: skip
    g = (-g if maximize else g) + weight_decay * p
    if momentum:
        s["b"] = g if "b" not in s else momentum * s["b"] + (1 - dampening) * g
        g = g + momentum * s["b"] if nesterov else s["b"]
    return p - lr * g


def textbook_adam(p, g, s, t, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0,
                  amsgrad=False, maximize=False, decoupled_weight_decay=False):  # fmt: skip
    g = -g if maximize else g
    if decoupled_weight_decay:
        p = p - lr * weight_decay * p
    else:
        g = g + weight_decay * p
    s["m"] = betas[0] * s.get("m", 0) + (1 - betas[0]) * g
    s["v"] = betas[1] * s.get("v", 0) + (1 - betas[1]) * g**2
    s["v_max"] = np.maximum(s.get("v_max", 0), s["v"])
    v_hat = (s["v_max"] if amsgrad else s["v"]) / (1 - betas[1] ** t)
    return p - lr * s["m"] / (1 - betas[0] ** t) / (np.sqrt(v_hat) + eps)


def textbook_adamw(p, g, s, t, lr, weight_decay=1e-2, **options):
    options["decoupled_weight_decay"] = True
    return textbook_adam(p, g, s, t, lr, weight_decay=weight_decay, **options)


def textbook_rmsprop(p, g, s, t, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0, momentum=0,
                     centered=False, maximize=False):  # fmt: skip
    g = (-g if maximize else g) + weight_decay * p
    s["v"] = alpha * s.get("v", 0) + (1 - alpha) * g**2
    s["m"] = alpha * s.get("m", 0) + (1 - alpha) * g
    step = g / (np.sqrt(s["v"] - s["m"] ** 2 if centered else s["v"]) + eps)
    if momentum:
        step = s["b"] = momentum * s.get("b", 0) + step
    return p - lr * step


TEXTBOOK = {
    "SGD": textbook_sgd,
    "Adam": textbook_adam,
    "AdamW": textbook_adamw,
    "RMSprop": textbook_rmsprop,
}


@pytest.mark.parametrize("case", CASES)
def test_trajectory_is_the_textbooks(case):
    name, options = CASES[case]
    expected, states, counts = start(), [{} for _ in SHAPES], [0] * len(SHAPES)
    for grads in gradients():
        for i, g in enumerate(grads):
            if g is not None:
                counts[i] += 1
                expected[i] = TEXTBOOK[name](expected[i], g, states[i], counts[i], **options)
    for a, b in zip(run(minigrad, *make(minigrad, name, options), gradients()), expected,
                    strict=True):  # fmt: skip
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


def test_training_gives_torchs_losses(torch):
    def losses(lib):
        rng = np.random.default_rng(0)
        x = lib.tensor(rng.standard_normal((32, 5)))
        y = lib.tensor(rng.standard_normal((32, 1)))
        w1 = lib.tensor(rng.standard_normal((5, 8)), requires_grad=True)
        w2 = lib.tensor(rng.standard_normal((8, 1)), requires_grad=True)
        optimizer = lib.optim.Adam([w1, w2], lr=0.05)
        scheduler = lib.optim.lr_scheduler.CosineAnnealingLR(optimizer, 30)
        found = []
        for _ in range(30):
            optimizer.zero_grad()
            loss = ((lib.tanh(x @ w1) @ w2 - y) ** 2).mean()
            loss.backward()
            optimizer.step()
            scheduler.step()
            found.append(loss.item())
        return found

    ours = losses(minigrad)
    assert ours[-1] < 0.5 * ours[0]
    np.testing.assert_allclose(ours, losses(torch), rtol=1e-8)


def test_a_network_with_everything_trains_as_torchs(torch):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 8)).astype("f")
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)

    def losses(lib):
        lib.manual_seed(0)
        nn, data = lib.nn, lib.utils.data
        model = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))
        optimizer = lib.optim.AdamW(model.parameters(), lr=0.01)
        scheduler = lib.optim.lr_scheduler.CosineAnnealingLR(optimizer, 3)
        dataset = data.TensorDataset(lib.from_numpy(x), lib.from_numpy(y))
        train, _ = data.random_split(dataset, [0.8, 0.2])
        loader = data.DataLoader(train, 16, shuffle=True)
        found = []
        for _ in range(3):
            for inputs, targets in loader:
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(inputs), targets)
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 0.5)
                optimizer.step()
                found.append(loss.item())
            scheduler.step()
        return found

    # The same seed gives the same weights, the same split, the same shuffles: the same losses.
    np.testing.assert_allclose(losses(minigrad), losses(torch), rtol=1e-5)


def test_threads_do_not_change_a_bit():
    rng = np.random.default_rng(0)
    data = [rng.standard_normal((400, 301)), rng.standard_normal(70_001)]
    for name, options in (("SGD", {"momentum": 0.9}), ("Adam", {}), ("RMSprop", {})):
        results = []
        for threads in (1, 2, 4):
            minigrad.set_num_threads(threads)
            params = [minigrad.tensor(d, dtype=minigrad.float32) for d in data]
            optimizer = getattr(optim, name)(params, lr=0.1, **options)
            results.append(run(minigrad, params, optimizer, [[d.astype("f") for d in data]] * 3))
        assert_bits(results[0], results[1])
        assert_bits(results[0], results[2])


def test_any_layout_and_half_precision():
    rng = np.random.default_rng(0)
    dense = rng.standard_normal((6, 4)).astype("f")
    for dtype, view in (
        (minigrad.float32, lambda t: t.t()),
        (minigrad.float32, lambda t: t[::2]),
        (minigrad.float16, lambda t: t.clone()),
    ):
        p = view(minigrad.tensor(dense, dtype=dtype)).requires_grad_()
        q = p.detach().contiguous().clone().float().requires_grad_()
        a, b = optim.Adam([p], lr=0.1, amsgrad=True), optim.Adam([q], lr=0.1, amsgrad=True)
        for _ in range(3):
            p.grad = (p * p).detach()
            q.grad = p.grad.float()
            a.step()
            b.step()
        tolerance = 2e-2 if dtype is minigrad.float16 else 0
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), atol=tolerance)
        assert a.state[p]["exp_avg"].dtype is dtype


# ---------------------------------------------------------------- state


@pytest.mark.parametrize("case", CASES)
def test_resuming_gives_the_same_bits(case):
    steps = gradients("float32")
    params, optimizer = make(minigrad, *CASES[case], "float32")
    run(minigrad, params, optimizer, steps[:5])
    saved, weights = optimizer.state_dict(), [p.detach().numpy().copy() for p in params]
    resumed = [minigrad.tensor(w, requires_grad=True) for w in weights]
    other = getattr(optim, CASES[case][0])(resumed, lr=123.0)
    other.load_state_dict(saved)
    straight = run(minigrad, params, optimizer, steps[5:])
    assert_bits(straight, run(minigrad, resumed, other, steps[5:]))


def as_numpy(value):
    if isinstance(value, dict):
        return {k: as_numpy(v) for k, v in value.items()}
    return value.detach().numpy().tolist() if hasattr(value, "detach") else value


@pytest.mark.parametrize("case", CASES)
def test_state_dict_has_torchs_layout_and_goes_both_ways(torch, case):
    name, options = CASES[case]
    steps = gradients("float32")
    ours, theirs = make(minigrad, name, options, "float32"), make(torch, name, options, "float32")
    run(minigrad, *ours, steps[:4])
    run(torch, *theirs, steps[:4])
    mine, yours = ours[1].state_dict(), theirs[1].state_dict()
    assert mine["param_groups"] == yours["param_groups"]
    assert list(mine["param_groups"][0]) == list(yours["param_groups"][0])
    assert {k: set(v) for k, v in mine["state"].items()} == {
        k: set(v) for k, v in yours["state"].items()
    }
    assert repr(ours[1]) == repr(theirs[1])
    for lib, (params, optimizer), other in ((minigrad, ours, yours), (torch, theirs, mine)):
        state = {
            k: {name: lib.tensor(np.asarray(v.numpy())) for name, v in entry.items()}
            for k, entry in other["state"].items()
        }
        optimizer.load_state_dict({"state": state, "param_groups": other["param_groups"]})
        run(lib, params, optimizer, steps[4:6])
    for p, q in zip(ours[0], theirs[0], strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=5e-6, atol=5e-6)


def test_loaded_state_is_a_copy_in_the_parameters_dtype():
    params, optimizer = make(minigrad, "Adam", {}, "float32")
    run(minigrad, params, optimizer, gradients("float32")[:2])
    saved = optimizer.state_dict()
    before = copy.deepcopy(saved)
    wide = [p.detach().double().requires_grad_() for p in params]
    other = optim.Adam(wide)
    other.load_state_dict(saved)
    assert other.state[wide[0]]["exp_avg"].dtype is minigrad.float64
    assert other.state[wide[0]]["step"].dtype is minigrad.float32
    run(minigrad, wide, other, gradients("float64")[2:4])
    assert as_numpy(saved) == as_numpy(before)


def test_state_that_does_not_fit_is_refused():
    params, optimizer = make(minigrad, "Adam", {})
    run(minigrad, params, optimizer, gradients()[:1])
    saved = optimizer.state_dict()
    one = minigrad.zeros(3, requires_grad=True)
    with pytest.raises(ValueError, match="group 0 has 6 parameters, but the optimizer's has 1"):
        optim.Adam([one]).load_state_dict(saved)
    with pytest.raises(ValueError, match="different number of parameter groups"):
        optim.Adam([{"params": one}, {"params": []}]).load_state_dict(saved)
    other = optim.Adam([minigrad.zeros(2, requires_grad=True) for _ in params])
    other.load_state_dict(saved)
    for group in other.param_groups:
        for p in group["params"]:
            p.grad = minigrad.ones(2)
    with pytest.raises(
        RuntimeError, match=r"exp_avg .* shape \[4, 3\].* parameter has shape \[2\]"
    ):
        other.step()


def test_missing_options_are_filled_in_on_loading():
    params, optimizer = make(minigrad, "SGD", {"lr": 0.5})
    old = {"state": {}, "param_groups": [{"lr": 0.25, "params": list(range(len(params)))}]}
    optimizer.load_state_dict(old)
    assert optimizer.param_groups[0]["lr"] == 0.25
    assert optimizer.param_groups[0]["nesterov"] is False
    w = optim.AdamW(params)
    w.load_state_dict({**optim.Adam(params).state_dict()})
    assert w.param_groups[0]["decoupled_weight_decay"] is True


def test_copies_and_pickles():
    params, optimizer = make(minigrad, "Adam", {}, "float32")
    steps = gradients("float32")
    run(minigrad, params, optimizer, steps[:4])
    twins = [copy.deepcopy((params, optimizer)), pickle.loads(pickle.dumps((params, optimizer)))]
    expected = run(minigrad, params, optimizer, steps[4:])
    for twin in twins:
        assert_bits(expected, run(minigrad, *twin, steps[4:]))


def test_no_leak():
    params, optimizer = make(minigrad, "Adam", {})
    run(minigrad, params, optimizer, gradients()[:2])
    alive = [weakref.ref(p) for p in params] + [weakref.ref(optimizer)]
    del params, optimizer
    assert not any(r() is not None for r in alive)


@pytest.fixture(scope="session")
def torch():
    return pytest.importorskip("torch")
