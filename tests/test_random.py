"""Random numbers: the same seed gives torch's stream; states, errors, and what the draws obey."""

import copy
import math
import pickle
import threading

import numpy as np
import pytest
from support import assert_close

import minigrad

# Each: (function of the library, tolerance).  Integers and plain uniforms are equal bit for bit;
# normals go through log, cos and sin, whose last bit differs between libraries.
STREAMS = {
    "rand": (lambda lib: lib.rand(1000), 0),
    "rand 2-d": (lambda lib: lib.rand(7, 13), 0),
    "rand float64": (lambda lib: lib.rand(100, dtype=lib.float64), 0),
    "rand float16": (lambda lib: lib.rand(100, dtype=lib.float16), 0),
    "rand float16 many": (lambda lib: lib.rand(20_000, dtype=lib.float16), 0),
    "randn float16": (lambda lib: lib.randn(100, dtype=lib.float16), 2e-3),
    "randn float16 few": (lambda lib: lib.randn(10, dtype=lib.float16), 2e-3),
    "rand empty": (lambda lib: lib.rand(0, 3), 0),
    "rand 0-d": (lambda lib: lib.rand(()), 0),
    "randn 1000": (lambda lib: lib.randn(1000), 1e-5),
    "randn 2-d": (lambda lib: lib.randn(5, 7), 1e-5),
    "randn float64": (lambda lib: lib.randn(100, dtype=lib.float64), 1e-12),
    "randn float64 few": (lambda lib: lib.randn(5, dtype=lib.float64), 1e-12),
    "randn float64 not 16": (lambda lib: lib.randn(37, dtype=lib.float64), 1e-12),
    "randint": (lambda lib: lib.randint(0, 10, (100,)), 0),
    "randint high": (lambda lib: lib.randint(7, (50,)), 0),
    "randint negative": (lambda lib: lib.randint(-5, 5, (3, 4)), 0),
    "randint one": (lambda lib: lib.randint(3, 4, (10,)), 0),
    "randint 2**31": (lambda lib: lib.randint(0, 2**31, (50,)), 0),
    "randint 2**32 - 1": (lambda lib: lib.randint(0, 2**32 - 1, (50,)), 0),
    "randint 2**32": (lambda lib: lib.randint(0, 2**32, (50,)), 0),
    "randint 2**40": (lambda lib: lib.randint(-(2**40), 2**40, (50,)), 0),
    "randint 2**62": (lambda lib: lib.randint(0, 2**62, (50,)), 0),
    "randint all of int64": (lambda lib: lib.randint(-(2**63), 2**63 - 1, (50,)), 0),
    "randint int32": (lambda lib: lib.randint(0, 100, (20,), dtype=lib.int32), 0),
    "randint float": (lambda lib: lib.randint(0, 100, (20,), dtype=lib.float32), 0),
    "randperm": (lambda lib: lib.randperm(100), 0),
    "randperm 0": (lambda lib: lib.randperm(0), 0),
    "randperm 1": (lambda lib: lib.randperm(1), 0),
    "randperm 5000": (lambda lib: lib.randperm(5000), 0),
    "rand_like": (lambda lib: lib.rand_like(lib.zeros(3, 4)), 0),
    "randn_like": (lambda lib: lib.randn_like(lib.zeros(4, 5, dtype=lib.float64)), 1e-12),
    "randint_like": (lambda lib: lib.randint_like(lib.zeros(9), 5), 0),
    "randint_like 2": (lambda lib: lib.randint_like(lib.zeros(9, dtype=lib.int64), 2, 50), 0),
    "normal": (lambda lib: lib.normal(2.0, 3.0, (20,)), 1e-5),
    "normal tensors": (lambda lib: lib.normal(lib.arange(20.0), lib.ones(20)), 1e-5),
    "uniform_": (lambda lib: lib.empty(30).uniform_(), 0),
    "uniform_ bounds": (lambda lib: lib.empty(30).uniform_(-2.5, 7), 1e-6),
    "uniform_ float64": (lambda lib: lib.empty(30, dtype=lib.float64).uniform_(-1, 1), 1e-15),
    "normal_": (lambda lib: lib.empty(40).normal_(), 1e-5),
    "normal_ few": (lambda lib: lib.empty(9).normal_(1, 2), 1e-5),
    "normal_ strided": (lambda lib: lib.zeros(8, 6).t().normal_(), 1e-5),
    "uniform_ strided": (lambda lib: lib.zeros(8, 6).t().uniform_(), 0),
    "bernoulli": (lambda lib: lib.bernoulli(lib.linspace(0, 1, 50)), 0),
    "bernoulli float64": (lambda lib: lib.bernoulli(lib.linspace(0, 1, 50).double()), 0),
    "bernoulli float16": (lambda lib: lib.bernoulli(lib.linspace(0, 1, 50).half()), 0),
    "bernoulli strided": (lambda lib: lib.bernoulli(lib.linspace(0, 1, 48).view(6, 8).t()), 0),
    "bernoulli_ strided": (lambda lib: lib.zeros(8, 6).t().bernoulli_(0.4), 0),
    "uniform_ sliced": (lambda lib: lib.zeros(8, 6)[::2, 1:4].uniform_(), 0),
    "uniform_ narrow": (lambda lib: lib.empty(500).uniform_(1, 1 + 2**-20), 0),
    "uniform_ float16": (lambda lib: lib.empty(5000, dtype=lib.float16).uniform_(-3, 7), 0),
    "rand_like strided": (lambda lib: lib.rand_like(lib.zeros(5, 8).t()), 0),
    "randn_like strided": (lambda lib: lib.randn_like(lib.zeros(5, 8).t()), 1e-5),
    "bernoulli p": (lambda lib: lib.bernoulli(lib.zeros(50), 0.3), 0),
    "bernoulli_ tensor": (lambda lib: lib.empty(50).bernoulli_(lib.linspace(0, 1, 50)), 0),
    "random_": (lambda lib: lib.zeros(20, dtype=lib.int64).random_(), 0),
    "random_ to": (lambda lib: lib.zeros(20).random_(10), 0),
    "random_ from to": (lambda lib: lib.zeros(20).random_(5, 10), 0),
    "random_ float": (lambda lib: lib.zeros(20).random_(), 0),
    "exponential_": (lambda lib: lib.empty(20).exponential_(), 1e-5),
    "exponential_ 3": (lambda lib: lib.empty(20).exponential_(3.0), 1e-5),
    "multinomial": (lambda lib: lib.multinomial(lib.linspace(0, 1, 9), 4), 0),
    "multinomial rows": (lambda lib: lib.multinomial(lib.linspace(0, 1, 12).view(3, 4), 2), 0),
    "multinomial replacement": (
        lambda lib: lib.multinomial(lib.linspace(0, 1, 9), 30, replacement=True),
        0,
    ),
}
STREAMS.update({f"randn {n}": (lambda lib, n=n: lib.randn(n), 1e-5) for n in range(41)})


