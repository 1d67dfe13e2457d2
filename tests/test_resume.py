"""A run that is stopped, saved, loaded and gone on with has the bits of one that ran through."""

import numpy as np
import pytest

import minigrad
from minigrad import nn, optim
from minigrad.optim import lr_scheduler as schedulers
from minigrad.utils.data import DataLoader, TensorDataset

OPTIMIZERS = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "Adam": {"amsgrad": True, "weight_decay": 0.01},
    "AdamW": {},
    "NAdam": {},
    "RAdam": {},
    "Adamax": {},
    "Adagrad": {"lr_decay": 0.1},
    "Adadelta": {},
    "Adafactor": {"lr": 0.05},
    "ASGD": {"t0": 3},
    "RMSprop": {"momentum": 0.5, "centered": True},
    "Rprop": {},
    "LBFGS": {"lr": 0.1, "max_iter": 3},
    "Muon": {},
}
SCHEDULERS = {
    "StepLR": lambda o: schedulers.StepLR(o, 7),
    "MultiStepLR": lambda o: schedulers.MultiStepLR(o, [3, 8, 8, 17]),
    "ExponentialLR": lambda o: schedulers.ExponentialLR(o, 0.97),
    "LinearLR": lambda o: schedulers.LinearLR(o, total_iters=15),
    "PolynomialLR": lambda o: schedulers.PolynomialLR(o, total_iters=15, power=2.0),
    "CosineAnnealingLR": lambda o: schedulers.CosineAnnealingLR(o, 9),
    "CosineAnnealingWarmRestarts": lambda o: schedulers.CosineAnnealingWarmRestarts(o, 3, 2),
    "LambdaLR": lambda o: schedulers.LambdaLR(o, lambda step: 0.99**step),
    "OneCycleLR": lambda o: schedulers.OneCycleLR(o, 0.1, 60),
    "CyclicLR": lambda o: schedulers.CyclicLR(o, 0.01, 0.1, 6, mode="triangular2"),
    "SequentialLR": lambda o: schedulers.SequentialLR(
        o, [schedulers.ConstantLR(o, 0.5, 4), schedulers.ExponentialLR(o, 0.9)], [6]
    ),
    "ChainedScheduler": lambda o: schedulers.ChainedScheduler(
        [schedulers.ConstantLR(o, 0.5, 4), schedulers.ExponentialLR(o, 0.9)]
    ),
    "ReduceLROnPlateau": lambda o: schedulers.ReduceLROnPlateau(o, patience=1),
}
FORMATS = pytest.mark.parametrize("name", ["x.pt", "x.safetensors"])


