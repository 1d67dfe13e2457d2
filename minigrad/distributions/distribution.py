"""The base of all distributions: shapes, validation, and what follows from ``log_prob``."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NoReturn, Self

import minigrad
from minigrad import Size, Tensor
from minigrad.distributions import constraints
from minigrad.distributions.constraints import Constraint
from minigrad.distributions.utils import lazy_property


class Distribution:
    """A distribution: ``batch_shape`` says how many there are, ``event_shape`` what one draw is.

    A subclass sets its parameters, named in ``arg_constraints``, and then calls this class's
    ``__init__``, which checks them.
    """

    has_rsample = False
    has_enumerate_support = False
    _validate_args = __debug__

    @property
    def arg_constraints(self) -> dict[str, Constraint]:
        """What each parameter must be, by its name."""
        return self._lacks()

    @property
    def support(self) -> Constraint:
        """What each value must be."""
        return self._lacks()

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Say whether arguments are checked where ``validate_args`` is not given."""
        if value not in (True, False):
            raise ValueError(f"set_default_validate_args() takes a bool, but got {value!r}")
        Distribution._validate_args = value

    def __init__(
        self,
        batch_shape: Sequence[int] = (),
        event_shape: Sequence[int] = (),
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    def _check_parameters(self) -> None:
        try:
            every = self.arg_constraints
        except NotImplementedError:
            every = {}
            warnings.warn(
                f"{type(self)} does not define `arg_constraints`. Please set `arg_constraints = "
                "{}` or initialize the distribution with `validate_args=False` to turn off "
                "validation.",
                stacklevel=4,
            )
        for name, constraint in every.items():
            lazy = isinstance(getattr(type(self), name, None), lazy_property)
            if constraints.is_dependent(constraint) or (lazy and name not in vars(self)):
                continue
            value = getattr(self, name)
            if not constraint.check(value).all():
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape "
                    f"{tuple(value.shape)}) of distribution {self!r} to satisfy the constraint "
                    f"{constraint!r}, but found invalid values:\n{value}"
                )

    def expand(self, batch_shape: Sequence[int], _instance: Distribution | None = None) -> Self:
        """Return the same distribution, repeated to another batch shape."""
        new = self._get_checked_instance(_instance=_instance)
        batch_shape = Size(batch_shape)
        for name, constraint in self.arg_constraints.items():
            if name in vars(self):
                value, dims = getattr(self, name), constraint.event_dim
                event = value.shape[value.dim() - dims :]
                setattr(new, name, value.expand(batch_shape + event))
        return self._finish(new, batch_shape)

    def _get_checked_instance(
        self, cls: type[Distribution] | None = None, _instance: Any = None
    ) -> Self:
        """Return ``_instance``, or one of this class without its ``__init__`` called."""
        cls = _library_class(self) if cls is None else cls
        if _instance is None and type(self).__init__ is not cls.__init__:
            raise NotImplementedError(
                f"Subclass {type(self).__name__} of {cls.__name__} that defines a custom "
                "__init__ method must also define a custom .expand() method."
            )
        return type(self).__new__(type(self)) if _instance is None else _instance

    def _finish(
        self, new: Any, batch_shape: Sequence[int], event_shape: Sequence[int] | None = None
    ) -> Self:
        """Give an expanded distribution its shapes; its parameters have been checked before."""
        event_shape = self.event_shape if event_shape is None else event_shape
        Distribution.__init__(new, batch_shape, event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def batch_shape(self) -> Size:
        """The shape of the parameters: one distribution for each of their elements."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one draw from one distribution."""
        return self._event_shape

    def _extended_shape(self, sample_shape: Sequence[int] = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def _lacks(self, name: str = "") -> NoReturn:
        raise NotImplementedError(f"{type(self)} does not implement {name}" if name else "")

    @property
    def mean(self) -> Tensor:
        """The expectation."""
        return self._lacks()

    @property
    def mode(self) -> Tensor:
        """The value of the largest probability."""
        return self._lacks("mode")

    @property
    def variance(self) -> Tensor:
        """The variance."""
        return self._lacks()

    @property
    def stddev(self) -> Tensor:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draw a tensor of shape sample_shape + batch_shape + event_shape, without gradient."""
        with minigrad.no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draw so that gradients flow from the draw to the parameters (if ``has_rsample``)."""
        return self._lacks()

    def sample_n(self, n: int) -> Tensor:
        """The same as ``sample((n,))``."""
        message = "`sample_n(n)` will be deprecated. Use `sample((n,))` instead."
        warnings.warn(message, FutureWarning, stacklevel=2)
        return self.sample((n,))

    def log_prob(self, value: Tensor) -> Tensor:
        """Return the logarithm of the density (or probability) at a value."""
        return self._lacks()

    def cdf(self, value: Tensor) -> Tensor:
        """Return the probability of not more than a value."""
        return self._lacks()

    def icdf(self, value: Tensor) -> Tensor:
        """Return the quantile: the inverse of ``cdf``."""
        return self._lacks()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Return all values, along a new first dimension; repeated over the batch if ``expand``."""
        return self._lacks()

    def entropy(self) -> Tensor:
        """Return the entropy in nats, one for each distribution of the batch."""
        return self._lacks()

    def perplexity(self) -> Tensor:
        """Return the exponential of the entropy."""
        return self.entropy().exp()

    def _validate_sample(self, value: Tensor) -> None:
        """Raise ValueError unless ``value`` has a fitting shape and lies in the support."""
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        event_dims = len(self._event_shape)
        if value.shape[value.dim() - event_dims :] != self._event_shape:
            raise ValueError(
                "The right-most size of value must match event_shape: "
                f"{value.shape} vs {self._event_shape}."
            )
        expected = self._extended_shape()
        pairs = zip(reversed(value.shape), reversed(expected), strict=False)
        if any(given != own and 1 not in (given, own) for given, own in pairs):
            raise ValueError(
                "Value is not broadcastable with batch_shape+event_shape: "
                f"{value.shape} vs {expected}."
            )
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(
                f"{type(self)} does not define `support` to enable sample validation. Please "
                "initialize the distribution with `validate_args=False` to turn off validation.",
                stacklevel=3,
            )
            return
        if not support.check(value).all():
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) "
                f"to be within the support ({support!r}) of the distribution {self!r}, but found "
                f"invalid values:\n{value}"
            )

    def _check(self, value: Tensor) -> None:
        """Validate a value if this distribution validates."""
        if self._validate_args:
            self._validate_sample(value)

    def __repr__(self) -> str:
        own = {n: vars(self)[n] for n in self.arg_constraints if n in vars(self)}
        shown = (f"{n}: {v if v.numel() == 1 else v.size()}" for n, v in own.items())
        return f"{type(self).__name__}({', '.join(shown)})"


def _library_class(distribution):
    """Return the class of this package that a distribution is of, or derives from."""
    package = __name__.rpartition(".")[0]
    classes = type(distribution).__mro__
    return next(c for c in classes if c.__module__.startswith(package))
