"""Subclasses of Tensor, and ``__torch_function__``: what calls on them do instead.

    class Metres(minigrad.Tensor):
        ...

    minigrad.tensor([1.0, 2.0]).as_subclass(Metres) * 2     # Metres([2., 4.])

Ops know nothing of this, and cost what they cost.  When a program defines its first subclass,
public functions and methods (minigrad/ops/public.pyx) begin to ask their arguments for
``__torch_function__``; and between the subclass and Tensor comes ``Overriding``, whose operators
and attributes do the same (minigrad/overriding.py).

    class Log(minigrad.overrides.TorchFunctionMode):
        ...

    with Log():                 # its __torch_function__ is asked about every call in the block
        minigrad.zeros(2) + 1

While a program is in such a mode, all calls ask it, and the table of operators has it asked, too.
"""

from __future__ import annotations

import functools
from _thread import _local, allocate_lock  # threading takes longer to import than all that is here
from collections.abc import Callable, Iterable
from importlib import import_module
from types import TracebackType
from typing import Any, Self, TypeVar

from minigrad import attributes, formatting, tape
from minigrad.tensor import Tensor, install_methods

__all__ = [
    "BaseTorchFunctionMode",
    "TorchFunctionMode",
    "handle_torch_function",
    "has_torch_function",
    "is_tensor_like",
    "is_tensor_method_or_property",
    "resolve_name",
    "wrap_torch_function",
]


_F = TypeVar("_F", bound=Callable[..., Any])

# What __torch_function__ never sees: it makes tensors of data, or answers of any object.
SILENT = frozenset(
    "as_subclass _make_subclass _share tensor as_tensor asarray from_numpy from_dlpack "
    "is_storage".split()
)
# What modes never see: it is about no tensor, or about any object.
UNSEEN = frozenset(
    "is_storage as_subclass _make_subclass _share from_numpy from_dlpack typename seed "
    "initial_seed manual_seed get_rng_state set_rng_state".split()
)


class _State(_local):
    disabled = False
    modes: tuple[Any, ...] = ()  # those of the with statements around this call, innermost last


_state = _State()


class DisableTorchFunctionSubclass:
    """In a ``with`` statement: calls go to the ops, whatever their arguments are."""

    def __enter__(self) -> Self:
        self._before, _state.disabled = _state.disabled, True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _state.disabled = self._before


