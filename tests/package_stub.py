"""``python tests/package_stub.py``: write the stubs of minigrad's functions.

minigrad/__init__.pyi gives each its name.  A function with ``out=`` is what a family declares, and
``out``; minigrad/_with_out.pyi declares these.  test_stubs.py asks whether both are what this
writes.
"""

import ast
import inspect
import subprocess
import sys
from functools import cache
from pathlib import Path

import minigrad
from minigrad import ops

PACKAGE = Path(minigrad.__file__).parent
LISTED = "# What minigrad/ops/__init__.py lists as functions, by tests/package_stub.py.\n"
WITH_OUT = '''"""Functions with torch's ``out=``: what their families declare, and ``out``.

Written by tests/package_stub.py.  Only a stub: the functions are made when minigrad is imported.
"""

from collections.abc import Sequence
from typing import Any, Literal, overload

from minigrad import return_types
from minigrad.attributes import layout
from minigrad.dtypes import dtype
from minigrad.ops.generator import Generator
from minigrad.tensor import Tensor
from minigrad.types import Device, Ints

'''


def source(name):
    """Return the family and the name there of the op behind a function."""
    op = inspect.unwrap(ops.functions[name])  # (an in-place form shows the op that it is made from)
    return op.__module__.removeprefix("minigrad.ops."), op.__name__


def declaring(family):
    """Return the file that says what types the functions of a family have."""
    path = PACKAGE / "ops" / f"{family}.py"
    return path.with_suffix(".pyi") if path.with_suffix(".pyi").exists() else path


@cache
def declarations(family):
    """Return {name: the definitions of it, more than one if overloaded} of a family."""
    found = {}
    for node in ast.parse(declaring(family).read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, []).append(node)
    return found


def with_out(node, name):
    """Return the definition of a function and ``out``: a tensor, or several for several results."""
    node = ast.parse(ast.unparse(node)).body[0]
    result = ast.unparse(node.returns) if node.returns else "Any"
    a = node.args
    for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))):
        arg.annotation = arg.annotation or ast.Name("Any")
    kind = {"Tensor": "Tensor | None", "Any": "Any"}.get(result, "Sequence[Tensor] | None")
    out = ast.arg("out", ast.parse(kind, mode="eval").body)
    places = [i for i, arg in enumerate(node.args.args) if arg.arg == "out"]
    if places:  # that of tensordot has a place
        node.args.args[places[0]] = out
    else:
        node.args.kwonlyargs.append(out)
        node.args.kw_defaults.append(ast.Constant(None))
    node.name, node.body = name, [ast.Expr(ast.Constant(...))]
    return ast.unparse(node)


def stubs():
    """Return {path: text} of both stubs."""
    names, definitions = [], []
    for name in sorted(ops.functions):
        family, own = source(name)
        if ops.functions[name].takes_out and own not in declarations(family):
            sys.exit(f"{declaring(family).relative_to(PACKAGE.parent)} does not declare {own}")
        if ops.functions[name].takes_out:
            names.append(f"{name} = _with_out.{name}")
            definitions += [with_out(node, name) for node in declarations(family)[own]]
        else:
            names.append(f"{name} = ops.{family}.{own}")
    path = PACKAGE / "__init__.pyi"
    above = path.read_text().partition(LISTED)[0]
    return {
        path: above + LISTED + "\n".join(names) + "\n",
        PACKAGE / "_with_out.pyi": WITH_OUT + "\n".join(definitions) + "\n",
    }


def main():
    for path, text in stubs().items():
        path.write_text(text)
        for command in ("format --quiet", "check --fix --quiet"):
            subprocess.run([sys.executable, "-m", "ruff", *command.split(), path], check=True)


if __name__ == "__main__":
    main()
