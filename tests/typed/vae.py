"""Distributions: a variational autoencoder, and one distribution of one's own."""

from collections.abc import Sequence
from typing import assert_type

import minigrad as torch
import minigrad.nn.functional as F
from minigrad import Tensor, nn
from minigrad.distributions import (
    Bernoulli,
    Categorical,
    Distribution,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    TransformedDistribution,
    constraints,
    kl_divergence,
    register_kl,
    transforms,
)


class VAE(nn.Module):
    def __init__(self, size: int, latent: int) -> None:
        super().__init__()
        self.encoder = nn.Linear(size, 2 * latent)
        self.decoder = nn.Linear(latent, size)

    def forward(self, x: Tensor) -> tuple[Bernoulli, Normal]:
        loc, log_scale = self.encoder(x).chunk(2, dim=-1)
        posterior = Normal(loc, log_scale.exp())
        return Bernoulli(logits=self.decoder(posterior.rsample())), posterior

    def loss(self, x: Tensor) -> Tensor:
        likelihood, posterior = self.forward(x)
        divergence = kl_divergence(posterior, Normal(0.0, 1.0)).sum(-1)
        return (divergence - likelihood.log_prob(x).sum(-1)).mean()


class Triangular(Distribution):
    arg_constraints = {"width": constraints.positive}
    has_rsample = True

    def __init__(self, width: Tensor, validate_args: bool | None = None) -> None:
        self.width = width
        super().__init__(width.shape, validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        return constraints.interval(-self.width, self.width)

    @property
    def mean(self) -> Tensor:
        return torch.zeros_like(self.width)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        u, v = torch.rand(2, *sample_shape, *self.batch_shape)
        return (u - v) * self.width

    def log_prob(self, value: Tensor) -> Tensor:
        return ((1 - (value / self.width).abs()) / self.width).log()


@register_kl(Triangular, Triangular)
def kl(p: Triangular, q: Triangular) -> Tensor:
    return (q.width / p.width).log()


model = VAE(12, 2)
assert_type(model.loss(torch.rand(4, 12).round()), Tensor)
normal = Normal(torch.zeros(3), 1.0)
assert_type(normal.sample((2,)), Tensor)
assert_type(normal.mean, Tensor)
assert_type(normal.stddev, Tensor)
assert_type(normal.loc, Tensor)
assert_type(normal.batch_shape, torch.Size)
assert_type(normal.entropy(), Tensor)
assert_type(normal.support, constraints.Constraint)
assert_type(normal.expand((2, 3)), Normal)
assert_type(Categorical(logits=torch.zeros(4)).probs, Tensor)
assert_type(Categorical(torch.ones(4)).sample(), Tensor)
assert_type(Independent(normal, 1).log_prob(torch.zeros(3)), Tensor)
assert_type(MultivariateNormal(torch.zeros(2), torch.eye(2)).scale_tril, Tensor)
mixture = MixtureSameFamily(Categorical(torch.ones(3)), normal)
assert_type(mixture.component_distribution, Distribution)
warped = TransformedDistribution(normal, [transforms.TanhTransform(cache_size=1)])
assert_type(warped.icdf(torch.full((3,), 0.5)), Tensor)
assert_type(Triangular(torch.ones(2)).sample((5,)), Tensor)
assert_type(F.gumbel_softmax(torch.zeros(2, 3), tau=0.5, hard=True), Tensor)
Normal("0", 1.0)  # type: ignore[arg-type]
Categorical(probabilities=torch.ones(3))  # type: ignore[call-arg]
normal.log_prob()  # type: ignore[call-arg]
