"""``python -m minigrad run``: a program written for torch, run as Python itself would run it."""

import ast
import builtins
import importlib.util
import linecache
import sys
import types
from pathlib import Path
from traceback import print_exception

import minigrad
from minigrad import nn, optim
from minigrad.mirror import finder, names, notebook


def run(path, arguments):
    """Run a script or notebook with minigrad as its torch; return the exit status.

    What the program raises passes through to Python, which prints the traceback and exits.
    """
    try:
        units = notebook.units(path)
    except (OSError, ValueError) as error:
        print(f"minigrad run: can't open file {path!r}: {error}", file=sys.stderr)
        return 2
    sys.path[0] = str(Path(path).resolve().parent)
    main = _become(path, arguments)
    if path.endswith(".ipynb"):
        for unit in units:
            for number, line in unit.skipped:
                print(f"minigrad run: {unit.name}, line {number}: skipped {line}", file=sys.stderr)
            _run_cell(unit, main.__dict__)
        return 0
    main.__file__ = str(Path(path).absolute())
    for unit in units:
        exec(compile(unit.source, unit.name, "exec", dont_inherit=True), main.__dict__)
    return 0


def run_module(name, arguments):
    """Run a module, as ``python -m name`` does, with minigrad as its torch; return the status."""
    sys.argv = ["-m", *arguments]  # what a package sees that is imported on the way
    finder.install()
    spec = _find(name)
    if spec is not None and spec.submodule_search_locations is not None:  # a package
        spec = _find(f"{name}.__main__")
    if spec is None or spec.origin is None:
        print(f"minigrad run: no module named {name}", file=sys.stderr)
        return 1
    code = spec.loader.get_code(spec.name)
    main = _become(spec.origin, arguments)
    main.__file__, main.__cached__ = spec.origin, spec.cached
    main.__spec__, main.__loader__, main.__package__ = spec, spec.loader, spec.parent
    exec(code, main.__dict__)
    return 0


def _find(name):
    """Return the spec of a module, or None if there is no such module."""
    try:
        return importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        if f"{name}.".startswith(f"{error.name}."):
            return None
        raise  # a package that holds it has imported what is not there


def _become(path, arguments):
    """Make this process that of a program: return its module ``__main__``, which is empty."""
    main = types.ModuleType("__main__")
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    sys.argv = [str(path), *arguments]
    sys.excepthook = _report
    finder.install()
    return main


def _run_cell(unit, namespace):
    """Run a cell and print its last expression, as a notebook shows it."""
    lines = unit.source.splitlines(keepends=True)
    linecache.cache[unit.name] = len(unit.source), None, lines, unit.name  # for tracebacks
    namespace.setdefault("display", print)
    tree = ast.parse(unit.source, unit.name)
    shown = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not unit.source.rstrip().endswith(";"):
        shown = ast.Expression(tree.body.pop().value)
    exec(compile(tree, unit.name, "exec", dont_inherit=True), namespace)
    if shown is not None:
        value = eval(compile(shown, unit.name, "eval", dont_inherit=True), namespace)
        if value is not None:
            print(repr(value))


def _report(kind, error, traceback):
    """Print a traceback that begins in the program, and what to use for a missing method."""
    while traceback is not None and finder.is_machinery(traceback.tb_frame.f_code.co_filename):
        traceback = traceback.tb_next
    last = traceback
    while last is not None and last.tb_next is not None:
        if last.tb_next.tb_frame.f_code.co_filename.startswith(str(Path(__file__).parent)):
            last.tb_next = None  # how a name was not found is not the program's
        else:
            last = last.tb_next
    if kind is AttributeError and isinstance(error.name, str):
        owner = error.obj if isinstance(error.obj, type) else type(error.obj)
        for place, base in _TYPES.items():
            if issubclass(owner, base) and f"{place}.{error.name}" in names.known():
                full = f"{place}.{error.name}"
                error.add_note(f"minigrad has no {full}: {names.advice(full)}")
    print_exception(error.with_traceback(traceback))  # unlike Python's own, it knows of cells


_TYPES = {
    "torch.Tensor": minigrad.Tensor,
    "torch.nn.Module": nn.Module,
    "torch.optim.Optimizer": optim.Optimizer,
}
