"""Switching the tape off and on: no_grad, enable_grad, set_grad_enabled, inference_mode."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, Self, TypeVar, cast

from minigrad.tape import _set_grad_enabled, is_grad_enabled

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


class _GradMode:
    """A context manager and decorator that sets grad mode in this thread, and restores it."""

    mode: Any = True
    _set = staticmethod(_set_grad_enabled)
    _previous: list[Any]

    def __enter__(self) -> None:
        # a stack, so that one object may be entered again while it is entered
        self.__dict__.setdefault("_previous", []).append(self._set(self.mode))

    def __exit__(self, *exc_info: object) -> None:
        self._set(self._previous.pop())

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            previous = self._set(self.mode)
            try:
                return function(*args, **kwargs)
            finally:
                self._set(previous)

        @functools.wraps(function)
        def wrapped_generator(*args, **kwargs):
            generator = function(*args, **kwargs)
            resume, argument = generator.send, None
            while True:  # the mode holds while the generator runs, not while it waits
                previous = self._set(self.mode)
                try:
                    value = resume(argument)
                except StopIteration as stop:
                    return stop.value
                finally:
                    self._set(previous)
                try:
                    resume, argument = generator.send, (yield value)
                except BaseException as error:
                    resume, argument = generator.throw, error

        code = getattr(function, "__code__", None)
        is_generator = code is not None and code.co_flags & _CO_GENERATOR
        return cast(F, wrapped_generator if is_generator else wrapped)

    def __new__(cls, function: Callable[..., Any] | None = None, **kwargs: Any) -> Self:
        self: Any = super().__new__(cls)
        return self(function) if callable(function) else self  # @no_grad without ()


class no_grad(_GradMode):
    """Record nothing: ``with no_grad():``, or ``@no_grad()`` on a function.

    >>> import minigrad
    >>> x = minigrad.ones(1, requires_grad=True)
    >>> with minigrad.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    mode = False


class enable_grad(_GradMode):
    """Record again, inside of ``no_grad``.

    >>> import minigrad
    >>> x = minigrad.ones(1, requires_grad=True)
    >>> with minigrad.no_grad():
    ...     with minigrad.enable_grad():
    ...         y = x * 2
    >>> y.requires_grad
    True
    """

    mode = True


class inference_mode(_GradMode):
    """As ``no_grad``: minigrad keeps no other books that it could save.

    >>> import minigrad
    >>> x = minigrad.ones(1, requires_grad=True)
    >>> with minigrad.inference_mode():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    def __init__(self, mode: bool = True) -> None:
        inference = mode if isinstance(mode, bool) else True
        self.mode = (not inference, inference)

    @staticmethod
    def _set(mode):
        grad, inference = mode
        before, _thread.inference = _thread.inference, inference
        return _set_grad_enabled(grad), before


class _Thread(threading.local):
    inference = False


_thread = _Thread()


def is_inference_mode_enabled() -> bool:
    """Return whether this is inside of ``inference_mode``.

    >>> import minigrad
    >>> with minigrad.inference_mode():
    ...     minigrad.is_inference_mode_enabled()
    True
    """
    return _thread.inference


class set_grad_enabled(_GradMode):
    """Set grad mode at once; as a context manager, restore it at the end.

    >>> import minigrad
    >>> x = minigrad.ones(1, requires_grad=True)
    >>> with minigrad.set_grad_enabled(False):
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    def __new__(cls, mode: bool) -> Self:
        return object.__new__(cls)

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)
        self._previous = [_set_grad_enabled(self.mode)]

    def __enter__(self) -> None:
        _set_grad_enabled(self.mode)

    def __call__(self, function: F) -> F:
        _set_grad_enabled(self._previous.pop())  # as a decorator it acts on calls only
        return super().__call__(function)
