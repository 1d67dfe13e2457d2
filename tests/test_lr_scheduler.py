"""Learning rate schedules, against torch's where it is installed and recorded values elsewhere."""

import warnings

import pytest

import minigrad
from minigrad.optim import lr_scheduler

# name, arguments, learning rate after 0, 1, ... steps from 1.0 (torch 2.13.0)
CASES = {
    "step": ("StepLR", {"step_size": 3, "gamma": 0.5}, [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]),
    "multistep": (
        "MultiStepLR",
        {"milestones": [2, 4, 4], "gamma": 0.5},
        [1, 1, 0.5, 0.5, 0.125, 0.125, 0.125, 0.125],
    ),
    "exponential": (
        "ExponentialLR",
        {"gamma": 0.5},
        [1, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125],
    ),
    "constant": (
        "ConstantLR",
        {"factor": 0.5, "total_iters": 3},
        [0.5, 0.5, 0.5, 1, 1, 1, 1, 1],
    ),
    "linear": (
        "LinearLR",
        {"start_factor": 0.25, "total_iters": 3},
        [0.25, 0.5, 0.75, 1, 1, 1, 1, 1],
    ),
    "cosine": (
        "CosineAnnealingLR",
        {"T_max": 4},
        [1, 0.8535533906, 0.5, 0.1464466094, 0, 0.1464466094, 0.5, 0.8535533906],
    ),
    "cosine-floor": (
        "CosineAnnealingLR",
        {"T_max": 2, "eta_min": 0.5},
        [1, 0.75, 0.5, 0.75, 1, 0.75, 0.5, 0.75],
    ),
    "lambda": (
        "LambdaLR",
        {"lr_lambda": lambda epoch: 1 / (1 + epoch)},
        [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6, 1 / 7, 1 / 8],
    ),
    "one-cycle": (
        "OneCycleLR",
        {"max_lr": 1.0, "total_steps": 8, "pct_start": 0.5, "cycle_momentum": False},
        [0.04, 0.28, 0.76, 1.0, 0.8535537, 0.500002, 0.14645, 4e-6],
    ),
    "one-cycle-linear": (
        "OneCycleLR",
        {
            "max_lr": 1.0,
            "epochs": 4,
            "steps_per_epoch": 2,
            "pct_start": 0.5,
            "anneal_strategy": "linear",
            "div_factor": 4.0,
            "final_div_factor": 2.0,
            "three_phase": True,
        },
        [0.25, 0.5, 0.75, 1.0, 0.75, 0.5, 0.25, 0.125],
    ),
}


def make_optimizer(lib=minigrad, lrs=(1.0,), **options):
    groups = [{"params": [lib.zeros(1, requires_grad=True)], "lr": lr} for lr in lrs]
    return lib.optim.SGD(groups, **{"momentum": 0.9, **options})


def step(optimizer, scheduler):
    optimizer.step()
    scheduler.step()


@pytest.mark.parametrize("case", CASES)
def test_schedule(case):
    name, options, expected = CASES[case]
    optimizer = make_optimizer()
    scheduler = getattr(lr_scheduler, name)(optimizer, **options)
    found = []
    for _ in expected:
        assert scheduler.get_last_lr() == [optimizer.param_groups[0]["lr"]]
        found += scheduler.get_last_lr()
        if len(found) < len(expected):
            step(optimizer, scheduler)
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_schedule_is_torchs_bit_for_bit(torch, case):
    name, options, expected = CASES[case]
    found = []
    for lib in (minigrad, torch):
        optimizer = make_optimizer(lib, (1.0, 0.3))
        scheduler = getattr(lib.optim.lr_scheduler, name)(optimizer, **options)
        groups = optimizer.param_groups
        trace = [(g["lr"], g["momentum"], g["initial_lr"]) for g in groups]
        for _ in expected[1:]:
            step(optimizer, scheduler)
            trace += [(g["lr"], g["momentum"]) for g in groups]
        found.append(trace)
    assert found[0] == found[1]


@pytest.mark.parametrize("case", [c for c in CASES if not c.startswith("one-cycle")])
def test_closed_form_is_torchs(torch, case):
    name, options, _ = CASES[case]
    found = []
    for lib in (minigrad, torch):
        optimizer = make_optimizer(lib, (1.0, 0.3))
        scheduler = getattr(lib.optim.lr_scheduler, name)(optimizer, **options)
        trace = []
        for epoch in (1, 5, 2, 9):
            optimizer.step()
            with pytest.warns(UserWarning, match="epoch parameter"):
                scheduler.step(epoch)
            trace += scheduler.get_last_lr()
        found.append(trace)
    assert found[0] == pytest.approx(found[1], rel=1e-15)


