"""minigrad.distributions: torch's numbers, draws, gradients and errors."""

import inspect
import re

import numpy as np
import pytest
from distribution_cases import CASES

import minigrad
from minigrad import distributions


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


# torch's mode of Kumaraswamy's distribution is NaN; through its Wishart draws no gradient flows.
UNLIKE = {("Kumaraswamy", "mode"), ("Wishart", "rsample")}


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
            largest = np.abs(yours, where=np.isfinite(yours), out=np.zeros_like(yours)).max(
                initial=0
            )
            atol = 2e-5 + 1e-7 * largest if yours.dtype.kind == "f" else 0
            np.testing.assert_allclose(mine, yours, rtol=rtol, atol=atol)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.filterwarnings("ignore:Singular sample")  # so torch says of all that are fine
def test_as_torch(case, torch):
    ours, theirs = Side(minigrad, case), Side(torch, case)
    for name, ask in QUESTIONS.items():
        if (case.split()[0], name) in UNLIKE:
            continue
        try:
            # torch knows the gradient of gamma draws to three digits
            of_gamma = name == "rsample" and case in ("Gamma", "Chi2", "FisherSnedecor")
            rtol = 1e-3 if of_gamma else 2e-4
            assert_alike(ours.outcome(ask), theirs.outcome(ask), rtol)
        except AssertionError as error:
            raise AssertionError(f"{name} of {case}: {error}") from None


# torch's divergences of Wishart distributions are not the mean of the difference.
WISHARTS = [name for name in CASES if name.startswith("Wishart")]
PAIRS = [
    *[(name, name) for name in CASES if name not in ("Binomial of many", "composed", *WISHARTS)],
    ("Gamma", "Exponential"), ("Gamma", "Normal"), ("Gamma", "Chi2"), ("Normal", "Gamma"),
    ("Bernoulli", "Poisson"), ("Exponential", "Gumbel"), ("Exponential", "Normal"),
    ("Exponential", "Uniform"), ("Gumbel", "Exponential"), ("Gumbel", "Normal"),
    ("Laplace", "Normal"), ("Laplace", "Exponential"), ("Normal", "Exponential"),
    ("Normal", "Gumbel"), ("Normal", "Laplace"), ("Normal", "Bernoulli"), ("Poisson", "Bernoulli"),
    ("Uniform", "Normal of numbers"), ("MultivariateNormal", "MultivariateNormal of covariance"),
    ("Bernoulli", "Bernoulli of logits"), ("Categorical", "Categorical of logits"),
    ("Categorical with zeros", "Categorical"), ("Categorical", "Categorical with zeros"),
    ("Independent", "Independent of all"), ("Binomial", "Binomial of logits"),
    ("MultivariateNormal", "LowRankMultivariateNormal"),
    ("Beta", "ContinuousBernoulli of logits"), ("Beta", "Pareto"), ("Beta", "Exponential"),
    ("Beta", "Gamma"), ("Beta", "Normal"), ("Beta", "Uniform"),
    ("ContinuousBernoulli", "Exponential"), ("ContinuousBernoulli", "Pareto"),
    ("Exponential", "Beta"), ("Exponential", "Gamma"), ("Gamma", "Gumbel"), ("Gamma", "Pareto"),
    ("Normal", "ContinuousBernoulli of logits"), ("Pareto", "Beta"), ("Pareto", "Exponential"),
    ("Pareto", "Gamma"), ("Pareto", "Normal"), ("Uniform", "Gamma"), ("Uniform", "Beta of numbers"),
    ("unit", "Beta of numbers"), ("unit", "Gamma"), ("unit", "ContinuousBernoulli of logits"),
    ("unit", "Pareto"), ("Uniform", "Pareto"), ("beyond 3", "Pareto"),
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
    "beta": lambda d, t: d.Beta(-1.0, 1.0),
    "beta of text": lambda d, t: d.Beta("1", 1.0),
    "no vector": lambda d, t: d.Dirichlet(t(1.0)),
    "not a simplex": lambda d, t: d.Dirichlet(t([1.0, 2.0])).log_prob(t([0.5, 0.4])),
    "negative count": lambda d, t: d.NegativeBinomial(-1.0, 0.5),
    "certain": lambda d, t: d.NegativeBinomial(1.0, 1.0),
    "one dimension": lambda d, t: d.LKJCholesky(1),
    "too little freedom": lambda d, t: d.Wishart(1.0, t([[1.0, 0.0], [0.0, 1.0]])),
    "wishart of a vector": lambda d, t: d.Wishart(1.0, t([1.0])),
    "below the scale": lambda d, t: d.Pareto(2.0, 1.0).log_prob(t(1.0)),
    "past the end": lambda d, t: d.GeneralizedPareto(0.0, 1.0, -1.0).log_prob(t(1.5)),
    "low rank of a number": lambda d, t: d.LowRankMultivariateNormal(t(0.0), t([[1.0]]), t([1.0])),
    "low rank, no matrix": lambda d, t: d.LowRankMultivariateNormal(t([0.0]), t([1.0]), t([1.0])),
    "low rank, other rows": lambda d, t: d.LowRankMultivariateNormal(
        t([0.0]), t([[1.0], [1.0]]), t([1.0])
    ),
    "low rank, other diagonal": lambda d, t: d.LowRankMultivariateNormal(
        t([0.0]), t([[1.0]]), t([1.0, 1.0])
    ),
    "low rank, other batches": lambda d, t: d.LowRankMultivariateNormal(
        t([[0.0]] * 2), t([[[1.0]]] * 3), t([1.0])
    ),
    "reshaped": lambda d, t: d.ReshapeTransform((2,), (3,)),
    "reshaped others": lambda d, t: d.ReshapeTransform((2,), (2, 1))(t([1.0, 2.0, 3.0])),
    "no triangle": lambda d, t: d.transforms.CorrCholeskyTransform()(t([1.0, 2.0])),
    "registered": lambda d, t: d.transform_to.register(3, lambda c: c),
    "no bijection": lambda d, t: d.biject_to(d.constraints.positive_definite),
    "no transform of booleans": lambda d, t: d.transform_to(d.constraints.boolean),
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


def test_binomial_draws_are_torchs(torch):
    for n, p in ((5.0, 0.3), (100.0, 0.5), (100.0, 0.05), (40.0, 0.9), (30.0, 0.4), (7.0, 1.0)):
        drawn = []
        for library in (minigrad, torch):
            library.manual_seed(1)
            pair = library.full((300,), n), library.full((300,), p)
            drawn.append(np.asarray(library.binomial(*pair)))
        assert (drawn[0] == drawn[1]).all()
