"""The von Mises distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence

import minigrad
from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.utils import broadcast_all, lazy_property
from minigrad.special import i0e, i1e
from minigrad.tensor import Tensor


class VonMises(Distribution):
    """The von Mises distribution of angles: around ``loc``, the narrower the larger
    ``concentration`` is.

    >>> import minigrad
    >>> minigrad.distributions.VonMises(0.0, 1.0).variance
    tensor(0.5536)
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real

    def __init__(
        self, loc: Tensor | float, concentration: Tensor | float, validate_args: bool | None = None
    ) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.loc

    mode = mean

    @lazy_property
    def variance(self) -> Tensor:
        """The circular variance: 1 less the length of the mean of the points on the circle."""
        return 1 - i1e(self.concentration) / i0e(self.concentration)

    def log_prob(self, value: Tensor) -> Tensor:
        self._check(value)
        # log(i0(k)), of an i0 that does not overflow
        bessel = i0e(self.concentration).log() + self.concentration
        return self.concentration * (value - self.loc).cos() - math.log(2 * math.pi) - bessel

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draw by the rejection of D. J. Best and N. I. Fisher, "Efficient simulation of the von
        Mises distribution", 1979, in float64."""
        with minigrad.no_grad():
            shape = self._extended_shape(sample_shape)
            k = self.concentration.double()
            r = _proposal(k)
            x = minigrad.empty(shape, dtype=k.dtype)
            done = minigrad.zeros(shape, dtype=minigrad.bool)
            while not done.all():
                u1, u2, u3 = minigrad.rand((3, *shape), dtype=k.dtype)
                z = (math.pi * u1).cos()
                f = (1 + r * z) / (r + z)
                c = k * (r - f)
                accept = (c * (2 - c) - u2 > 0) | ((c / u2).log() + 1 - c >= 0)
                x = minigrad.where(accept, (u3 - 0.5).sign() * f.acos(), x)
                done = done | accept
            angle = (x + math.pi + self.loc.double()) % (2 * math.pi) - math.pi
            return angle.to(self.loc.dtype)


def _proposal(k):
    """Return the parameter of the wrapped Cauchy distribution to propose from."""
    tau = 1 + (1 + 4 * k**2).sqrt()
    rho = (tau - (2 * tau).sqrt()) / (2 * k)
    return minigrad.where(k < 1e-5, 1 / k + k, (1 + rho**2) / (2 * rho))  # rho loses digits there
