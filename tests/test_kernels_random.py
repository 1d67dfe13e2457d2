"""The random number kernels against their twins, and the twister against NumPy's."""

import numpy as np
import pytest

from minigrad.kernels import random
from minigrad.kernels.reference import random as reference

SIZES = (0, 1, 5, 16, 100, 311, 512, 624, 700, 1300)  # around 624 words, in chunks of 512


def new_state(kernels=random, seed=5489):
    state = np.zeros(625, np.uint32)
    kernels.seed_twister(state, seed)
    return state


@pytest.mark.parametrize("seed", [0, 1, 42, 2**31, 2**32 - 1])
def test_the_twister_is_numpys(seed):
    """Runs of every length, so that they begin and end anywhere within the 624 words."""
    state, numpys = new_state(seed=seed), np.random.MT19937()
    numpys._legacy_seeding(seed)
    assert state.tolist() == new_state(reference, seed).tolist()
    for n in (*range(40), 623, 624, 625, 1, 1248, 5000):
        out = np.empty(n, np.int64)
        random.draw_integers(out, state, 0, 2**32 - 1, False)
        assert (out == numpys.random_raw(n) % (2**32 - 1)).all()
    assert state[:624].tolist() == numpys.state["state"]["key"].tolist()
    assert state[624] == numpys.state["state"]["pos"]


def test_the_authors_numbers():
    """The 10,000th draw of the default seed, as C++'s standard gives it for mt19937."""
    out = np.empty(10_000, np.int64)
    random.draw_integers(out, new_state(), 0, 2**32 - 1, False)
    assert out[-1] == 4123659995


# Each: (the draw, its dtypes, tolerance in units of the last place)
DRAWS = {
    "uniform": (lambda k, out, s: k.draw_uniform(out, s, 0, 1), "fd", 0),
    "uniform scaled": (lambda k, out, s: k.draw_uniform(out, s, -2.5, 0.3), "f", 0),
    "uniform scaled, double": (lambda k, out, s: k.draw_uniform(out, s, 0.5, 2.3), "d", 2),
    "uniform narrow": (lambda k, out, s: k.draw_uniform(out, s, 1, 1 + 2**-22), "f", 0),
    "bernoulli": (lambda k, out, s: k.draw_bernoulli(out, s, 0.3, 1), "fd", 0),
    "bernoulli scaled": (lambda k, out, s: k.draw_bernoulli(out, s, 1 / 3, 1.5), "fd", 0),
    "bernoulli never": (lambda k, out, s: k.draw_bernoulli(out, s, 0, 1), "fd", 0),
    "bernoulli always": (lambda k, out, s: k.draw_bernoulli(out, s, 1, 1), "fd", 0),
    "integers": (lambda k, out, s: k.draw_integers(out, s, -3, 10, False), "q", 0),
    "integers wide": (lambda k, out, s: k.draw_integers(out, s, 7, 2**40 + 1, True), "q", 0),
    "integers all": (lambda k, out, s: k.draw_integers(out, s, -(2**63), 2**64 - 1, True), "q", 0),
    "shuffle": (lambda k, out, s: k.shuffle(out, s), "q", 0),
}


@pytest.mark.parametrize("name, dtype", [(n, d) for n, (_, ds, _) in DRAWS.items() for d in ds])
def test_the_draws_are_the_twins(name, dtype):
    draw, _, ulps = DRAWS[name]
    ours, twins = new_state(), new_state()
    for n in SIZES:
        found, expected = np.arange(n, dtype=dtype), np.arange(n, dtype=dtype)
        draw(random, found, ours)
        draw(reference, expected, twins)
        if ulps:
            np.testing.assert_array_max_ulp(found, expected, ulps)
        else:
            assert found.tolist() == expected.tolist()
        assert ours.tolist() == twins.tolist()


@pytest.mark.parametrize("dtype, tolerance", [("f", 2e-6), ("d", 1e-14)])
def test_normals_are_the_twins(dtype, tolerance):
    ours, twins = new_state(), new_state()
    for n in (16, 17, 31, 32, 100, 624, 1303):
        for mean, std in ((0, 1), (3, 0.1), (0, 0)):
            found, expected = np.empty(n, dtype), np.empty(n, dtype)
            random.draw_normal(found, ours, mean, std)
            reference.draw_normal(expected, twins, mean, std)
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
            assert ours.tolist() == twins.tolist()


def test_a_number_that_rounding_makes_the_bound_is_low():
    out = np.empty(3000, np.float32)
    random.draw_uniform(out, new_state(), 1, 1 + 2**-22)
    assert set(out.tolist()) == {1.0, 1 + 2**-23}


def test_a_draw_keeps_to_its_array():
    for dtype in "fd":
        for n in (16, 20, 1000):
            out = np.full(n + 2, 9, dtype)
            random.draw_normal(out[1:-1], new_state(), 0, 1)
            random.draw_uniform(out[1:-1], new_state(), 0, 1)
            random.draw_bernoulli(out[1:-1], new_state(), 0.5, 1)
            assert out[0] == out[-1] == 9


def test_normals_one_by_one_are_the_twins():
    """An odd number of them leaves the second of a pair for the next call."""
    ours, twins, spares = new_state(), new_state(), np.full((2, 1), np.nan)
    for n in (0, 1, 1, 3, 4, 7):
        found, expected = np.empty(n), np.empty(n)
        random.draw_normal_pairs(found, ours, spares[0])
        reference.draw_normal_pairs(expected, twins, spares[1])
        np.testing.assert_allclose(found, expected, rtol=1e-14)
        np.testing.assert_allclose(*spares, rtol=1e-14)
        assert ours.tolist() == twins.tolist()


@pytest.mark.parametrize("dtype", ["f", "d"])
def test_gammas_are_the_twins(dtype):
    shapes = np.tile(np.array([0.0, 1e-3, 0.3, 0.99, 1, 2.5, 40, 1e5, np.nan, -0.9], dtype), 20)
    ours, twins, spares = new_state(), new_state(), np.full((2, 1), np.nan)
    found, expected = np.empty(shapes.size), np.empty(shapes.size)
    random.draw_gamma(found, shapes, ours, spares[0])
    reference.draw_gamma(expected, shapes, twins, spares[1])
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert np.isnan(found[8::10]).all() and np.isnan(found[9::10]).all()
    assert ours.tolist() == twins.tolist()
