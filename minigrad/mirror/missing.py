"""``python -m minigrad missing``: the names of torch in a program that minigrad lacks.

The program is read, not run: imports of torch, what they are called in each scope, chains of
attributes from there (``nn.functional.relu``), and the keyword arguments of calls; so are modules
of the program's own that it imports.  Of a method of an object whose type only shows at run time
(``x.to_sparse()``) it can only say that it is possibly torch's.  Nothing else is reported that is
not missing.
"""

import ast
import builtins
import inspect
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from minigrad.mirror import names, notebook

_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef | _COMPREHENSIONS


_MIRRORED = ("torch", "torchvision")
# A module that is none of these, where a scope says what a name stands for.
_FOREIGN = ""
_BUILTIN = {
    name for kind in vars(builtins).values() if isinstance(kind, type) for name in dir(kind)
}
# What no tensor can be: of these a method is not torch's.
_LITERALS = ast.Constant | ast.JoinedStr | ast.Dict | ast.List | ast.Tuple | ast.Set
# Names that refuse without a device, as torch's do on such a machine.
_DEVICES = ("torch.cuda.", "torch.accelerator.", "torch.mps.", "torch.xpu.")

# Arguments that minigrad takes and refuses: of which functions, their name, place and value.
_REFUSED = (
    ("torch.nn.Embedding torch.nn.EmbeddingBag", "sparse", None, True),
    ("torch.nn.functional.embedding torch.nn.functional.embedding_bag", "sparse", None, True),
    ("torch.autocast torch.amp.autocast", "device_type", 0, "cpu"),
)


class Found(NamedTuple):
    """A name that is missing: in which line, how sure that is, and what to use instead."""

    line: int
    name: str
    advice: str
    how: str = "has no"


class Reader(ast.NodeVisitor):
    """Collects in ``found`` what is missing."""

    def __init__(self):
        self.found = []
        self.imported = []  # the other modules of the program: dots before the name, and the name
        self._methods = set()  # that the program defines
        self._scopes = [{}]  # name -> dotted name of torch, None for anything else
        self._classes = []  # those of the scopes that are a class's: its methods do not see them

    # -------- what names stand for

    def _dotted(self, node):
        """Return the name of torch that an expression is; None or _FOREIGN if it is none."""
        if isinstance(node, ast.Name):
            own = self._scopes[-1]
            seen = [s for s in reversed(self._scopes) if s is own or id(s) not in self._classes]
            return next((s[node.id] for s in seen if node.id in s), None)
        if isinstance(node, ast.Attribute):
            owner = self._dotted(node.value)
            return owner and f"{owner}.{node.attr}"
        return None

    def _check(self, name, line):
        """Return what ``name`` is; note it if it is missing."""
        found, lacking = names.look(name)
        if lacking:
            self.found.append(Found(line, lacking, names.advice(lacking)))
        elif hasattr(found, "refuses") and not name.startswith(_DEVICES):
            self.found.append(Found(line, name, found.refuses, "refuses"))
        return found

    def _check_method(self, node):
        """Note a call of what may be a method that tensors or modules of minigrad lack."""
        method, owner = node.attr, node.value
        if method in self._methods or method in _BUILTIN or self._dotted(owner) == _FOREIGN:
            return
        if isinstance(owner, _LITERALS | _COMPREHENSIONS):
            return
        for kind in ("torch.Tensor", "torch.nn.Module"):
            if f"{kind}.{method}" in names.known():
                name = f"{kind}.{method}"
                advice = f"{names.advice(name)} (if {_shown(owner)} is one of torch's)"
                self.found.append(Found(node.lineno, name, advice, "possibly has no"))
                return

    # -------- what binds them

    def visit_Import(self, node):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            bound = alias.asname or top
            self._scopes[-1][bound] = _FOREIGN
            if reason := names.refused(alias.name):
                self.found.append(Found(node.lineno, alias.name, reason))
            elif top in _MIRRORED:
                self._check(alias.name, node.lineno)
                self._scopes[-1][bound] = alias.name if alias.asname else top
            else:
                self.imported.append((0, alias.name))

    def visit_ImportFrom(self, node):
        module = (not node.level and node.module) or ""
        top = module.partition(".")[0]
        if reason := names.refused(module):
            self.found.append(Found(node.lineno, module, reason))
        elif top not in _MIRRORED:
            own = f"{node.module}." if node.module else ""
            self.imported += [(node.level, f"{own}{alias.name}") for alias in node.names]
        there = top in _MIRRORED and self._check(module, node.lineno) is not None
        for alias in node.names:
            if there and alias.name == "*":
                everything = names.public(names.look(module)[0])
                self._scopes[-1].update({name: f"{module}.{name}" for name in everything})
                continue
            full = f"{module}.{alias.name}"
            ours = there and self._check(full, node.lineno) is not None
            self._scopes[-1][alias.asname or alias.name] = full if ours else None

    def visit_Assign(self, node):
        self.visit(node.value)
        name = self._dotted(node.value)
        for target in node.targets:
            self.visit(target)
            if isinstance(target, ast.Name):
                self._scopes[-1][target.id] = name

    def visit_Name(self, node):
        if not isinstance(node.ctx, ast.Load):
            self._scopes[-1][node.id] = None

    # -------- scopes

    @contextmanager
    def _scope(self, bound=()):
        self._scopes.append(dict.fromkeys(bound))
        yield
        self._scopes.pop()

    def _visit_function(self, node):
        self.visit(node.args)  # defaults and annotations belong to the scope outside
        for part in (*getattr(node, "decorator_list", ()), getattr(node, "returns", None)):
            if part is not None:
                self.visit(part)
        if not isinstance(node, ast.Lambda):
            self._scopes[-1][node.name] = None
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        with self._scope(_bound(node)):
            for statement in body:
                self.visit(statement)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _visit_function

    def visit_ClassDef(self, node):
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        self._scopes[-1][node.name] = None
        with self._scope():
            self._classes.append(id(self._scopes[-1]))
            for statement in node.body:
                self.visit(statement)
            self._classes.pop()

    def _visit_comprehension(self, node):
        with self._scope():
            for generator in node.generators:
                self.visit(generator)
            for part in ("elt", "key", "value"):
                if hasattr(node, part):
                    self.visit(getattr(node, part))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _visit_comprehension

    # -------- what uses them

    def visit_Module(self, node):
        functions = ast.FunctionDef | ast.AsyncFunctionDef
        self._methods |= {n.name for n in ast.walk(node) if isinstance(n, functions)}
        self.generic_visit(node)

    def visit_Attribute(self, node):
        name = self._dotted(node)
        if not name:
            self.generic_visit(node)
        else:  # an assignment makes the last name, so only its owner must be there
            loaded = isinstance(node.ctx, ast.Load)
            self._check(name if loaded else name.rpartition(".")[0], node.lineno)

    def visit_Call(self, node):
        self.generic_visit(node)
        name = self._dotted(node.func)
        if not name:
            match node:
                case ast.Call(ast.Attribute() as method):
                    self._check_method(method)
                case ast.Call(ast.Name("getattr"), [owner, ast.Constant(str() as attribute)]):
                    owner = self._dotted(owner)
                    if owner:
                        self._check(f"{owner}.{attribute}", node.lineno)
            return
        self._check_arguments(name, node)
        found = names.look(name)[0]
        try:
            accepted = inspect.signature(found).parameters if callable(found) else {}
        except (TypeError, ValueError):  # it does not say what it takes
            return
        if not accepted or any(p.kind == p.VAR_KEYWORD for p in accepted.values()):
            return
        has_out = getattr(found, "takes_out", False)
        for keyword in node.keywords:
            if keyword.arg == "out" and has_out:
                continue
            parameter = accepted.get(keyword.arg)
            if keyword.arg and (parameter is None or parameter.kind == parameter.POSITIONAL_ONLY):
                taken = ", ".join(n for n, p in accepted.items() if p.kind != p.VAR_POSITIONAL)
                call = f"{name}({keyword.arg}=...)"
                self.found.append(Found(keyword.lineno, call, f"it takes {taken}"))

    def _check_arguments(self, name, node):
        """Note an argument, written out in a call of ``name``, that is refused."""
        given = {k.arg: k.value.value for k in node.keywords if isinstance(k.value, ast.Constant)}
        if any(k.arg == "enabled" for k in node.keywords) and given.get("enabled") is not True:
            return  # nothing is refused to what is, or may be, switched off
        for functions, argument, place, value in _REFUSED:
            if name in functions.split():
                if place is not None and len(node.args) > place:
                    found = getattr(node.args[place], "value", None)
                else:
                    found = given.get(argument)
                if found is not None and found == value:
                    call = f"{name}({argument}={value!r})"
                    advice = names.advice("torch.bfloat16" if value == "cpu" else "torch.sparse")
                    self.found.append(Found(node.lineno, call, advice, "refuses"))


