"""Every module that minigrad has, on the samples and the wrong inputs of torch's own database.

``python tests/test_module_db.py [NAME ...]`` prints all differences, on all samples.
"""

import sys

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")  # torch's database needs it

from databases import (
    Difference,
    NotExpressible,
    compare,
    compare_errors,
    compare_gradients,
    loaded,
    ours,
    outcome,
    quiet,
    tensors_in,
    twin,
    unexplained,
)
from differences import MODULES
from test_op_db import spread
from torch.nn.parameter import is_lazy

import minigrad

SAMPLES = 4  # of a module, dtype and mode


def entries():
    """Return the entries of the database that minigrad has, with its class."""
    found = []
    for info in loaded("common_modules").module_db:
        cls = getattr(minigrad.nn, info.module_cls.__name__, None)
        if cls is not None and info.module_cls.__module__.startswith("torch.nn.modules"):
            found.append((info, cls))
    return found


class Run:
    """All comparisons of one module."""

    def __init__(self, info, cls):
        self.info, self.cls = info, cls
        self.differences, self.comparisons, self.left_out = [], 0, []

    def samples(self, limit):
        info = self.info
        for dtype in (torch.float64, torch.float32):
            for training in (True, False):
                with quiet():
                    samples = info.module_inputs_func(
                        info, device="cpu", dtype=dtype, requires_grad=True, training=training
                    )
                for sample in spread(samples, limit):
                    self.sample(sample, dtype, training)

    def sample(self, sample, dtype, training):
        """Compare construction, parameters, text, outputs and gradients."""
        given = (sample.constructor_input.args, sample.constructor_input.kwargs)
        theirs, mine = self.built(given, dtype)
        if theirs is None:
            return
        if repr(theirs) != repr(mine):
            self.note([("repr", f"{mine!r}, not {theirs!r}")], dtype, given)
        if not any(map(is_lazy, theirs.parameters())):  # those have no values yet
            state = theirs.state_dict()
            self.note(compare(dict(mine.state_dict()), dict(state)), dtype, given)
            mine.load_state_dict(state)
        theirs.train(training)
        mine.train(training)
        if sample.forward_input is not None:
            call = (sample.forward_input.args, sample.forward_input.kwargs)
            self.forward(theirs, mine, call, dtype)

    def built(self, given, dtype):
        """Return both modules, or (None, None) where they cannot be made."""
        try:
            my_args, my_kwargs = ours(given, {})
        except NotExpressible as error:
            self.left_out.append(str(error))
            return None, None
        with quiet():
            args, kwargs = twin(given, {})
            theirs, their_error = outcome(torch, self.info.module_cls, args, kwargs)
            mine, my_error = outcome(minigrad, self.cls, my_args, my_kwargs)
        self.comparisons += 1
        self.note(compare_errors(my_error, their_error), dtype, given)
        if my_error is not None or their_error is not None:
            return None, None
        return theirs.to(dtype), mine.to(getattr(minigrad, str(dtype)[6:]))

    def forward(self, theirs, mine, call, dtype):
        my_memo, their_memo = {}, {}
        try:
            my_args, my_kwargs = ours(call, my_memo)
        except NotExpressible as error:
            self.left_out.append(str(error))
            return
        args, kwargs = twin(call, their_memo)
        with quiet():
            expected, their_error = outcome(torch, theirs, args, kwargs)
            result, my_error = outcome(minigrad, mine, my_args, my_kwargs)
        self.comparisons += 1
        found = compare_errors(my_error, their_error)
        if not found and their_error is None:
            try:
                found = compare(result, expected)
            except NotExpressible as error:
                self.left_out.append(str(error))
                return
            if not found and dtype is torch.float64 and tensors_in(expected):
                leaves = [k for k, t in their_memo.items() if t.requires_grad]
                with quiet():
                    found = compare_gradients(
                        result,
                        expected,
                        [my_memo[k] for k in leaves] + list(mine.parameters()),
                        [their_memo[k] for k in leaves] + list(theirs.parameters()),
                    )
        self.note(found, dtype, call)

    def errors(self):
        """Compare the exceptions that wrong inputs cause."""
        info = self.info
        if info.module_error_inputs_func is None:
            return
        for training in (True, False):
            with quiet():
                wrong = info.module_error_inputs_func(
                    info, device="cpu", dtype=torch.float32, requires_grad=False, training=training
                )
            for e in wrong:
                s = e.module_error_input
                given = (s.constructor_input.args, s.constructor_input.kwargs)
                theirs, mine = self.built(given, torch.float32)
                if theirs is not None and s.forward_input is not None:
                    call = (s.forward_input.args, s.forward_input.kwargs)
                    self.forward(theirs, mine, call, torch.float32)

    def note(self, found, dtype, given):
        self.differences += [
            Difference(self.cls.__name__, "module", kind, str(dtype)[6:], *given, text)
            for kind, text in found
        ]


def run(info, cls, limit=SAMPLES):
    found = Run(info, cls)
    found.samples(limit)
    found.errors()
    return found


ENTRIES = entries()


@pytest.mark.parametrize("info, cls", ENTRIES, ids=[cls.__name__ for _, cls in ENTRIES])
def test_module(info, cls):
    found = run(info, cls)
    left, idle = unexplained(found.differences, MODULES.get(cls.__name__, []))
    assert not left, "\n" + "\n".join(map(str, left[:20]))
    assert not idle, f"differences that are no more: {[a.reason for a in idle]}"


def main(names):
    """Print the differences of the modules of these names (none: of all), on all samples."""
    total, count = 0, 0
    for info, cls in ENTRIES:
        if names and cls.__name__ not in names:
            continue
        found = run(info, cls, None)
        left, _ = unexplained(found.differences, MODULES.get(cls.__name__, []))
        total, count = total + found.comparisons, count + len(left)
        print(f"{cls.__name__}: {found.comparisons} comparisons, {len(found.left_out)} left out")
        for text in dict.fromkeys(map(str, left)):
            print("   ", text[:400])
    print(f"{total} comparisons, {count} differences")


if __name__ == "__main__":
    main(sys.argv[1:])
