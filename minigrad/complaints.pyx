"""Which argument of a failed call was wrong.

Ops look at what they must see to be safe, and not at the type of each argument: that would cost
time in calls that are right.  Where a call has failed there is time.  ``complaint`` then holds the
arguments against the types that the function declares, those of its annotations or of the stub
beside a compiled file, and makes of what went wrong inside (an attribute that None lacks, a number
that does not fit) what torch raises: a TypeError with the argument, what it must be and what it is.
"""

from __future__ import annotations

import ast
import numbers
import os
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import numpy as np

from minigrad.dtypes import dtype
from minigrad.overrides import dispatch, overloaded
from minigrad.tensor import Tensor

_VARIABLE = 4  # inspect.CO_VARARGS
_INT64 = range(-(2**63), 2**63)
_TOO_LARGE = ("array is too big", "Maximum allowed", "Invalid number of", "too large to convert")
_ALIASES = {"Ints": "int | Sequence[int]"}


def complaint(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception
) -> Exception | None:
    """Return what to raise in place of ``error``, with which ``function(*args, **kwargs)`` failed.

    None: the arguments are of the declared types, so that the error is about something else.
    ``function``: a PublicFunction (minigrad/ops/public.pyx).
    """
    name = function.__name__
    if str(error).startswith(f"{name}(): argument "):
        return None
    given = list(_given(_declared(function), args, kwargs))
    for argument, value, types in given:
        if not any(_fits(value, t, isinstance(error, AttributeError)) for t in types):
            expected = " or ".join(dict.fromkeys(_said(t) for t in types))
            return TypeError(
                f"{name}(): argument '{argument}' must be {expected}, not {_kind(value)}"
            )
    too_large = any(text in str(error) for text in _TOO_LARGE)
    if isinstance(error, OverflowError) or too_large:
        for argument, value, _ in given:
            if any(isinstance(v, int) and v not in _INT64 for v in _items(value)):
                return ValueError(f"{name}(): argument '{argument}' overflows int64: {value}")
        if too_large:
            call = ", ".join(f"{n} {_size(v)}" for n, v, _ in given)
            return RuntimeError(f"{name}(): no memory holds the result for {call}")
    return None


def complain(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception
) -> Any:
    """Raise what ``complaint`` says, or ``error`` itself, which is being handled."""
    better = complaint(function, args, kwargs, error)
    if better is None:
        raise
    raise better from None


def answer(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], error: Exception
) -> Any:
    """Return what a ``__torch_function__`` among the arguments makes of a call, or complain.

    So classes that are no tensors override functions, also where calls do not ask beforehand.
    """
    asked = overloaded((*args, *kwargs.values()))
    if asked:
        return dispatch(function, asked, args, kwargs)
    complain(function, args, kwargs, error)


# ---------------------------------------------------------------- what a function declares

# Of each overload: the types by argument, the arguments by position, the name of *args or "".
Declared = list[tuple[dict[str, str], list[str], str]]
_stubs: dict[str, dict[str, Declared]] = {}  # what has been read, by module


def _declared(function: Any) -> Declared:
    """Return the types that a function declares."""
    if function.takes_out:
        return _of_stub("minigrad._with_out").get(function.__name__, [])
    op = function
    while hasattr(op, "__wrapped__"):
        op = op.__wrapped__
    if isinstance(op, FunctionType):
        return [_of_source(op)]
    return _of_stub(getattr(op, "__module__", "minigrad")).get(op.__name__, [])


def _of_source(function: FunctionType) -> tuple[dict[str, str], list[str], str]:
    # (not by inspect, which takes milliseconds to import)
    declared, code = function.__annotations__.items(), function.__code__
    types = {n: t.__name__ if isinstance(t, type) else str(t) for n, t in declared if n != "return"}
    positions = list(code.co_varnames[: code.co_argcount])
    rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount :]
    variable = rest[0] if code.co_flags & _VARIABLE else ""
    return types, positions, variable