def _bound(function):
    """Return the names that a function binds itself: its arguments and what it assigns.

    What it imports is bound by the import; a name that it declares global is not its own.
    """
    a = function.args
    bound = {x.arg for x in (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg) if x}
    outside, todo = set(), list(function.body) if isinstance(function.body, list) else []
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            outside.update(node.names)
        if not isinstance(node, _SCOPES):
            todo.extend(ast.iter_child_nodes(node))
    return bound - outside


def _shown(node):
    """Return an expression as one short line."""
    text = ast.unparse(node).partition("\n")[0]
    return text if len(text) <= 40 else f"{text[:37]}..."


def missing(path):
    """Return [(file, what is Found in it)] of a script or notebook, and of the modules of its own
    that it imports.

    Raises OSError if it cannot be read, SyntaxError or ValueError if it is no program.
    """
    found, todo, seen = [], [Path(path)], set()
    while todo:
        file = todo.pop(0)
        seen.add(file)
        reader = Reader()
        for unit in notebook.units(file):
            reader.visit(ast.parse(unit.source, unit.name))
            found += [(unit.name, each) for each in dict.fromkeys(reader.found)]
            reader.found = []
        files = _files(reader.imported, file, Path(path).parent)
        todo += [file for file in dict.fromkeys(files) if file not in {*seen, *todo}]
    return found


def _files(imported, file, top):
    """Return the files of modules that ``file`` imports, those in or below the folder ``top``."""
    found = []
    for dots, name in imported:
        start = file.parents[dots - 1] if 0 < dots <= len(file.parents) else top
        parts = name.split(".")
        for i in range(len(parts)):
            place = start.joinpath(*parts[: i + 1])
            found += [place.with_suffix(".py"), place / "__init__.py"]
    return [file for file in found if file.is_file()]


def report(path):
    """Print what is missing; return the exit status: 0 if nothing is, 1 if something, 2 if the
    file is no program."""
    try:
        found = missing(path)
    except (OSError, SyntaxError, ValueError) as error:
        print(f"minigrad missing: {path}: {error}", file=sys.stderr)
        return 2
    for name, each in found:
        print(f"{name}:{each.line}: minigrad {each.how} {each.name}: {each.advice}")
    if not found:
        print(f"{path}: minigrad has every name of torch in it")
    return 1 if found else 0
