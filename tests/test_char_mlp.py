"""examples/char_mlp.py learns, and prints the same on torch."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "examples" / "char_mlp.py"


def run(script, *arguments):
    """Return what a script prints, run as a user would."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, str(script), *arguments],
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def test_it_learns_and_invents():
    lines = run(SCRIPT).splitlines()
    assert re.fullmatch(r"[\d,]+ parameters, [\d,]+ examples", lines[0])
    losses = [float(line.split()[-1]) for line in lines[1:11]]
    assert losses[0] == pytest.approx(3.296, abs=0.05)  # log(27): as good as not knowing
    known, held_out = (float(line.split()[-1]) for line in lines[11:13])
    assert known < 1.0 and held_out < known + 0.15
    assert len(lines) == 23 and any(line.endswith("new") for line in lines[13:])


def test_torch_prints_the_same(torch, tmp_path):
    program = SCRIPT.read_text().replace("import minigrad as torch", "import torch")
    program = program.replace("import minigrad.nn", "import torch.nn")
    assert "import minigrad" not in program
    (tmp_path / "char_mlp.py").write_text(program)
    ours = run(SCRIPT, "--steps", "100")
    assert ours == run(tmp_path / "char_mlp.py", "--steps", "100")
