"""The same seed gives torch's numbers: draws, initial weights, shuffles, splits, loss curves.

torch's builds of today draw everything from one mt19937.  Older ones, with MKL, drew
``bernoulli_(p)``, ``exponential_`` and so dropout from MKL's generator: their masks differ.
"""

import math

import numpy as np
import pytest
from support import assert_close

import minigrad
from minigrad import nn
from minigrad.utils.data.datasets import Digits

# ---------------------------------------------------------------- draws

FILLS = {
    "cauchy_": ((), (2.0, 3.0)),
    "log_normal_": ((), (0.3, 0.2)),
    "geometric_": ((0.3,), (0.001,)),
    "exponential_": ((), (3.0,)),
}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", FILLS)
def test_fills_draw_torchs_numbers(torch, name, dtype):
    for seed in (0, 42):
        for arguments in FILLS[name]:
            for made in (
                lambda lib: lib.zeros(50, dtype=getattr(lib, dtype)),
                lambda lib: lib.zeros(8, 6, dtype=getattr(lib, dtype)).t(),
                lambda lib: lib.zeros(8, 6, dtype=getattr(lib, dtype))[::2, 1:4],
            ):
                minigrad.manual_seed(seed)
                torch.manual_seed(seed)
                ours = getattr(made(minigrad), name)(*arguments)
                theirs = getattr(made(torch), name)(*arguments)
                assert_close(ours, theirs, rtol=1e-6 if dtype == "float32" else None)
                assert minigrad.rand(2).tolist() == torch.rand(2).tolist(), "the numbers after"


DRAWS = {
    "geometric_ of ints": lambda lib: lib.zeros(9, dtype=lib.int64).geometric_(0.2),
    "poisson small": lambda lib: lib.poisson(lib.arange(60.0).view(6, 10) / 8),
    "poisson large": lambda lib: lib.poisson(lib.arange(60.0).view(6, 10) * 3 + 10),
    "poisson strided": lambda lib: lib.poisson(lib.arange(60.0).view(6, 10).t()),
    "poisson float16": lambda lib: lib.poisson(lib.full((20,), 12.0, dtype=lib.float16)),
    "randint_like low high": lambda lib: lib.randint_like(lib.zeros(9), low=2, high=5),
    "randint_like dtype": lambda lib: lib.randint_like(lib.zeros(9), 5, dtype=lib.int32),
    "randint_like strided": lambda lib: lib.randint_like(lib.zeros(4, 5).t(), 5),
    "random_ strided": lambda lib: lib.zeros(4, 5).t().random_(7),
    "random_ anything strided": lambda lib: lib.zeros(4, 5).t().random_(),
    "multinomial many": lambda lib: lib.multinomial(
        lib.arange(3000.0) % 17, 5000, replacement=True
    ),
    "multinomial rows": lambda lib: lib.multinomial(lib.arange(90.0).view(9, 10), 5),
    "sparse_": lambda lib: lib.nn.init.sparse_(lib.empty(20, 9), 0.3),
    "orthogonal_": lambda lib: lib.nn.init.orthogonal_(lib.empty(20, 9)),
    "trunc_normal_": lambda lib: lib.nn.init.trunc_normal_(lib.empty(20, 9), std=0.02),
    "kaiming_uniform_": lambda lib: lib.nn.init.kaiming_uniform_(lib.empty(20, 9, 3)),
    "kaiming_normal_": lambda lib: lib.nn.init.kaiming_normal_(lib.empty(20, 9, 3)),
    "xavier_uniform_": lambda lib: lib.nn.init.xavier_uniform_(lib.empty(20, 9)),
    "xavier_normal_": lambda lib: lib.nn.init.xavier_normal_(lib.empty(20, 9), 2.0),
}


@pytest.mark.parametrize("name", DRAWS)
def test_draws_are_torchs(torch, name):
    if name == "sparse_" and not hasattr(nn.init, "sparse_"):
        pytest.skip("not there")
    for seed in (0, 42, 123456789):
        minigrad.manual_seed(seed)
        torch.manual_seed(seed)
        assert_close(DRAWS[name](minigrad), DRAWS[name](torch), rtol=1e-5, atol=1e-5)
        assert minigrad.rand(2).tolist() == torch.rand(2).tolist(), "the numbers after"