def test_one_cycle_turns_beta1_for_adam(torch):
    found = []
    for lib in (minigrad, torch):
        optimizer = lib.optim.Adam([lib.zeros(1, requires_grad=True)])
        scheduler = lib.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=10)
        trace = []
        for _ in range(9):
            step(optimizer, scheduler)
            trace.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["betas"]))
        found.append(trace)
        with pytest.raises(ValueError, match="total steps is 10"):
            for _ in range(3):
                step(optimizer, scheduler)
    assert found[0] == found[1]


def test_schedules_chain():
    optimizer = make_optimizer()
    warmup = lr_scheduler.LinearLR(optimizer, start_factor=0.25, total_iters=3)
    decay = lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    for _ in range(4):
        optimizer.step()
        warmup.step()
        decay.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(1 / 16)


@pytest.mark.parametrize("case", CASES)
def test_resuming(case):
    name, options, _ = CASES[case]
    straight = make_optimizer()
    scheduler = getattr(lr_scheduler, name)(straight, **options)
    for _ in range(3):
        step(straight, scheduler)
    resumed = make_optimizer()
    other = getattr(lr_scheduler, name)(resumed, **options)
    resumed.load_state_dict(straight.state_dict())
    other.load_state_dict(scheduler.state_dict())
    for _ in range(4):
        step(straight, scheduler)
        step(resumed, other)
        assert straight.param_groups[0]["lr"] == resumed.param_groups[0]["lr"]
    assert other.state_dict() == scheduler.state_dict()


def test_starting_from_a_later_epoch(torch):
    found = []
    for lib in (minigrad, torch):
        optimizer = make_optimizer(lib)
        optimizer.param_groups[0]["initial_lr"] = 1.0
        scheduler = lib.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5, last_epoch=2)
        trace = scheduler.get_last_lr()
        step(optimizer, scheduler)
        found.append(trace + scheduler.get_last_lr())
    assert found[0] == found[1]
    with pytest.raises(KeyError, match=r"'initial_lr' is not specified in param_groups\[0\]"):
        lr_scheduler.StepLR(make_optimizer(), 1, last_epoch=2)


def test_plateau(torch):
    metrics = [1.0, 0.9, 0.95, 0.95, 0.95, 0.8, 0.79999, 0.79998, 0.9, 0.9, 0.1, 0.2, 0.2, 0.2]
    for options in (
        {"patience": 1},
        {"patience": 1, "mode": "max", "threshold_mode": "abs", "threshold": 0.05},
        {"patience": 0, "cooldown": 2, "factor": 0.5, "min_lr": [0.2, 0.01]},
        {"patience": 1, "eps": 0.05},
    ):
        found = []
        for lib in (minigrad, torch):
            optimizer = make_optimizer(lib, (1.0, 0.3))
            scheduler = lib.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
            trace = []
            for metric in metrics:
                optimizer.step()
                scheduler.step(lib.tensor(metric, dtype=lib.float64))
                trace += scheduler.get_last_lr()
            found.append(trace)
        assert found[0] == found[1]
        assert found[0][-1] < 0.3


def test_plateau_resumes_and_checks():
    optimizer = make_optimizer()
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    scheduler.step(1.0)
    state = scheduler.state_dict()
    scheduler.step(1.0)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1)
    other = lr_scheduler.ReduceLROnPlateau(make_optimizer(), patience=5)
    other.load_state_dict(state)
    other.step(1.0)
    assert other.get_last_lr() == scheduler.get_last_lr()
    for error, options in (
        ("Factor should be < 1.0", {"factor": 1.0}),
        ("mode best is unknown", {"mode": "best"}),
        ("threshold mode x is unknown", {"threshold_mode": "x"}),
        ("min_lr must have the same length", {"min_lr": [0.1, 0.2]}),
    ):
        with pytest.raises(ValueError, match=error):
            lr_scheduler.ReduceLROnPlateau(optimizer, **options)


