"""``python -m minigrad missing``: the names of torch in a program that minigrad lacks.

The program is read, not run: imports of torch, what they are called in each scope, chains of
attributes from there (``nn.functional.relu``), and the keyword arguments of calls.  A method of an
object whose type only shows at run time is not looked at: nothing is reported that is not missing.
"""

import ast
import inspect
import sys
from contextlib import contextmanager

from minigrad.mirror import names, notebook

_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef | _COMPREHENSIONS


class Reader(ast.NodeVisitor):
    """Collects in ``found`` what is missing, as (line, name, what to use instead)."""

    def __init__(self):
        self.found = []
        self._scopes = [{}]  # name -> dotted name of torch, None for anything else
        self._classes = []  # those of the scopes that are a class's: its methods do not see them

    # -------- what names stand for

    def _dotted(self, node):
        """Return the name of torch that an expression is, or None."""
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
            self.found.append((line, lacking, names.advice(lacking)))
        return found

    # -------- what binds them

    def visit_Import(self, node):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            bound = alias.asname or top
            self._scopes[-1][bound] = None
            if top in names.PACKAGES:
                self.found.append((node.lineno, alias.name, names.PACKAGES[top]))
            elif top == "torch":
                self._check(alias.name, node.lineno)
                self._scopes[-1][bound] = alias.name if alias.asname else "torch"

    def visit_ImportFrom(self, node):
        module = (not node.level and node.module) or ""
        top = module.partition(".")[0]
        if top in names.PACKAGES:
            self.found.append((node.lineno, module, names.PACKAGES[top]))
        there = top == "torch" and self._check(module, node.lineno) is not None
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

    def visit_Attribute(self, node):
        name = self._dotted(node)
        if name is None:
            self.generic_visit(node)
        else:  # an assignment makes the last name, so only its owner must be there
            loaded = isinstance(node.ctx, ast.Load)
            self._check(name if loaded else name.rpartition(".")[0], node.lineno)

    def visit_Call(self, node):
        self.generic_visit(node)
        name = self._dotted(node.func)
        found = name and names.look(name)[0]
        try:
            accepted = inspect.signature(found).parameters if callable(found) else {}
        except (TypeError, ValueError):  # it does not say what it takes
            return
        if not accepted or any(p.kind == p.VAR_KEYWORD for p in accepted.values()):
            return
        has_out = hasattr(found, "__wrapped__") and found.__module__ == "minigrad"
        for keyword in node.keywords:
            if keyword.arg == "out" and has_out:
                continue
            parameter = accepted.get(keyword.arg)
            if keyword.arg and (parameter is None or parameter.kind == parameter.POSITIONAL_ONLY):
                taken = ", ".join(n for n, p in accepted.items() if p.kind != p.VAR_POSITIONAL)
                call = f"{name}({keyword.arg}=...)"
                self.found.append((keyword.lineno or node.lineno, call, f"it takes {taken}"))


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


def missing(path):
    """Return what a script or notebook uses and minigrad lacks: (file, line, name, advice).

    Raises OSError if it cannot be read, SyntaxError or ValueError if it is no program.
    """
    reader, found = Reader(), []
    for unit in notebook.units(path):
        reader.visit(ast.parse(unit.source, unit.name))
        found += [(unit.name, *rest) for rest in dict.fromkeys(reader.found)]
        reader.found = []
    return found


def report(path):
    """Print what is missing; return the exit status: 0 if nothing is, 1 if something, 2 if the
    file is no program."""
    try:
        found = missing(path)
    except (OSError, SyntaxError, ValueError) as error:
        print(f"minigrad missing: {path}: {error}", file=sys.stderr)
        return 2
    for name, line, what, instead in found:
        print(f"{name}:{line}: minigrad has no {what}: {instead}")
    if not found:
        print(f"{path}: minigrad has every name of torch in it")
    return 1 if found else 0
