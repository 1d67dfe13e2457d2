"""The table of errors: ``python -m benchmarks.numerics [--out benchmarks/results/numerics.md]``.

Worst errors of minigrad and torch against 50-digit arithmetic, in ulps, over numbers that are hard;
and what both make of infinities and NaN.  tests/test_numerics.py checks the page that this writes.
"""

import argparse
import math
import os
import pickle
import subprocess
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import mpmath
import numpy as np

from benchmarks import numerics_cases as inputs
from benchmarks import numerics_exact as exact

PAGE = Path(__file__).parent / "results" / "numerics.md"

# What rounding itself makes of two ways that are equally good: minigrad may be this far above
# torch, as torch is above minigrad elsewhere.
ULPS, SHARE = 2.0, 0.01

TEXT = """# Errors of minigrad and torch, in ulps

Printed by `python -m benchmarks.numerics`; `tests/test_numerics.py` computes minigrad's numbers
again and holds them against these, and torch's too where it is installed.

Every number is the worst error over all elements of a result, against the exact result of the very
same inputs in {digits}-digit arithmetic ([mpmath](https://mpmath.org)). An *ulp* is the distance of
neighbouring numbers of the dtype at the size of the result: at the largest magnitude among the
exact element and the terms whose sum it is (of a sum over many numbers the root of the sum of their
squares), or of its row where all of a row shares one rounded mean. Correctly rounded is at most
0.5; where all digits are lost it is {all_digits}; `inf` is a result that is not finite and should
be, or the reverse, or has an error where exactly 0 is right. y is the output, the rest are
gradients. "1 + few ulps" are numbers of 1 to 1 + 7 ulps, "million of" are a million numbers in each
row or channel. eps is 1e-5, and 1e-12 for "1 + few ulps".

minigrad's error is the largest of its instruction sets' ({levels}). It never exceeds torch's by
more than {ulps:g} ulps or {share:.0%}, which rounding by itself makes of equally good formulas.

{summary}

"""

SPECIAL = """
## Infinities and NaN

The results of x as below, of a gradient of ones; BCE of a target of 0 for every number and then of
1, cross entropy of class 0. Where the two differ, minigrad has the limit: the loss of a logit of
-inf whose target is 1 is infinite.

"""


class Line(NamedTuple):
    """A line of the table: errors as the page has them."""

    operation: str
    result: str
    dtype: str
    kind: str
    minigrad: float
    torch: float

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self[:4]


def allowed(torch_error: float) -> float:
    """The largest error at which minigrad counts as no worse than torch."""
    return torch_error * (1 + SHARE) + ULPS


def shown(error: float) -> str:
    """Three digits, rounded up, so that what is measured again does not exceed them."""
    if error == 0 or math.isinf(error):
        return f"{error:g}"
    unit = 10.0 ** (math.floor(math.log10(error)) - 2)
    return f"{math.ceil(error / unit) * unit:.3g}"


# ---------------------------------------------------------------- special values

INF, NAN = math.inf, math.nan
ROWS = ([1.0, INF, 2.0], [1.0, -INF, 2.0], [1.0, NAN, 2.0], [-INF, -INF, -INF], [INF, INF, 1.0])


def special_results(engine) -> dict[tuple[str, str], list[str]]:
    """(operation, x) -> outputs and gradients, as text."""
    found = {}
    for name, run in SPECIAL_RUNS.items():
        for row in ROWS:
            x = engine.tensor([row], requires_grad=True)
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                y = run(engine, x)
                y.backward(engine.ones_like(y))
            texts = [numbers(a.detach().numpy()) for a in (y, x.grad)]
            found[name, numbers(row)] = texts
    return found


def numbers(values) -> str:
    """Numbers as text; the sign of 0 is not looked at."""
    return " ".join(f"{v:.4g}" for v in (np.ravel(values).astype(float) + 0.0).round(6))


def bce(engine, x):
    f = engine.nn.functional.binary_cross_entropy_with_logits
    targets = (engine.zeros_like(x), engine.ones_like(x))
    return engine.stack([f(x, t, reduction="none") for t in targets])


def normed(engine, x):
    """Batch norm of each row's numbers as one channel of three samples."""
    return engine.nn.functional.batch_norm(x.T, None, None, training=True)


SPECIAL_RUNS = {
    "sigmoid": lambda e, x: e.sigmoid(x),
    "BCE with logits": bce,
    "softmax": lambda e, x: e.softmax(x, 1),
    "log_softmax": lambda e, x: e.log_softmax(x, 1),
    "logsumexp": lambda e, x: e.logsumexp(x, 1),
    "cross entropy": lambda e, x: e.nn.functional.cross_entropy(x, e.tensor([0]), reduction="none"),
    "var": lambda e, x: e.var(x, 1),
    "layer norm": lambda e, x: e.nn.functional.layer_norm(x, (3,)),
    "batch norm": normed,
}


