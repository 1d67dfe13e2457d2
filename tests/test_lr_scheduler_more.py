"""The less usual schedules and schedulers of schedulers: 100 steps against torch, and recorded."""

import copy
import io

import pytest

import minigrad
from minigrad.optim import lr_scheduler


class Halves:
    """A scaling function with a state."""

    def __init__(self, factor=0.5):
        self.factor = factor

    def __call__(self, x):
        return self.factor ** (x - 1)


# name, arguments, learning rate after 0, 1, ... steps from 1.0 (torch 2.13.0)
CASES = {
    "multiplicative": (
        "MultiplicativeLR",
        {"lr_lambda": lambda epoch: 0.5 if epoch % 2 else 1.0},
        [1, 0.5, 0.5, 0.25, 0.25, 0.125],
    ),
    "polynomial": ("PolynomialLR", {"total_iters": 4}, [1, 0.75, 0.5, 0.25, 0, 0]),
    "polynomial-2": (
        "PolynomialLR",
        {"total_iters": 4, "power": 2.0},
        [1, 0.5625, 0.25, 0.0625, 0, 0],
    ),
    "restarts": ("CosineAnnealingWarmRestarts", {"T_0": 2}, [1, 0.5, 1, 0.5, 1, 0.5]),
    "restarts-longer": (
        "CosineAnnealingWarmRestarts",
        {"T_0": 1, "T_mult": 2, "eta_min": 0.5},
        [1, 1, 0.75, 1, 0.9267767, 0.75],
    ),
    "cyclic": (
        "CyclicLR",
        {"base_lr": 0.5, "max_lr": 1.0, "step_size_up": 2},
        [0.5, 0.75, 1.0, 0.75, 0.5, 0.75],
    ),
    "cyclic-down": (
        "CyclicLR",
        {"base_lr": 0, "max_lr": 1, "step_size_up": 1, "step_size_down": 4, "mode": "triangular2"},
        [0, 1, 0.75, 0.5, 0.25, 0],
    ),
    "cyclic-exp": (
        "CyclicLR",
        {"base_lr": 0, "max_lr": 1, "step_size_up": 2, "mode": "exp_range", "gamma": 0.5},
        [0, 0.25, 0.25, 0.0625, 0, 0.015625],
    ),
    "cyclic-function": (
        "CyclicLR",
        {"base_lr": 0, "max_lr": 1, "step_size_up": 1, "scale_fn": Halves()},
        [0, 1, 0, 0.5, 0, 0.25],
    ),
    "cyclic-iterations": (
        "CyclicLR",
        {
            "base_lr": 0,
            "max_lr": 1,
            "step_size_up": 1,
            "scale_fn": lambda x: 1 / (1 + x),
            "scale_mode": "iterations",
            "cycle_momentum": False,
        },
        [0, 0.5, 0, 0.25, 0, 1 / 6],
    ),
}


def sequence(lib, optimizer, *makers, milestones):
    s = lib.optim.lr_scheduler
    return s.SequentialLR(optimizer, [make(s, optimizer) for make in makers], milestones)


def chain(lib, optimizer, *makers):
    s = lib.optim.lr_scheduler
    return s.ChainedScheduler([make(s, optimizer) for make in makers])


def linear(s, o):
    return s.LinearLR(o, start_factor=0.1, total_iters=4)


def exponential(s, o):
    return s.ExponentialLR(o, 0.9)


def cosine(s, o):
    return s.CosineAnnealingLR(o, T_max=10)


def restarts(s, o):
    return s.CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2)


def constant(s, o):
    return s.ConstantLR(o, 0.25, total_iters=3)


def steps(s, o):
    return s.StepLR(o, 3, gamma=0.5)


def function(s, o):
    return s.LambdaLR(o, lambda epoch: 1 / (1 + epoch))


def one_cycle(s, o):
    return s.OneCycleLR(o, 1.0, total_steps=200)


COMBINED = {
    "warmup-cosine": lambda lib, o: sequence(lib, o, linear, cosine, milestones=[4]),
    "warmup-restarts": lambda lib, o: sequence(lib, o, linear, restarts, milestones=[5]),
    "three": lambda lib, o: sequence(lib, o, constant, exponential, steps, milestones=[2, 7]),
    "functions": lambda lib, o: sequence(lib, o, function, linear, milestones=[3]),
    "into-one-cycle": lambda lib, o: sequence(lib, o, steps, one_cycle, milestones=[4]),
    "only-one": lambda lib, o: sequence(lib, o, exponential, milestones=[]),
    "chained": lambda lib, o: chain(lib, o, linear, exponential),
    "chained-three": lambda lib, o: chain(lib, o, constant, steps, cosine),
}


