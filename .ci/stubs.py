"""Write the type stubs (.pyi) of the compiled modules, from the modules themselves.

    python .ci/stubs.py            write them
    python .ci/stubs.py --check    exit with 1 if a stub is out of date

Names and defaults come from the compiled functions; types from the tables below, by the name of
the argument and of the function.
"""

import importlib
import inspect
import sys
from pathlib import Path

import minigrad
from minigrad import ops

ROOT = Path(minigrad.__file__).parent
HEADER = '"""Types of this compiled module; written by .ci/stubs.py."""\n\n'

ARGUMENTS = {
    "input": "Tensor",
    "other": "Tensor | float",
    "exponent": "Tensor | float",
    "dim": "Dims",
    "keepdim": "bool",
    "keepdims": "bool | None",
    "axis": "Dims",
    "dtype": "dtype | None",
    "device": "Any",
    "requires_grad": "bool",
    "alpha": "float",
    "value": "Tensor | float",
    "p": "float",
    "training": "bool",
    "inplace": "bool",
    "reduction": "str",
    "weight": "Tensor | None",
    "bias": "Tensor | None",
    "index": "Any",
    "mask": "Tensor",
    "tensors": "Sequence[Tensor]",
    "generator": "Generator | None",
    "eps": "float",
    "momentum": "float | None",
    "target": "Tensor",
    "ignore_index": "int",
    "label_smoothing": "float",
    "running_mean": "Tensor | None",
    "running_var": "Tensor | None",
    "n_threads": "int",
    "out": "Any",
}
# The first dimension argument of these is one int.
RETURNS = {
    "unbind": "tuple[Tensor, ...]",
    "split": "tuple[Tensor, ...]",
    "chunk": "tuple[Tensor, ...]",
    "broadcast_tensors": "tuple[Tensor, ...]",
    "meshgrid": "tuple[Tensor, ...]",
    "var_mean": "tuple[Tensor, Tensor]",
    "std_mean": "tuple[Tensor, Tensor]",
    "max": "Any",
    "min": "Any",
    "where": "Any",
    "nonzero": "Any",
    "type": "Any",
    "setitem": "None",
    "grad": "tuple[Any, ...]",
    "backward": "None",
    "promote_types": "dtype",
    "as_dtype_": "dtype",
    "get_default_dtype": "dtype",
    "set_default_dtype": "None",
    "is_grad_enabled": "bool",
    "_set_grad_enabled": "bool",
    "checked_dim": "int",
    "sizes": "Any",
    "install_methods": "None",
    "add_hook": "Any",
    "table": "Any",
    "in_place": "Any",
    "max_pool1d": "Any",
    "max_pool2d": "Any",
    "stride": "Any",
    "size": "Any",
    "dim_": "int",
    "numel": "int",
    "nelement": "int",
    "ndimension": "int",
    "element_size": "int",
    "is_contiguous": "bool",
    "data_ptr": "int",
    "storage_offset": "int",
    "cuda": "Any",
    "is_floating_point": "bool",
    "is_complex": "bool",
    "get_device": "int",
    "item": "Any",
    "tolist": "Any",
    "numpy": "Any",
    "register_hook": "Any",
    "retain_grad": "None",
    "rebuild": "Any",
}
PROPERTIES = {
    "shape": "Size",
    "dtype": "dtype",
    "device": "device",
    "ndim": "int",
    "itemsize": "int",
    "nbytes": "int",
    "is_cuda": "bool",
    "is_leaf": "bool",
    "grad_fn": "Any",
    "output_nr": "int",
    "_version": "int",
    "_base": "Any",
    "T": "Tensor",
    "mT": "Tensor",
    "retains_grad": "bool",
}
SETTABLE = {"requires_grad": "bool", "grad": "Any", "data": "Tensor"}
OPERATORS = (
    "add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow rpow matmul "
    "rmatmul and rand or ror xor rxor lshift rshift lt le gt ge iadd isub imul itruediv ifloordiv "
    "imod ipow iand ior ixor"
).split()


def default(value):
    simple = value is None or isinstance(value, bool | int | str)
    return repr(value) if simple else "..."


