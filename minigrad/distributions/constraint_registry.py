"""Transforms of all real numbers into the values that a constraint allows.

``biject_to`` gives one that has an inverse and a known stretch, for changes of variables in
sampling; ``transform_to`` one that is cheap, for parameters to optimize.

>>> import minigrad
>>> from minigrad.distributions import constraints, transform_to
>>> transform_to(constraints.interval(-1.0, 3.0))(minigrad.tensor(0.0))
tensor(1.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.distributions import constraints, transforms
from minigrad.distributions.constraints import Constraint
from minigrad.distributions.transform import Transform

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]


class ConstraintRegistry:
    """For each type of constraint a function that makes the transform for one of the type."""

    def __init__(self) -> None:
        self._registry: dict[type[Constraint], Callable[[Any], Transform]] = {}

    def register(
        self,
        constraint: Constraint | type[Constraint],
        factory: Callable[[Any], Transform] | None = None,
    ) -> Callable[..., Any]:
        """Register a function for the type of a constraint; without one, decorate it."""
        if factory is None:
            return lambda factory: self.register(constraint, factory)
        kind = type(constraint) if isinstance(constraint, constraints.Constraint) else constraint
        if not (isinstance(kind, type) and issubclass(kind, constraints.Constraint)):
            raise TypeError(
                "Expected constraint to be either a Constraint subclass or instance, but got "
                f"{constraint}"
            )
        self._registry[kind] = factory
        return factory

    def __call__(self, constraint: Constraint) -> Transform:
        """Return the transform of all real numbers to what the constraint allows."""
        kind = type(constraint)
        if kind not in self._registry:
            raise NotImplementedError(f"Cannot transform {kind.__name__} constraints")
        return self._registry[kind](constraint)


biject_to = ConstraintRegistry()
transform_to = ConstraintRegistry()


def _both(*kinds):
    """Decorate a function of the registry and a constraint, which serves in both registries."""

    def decorator(function):
        for registry in (biject_to, transform_to):
            for kind in kinds:
                registry.register(kind, lambda c, registry=registry: function(registry, c))
        return function

    return decorator


@_both(constraints.real)
def _real(registry, constraint):
    return transforms.identity_transform


@_both(constraints.independent)
def _independent(registry, constraint):
    base = registry(constraint.base_constraint)
    return transforms.IndependentTransform(base, constraint.reinterpreted_batch_ndims)


@_both(constraints.greater_than, constraints.greater_than_eq)
def _greater_than(registry, constraint):
    above = transforms.AffineTransform(constraint.lower_bound, 1)
    return transforms.ComposeTransform([transforms.ExpTransform(), above])


@_both(constraints.less_than)
def _less_than(registry, constraint):
    below = transforms.AffineTransform(constraint.upper_bound, -1)
    return transforms.ComposeTransform([transforms.ExpTransform(), below])


@_both(constraints.interval, constraints.half_open_interval)
def _interval(registry, constraint):
    low, high = constraint.lower_bound, constraint.upper_bound
    if isinstance(low, int | float) and (low, high) == (0, 1):
        return transforms.SigmoidTransform()
    stretch = transforms.AffineTransform(low, high - low)
    return transforms.ComposeTransform([transforms.SigmoidTransform(), stretch])


@_both(constraints.corr_cholesky)
def _corr_cholesky(registry, constraint):
    return transforms.CorrCholeskyTransform()


@_both(constraints.cat)
def _cat(registry, constraint):
    parts = [registry(c) for c in constraint.cseq]
    return transforms.CatTransform(parts, constraint.dim, constraint.lengths)


@_both(constraints.stack)
def _stack(registry, constraint):
    return transforms.StackTransform([registry(c) for c in constraint.cseq], constraint.dim)


biject_to.register(constraints.simplex, lambda c: transforms.StickBreakingTransform())
transform_to.register(constraints.simplex, lambda c: transforms.SoftmaxTransform())
transform_to.register(constraints.lower_cholesky, lambda c: transforms.LowerCholeskyTransform())
for matrices in (constraints.positive_definite, constraints.positive_semidefinite):
    transform_to.register(matrices, lambda c: transforms.PositiveDefiniteTransform())
