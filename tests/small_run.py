"""A small training run that any thread or process may call, and that always gives the same bits."""

import hashlib
import time

import numpy as np

import minigrad
from minigrad import nn
from minigrad.nn import functional as F


def network(seed):
    """A small CNN with batch norm, its numbers from NumPy: the global generator is not asked."""
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 49, 10),
    )
    rng = np.random.default_rng(seed)
    with minigrad.no_grad():
        for p in net.parameters():
            p.copy_(minigrad.from_numpy(0.1 * rng.standard_normal(p.shape).astype(np.float32)))
    return net


def data(seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((64, 1, 14, 14)).astype(np.float32)
    return minigrad.from_numpy(x), minigrad.from_numpy(rng.integers(0, 10, 64))


def train(seed=0, steps=5, net=None):
    """Train, and return a digest of the losses and the final parameters."""
    net = network(seed) if net is None else net
    optimizer = minigrad.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    x, y = data(seed)
    found = hashlib.sha256()
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        found.update(loss.detach().numpy().tobytes())
    for value in net.state_dict().values():
        found.update(value.numpy().tobytes())
    return found.hexdigest()


def train_timed(seed=0, steps=20):
    """Return what ``train`` does, and the seconds of processor time that it took."""
    train(seed, 1)
    start = time.process_time()
    found = train(seed, steps)
    return found, time.process_time() - start
