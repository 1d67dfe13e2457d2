"""Programs for torch run on minigrad unchanged, and print what they print with torch.

What torch prints is recorded by record_programs.py; numbers are compared to four digits.  Where
torch is installed, ``pytest -m live`` asks whether it still prints that.
"""

import re

import pytest
from record_programs import PROGRAMS, run

from minigrad.mirror.missing import missing

NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d*(?:e[-+]?\d+)?")


def close(ours, theirs):
    """Whether two printed numbers agree to four digits, or to the last place that is printed."""
    mantissa, _, exponent = theirs.partition("e")
    last_place = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return abs(float(ours) - float(theirs)) <= max(1.01 * last_place, 2e-4 * abs(float(theirs)))


def columns(line):
    """Return a line without its numbers, blanks and signs before which depend on them."""
    return re.sub(r"\s+", " ", NUMBER.sub("#", line)).replace(" #", "#")


def assert_same(ours, theirs):
    """Assert that two outputs agree line by line."""
    for number, (a, b) in enumerate(zip(ours.splitlines(), theirs.splitlines(), strict=False), 1):
        pairs = zip(NUMBER.findall(a), NUMBER.findall(b), strict=False)
        same = columns(a) == columns(b) and all(close(x, y) for x, y in pairs)
        assert same, f"line {number}: {a!r}, expected {b!r}"
    assert len(ours.splitlines()) == len(theirs.splitlines())


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_a_program_prints_what_torch_prints(program, tmp_path):
    done = run(program, tmp_path, "-m", "minigrad", "run")
    assert done.returncode == 0, done.stderr
    assert_same(done.stdout, program.with_suffix(".txt").read_text(encoding="utf-8"))
    assert done.stderr == ""


@pytest.mark.live
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_torch_still_prints_what_is_recorded(program, tmp_path, torch):
    done = run(program, tmp_path)
    assert done.returncode == 0, done.stderr
    assert_same(done.stdout, program.with_suffix(".txt").read_text(encoding="utf-8"))


def test_nothing_is_missing_from_them():
    assert [found for program in PROGRAMS for found in missing(program)] == []


def test_a_difference_is_found():
    assert_same("loss 0.69315 [1.0000, -2.0]", "loss 0.6931 [ 1.0001, -2.0]")
    for wrong in "loss 0.6941 [1.0, 2]", "loss 0.6931 [1.0, 3]", "less 0.6931 [1.0, 2]":
        with pytest.raises(AssertionError):
            assert_same(wrong, "loss 0.6931 [1.0, 2]")
    with pytest.raises(AssertionError):
        assert_same("one line", "one line\nand another")