def _of_stub(home: str) -> dict[str, Declared]:
    if home in _stubs:
        return _stubs[home]
    found = _stubs[home] = {}
    path = os.path.join(os.path.dirname(__file__), *home.split(".")[1:]) + ".pyi"
    if not os.path.exists(path):
        return found
    with open(path, encoding="utf-8") as stub:
        items = ast.parse(stub.read()).body
    for item in items:
        if isinstance(item, ast.FunctionDef):
            args = item.args
            positions = [*args.posonlyargs, *args.args]
            every = [*positions, *args.kwonlyargs, *filter(None, [args.vararg])]
            found.setdefault(item.name, []).append(
                (
                    {a.arg: ast.unparse(a.annotation) for a in every if a.annotation},
                    [a.arg for a in positions],
                    args.vararg.arg if args.vararg else "",
                )
            )
    return found


def _given(declared: Declared, args: Any, kwargs: Any) -> Iterator[tuple[str, Any, list[str]]]:
    """Yield each argument that is given: its name, the value, its types (one of them is enough)."""
    for i, value in enumerate(args):
        names = [p[i] if i < len(p) else v for _, p, v in declared]
        types = [t[n] for (t, _, _), n in zip(declared, names, strict=True) if n in t]
        if types and len(set(names)) == 1:
            yield names[0], value, types
    for name, value in kwargs.items():
        types = [t[name] for t, _, _ in declared if name in t]
        if types:
            yield name, value, types


# ---------------------------------------------------------------- types


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _parts(types: str) -> list[tuple[str, str]]:
    """Return the types of a union, and what each holds: of "int | list[int]" the second "int"."""
    found, rest = [], [ast.parse(_ALIASES.get(types, types), mode="eval").body]
    while rest:
        node = rest.pop()
        if isinstance(node, ast.BinOp):
            rest += [node.right, node.left]
        elif isinstance(node, ast.Subscript):
            found.append((ast.unparse(node.value), ast.unparse(node.slice)))
        elif (text := ast.unparse(node)) in _ALIASES:
            found += _parts(text)
        else:
            found.append((text.rpartition(".")[2], ""))
    return found


def _fits(value: Any, types: str, strict: bool) -> bool:
    """Whether a value is of a type as annotations write it; what is not known here, everything is.

    ``strict``: an array is no tensor.
    """
    one = isinstance(value, (Tensor, np.ndarray)) and value.ndim == 0
    for name, held in _parts(types):
        if name == "Tensor":
            fits = isinstance(value, Tensor if strict else (Tensor, np.ndarray, np.generic))
        elif name in ("int", "bool"):
            fits = isinstance(value, (numbers.Integral, np.bool_)) or one
        elif name == "float":
            fits = isinstance(value, (numbers.Real, np.bool_)) or one
        elif name == "str":
            fits = isinstance(value, str)
        elif name == "None":
            fits = value is None
        elif name == "dtype":
            fits = isinstance(value, (dtype, type, np.dtype))
        elif name == "Literal":
            fits = isinstance(value, (str, bool))  # which of them the function looks at
        elif name in ("Sequence", "list", "tuple"):
            held = held.removesuffix(", ...").strip("()")
            fits = isinstance(value, (list, tuple)) and (
                "," in held or all(_fits(v, held, strict) for v in value)
            )
        else:
            fits = True
        if fits:
            return True
    return False


def _said(types: str) -> str:
    """Return how a message says a type: "int or tuple of ints"."""
    said: list[str] = []
    for name, held in _parts(types):
        if name == "Literal":
            said += map(repr, _literals(held))
        elif name in ("Sequence", "list", "tuple"):
            held = held.removesuffix(", ...").strip("()")
            said.append(f"tuple of {held}s" if held.isidentifier() and held != "Any" else "tuple")
        else:
            said.append(name)
    return " or ".join(said)


def _literals(held: str) -> list[Any]:
    return _items(ast.literal_eval(held))


def _size(value: Any) -> str:
    """Return what a message about sizes says of an argument: of a tensor its shape."""
    return f"of shape {list(value.shape)}" if isinstance(value, Tensor) else repr(value)


def _kind(value: Any) -> str:
    """Return the type of what is given, and of what is in it where that is what does not fit."""
    kind = type(value).__name__
    if isinstance(value, (list, tuple)) and value:
        return f"{kind} of {', '.join(dict.fromkeys(type(v).__name__ for v in value))}"
    if isinstance(value, Tensor):
        return f"{kind} of shape {list(value.shape)}"
    return f"{kind} {value!r}" if isinstance(value, (str, numbers.Number)) else kind
