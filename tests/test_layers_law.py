"""The layer law, read from the imports: who may know whom.

L0 kernels know only NumPy and C; L1 (tape, tensor, dtypes, ...) knows no op; L2 ops know both; L3
(nn, optim, utils, autograd, distributions, linalg, serialization, special) never knows a kernel.
"""

import ast
import re
import sys
from pathlib import Path

import pytest

import minigrad

ROOT = Path(minigrad.__file__).parent
ABOVE_OPS = set("autograd distributions func linalg nn optim serialization special utils".split())
SOURCES = sorted(path for pattern in ("*.py", "*.pyx", "*.pxd") for path in ROOT.rglob(pattern))
STANDARD = sys.stdlib_module_names
C_LEVEL = {"cython", "cpython", "libc", "numpy", "posix", "openmp"}
PUBLIC_FACE = set(
    "__config__ __main__ accelerator amp backends compiler config cpu cuda distributed hub inspect "
    "jit mirror mps multiprocessing onnx profiler random settings testing version xpu".split()
)
OPTIONAL = {"graphviz", "tqdm"}  # the only modules that may be imported inside a function


def layer(name):
    """Return the layer of a module: 0 to 3, or 4 for the public face, which may know everybody."""
    parts = name.split(".")
    if parts[:2] == ["minigrad", "kernels"]:
        return 0
    if parts[:2] == ["minigrad", "ops"]:
        return 2
    if len(parts) > 1 and parts[1] in ABOVE_OPS:
        return 3
    if name == "minigrad" or parts[1] in PUBLIC_FACE:
        return 4
    return 1


def module_name(path):
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def without_strings(text):
    """Blank out docstrings, whose examples import too."""
    return re.sub(r'(?s)""".*?"""', lambda m: "\n" * m.group().count("\n"), text)


def cython_imports(text):
    """Yield (module, indentation, line number) for import and cimport statements."""
    for number, line in enumerate(without_strings(text).split("\n"), 1):
        found = re.match(r"(\s*)from\s+([\w.]+)\s+c?import\s+\(?([\w, *]*)", line)
        if found:
            yield found[2], len(found[1]), number
            if found[2] in ("minigrad", "minigrad.kernels", "minigrad.ops"):
                for name in re.findall(r"\w+", found[3]):
                    yield f"{found[2]}.{name}", len(found[1]), number
        found = re.match(r"(\s*)c?import\s+([\w.]+)", line)
        if found:
            yield found[2], len(found[1]), number


def python_imports(text):
    """Yield (module, indentation, line number); names imported from packages count as modules."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.col_offset, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            yield node.module, node.col_offset, node.lineno
            package = ROOT.parent / node.module.replace(".", "/")
            for alias in node.names:
                if (package / alias.name).is_dir() or list(package.glob(f"{alias.name}.py*")):
                    yield f"{node.module}.{alias.name}", node.col_offset, node.lineno


def imports(path):
    text = path.read_text()
    return list(python_imports(text) if path.suffix == ".py" else cython_imports(text))


def known(name):
    return name if name == "minigrad" or name.startswith("minigrad.") else None


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_keep_the_layer_law(path):
    own = module_name(path)
    for name, _, number in imports(path):
        where = f"{path.name}, line {number}: {own} imports {name}"
        if known(name) is None:
            top = name.partition(".")[0]
            if layer(own) == 0 and path.suffix != ".py":
                assert top in C_LEVEL | {"math", "os"}, where
            else:
                assert top in C_LEVEL | OPTIONAL | STANDARD, where
            continue
        if name == own or name.startswith(own + "."):
            continue
        if name == "minigrad":  # "from minigrad import ops": what it names is looked at itself
            continue
        target = layer(name)
        allowed = {0: {0}, 1: {1}, 2: {0, 1, 2}, 3: {1, 2, 3}, 4: {0, 1, 2, 3, 4}}[layer(own)]
        assert target in allowed, where


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_import_hides_inside_a_function(path):
    for name, indent, number in imports(path):
        top = name.partition(".")[0]
        assert indent == 0 or top in OPTIONAL or inside_try(path, number), (
            f"{path.name}, line {number}: {name} is imported inside a function"
        )


def inside_try(path, number):
    """Whether the line belongs to a try or an if at module level: one name from two places, or
    for type checkers only."""
    if path.suffix != ".py":
        return False
    return any(
        isinstance(node, ast.Try | ast.If) and node.lineno <= number <= node.end_lineno
        for node in ast.parse(path.read_text()).body
    )


def test_the_law_is_read_and_not_only_passed():
    """The parser finds what is there, and the law would catch a breach."""
    found = {name for name, _, _ in imports(ROOT / "ops" / "elementwise.pyx")}
    assert {"numpy", "minigrad.kernels.elementwise", "minigrad.tape"} <= found
    found = {name for name, _, _ in imports(ROOT / "__init__.py")}
    assert {"minigrad.ops", "minigrad.nn", "minigrad.dtypes"} <= found
    assert next(cython_imports("    from minigrad.kernels cimport reduce\n")) == (
        "minigrad.kernels",
        4,
        1,
    )
    assert [
        layer(n)
        for n in (
            "minigrad.kernels.gemm",
            "minigrad.tape",
            "minigrad.ops.math",
            "minigrad.nn.modules.linear",
            "minigrad",
        )
    ] == [0, 1, 2, 3, 4]
    assert len(SOURCES) > 40


def test_the_tape_names_no_op():
    """L1 reaches ops only through the table: no op's own name as a function call."""
    text = without_strings((ROOT / "tape.pyx").read_text())
    assert "minigrad.ops" not in text and "kernels" not in text


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_are_short(path):
    lines = path.read_text().count("\n")
    assert lines <= 550, f"{path.name} has {lines} lines: it is two files"
