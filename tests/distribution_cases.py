"""Distributions to test, by name.

Each is made from the module that has it and a function that makes tensors.
"""

LOC, SCALE = [[-1.0, 0.5, 2.0], [0.0, 1.5, -3.0]], [[0.5, 1.0, 2.0], [0.1, 3.0, 1.0]]
PROBS, LOGITS = [[0.2, 0.5, 0.9], [0.01, 0.7, 0.4]], [[-1.0, 0.0, 2.0], [3.0, -0.5, 0.3]]
TRIL = [[[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [-0.3, 0.4, 0.7]]]
COVARIANCE = [[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 0.7]]

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
    "MultivariateNormal of covariance": lambda d, t: d.MultivariateNormal(t(LOC[0]), t(COVARIANCE)),
    "MultivariateNormal of precision": lambda d, t: d.MultivariateNormal(
        t(LOC), precision_matrix=t(COVARIANCE)
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
    "Beta": lambda d, t: d.Beta(t(SCALE), t([0.5, 1.0, 2.0])),
    "Beta of numbers": lambda d, t: d.Beta(2.0, 3.0),
    "Dirichlet": lambda d, t: d.Dirichlet(t(SCALE)),
    "Dirichlet of small ones": lambda d, t: d.Dirichlet(t([0.1, 0.3, 0.05])),
    "Dirichlet of one": lambda d, t: d.Dirichlet(t([2.0])),
    "Dirichlet of numbers that vanish": lambda d, t: d.Dirichlet(t([0.001, 0.001])),
    "InverseGamma": lambda d, t: d.InverseGamma(t(SCALE), t([0.5, 1.0, 2.0])),
    "FisherSnedecor": lambda d, t: d.FisherSnedecor(t([0.7, 1.5, 4.0]), t([[1.0, 3.0, 9.0]])),
    "Kumaraswamy": lambda d, t: d.Kumaraswamy(t(SCALE), t([0.5, 1.5, 2.0])),
    "Pareto": lambda d, t: d.Pareto(t(SCALE), t([0.5, 1.5, 3.0])),
    "Weibull": lambda d, t: d.Weibull(t(SCALE), t([0.5, 1.0, 2.0])),
    "GeneralizedPareto": lambda d, t: d.GeneralizedPareto(t(LOC), t(SCALE), t([-0.5, 0.2, 1.5])),
    "GeneralizedPareto, no tail": lambda d, t: d.GeneralizedPareto(t(0.5), 2.0, t(0.0)),
    "NegativeBinomial": lambda d, t: d.NegativeBinomial(t([0.5, 3.0, 20.0]), t(PROBS)),
    "NegativeBinomial of logits": lambda d, t: d.NegativeBinomial(3, logits=t(LOGITS)),
    "VonMises": lambda d, t: d.VonMises(t(LOC), t(SCALE)),
    "VonMises, narrow": lambda d, t: d.VonMises(t(0.5), t(80.0)),
    "VonMises, wide": lambda d, t: d.VonMises(0.5, 1e-6),
    "LogisticNormal": lambda d, t: d.LogisticNormal(t(LOC), t(SCALE)),
    "LogisticNormal of numbers": lambda d, t: d.LogisticNormal(t(0.0), t(1.0)),
    "ContinuousBernoulli": lambda d, t: d.ContinuousBernoulli(t([0.1, 0.4995, 0.5, 0.9])),
    "ContinuousBernoulli of logits": lambda d, t: d.ContinuousBernoulli(logits=t(LOGITS)),
    "LowRankMultivariateNormal": lambda d, t: d.LowRankMultivariateNormal(
        t(LOC), t([[1.0], [-0.5], [2.0]]), t(SCALE)
    ),
    "LKJCholesky": lambda d, t: d.LKJCholesky(3, t([0.5, 2.0])),
    "LKJCholesky of a number": lambda d, t: d.LKJCholesky(4),
    "Wishart": lambda d, t: d.Wishart(t([3.5, 6.0]), scale_tril=t(TRIL)),
    "Wishart of covariance": lambda d, t: d.Wishart(4.0, t(COVARIANCE)),
    "Wishart of precision": lambda d, t: d.Wishart(t(4.0), precision_matrix=t(COVARIANCE)),
    "unit": lambda d, t: d.Uniform(t(0.1), t([0.5, 0.9])),
    "beyond 3": lambda d, t: d.Uniform(t(3.0), t([3.5, 9.0])),
}
