"""Docstrings: every public name has one, and every example in one runs as it is printed.

``doctest`` itself sees no function of a compiled module, so the objects are walked here.
"""

import ast
import doctest
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import minigrad
from minigrad import autograd, func, nn, optim
from minigrad.utils import data

ROOT = Path(minigrad.__file__).parent
CREATION = (
    "tensor as_tensor from_numpy zeros ones full empty arange linspace eye rand randn randint "
    "randperm zeros_like ones_like full_like empty_like rand_like randn_like randint_like "
    "manual_seed"
).split()


def is_ours(value):
    return str(getattr(value, "__module__", "")).startswith("minigrad")


def members(owner):
    """Yield (name, object) for what a module or class of ours defines or offers."""
    for name, value in vars(owner).items():
        if isinstance(value, (staticmethod, classmethod)):
            value = value.__func__
        if isinstance(value, property) or (callable(value) and is_ours(value)):
            yield name, value


def documented():
    """Return {where: docstring} for every object of the package, compiled ones too."""
    names = [m.name for m in pkgutil.walk_packages(minigrad.__path__, "minigrad.")]
    todo = [(name, importlib.import_module(name)) for name in ["minigrad", *names]]
    found, seen = {}, set()
    while todo:
        where, value = todo.pop()
        value = inspect.unwrap(value)  # the function with out= is the one without
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(getattr(value, "__doc__", None), str):
            found[where] = value.__doc__
        if inspect.ismodule(value) or inspect.isclass(value):
            todo += [(f"{where}.{name}", v) for name, v in members(value)]
    return found


DOCUMENTED = documented()
EXAMPLES = sorted(where for where, text in DOCUMENTED.items() if ">>>" in text)


def run(where, text):
    """Run the examples of a docstring, which import all they need; return what went wrong."""
    test = doctest.DocTestParser().get_doctest(text, {}, where, None, 0)
    report = []
    doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    return "".join(report)


@pytest.mark.parametrize("where", EXAMPLES)
def test_examples_run_as_printed_in_a_fresh_namespace(where):
    assert run(where, DOCUMENTED[where]) == ""


def test_a_wrong_example_is_caught():
    assert "Expected" in run("wrong", ">>> 1 + 1\n3\n")
    assert "NameError" in run("no import", ">>> minigrad.ones(1)\ntensor([1.])\n")


def test_every_example_in_the_sources_is_found():
    """As many prompts in the files as the walk over the objects finds."""

    def prompts(text):
        return sum(line.lstrip().startswith(">>> ") for line in text.splitlines())

    sources = [p.read_text() for p in ROOT.rglob("*.py")]
    written = sum(
        prompts(ast.get_docstring(node) or "")
        for text in sources
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
    )
    written += sum(prompts(p.read_text()) for p in ROOT.rglob("*.pyx"))
    assert written == sum(prompts(text) for text in DOCUMENTED.values())


PUBLIC = {
    "minigrad": minigrad,
    "nn": nn,
    "nn.init": nn.init,
    "nn.utils": nn.utils,
    "nn.functional": nn.functional,
    "optim": optim,
    "optim.lr_scheduler": optim.lr_scheduler,
    "optim.swa_utils": optim.swa_utils,
    "utils.data": data,
    "autograd": autograd,
    "autograd.functional": autograd.functional,
    "func": func,
}


def public(module):
    return {
        name: value
        for name in dir(module)
        if not name.startswith("_") and callable(value := getattr(module, name)) and is_ours(value)
    }


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_says_what_it_does(name):
    silent = [n for n, v in public(PUBLIC[name]).items() if not (v.__doc__ or "").strip()]
    assert silent == []


def without_example(names):
    return [name for name, value in names.items() if ">>>" not in (value.__doc__ or "")]


def test_layers_have_examples():
    layers = {n: v for n, v in public(nn).items() if inspect.isclass(v)}
    assert len(layers) > 40
    assert without_example(layers) == []


def test_optimizers_schedules_and_data_have_examples():
    # base classes and errors, which are not called, and what only a worker can call
    abstract = {"Optimizer", "LRScheduler", "Sampler", "GradcheckError", "get_worker_info"}
    for module in (optim, optim.lr_scheduler, data, autograd, autograd.functional, func):
        names = {n: v for n, v in public(module).items() if n not in abstract}
        assert names and without_example(names) == [], module.__name__


def test_creation_and_files_have_examples():
    assert without_example({n: getattr(minigrad, n) for n in [*CREATION, "save", "load"]}) == []
