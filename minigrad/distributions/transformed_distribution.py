"""What transforms make of a distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.constraints import Constraint
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.independent import Independent
from minigrad.distributions.transforms import ComposeTransform, Transform
from minigrad.distributions.utils import sum_rightmost
from minigrad.tensor import Tensor


class TransformedDistribution(Distribution):
    """The distribution of ``transforms[-1](...(transforms[0](x)))``, where x is from
    ``base_distribution``.

    >>> import minigrad
    >>> from minigrad.distributions import Normal, TanhTransform, TransformedDistribution
    >>> squashed = TransformedDistribution(Normal(0.0, 1.0), [TanhTransform()])
    >>> squashed.log_prob(minigrad.tensor(0.5))
    tensor(-0.7821)
    """

    arg_constraints = {}

    def __init__(
        self,
        base_distribution: Distribution,
        transforms: Transform | list[Transform],
        validate_args: bool | None = None,
    ) -> None:
        if isinstance(transforms, Transform):
            self.transforms = [transforms]
        elif not isinstance(transforms, list):
            raise ValueError(f"transforms must be a Transform or list, but was {transforms}")
        elif not all(isinstance(transform, Transform) for transform in transforms):
            raise ValueError("transforms must be a Transform or a list of Transforms")
        else:
            self.transforms = transforms
        whole = ComposeTransform(self.transforms)
        base_shape = base_distribution.batch_shape + base_distribution.event_shape
        if len(base_shape) < whole.domain.event_dim:
            raise ValueError(
                "base_distribution needs to have shape with size at least "
                f"{whole.domain.event_dim}, but got {base_shape}."
            )
        # Parameters of a transform may widen the batch, and its values may be vectors where
        # the base distribution's are numbers.
        shape = whole.forward_shape(base_shape)
        widened = whole.inverse_shape(shape)
        if base_shape != widened:
            kept = len(widened) - len(base_distribution.event_shape)
            base_distribution = base_distribution.expand(widened[:kept])
        dims = whole.domain.event_dim - len(base_distribution.event_shape)
        self.base_dist = Independent(base_distribution, dims) if dims > 0 else base_distribution
        change = whole.codomain.event_dim - whole.domain.event_dim
        event_dims = max(whole.codomain.event_dim, len(self.base_dist.event_shape) + change)
        cut = len(shape) - event_dims
        super().__init__(shape[:cut], shape[cut:], validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Distribution | None = None) -> Self:
        new = super().expand(batch_shape, _instance)
        new.transforms = self.transforms
        shape = ComposeTransform(self.transforms).inverse_shape((*batch_shape, *self.event_shape))
        kept = len(shape) - len(self.base_dist.event_shape)
        new.base_dist = self.base_dist.expand(shape[:kept])
        return new

    @property
    def has_rsample(self) -> bool:
        return self.base_dist.has_rsample

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Constraint:
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        more = len(self.event_shape) - support.event_dim
        return constraints.independent(support, more) if more > 0 else support

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with minigrad.no_grad():
            return self._forward(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self._forward(self.base_dist.rsample(sample_shape))

    def _forward(self, x):
        for transform in self.transforms:
            x = transform(x)
        return x

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        total: Tensor | int = 0
        dims = len(self.event_shape)
        for transform in reversed(self.transforms):
            x = transform.inv(value)
            dims += transform.domain.event_dim - transform.codomain.event_dim
            stretch = transform.log_abs_det_jacobian(x, value)
            total = total - sum_rightmost(stretch, dims - transform.domain.event_dim)
            value = x
        log_prob = self.base_dist.log_prob(value)
        return total + sum_rightmost(log_prob, dims - len(self.base_dist.event_shape))

    def _turned_round(self, p):
        """Return 1 - p where the transforms decrease."""
        sign = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        return p if isinstance(sign, int) and sign == 1 else sign * (p - 0.5) + 0.5

    def cdf(self, value: Tensor) -> Tensor:
        self._check(value)
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        return self._turned_round(self.base_dist.cdf(value))

    def icdf(self, value: Tensor) -> Tensor:
        return self._forward(self.base_dist.icdf(self._turned_round(value)))
