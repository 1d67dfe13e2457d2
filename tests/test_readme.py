"""The README says what the code does: its tour prints what it shows, its links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


README = (ROOT / "README.md").read_text()


def test_the_tour_is_the_example_and_prints_what_is_shown():
    tour, shown = re.search(
        r"```python\n(.*?)```\n\nIt prints:\n\n```\n(.*?)```", README, re.S
    ).groups()
    assert (ROOT / "examples" / "tour.py").read_text().endswith(tour)
    done = subprocess.run([sys.executable, "-c", tour], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    number = re.compile(r"\d+\.?\d*")
    assert number.sub("#", done.stdout) == number.sub("#", shown)
    # the last digit may differ between instruction sets
    np.testing.assert_allclose(
        [float(n) for n in number.findall(done.stdout)],
        [float(n) for n in number.findall(shown)],
        rtol=0.02,
    )


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_links_lead_to_files(target):
    assert (ROOT / target).exists()
