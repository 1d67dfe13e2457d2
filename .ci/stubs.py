"""Write the type stubs (.pyi) of the compiled modules, and of the package, from the modules.

    python .ci/stubs.py            write them
    python .ci/stubs.py --check    exit with 1 if one is out of date

Names and defaults are the compiled functions' own.  Their types come from the two tables below: an
argument of one name has one type throughout minigrad, and what is in no table returns a Tensor.
"""

import importlib
import inspect
import re
import sys
from pathlib import Path

import minigrad

ROOT = Path(minigrad.__file__).parent
HEADER = '''"""Types of a compiled module; written by .ci/stubs.py."""

import builtins
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

from minigrad import attributes, dtypes
'''

# "builtins." because a Tensor has methods called float, int and bool.
ARGUMENTS = {
    "Tensor": "input mask target running_mean running_var weight bias",
    "Any": "size sizes shape",
    "Tensor | builtins.float": "other exponent mean std",
    "builtins.int | Sequence[builtins.int]": "dim dims axis",
    "builtins.int": "diagonal dim0 dim1 n_threads ignore_index n m start_dim end_dim",
    "builtins.float": "alpha p eps momentum label_smoothing negative_slope rtol atol",
    "builtins.bool": (
        "keepdim keepdims requires_grad training inplace unbiased retain_graph create_graph "
        "non_blocking copy allow_unused equal_nan"
    ),
    "builtins.str": "reduction approximate indexing",
    "dtypes.dtype": "dtype",
    "attributes.device | builtins.str": "device",
    "Tensor | Sequence[Any]": "tensors inputs",
    "Callable[..., Any]": "hook",
}
TYPE_OF = {name: kind for kind, names in ARGUMENTS.items() for name in names.split()}
RETURNS = {
    "None": "backward setitem retain_grad install_methods set_default_dtype set_rng_state",
    "Any": (
        "max min where nonzero type max_pool1d max_pool2d stride size cuda item tolist numpy "
        "add_hook table in_place rebuild manual_seed"
    ),
    "attributes.RemovableHandle": "register_hook",
    "builtins.int": (
        "dim numel nelement ndimension element_size data_ptr storage_offset get_device checked_dim "
        "empty_cache count_batch seed initial_seed"
    ),
    "builtins.bool": (
        "is_contiguous is_floating_point is_complex is_grad_enabled _set_grad_enabled equal "
        "allclose is_tensor"
    ),
    "dtypes.dtype": "promote_types as_dtype_ get_default_dtype",
    "tuple[Tensor, ...]": "unbind split chunk broadcast_tensors meshgrid grad",
    "tuple[Tensor, Tensor]": "var_mean std_mean",
    "Self": "requires_grad_",
}
RETURN_OF = {name: kind for kind, names in RETURNS.items() for name in names.split()}
PROPERTIES = {
    "attributes.Size": "shape",
    "dtypes.dtype": "dtype",
    "attributes.device": "device",
    "Tensor": "T mT",
    "Tensor | None": "_base",
    "Any": "grad_fn",
    "builtins.int": "ndim itemsize nbytes output_nr _version",
    "builtins.bool": "is_cuda is_leaf retains_grad",
}
ATTRIBUTES = {"requires_grad": "builtins.bool", "grad": "Any", "data": "Tensor"}  # can be set


def is_compiled(member):
    return type(member).__name__ == "cython_function_or_method"


def arguments(function, skip=0):
    """Return the text of a function's arguments, without the first ``skip``."""
    text, starred = [], False
    for p in list(inspect.signature(function).parameters.values())[skip:]:
        kind = TYPE_OF.get(p.name, "Any")
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            stars = "*" if p.kind is p.VAR_POSITIONAL else "**"
            starred = True
            text.append(f"{stars}{p.name}: Any")
            continue
        if p.kind is p.KEYWORD_ONLY and not starred:
            starred = True
            text.append("*")
        if p.default is p.empty:
            text.append(f"{p.name}: {kind}")
            continue
        if p.default is None and kind != "Any":
            kind += " | None"
        simple = p.default is None or isinstance(p.default, bool | int | str)
        text.append(f"{p.name}: {kind} = {repr(p.default) if simple else '...'}")
    return text


