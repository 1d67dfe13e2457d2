"""Orthogonal polynomials and Bessel functions: identities, numbers of tables, torch."""

import math

import numpy as np
import pytest
from support import assert_close

import minigrad
from minigrad import special

KINDS = "tuvw"
POLYNOMIALS = {
    "legendre_polynomial_p": np.polynomial.legendre.legval,
    "laguerre_polynomial_l": np.polynomial.laguerre.lagval,
    "hermite_polynomial_h": np.polynomial.hermite.hermval,
    "hermite_polynomial_he": np.polynomial.hermite_e.hermeval,
    "chebyshev_polynomial_t": np.polynomial.chebyshev.chebval,
}
X = np.linspace(-1.5, 1.5, 13)


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_polynomials_are_numpys(name):
    function, value = getattr(special, name), POLYNOMIALS[name]
    for n in range(8):
        expected = value(X, [0] * n + [1])
        assert_close(function(minigrad.tensor(X), n), expected, rtol=1e-9, atol=1e-9)
    degrees = np.array([[0], [3], [-1]])
    expected = np.stack([np.ones(13), value(X, [0, 0, 0, 1]), np.zeros(13)])
    assert_close(function(minigrad.tensor(X), minigrad.tensor(degrees)), expected, atol=1e-9)
    assert_close(function(0.5, minigrad.tensor([2])), np.float32([value(0.5, [0, 0, 1])]))


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_chebyshev_polynomials_are_functions_of_angles(n):
    a = np.linspace(0.1, 3.0, 9)
    expected = {
        "t": np.cos(n * a),
        "u": np.sin((n + 1) * a) / np.sin(a),
        "v": np.cos((n + 0.5) * a) / np.cos(a / 2),
        "w": np.sin((n + 0.5) * a) / np.sin(a / 2),
    }
    x = minigrad.tensor(np.cos(a))
    for kind in KINDS:
        found = getattr(special, f"chebyshev_polynomial_{kind}")(x, n)
        assert_close(found, expected[kind], rtol=1e-9, atol=1e-9)
        shifted = getattr(special, f"shifted_chebyshev_polynomial_{kind}")((x + 1) / 2, n)
        assert_close(shifted, expected[kind], rtol=1e-9, atol=1e-9)


def test_polynomials_have_torchs_types():
    f = special.chebyshev_polynomial_t
    assert f(minigrad.tensor([1, 2]), 2).tolist() == [1.0, 7.0]
    assert f(minigrad.tensor([1, 2]), 2).dtype is minigrad.float32
    assert f(minigrad.tensor([0.5]), 2.7).tolist() == [-0.5]
    assert not f(minigrad.tensor([0.5], requires_grad=True), 2).requires_grad
    with pytest.raises(TypeError):
        f(2.0, 3)
    with pytest.raises(TypeError):
        special.shifted_chebyshev_polynomial_t(2.0, 3)
    with pytest.raises(NotImplementedError):
        f(minigrad.tensor([0.5]).half(), 2)


# Abramowitz and Stegun, tables 9.1 and 9.8
TABLE = [
    ("bessel_j0", 1.0, 0.7651976865579666),
    ("bessel_j0", 10.0, -0.2459357644513483),
    ("bessel_j1", 1.0, 0.4400505857449335),
    ("bessel_j1", 10.0, 0.0434727461688616),
    ("bessel_y0", 1.0, 0.0882569642156769),
    ("bessel_y0", 10.0, 0.0556711672835994),
    ("bessel_y1", 1.0, -0.7812128213002887),
    ("bessel_y1", 10.0, 0.2490154242069539),
    ("modified_bessel_k0", 1.0, 0.4210244382407083),
    ("modified_bessel_k1", 1.0, 0.6019072301972346),
]


@pytest.mark.parametrize("name, x, value", TABLE)
def test_values_of_tables(name, x, value):
    found = getattr(special, name)(minigrad.tensor(x, dtype=minigrad.float64))
    assert_close(found, np.float64(value), rtol=1e-12)


def test_identities_of_bessel_functions():
    x = minigrad.tensor(np.r_[10.0 ** np.arange(-9, 3), np.linspace(0.3, 60, 200)])
    j0, j1, y0, y1 = (
        getattr(special, f"bessel_{name}")(x).numpy() for name in ("j0", "j1", "y0", "y1")
    )
    assert_close(minigrad.tensor((j1 * y0 - j0 * y1) * x.numpy()), np.full(212, 2 / math.pi))
    k0, k1 = special.scaled_modified_bessel_k0(x), special.scaled_modified_bessel_k1(x)
    i0, i1 = special.i0e(x), special.i1e(x)
    assert_close((i0 * k1 + i1 * k0) * x, np.ones(212), rtol=1e-9)


def test_limits_of_bessel_functions():
    inf, nan = math.inf, math.nan
    x = minigrad.tensor([0.0, -1.0, nan, 1e-12])
    for name, at_zero in [
        *(("bessel_y0", -inf), ("bessel_y1", -inf), ("modified_bessel_k0", inf)),
        *(("modified_bessel_k1", inf), ("scaled_modified_bessel_k1", inf)),
    ]:
        found = getattr(special, name)(x)
        np.testing.assert_array_equal(found[:3].numpy(), np.float32([at_zero, nan, nan]))
        assert math.isfinite(found[3].item())
    assert special.bessel_j1(minigrad.tensor([-2.0])).item() == pytest.approx(-0.5767248, rel=1e-6)
    assert special.bessel_j1(minigrad.tensor([1e-20])).item() == pytest.approx(5e-21)
    assert special.spherical_bessel_j0(minigrad.tensor([0.0, inf])).tolist() == [1.0, 0.0]
    assert special.modified_bessel_k0(minigrad.tensor([1e4, inf])).tolist() == [0.0, 0.0]
    large = special.scaled_modified_bessel_k0(minigrad.tensor(1e4))
    assert large.item() == pytest.approx(0.0125330, rel=1e-5)


@pytest.mark.parametrize(
    "name",
    "bessel_j0 bessel_j1 bessel_y0 bessel_y1 modified_bessel_k0 modified_bessel_k1 "
    "scaled_modified_bessel_k0 scaled_modified_bessel_k1 spherical_bessel_j0 modified_bessel_i0 "
    "modified_bessel_i1".split(),
)
def test_bessel_functions_are_torchs(torch, name):
    x = np.r_[10.0 ** np.arange(-9, 2), np.linspace(0.3, 60, 200)]
    ours, theirs = (getattr(m.special, name)(m.tensor(x)) for m in (minigrad, torch))
    assert_close(ours, theirs, rtol=1e-7, atol=1e-6)  # torch's own are no better past 5
