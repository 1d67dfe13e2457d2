"""``python -m minigrad run``: a program written for torch, run as Python itself would run it."""

import ast
import builtins
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
    main = types.ModuleType("__main__")
    main.__file__, main.__builtins__ = str(Path(path).absolute()), builtins
    sys.modules["__main__"] = main
    sys.argv = [str(path), *arguments]
    sys.path[0] = str(Path(path).resolve().parent)
    sys.excepthook = _report
    finder.install()
    for unit in units:
        for number, line in unit.skipped:
            print(f"minigrad run: {unit.name}, line {number}: skipped {line}", file=sys.stderr)
        if path.endswith(".ipynb"):
            _run_cell(unit, main.__dict__)
        else:
            exec(compile(unit.source, unit.name, "exec", dont_inherit=True), main.__dict__)
    return 0


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
