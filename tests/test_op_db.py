"""Every operator that minigrad has, on the samples and the wrong inputs of torch's own database.

``python tests/test_op_db.py [NAME ...]`` prints all differences, on all samples.  With
MINIGRAD_ALL_DTYPES=1 in the environment the test also goes through all dtypes, and through
tensors that are transposed, spaced, expanded and without elements: a minute.
"""

import inspect
import itertools
import os
import sys
import warnings

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")  # torch's database needs it

from databases import (
    DTYPES,
    LAYOUTS,
    Difference,
    NotExpressible,
    compare,
    compare_errors,
    compare_gradients,
    compare_places,
    compare_views,
    loaded,
    our_callable,
    ours,
    outcome,
    quiet,
    relaid,
    seed,
    twin,
    unexplained,
)
from differences import MORE, OPS, UNDEFINED

import minigrad

SAMPLES = 8  # of an operator and dtype
EMPTY = ("no columns", "no rows")  # layouts
FEW = 3  # of them also as method, in place ...; of integers and bools
FLOATS = (torch.float64, torch.float32)
OTHERS = (torch.int64, torch.uint8, torch.bool)
ROUGH = (2e-2, 4e-3)  # (relative, absolute): float16, rounded in between here or there


# ------------------------------------------------------------------------------ what there is


TESTS = "torch.testing._internal.common_methods_invocations"


def named(name):
    """Return what minigrad has by this name, with dots in it, or None."""
    place = minigrad
    for part in name.split("."):
        place = getattr(place, part, None)
    return place


def signature(function):
    try:
        return inspect.signature(function)
    except ValueError:  # a builtin
        return ""


def on_copies(function):
    """Return a function that writes into its first argument, writing into a copy of that."""

    def in_place(x, *args, **kwargs):
        return function(x.clone(), *args, **kwargs)

    return in_place


def our_function(op):
    """Return minigrad's function for an entry of the database, or None."""
    place = named(op.name)
    method = any(hasattr(minigrad.Tensor, n) for n in (op.name, f"{op.name}_"))
    if getattr(op.op, "__module__", "").startswith("torch.testing"):
        return our_callable(op.op) if place or method else None
    if place is None and "." not in op.name and not hasattr(torch, op.name):
        return getattr(minigrad.Tensor, op.name, None)
    return place


def entries():
    """Return the entries of the database that minigrad has, with its function."""
    found = []
    for op in loaded("common_methods_invocations").op_db:
        function = our_function(op)
        if callable(function):
            found.append((op, function))
    return found


def label(op):
    return op.name + (f"-{op.variant_test_name}" if op.variant_test_name else "")


# ------------------------------------------------------------------------------ one entry


def spread(items, limit):
    """Return at most ``limit`` of the items: the first, and others at equal distances."""
    if limit is None:
        return list(items)
    items = list(itertools.islice(items, 6 * limit))  # some entries have thousands
    step = max(len(items) / limit, 1)
    return [items[int(i * step)] for i in range(min(limit, len(items)))]


