"""The README says what the code does: its tour prints what it shows, its links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}

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


def test_the_op_shown_is_the_source():
    shown = re.search(r"```cython\n(.*?)```", README, re.S)[1]
    source = (ROOT / "minigrad" / "ops" / "math.pyx").read_text()
    assert shown in re.sub(r'"""([^"\n]*)\n\n    >>>[^"]*"""', r'"""\1"""', source)


def test_the_missing_name_is_told_as_shown(tmp_path):
    told, name = re.search(r"(minigrad has no (\S+) \(lesson.py, line 4\): .*)", README).groups()
    (tmp_path / "lesson.py").write_text(f"import torch\n\n\nimport {name}\n")
    done = subprocess.run(
        [sys.executable, "-m", "minigrad", "run", "lesson.py"],
        capture_output=True, text=True, timeout=60, cwd=tmp_path, env=ENV,
    )  # fmt: skip
    assert done.stderr.endswith(f"{told}\n")
