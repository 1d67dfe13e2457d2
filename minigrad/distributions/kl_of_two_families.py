"""Kullback-Leibler divergences of distributions of two families: the mean of -log q, less the
entropy of p."""

import math

import minigrad
from minigrad.distributions.bernoulli import Bernoulli
from minigrad.distributions.beta import Beta
from minigrad.distributions.binomial import Binomial
from minigrad.distributions.continuous_bernoulli import ContinuousBernoulli
from minigrad.distributions.exponential import Exponential
from minigrad.distributions.gamma import Gamma
from minigrad.distributions.gumbel import Gumbel
from minigrad.distributions.kl_registry import register_kl
from minigrad.distributions.laplace import Laplace
from minigrad.distributions.normal import Normal
from minigrad.distributions.pareto import Pareto
from minigrad.distributions.poisson import Poisson
from minigrad.distributions.uniform import Uniform
from minigrad.distributions.utils import euler_constant


@register_kl(Beta, Normal)
@register_kl(ContinuousBernoulli, Normal)
@register_kl(Exponential, Normal)
@register_kl(Gamma, Normal)
@register_kl(Gumbel, Normal)
@register_kl(Laplace, Normal)
@register_kl(Uniform, Normal)
def _any_normal(p, q):
    """-log q is a square, whose mean the first two moments give."""
    square = p.variance + (p.mean - q.loc).pow(2)
    return (q.scale * math.sqrt(2 * math.pi)).log() + square / (2 * q.variance) - p.entropy()


@register_kl(Normal, Laplace)
def _normal_laplace(p, q):
    away = p.loc - q.loc
    score = away / p.scale
    near = math.sqrt(2 / math.pi) * p.scale * (-0.5 * score.pow(2)).exp()
    distance = near + away * (score / math.sqrt(2)).erf()
    return (2 * q.scale).log() + distance / q.scale - p.entropy()


def _gumbel_mean(p, q, of_exp):
    """Return the mean of -log q, less p's entropy, given that of exp(-(x - loc) / scale)."""
    return (p.mean - q.loc) / q.scale + of_exp + q.scale.log() - p.entropy()


@register_kl(Normal, Gumbel)
def _normal_gumbel(p, q):
    of_exp = ((q.loc - p.loc) / q.scale + 0.5 * (p.scale / q.scale).pow(2)).exp()
    return _gumbel_mean(p, q, of_exp)


@register_kl(Exponential, Gumbel)
def _exponential_gumbel(p, q):
    scaled = p.rate * q.scale
    return _gumbel_mean(p, q, (q.loc / q.scale).exp() * scaled / (scaled + 1))


@register_kl(Gamma, Gumbel)
def _gamma_gumbel(p, q):
    of_exp = q.loc / q.scale - p.concentration * (1 / (p.rate * q.scale)).log1p()
    return _gumbel_mean(p, q, of_exp.exp())


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p, q):
    difference = ((q.loc - p.low) / q.scale).exp() - ((q.loc - p.high) / q.scale).exp()
    return _gumbel_mean(p, q, difference * q.scale / (p.high - p.low))


@register_kl(Beta, Exponential)
@register_kl(ContinuousBernoulli, Exponential)
@register_kl(Gamma, Exponential)
def _any_exponential(p, q):
    return q.rate * p.mean - q.rate.log() - p.entropy()


@register_kl(Uniform, Exponential)
def _uniform_exponential(p, q):
    return _any_exponential(p, q).masked_fill(p.low < 0, math.inf)


@register_kl(Pareto, Exponential)
def _pareto_exponential(p, q):
    return _where_finite(1, p, lambda p: _any_exponential(p, q))


@register_kl(Pareto, Gamma)
def _pareto_gamma(p, q):
    return _where_finite(1, p, lambda p: _gamma_mean(p, q, p.scale.log() + p.alpha.reciprocal()))


@register_kl(Pareto, Normal)
def _pareto_normal(p, q):
    return _where_finite(2, p, lambda p: _any_normal(p, q))