class Training:
    """A model with batch norm and dropout, and all that its training consists of."""

    def __init__(self, optimizer="SGD", scheduler="StepLR", seed=0, own_generator=True):
        minigrad.manual_seed(seed)
        self.model = nn.Sequential(
            nn.Conv1d(1, 3, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Dropout(0.3), nn.Flatten(),
            nn.Linear(12, 8), nn.BatchNorm1d(8, momentum=None), nn.Tanh(), nn.Dropout(0.2),
            nn.Linear(8, 2),
        )  # fmt: skip
        muon = optimizer == "Muon"  # which is for matrices
        params = [p for p in self.model.parameters() if p.ndim == 2 or not muon]
        self.optimizer = getattr(optim, optimizer)(params, **OPTIMIZERS[optimizer])
        self.scheduler = SCHEDULERS[scheduler](self.optimizer)
        self.generator = minigrad.Generator().manual_seed(seed) if own_generator else None
        draws = np.random.default_rng(0)
        x = minigrad.from_numpy(draws.standard_normal((22, 1, 6), np.float32))
        y = minigrad.from_numpy(draws.integers(0, 2, 22))
        self.loader = DataLoader(
            TensorDataset(x, y), batch_size=4, shuffle=True, generator=self.generator
        )
        self.losses, self.order = [], None

    def step(self, x, y):
        def closure():
            self.optimizer.zero_grad()
            loss = nn.functional.cross_entropy(self.model(x), y)
            loss.backward()
            return loss

        loss = self.optimizer.step(closure)
        if isinstance(self.scheduler, schedulers.ReduceLROnPlateau):
            self.scheduler.step(loss.item())
        else:
            self.scheduler.step()
        self.losses.append(loss.item())

    def epoch(self, done=0, until=None):
        """Go through the data, but for the first ``done`` batches; stop behind ``until``."""
        if self.generator is not None:
            self.order = self.generator.get_state()  # from which the order is drawn
        batches = iter(self.loader)
        for _ in range(done):
            next(batches)
        if done:
            minigrad.set_rng_state(self.random)
        for i, (x, y) in enumerate(batches, done):
            if i == until:
                break
            self.step(x, y)
        return self

    def save(self, path, batches=0):
        checkpoint = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "random": minigrad.get_rng_state(),
            "batches": batches,
        }
        if self.generator is not None:
            checkpoint["order"] = self.order if batches else self.generator.get_state()
        minigrad.save(checkpoint, path)

    def load(self, path):
        found = minigrad.load(path)
        self.model.load_state_dict(found["model"])
        self.optimizer.load_state_dict(found["optimizer"])
        self.scheduler.load_state_dict(found["scheduler"])
        self.random = found["random"]
        minigrad.set_rng_state(self.random)
        if self.generator is not None:
            self.generator.set_state(found["order"])
        return found["batches"]

    def bits(self):
        """Return all that training has made, as what is equal only bit for bit."""
        everything = [
            self.model.state_dict(), self.optimizer.state_dict(), self.scheduler.state_dict(),
            minigrad.get_rng_state(), self.losses[-7:],
        ]  # fmt: skip
        return as_bits(everything)


def as_bits(value):
    if isinstance(value, minigrad.Tensor):
        array = value.detach().numpy()
        return str(array.dtype), array.shape, array.tobytes()
    if isinstance(value, dict):
        return {key: as_bits(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_bits(item) for item in value]
    return value.hex() if isinstance(value, float) else value


def check(path, *names, **options):
    whole = Training(*names, **options)
    for _ in range(4):
        whole.epoch()
    expected = whole.bits()
    assert len(set(expected[-1])) > 4, "it stands still"
    first = Training(*names, **options)
    first.epoch().epoch().save(path)
    second = Training(*names, seed=9, **options)
    second.load(path)
    assert second.epoch().epoch().bits() == expected


@FORMATS
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(tmp_path, name, optimizer):
    check(tmp_path / name, optimizer)


@FORMATS
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_scheduler(tmp_path, name, scheduler):
    check(tmp_path / name, "SGD", scheduler)


@FORMATS
def test_an_order_from_the_generator_of_all(tmp_path, name):
    check(tmp_path / name, "Adam", own_generator=False)


@FORMATS
@pytest.mark.parametrize("batches", [1, 3, 5])
def test_in_the_middle_of_an_epoch(tmp_path, name, batches):
    """With the state from which the order of the epoch was drawn, its first batches are skipped."""
    whole = Training("Adam", "OneCycleLR").epoch().epoch().epoch().bits()
    first = Training("Adam", "OneCycleLR").epoch().epoch(until=batches)
    first.save(tmp_path / name, batches)
    second = Training("Adam", "OneCycleLR", seed=9)
    done = second.load(tmp_path / name)
    assert second.epoch(done).epoch().bits() == whole


def test_what_is_forgotten_shows(tmp_path):
    """The other way round: without any one of its parts a checkpoint leads elsewhere."""
    path = tmp_path / "x.pt"
    whole = Training("Adam", "CosineAnnealingLR").epoch().epoch().bits()
    Training("Adam", "CosineAnnealingLR").epoch().save(path)
    complete = minigrad.load(path)
    for part in ("model", "optimizer", "scheduler", "random", "order"):
        second = Training("Adam", "CosineAnnealingLR", seed=9)
        second.save(tmp_path / "other.pt")
        checkpoint = complete | {part: minigrad.load(tmp_path / "other.pt")[part]}
        minigrad.save(checkpoint, path)
        second.load(path)
        assert second.epoch().bits() != whole, part
