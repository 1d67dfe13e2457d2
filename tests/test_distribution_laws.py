"""minigrad.distributions without torch: densities, draws and gradients agree with each other."""

import inspect
import math
from types import MappingProxyType

import numpy as np
import pytest
from distribution_cases import CASES

import minigrad
from minigrad import distributions as D
from minigrad.ops.draw_slopes import beta_slopes, gamma_slopes


def of_float64(values):
    return minigrad.tensor(values, dtype=minigrad.float64, requires_grad=True)


def test_draws_are_those_that_torch_gave():
    minigrad.manual_seed(0)
    probs = minigrad.tensor([0.2, 0.5, 0.3])
    assert D.Categorical(probs).sample((8,)).tolist() == [2, 2, 1, 2, 1, 2, 0, 1]
    assert D.Bernoulli(probs).sample().tolist() == [0.0, 0.0, 1.0]
    minigrad.manual_seed(0)
    shares = D.Beta(2.0, 3.0).sample((3,)), D.Dirichlet(minigrad.tensor([0.5, 2.0])).sample()
    assert [x.tolist() for x in shares] == [
        pytest.approx([0.6726, 0.3900, 0.3039], abs=1e-4),
        pytest.approx([0.1933, 0.8067], abs=1e-4),
    ]
    assert D.VonMises(0.0, 4.0).sample((3,)).tolist() == pytest.approx(
        [0.1665, -0.8116, 1.2349], abs=1e-4
    )
    assert D.NegativeBinomial(5.0, 0.5).sample((4,)).tolist() == [5, 1, 5, 4]


CONTINUOUS = """Normal Uniform Exponential Laplace Gumbel Cauchy HalfNormal LogNormal HalfCauchy
GeneralizedPareto Weibull Pareto"""


@pytest.mark.parametrize("name", CONTINUOUS.split())
def test_cdf_is_the_integral_of_the_density_and_icdf_its_inverse(name):
    d = CASES[name](D, lambda values: minigrad.tensor(values, dtype=minigrad.float64))
    d._validate_args = False
    low, high = d.icdf(of_float64(0.2)), d.icdf(of_float64(0.7))
    assert minigrad.allclose(d.cdf(low), of_float64(0.2))
    steps = minigrad.linspace(0, 1, 4001, dtype=minigrad.float64)
    x = low + (high - low) * steps.view((-1,) + (1,) * len(d.batch_shape))
    area = minigrad.trapezoid(d.log_prob(x).exp(), x, dim=0)
    assert minigrad.allclose(area, of_float64(0.5), rtol=1e-5)


@pytest.mark.parametrize("name", [n for n in CASES if n.startswith(("Bern", "Cat", "One", "Bin"))])
def test_probabilities_add_to_one_and_give_entropy(name):
    if name == "Binomial of many":
        return
    d = CASES[name](D, of_float64)
    log_prob = d.log_prob(d.enumerate_support())
    assert minigrad.allclose(log_prob.exp().sum(0), minigrad.ones((), dtype=log_prob.dtype))
    entropy = minigrad.special.entr(log_prob.exp()).sum(0)
    assert minigrad.allclose(d.entropy(), entropy, atol=1e-6)


@pytest.mark.parametrize("name", [n for n in CASES if CASES[n](D, of_float64).has_rsample])
def test_draws_have_the_mean_and_the_spread(name):
    d = CASES[name](D, lambda values: minigrad.tensor(values))
    try:
        mean, spread = d.mean, d.variance
    except NotImplementedError:
        return
    if not spread.isfinite().all():
        return
    x = d.sample((5_000,))
    assert ((x.mean(0) - mean).abs() < 6 * (spread / 5_000).sqrt() + 1e-6).all()


MEASURED = [
    ("Beta", "Gamma"), ("Dirichlet", "Dirichlet"), ("Gamma", "Gumbel"), ("Pareto", "Gamma"),
    ("LowRankMultivariateNormal", "MultivariateNormal"), ("unit", "Beta of numbers"),
    ("ContinuousBernoulli", "ContinuousBernoulli"),
    ("Wishart", "Wishart of covariance"), ("Exponential", "Gamma"),
]  # fmt: skip


@pytest.mark.parametrize("p, q", MEASURED)
def test_divergence_is_the_mean_of_the_difference(p, q):
    minigrad.manual_seed(0)
    p = CASES[p](D, lambda values: minigrad.tensor(values, dtype=minigrad.float64))
    q = CASES[q](D, lambda values: minigrad.tensor(values, dtype=minigrad.float64) * 0.9)
    x = p.sample((1_000,))
    q._validate_args = False
    differences = p.log_prob(x) - q.log_prob(x)
    error = (differences.mean(0) - D.kl_divergence(p, q)).abs()
    known = D.kl_divergence(p, q).isfinite()
    assert known.any()
    assert (error < 5 * differences.std(0) / 1_000**0.5)[known].all()