def test_recorded_draws():
    """torch's numbers for seed 0, for where torch is not installed."""
    recorded = {
        "cauchy_": [10.59773, 0.7647673, -0.1282993],
        "log_normal_": [59.26342, 1.51156, 0.03481946],
        "exponential_": [3.508326, 1.230385, 0.6150441],
    }
    for name, expected in recorded.items():
        minigrad.manual_seed(0)
        assert_close(getattr(minigrad.empty(3), name)(), np.float32(expected), rtol=1e-6)
    minigrad.manual_seed(0)
    assert minigrad.empty(4).geometric_(0.2).tolist() == [1, 2, 4, 1]
    rates = minigrad.tensor([0.0, 0.5, 3.0, 30.0, 300.0])
    assert minigrad.poisson(rates).tolist() == [0, 1, 2, 26, 282]
    weights = minigrad.arange(6.0) + 1
    assert minigrad.multinomial(weights, 5, replacement=True).tolist() == [4, 4, 3, 3, 2]


def test_draws_follow_their_distributions():
    n = 20_000
    assert abs(np.median(minigrad.empty(n).cauchy_(1.0, 2.0).numpy()) - 1.0) < 0.1
    assert abs(minigrad.empty(n).log_normal_(0.0, 0.5).mean().item() - math.exp(0.125)) < 0.03
    assert abs(minigrad.empty(n).geometric_(0.25).mean().item() - 4) < 0.15
    for rate in (0.5, 4.0, 40.0):
        drawn = minigrad.poisson(minigrad.full((5000,), rate))
        assert abs(drawn.mean().item() - rate) < 0.08 * rate
        assert abs(drawn.var().item() - rate) < 0.12 * rate


REFUSED = {
    "cauchy_ sigma": lambda lib: lib.empty(2).cauchy_(0, -1),
    "cauchy_ of ints": lambda lib: lib.empty(2, dtype=lib.int64).cauchy_(),
    "log_normal_ std": lambda lib: lib.empty(2).log_normal_(0, -1),
    "log_normal_ of ints": lambda lib: lib.empty(2, dtype=lib.int64).log_normal_(),
    "geometric_ p": lambda lib: lib.empty(2).geometric_(1.5),
    "geometric_ of bools": lambda lib: lib.empty(2, dtype=lib.bool).geometric_(0.5),
    "exponential_ of ints": lambda lib: lib.empty(2, dtype=lib.int64).exponential_(),
    "poisson negative": lambda lib: lib.poisson(lib.tensor([-1.0])),
    "poisson of ints": lambda lib: lib.poisson(lib.tensor([1])),
}


@pytest.mark.parametrize("name", REFUSED)
def test_errors_are_torchs(request, name):
    with pytest.raises(RuntimeError):
        REFUSED[name](minigrad)
    with pytest.raises(RuntimeError):
        REFUSED[name](request.getfixturevalue("torch"))


# ---------------------------------------------------------------- initial weights