# ---------------------------------------------------------------- the page


def all_results(name: str) -> list:
    """What one engine makes of all cases."""
    engine = import_module(name)
    engine.set_num_threads(1)
    with np.errstate(all="ignore"):
        return [inputs.results(engine, case) for case in inputs.cases()]


def of_level(level: str) -> list:
    """minigrad's results with the kernels of one instruction set, from a process of its own."""
    code = (
        "import pickle, sys; from benchmarks.numerics import all_results; "
        "sys.stdout.buffer.write(pickle.dumps(all_results('minigrad')))"
    )
    environment = {**os.environ, "MINIGRAD_LEVEL": level}
    command = [sys.executable, "-c", code]
    return pickle.loads(subprocess.check_output(command, env=environment))


def measured() -> tuple[list[Line], list[str]]:
    """All lines, and the instruction sets that this machine has."""
    from minigrad import kernels

    built = [level for level in kernels.REQUIRES if Path(kernels.HERE, level).is_dir()]
    levels = built[built.index(kernels.level) :]
    engines = [*map(of_level, levels), all_results("torch")]
    lines = []
    for number, case in enumerate(inputs.cases()):
        truth = inputs.truth_of(case)
        *ours, theirs = [inputs.errors(engine[number], truth) for engine in engines]
        operation, dtype, kind = case
        for result, error, other in zip(
            inputs.OPERATIONS[operation].results, np.max(ours, axis=0), theirs, strict=True
        ):
            lines.append(Line(operation, result, dtype, kind, float(error), float(other)))
    return lines, levels


def summary(lines: list[Line]) -> str:
    """In how many lines which of the two is ahead: README's figures."""
    text = [(line, float(shown(line.minigrad)), float(shown(line.torch))) for line in lines]
    better = [a for _, a, b in text if b > allowed(a)]
    worse = [a for _, a, b in text if a > allowed(b)]
    lost = [sum(e[which] > 1000 for e in text) for which in (1, 2)]
    return (
        f"Of {len(lines)} errors, minigrad's is smaller by more than rounding in {len(better)} and "
        f"larger by more than rounding in {len(worse)}; over 1000 ulps are {lost[0]} of minigrad's "
        f"and {lost[1]} of torch's."
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def page(lines: list[Line], levels: list[str], ours: dict, theirs: dict) -> str:
    torch = import_module("torch")
    digits = ", ".join(f"{2.0 ** (np.finfo(d).nmant + 1):.2g} in {d}" for d in inputs.DTYPES)
    parts = [
        TEXT.format(
            digits=exact.DIGITS,
            all_digits=f"of the order of {digits}",
            levels=", ".join(levels),
            ulps=ULPS,
            share=SHARE,
            summary=summary(lines),
        )
    ]
    head = ["operation", "result", "dtype", "x", "minigrad", f"torch {torch.__version__}"]
    rows = [[*line.key, shown(line.minigrad), shown(line.torch)] for line in lines]
    parts += [table(head, rows), "\n", SPECIAL]
    head = ["operation", "x", "y", "dx", "torch's y, where it differs", "and dx"]
    rows = []
    for key, found in ours.items():
        other = ["" if a == b else b for a, b in zip(found, theirs[key], strict=True)]
        rows.append([*key, *found, *other])
    return "".join([*parts, table(head, rows), "\n"])


def read(path: Path = PAGE) -> tuple[str, list[Line], dict]:
    """From a page: torch's version, lines, and (operation, x) -> minigrad's and torch's y, dx."""
    version, lines, special = "", [], {}
    for row in path.read_text().splitlines():
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if cells[0] == "operation" and cells[1] == "result":
            version = cells[-1].removeprefix("torch ")
        elif row.startswith("| ") and cells[0] in inputs.OPERATIONS:
            if cells[2] in inputs.DTYPES:
                lines.append(Line(*cells[:4], *map(float, cells[4:])))
            else:
                ours = cells[2:4]
                special[cells[0], cells[1]] = (
                    ours, [b or a for a, b in zip(ours, cells[4:], strict=True)]
                )  # fmt: skip
    return version, lines, special


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="write the page to this file")
    parser.add_argument(
        "--summary", action="store_true", help="only the figures, of the page that is there"
    )
    options = parser.parse_args()
    if options.summary:
        print(summary(read()[1]))
        return
    mpmath.mp.dps = exact.DIGITS
    lines, levels = measured()
    special = [special_results(import_module(name)) for name in ("minigrad", "torch")]
    text = page(lines, levels, *special)
    if options.out:
        options.out.write_text(text)
        print(summary(lines))
    else:
        print(text)


if __name__ == "__main__":
    main()
