from minigrad.distributions import bernoulli as bernoulli
from minigrad.distributions import binomial as binomial
from minigrad.distributions import categorical as categorical
from minigrad.distributions import cauchy as cauchy
from minigrad.distributions import chi2 as chi2
from minigrad.distributions import constraints as constraints
from minigrad.distributions import distribution as distribution
from minigrad.distributions import exponential as exponential
from minigrad.distributions import gamma as gamma
from minigrad.distributions import geometric as geometric
from minigrad.distributions import gumbel as gumbel
from minigrad.distributions import half as half
from minigrad.distributions import half_cauchy as half_cauchy
from minigrad.distributions import half_normal as half_normal
from minigrad.distributions import independent as independent
from minigrad.distributions import kl as kl
from minigrad.distributions import laplace as laplace
from minigrad.distributions import log_normal as log_normal
from minigrad.distributions import mixture_same_family as mixture_same_family
from minigrad.distributions import multinomial as multinomial
from minigrad.distributions import multivariate_normal as multivariate_normal
from minigrad.distributions import normal as normal
from minigrad.distributions import one_hot_categorical as one_hot_categorical
from minigrad.distributions import poisson as poisson
from minigrad.distributions import relaxed_bernoulli as relaxed_bernoulli
from minigrad.distributions import relaxed_categorical as relaxed_categorical
from minigrad.distributions import studentT as studentT
from minigrad.distributions import transformed_distribution as transformed_distribution
from minigrad.distributions import transforms as transforms
from minigrad.distributions import two_outcomes as two_outcomes
from minigrad.distributions import uniform as uniform
from minigrad.distributions import utils as utils
from minigrad.distributions.bernoulli import Bernoulli as Bernoulli
from minigrad.distributions.binomial import Binomial as Binomial
from minigrad.distributions.categorical import Categorical as Categorical
from minigrad.distributions.cauchy import Cauchy as Cauchy
from minigrad.distributions.chi2 import Chi2 as Chi2
from minigrad.distributions.distribution import Distribution as Distribution
from minigrad.distributions.exponential import Exponential as Exponential
from minigrad.distributions.gamma import Gamma as Gamma
from minigrad.distributions.geometric import Geometric as Geometric
from minigrad.distributions.gumbel import Gumbel as Gumbel
from minigrad.distributions.half_cauchy import HalfCauchy as HalfCauchy
from minigrad.distributions.half_normal import HalfNormal as HalfNormal
from minigrad.distributions.independent import Independent as Independent
from minigrad.distributions.kl import kl_divergence as kl_divergence
from minigrad.distributions.kl import register_kl as register_kl
from minigrad.distributions.laplace import Laplace as Laplace
from minigrad.distributions.log_normal import LogNormal as LogNormal
from minigrad.distributions.mixture_same_family import MixtureSameFamily as MixtureSameFamily
from minigrad.distributions.multinomial import Multinomial as Multinomial
from minigrad.distributions.multivariate_normal import MultivariateNormal as MultivariateNormal
from minigrad.distributions.normal import Normal as Normal
from minigrad.distributions.one_hot_categorical import OneHotCategorical as OneHotCategorical
from minigrad.distributions.one_hot_categorical import (
    OneHotCategoricalStraightThrough as OneHotCategoricalStraightThrough,
)
from minigrad.distributions.poisson import Poisson as Poisson
from minigrad.distributions.relaxed_bernoulli import RelaxedBernoulli as RelaxedBernoulli
from minigrad.distributions.relaxed_categorical import (
    RelaxedOneHotCategorical as RelaxedOneHotCategorical,
)
from minigrad.distributions.studentT import StudentT as StudentT
from minigrad.distributions.transformed_distribution import (
    TransformedDistribution as TransformedDistribution,
)
from minigrad.distributions.transforms import AbsTransform as AbsTransform
from minigrad.distributions.transforms import AffineTransform as AffineTransform
from minigrad.distributions.transforms import ComposeTransform as ComposeTransform
from minigrad.distributions.transforms import ExpTransform as ExpTransform
from minigrad.distributions.transforms import IndependentTransform as IndependentTransform
from minigrad.distributions.transforms import PowerTransform as PowerTransform
from minigrad.distributions.transforms import SigmoidTransform as SigmoidTransform
from minigrad.distributions.transforms import SoftmaxTransform as SoftmaxTransform
from minigrad.distributions.transforms import SoftplusTransform as SoftplusTransform
from minigrad.distributions.transforms import TanhTransform as TanhTransform
from minigrad.distributions.transforms import Transform as Transform
from minigrad.distributions.transforms import identity_transform as identity_transform
from minigrad.distributions.uniform import Uniform as Uniform