LAYERS = {
    "Linear": [(5, 7), (5, 7, False)],
    "Bilinear": [(3, 4, 5)],
    "LinearCrossEntropyLoss": [(3, 4)],
    "Conv1d": [(4, 6, 3)],
    "Conv2d": [(4, 6, 3), (4, 6, (3, 2), 1, 0, 1, 2)],
    "Conv3d": [(4, 6, 3)],
    "ConvTranspose1d": [(4, 6, 3)],
    "ConvTranspose2d": [(4, 6, 3)],
    "ConvTranspose3d": [(4, 6, 3)],
    "BatchNorm1d": [(4,)],
    "BatchNorm2d": [(4,)],
    "BatchNorm3d": [(4,)],
    "InstanceNorm1d": [(4, 1e-5, 0.1, True)],
    "InstanceNorm2d": [(4, 1e-5, 0.1, True)],
    "InstanceNorm3d": [(4, 1e-5, 0.1, True, True)],
    "GroupNorm": [(2, 4)],
    "LayerNorm": [(6,), ((2, 3),)],
    "RMSNorm": [(6,)],
    "Embedding": [(10, 3), (10, 3, 2)],
    "EmbeddingBag": [(10, 3)],
    "PReLU": [(), (3,)],
    "RNN": [(3, 4, 2)],
    "LSTM": [(3, 4, 2), (3, 4, 1, True, False, 0.0, True)],
    "GRU": [(3, 4, 2)],
    "RNNCell": [(3, 4)],
    "LSTMCell": [(3, 4)],
    "GRUCell": [(3, 4)],
    "MultiheadAttention": [(8, 2)],
    "TransformerEncoderLayer": [(8, 2, 16)],
    "TransformerDecoderLayer": [(8, 2, 16)],
    "Transformer": [(8, 2, 1, 1, 16)],
    "AdaptiveLogSoftmaxWithLoss": [(16, 20, [4, 10])],
}


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")  # torch's Transformer
@pytest.mark.parametrize("name", [name for name in LAYERS if hasattr(nn, name)])
def test_layers_start_from_torchs_weights(torch, name):
    for arguments in LAYERS[name]:
        minigrad.manual_seed(7)
        torch.manual_seed(7)
        ours = getattr(nn, name)(*arguments).state_dict()
        theirs = getattr(torch.nn, name)(*arguments).state_dict()
        assert list(ours) == list(theirs)
        for key in theirs:
            assert_close(ours[key], theirs[key], rtol=1e-6, atol=1e-7, what=f"{name}.{key}")
        assert minigrad.rand(2).tolist() == torch.rand(2).tolist(), "the numbers after"


LAZY = {
    "LazyLinear": ((5,), (2, 3)),
    "LazyConv1d": ((5, 2), (2, 3, 8)),
    "LazyConv2d": ((5, 2), (2, 3, 8, 8)),
    "LazyConvTranspose2d": ((5, 2), (2, 3, 8, 8)),
    "LazyBatchNorm1d": ((), (2, 3)),
}


@pytest.mark.parametrize("name", [name for name in LAZY if hasattr(nn, name)])
def test_lazy_layers_start_from_torchs_weights(torch, name):
    arguments, shape = LAZY[name]
    states = []
    for library in (minigrad, torch):
        library.manual_seed(7)
        layer = getattr(library.nn, name)(*arguments)
        layer(library.ones(*shape))
        states.append(layer.state_dict())
    for key, theirs in states[1].items():
        assert_close(states[0][key], theirs, rtol=1e-5, atol=1e-6, what=f"{name}.{key}")


def test_every_layer_with_weights_is_tried():
    """A layer that can be made from two numbers and draws, and is not in LAYERS, is forgotten."""
    forgotten = []
    for name in dir(nn):
        layer = getattr(nn, name)
        if name in LAYERS or name in LAZY or not isinstance(layer, type):
            continue
        if issubclass(layer, nn.Module) and not name.startswith("Lazy"):
            before = minigrad.get_rng_state()
            try:
                made = layer(4, 4)
            except Exception:  # not what it is made from
                continue
            drawn = not minigrad.equal(before, minigrad.get_rng_state())
            if drawn and list(made.parameters()):
                forgotten.append(name)
    assert set(forgotten) <= {"RNNBase", "RNNCellBase"}


# ---------------------------------------------------------------- data


def test_shuffles_and_splits_are_torchs(torch):
    def order(lib):
        data = lib.utils.data
        lib.manual_seed(3)
        whole = data.TensorDataset(lib.arange(50))
        first, second = data.random_split(whole, [0.7, 0.3])
        found = [list(first.indices), list(second.indices)]
        own = lib.Generator().manual_seed(11)
        weights = [0.1, 2.0, 0.7] * 10
        for loader in (
            data.DataLoader(first, batch_size=4, shuffle=True),
            data.DataLoader(second, batch_size=4, shuffle=True, drop_last=True),
            data.DataLoader(whole, batch_size=7, shuffle=True, generator=own),
            data.DataLoader(whole, sampler=data.RandomSampler(whole, True, 20)),
            data.DataLoader(whole, sampler=data.WeightedRandomSampler(weights, 12)),
            data.DataLoader(whole, sampler=data.SubsetRandomSampler(range(5, 30))),
        ):
            for _ in range(2):  # epochs
                found.append([batch.tolist() for (batch,) in loader])
        return [*found, lib.rand(2).tolist()]

    assert order(minigrad) == order(torch)