def arguments(function, skip=0):
    """Return the text of a function's arguments, without the first ``skip``."""
    parameters = list(inspect.signature(function).parameters.values())[skip:]
    parts, starred = [], False
    for p in parameters:
        kind = ARGUMENTS.get(p.name, "Any")
        if p.kind is p.VAR_POSITIONAL:
            parts.append(f"*{p.name}: Any")
            starred = True
            continue
        if p.kind is p.VAR_KEYWORD:
            parts.append(f"**{p.name}: Any")
            continue
        if p.kind is p.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        if p.default is p.empty:
            parts.append(f"{p.name}: {kind}")
        else:
            if p.default is None and "None" not in kind and kind not in ("Any", "Dims"):
                kind += " | None"
            parts.append(f"{p.name}: {kind} = {default(p.default)}")
    return ", ".join(parts)


def function_stub(name, function):
    return f"def {name}({arguments(function)}) -> {RETURNS.get(name, 'Tensor')}: ...\n"


def method_stub(name, function, returns=None):
    rest = arguments(function, skip=1)
    returns = returns or RETURNS.get(name, "Tensor")
    return f"    def {name}(self{', ' + rest if rest else ''}) -> {returns}: ...\n"


def tensor_stub():
    cls = minigrad.Tensor
    lines = ["class Tensor:\n", "    def __init__(self, *args: Any) -> None: ...\n"]
    for name, kind in PROPERTIES.items():
        lines.append(f"    @property\n    def {name}(self) -> {kind}: ...\n")
    lines += [f"    {name}: {kind}\n" for name, kind in SETTABLE.items()]
    for name in OPERATORS:
        lines.append(f"    def __{name}__(self, other: Any) -> Tensor: ...\n")
    for name in ("neg", "pos", "abs", "invert"):
        lines.append(f"    def __{name}__(self) -> Tensor: ...\n")
    lines += [
        "    def __eq__(self, other: object) -> Tensor: ...  # type: ignore[override]\n",
        "    def __ne__(self, other: object) -> Tensor: ...  # type: ignore[override]\n",
        "    def __hash__(self) -> int: ...\n",
        "    def __getitem__(self, index: Any) -> Tensor: ...\n",
        "    def __setitem__(self, index: Any, value: Any) -> None: ...\n",
        "    def __len__(self) -> int: ...\n",
        "    def __iter__(self) -> Iterator[Tensor]: ...\n",
        "    def __bool__(self) -> bool_: ...\n",
        "    def __int__(self) -> int_: ...\n",
        "    def __float__(self) -> float_: ...\n",
        "    def __index__(self) -> int_: ...\n",
        "    def __array__(self, dtype: Any = None, copy: Any = None) -> Any: ...\n",
    ]
    own = {
        "size": "Any",
        "dim": "int_",
        "ndimension": "int_",
        "numel": "int_",
        "nelement": "int_",
        "element_size": "int_",
        "stride": "Any",
        "is_contiguous": "bool_",
        "data_ptr": "int_",
        "storage_offset": "int_",
        "is_floating_point": "bool_",
        "is_complex": "bool_",
        "get_device": "int_",
        "backward": "None",
        "detach": "Tensor",
        "detach_": "Tensor",
        "requires_grad_": "Tensor",
        "register_hook": "Any",
        "retain_grad": "None",
        "numpy": "Any",
        "item": "Any",
        "tolist": "Any",
    }
    for name, returns in own.items():
        lines.append(method_stub(name, getattr(cls, name), returns))
    for name, function in sorted(ops.methods.items()):
        lines.append(method_stub(name, function))
    # inside the class, methods called float, int and bool hide the types
    body = "".join(lines)
    for hidden in ("float", "int", "bool"):
        body = (
            body.replace(f": {hidden}", f": {hidden}_")
            .replace(f"| {hidden}", f"| {hidden}_")
            .replace(f"-> {hidden}:", f"-> {hidden}_:")
        )
        body = body.replace(f"{hidden}__", f"{hidden}_")
    body = (
        body.replace("    def __bool_(", "    def __bool__(")
        .replace("    def __int_(", "    def __int__(")
        .replace("    def __float_(", "    def __float__(")
    )
    return body


IMPORTS = (
    "from collections.abc import Iterator, Sequence\nfrom typing import Any\n\n"
    "from minigrad.attributes import Size, device\nfrom minigrad.dtypes import dtype\n"
)


