"""The type stubs say what the compiled modules have, and a typical program passes mypy."""

import importlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
import minigrad
from minigrad import nn, optim
from minigrad.utils.data import DataLoader, TensorDataset

x = minigrad.randn(64, 8)
y = (x.sum(dim=1, keepdim=True) > 0).float()
model = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1))
optimizer = optim.Adam(model.parameters(), lr=0.01)
for xb, yb in DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True):
    loss = nn.functional.binary_cross_entropy_with_logits(model(xb), yb)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
reveal_type(2 * x.sigmoid().mean() + 1)
reveal_type(x.shape)
reveal_type(x.is_contiguous())
x.no_such_method()
"""


@pytest.fixture
def generator():
    spec = importlib.util.spec_from_file_location("stubs", ROOT / ".ci" / "stubs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_stubs_are_up_to_date(generator):
    for path, text in generator.stubs().items():
        assert path.read_text() == text, f"{path.name}: run python .ci/stubs.py"


@pytest.mark.parametrize("name", ["dtypes", "operators"])
def test_stubs_written_by_hand_have_every_name(name, generator):
    assert f"minigrad.{name}" in generator.BY_HAND
    module = importlib.import_module(f"minigrad.{name}")
    stub = (ROOT / "minigrad" / f"{name}.pyi").read_text()
    source = (ROOT / "minigrad" / f"{name}.pyx").read_text()
    for own in re.findall(r"^ {0,4}def (\w+)", source, re.M):
        if own not in ("__reduce__", "__repr__"):
            assert f"def {own}(" in stub
    for own, value in vars(module).items():
        if isinstance(value, module.dtype if name == "dtypes" else ()):
            assert f"{own}: dtype" in stub


def test_a_typical_program_is_understood_by_mypy(tmp_path):
    pytest.importorskip("mypy")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", program],
        capture_output=True, text=True, timeout=120, cwd=ROOT,
    )  # fmt: skip
    found = re.findall(r'(Revealed type is "[^"]+"|error: .*)', done.stdout)
    assert found == [
        'Revealed type is "minigrad.tensor.Tensor"',
        'Revealed type is "minigrad.attributes.Size"',
        'Revealed type is "bool"',
        'error: "Tensor" has no attribute "no_such_method"  [attr-defined]',
    ], done.stdout