class Run:
    """All comparisons of one entry."""

    def __init__(self, op, function):
        self.op, self.function = op, function
        self.wrapped = getattr(op.op, "__module__", None) == TESTS
        self.differences, self.comparisons, self.left_out = [], 0, []
        self.layout = None

    def samples(self, limit, few, dtypes=(*FLOATS, *OTHERS), layout=None):
        """Compare on samples of these dtypes, and of all in another layout if one is named."""
        op, self.layout = self.op, layout
        for dtype in dtypes:
            if not op.supports_dtype(dtype, "cpu"):
                continue
            # torch's own derivatives crash on some tensors without elements
            wanted = dtype is torch.float64 and layout not in EMPTY
            gradient = wanted and op.supports_autograd
            with quiet():
                samples = op.sample_inputs_func(op, "cpu", dtype, wanted)
                samples = spread(samples, limit if dtype in FLOATS else few)
            for i, s in enumerate(samples):
                args, kwargs = (s.input, *s.args), s.kwargs
                if layout is not None:
                    args, kwargs = relaid((args, kwargs), layout)
                self.call("function", op.op, self.function, args, kwargs, dtype, gradient, s)
                if few is None or i < few:
                    self.forms(args, kwargs, dtype, gradient, s)

    def forms(self, args, kwargs, dtype, gradient, sample):
        """Compare the method, the operator, the form in place and the other names."""
        op = self.op
        base = op.name.rpartition(".")[2]
        rest = (args, kwargs, dtype, gradient, sample)
        if isinstance(args[0], torch.Tensor):
            if op.method_variant:
                self.form("method", op.method_variant, minigrad.Tensor, base, *rest)
            if op.inplace_variant and hasattr(torch.Tensor, f"{base}_"):
                self.form("in-place", op.inplace_variant, minigrad.Tensor, f"{base}_", *rest)
        if op.name == f"nn.functional.{base}":
            theirs = getattr(torch.nn.functional, f"{base}_", None)
            if theirs is not None:
                self.form("in-place", theirs, minigrad.nn.functional, f"{base}_", *rest)
            if "inplace" in str(signature(op.op)):
                rest = (args, {**kwargs, "inplace": True}, *rest[2:])
                self.form("in-place", op.op, minigrad.nn.functional, base, *rest)
        if op.operator_variant:
            f = op.operator_variant
            self.call("operator", f, f, args, kwargs, dtype, gradient, sample)
        for alias in op.aliases:
            mine = named(alias.name)
            if mine is not None:
                self.call("alias", alias.op, mine, args, kwargs, dtype, gradient, sample)

    def form(self, variant, theirs, place, name, args, kwargs, dtype, gradient, sample):
        mine = getattr(place, name, None)
        if self.wrapped and getattr(theirs, "__module__", None) == TESTS:
            mine = our_callable(theirs)
        if mine is None:
            self.note(variant, [("missing", f"{place.__name__}.{name}")], dtype, args, kwargs)
            return
        if variant == "in-place":
            theirs, mine = on_copies(theirs), on_copies(mine)
        self.call(variant, theirs, mine, args, kwargs, dtype, gradient, sample)

    def call(self, variant, theirs, mine, args, kwargs, dtype, gradient=False, sample=None):
        """Call both and compare results and gradients."""
        my_memo, their_memo = {}, {}
        try:
            if "out" in kwargs:
                raise NotExpressible("out=")
            my_args, my_kwargs = ours((args, kwargs), my_memo)
        except NotExpressible as error:
            self.left_out.append(str(error))
            return
        their_args, their_kwargs = twin((args, kwargs), their_memo)
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            torch.set_warn_always(True)  # not once a program
            expected, their_error = outcome(torch, theirs, their_args, their_kwargs)
            torch.set_warn_always(False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if warned else "error")
            result, my_error = outcome(minigrad, mine, my_args, my_kwargs)
        self.comparisons += 1
        found = compare_errors(my_error, their_error)
        if not found and their_error is None:
            values = self.op.name not in UNDEFINED
            try:
                tolerance = ROUGH if dtype is torch.float16 else None
                found = compare(result, expected, values, tolerance)
            except NotExpressible as error:
                self.left_out.append(str(error))
                return
            if not found:
                found = compare_places(result, expected)
            if not found:
                found = compare_views(result, expected, my_args[0], their_args[0])
            if gradient and not found and values:
                leaves = [k for k, t in their_memo.items() if t.requires_grad]
                with quiet():
                    found = compare_gradients(
                        our_callable(sample.output_process_fn_grad)(result),
                        sample.output_process_fn_grad(expected),
                        [my_memo[k] for k in leaves],
                        [their_memo[k] for k in leaves],
                        double=self.op.supports_gradgrad and variant == "function",
                    )
        self.note(variant, found, dtype, args, kwargs)

    def errors(self):
        """Compare the exceptions that wrong inputs cause."""
        if self.op.error_inputs_func is None:
            return
        with quiet():
            wrong = list(self.op.error_inputs_func(self.op, "cpu"))
        for e in wrong:
            s = e.sample_input
            args, kwargs = (s.input, *s.args), s.kwargs
            self.call("error", self.op.op, self.function, args, kwargs, None)

    def note(self, variant, found, dtype, args, kwargs):
        name = "" if dtype is None else str(dtype)[6:]
        self.differences += [
            Difference(label(self.op), variant, kind, name, args, kwargs, text, self.layout)
            for kind, text in found
        ]


def run(op, function, limit=SAMPLES, few=FEW):
    seed(torch)
    found = Run(op, function)
    found.samples(limit, few)
    found.errors()
    return found


def run_more(op, function):
    """Compare in all dtypes and layouts."""
    seed(torch)
    found = Run(op, function)
    found.samples(SAMPLES, FEW, DTYPES)
    for layout in LAYOUTS:
        found.samples(SAMPLES, FEW, (torch.float64, torch.int64), layout)
    return found


# ------------------------------------------------------------------------------ tests


ENTRIES = entries()


@pytest.mark.parametrize("op, function", ENTRIES, ids=[label(op) for op, _ in ENTRIES])
def test_operator(op, function):
    found = run(op, function)
    left, idle = unexplained(found.differences, OPS.get(label(op), []))
    assert not left, "\n" + "\n".join(map(str, left[:20]))
    assert not idle, f"differences that are no more: {[a.reason for a in idle]}"


WANTED = ENTRIES if "MINIGRAD_ALL_DTYPES" in os.environ else []


@pytest.mark.parametrize("op, function", WANTED, ids=[label(op) for op, _ in WANTED])
def test_operator_in_all_dtypes_and_layouts(op, function):
    found = run_more(op, function)
    more = MORE.get(label(op), [])
    left, idle = unexplained(found.differences, OPS.get(label(op), []) + more)
    assert not left, "\n" + "\n".join(map(str, left[:20]))
    idle = [a.reason for a in idle if a in more]
    assert not idle, f"differences that are no more: {idle}"


def main(names):
    """Print the differences of the entries of these names (none: of all), on all samples."""
    total, count = 0, 0
    for op, function in ENTRIES:
        if names and op.name not in names and label(op) not in names:
            continue
        found = run(op, function, None, None)
        left, idle = unexplained(found.differences, OPS.get(label(op), []))
        total, count = total + found.comparisons, count + len(left)
        print(f"{label(op)}: {found.comparisons} comparisons, {len(found.left_out)} left out")
        for text in dict.fromkeys(map(str, left)):
            print("   ", text[:400])
        for a in idle:
            print("    no more:", a)
    print(f"{total} comparisons, {count} differences")


if __name__ == "__main__":
    main(sys.argv[1:])
