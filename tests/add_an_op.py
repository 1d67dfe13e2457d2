"""``python tests/add_an_op.py``: do what README's "An op in ten minutes" says, in a copy.

Everything that is written comes from the README: the code of the op, its rule, its row in the table
of tests and its types.  Then the tests run that it names.  Takes two minutes; the folder is removed
again.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def steps():
    """Return what the README has one write: name, op, rule, row, declaration, methods."""
    text = (ROOT / "README.md").read_text().partition("An op in ten minutes")[2]
    blocks = re.findall(r"^   ```(?:cython|python)\n(.*?)^   ```", text, re.M | re.S)
    op, rule, row, declaration, methods = (re.sub(r"^   ", "", b, flags=re.M) for b in blocks)
    return re.match(r"def (\w+)", op)[1], op, rule, row, declaration, methods


def insert(path, before, text):
    """Put a text in front of the first place in a file where another one is."""
    whole = path.read_text()
    at = whole.index(before)
    path.write_text(whole[:at] + text + whole[at:])


def add(folder):
    """Write the op into a copy of the project."""
    name, op, rule, row, declaration, methods = steps()
    insert(folder / "minigrad/ops/math.pyx", "# ----" + "-" * 60 + " squashing", f"{op}\n\n")
    insert(folder / "minigrad/inspect/rules.py", '    "Asinh":', f"    {rule}")
    names = folder / "minigrad/ops/__init__.py"
    math, in_place = '"neg abs sign floor ceil trunc round frac square', '"bitwise_not neg abs sign'
    insert(names, math, f'"{name} "\n        ')
    insert(names, in_place, f'"{name} "\n    ')
    insert(folder / "tests/test_math.py", '    "square":', f"    {row}")
    insert(folder / "minigrad/ops/math.pyi", "def tanh(", declaration)
    indented = re.sub(r"^", "    ", methods.rstrip("\n"), flags=re.M)
    insert(folder / "minigrad/tensor.pyi", "    tanh = ", f"{indented}\n")


def main():
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, "copy")
        skipped = shutil.ignore_patterns(".git", "runs", "__pycache__")
        shutil.copytree(ROOT, folder, ignore=skipped, symlinks=True)
        add(folder)
        # one instruction set, and only it: the others lack the new op
        level = subprocess.run(
            [sys.executable, "-c", "from minigrad import kernels; print(kernels.level)"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip
        settings = {"PYTHONPATH": str(folder), "MINIGRAD_LEVELS": level, "MINIGRAD_LEVEL": level}
        pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
        tests = "test_math test_names test_stubs test_docstrings test_layers_law".split()
        for command in (
            ["setup.py", "-q", "build_ext", "--inplace"],
            ["tests/package_stub.py"],
            [*pytest, *[f"tests/{t}.py" for t in tests]],
            [*pytest, "tests/test_inspect.py", "-k", "rule"],
        ):
            done = subprocess.run(
                [sys.executable, *command], cwd=folder, env=os.environ | settings, check=False
            )
            if done.returncode:
                sys.exit(f"{' '.join(command)} failed")
    print(f"README's steps add {steps()[0]}, with its gradient, tests, types and documentation.")


if __name__ == "__main__":
    main()
