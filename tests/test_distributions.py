"""minigrad.distributions: torch's numbers, draws, gradients and errors; and identities."""

import inspect
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad import distributions

LOC, SCALE = [[-1.0, 0.5, 2.0], [0.0, 1.5, -3.0]], [[0.5, 1.0, 2.0], [0.1, 3.0, 1.0]]
PROBS, LOGITS = [[0.2, 0.5, 0.9], [0.01, 0.7, 0.4]], [[-1.0, 0.0, 2.0], [3.0, -0.5, 0.3]]
TRIL = [[[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [-0.3, 0.4, 0.7]]]

# Each makes a distribution from the module that has it, and tensors that record gradients.
CASES = {
    "Normal": lambda d, t: d.Normal(t(LOC), t(SCALE)),
    "Normal of numbers": lambda d, t: d.Normal(0.0, 2),
    "Normal, broadcast": lambda d, t: d.Normal(t(LOC), 2.0),
    "LogNormal": lambda d, t: d.LogNormal(t(LOC), t(SCALE)),
    "Bernoulli": lambda d, t: d.Bernoulli(t(PROBS)),
    "Bernoulli of logits": lambda d, t: d.Bernoulli(logits=t(LOGITS)),
    "Bernoulli of a number": lambda d, t: d.Bernoulli(0.3),
    "Categorical": lambda d, t: d.Categorical(t(PROBS)),
    "Categorical of logits": lambda d, t: d.Categorical(logits=t(LOGITS)),
    "Categorical, one row": lambda d, t: d.Categorical(t(PROBS[0])),
    "Categorical with zeros": lambda d, t: d.Categorical(t([0.0, 0.3, 0.7])),
    "OneHotCategorical": lambda d, t: d.OneHotCategorical(t(PROBS)),
    "OneHotCategorical of logits": lambda d, t: d.OneHotCategorical(logits=t(LOGITS)),
    "straight through": lambda d, t: d.OneHotCategoricalStraightThrough(t(PROBS)),
    "Uniform": lambda d, t: d.Uniform(t([-1.0, 0.0]), t([1.0, 5.0])),
    "Exponential": lambda d, t: d.Exponential(t(SCALE)),
    "Laplace": lambda d, t: d.Laplace(t(LOC), t(SCALE)),
    "Gumbel": lambda d, t: d.Gumbel(t(LOC), t(SCALE)),
    "Geometric": lambda d, t: d.Geometric(t(PROBS)),
    "Geometric of logits": lambda d, t: d.Geometric(logits=t(LOGITS)),
    "Poisson": lambda d, t: d.Poisson(t([0.5, 3.0, 30.0])),
    "Binomial": lambda d, t: d.Binomial(8, t(PROBS)),
    "Binomial of many": lambda d, t: d.Binomial(t([40.0, 100.0, 7.0]), t(PROBS)),
    "Binomial of logits": lambda d, t: d.Binomial(3, logits=t(LOGITS)),
    "Multinomial": lambda d, t: d.Multinomial(6, t(PROBS)),
    "Multinomial of logits": lambda d, t: d.Multinomial(2, logits=t(LOGITS)),
    "HalfNormal": lambda d, t: d.HalfNormal(t(SCALE)),
    "HalfCauchy": lambda d, t: d.HalfCauchy(t(SCALE)),
    "Cauchy": lambda d, t: d.Cauchy(t(LOC), t(SCALE)),
    "MultivariateNormal": lambda d, t: d.MultivariateNormal(t(LOC), scale_tril=t(TRIL)),
    "MultivariateNormal of covariance": lambda d, t: d.MultivariateNormal(
        t(LOC[0]), t([[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 0.7]])
    ),
    "MultivariateNormal of precision": lambda d, t: d.MultivariateNormal(
        t(LOC), precision_matrix=t([[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 0.7]])
    ),
    "Gamma": lambda d, t: d.Gamma(t(SCALE), t([0.5, 1.0, 2.0])),
    "Chi2": lambda d, t: d.Chi2(t(SCALE)),
    "StudentT": lambda d, t: d.StudentT(t([0.7, 1.5, 4.0]), t(LOC), t(SCALE)),
    "StudentT of a number": lambda d, t: d.StudentT(3.0),
    "mixture": lambda d, t: d.MixtureSameFamily(
        d.Categorical(t(PROBS)), d.Normal(t(LOC), t(SCALE))
    ),
    "mixture of vectors": lambda d, t: d.MixtureSameFamily(
        d.Categorical(logits=t([0.5, -1.0])), d.Independent(d.Laplace(t(LOC), t(SCALE)), 1)
    ),
    "mixture of bounded": lambda d, t: d.MixtureSameFamily(
        d.Categorical(t([0.3, 0.7])), d.Uniform(t([0.0, 1.0]), t([3.0, 3.0]))
    ),
    "Independent": lambda d, t: d.Independent(d.Normal(t(LOC), t(SCALE)), 1),
    "Independent, nothing": lambda d, t: d.Independent(d.Bernoulli(t(PROBS)), 0),
    "Independent of all": lambda d, t: d.Independent(d.Bernoulli(logits=t(LOGITS)), 2),
    "squashed": lambda d, t: d.TransformedDistribution(
        d.Normal(t(LOC), t(SCALE)), [d.TanhTransform(cache_size=1), d.AffineTransform(1.0, -2.0)]
    ),
    "squashed vectors": lambda d, t: d.Independent(
        d.TransformedDistribution(d.Normal(t(LOC), t(SCALE)), d.TanhTransform(cache_size=1)), 1
    ),
    "logistic": lambda d, t: d.TransformedDistribution(
        d.Uniform(0.0, 1.0), [d.SigmoidTransform().inv, d.AffineTransform(t(LOC), t(SCALE))]
    ),
    "affine vectors": lambda d, t: d.TransformedDistribution(
        d.Normal(t(LOC), t(SCALE)), d.AffineTransform(t([1.0, 2.0, 3.0]), 2.0, event_dim=1)
    ),
    "composed": lambda d, t: d.TransformedDistribution(
        d.Normal(t(LOC), t(SCALE)),
        [
            d.ComposeTransform([d.SoftplusTransform(), d.PowerTransform(t(2.0))]),
            d.IndependentTransform(d.ExpTransform().inv, 1),
        ],
    ),
    "RelaxedBernoulli": lambda d, t: d.RelaxedBernoulli(t(0.5), t(PROBS)),
    "RelaxedBernoulli of logits": lambda d, t: d.RelaxedBernoulli(t(0.7), logits=t(LOGITS)),
    "RelaxedOneHotCategorical": lambda d, t: d.RelaxedOneHotCategorical(t(0.5), t(PROBS)),
    "RelaxedOneHotCategorical of logits": lambda d, t: d.RelaxedOneHotCategorical(
        t(0.7), logits=t(LOGITS)
    ),
}


class Side:
    """One of the two libraries, a distribution of it, and its parameters."""

    def __init__(self, library, case):
        self.library, self.parameters = library, []
        self.made = CASES[case](library.distributions, self.tensor)

    def tensor(self, values):
        made = self.library.tensor(values, requires_grad=True)
        self.parameters.append(made)
        return made

    def outcome(self, ask):
        """Return what the question gives and its gradient, as arrays; or the class of the error."""
        self.library.manual_seed(3)
        try:
            value = ask(self.made, self.library)
            if not isinstance(value, self.library.Tensor):
                return value
            return [value.detach().numpy(), *self.grads(value)]
        except (NotImplementedError, AttributeError, ValueError, RuntimeError) as error:
            return type(error).__name__

    def grads(self, value):
        if not value.requires_grad:
            return []
        total = value[value.isfinite()].sum()
        grads = self.library.autograd.grad(
            total, self.parameters, allow_unused=True, retain_graph=True
        )
        return [None if grad is None else grad.numpy() for grad in grads]


def drawn(d, library):
    """A draw as data, with which densities can be asked for."""
    with library.no_grad():
        return d.sample((4,)).detach()


def without_grad(text):
    """Leave out how a bound records gradients: torch expands what has the shape already."""
    return re.sub(r", (requires_grad=True|grad_fn=<\w+>)", "", text)


QUESTIONS = {
    "sample": lambda d, _: d.sample(),
    "samples": lambda d, _: d.sample((5, 2)),
    "rsample": lambda d, _: d.rsample((5,)),
    "log_prob": lambda d, lib: d.log_prob(drawn(d, lib)),
    "cdf": lambda d, lib: d.cdf(drawn(d, lib)),
    "icdf": lambda d, lib: d.icdf(lib.tensor([[0.25], [0.75]])),
    "entropy": lambda d, _: d.entropy(),
    "perplexity": lambda d, _: d.perplexity(),
    "mean": lambda d, _: d.mean,
    "mode": lambda d, _: d.mode,
    "variance": lambda d, _: d.variance,
    "stddev": lambda d, _: d.stddev,
    "probs": lambda d, _: d.probs,
    "logits": lambda d, _: d.logits,
    "covariance_matrix": lambda d, _: d.covariance_matrix,
    "precision_matrix": lambda d, _: d.precision_matrix,
    "scale_tril": lambda d, _: d.scale_tril,
    "enumerate_support": lambda d, _: d.enumerate_support(),
    "enumerate_support(False)": lambda d, _: d.enumerate_support(False),
    "expand": lambda d, lib: d.expand((3, *d.batch_shape)).log_prob(drawn(d, lib)[:3]),
    "expanded sample": lambda d, _: d.expand((2, *d.batch_shape)).sample(),
    "batch_shape": lambda d, _: tuple(d.batch_shape),
    "event_shape": lambda d, _: tuple(d.event_shape),
    "has_rsample": lambda d, _: bool(d.has_rsample),
    "has_enumerate_support": lambda d, _: bool(d.has_enumerate_support),
    "repr": lambda d, lib: repr(d).replace(f"{lib.__name__}.Size", "Size"),
    "support": lambda d, _: without_grad(repr(d.support)),
    "arg_constraints": lambda d, _: without_grad(repr(d.arg_constraints)),
    "expanded repr": lambda d, lib: repr(d.expand((2, *d.batch_shape))).replace(
        f"{lib.__name__}.Size", "Size"
    ),
}


def assert_alike(ours, theirs, rtol=2e-4):
    """Draws that are whole numbers are the same; others to the precision of float32."""
    if not isinstance(theirs, list):
        assert ours == theirs
        return
    assert isinstance(ours, list), ours
    assert ours[0].dtype == theirs[0].dtype and len(ours) == len(theirs)
    for mine, yours in zip(ours, theirs, strict=True):
        if mine is None or yours is None:  # torch says zero for some that do not take part
            assert not np.any(mine) and not np.any(yours)
        else:
            np.testing.assert_allclose(mine, yours, rtol=rtol, atol=2e-5)


@pytest.mark.parametrize("case", CASES)
def test_as_torch(case, torch):
    ours, theirs = Side(minigrad, case), Side(torch, case)
    for name, ask in QUESTIONS.items():
        try:
            # torch knows the gradient of gamma draws to three digits
            rtol = 1e-3 if "rsample" in name and case in ("Gamma", "Chi2") else 2e-4
            assert_alike(ours.outcome(ask), theirs.outcome(ask), rtol)
        except AssertionError as error:
            raise AssertionError(f"{name} of {case}: {error}") from None


PAIRS = [
    *[(name, name) for name in CASES if name not in ("Binomial of many", "composed")],
    ("Gamma", "Exponential"), ("Gamma", "Normal"), ("Gamma", "Chi2"), ("Normal", "Gamma"),
    ("Bernoulli", "Poisson"), ("Exponential", "Gumbel"), ("Exponential", "Normal"),
    ("Exponential", "Uniform"), ("Gumbel", "Exponential"), ("Gumbel", "Normal"),
    ("Laplace", "Normal"), ("Laplace", "Exponential"), ("Normal", "Exponential"),
    ("Normal", "Gumbel"), ("Normal", "Laplace"), ("Normal", "Bernoulli"), ("Poisson", "Bernoulli"),
    ("Uniform", "Normal of numbers"), ("MultivariateNormal", "MultivariateNormal of covariance"),
    ("Bernoulli", "Bernoulli of logits"), ("Categorical", "Categorical of logits"),
    ("Categorical with zeros", "Categorical"), ("Categorical", "Categorical with zeros"),
    ("Independent", "Independent of all"), ("Binomial", "Binomial of logits"),
]  # fmt: skip


def other(library):
    """Return the tensors of q: the same parameters, a little smaller."""
    return lambda values: library.tensor(values) * 0.9


@pytest.mark.parametrize("p, q", PAIRS)
def test_kl_divergence(p, q, torch):
    ours, theirs = Side(minigrad, p), Side(torch, p)

    def ask(d, library):
        smaller = CASES[q](library.distributions, other(library))
        return library.distributions.kl_divergence(d, smaller)

    assert_alike(ours.outcome(ask), theirs.outcome(ask))


WRONG = {
    "not positive": lambda d, t: d.Normal(0.0, -1.0),
    "nan": lambda d, t: d.Normal(t([float("nan"), 1.0]), 1.0),
    "both": lambda d, t: d.Bernoulli(0.2, 0.3),
    "neither": lambda d, t: d.Categorical(),
    "above one": lambda d, t: d.Bernoulli(1.5),
    "no dimension": lambda d, t: d.Categorical(t(0.5)),
    "no dimension of logits": lambda d, t: d.Categorical(logits=t(0.5)),
    "negative": lambda d, t: d.Categorical(t([-0.5, 0.2])),
    "out of support": lambda d, t: d.Bernoulli(0.5).log_prob(t(2.0)),
    "not a tensor": lambda d, t: d.Bernoulli(0.5).log_prob(2.0),
    "not broadcastable": lambda d, t: d.Bernoulli(t([0.5, 0.5])).log_prob(t([0.0, 1.0, 1.0])),
    "no such class": lambda d, t: d.Categorical(t([0.5, 0.2])).log_prob(t([3])),
    "wrong event": lambda d, t: d.OneHotCategorical(t([0.2, 0.8])).log_prob(t([1.0, 0.0, 0.0])),
    "not one-hot": lambda d, t: d.OneHotCategorical(t([0.2, 0.8])).log_prob(t([1.0, 1.0])),
    "empty": lambda d, t: d.Uniform(1.0, 0.0),
    "empty too": lambda d, t: d.Uniform(t([1.0, 2.0]), 0.0),
    "beyond": lambda d, t: d.Uniform(0.0, 1.0).log_prob(t(2.0)),
    "never": lambda d, t: d.Geometric(0.0),
    "total of tensor": lambda d, t: d.Multinomial(t(3), t([0.1, 0.9])),
    "totals": lambda d, t: d.Binomial(t([3.0, 4.0]), t([0.1, 0.9])).entropy(),
    "totals of support": lambda d, t: d.Binomial(t([3.0, 4.0]), t(0.1)).enumerate_support(),
    "a number": lambda d, t: d.MultivariateNormal(t(0.0), t([[1.0]])),
    "no matrix": lambda d, t: d.MultivariateNormal(t([0.0, 0.0])),
    "not a matrix": lambda d, t: d.MultivariateNormal(t([0.0, 0.0]), scale_tril=t(1.0)),
    "not symmetric": lambda d, t: d.MultivariateNormal(t([0.0] * 2), t([[1.0, 0.5], [0.2, 1.0]])),
    "not definite": lambda d, t: d.MultivariateNormal(t([0.0] * 2), t([[1.0, 2.0], [2.0, 1.0]])),
    "mixture of other sizes": lambda d, t: d.MixtureSameFamily(
        d.Categorical(t([0.3, 0.7])), d.Normal(t([0.0, 1.0, 2.0]), 1.0)
    ),
    "mixture of other batches": lambda d, t: d.MixtureSameFamily(
        d.Categorical(t([[0.3, 0.7]] * 3)), d.Normal(t([[0.0, 1.0]] * 2), 1.0)
    ),
    "not a mixture": lambda d, t: d.MixtureSameFamily(3, d.Normal(0.0, 1.0)),
    "too many": lambda d, t: d.Independent(d.Normal(t([0.0]), 1.0), 2),
    "cartesian": lambda d, t: d.Independent(d.Bernoulli(t([0.5])), 1).enumerate_support(),
    "no transform": lambda d, t: d.TransformedDistribution(d.Normal(0.0, 1.0), 3),
    "no transforms": lambda d, t: d.TransformedDistribution(d.Normal(0.0, 1.0), [3]),
    "log of negative": lambda d, t: d.LogNormal(0.0, 1.0).log_prob(t(-1.0)),
    "shapes": lambda d, t: d.Normal(t([0.0, 1.0]), t([1.0, 1.0, 1.0])),
    "not integer": lambda d, t: d.Poisson(2.0).log_prob(t(1.5)),
    "default": lambda d, t: d.Distribution.set_default_validate_args(3),
    "cache": lambda d, t: d.ExpTransform(cache_size=2),
    "dtype": lambda d, t: d.Normal(t(0), t(1)).sample(),
    "size": lambda d, t: d.Normal(0.0, 1.0).sample(3),
}


def failure(case, library):
    with pytest.raises((ValueError, NotImplementedError, RuntimeError, TypeError)) as raised:
        WRONG[case](library.distributions, library.tensor)
    return raised.type, str(raised.value).replace("torch.Size", "minigrad.Size")


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_as_torch(case, torch):
    (kind, message), (torchs, expected) = failure(case, minigrad), failure(case, torch)
    assert kind is torchs
    if "Expected " in expected or "must be" in expected:
        own_words = ("default", "no transform")
        assert case in own_words or message == expected


def test_arguments_are_torchs(torch):
    theirs = torch.distributions
    for name in distributions.__all__:
        ours = getattr(distributions, name)
        if not inspect.isclass(ours):
            continue
        torchs = getattr(theirs, name)
        for method in ("__init__", "expand", "sample", "rsample", "log_prob", "cdf", "entropy"):
            if hasattr(ours, method) and method in vars(torchs):
                mine = inspect.signature(getattr(ours, method))
                yours = inspect.signature(getattr(torchs, method))
                assert list(mine.parameters) == list(yours.parameters), f"{name}.{method}"


TRANSFORMS = {
    "exp": lambda d, t: d.ExpTransform(),
    "affine": lambda d, t: d.AffineTransform(1.0, t([-2.0, 1.0, 0.5])),
    "affine of numbers": lambda d, t: d.AffineTransform(1.0, -2.0),
    "affine vectors": lambda d, t: d.AffineTransform(t([1.0, 2.0, 3.0]), 2.0, event_dim=1),
    "affine vectors, tensor": lambda d, t: d.AffineTransform(0.0, t(2.0), event_dim=1),
    "sigmoid": lambda d, t: d.SigmoidTransform(),
    "tanh": lambda d, t: d.TanhTransform(),
    "softplus": lambda d, t: d.SoftplusTransform(),
    "power": lambda d, t: d.ComposeTransform([d.ExpTransform(), d.PowerTransform(t(-2.0))]),
    "abs": lambda d, t: d.AbsTransform(),
    "softmax": lambda d, t: d.SoftmaxTransform(),
    "inverse": lambda d, t: d.ComposeTransform([d.SigmoidTransform(), d.ExpTransform().inv]),
    "composed": lambda d, t: d.ComposeTransform(
        [d.AffineTransform(0.5, t([1.0, 2.0, 3.0]), event_dim=1), d.TanhTransform()]
    ),
    "composed inverse": lambda d, t: (
        d.ComposeTransform([d.SigmoidTransform().inv, d.TanhTransform().inv]).inv
    ),
    "independent": lambda d, t: d.IndependentTransform(d.TanhTransform(), 1),
    "nothing": lambda d, t: d.identity_transform,
}  # fmt: skip


def described(transform, library):
    """Return all that a transform says of a value, and of itself."""

    def numbers(ask):
        try:
            return np.asarray(ask().detach())
        except (NotImplementedError, AttributeError) as error:
            return type(error).__name__

    x = library.tensor([[-0.5, 0.2, 0.7], [0.9, -0.8, 0.1]])
    y = transform(x)
    return [
        numbers(lambda: y),
        numbers(lambda: transform.inv(y)),
        numbers(lambda: transform.log_abs_det_jacobian(x, y)),
        numbers(lambda: transform.inv.log_abs_det_jacobian(y, x)),
        numbers(lambda: transform.with_cache()(x)),
        numbers(lambda: library.as_tensor(transform.sign)),
        *map(repr, (transform, transform.domain, transform.codomain)),
        (transform.bijective, transform.event_dim, transform.inv.inv is transform),
        transform == transform.inv.inv,
    ]


@pytest.mark.parametrize("case", TRANSFORMS)
def test_transforms(case, torch):
    both = (
        described(TRANSFORMS[case](library.distributions, library.tensor), library)
        for library in (minigrad, torch)
    )
    for ours, theirs in zip(*both, strict=True):
        if isinstance(theirs, np.ndarray):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
        else:
            assert ours == theirs


CHECKED = "boolean nonnegative_integer positive_integer real positive nonnegative unit_interval \
    simplex one_hot real_vector"
MATRICES = "lower_triangular lower_cholesky square symmetric positive_semidefinite \
    positive_definite"


def test_constraints(torch):
    vectors = [[0.0, 1.0], [0.5, 0.5], [-1.0, 2.0], [1.0, 1.0], [math.nan, math.inf]]
    squares = [[[1.0, 0.0], [0.5, 1.0]], [[1.0, 0.5], [0.5, 1.0]], [[1.0, 2.0], [2.0, 1.0]]]
    for names, values in ((CHECKED, vectors), (MATRICES, squares), (MATRICES, squares[1:])):
        for name in names.split():
            ours = getattr(distributions.constraints, name)
            theirs = getattr(torch.distributions.constraints, name)
            assert repr(ours) == repr(theirs)
            assert (ours.event_dim, ours.is_discrete) == (theirs.event_dim, theirs.is_discrete)
            mine, yours = ours.check(minigrad.tensor(values)), theirs.check(torch.tensor(values))
            assert mine.tolist() == yours.tolist(), name


def test_binomial_draws_are_torchs(torch):
    for n, p in ((5.0, 0.3), (100.0, 0.5), (100.0, 0.05), (40.0, 0.9), (30.0, 0.4), (7.0, 1.0)):
        drawn = []
        for library in (minigrad, torch):
            library.manual_seed(1)
            pair = library.full((300,), n), library.full((300,), p)
            drawn.append(np.asarray(library.binomial(*pair)))
        assert (drawn[0] == drawn[1]).all()


# ---------------------------------------------------------------- without torch

D = distributions


def of_float64(values):
    return minigrad.tensor(values, dtype=minigrad.float64, requires_grad=True)


def test_draws_are_those_that_torch_gave():
    minigrad.manual_seed(0)
    probs = minigrad.tensor([0.2, 0.5, 0.3])
    assert D.Categorical(probs).sample((8,)).tolist() == [2, 2, 1, 2, 1, 2, 0, 1]
    assert D.Bernoulli(probs).sample().tolist() == [0.0, 0.0, 1.0]


CONTINUOUS = "Normal Uniform Exponential Laplace Gumbel Cauchy HalfNormal LogNormal HalfCauchy"


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


def test_gamma_draws_keep_their_quantile():
    shape = of_float64([0.05, 0.3, 1.0, 2.5, 40.0, 3000.0])
    x = D.Gamma(shape, minigrad.ones_like(shape)).rsample((20,))
    (slope,) = minigrad.autograd.grad(x[7].sum(), shape)
    below = minigrad.special.gammainc
    for step in (1e-5, -1e-5):
        moved = below(shape + step * shape, x[7] + slope * step * shape)
        assert minigrad.allclose(moved, below(shape, x[7]), rtol=1e-6, atol=1e-8)


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


# ---------------------------------------------------------------- programs

REINFORCE = """\
import torch
import torch.nn as nn
from torch.distributions import Categorical, Independent, kl_divergence
from torch.distributions.normal import Normal

torch.manual_seed(1)
policy, value = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2)), nn.Linear(4, 1)
optimizer = torch.optim.Adam([*policy.parameters(), *value.parameters()], lr=0.01)
for episode in range(4):
    state, rewards, log_probs, values, entropies = torch.zeros(4), [], [], [], []
    for _ in range(15):
        actions = Categorical(logits=policy(state))
        action = actions.sample()
        log_probs.append(actions.log_prob(action))
        entropies.append(actions.entropy())
        values.append(value(state))
        state = 0.9 * state + 0.1 * torch.randn(4) + 0.1 * (action.item() - 0.5)
        rewards.append(1.0 if state.sum().item() > 0 else -1.0)
    total, returns = 0.0, []
    for reward in reversed(rewards):
        total = reward + 0.99 * total
        returns.insert(0, total)
    error = torch.tensor(returns) - torch.cat(values)
    loss = -(torch.stack(log_probs) * error.detach()).mean() + error.square().mean()
    loss = loss - 0.01 * torch.stack(entropies).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"episode {episode} reward {sum(rewards):.0f} loss {loss.item():.3f}")

mean, log_std = nn.Linear(3, 2), nn.Parameter(torch.zeros(2))
optimizer = torch.optim.Adam([*mean.parameters(), log_std], lr=0.01)
seen = torch.randn(32, 3)
with torch.no_grad():
    old = Independent(Normal(mean(seen), log_std.exp()), 1)
    actions = old.sample()
    before, gain = old.log_prob(actions), -(actions - seen[:, :2]).square().sum(1)
for step in range(3):
    new = Independent(Normal(mean(seen), log_std.exp()), 1)
    ratio = (new.log_prob(actions) - before).exp()
    loss = -torch.min(ratio * gain, ratio.clamp(0.8, 1.2) * gain).mean()
    optimizer.zero_grad()
    (loss - 0.01 * new.entropy().mean()).backward()
    optimizer.step()
    print(f"step {step} loss {loss.item():.4f} kl {kl_divergence(old, new).mean().item():.5f}")
print(new)
"""
REINFORCE_PRINTS = """\
episode 0 reward 5 loss 34.257
episode 1 reward -11 loss 31.655
episode 2 reward -15 loss 61.392
episode 3 reward 5 loss 36.177
step 0 loss 4.2814 kl 0.00000
step 1 loss 4.0170 kl 0.00063
step 2 loss 3.9093 kl 0.00229
Independent(Normal(loc: torch.Size([32, 2]), scale: torch.Size([32, 2])), 1)
"""

AUTOENCODER = """\
import torch
import torch.distributions as D
from torch import nn

torch.manual_seed(0)
x = D.Bernoulli(torch.rand(64, 20)).sample()
encoder, decoder = nn.Linear(20, 8), nn.Linear(4, 20)
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.01)
prior = D.Normal(torch.zeros(4), torch.ones(4))
for epoch in range(4):
    mu, log_var = encoder(x).chunk(2, dim=-1)
    q = D.Normal(mu, (0.5 * log_var).exp())
    p = D.Independent(D.Bernoulli(logits=decoder(q.rsample())), 1)
    loss = (D.kl_divergence(q, prior).sum(-1) - p.log_prob(x)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.3f}")
soft = D.RelaxedOneHotCategorical(torch.tensor(0.5), logits=encoder(x[:2]))
print(soft.rsample().argmax(-1))
"""
AUTOENCODER_PRINTS = """\
epoch 0 loss 16.188
epoch 1 loss 15.830
epoch 2 loss 15.286
epoch 3 loss 15.033
tensor([1, 5])
"""


@pytest.mark.parametrize(
    "program, printed", [(REINFORCE, REINFORCE_PRINTS), (AUTOENCODER, AUTOENCODER_PRINTS)]
)
def test_programs_for_torch_print_what_they_do_with_torch(program, printed, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(program)
    done = subprocess.run(
        [sys.executable, "-m", "minigrad", "run", path],
        env=os.environ | {"PYTHONPATH": str(Path(minigrad.__file__).parents[1])},
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (printed, "")


def test_every_distribution_and_transform_has_an_example():
    plain = {"Distribution", "Transform", "ComposeTransform", "OneHotCategoricalStraightThrough"}
    for name in set(distributions.__all__) - plain:
        offered = getattr(distributions, name)
        if inspect.isclass(offered):
            assert ">>>" in offered.__doc__, name
