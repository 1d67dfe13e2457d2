"""Kullback-Leibler divergences, found by the types of the two distributions."""

import math
from collections.abc import Callable

import minigrad
from minigrad import Tensor
from minigrad.distributions.bernoulli import Bernoulli
from minigrad.distributions.binomial import Binomial
from minigrad.distributions.categorical import Categorical
from minigrad.distributions.cauchy import Cauchy
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.exponential import Exponential
from minigrad.distributions.gamma import Gamma
from minigrad.distributions.geometric import Geometric
from minigrad.distributions.gumbel import Gumbel
from minigrad.distributions.half_normal import HalfNormal
from minigrad.distributions.independent import Independent
from minigrad.distributions.laplace import Laplace
from minigrad.distributions.multivariate_normal import (
    MultivariateNormal,
    half_log_det,
    squared_distance,
)
from minigrad.distributions.normal import Normal
from minigrad.distributions.one_hot_categorical import OneHotCategorical
from minigrad.distributions.poisson import Poisson
from minigrad.distributions.transformed_distribution import TransformedDistribution
from minigrad.distributions.uniform import Uniform
from minigrad.distributions.utils import euler_constant, sum_rightmost
from minigrad.nn.functional import softplus

__all__ = ["kl_divergence", "register_kl"]

_registered: dict[tuple[type, type], Callable] = {}


def register_kl(type_p, type_q):
    """Decorate the function that ``kl_divergence`` calls for two types of distributions.

    >>> import minigrad
    >>> from minigrad.distributions import Normal, kl_divergence, register_kl
    >>> class Mine(Normal):
    ...     pass
    >>> @register_kl(Mine, Normal)
    ... def zero(p, q):
    ...     return minigrad.zeros(p.batch_shape)
    >>> kl_divergence(Mine(5.0, 1.0), Normal(0.0, 1.0))
    tensor(0.)
    """
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not (isinstance(kind, type) and issubclass(kind, Distribution)):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def decorator(function):
        _registered[type_p, type_q] = function
        return function

    return decorator


def kl_divergence(p, q) -> Tensor:
    """Return the divergence of ``p`` from ``q``: the mean of log p(x) - log q(x), x from p.

    Raises NotImplementedError where nobody has registered one.

    >>> import minigrad
    >>> from minigrad.distributions import Normal, kl_divergence
    >>> kl_divergence(Normal(1.0, 1.0), Normal(0.0, 1.0))
    tensor(0.5000)
    """
    of_p, of_q = type(p).__mro__, type(q).__mro__
    found = [pair for pair in _registered if pair[0] in of_p and pair[1] in of_q]
    if not found:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type "
            f"{type(q).__name__}"
        )
    nearest = min(found, key=lambda pair: (of_p.index(pair[0]), of_q.index(pair[1])))
    return _registered[nearest](p, q)


# ---------------------------------------------------------------- of one family


@register_kl(Normal, Normal)
def _normal(p, q):
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p, q):
    yes = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    yes = yes.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0)
    no = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    return yes + no.masked_fill(q.probs == 1, math.inf).masked_fill(p.probs == 1, 0)


@register_kl(Categorical, Categorical)
@register_kl(OneHotCategorical, OneHotCategorical)
def _categorical(p, q):
    terms = p.probs * (p.logits - q.logits)
    terms = terms.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0)
    return terms.sum(-1)


@register_kl(Binomial, Binomial)
def _binomial(p, q):
    if (p.total_count < q.total_count).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    of_one = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    return (p.total_count * of_one).masked_fill(p.total_count > q.total_count, math.inf)


@register_kl(Cauchy, Cauchy)
def _cauchy(p, q):
    squares = (p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)
    return squares.log() - (4 * p.scale * q.scale).log()


@register_kl(Exponential, Exponential)
def _exponential(p, q):
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Gamma, Gamma)
def _gamma(p, q):
    shape, rate = p.concentration, p.rate
    lgammas = q.concentration.lgamma() - shape.lgamma()
    shapes = (shape - q.concentration) * shape.digamma()
    rates = q.concentration * (rate / q.rate).log() + (q.rate - rate) * (shape / rate)
    return rates + lgammas + shapes


@register_kl(Geometric, Geometric)
def _geometric(p, q):
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Gumbel, Gumbel)
def _gumbel(p, q):
    ratio, shift = p.scale / q.scale, (p.loc - q.loc) / q.scale
    rest = ratio * euler_constant + ((1 + ratio).lgamma() - shift).exp()
    return shift - ratio.log() + rest - (1 + euler_constant)


@register_kl(Laplace, Laplace)
def _laplace(p, q):
    ratio, away = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + away / q.scale + ratio * (-away / p.scale).exp() - 1


@register_kl(Poisson, Poisson)
def _poisson(p, q):
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Uniform, Uniform)
def _uniform(p, q):
    ratio = (q.high - q.low) / (p.high - p.low)
    return ratio.log().masked_fill((q.low > p.low) | (q.high < p.high), math.inf)


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p, q):
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes cannot be "
            f"computed: {p.event_shape} and {q.event_shape}"
        )
    p_factor, q_factor = p._factor, q._factor
    batch = minigrad.broadcast_shapes(p_factor.shape[:-2], q_factor.shape[:-2])
    n = p.event_shape[0]
    ratio = minigrad.linalg.solve_triangular(
        q_factor.expand((*batch, n, n)), p_factor.expand((*batch, n, n)), upper=False
    )
    trace = ratio.pow(2).sum((-2, -1))
    away = squared_distance(q_factor, q.loc - p.loc)
    return half_log_det(q_factor) - half_log_det(p_factor) + 0.5 * (trace + away - n)


# ---------------------------------------------------------------- made of others


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p, q):
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Independent, Independent)
def _independent(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            "No KL(p || q) is implemented where p and q have other reinterpreted_batch_ndims"
        )
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p, q):
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError(
            "No KL(p || q) is implemented where p and q have other transforms or event shapes"
        )
    return kl_divergence(p.base_dist, q.base_dist)


# ---------------------------------------------------------------- of two families


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


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p, q):
    difference = ((q.loc - p.low) / q.scale).exp() - ((q.loc - p.high) / q.scale).exp()
    return _gumbel_mean(p, q, difference * q.scale / (p.high - p.low))


@register_kl(Gamma, Exponential)
def _any_exponential(p, q):
    return q.rate * p.mean - q.rate.log() - p.entropy()


@register_kl(Uniform, Exponential)
def _uniform_exponential(p, q):
    return _any_exponential(p, q).masked_fill(p.low < 0, math.inf)


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p, q):
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Exponential, Uniform)
@register_kl(Gamma, Uniform)
@register_kl(Gumbel, Exponential)
@register_kl(Gumbel, Gamma)
@register_kl(Gumbel, Uniform)
@register_kl(Laplace, Exponential)
@register_kl(Laplace, Gamma)
@register_kl(Laplace, Uniform)
@register_kl(Normal, Exponential)
@register_kl(Normal, Gamma)
@register_kl(Normal, Uniform)
@register_kl(Poisson, Bernoulli)
@register_kl(Poisson, Binomial)
def _infinite(p, q):
    """p gives values that q never gives."""
    return minigrad.full(p.batch_shape, math.inf, dtype=p.mean.dtype)
