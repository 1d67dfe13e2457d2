"""``python tests/record_programs.py [name ...]``: record what torch prints in tests/programs.

These are programs as people learn from them, written for torch.  test_programs.py runs each under
``python -m minigrad run``, and asks whether it prints what is recorded beside it.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import minigrad

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
SETTINGS = {
    "PYTHONPATH": str(Path(minigrad.__file__).parents[1]),
    "PYTHONIOENCODING": "utf-8",
    "OMP_NUM_THREADS": "1",
}


def run(program, directory, *command):
    """Run a program in a directory where it may write, and return the finished process."""
    return subprocess.run(
        [sys.executable, *command, program],
        cwd=directory,
        env=os.environ | SETTINGS,
        capture_output=True,
        encoding="utf-8",
        timeout=100,
    )


def main(names):
    for program in PROGRAMS:
        if names and program.stem not in names:
            continue
        with tempfile.TemporaryDirectory() as directory:
            done = run(program, directory)
        if done.returncode:
            sys.exit(f"{program.name}: {done.stderr}")
        program.with_suffix(".txt").write_text(done.stdout, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