@pytest.mark.parametrize("name", STREAMS)
def test_streams_are_torchs(torch, name):
    """The draws, and the state they leave: the next numbers agree as well."""
    function, tolerance = STREAMS[name]
    for seed in (0, 42, 2**33 + 5, 123456789):
        minigrad.manual_seed(seed)
        torch.manual_seed(seed)
        assert_close(function(minigrad), function(torch), rtol=tolerance, atol=tolerance)
        assert_close(minigrad.rand(5), torch.rand(5), rtol=0, atol=0, what="the numbers after")
        assert_close(minigrad.randn(3), torch.randn(3), what="the few normals after")


def test_a_long_mixed_stream_is_torchs(torch):
    minigrad.manual_seed(7)
    torch.manual_seed(7)
    for i in range(60):
        for function in (
            lambda lib, i: lib.rand(3),
            lambda lib, i: lib.randn(1 + i % 20),
            lambda lib, i: lib.randperm(i),
            lambda lib, i: lib.randint(0, 2 + i, (4,)),
            lambda lib, i: lib.randn(3, dtype=lib.float64),
        ):
            assert_close(function(minigrad, i), function(torch, i))


def test_recorded_numbers():
    """torch's numbers for seed 0, for where torch is not installed."""
    minigrad.manual_seed(0)
    assert_close(
        minigrad.rand(3), np.float32([0.4962565899, 0.7682217956, 0.0884774327]), rtol=1e-7
    )
    minigrad.manual_seed(0)
    assert_close(minigrad.randn(3), np.float32([1.5409960747, -0.2934288979, -2.1787893772]))
    minigrad.manual_seed(0)
    assert_close(
        minigrad.randn(16)[[0, 7, 8, 15]],
        np.float32([-1.1258398294, -2.1152193546, 0.3222749233, -0.2472781539]),
    )
    minigrad.manual_seed(0)
    assert minigrad.randint(0, 10, (8,)).tolist() == [4, 9, 3, 0, 3, 9, 7, 3]
    minigrad.manual_seed(0)
    assert minigrad.randperm(8).tolist() == [4, 0, 7, 3, 2, 5, 1, 6]
    minigrad.manual_seed(0)
    assert minigrad.randint(0, 2**40, (3,)).tolist() == [741280623151, 506137267392, 291447657211]
    minigrad.manual_seed(0)
    assert minigrad.multinomial(minigrad.linspace(0, 1, 9), 4).tolist() == [6, 7, 8, 4]
    minigrad.manual_seed(0)
    assert minigrad.bernoulli(minigrad.linspace(0, 1, 9)).tolist() == [0, 0, 1, 1, 1, 0, 1, 0, 1]
    minigrad.manual_seed(0)
    assert minigrad.rand(2, dtype=minigrad.float64).tolist() == [
        0.9700530018065531,
        0.707819864399788,
    ]


