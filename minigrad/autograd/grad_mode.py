"""Switching the tape off and on: no_grad, enable_grad, set_grad_enabled, inference_mode."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Self, TypeVar, cast

from minigrad.grad_mode import GradMode, is_grad_enabled, is_inference_mode_enabled

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]

F = TypeVar("F", bound=Callable[..., Any])

_CO_GENERATOR = 0x20  # inspect.CO_GENERATOR, without importing inspect


class _Mode(GradMode):
    """A grad mode that is a decorator, too."""

    def __call__(self, function: F) -> F:
        # each call has a GradMode of its own, as threads may call at the same time
        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            with GradMode(self.grad, self.inference):
                return function(*args, **kwargs)

        @functools.wraps(function)
        def wrapped_generator(*args, **kwargs):
            generator = function(*args, **kwargs)
            resume, argument = generator.send, None
            while True:
                try:
                    # the mode holds while the generator runs, not while it waits
                    with GradMode(self.grad, self.inference):
                        value = resume(argument)
                except StopIteration as stop:
                    return stop.value
                try:
                    resume, argument = generator.send, (yield value)
                except BaseException as error:
                    resume, argument = generator.throw, error

        code = getattr(function, "__code__", None)
        is_generator = code is not None and code.co_flags & _CO_GENERATOR
        return cast(F, wrapped_generator if is_generator else wrapped)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if args and callable(args[0]):
            return cls()(args[0])  # @no_grad without ()
        return super().__new__(cls)


class no_grad(_Mode):
    """Record nothing: ``with no_grad():``, or ``@no_grad()`` on a function.

    >>> import minigrad
    >>> x = minigrad.ones(1, requires_grad=True)
    >>> with minigrad.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(_Mode):
    """Record again, inside of ``no_grad``.

    >>> import minigrad
    >>> x = minigrad.ones(1, requires_grad=True)
    >>> with minigrad.no_grad():
    ...     with minigrad.enable_grad():
    ...         y = x * 2
    >>> y.requires_grad
    True
    """

    def __init__(self) -> None:
        super().__init__(True)


class inference_mode(_Mode):
    """As ``no_grad``: minigrad keeps no other books that it could save.

    >>> import minigrad
    >>> x = minigrad.ones(1, requires_grad=True)
    >>> with minigrad.inference_mode():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    def __init__(self, mode: bool = True) -> None:
        super().__init__(not mode, bool(mode))
        self.mode = mode


class set_grad_enabled(_Mode):
    """Set grad mode at once; as a context manager, restore it at the end.

    >>> import minigrad
    >>> x = minigrad.ones(1, requires_grad=True)
    >>> with minigrad.set_grad_enabled(False):
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise TypeError(
                "set_grad_enabled(): argument 'enabled' (position 1) must be bool, not "
                f"{type(mode).__name__}"
            )
        super().__init__(mode)
        self.mode = mode
        super().__enter__()

    def __new__(cls, mode: bool) -> Self:
        return GradMode.__new__(cls)

    def __enter__(self) -> None:
        super().__exit__()  # what was before is known already, except the second time
        super().__enter__()

    def __call__(self, function: F) -> F:
        super().__exit__()  # as a decorator it acts on calls only
        return super().__call__(function)
