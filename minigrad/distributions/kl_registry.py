"""Kullback-Leibler divergences, found by the types of the two distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from minigrad import Tensor
from minigrad.distributions.distribution import Distribution

_Divergence = TypeVar("_Divergence", bound=Callable[..., Tensor])

_registered: dict[tuple[type, type], Callable[..., Tensor]] = {}


def register_kl(
    type_p: type[Distribution], type_q: type[Distribution]
) -> Callable[[_Divergence], _Divergence]:
    """Decorate the function that ``kl_divergence`` calls for two types of distributions.

    >>> import minigrad
    >>> from minigrad.distributions import Normal, kl_divergence, register_kl
    >>> class Mine(Normal):
    ...     pass
    >>> @register_kl(Mine, Normal)
    ... def zero(p, q):
    ...     return minigrad.zeros(p.batch_shape)
    >>> kl_divergence(Mine(5.0, 1.0), Normal(0.0, 1.0))
    tensor(0.)
    """
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not (isinstance(kind, type) and issubclass(kind, Distribution)):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def decorator(function: _Divergence) -> _Divergence:
        _registered[type_p, type_q] = function
        return function

    return decorator


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """Return the divergence of ``p`` from ``q``: the mean of log p(x) - log q(x), x from p.

    Raises NotImplementedError where nobody has registered one.

    >>> import minigrad
    >>> from minigrad.distributions import Normal, kl_divergence
    >>> kl_divergence(Normal(1.0, 1.0), Normal(0.0, 1.0))
    tensor(0.5000)
    """
    of_p, of_q = type(p).__mro__, type(q).__mro__
    found = [pair for pair in _registered if pair[0] in of_p and pair[1] in of_q]
    if not found:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type "
            f"{type(q).__name__}"
        )
    nearest = min(found, key=lambda pair: (of_p.index(pair[0]), of_q.index(pair[1])))
    return _registered[nearest](p, q)