# ---------------------------------------------------------------- seeds and generators


def test_a_seed_starts_the_stream_again():
    for draw in (lambda: minigrad.rand(5), lambda: minigrad.randn(5), lambda: minigrad.randperm(9)):
        minigrad.manual_seed(3)
        first = draw().tolist()
        assert draw().tolist() != first
        minigrad.manual_seed(3)
        assert draw().tolist() == first
    assert minigrad.initial_seed() == 3


def test_seeds_of_every_size(torch):
    for seed in (0, 1, -1, 2**32 - 1, 2**32, 2**63, 2**64 - 1, -(2**63)):
        minigrad.manual_seed(seed)
        torch.manual_seed(seed)
        assert minigrad.rand(2).tolist() == torch.rand(2).tolist()
    for wrong in (2**64, -(2**63) - 1):
        for lib in (minigrad, torch):
            for seeded in (lib.manual_seed, lib.Generator().manual_seed):
                with pytest.raises(ValueError, match="Overflow when unpacking long long"):
                    seeded(wrong)
    for seed in (1.5, "3"):  # the function takes what int() takes ...
        assert minigrad.manual_seed(seed).initial_seed() == torch.manual_seed(seed).initial_seed()
    for wrong, error in ((None, TypeError), ("a", ValueError)):
        with pytest.raises(error):
            minigrad.manual_seed(wrong)
        with pytest.raises(error):
            torch.manual_seed(wrong)
    for wrong in (None, "3", 1.5):  # ... a generator an int
        with pytest.raises(TypeError):
            minigrad.Generator().manual_seed(wrong)


def test_seed_from_the_system():
    seeds = {minigrad.seed() for _ in range(3)}
    assert len(seeds) == 3
    state = minigrad.get_rng_state()
    numpy_state = np.random.get_state()[1].tolist()
    minigrad.seed()
    assert np.random.get_state()[1].tolist() == numpy_state, "NumPy's own generator is left alone"
    minigrad.set_rng_state(state)


