"""The type stubs (.pyi) agree with the modules they describe, and a program passes mypy --strict.

Both ask mypy, which the extra "test" installs; without it there is nothing to ask.
"""

import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

import package_stub
import pytest

import minigrad
from minigrad import ops

pytest.importorskip("mypy", reason="mypy checks the stubs")

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "pyproject.toml"

# What needs no stub, as regular expressions over dotted names.  (stubtest makes subclasses of
# Tensor, and so puts its methods behind others: see minigrad/overrides.py.  Since
# Python 3.13 dataclasses have __replace__, and mypy is told to check for 3.11.)
ALLOWED = r"""
minigrad\._with_out
minigrad\.kernels\..*
minigrad\.distributions\.\w+\.\w+\.\w+
minigrad\.tape\.Operations\..*
minigrad\.utils\.(checkpoint|data|dlpack)
minigrad\.(\w+\.)*__all__
minigrad\.__dir__
minigrad\.nn\.modules\.(conv|pooling|unpooling)\.\w+\.(convolve|pool|unpool)
minigrad\.nn\.\S+\.__getattr__
minigrad\.autograd\.function\.FunctionCtx\.__[gs]etattr__
minigrad\.jit\.<callable\ subtype\ of\ bool>
minigrad\.nn\.parameter\._?Uninitialized\w*\.__\w+__
minigrad\.operators\.Operators\.__r[lr]shift__
minigrad\.special\.(entr|ndtr)
minigrad\.tensor\.Tensor\.(ndimension|nelement)
.*\.(__test__|__pyx_\w+|__\w+_cython__|__replace__)
"""


def declared_names(stub):
    """The names that a stub file makes known: imports, definitions, annotations."""
    names = set()
    for statement in ast.parse(stub.read_text()).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in statement.names}
        elif isinstance(statement, ast.AnnAssign):
            names.add(statement.target.id)
        elif isinstance(statement, ast.Assign):
            names |= {target.id for target in statement.targets}
        elif isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names.add(statement.name)
    return names


def test_every_public_name_of_the_package_has_a_type():
    public = {name for name in dir(minigrad) if not name.startswith("_")}
    submodules = {module.name for module in pkgutil.iter_modules(minigrad.__path__)}
    stub = ROOT / "minigrad" / "__init__.pyi"
    assert public - declared_names(stub) - submodules == set()


def test_the_stubs_of_functions_are_what_the_script_writes():
    for path, text in package_stub.stubs().items():
        written, expected = ast.parse(path.read_text()), ast.parse(text)
        assert ast.unparse(written) == ast.unparse(expected), (
            "functions have come, gone or changed: run python tests/package_stub.py"
        )


PROGRAM = """
import minigrad
from minigrad import nn, optim
from minigrad.utils.data import DataLoader, TensorDataset


class Network(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, width), nn.BatchNorm1d(width), nn.ReLU())
        self.head = nn.Linear(width, 1)

    def forward(self, x: minigrad.Tensor) -> minigrad.Tensor:
        out: minigrad.Tensor = self.head(self.body(x))
        return out


minigrad.manual_seed(0)
x = minigrad.randn(64, 8)
y = (x.sum(dim=1, keepdim=True) > 0).float()
model = Network(16)
optimizer = optim.Adam(model.parameters(), lr=0.01)
schedule = optim.lr_scheduler.StepLR(optimizer, step_size=1)
for xb, yb in DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True):
    loss = nn.functional.binary_cross_entropy_with_logits(model(xb), yb)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
schedule.step()
with minigrad.no_grad():
    model.eval()
    values, indices = model(x).softmax(1).max(1)
minigrad.save(model.state_dict(), "model.pt")
total = minigrad.empty(2)
minigrad.add(x[0, :2], 1, alpha=2, out=total)
minigrad.sort(x, out=(minigrad.empty(0), minigrad.empty(0, dtype=minigrad.int64)))


@minigrad.no_grad()
def accuracy(inputs: minigrad.Tensor, classes: minigrad.Tensor) -> float:
    return float((model(inputs).argmax(1) == classes).float().mean())
"""

REVEALED = {
    "accuracy": "def (inputs: minigrad.tensor.Tensor, classes: minigrad.tensor.Tensor) -> float",
    "next(model.parameters())": "minigrad.nn.parameter.Parameter",
    "2 * x.sigmoid().mean() + 1": "minigrad.tensor.Tensor",
    "x.exp_()": "minigrad.tensor.Tensor",
    "x.max()": "minigrad.tensor.Tensor",
    "x.max(1).indices": "minigrad.tensor.Tensor",
    "x.split(2)": "tuple[minigrad.tensor.Tensor, ...]",
    "x.shape": "minigrad.attributes.Size",
    "x.size(0)": "int",
    "x.dtype": "minigrad.dtypes.dtype",
    "x.is_contiguous()": "bool",
    "x.grad": "minigrad.tensor.Tensor | None",
    "minigrad.zeros(2, dtype=minigrad.int)": "minigrad.tensor.Tensor",
    "minigrad.max(x, 1, out=(total, total)).values": "minigrad.tensor.Tensor",
}


def run(*arguments):
    """Return what a module of mypy prints."""
    command = [sys.executable, "-m", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT)
    return done.stdout + done.stderr


def test_stubs_agree_with_the_modules(tmp_path):
    allowed = tmp_path / "allowed"
    with_out = [n for n, f in ops.functions.items() if f.takes_out]  # which inspect does not show
    allowed.write_text(rf"{ALLOWED}minigrad\.({'|'.join(with_out)})" + "\n")
    printed = run(
        *("mypy.stubtest", "minigrad", "--concise", "--mypy-config-file", CONFIG),
        *("--allowlist", allowed, "--ignore-unused-allowlist", "--ignore-disjoint-bases"),
    )
    assert printed == "", printed


def test_programs_pass_mypy_strict(tmp_path):
    program = tmp_path / "program.py"
    reveal = "".join(f"reveal_type({expression})\n" for expression in REVEALED)
    program.write_text(f"{PROGRAM}{reveal}x.no_such_method()\n")
    others = sorted((ROOT / "tests" / "typed").glob("*.py"))  # with their own expectations
    printed = run(
        *("mypy", "--config-file", CONFIG, "--strict", "--follow-imports=silent"),
        *(program, *others),
    )
    found = [line.split(": ", 1)[1] for line in printed.splitlines()[:-1]]
    expected = [f'note: Revealed type is "{kind}"' for kind in REVEALED.values()]
    assert found == [
        *expected,
        'error: "Tensor" has no attribute "no_such_method"  [attr-defined]',
    ], printed