def stubs():
    """Return {path: text} of all stubs."""
    found = {}
    for path in sorted([*ROOT.glob("*.pyx"), *ROOT.glob("ops/*.pyx")]):
        name = ".".join(["minigrad", *path.relative_to(ROOT).with_suffix("").parts])
        module = importlib.import_module(name)
        members = {
            n: f
            for n, f in vars(module).items()
            if not n.startswith("__")
            and type(f).__name__ == "cython_function_or_method"
            and getattr(f, "__module__", name) == name
        }
        text = HEADER
        if name == "minigrad.dtypes":
            text += (
                "from typing import Any\n\nclass dtype:\n    name: str\n    numpy: Any\n"
                "    num: int\n    itemsize: int\n    category: int\n"
                "    is_floating_point: bool\n    is_signed: bool\n    is_complex: bool\n\n"
            )
            text += "".join(
                f"{d}: dtype\n"
                for d in (
                    "float16",
                    "float32",
                    "float64",
                    "uint8",
                    "int8",
                    "int16",
                    "int32",
                    "int64",
                    "bool_",
                )
            )
            text += "all_dtypes: tuple[dtype, ...]\n\n"
        else:
            text += IMPORTS
            if name != "minigrad.tensor":
                text += "from minigrad.tensor import Tensor\n"
            text += "\nDims = int | Sequence[int] | None\nGenerator = Any\n"
        if name == "minigrad.tensor":
            text += "bool_ = bool\nint_ = int\nfloat_ = float\n\n" + tensor_stub() + "\n"
        if name == "minigrad.tape":
            text += "\nclass Variable: ...\nclass Node: ...\nclass PythonNode(Node): ...\n"
        shadows = {"float", "int", "bool"} & set(members)
        if shadows:
            text += "bool_ = bool\nint_ = int\nfloat_ = float\n"
        text += "\n"
        for n, f in sorted(members.items()):
            line = function_stub(n, f)
            if shadows:
                for hidden in ("float", "int", "bool"):
                    line = (
                        line.replace(f": {hidden}", f": {hidden}_")
                        .replace(f"| {hidden}", f"| {hidden}_")
                        .replace(f"-> {hidden}:", f"-> {hidden}_:")
                    )
            text += line
        found[path.with_suffix(".pyi")] = text
    found[ROOT / "__init__.pyi"] = package_stub()
    return found


def package_stub():
    """Return the stub of the package itself: its functions come from a table at run time."""
    lines = [HEADER, "from typing import Any\n\n"]
    source = (ROOT / "__init__.py").read_text()
    for name, function in sorted(ops.functions.items()):
        module = getattr(function, "__module__", None)
        if module and module.startswith("minigrad.") and hasattr(function, "__name__"):
            lines.append(f"from {module} import {function.__name__} as {name}\n")
        else:
            lines.append(f"{name}: Any\n")
    explicit = [n for n in vars(minigrad) if not n.startswith("_") and n not in ops.functions]
    for name in sorted(explicit):
        value = vars(minigrad)[name]
        if inspect.ismodule(value):
            if value.__name__.startswith("minigrad."):
                package, _, last = value.__name__.rpartition(".")
                lines.append(f"from {package} import {last} as {name}\n")
        elif isinstance(value, minigrad.dtype):
            lines.append(f"from minigrad.dtypes import {vars_name(value)} as {name}\n")
        elif isinstance(value, float):
            lines.append(f"{name}: Any\n")
        elif inspect.isfunction(value) and value.__module__ == "minigrad":
            lines.append(f"def {name}({arguments(value)}) -> bool_: ...\n")
        else:
            lines.append(f"from {value.__module__} import {value.__name__} as {name}\n")
    assert source
    lines += ["\nfrom builtins import bool as bool_\n", "\n__version__: str\n"]
    return "".join(lines)


def vars_name(d):
    return "bool_" if d.name == "bool" else d.name


if __name__ == "__main__":
    stale = [p for p, text in stubs().items() if not p.exists() or p.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"out of date: {path.relative_to(ROOT.parent)} (run python .ci/stubs.py)")
        sys.exit(bool(stale))
    for path, text in stubs().items():
        path.write_text(text)
    print(f"{len(stale)} stubs written anew")