def test_the_mode_has_the_largest_density():
    d = D.Kumaraswamy(of_float64([2.0, 1.5]), of_float64([3.0, 1.2]))
    mode = d.mode.detach()
    for away in (0.98, 1.02):
        assert (d.log_prob(mode) >= d.log_prob(mode * away)).all()


def test_an_own_exponential_family():
    class Rate(D.ExponentialFamily):
        arg_constraints = MappingProxyType({})
        _mean_carrier_measure = 0
        _natural_params = property(lambda self: (-self.rate,))

        def __init__(self, rate):
            self.rate = rate
            super().__init__(rate.shape)

        def _log_normalizer(self, x):
            return -(-x).log()

    a, b = of_float64([0.5, 2.0]), of_float64([1.5, 1.0])
    assert minigrad.allclose(Rate(a).entropy(), D.Exponential(a).entropy())
    expected = D.kl_divergence(D.Exponential(a), D.Exponential(b))
    assert minigrad.allclose(D.kl_divergence(Rate(a), Rate(b)), expected)
    with pytest.raises(NotImplementedError, match="other types"):
        D.kl_divergence(Rate(a), D.Beta(a, b))


def test_gradients_through_draws_and_densities():
    def squared(loc, scale):
        minigrad.manual_seed(0)
        return D.Normal(loc, scale).rsample((3,)) ** 2

    def density(loc, scale):
        return D.Laplace(loc, scale).log_prob(of_float64([0.7, 0.1]).detach())

    def policy(logits):
        return D.Categorical(logits=logits).log_prob(minigrad.tensor([1, 0]))

    def vectors(loc, factor):
        minigrad.manual_seed(0)
        return D.MultivariateNormal(loc, scale_tril=factor.tril()).rsample((2,))

    pair = of_float64([0.3, -1.0]), of_float64([0.5, 2.0])
    assert minigrad.autograd.gradcheck(squared, pair)
    assert minigrad.autograd.gradcheck(density, pair)
    assert minigrad.autograd.gradcheck(policy, (of_float64([[0.1, 2.0, -1.0], [0.0, 0.5, 1.0]]),))
    factor = of_float64([[1.0, 0.0], [0.5, 2.0]])
    assert minigrad.autograd.gradcheck(vectors, (pair[0], factor))


# Slopes to 17 digits, from the same derivatives taken numerically at 40 digits.
GAMMA_SLOPES = [  # concentration, draw, slope
    (0.01, 1e-20, 4.5490816402012236e-17),
    (0.3, 0.2, 1.2120372612897223),
    (0.7, 1.99, 2.0230574767933646),
    (1, 0.5, 0.80697911682531802),
    (1, 12.0, 3.1394484478284524),
    (2.5, 0.1, 0.14054979297366989),
    (2.5, 8.0, 1.8053769451521995),
    (40.0, 30.0, 0.86663982515044868),
    (40, 60.0, 1.2214508415791072),
    (999.0, 999.5, 1.0004171004513563),
    (200000.0, 200300.0, 1.000750459239373),
]
BETA_SLOPES = [  # concentration, that of the others, draw, slope over 1 - draw
    (7, 0, 1, 0),
    (0.01, 3.0, 1e-30, 6.7589941342109439e-27),
    (0.5, 0.5, 0.99, 2.7566362557611071),
    (1, 1, 0.25, 0.46209812037329687),
    (2, 3, 0.7, 0.30675154819691568),
    (2, 3, 0.1, 0.10422405162733035),
    (40, 5, 0.9, 0.02262182203356787),
    (100, 300, 0.2, 0.0022369128181676869),
    (3.0, 0.1, 0.999, 0.38721634470960266),
]


def test_slopes_of_draws_are_exact():
    *given, expected = np.array(GAMMA_SLOPES, np.float64).T.copy()
    np.testing.assert_allclose(gamma_slopes(*given), expected, rtol=2e-12)
    *given, expected = np.array(BETA_SLOPES, np.float64).T.copy()
    np.testing.assert_allclose(beta_slopes(*given), expected, rtol=1e-13)


@pytest.mark.parametrize("family", [D.Gamma, D.Beta])
def test_a_draw_has_no_second_derivative(family):
    shape = of_float64([0.5, 2.0])
    (slope,) = minigrad.autograd.grad(
        family(shape, shape).rsample().sum(), shape, create_graph=True
    )
    with pytest.raises(NotImplementedError, match="second derivative"):
        slope.sum().backward()


