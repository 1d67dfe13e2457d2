"""The same seed gives the same bits: run to run, and whatever the number of threads.

Whole programs, in processes of their own: the results of every operation are compared.  The long
form (MINIGRAD_LONG=1) takes every example and every program of tests/programs that trains, with 1,
2, 3, 4 and 8 threads; the short form a few.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad.utils.data import DataLoader, Dataset

ROOT = Path(__file__).resolve().parents[1]
LONG = os.environ.get("MINIGRAD_LONG") == "1"

SHORT_RUNS = {
    "examples/train_digits.py": ["--epochs", "1"],
    "examples/char_mlp.py": ["--steps", "60"],
}
LONG_RUNS = {
    "examples/train_digits.py": ["--epochs", "3"],
    "examples/char_mlp.py": ["--steps", "1000"],
    "examples/lenet.py": [],
    "examples/vae.py": [],
    "examples/tour.py": [],
    "tests/programs/classifier.py": [],
    "tests/programs/language_model.py": [],
    "tests/programs/mnist.py": [],
    "tests/programs/sequences.py": [],
    "tests/programs/transfer.py": [],
}
RUNS = LONG_RUNS if LONG else SHORT_RUNS
THREADS = (1, 2, 3, 4, 8) if LONG else (1, 3)


def digest(script, arguments, folder, **environment):
    """Return what digest_of_run.py prints last of a run of a script."""
    if script == "examples/train_digits.py":
        arguments = [*arguments, "--out", str(folder)]
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/digest_of_run.py"), str(ROOT / script), *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert " operations " in last and not last.startswith("0 "), done.stdout
    return last


@pytest.mark.parametrize("script", RUNS)
def test_same_bits_for_every_number_of_threads(script, tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("tqdm")
    found = {n: digest(script, RUNS[script], tmp_path, OMP_NUM_THREADS=str(n)) for n in THREADS}
    assert len(set(found.values())) == 1, found


@pytest.mark.parametrize("script", [*RUNS][: None if LONG else 1])
def test_same_bits_from_run_to_run(script, tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("tqdm")
    # (strings hash to other numbers in every process unless told otherwise)
    found = [digest(script, RUNS[script], tmp_path, PYTHONHASHSEED=s) for s in ("1", "2")]
    assert found[0] == found[1]


class Numbers(Dataset):
    """Numbers, and whatever the dataset itself draws."""

    def __len__(self):
        return 23

    def __getitem__(self, i):
        return i


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_do_not_change_the_order_of_data(workers):
    orders = []
    for n in (0, workers):
        generator = minigrad.Generator().manual_seed(7)
        loader = DataLoader(Numbers(), 4, shuffle=True, num_workers=n, generator=generator)
        orders.append([batch.tolist() for _ in range(2) for batch in loader])
    assert orders[0] == orders[1]


def test_levels_agree_to_rounding(tmp_path):
    """Across instruction sets the bits differ (fused roundings), the losses by little."""
    code = (
        "import minigrad; from minigrad import nn; from minigrad.nn import functional as F\n"
        "minigrad.manual_seed(0)\n"
        "net = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(),"
        " nn.Linear(8 * 36, 10))\n"
        "optimizer = minigrad.optim.SGD(net.parameters(), lr=0.05)\n"
        "x, y = minigrad.randn(32, 1, 8, 8), minigrad.arange(32) % 10\n"
        "for _ in range(20):\n"
        "    optimizer.zero_grad(); loss = F.cross_entropy(net(x), y); loss.backward()\n"
        "    optimizer.step(); print(loss.item())\n"
    )
    folder = Path(minigrad.__file__).parent / "kernels"
    losses = {}
    for level in ("baseline", "x86_64_v3", "x86_64_v4"):
        if not any((folder / level).glob("elementwise*")):
            continue
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONPATH": str(ROOT), "MINIGRAD_LEVEL": level},
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode in (-4, 0xC000001D):  # this CPU lacks an instruction
            continue
        assert done.returncode == 0, done.stderr
        losses[level] = np.array(done.stdout.split(), np.float64)
    first, *others = losses.values()
    for other in others:
        np.testing.assert_allclose(other, first, rtol=2e-5)