def disabled_torch_function(func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """The ``__torch_function__`` of a class that has none, as Parameter's: it is never asked."""
    with DisableTorchFunctionSubclass():
        return func(*args, **(kwargs or {}))


# ---------------------------------------------------------------- who is asked, and asking


def _overrides(x: Any) -> bool:
    found = getattr(type(x), "__torch_function__", disabled_torch_function)
    # (torch's own tensors would hand the call back)
    return found is not disabled_torch_function and not any(
        kind.__module__.partition(".")[0] == "torch" for kind in type(x).__mro__
    )


def overloaded(arguments: Iterable[Any]) -> list[Any]:
    """Return the arguments that are to be asked: one of each class, subclasses first."""
    found: list[Any] = []
    if _state.disabled:
        return found
    for argument in arguments:
        for x in argument if type(argument) in (list, tuple) else (argument,):
            if type(x) is Tensor or not _overrides(x) or type(x) in map(type, found):
                continue
            before = [i for i, other in enumerate(found) if issubclass(type(x), type(other))]
            found.insert(before[0] if before else len(found), x)
    return found


def dispatch(func: Any, asked: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the first answer to ``func(*args, **kwargs)`` of those who are asked."""
    types = tuple(map(type, asked))
    for x in asked:
        result = x.__torch_function__(func, types, args, kwargs)
        if result is not NotImplemented:
            return result
    raise TypeError(
        f"no implementation found for '{getattr(func, '__qualname__', func)}' on types that "
        f"implement __torch_function__: {list(types)}"
    )


def ask(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return ``func(*args, **kwargs)`` of a public function, or what a mode or its arguments make
    of it."""
    if _state.modes and func.__name__ not in UNSEEN:
        return ask_mode(func, (*args, *kwargs.values()), args, kwargs)
    if func.__name__ not in SILENT:
        asked = overloaded((*args, *kwargs.values()))
        if asked:
            return dispatch(func, asked, args, kwargs)
    if func.__name__ in ("backward", "grad"):  # over saved tensors, of whatever class
        with DisableTorchFunctionSubclass():
            return func.__call__(*args, **kwargs)
    return func.__call__(*args, **kwargs)


def ask_mode(
    func: Any, relevant: Iterable[Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Return what the innermost mode makes of a call; what that calls goes to the next one."""
    asked, modes = overloaded(relevant), _state.modes
    _state.modes = modes[:-1]
    try:
        result = modes[-1].__torch_function__(func, tuple(map(type, asked)), args, kwargs)
    finally:
        _state.modes = modes
    return dispatch(func, asked, args, kwargs) if result is NotImplemented else result


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Return whether any of these has a ``__torch_function__`` of its own, or there is a mode.

    >>> import minigrad
    >>> minigrad.overrides.has_torch_function((minigrad.ones(1), 2))
    False
    """
    return bool(_state.modes or overloaded(tuple(relevant_args)))


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """Return what ``__torch_function__`` of one of ``relevant_args`` makes of a call.

    For functions of your own that subclasses are to override; see ``has_torch_function``.
    """
    relevant_args = tuple(relevant_args)
    if _state.modes:
        return ask_mode(public_api, relevant_args, args, kwargs)
    return dispatch(public_api, overloaded(relevant_args), args, kwargs)


def wrap_torch_function(dispatcher: Callable[..., Any]) -> Callable[[_F], _F]:
    """Return a decorator for functions that modes and ``__torch_function__`` may override.

    ``dispatcher`` takes the function's arguments and returns those that are to be asked.
    """

    def decorator(func: Any) -> Any:
        @functools.wraps(func)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            relevant = dispatcher(*args, **kwargs)
            if has_torch_function(relevant):
                return handle_torch_function(wrapped, relevant, *args, **kwargs)
            return func(*args, **kwargs)

        return wrapped

    return decorator


def is_tensor_like(inp: Any) -> bool:
    """Return whether ``inp`` is a Tensor or has a ``__torch_function__``.

    >>> import minigrad
    >>> minigrad.overrides.is_tensor_like(minigrad.ones(1)), minigrad.overrides.is_tensor_like(2)
    (True, False)
    """
    return type(inp) is Tensor or hasattr(inp, "__torch_function__")


def is_tensor_method_or_property(func: Callable[..., Any]) -> bool:
    """Return whether ``func`` is one of Tensor, as ``__torch_function__`` gets it.

    >>> import minigrad
    >>> minigrad.overrides.is_tensor_method_or_property(minigrad.Tensor.add)
    True
    """
    return (resolve_name(func) or "").startswith(f"{attributes.package}.Tensor.")


def resolve_name(f: Any) -> str | None:
    """Return the name of what a ``__torch_function__`` is asked about, or None of other functions.

    >>> import minigrad
    >>> minigrad.overrides.resolve_name(minigrad.nn.functional.relu)
    'minigrad.nn.functional.relu'
    """
    found: Any = getattr(f, "__self__", None)  # of the __get__ of an attribute
    if getattr(found, "__objclass__", None) in Tensor.__mro__:
        return f"{attributes.package}.Tensor.{found.__name__}.{f.__name__}"
    if hasattr(f, "takes_out"):
        return f.__module__.replace("minigrad", attributes.package, 1) + "." + f.__qualname__
    if getattr(f, "__objclass__", None) in Tensor.__mro__:
        return f"{attributes.package}.Tensor.{f.__name__}"
    return None


# ---------------------------------------------------------------- modes

# (nn/modules/fusion.py reads these two.)
overriding: list[type] = []  # Overriding, once it is made
# What is told whether there are subclasses, and whether there are modes.
when_overridden: list[Callable[[bool, bool], None]] = []
_lock = allocate_lock()
entered_modes: list[Any] = []  # the modes that any thread is in


class TorchFunctionMode:
    """In a ``with`` statement: ``__torch_function__`` of this object is asked about every call.

    Write a subclass with ``__torch_function__(self, func, types, args=(), kwargs=None)``; what that
    calls goes to the mode around this one, and then to the op.  Functions, methods, operators and
    indexing ask, not attributes, ``len`` and conversions to numbers.

    Source: torch.overrides.TorchFunctionMode.

    >>> import minigrad
    >>> class Log(minigrad.overrides.TorchFunctionMode):
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         print(func.__name__)
    ...         return func(*args, **(kwargs or {}))
    >>> with Log():
    ...     x = minigrad.zeros(2) + 1
    zeros
    add
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        raise NotImplementedError

    def __enter__(self) -> Self:
        with _lock:
            entered_modes.append(self)
            _changed()
        _state.modes = (*_state.modes, self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _state.modes = _state.modes[:-1]
        with _lock:
            entered_modes.pop()
            _changed()


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that changes nothing."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return func(*args, **(kwargs or {}))


def _changed() -> None:
    for tell in when_overridden:
        tell(bool(overriding), bool(entered_modes))
    table = tape.table()
    for name in _SYNTAX:
        if entered_modes and name not in _unwatched:
            _unwatched[name] = getattr(table, name)
            setattr(table, name, _watched(name, _unwatched[name]))
        elif not entered_modes and name in _unwatched:
            setattr(table, name, _unwatched.pop(name))
    formatting.tensor_repr = _watched_repr if entered_modes else _plain_repr


# What the table of operators calls (see minigrad/operators.pyx), and what Tensor calls it.
_SYNTAX = {
    **{name: name for name in "matmul pow remainder neg abs reciprocal gt ge lt le ne".split()},
    **{f"{name}_": f"{name}_" for name in "add sub mul div pow remainder floor_divide".split()},
    **{name: f"__{name}__" for name in "eq getitem setitem".split()},
    **{f"bitwise_{name}": f"__{name}__" for name in "and or xor".split()},
    **{f"bitwise_{name}_": f"__i{name}__" for name in "and or xor".split()},
    "bitwise_not": "__invert__",
    "bitwise_left_shift": "__lshift__",
    "bitwise_left_shift_": "__ilshift__",
    "bitwise_right_shift": "__rshift__",
    "bitwise_right_shift_": "__irshift__",
    "floor_divide": "__floordiv__",
    "unbind": "unbind",
}
_unwatched: dict[str, Any] = {}  # what was in the table before modes were


def _watched(name: str, plain: Any) -> Any:
    """Return what is to be in the table of operators for ``plain``, while there are modes."""

    def call(*args: Any) -> Any:
        return ask_mode_about(_SYNTAX[name], args) if _state.modes else plain(*args)

    return call


_plain_repr = formatting.tensor_repr


def _watched_repr(t: Tensor) -> Any:
    return ask_mode_about("__repr__", (t,)) if _state.modes else _plain_repr(t)


def ask_mode_about(method: str, args: tuple[Any, ...]) -> Any:
    """Return what the innermost mode makes of an operator, where there may be a mode."""
    if not isinstance(args[0], Tensor):
        method, args = f"__r{_SYMBOLS.get(method, method.strip('_'))}__", args[::-1]
    return ask_mode(getattr(Tensor, method), args, args, {})


_SYMBOLS = {"remainder": "mod", "div": "truediv"}


# ---------------------------------------------------------------- what Tensor itself answers


def _torch_function(
    cls: type, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
) -> Any:
    """Call ``func``, and make what it returns an object of this class."""
    if not all(issubclass(cls, t) for t in types):
        return NotImplemented
    with DisableTorchFunctionSubclass():
        result = func(*args, **(kwargs or {}))
        return result if func in _PLAIN or cls is Tensor else _converted(result, cls)


def _converted(result: Any, cls: Any) -> Any:
    if isinstance(result, Tensor) and not isinstance(result, cls):
        return result.as_subclass(cls)
    if isinstance(result, (tuple, list)):
        items = [_converted(item, cls) for item in result]
        make = getattr(result, "_make", type(result))  # of a tuple whose parts have names
        return make(items)
    return result


# Attributes that are plain tensors.
_PLAIN = {vars(Tensor)["grad"].__get__, vars(Tensor)["_base"].__get__}


def _make_subclass(cls: Any, data: Tensor, require_grad: bool = False) -> Any:
    """Return an object of a subclass over the memory of ``data``: a leaf."""
    if not isinstance(data, Tensor):
        given = type(data).__name__
        raise TypeError(f"{cls.__name__}(): argument 'data' must be Tensor, not {given}")
    made = Tensor.__new__(cls)._share(data)
    Tensor.requires_grad.__set__(made, require_grad)  # type: ignore[attr-defined]
    return made


def _init_subclass(cls: Any, /, **kwargs: Any) -> None:
    super(Tensor, cls).__init_subclass__(**kwargs)
    if "__torch_dispatch__" in vars(cls):
        raise NotImplementedError(
            f"{cls.__name__}.__torch_dispatch__: minigrad's ops are not made of others that could "
            "be overridden; define __torch_function__"
        )
    if cls.__torch_function__ is not disabled_torch_function:
        _prepare(cls)


def _prepare(cls: Any) -> None:
    """Put Overriding between a new subclass and Tensor."""
    if not overriding:
        overriding.append(import_module(".overriding", __package__).Overriding)
        _changed()
    between = overriding[0]
    if issubclass(cls, between):
        return
    bases = cls.__bases__
    if Tensor in bases:
        cls.__bases__ = tuple(between if base is Tensor else base for base in bases)
    else:
        cls.__bases__ = (*bases, between)


install_methods(
    {
        "__torch_function__": classmethod(_torch_function),
        "__init_subclass__": classmethod(_init_subclass),
        "_make_subclass": staticmethod(_make_subclass),
    }
)