def test_gamma_draws_keep_their_quantile():
    shape = of_float64([0.05, 0.3, 1.0, 2.5, 40.0, 3000.0])
    x = D.Gamma(shape, minigrad.ones_like(shape)).rsample((20,))
    (slope,) = minigrad.autograd.grad(x[7].sum(), shape)
    below = minigrad.special.gammainc
    for step in (1e-5, -1e-5):
        moved = below(shape + step * shape, x[7] + slope * step * shape)
        assert minigrad.allclose(moved, below(shape, x[7]), rtol=1e-6, atol=1e-8)


def test_beta_draws_keep_their_quantile():
    """Of the density between 0 and the draw, which moves with a concentration, the area stays."""
    shapes = of_float64([0.7, 1.5, 2.5, 40.0])
    others = of_float64([2.0, 0.8, 9.0, 30.0])
    x = D.Beta(shapes, others).rsample()
    slopes = minigrad.autograd.grad(x.sum(), (shapes, others))
    u = minigrad.linspace(0, 1, 2_001, dtype=minigrad.float64).unsqueeze(-1)

    def below(a, b, x):
        power = 8  # u ** 8 spreads the steps near 0, where the density may be infinite
        density = D.Beta(a, b, validate_args=False).log_prob((x * u**power)[1:])
        return (density.exp() * x * power * u[1:] ** (power - 1)).mean(0)

    for step in (1e-4, -1e-4):
        moves = [(step, 0.0), (0.0, step)]
        for (da, db), slope in zip(moves, slopes, strict=True):
            moved = below(shapes + da, others + db, x + slope * step)
            unmoved = below(shapes, others, x)
            without = below(shapes + da, others + db, x)
            assert ((moved - unmoved).abs() < 0.02 * (without - unmoved).abs() + 1e-9).all()


def test_dirichlet_draws_are_shares_whose_proportions_stay():
    concentration = of_float64([0.5, 2.0, 5.0])
    x = D.Dirichlet(concentration).rsample()
    assert x.sum().item() == pytest.approx(1)
    jacobian = [minigrad.autograd.grad(part, concentration, retain_graph=True)[0] for part in x]
    jacobian = minigrad.stack(jacobian)  # [i, j]: of draw i by concentration j
    assert minigrad.allclose(jacobian.sum(0), minigrad.zeros(3, dtype=x.dtype), atol=1e-9)
    relative = jacobian / x.unsqueeze(-1)
    assert relative[1, 0].item() == pytest.approx(relative[2, 0].item())


def test_what_is_computed_under_no_grad_has_its_gradient():
    probs = minigrad.tensor([0.3, 0.7], requires_grad=True)
    policy = D.Categorical(probs)
    with minigrad.no_grad():
        _ = policy.logits
    policy.log_prob(minigrad.tensor(1)).backward()
    assert probs.grad.tolist() == pytest.approx([-1.0, 0.3 / 0.7], abs=1e-6)


def test_a_cached_inverse_is_exact():
    tanh = D.TanhTransform(cache_size=1)
    x = minigrad.tensor([20.0])
    assert tanh.inv(tanh(x)) is x
    assert D.TanhTransform().inv(tanh(x)).isinf().all()


def test_validation_can_be_switched_off():
    outside = D.Uniform(0.0, 1.0, validate_args=False).log_prob(minigrad.tensor(2.0))
    assert outside.item() == -math.inf
    assert D.Normal(0.0, -1.0, validate_args=False).scale.item() == -1
    D.Distribution.set_default_validate_args(False)
    try:
        assert D.Normal(0.0, -1.0).scale.item() == -1
    finally:
        D.Distribution.set_default_validate_args(True)


def test_own_distributions():
    class Shifted(D.Normal):
        def __init__(self, loc):
            super().__init__(loc, 1.0)

    assert D.kl_divergence(Shifted(1.0), D.Normal(0.0, 1.0)).item() == 0.5
    with pytest.raises(NotImplementedError, match=r"Shifted of Normal.*custom .expand"):
        Shifted(1.0).expand((2,))

    class Bare(D.Distribution):
        pass

    with pytest.warns(UserWarning, match="does not define `arg_constraints`"):
        bare = Bare((2,))
    assert bare.batch_shape == (2,)
    for ask in (bare.sample, bare.entropy, lambda: bare.mean, lambda: bare.support):
        with pytest.raises(NotImplementedError):
            ask()
    with pytest.warns(FutureWarning, match="sample_n"):
        assert D.Normal(0.0, 1.0).sample_n(3).shape == (3,)


def test_every_distribution_and_transform_has_an_example():
    plain = {"Distribution", "Transform", "ComposeTransform", "OneHotCategoricalStraightThrough"}
    for name in set(D.__all__) - plain:
        offered = getattr(D, name)
        if inspect.isclass(offered):
            assert ">>>" in offered.__doc__, name