def test_generators_are_independent():
    a, b = minigrad.Generator().manual_seed(1), minigrad.Generator().manual_seed(1)
    before = minigrad.get_rng_state().tolist()
    assert minigrad.rand(4, generator=a).tolist() == minigrad.rand(4, generator=b).tolist()
    minigrad.randn(4, generator=a)
    assert minigrad.rand(4, generator=a).tolist() != minigrad.rand(4, generator=b).tolist()
    assert minigrad.get_rng_state().tolist() == before
    minigrad.manual_seed(1)
    c = minigrad.Generator().manual_seed(1)
    for draw in (
        lambda **k: minigrad.randn(3, **k),
        lambda **k: minigrad.randint(5, (3,), **k),
        lambda **k: minigrad.randperm(5, **k),
        lambda **k: minigrad.empty(3).uniform_(**k),
        lambda **k: minigrad.empty(3).normal_(**k),
        lambda **k: minigrad.empty(3).bernoulli_(**k),
        lambda **k: minigrad.bernoulli(minigrad.full((9,), 0.5), **k),
        lambda **k: minigrad.multinomial(minigrad.ones(5), 3, **k),
        lambda **k: minigrad.normal(0.0, 1.0, (3,), **k),
        lambda **k: minigrad.empty(3).random_(**k),
        lambda **k: minigrad.empty(3).exponential_(**k),
        lambda **k: minigrad.randn_like(minigrad.zeros(3), **k),
    ):
        assert draw().tolist() == draw(generator=c).tolist()
    with pytest.raises(TypeError):
        minigrad.rand(2, generator=3)


def test_states_round_trip():
    g = minigrad.Generator().manual_seed(5)
    minigrad.randn(3, generator=g)  # leaves half a pair behind
    state = g.get_state()
    assert state.dtype is minigrad.uint8
    other = g.clone_state()
    first = minigrad.randn(3, generator=g).tolist(), minigrad.rand(700, generator=g).tolist()
    assert (
        minigrad.randn(3, generator=other).tolist(),
        minigrad.rand(700, generator=other).tolist(),
    ) == first
    g.set_state(state)
    assert (
        minigrad.randn(3, generator=g).tolist(),
        minigrad.rand(700, generator=g).tolist(),
    ) == first
    assert g.initial_seed() == 5
    saved = minigrad.get_rng_state()
    draws = minigrad.rand(3).tolist()
    minigrad.set_rng_state(saved)
    assert minigrad.rand(3).tolist() == draws


def test_states_are_torchs(torch):
    """Byte for byte, wherever in the stream; and each goes on where the other one stopped."""
    ours, theirs = minigrad.Generator(), torch.Generator()
    for draws in (0, 1, 3, 15, 16, 623, 624, 625, 2000):
        for normal in (False, True):
            for lib, g in ((minigrad, ours), (torch, theirs)):
                g.manual_seed(2**40 + draws)
                lib.rand(draws, generator=g)
                lib.randn(3 * normal, generator=g)  # leaves half a pair behind
            state = theirs.get_state()
            assert ours.get_state().tolist() == state.tolist()
            ours.set_state(state)
            assert ours.get_state().tolist() == state.tolist()
            drawn = torch.randn(3, generator=theirs), torch.rand(700, generator=theirs)
            np.testing.assert_allclose(
                minigrad.randn(3, generator=ours).tolist(), drawn[0].tolist(), rtol=1e-6
            )
            assert minigrad.rand(700, generator=ours).tolist() == drawn[1].tolist()
            theirs.set_state(torch.from_numpy(ours.get_state().numpy()))
            assert (
                minigrad.rand(9, generator=ours).tolist()
                == torch.rand(9, generator=theirs).tolist()
            )
            assert ours.initial_seed() == theirs.initial_seed()


def test_what_a_state_consists_of():
    g = minigrad.Generator().manual_seed(5)
    words = g.get_state().numpy().view("<u8")
    assert words[:4].tolist() == [5, 4294967297, 0, 5] and words[4] == 472231674
    assert len(words) == 632 and words[627:].tolist() == [0] * 5
    minigrad.randn(3, generator=g)
    words = g.get_state().numpy().view("<u8")
    assert words[:5].tolist() == [5, 4294967913, 8, 4081643083, 713234725]
    assert words[630] == 1 and round(float(words[628:629].view("<f8")[0]), 7) == 0.6675243


def test_generators_are_copied_and_pickled():
    g = minigrad.Generator().manual_seed(5)
    minigrad.randn(3, generator=g)  # leaves half a pair behind
    copies = [copy.deepcopy(g), pickle.loads(pickle.dumps(g))]
    first = minigrad.randn(3, generator=g).tolist(), minigrad.rand(700, generator=g).tolist()
    for other in copies:
        assert minigrad.randn(3, generator=other).tolist() == first[0]
        assert minigrad.rand(700, generator=other).tolist() == first[1]
        assert other.initial_seed() == 5 and other.device == g.device


