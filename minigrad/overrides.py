"""Subclasses of Tensor, and ``__torch_function__``: what calls on them do instead.

    class Metres(minigrad.Tensor):
        ...

    minigrad.tensor([1.0, 2.0]).as_subclass(Metres) * 2     # Metres([2., 4.])

Ops know nothing of this, and cost what they cost.  When a program defines its first subclass,
public functions and methods (minigrad/ops/public.pyx) begin to ask their arguments for
``__torch_function__``; and between the subclass and Tensor comes ``Overriding``, whose operators
and attributes do the same.
"""

from __future__ import annotations

import functools
from _thread import _local  # threading takes longer to import than all that is here
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from minigrad.tensor import Tensor, install_methods

__all__ = ["handle_torch_function", "has_torch_function", "is_tensor_like"]


# What __torch_function__ never sees: it makes tensors of data, or answers of any object.
SILENT = frozenset(
    "as_subclass _make_subclass _share tensor as_tensor asarray from_numpy from_dlpack "
    "is_storage".split()
)


class _State(_local):
    disabled = False


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
    """Return ``func(*args, **kwargs)`` of a public function, or what its arguments make of it."""
    if func.__name__ not in SILENT:
        asked = overloaded((*args, *kwargs.values()))
        if asked:
            return dispatch(func, asked, args, kwargs)
    if func.__name__ in ("backward", "grad"):  # over saved tensors, of whatever class
        with DisableTorchFunctionSubclass():
            return func.__call__(*args, **kwargs)
    return func.__call__(*args, **kwargs)


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Return whether any of these has a ``__torch_function__`` of its own.

    >>> import minigrad
    >>> minigrad.overrides.has_torch_function((minigrad.ones(1), 2))
    False
    """
    return bool(overloaded(tuple(relevant_args)))


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """Return what ``__torch_function__`` of one of ``relevant_args`` makes of a call.

    For functions of your own that subclasses are to override; see ``has_torch_function``.
    """
    return dispatch(public_api, overloaded(tuple(relevant_args)), args, kwargs)


def is_tensor_like(inp: Any) -> bool:
    """Return whether ``inp`` is a Tensor or has a ``__torch_function__``.

    >>> import minigrad
    >>> minigrad.overrides.is_tensor_like(minigrad.ones(1)), minigrad.overrides.is_tensor_like(2)
    (True, False)
    """
    return type(inp) is Tensor or hasattr(inp, "__torch_function__")


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


install_methods(
    {
        "__torch_function__": classmethod(_torch_function),
        "__init_subclass__": classmethod(_init_subclass),
        "_make_subclass": staticmethod(_make_subclass),
    }
)


# ---------------------------------------------------------------- when there are subclasses

_overriding: list[type] = []  # Overriding, once it is made
when_subclassed: list[Callable[[], None]] = []  # what then begins

# What an operator is called where that is another method, and what its reflected form is.
_METHODS = {
    **{f"__{name}__": name for name in "add sub mul matmul pow neg abs gt ge lt le".split()},
    **{f"__i{name}__": f"{name}_" for name in "add sub mul pow".split()},
    "__truediv__": "div",
    "__itruediv__": "div_",
    "__mod__": "remainder",
    "__imod__": "remainder_",
    "__pos__": "positive",
}
_BINARY = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split()
_OTHERS = (
    "__neg__ __pos__ __abs__ __invert__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __getitem__ "
    "__setitem__ __len__ __reversed__ __contains__ __bool__ __int__ __float__ "
    "__complex__ __index__ __array__ __repr__ __format__ __deepcopy__ __reduce_ex__"
).split()


def _operator(name: str) -> Any:
    """Return the operator ``name`` of Overriding, which passes for the method that it calls."""
    plain = getattr(Tensor, name)

    def call(self: Any, *args: Any) -> Any:
        asked = overloaded((self, *args))
        if not asked:
            return plain(self, *args)
        func = getattr(Tensor, _METHODS.get(name, name))
        try:
            return dispatch(func, asked, (self, *args), {})
        except TypeError:  # as torch: Python asks the other operand, and complains
            if name[2:-2].removeprefix("i") not in _BINARY:
                raise
            return NotImplemented

    return functools.wraps(plain)(call)


def _reflected(name: str) -> Any:
    """Return the same of ``other + self``; a plain tensor on the left would have been called."""
    plain, forward = getattr(Tensor, f"__r{name}__"), f"__{name}__"
    by_itself = name in ("sub", "truediv", "floordiv", "mod", "pow", "matmul", "lshift", "rshift")

    def call(self: Any, other: Any) -> Any:
        asked = overloaded((self, other))
        if not asked:
            return plain(self, other)
        func, args = getattr(Tensor, _METHODS.get(forward, forward)), (self, other)
        if isinstance(other, Tensor):
            args = (other, self)
        elif by_itself:
            func = plain
        try:
            return dispatch(func, asked, args, {})
        except TypeError:
            return NotImplemented

    return functools.wraps(plain)(call)


def _attribute(found: Any) -> property:
    """Return a property that is an attribute of Tensor, or what ``__torch_function__`` says."""

    def through(func: Any) -> Any:
        def call(self: Any, *args: Any) -> Any:
            asked = overloaded((self, *args))
            return dispatch(func, asked, (self, *args), {}) if asked else func(self, *args)

        return call

    of = [getattr(found, name, None) for name in ("__get__", "__set__", "__delete__")]
    return property(*(through(func) if func else None for func in of))


def _new(cls: Any, *args: Any) -> Any:
    if len(args) == 1 and isinstance(args[0], Tensor):
        return args[0].as_subclass(cls)
    made = Tensor.__new__(cls)
    Tensor.__init__(made, *args)
    return made


def _init(self: Any, *args: Any, **kwargs: Any) -> None:
    """Do nothing: ``__new__`` has made it, and may take what the class likes."""


def _iter(self: Any) -> Any:
    if self.dim() == 0:
        raise TypeError("iteration over a 0-d tensor")
    return iter(self.unbind(0))


def _activate() -> type:
    """Let calls ask their arguments from now on; return Overriding."""
    inner: dict[str, Any] = {"__module__": __name__, "__new__": staticmethod(_new)}
    inner |= {"__init__": _init, "__iter__": _iter, "__hash__": Tensor.__hash__}
    inner["__torch_function__"] = staticmethod(disabled_torch_function)  # until it is made
    for kind in Tensor.__mro__[:-1]:
        for name, found in vars(kind).items():
            if hasattr(found, "__get__") and not callable(found) and not name.startswith("__"):
                inner.setdefault(name, _attribute(found))
    for name in _OTHERS:
        inner[name] = _operator(name)
    for name in _BINARY:
        inner[f"__{name}__"], inner[f"__r{name}__"] = _operator(f"__{name}__"), _reflected(name)
        if hasattr(Tensor, f"__i{name}__"):
            inner[f"__i{name}__"] = _operator(f"__i{name}__")
    made = type("Overriding", (Tensor,), inner)
    del made.__torch_function__  # type: ignore[attr-defined]
    for start in when_subclassed:
        start()
    return made


def _prepare(cls: Any) -> None:
    """Put Overriding between a new subclass and Tensor."""
    if not _overriding:
        _overriding.append(_activate())
    between = _overriding[0]
    if issubclass(cls, between):
        return
    bases = cls.__bases__
    if Tensor in bases:
        cls.__bases__ = tuple(between if base is Tensor else base for base in bases)
    else:
        cls.__bases__ = (*bases, between)