def test_lambda_saves_the_state_of_callable_objects():
    class Decay:
        def __init__(self, rate):
            self.rate = rate

        def __call__(self, epoch):
            return self.rate**epoch

    optimizer = make_optimizer(lrs=(1.0, 2.0))
    scheduler = lr_scheduler.LambdaLR(optimizer, [Decay(0.5), lambda epoch: 1.0])
    state = scheduler.state_dict()
    assert state["lr_lambdas"] == [{"rate": 0.5}, None]
    other = lr_scheduler.LambdaLR(make_optimizer(lrs=(1.0, 2.0)), [Decay(0.1), lambda epoch: 1.0])
    other.load_state_dict(state)
    assert other.lr_lambdas[0].rate == 0.5
    assert "lr_lambdas" in state
    with pytest.raises(ValueError, match="Expected 2 lr_lambdas, but got 1"):
        lr_scheduler.LambdaLR(optimizer, [Decay(0.5)])


def test_multistep_state_as_plain_dict():
    optimizer = make_optimizer()
    scheduler = lr_scheduler.MultiStepLR(optimizer, [1, 2])
    scheduler.load_state_dict({**scheduler.state_dict(), "milestones": {1: 2}})
    step(optimizer, scheduler)
    step(optimizer, scheduler)
    assert scheduler.get_last_lr() == pytest.approx([0.01])


def test_learning_rate_as_a_tensor():
    lr = minigrad.tensor(1.0)
    optimizer = minigrad.optim.SGD([minigrad.zeros(1, requires_grad=True)], lr=lr)
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    step(optimizer, scheduler)
    assert optimizer.param_groups[0]["lr"] is lr
    assert lr.item() == 0.5
    assert scheduler.get_last_lr() == [0.5]
    assert scheduler.base_lrs == [1.0]


def test_warnings():
    optimizer = make_optimizer()
    scheduler = lr_scheduler.StepLR(optimizer, 1)
    with pytest.warns(UserWarning, match=r"`lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
        scheduler.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step(optimizer, scheduler)
    with pytest.warns(UserWarning, match="get_last_lr"):
        scheduler.get_lr()


@pytest.mark.parametrize(
    ("error", "match", "make"),
    [
        (TypeError, "int is not an Optimizer", lambda o: lr_scheduler.StepLR(3, 1)),
        (ValueError, "between 0 and 1", lambda o: lr_scheduler.ConstantLR(o, factor=2.0)),
        (ValueError, "greater than 0", lambda o: lr_scheduler.LinearLR(o, start_factor=0)),
        (ValueError, "Ending", lambda o: lr_scheduler.LinearLR(o, end_factor=2)),
        (ValueError, "total_steps OR", lambda o: lr_scheduler.OneCycleLR(o, 0.1)),
        (ValueError, "positive integer epochs, but got 0",
         lambda o: lr_scheduler.OneCycleLR(o, 0.1, epochs=0, steps_per_epoch=2)),
        (ValueError, "positive integer total_steps, but got -1",
         lambda o: lr_scheduler.OneCycleLR(o, 0.1, -1)),
        (ValueError, "float between 0 and 1 pct_start, but got 2",
         lambda o: lr_scheduler.OneCycleLR(o, 0.1, 3, pct_start=2)),
        (ValueError, "instead got x", lambda o: lr_scheduler.OneCycleLR(o, 0.1, 3,
                                                                        anneal_strategy="x")),
        (ValueError, "max_lr must have the same length",
         lambda o: lr_scheduler.OneCycleLR(o, [0.1, 0.2], 3)),
    ],
)  # fmt: skip
def test_errors(error, match, make):
    with pytest.raises(error, match=match):
        make(make_optimizer())


@pytest.fixture(scope="session")
def torch():
    return pytest.importorskip("torch")


def test_cosine_goes_up_again_after_its_minimum(torch):
    rates = []
    for m in (minigrad, torch):
        optimizer = m.optim.SGD([m.zeros(1, requires_grad=True)], lr=1.0)
        scheduler = m.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4, eta_min=0.1)
        found = []
        for _ in range(20):
            optimizer.step()
            scheduler.step()
            found += scheduler.get_last_lr()
        rates.append(found)
    assert rates[0] == pytest.approx(rates[1], rel=1e-12)
    assert rates[0][3] == pytest.approx(0.1) and rates[0][7] == pytest.approx(1.0)


def test_one_cycle_without_momentum():
    optimizer = minigrad.optim.SGD([minigrad.zeros(1, requires_grad=True)], lr=1.0, momentum=0.3)
    one_cycle = minigrad.optim.lr_scheduler.OneCycleLR
    scheduler = one_cycle(optimizer, 1.0, total_steps=4, cycle_momentum=False)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["momentum"] == 0.3
    plain = minigrad.optim.Optimizer([minigrad.zeros(1, requires_grad=True)], {"lr": 0.1})
    with pytest.raises(ValueError, match="momentum or beta1"):
        one_cycle(plain, 1.0, total_steps=4)
