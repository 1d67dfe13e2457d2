"""The class between Tensor and a program's subclasses, whose operators and attributes ask.

Imported when a program defines its first subclass.  See minigrad/overrides.py.
"""

from __future__ import annotations

import functools
from typing import Any

from minigrad.overrides import (
    disabled_torch_function,
    dispatch,
    handle_torch_function,
    overloaded,
)
from minigrad.tensor import Tensor

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
            return handle_torch_function(func, (self, *args), self, *args)
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
            return handle_torch_function(func, args, *args)
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


def _made() -> type:
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
    return made


Overriding = _made()