def _where_finite(order, p, divergence):
    """Return the divergence of a Pareto distribution, or infinity where its moment is."""
    infinite = p.alpha <= order
    other = Pareto(p.scale, p.alpha.masked_fill(infinite, order + 1), validate_args=False)
    return divergence(other).masked_fill(infinite, math.inf)


def _mean_log_of_uniform(low, high):
    """Return the mean of log x for x between two numbers >= 0."""
    return (high.xlogy(high) - low.xlogy(low)) / (high - low) - 1


def _gamma_mean(p, q, mean_log):
    """Return the mean of -log q, less p's entropy, given that of log x."""
    shape, rate = q.concentration, q.rate
    scale = shape.lgamma() - shape.xlogy(rate)
    return scale - (shape - 1) * mean_log + rate * p.mean - p.entropy()


@register_kl(Beta, Gamma)
def _beta_gamma(p, q):
    total = p.concentration1 + p.concentration0
    return _gamma_mean(p, q, p.concentration1.digamma() - total.digamma())


@register_kl(Exponential, Gamma)
def _exponential_gamma(p, q):
    return _gamma_mean(p, q, -p.rate.log() - euler_constant)


@register_kl(Uniform, Gamma)
def _uniform_gamma(p, q):
    return _gamma_mean(p, q, _mean_log_of_uniform(p.low, p.high)).masked_fill(p.low < 0, math.inf)


def _pareto_mean(p, q, low, mean_log):
    """Return the mean of -log q, less p's entropy, given p's lowest value and that of log x."""
    scale = -q.alpha.log() - q.alpha.xlogy(q.scale)
    mean = scale + (q.alpha + 1) * mean_log - p.entropy()
    return mean.masked_fill(low < q.scale, math.inf)


@register_kl(Pareto, Pareto)
def _pareto(p, q):
    return _pareto_mean(p, q, p.scale, p.scale.log() + p.alpha.reciprocal())


@register_kl(Uniform, Pareto)
def _uniform_pareto(p, q):
    return _pareto_mean(p, q, p.low, _mean_log_of_uniform(p.low, p.high))


@register_kl(Uniform, Beta)
def _uniform_beta(p, q):
    a, b = q.concentration1, q.concentration0
    log_beta = a.lgamma() + b.lgamma() - (a + b).lgamma()
    logs = (a - 1) * _mean_log_of_uniform(p.low, p.high)
    logs = logs + (b - 1) * _mean_log_of_uniform(1 - p.high, 1 - p.low)
    outside = (p.low < 0) | (p.high > 1)
    return (log_beta - logs - p.entropy()).masked_fill(outside, math.inf)


@register_kl(Beta, ContinuousBernoulli)
@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _any_continuous_bernoulli(p, q):
    return -p.mean * q.logits - (-q.probs).log1p() - q._log_norm() - p.entropy()


@register_kl(Uniform, ContinuousBernoulli)
def _uniform_continuous_bernoulli(p, q):
    outside = (p.low < 0) | (p.high > 1)
    return _any_continuous_bernoulli(p, q).masked_fill(outside, math.inf)


@register_kl(Beta, Uniform)
@register_kl(ContinuousBernoulli, Uniform)
def _share_uniform(p, q):
    outside = (q.low > 0) | (q.high < 1)
    return ((q.high - q.low).log() - p.entropy()).masked_fill(outside, math.inf)


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p, q):
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


def _infinite(p, q):
    """p gives values that q never gives."""
    return minigrad.full(p.batch_shape, math.inf, dtype=p.mean.dtype)


_narrower = {
    Beta: (Pareto,),
    ContinuousBernoulli: (Pareto,),
    Exponential: (Beta, ContinuousBernoulli, Pareto, Uniform),
    Gamma: (Beta, ContinuousBernoulli, Pareto, Uniform),
    Gumbel: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Laplace: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Normal: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Pareto: (Beta, ContinuousBernoulli, Uniform),
    Poisson: (Bernoulli, Binomial),
}
for _p, _others in _narrower.items():
    for _q in _others:
        register_kl(_p, _q)(_infinite)