def function_stub(name, function, indent=""):
    method = bool(indent)
    text = ", ".join((["self"] if method else []) + arguments(function, skip=method))
    return f"{indent}def {name}({text}) -> {RETURN_OF.get(name, 'Tensor')}: ...\n"


def tensor_stub():
    """Return the class Tensor: its properties, its own methods, and the functions of ops."""
    lines = ["class Tensor(Operators):\n", "    def __init__(self, *args: Any) -> None: ...\n"]
    lines += [f"    {name}: {kind}\n" for name, kind in ATTRIBUTES.items()]
    for kind, names in PROPERTIES.items():
        for name in names.split():
            lines.append(f"    @property\n    def {name}(self) -> {kind}: ...\n")
    for name, member in sorted(vars(minigrad.Tensor).items()):
        if name in ("__array__", "__dlpack__", "__dlpack_device__"):
            lines.append(f"    def {name}(self, *args: Any, **kwargs: Any) -> Any: ...\n")
        elif not name.startswith("_") and callable(member):
            lines.append(function_stub(name, member, indent="    "))
    return "".join(lines)


def module_stub(name):
    """Return the stub of one compiled module: its functions, and Tensor."""
    module = importlib.import_module(name)
    text = HEADER
    if name == "minigrad.tensor":
        text += "from minigrad.operators import Operators\n\n" + tensor_stub() + "\n"
    else:
        text += "from minigrad.tensor import Tensor\n\n"
    if name == "minigrad.tape":
        text += "class Variable: ...\nclass Node: ...\nclass PythonNode(Node): ...\n"
        text += "class Operations: ...\n\n"
    for own, member in sorted(vars(module).items()):
        if is_compiled(member) and member.__module__ == name and not own.startswith("__"):
            text += function_stub(own, member)
    return text


def package_stub():
    """Return the stub of the package, whose functions come from the tables of ops at run time."""
    lines = ['"""The names of minigrad; written by .ci/stubs.py."""\n\n', "import builtins\n"]
    lines += ["from collections.abc import Sequence\n", "from typing import Any\n\n"]
    lines.append("from minigrad import attributes, dtypes\n")
    functions = []
    for name, value in sorted(vars(minigrad).items()):
        if name.startswith("_"):
            continue
        if inspect.ismodule(value):
            lines.append(f"from minigrad import {name} as {name}\n")
        elif isinstance(value, minigrad.dtype):
            own = "bool_" if value is minigrad.bool else repr(value).removeprefix("minigrad.")
            lines.append(f"from minigrad.dtypes import {own} as {name}\n")
        elif isinstance(value, float):
            functions.append(f"{name}: builtins.float\n")
        elif isinstance(value, minigrad.Generator):
            lines.append(f"from minigrad.ops.random import {name} as {name}\n")
        elif inspect.isfunction(value) and re.fullmatch(r"minigrad(\.ops\.\w+)?", value.__module__):
            functions.append(function_stub(name, value))
        else:
            lines.append(f"from {value.__module__} import {value.__name__} as {name}\n")
    return "".join([*lines, "\n__version__: builtins.str\n", *functions])


# Classes with operators or fields: written by hand, checked by tests/test_stubs.py.
BY_HAND = {"minigrad.dtypes", "minigrad.operators"}


def stubs():
    """Return the text of every stub, by its path."""
    found = {ROOT / "__init__.pyi": package_stub()}
    for path in sorted([*ROOT.glob("*.pyx"), *ROOT.glob("ops/*.pyx")]):
        name = ".".join(["minigrad", *path.relative_to(ROOT).with_suffix("").parts])
        if name not in BY_HAND:
            found[path.with_suffix(".pyi")] = module_stub(name)
    return found


def main():
    stale = [p for p, text in stubs().items() if not p.exists() or p.read_text() != text]
    for path in stale:
        print(f"out of date: {path.relative_to(ROOT.parent)}")
        if "--check" not in sys.argv:
            path.write_text(stubs()[path])
    if "--check" in sys.argv and stale:
        sys.exit("run python .ci/stubs.py")


if __name__ == "__main__":
    main()