def make_optimizer(lib=minigrad, lrs=(1.0,)):
    groups = [{"params": [lib.zeros(1, requires_grad=True)], "lr": lr} for lr in lrs]
    return lib.optim.SGD(groups, momentum=0.9)


def make(lib, optimizer, case):
    if case in COMBINED:
        return COMBINED[case](lib, optimizer)
    name, options, _ = CASES[case]
    return getattr(lib.optim.lr_scheduler, name)(optimizer, **options)


def trace(optimizer, scheduler, n):
    found = []
    for _ in range(n):
        found += [(g["lr"], g["momentum"]) for g in optimizer.param_groups]
        assert scheduler.get_last_lr() == [g["lr"] for g in optimizer.param_groups]
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize("case", CASES)
def test_schedule(case):
    optimizer = make_optimizer()
    found = trace(optimizer, make(minigrad, optimizer, case), 6)
    assert [lr for lr, _ in found] == pytest.approx(CASES[case][2], abs=1e-6)


@pytest.mark.parametrize("case", [*CASES, *COMBINED])
def test_a_hundred_steps_are_torchs(torch, case):
    found = []
    for lib in (minigrad, torch):
        optimizer = make_optimizer(lib, (1.0, 0.3))
        found.append(trace(optimizer, make(lib, optimizer, case), 100))
    for ours, theirs in zip(*found, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-15)


def test_plateau_stays_out_of_sequences():
    optimizer = make_optimizer()
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer)
    for combine in (
        lambda *s: lr_scheduler.ChainedScheduler(list(s)),
        lambda *s: lr_scheduler.SequentialLR(optimizer, list(s), [2]),
    ):
        with pytest.raises(ValueError, match="does not support `ReduceLROnPlateau`"):
            combine(lr_scheduler.ExponentialLR(optimizer, 0.5), plateau)


def test_restarts_at_a_fraction_of_an_epoch(torch):
    found = []
    for lib in (minigrad, torch):
        optimizer = make_optimizer(lib)
        scheduler = lib.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 2, T_mult=2)
        rates = []
        for i in range(40):
            scheduler.step(i / 3)
            rates += scheduler.get_last_lr()
        scheduler.step()
        found.append(rates + scheduler.get_last_lr())
    assert found[0] == pytest.approx(found[1], rel=1e-12)
    with pytest.raises(ValueError, match="Expected non-negative epoch, but got -1"):
        scheduler.step(-1)


def test_polynomial_closed_form(torch):
    found = []
    for lib in (minigrad, torch):
        optimizer = make_optimizer(lib)
        scheduler = lib.optim.lr_scheduler.PolynomialLR(optimizer, 6, power=1.5)
        rates = []
        for epoch in (1, 5, 2, 9):
            optimizer.step()
            with pytest.warns(UserWarning, match="epoch parameter"):
                scheduler.step(epoch)
            rates += scheduler.get_last_lr()
        found.append(rates)
    assert found[0] == pytest.approx(found[1], rel=1e-15)


def test_cyclic_turns_beta1_for_adam(torch):
    found = []
    for lib in (minigrad, torch):
        optimizer = lib.optim.Adam([lib.zeros(1, requires_grad=True)])
        scheduler = lib.optim.lr_scheduler.CyclicLR(optimizer, 0.1, 1.0, step_size_up=3)
        betas = []
        for _ in range(8):
            betas.append(optimizer.param_groups[0]["betas"])
            optimizer.step()
            scheduler.step()
        found.append(betas)
    assert found[0] == found[1]


@pytest.mark.parametrize("case", [*CASES, *COMBINED])
def test_resuming(case):
    straight = make_optimizer()
    scheduler = make(minigrad, straight, case)
    trace(straight, scheduler, 3)
    state = copy.deepcopy((straight.state_dict(), scheduler.state_dict()))
    resumed = make_optimizer()
    other = make(minigrad, resumed, case)
    resumed.load_state_dict(state[0])
    other.load_state_dict(state[1])
    assert trace(straight, scheduler, 9) == trace(resumed, other, 9)
    assert other.state_dict() == scheduler.state_dict()


def test_a_scaling_function_with_a_state_is_saved():
    first, second = make_optimizer(), make_optimizer()
    one = lr_scheduler.CyclicLR(first, 0, 1, scale_fn=Halves(0.25))
    two = lr_scheduler.CyclicLR(second, 0, 1, scale_fn=Halves())
    assert one.state_dict()["_scale_fn_custom"] == {"factor": 0.25}
    two.load_state_dict(one.state_dict())
    assert two.scale_fn(2) == 0.25


S = lr_scheduler