# ---------------------------------------------------------------- training


def digits(lib):
    source = Digits()
    images = lib.from_numpy(source.data.numpy().astype(np.float32)) / 16
    return lib.utils.data.TensorDataset(images, lib.from_numpy(source.targets.numpy()))


def mlp(lib):
    n = lib.nn
    return n.Sequential(
        n.Flatten(), n.Linear(64, 64), n.BatchNorm1d(64), n.ReLU(), n.Linear(64, 32), n.Tanh(),
        n.Linear(32, 10),
    )  # fmt: skip


def cnn(lib):
    n = lib.nn
    return n.Sequential(
        n.Unflatten(1, (1, 8)), n.Conv2d(1, 8, 3, padding=1), n.BatchNorm2d(8), n.ReLU(),
        n.MaxPool2d(2), n.Conv2d(8, 16, 3, padding=1), n.BatchNorm2d(16), n.ReLU(), n.Flatten(),
        n.Linear(256, 10),
    )  # fmt: skip


def dropping(lib):
    n = lib.nn
    return n.Sequential(
        n.Flatten(), n.Linear(64, 64), n.ReLU(), n.Dropout(0.3), n.Linear(64, 10)
    )  # fmt: skip


OPTIMIZERS = {
    "SGD": lambda lib, p: lib.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-4),
    "Adam": lambda lib, p: lib.optim.Adam(p, lr=1e-3),
}


def losses(lib, network, optimizer, steps=100):
    """Return the losses of a training program as anyone would write it, run from seed 1."""
    lib.manual_seed(1)
    train, _ = lib.utils.data.random_split(digits(lib), [1437, 360])
    loader = lib.utils.data.DataLoader(train, batch_size=32, shuffle=True)
    model = network(lib)
    optimizer = OPTIMIZERS[optimizer](lib, model.parameters())
    found = []
    while True:
        for images, labels in loader:
            loss = lib.nn.functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            found.append(loss.item())
            if len(found) == steps:
                return found


RUNS = [(network, optimizer) for network in (mlp, cnn) for optimizer in OPTIMIZERS]


@pytest.mark.parametrize("network, optimizer", [*RUNS, (dropping, "SGD")])
def test_a_seeded_training_run_has_torchs_losses(torch, network, optimizer):
    ours, theirs = losses(minigrad, network, optimizer), losses(torch, network, optimizer)
    assert ours[-1] < 0.6 * ours[0]
    np.testing.assert_allclose(ours, theirs, rtol=5e-5, atol=5e-5)


RECORDED = {  # torch's losses of steps 1, 34, 67 and 100
    (mlp, "SGD"): [2.43442, 0.63373, 0.08112, 0.18334],
    (mlp, "Adam"): [2.43442, 1.85166, 1.10675, 0.73552],
    (cnn, "SGD"): [2.37206, 0.09215, 0.05616, 0.00473],
    (cnn, "Adam"): [2.37206, 1.27018, 0.54883, 0.24903],
}


@pytest.mark.parametrize("network, optimizer", RUNS)
def test_a_seeded_training_run_has_the_recorded_losses(network, optimizer):
    found = losses(minigrad, network, optimizer)[::33]
    np.testing.assert_allclose(found, RECORDED[network, optimizer], rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("name", ["dropout", "dropout2d", "alpha_dropout"])
def test_dropout_of_everything_or_of_nothing_draws_nothing(name):
    for input, p in ((minigrad.ones(2, 3, 4, 4), 1.0), (minigrad.ones(0, 3, 4, 4), 0.5)):
        minigrad.manual_seed(7)
        assert not getattr(minigrad.nn.functional, name)(input, p, training=True).any()
        assert round(minigrad.rand(1).item(), 4) == 0.5349
