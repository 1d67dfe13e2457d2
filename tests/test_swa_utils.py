"""Averaged models and their learning rates, against torch and against means."""

import numpy as np
import pytest
from support import assert_close

import minigrad
from minigrad import nn, optim
from minigrad.optim import swa_utils


def averages(lib, **options):
    """Train for a few steps, averaging; return the average's state."""
    lib.manual_seed(0)
    model = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.BatchNorm1d(4), lib.nn.Linear(4, 1))
    swa = lib.optim.swa_utils
    options = {
        k: v(swa) if k.endswith("_fn") and isinstance(v, type(lambda: 0)) else v
        for k, v in options.items()
    }
    averaged = swa.AveragedModel(model, **options)
    optimizer = lib.optim.SGD(model.parameters(), lr=0.1)
    x = lib.from_numpy(np.random.default_rng(0).standard_normal((8, 3)).astype("f"))
    for _ in range(4):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
        averaged.update_parameters(model)
    out = averaged(x)
    swa.update_bn([x[:4], (x[4:], 3)], averaged)
    return [*averaged.state_dict().values(), out, averaged(x)]


OPTIONS = {
    "mean": {},
    "mean, multi": {"multi_avg_fn": lambda swa: swa.get_swa_multi_avg_fn()},
    "ema": {"avg_fn": lambda swa: swa.get_ema_avg_fn(0.9)},
    "ema, multi": {"multi_avg_fn": lambda swa: swa.get_ema_multi_avg_fn(0.9)},
    "with buffers": {"use_buffers": True},
    "ema with buffers": {"use_buffers": True, "avg_fn": lambda swa: swa.get_ema_avg_fn(0.5)},
}


@pytest.mark.parametrize("case", OPTIONS)
def test_averages_are_torchs(torch, case):
    ours, theirs = averages(minigrad, **OPTIONS[case]), averages(torch, **OPTIONS[case])
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_the_mean_and_the_moving_average():
    model = nn.Linear(1, 1, bias=False)
    mean = swa_utils.AveragedModel(model)
    moving = swa_utils.AveragedModel(model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.5))
    for value in (1.0, 3.0, 8.0):
        nn.init.constant_(model.weight, value)
        mean.update_parameters(model)
        moving.update_parameters(model)
    assert mean.module.weight.item() == 4
    assert moving.module.weight.item() == 5
    assert mean.n_averaged.item() == 3
    other = swa_utils.AveragedModel(nn.Linear(1, 1, bias=False))
    other.load_state_dict(mean.state_dict())
    other.update_parameters(model)
    assert other.module.weight.item() == 5
    assert other.module.weight.requires_grad


def test_update_bn_leaves_a_model_without_norms_and_the_mode_alone():
    model = nn.Sequential(nn.Linear(1, 1))
    swa_utils.update_bn([3], model)  # no batch is looked at
    norm = nn.BatchNorm1d(1, momentum=0.3).eval()
    swa_utils.update_bn([minigrad.tensor([[0.0], [2.0]]), minigrad.tensor([[4.0], [6.0]])], norm)
    assert norm.running_mean.item() == 3
    assert norm.momentum == 0.3 and not norm.training


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 1, 5])
def test_learning_rates_are_torchs(torch, strategy, epochs):
    found = []
    for lib in (minigrad, torch):
        groups = [{"params": [lib.zeros(1, requires_grad=True)], "lr": lr} for lr in (1.0, 0.3)]
        optimizer = lib.optim.SGD(groups)
        swa = lib.optim.swa_utils.SWALR(optimizer, [0.05, 0.5], epochs, strategy)
        decay = lib.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        rates = [g["lr"] for g in optimizer.param_groups]
        for i in range(20):
            optimizer.step()
            if i < 4:
                decay.step()
            else:
                swa.step()
            rates += [g["lr"] for g in optimizer.param_groups]
        found.append(rates)
    assert found[0] == pytest.approx(found[1], rel=1e-12)


def test_another_model_is_refused():
    """Where torch would average what comes first, and say nothing."""
    averaged = swa_utils.AveragedModel(nn.Linear(2, 2))
    for other in (nn.Linear(2, 2, bias=False), nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))):
        with pytest.raises(ValueError, match="argument 2 is"):
            averaged.update_parameters(other)
        assert averaged.n_averaged == 0


def test_errors():
    optimizer = optim.SGD([minigrad.zeros(1, requires_grad=True)])
    with pytest.raises(ValueError, match="instead got x"):
        swa_utils.SWALR(optimizer, 0.1, anneal_strategy="x")
    with pytest.raises(ValueError, match="equal or greater than 0, got -1"):
        swa_utils.SWALR(optimizer, 0.1, -1)
    with pytest.raises(ValueError, match="swa_lr must have the same length"):
        swa_utils.SWALR(optimizer, [0.1, 0.2])
    with pytest.raises(TypeError, match="int is not an Optimizer"):
        swa_utils.SWALR(3, 0.1)
    with pytest.raises(ValueError, match="Invalid decay value 2"):
        swa_utils.get_ema_avg_fn(2)
    fn = swa_utils.get_swa_avg_fn()
    with pytest.raises(AssertionError, match="Only one of avg_fn and multi_avg_fn"):
        swa_utils.AveragedModel(nn.Linear(1, 1), avg_fn=fn, multi_avg_fn=fn)
