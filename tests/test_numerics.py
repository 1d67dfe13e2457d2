"""The page benchmarks/results/numerics.md: minigrad's errors in ulps are those it says, and none is
larger than torch's.  The cases of a million numbers are in the long form, MINIGRAD_LONG=1."""

import functools
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad

mpmath = pytest.importorskip("mpmath")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # benchmarks is not installed

from benchmarks import numerics  # noqa: E402
from benchmarks import numerics_cases as inputs  # noqa: E402
from benchmarks import numerics_exact as exact  # noqa: E402

LONG = os.environ.get("MINIGRAD_LONG") == "1"
VERSION, LINES, SPECIAL = numerics.read()
PAGE = {line.key: line for line in LINES}


@pytest.fixture(autouse=True)
def digits():
    with mpmath.workdps(exact.DIGITS), np.errstate(all="ignore"):
        yield


def lines_of(case):
    operation, dtype, kind = case
    return [PAGE[operation, name, dtype, kind] for name in inputs.OPERATIONS[operation].results]


def test_the_page_has_every_case():
    assert len(PAGE) == len(LINES)
    assert {line for case in inputs.cases() for line in lines_of(case)} == set(LINES)


def test_no_error_of_the_page_is_larger_than_torchs():
    worse = [line for line in LINES if line.minigrad > numerics.allowed(line.torch)]
    assert worse == []


def test_readme_has_the_figures_of_the_page():
    readme = (Path(__file__).resolve().parent.parent / "README.md").read_text()
    figures = numerics.summary(LINES).removeprefix("Of ").removesuffix(".")
    assert figures in " ".join(readme.split())


truth_of = functools.cache(inputs.truth_of)  # for both engines


def cases_of(operation, dtype):
    return [
        case
        for case in inputs.cases()
        if case[:2] == (operation, dtype) and (LONG or not case[2].startswith("million"))
    ]


every_case = pytest.mark.parametrize(
    ("operation", "dtype"), list(dict.fromkeys(case[:2] for case in inputs.cases()))
)


@every_case
def test_errors_are_those_of_the_page(operation, dtype):
    for case in cases_of(operation, dtype):
        found = inputs.errors(inputs.results(minigrad, case), truth_of(case))
        for error, line in zip(found, lines_of(case), strict=True):
            # the compiler of another machine may round otherwise, but not so that it is worse
            limit = min(2 * line.minigrad + 0.5, numerics.allowed(line.torch))
            assert error <= max(line.minigrad, limit), (line, error)


@every_case
def test_torchs_errors_are_those_of_the_page(operation, dtype, torch):
    if torch.__version__ != VERSION:
        pytest.skip(f"the page has the errors of torch {VERSION}")
    for case in cases_of(operation, dtype):
        found = inputs.errors(inputs.results(torch, case), truth_of(case))
        for error, line in zip(found, lines_of(case), strict=True):
            # its sums depend on the processor
            assert error <= numerics.allowed(2 * line.torch), (line, error)
            assert line.torch <= numerics.allowed(2 * error), (line, error)


def test_special_values_are_those_of_the_page():
    assert numerics.special_results(minigrad) == {key: ours for key, (ours, _) in SPECIAL.items()}
    different = {key for key, (ours, theirs) in SPECIAL.items() if ours != theirs}
    assert {operation for operation, _ in different} <= {"BCE with logits"}


def test_torchs_special_values_are_those_of_the_page(torch):
    assert numerics.special_results(torch) == {key: both[1] for key, both in SPECIAL.items()}


def test_ulps_of_known_errors():
    one = np.float32([1.0, 3.0])
    exactly = exact.exactly(np.array([1.0, 3.0]))
    assert exact.ulps(one, exactly, exactly) == 0
    assert exact.ulps(np.nextafter(one, np.float32(9)), exactly, exactly) == 1
    assert exact.ulps(np.float32([1e-45]), exact.exactly([0.0]), exact.exactly([0.0])) == 1
    huge = exact.exactly([1e39])
    assert exact.ulps(np.float32([np.inf]), huge, huge) == 0
    assert exact.ulps(np.float32([3e38]), huge, huge) == exact.WORST
    assert exact.ulps(np.float32([np.nan]), exactly[:1], exactly[:1]) == exact.WORST
    assert exact.ulps(np.float32([1.0]), exactly[:1], exact.exactly([4.0])) == 0
    assert exact.ulps(np.float32([1.5]), exactly[:1], exact.exactly([4.0])) == 2**20


def test_sums_over_counted_numbers_are_those_over_all_of_them(rng):
    data = {"x": rng.standard_normal((1, 4)), "places": np.array([0, 1, 2, 3, 2, 2, 0])}
    counts = np.bincount(data["places"])
    few = exact.variance(data["x"], np.ones(1), counts)
    every = exact.variance(data["x"][:, data["places"]], np.ones(1), np.ones(7, int))
    assert abs(few[0][0][0] - every[0][0][0]) < mpmath.mpf(10) ** -45
    data["counts"] = counts
    least, most = inputs.folded(np.float64([[1, 2, 3, 4, 5, 6, 7]]), data)
    assert least.tolist() == [[1, 2, 3, 4]] and most.tolist() == [[7, 2, 6, 4]]


def test_shown_numbers_are_rounded_up():
    assert [numerics.shown(e) for e in (0, 0.5, 0.50001, 123456.0, float("inf"))] == [
        "0", "0.5", "0.501", "1.24e+05", "inf",
    ]  # fmt: skip