@pytest.mark.parametrize(
    ("error", "match", "make"),
    [
        (ValueError, "positive integer T_0, but got 0",
         lambda o: S.CosineAnnealingWarmRestarts(o, 0)),
        (ValueError, "integer T_mult >= 1, but got 0.5",
         lambda o: S.CosineAnnealingWarmRestarts(o, 1, 0.5)),
        (ValueError, "float or int eta_min", lambda o: S.CosineAnnealingWarmRestarts(o, 1, 1, "x")),
        (ValueError, "mode is invalid", lambda o: S.CyclicLR(o, 0, 1, mode="square")),
        (ValueError, "base_lr must have the same length", lambda o: S.CyclicLR(o, [0, 1], 1)),
        (TypeError, "int is not an Optimizer", lambda o: S.CyclicLR(3, 0, 1)),
        (ValueError, "momentum or beta1",
         lambda o: S.CyclicLR(minigrad.optim.Adagrad([minigrad.ones(1)]), 0, 1)),
        (ValueError, "Expected 1 lr_lambdas, but got 0", lambda o: S.MultiplicativeLR(o, [])),
        (ValueError, "at least one scheduler", lambda o: S.ChainedScheduler([])),
        (ValueError, "at least one scheduler", lambda o: S.SequentialLR(o, [], [])),
        (TypeError, "index 1 should have `optimizer`",
         lambda o: S.ChainedScheduler([S.StepLR(o, 1), 3])),
        (ValueError, "belong to the same optimizer",
         lambda o: S.ChainedScheduler([S.StepLR(o, 1), S.StepLR(make_optimizer(), 1)])),
        (ValueError, "one more than the number of milestone",
         lambda o: S.SequentialLR(o, [S.StepLR(o, 1)], [1])),
    ],
)  # fmt: skip
def test_errors(error, match, make):
    with pytest.raises(error, match=match):
        make(make_optimizer())


def test_a_schedule_of_ones_own_by_the_old_name(torch):
    found = []
    for lib in (minigrad, torch):

        class Warmup(lib.optim.lr_scheduler._LRScheduler):
            def __init__(self, optimizer, steps, last_epoch=-1):
                self.steps = steps
                super().__init__(optimizer, last_epoch)

            def get_lr(self):
                return [lr * min(1, self._step_count / self.steps) for lr in self.base_lrs]

        optimizer = make_optimizer(lib)
        found.append(trace(optimizer, Warmup(optimizer, 4), 6))
        assert isinstance(Warmup(optimizer, 2), lib.optim.lr_scheduler.LRScheduler)
    assert found[0] == found[1]


@pytest.mark.parametrize("case", [*CASES, *COMBINED])
def test_states_can_be_stored(case):
    optimizer = make_optimizer()
    scheduler = make(minigrad, optimizer, case)
    trace(optimizer, scheduler, 3)
    file = io.BytesIO()
    state = scheduler.state_dict()
    minigrad.save({"scheduler": state, "optimizer": optimizer.state_dict()}, file)
    file.seek(0)
    found = minigrad.load(file)
    other_optimizer = make_optimizer()
    other = make(minigrad, other_optimizer, case)
    other_optimizer.load_state_dict(found["optimizer"])
    other.load_state_dict(found["scheduler"])
    assert trace(optimizer, scheduler, 6) == trace(other_optimizer, other, 6)


def test_state_has_torchs_names():
    p = minigrad.zeros(1, requires_grad=True)
    optimizer = minigrad.optim.SGD([p], lr=0.1, momentum=0.9)
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer, min_lr=0.01, cooldown=2, patience=0)
    plateau.step(1.0)
    plateau.step(2.0)
    assert plateau.in_cooldown and plateau.min_lrs == [0.01] and plateau.default_min_lr == 0.01
    assert plateau.state_dict()["mode_worse"] == float("inf")
    lr_scheduler.CyclicLR(optimizer, 0.1, 1.0, base_momentum=0.5)
    group = optimizer.param_groups[0]
    assert (group["base_momentum"], group["max_momentum"]) == (0.5, 0.9)
    phases = lr_scheduler.OneCycleLR(optimizer, 1.0, 10).state_dict()["_schedule_phases"]
    assert phases[0]["start_lr"] == "initial_lr" and phases[1]["end_momentum"] == "max_momentum"


def test_a_group_that_comes_later_has_the_plateaus_lower_bound():
    optimizer = minigrad.optim.SGD([minigrad.zeros(1, requires_grad=True)], lr=0.1)
    one, two = (
        lr_scheduler.ReduceLROnPlateau(optimizer, min_lr=m, patience=0) for m in (0.05, [0])
    )
    optimizer.add_param_group({"params": [minigrad.zeros(1, requires_grad=True)], "lr": 0.2})
    for _ in range(9):
        one.step(1.0)
    assert one.get_last_lr() == [0.05, 0.05] and one.min_lrs == [0.05, 0.05]
    two.step(1.0)
    with pytest.raises(RuntimeError, match="2 param groups"):
        two.step(1.0)