def test_threads_that_share_a_generator_draw_different_numbers():
    g = minigrad.Generator().manual_seed(5)
    drawn = []

    def draw():
        for _ in range(50):
            drawn.extend(minigrad.rand(1000, generator=g, dtype=minigrad.float64).tolist())

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alone = minigrad.rand(200_000, generator=g.manual_seed(5), dtype=minigrad.float64)
    assert sorted(drawn) == sorted(alone.tolist())


def test_states_that_are_none():
    g = minigrad.Generator()
    other = g.get_state()
    other[16] = 9  # how many words are used up, which does not fit how many are left
    for wrong, error in (
        (minigrad.zeros(3, dtype=minigrad.uint8), RuntimeError),
        (minigrad.zeros(5056), TypeError),
        (minigrad.full((5056,), 255, dtype=minigrad.uint8), RuntimeError),
        (minigrad.zeros(5056, dtype=minigrad.uint8), RuntimeError),
        (other, RuntimeError),
        (None, TypeError),
        ("abc", TypeError),
        (3, TypeError),
    ):
        with pytest.raises(error):
            g.set_state(wrong)


def test_a_state_is_a_copy():
    g = minigrad.Generator().manual_seed(5)
    state = g.get_state()
    before = state.tolist()
    minigrad.rand(1000, generator=g)
    assert state.tolist() == before


# ---------------------------------------------------------------- what the draws obey


def test_bounds_and_moments():
    n = 100_000
    u = minigrad.rand(n)
    assert u.min().item() >= 0 and u.max().item() < 1
    assert abs(u.mean().item() - 0.5) < 0.01
    z = minigrad.randn(n)
    assert abs(z.mean().item()) < 0.02 and abs(z.std().item() - 1) < 0.02
    k = minigrad.randint(-3, 4, (n,))
    assert sorted(set(k.tolist())) == [-3, -2, -1, 0, 1, 2, 3]
    p = minigrad.randperm(1000)
    assert sorted(p.tolist()) == list(range(1000))
    b = minigrad.empty(n).bernoulli_(0.25)
    assert abs(b.mean().item() - 0.25) < 0.01
    e = minigrad.empty(n).exponential_(2.0)
    assert e.min().item() >= 0 and math.isfinite(e.max().item())
    assert abs(e.mean().item() - 0.5) < 0.01
    half = minigrad.empty(n, dtype=minigrad.float16).uniform_(-1, 1)
    assert half.min().item() >= -1 and half.max().item() <= 1


def test_multinomial_follows_its_weights():
    w = minigrad.tensor([0.0, 1.0, 3.0])
    many = minigrad.multinomial(w, 4000, replacement=True)
    assert (many == 0).sum().item() == 0
    assert abs((many == 2).float().mean().item() - 0.75) < 0.05
    for _ in range(20):
        assert sorted(minigrad.multinomial(minigrad.ones(4), 4).tolist()) == [0, 1, 2, 3]
    assert minigrad.multinomial(minigrad.ones(2, 3), 2).shape == (2, 2)


