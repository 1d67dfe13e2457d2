"""The argument lists of torch's functions, methods and classes, and how minigrad's differ.

Compiled functions of torch have no signature to inspect.  Those of the package, of Tensor and of
nn.functional are declared in torch's own stubs, overload by overload; linalg's and special's stand
in the first line of their docstrings.  Only for tests that found torch.
"""

import ast
import contextlib
import inspect
import re
import types
from functools import cache
from pathlib import Path

import torch

PARAMETER = inspect.Parameter
BOTH, STAR, STARS = PARAMETER.POSITIONAL_OR_KEYWORD, PARAMETER.VAR_POSITIONAL, PARAMETER.VAR_KEYWORD
NONE = PARAMETER.empty

# A factor before the tensors is how torch once took it; so are out and dtype without their names.
FACTORS = {"alpha", "beta", "value"}
# What torch takes besides (NumPy's names), what one function serves that are two in torch, and
# what other devices and layouts would need.
EXTRA = set("axis keepdims inplace return_indices _stacklevel memory_format input".split())
ELSEWHERE = {"pin_memory", "layout", "out_dtype"}
# Ways to write what is one value
SAME = {"()": "None", "torch.strided": "None", "torch.contiguous_format": "None"}
SAME |= {"torch.preserve_format": "None"}


def _value(node):
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def _signature(arguments):
    """Return the signature that an ``ast.arguments`` describes."""
    names = [*arguments.posonlyargs, *arguments.args]
    defaults = [NONE] * (len(names) - len(arguments.defaults)) + list(arguments.defaults)
    found = list(zip(names, [BOTH] * len(names), defaults, strict=True))
    if arguments.vararg:
        found.append((arguments.vararg, STAR, NONE))
    for name, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append((name, PARAMETER.KEYWORD_ONLY, NONE if default is None else default))
    if arguments.kwarg:
        found.append((arguments.kwarg, STARS, NONE))
    return inspect.Signature(
        PARAMETER(name.arg, kind, default=default if default is NONE else _value(default))
        for name, kind, default in found
    )


@cache
def _declared(file, owner=None):
    """Return {name: signatures} of one of torch's stubs, or of a class in it."""
    body = ast.parse((Path(torch.__file__).parent / "_C" / file).read_text()).body
    if owner:
        body = next(s.body for s in body if isinstance(s, ast.ClassDef) and s.name == owner)
    found = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, []).append(_signature(node.args))
    return found


def _documented(value, name):
    """Return the signatures that a docstring begins with."""
    found = []
    for line in (value.__doc__ or "").splitlines():
        match = re.match(rf"\s*(?:\w+\.)*{re.escape(name)}\((.*)\)\s*(->.*)?$", line)
        if match:
            with contextlib.suppress(SyntaxError):  # some hold types as in C
                found.append(_signature(ast.parse(f"def f({match[1]}): 0").body[0].args))
        elif found:
            break
    return found


def without_self(signature):
    parameters = list(signature.parameters.values())
    return signature.replace(parameters=parameters[parameters[0].name == "self" :])


def without(signature, name):
    return signature.replace(
        parameters=[p for p in signature.parameters.values() if p.name != name]
    )


def torchs(place, name, value):
    """Return the signatures of ``value``, which torch has as ``place.name``; [] if it has none."""
    found = []
    if place == "torch":
        found = _declared("_VariableFunctions.pyi").get(name)
    elif place == "torch.Tensor":
        found = [without_self(s) for s in _declared("__init__.pyi", "TensorBase").get(name, ())]
    if found:
        return [s for s in found if _is_current(s)]
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        found = None
    if found and not isinstance(value, types.BuiltinFunctionType) and found.parameters:
        found = without_self(found) if place == "torch.Tensor" else found
        if [p.kind for p in found.parameters.values()] != [STAR, STARS]:
            return [found]
    return _documented(value, name) or _declared("_VariableFunctions.pyi").get(name, [])


def _is_current(signature):
    """Whether an overload is none that torch keeps for old programs or for two numbers."""
    names = [n for n, p in signature.parameters.items() if p.kind is BOTH and p.default is NONE]
    factors = [i for i, name in enumerate(names) if name in FACTORS]
    return "self" not in names and not any(i < len(names) - 1 for i in factors)


def _text(default):
    if callable(default):
        return default.__name__
    if isinstance(default, (int, float)) and not isinstance(default, bool):
        return str(float(default))
    text = str(tuple(default) if isinstance(default, list) else default)
    text = text.replace("minigrad.", "torch.")
    return SAME.get(text, text)


def differences(ours, overloads):
    """Return what in the argument list ``ours`` is not as torch's ``overloads`` have it."""
    mine, found, known = ours.parameters, [], set()
    star, stars = (any(p.kind is k for p in mine.values()) for k in (STAR, STARS))
    places = [n for n, p in mine.items() if p.kind is BOTH]
    for theirs in overloads:
        ordered = [n for n, p in theirs.parameters.items() if p.kind is BOTH and n != "out"]
        if places[: len(ordered)] != ordered and not star and len(overloads) == 1:
            found.append(f"order {ordered}, not {places}")
        for name, p in theirs.parameters.items():
            known.add(name)
            if p.kind in (STAR, STARS):
                if not (star if p.kind is STAR else stars):
                    found.append(f"{p} is missing")
            elif name not in mine:
                if not stars and name not in ELSEWHERE:
                    found.append(f"{name} is missing")
            elif len(overloads) == 1 and not star and not (name == "dim" and "axis" in mine):
                if _text(p.default) != _text(mine[name].default):
                    found.append(f"{p} is {mine[name]}")
            elif p.default is not NONE and mine[name].default is NONE:
                found.append(f"{name} is required")
    extra = [n for n, p in mine.items() if n not in known and p.kind not in (STAR, STARS)]
    found += [f"{name} is not torch's" for name in extra if name not in EXTRA]
    return list(dict.fromkeys(found))
