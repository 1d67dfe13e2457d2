"""What a transform of random values is, and its inverse."""

from typing import Any

from minigrad import Tensor
from minigrad.distributions import constraints


class Transform:
    """A map of values, ``y = t(x)`` and ``x = t.inv(y)``.

    A subclass has ``domain`` and ``codomain``, ``bijective``, and the methods ``_call``,
    ``_inverse`` and ``log_abs_det_jacobian(x, y)``.  With ``cache_size=1`` the last pair is kept,
    and the inverse of the last result is the value it was made from, to the last bit.
    """

    bijective = False
    domain: Any = constraints.real
    codomain: Any = constraints.real

    def __init__(self, cache_size=0):
        if cache_size not in (0, 1):
            raise ValueError("cache_size must be 0 or 1")
        self._cache_size = cache_size
        self._cached_x_y = None, None
        self._inv = None

    @property
    def event_dim(self) -> int:
        """How many dimensions one value has, in the domain as in the codomain."""
        if self.domain.event_dim != self.codomain.event_dim:
            raise ValueError("Please use either .domain.event_dim or .codomain.event_dim")
        return self.domain.event_dim

    @property
    def inv(self) -> "Transform":
        """The inverse transform."""
        if self._inv is None:
            self._inv = _InverseTransform(self)
        return self._inv

    @property
    def sign(self):
        """1 where the transform increases, -1 where it decreases."""
        raise NotImplementedError

    def with_cache(self, cache_size=1) -> "Transform":
        """Return this transform with another ``cache_size``."""
        if self._cache_size == cache_size:
            return self
        if type(self).__init__ is Transform.__init__:
            return type(self)(cache_size=cache_size)
        raise NotImplementedError(f"{type(self)}.with_cache is not implemented")

    def __eq__(self, other):
        return self is other

    __hash__ = object.__hash__

    def __call__(self, x) -> Tensor:
        """Return the transformed value."""
        if self._cache_size == 0:
            return self._call(x)
        x_old, y_old = self._cached_x_y
        if x is x_old:
            return y_old
        y = self._call(x)
        self._cached_x_y = x, y
        return y

    def _inv_call(self, y):
        if self._cache_size == 0:
            return self._inverse(y)
        x_old, y_old = self._cached_x_y
        if y is y_old:
            return x_old
        x = self._inverse(y)
        self._cached_x_y = x, y
        return x

    def _call(self, x):
        raise NotImplementedError

    def _inverse(self, y):
        raise NotImplementedError

    def log_abs_det_jacobian(self, x, y) -> Tensor:
        """Return log |dy / dx| of a value and its transform."""
        raise NotImplementedError

    def forward_shape(self, shape):
        """Return the shape that a value of the given shape is transformed to."""
        return shape

    def inverse_shape(self, shape):
        """Return the shape of what is transformed to the given shape."""
        return shape

    def __repr__(self):
        return f"{type(self).__name__}()"


class _InverseTransform(Transform):
    def __init__(self, transform):
        super().__init__(cache_size=transform._cache_size)
        self._inv = transform

    domain = property(lambda self: self._inv.codomain)
    codomain = property(lambda self: self._inv.domain)
    bijective = property(lambda self: self._inv.bijective)
    sign = property(lambda self: self._inv.sign)

    def with_cache(self, cache_size=1):
        return self._inv.with_cache(cache_size).inv

    def __eq__(self, other):
        return isinstance(other, _InverseTransform) and self._inv == other._inv

    __hash__ = object.__hash__

    def __call__(self, x):
        return self._inv._inv_call(x)

    def log_abs_det_jacobian(self, x, y):
        return -self._inv.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape):
        return self._inv.inverse_shape(shape)

    def inverse_shape(self, shape):
        return self._inv.forward_shape(shape)

    def __repr__(self):
        return f"_InverseTransform({self._inv!r})"


class OfItsKind(Transform):
    """Transforms without parameters: all of a kind are equal."""

    def __eq__(self, other):
        return type(other) is type(self)

    __hash__ = object.__hash__


def together(constraint, dims):
    """Return a constraint on values with ``dims`` more dimensions."""
    return constraints.independent(constraint, dims) if dims > 0 else constraint
