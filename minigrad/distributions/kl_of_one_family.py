"""Kullback-Leibler divergences of two distributions of one family."""

import math

import minigrad
from minigrad.distributions.bernoulli import Bernoulli
from minigrad.distributions.beta import Beta
from minigrad.distributions.binomial import Binomial
from minigrad.distributions.categorical import Categorical
from minigrad.distributions.cauchy import Cauchy
from minigrad.distributions.covariance import half_log_det, squared_distance
from minigrad.distributions.dirichlet import Dirichlet
from minigrad.distributions.exp_family import ExponentialFamily
from minigrad.distributions.exponential import Exponential
from minigrad.distributions.gamma import Gamma
from minigrad.distributions.geometric import Geometric
from minigrad.distributions.gumbel import Gumbel
from minigrad.distributions.half_normal import HalfNormal
from minigrad.distributions.independent import Independent
from minigrad.distributions.kl_registry import kl_divergence, register_kl
from minigrad.distributions.laplace import Laplace
from minigrad.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal
from minigrad.distributions.multivariate_normal import MultivariateNormal
from minigrad.distributions.normal import Normal
from minigrad.distributions.one_hot_categorical import OneHotCategorical
from minigrad.distributions.poisson import Poisson
from minigrad.distributions.transformed_distribution import TransformedDistribution
from minigrad.distributions.uniform import Uniform
from minigrad.distributions.utils import euler_constant, sum_rightmost
from minigrad.distributions.wishart import Wishart, mvdigamma
from minigrad.nn.functional import softplus


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


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p, q):
    a, b = p.concentration, q.concentration
    totals = a.sum(-1).lgamma() - b.sum(-1).lgamma()
    digammas = a.digamma() - a.sum(-1, keepdim=True).digamma()
    return totals - (a.lgamma() - b.lgamma()).sum(-1) + ((a - b) * digammas).sum(-1)


@register_kl(Beta, Beta)
def _beta(p, q):
    return _dirichlet(p._dirichlet, q._dirichlet)


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


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p, q):
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes cannot be "
            f"computed: {p.event_shape} and {q.event_shape}"
        )
    away = squared_distance(q._factor, q.loc - p.loc)
    trace = _trace_of_ratio(p._factor, q._factor) - p.event_shape[0]
    return half_log_det(q._factor) - half_log_det(p._factor) + 0.5 * (trace + away)


def _trace_of_ratio(p, q):
    """Return the trace of the covariance of p times the inverse of that of q, of the factors."""
    batch = minigrad.broadcast_shapes(p.shape[:-2], q.shape[:-2])
    p, q = (factor.expand((*batch, *factor.shape[-2:])) for factor in (p, q))
    return minigrad.linalg.solve_triangular(q, p, upper=False).pow(2).sum((-2, -1))


@register_kl(Wishart, Wishart)
def _wishart(p, q):
    n, p_half, q_half = p.event_shape[0], 0.5 * p.df, 0.5 * q.df
    dets = q.df * (half_log_det(q._factor) - half_log_det(p._factor))
    trace = p_half * (_trace_of_ratio(p._factor, q._factor) - n)
    constants = q_half.mvlgamma(n) - p_half.mvlgamma(n)
    return (p_half - q_half) * mvdigamma(p_half, n) + dets + trace + constants


# ---------------------------------------------------------------- made of others


@register_kl(ExponentialFamily, ExponentialFamily)
def _exponential_family(p, q):
    """The divergence of L. Bregman that the normalizer makes."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "No KL(p || q) is implemented where p and q are exponential families of other types"
        )
    with minigrad.enable_grad():
        of_p = [x.detach().requires_grad_() for x in p._natural_params]
        normalizer = p._log_normalizer(*of_p)
        means = minigrad.autograd.grad(normalizer.sum(), of_p, create_graph=True)
    result = q._log_normalizer(*q._natural_params) - normalizer
    for x, y, mean in zip(of_p, q._natural_params, means, strict=True):
        result = result - sum_rightmost((y - x) * mean, len(q.event_shape))
    return result


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