ERRORS = {
    "rand of ints": (lambda lib: lib.rand(2, dtype=lib.int64), RuntimeError),
    "randn of bools": (lambda lib: lib.randn(2, dtype=lib.bool), RuntimeError),
    "rand negative": (lambda lib: lib.rand(-1), RuntimeError),
    "rand float size": (lambda lib: lib.rand(2.0), TypeError),
    "randint empty range": (lambda lib: lib.randint(5, 5, (2,)), RuntimeError),
    "randint reversed": (lambda lib: lib.randint(5, 2, (2,)), RuntimeError),
    "randint without size": (lambda lib: lib.randint(5), TypeError),
    "randperm negative": (lambda lib: lib.randperm(-1), RuntimeError),
    "normal negative std": (lambda lib: lib.normal(0.0, -1.0, (2,)), RuntimeError),
    "normal_ negative std": (lambda lib: lib.empty(2).normal_(0, -1), RuntimeError),
    "uniform_ reversed": (lambda lib: lib.empty(2).uniform_(2, 1), RuntimeError),
    "uniform_ of ints": (lambda lib: lib.empty(2, dtype=lib.int64).uniform_(), RuntimeError),
    "normal_ of ints": (lambda lib: lib.empty(2, dtype=lib.int64).normal_(), RuntimeError),
    "bernoulli above 1": (lambda lib: lib.bernoulli(lib.tensor([1.5])), RuntimeError),
    "bernoulli below 0": (lambda lib: lib.bernoulli(lib.tensor([-0.5])), RuntimeError),
    "bernoulli p": (lambda lib: lib.bernoulli(lib.zeros(2), 2.0), RuntimeError),
    "bernoulli_ p": (lambda lib: lib.zeros(2).bernoulli_(-1.0), RuntimeError),
    "bernoulli of ints": (lambda lib: lib.bernoulli(lib.tensor([0, 1])), RuntimeError),
    "multinomial negative": (lambda lib: lib.multinomial(lib.tensor([1.0, -1.0]), 1), RuntimeError),
    "multinomial nan": (
        lambda lib: lib.multinomial(lib.tensor([1.0, float("nan")]), 1),
        RuntimeError,
    ),
    "multinomial zeros": (lambda lib: lib.multinomial(lib.zeros(3), 1), RuntimeError),
    "multinomial too many": (lambda lib: lib.multinomial(lib.ones(3), 4), RuntimeError),
    "multinomial none": (lambda lib: lib.multinomial(lib.ones(3), 0), RuntimeError),
    "multinomial dims": (lambda lib: lib.multinomial(lib.ones(2, 2, 2), 1), RuntimeError),
    "multinomial of ints": (
        lambda lib: lib.multinomial(lib.ones(3, dtype=lib.int64), 1),
        RuntimeError,
    ),
    "exponential_ rate": (lambda lib: lib.empty(2).exponential_(-1.0), RuntimeError),
    "random_ reversed": (lambda lib: lib.empty(2).random_(5, 2), RuntimeError),
    "rand_like of ints": (lambda lib: lib.rand_like(lib.zeros(2, dtype=lib.int64)), RuntimeError),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    function, expected = ERRORS[name]
    with pytest.raises(expected):
        function(minigrad)


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_torchs(torch, name):
    function, expected = ERRORS[name]
    with pytest.raises(expected):
        function(torch)


def test_factory_arguments():
    x = minigrad.rand(2, 3, requires_grad=True)
    assert x.requires_grad and x.is_leaf and x.shape == (2, 3)
    assert minigrad.randn((2, 3), dtype=minigrad.float64).dtype is minigrad.float64
    assert minigrad.rand(2, device="cpu").shape == (2,)
    with pytest.raises(AssertionError, match="CPU"):
        minigrad.rand(2, device="cuda")
    minigrad.set_default_dtype(minigrad.float64)
    assert minigrad.rand(2).dtype is minigrad.float64
    assert minigrad.randint(3, (2,)).dtype is minigrad.int64


@pytest.mark.parametrize("bounds", [(0, 0.5), (1.5,), (True,), (None, 3), (0, "4")], ids=str)
def test_bounds_of_randint_are_ints(bounds):
    with pytest.raises(TypeError, match=r"must be int\b|ints"):
        minigrad.randint(*bounds, size=(3,))
    with pytest.raises(ValueError, match="64"):
        minigrad.randint(0, 2**63, (3,))


@pytest.mark.parametrize("name", ["rand", "randn"])
def test_integers_have_no_continuous_distribution(name):
    with pytest.raises(NotImplementedError, match=r"not implemented for minigrad\.int64"):
        getattr(minigrad, name)(2, dtype=minigrad.int64)


def test_multinomial_of_rows_in_columns():
    x = minigrad.arange(12.0).reshape(3, 4) + 1
    minigrad.manual_seed(0)
    lying = minigrad.multinomial(x.t(), 2)
    minigrad.manual_seed(0)
    keys = x / minigrad.empty_like(x, dtype=minigrad.float64).exponential_()
    assert (lying == keys.t().argsort(1, descending=True)[:, :2]).all()
    assert minigrad.multinomial(minigrad.ones(0, 4), 3, True).shape == (0, 3)
