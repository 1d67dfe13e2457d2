"""Every example runs from top to bottom, and the training program does what it says."""

import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad.utils.data.datasets import Digits

pytest.importorskip("matplotlib")
pytest.importorskip("tqdm")

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
TRAIN = ROOT / "examples" / "train_digits.py"


def run(script, *arguments, first_on_path=ROOT):
    """Run a script as a user would; its exit status, stdout and stderr come back."""
    path = os.pathsep.join([str(first_on_path), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-W", "error", str(script), *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )


def train(out, *arguments, **options):
    return run(TRAIN, "--out", out, "--json", out / "report.json", *arguments, **options)


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda script: script.stem)
def test_examples_say_how_to_run_them(script):
    docstring = script.read_text().split('"""')[1]
    assert f"python examples/{script.name}" in docstring


@pytest.mark.parametrize("script", [s for s in EXAMPLES if s != TRAIN], ids=lambda s: s.stem)
def test_example_runs(script):
    done = run(script)
    assert done.returncode == 0, done.stderr
    assert done.stdout and not done.stderr


def test_train_digits(tmp_path):
    done = train(tmp_path, "--epochs", 4, "--threads", 1)
    assert done.returncode == 0, done.stderr
    assert "4/" in done.stderr or "100%" in done.stderr  # the progress bar
    assert "digits: 1,438 images to train on, 359 held out" in done.stdout

    report = json.loads((tmp_path / "report.json").read_text())
    assert report["settings"]["threads"] == 1 and report["settings"]["seed"] == 0
    (only,) = report["runs"]
    assert only["fault"] is None
    assert [row["epoch"] for row in only["history"]] == [1, 2, 3, 4]
    assert only["history"][-1]["loss"] < only["history"][0]["loss"]
    assert only["history"][-1]["test_accuracy"] > 0.95
    assert all(row["samples_per_second"] > 0 for row in only["history"])
    assert f"held-out images: {only['history'][-1]['test_accuracy']:.2%}" in done.stdout

    weights = minigrad.load(only["weights"])
    assert {"1.weight", "2.running_mean", "2.num_batches_tracked"} <= set(weights)
    picture = (tmp_path / "digits-cnn.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n") and picture.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", picture[16:24])
    assert width > height > 400


def test_train_digits_gives_the_same_for_the_same_seed(tmp_path):
    histories = []
    for name, threads in ("first", 1), ("again", 2):
        (tmp_path / name).mkdir()
        arguments = "--model", "mlp", "--epochs", 3, "--seed", 3, "--threads", threads
        assert train(tmp_path / name, *arguments).returncode == 0
        (only,) = json.loads((tmp_path / name / "report.json").read_text())["runs"]
        histories.append([(row["loss"], row["test_accuracy"]) for row in only["history"]])
    assert histories[0] == histories[1]


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop"])
def test_train_digits_compares_with_and_without_batch_norm(tmp_path, optimizer):
    arguments = "--model", "mlp", "--compare", "--epochs", 6, "--optimizer", optimizer
    done = train(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
    runs = json.loads((tmp_path / "report.json").read_text())["runs"]
    assert [run["name"] for run in runs] == ["mlp with batch norm", "mlp without batch norm"]
    with_norm, without_norm = (run["history"][1]["test_accuracy"] for run in runs)
    assert with_norm > without_norm  # it learns faster, as the second epoch shows
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == [
        "digits-mlp-with-batch-norm.safetensors",
        "digits-mlp-without-batch-norm.safetensors",
        "digits-mlp.png",
        "report.json",
    ]


def write_idx(path, array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(header + array.tobytes())


def write_enlarged_digits(folder):
    """The UCI digits at 28 x 28, in the four files of MNIST."""
    digits = Digits()
    images = digits.data.numpy().repeat(3, axis=1).repeat(3, axis=2) * np.uint8(15)
    images = np.pad(images, ((0, 0), (2, 2), (2, 2)))
    labels = digits.targets.numpy().astype(np.uint8)
    for name, some in ("train", slice(300, None)), ("t10k", slice(0, 300)):
        write_idx(folder / f"{name}-images-idx3-ubyte", images[some])
        write_idx(folder / f"{name}-labels-idx1-ubyte", labels[some])


def test_train_digits_reads_idx_files(tmp_path):
    write_enlarged_digits(tmp_path)
    arguments = "--data", "fashion-mnist", "--root", tmp_path, "--epochs", 2, "--no-batchnorm"
    done = train(tmp_path, *arguments, "--model", "mlp", "--batch-size", 32)
    assert done.returncode == 0, done.stderr
    assert "fashion-mnist: 1,497 images to train on, 300 held out" in done.stdout
    assert (tmp_path / "fashion-mnist-mlp-without-batch-norm.safetensors").is_file()

    whole = (tmp_path / "t10k-images-idx3-ubyte").read_bytes()
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(whole[:-5])
    done = train(tmp_path, *arguments)
    assert done.returncode == 1
    assert "t10k-images-idx3-ubyte: truncated" in done.stderr and "Traceback" not in done.stderr


def test_train_digits_fails_if_it_did_not_train(tmp_path):
    done = train(tmp_path, "--model", "mlp", "--no-batchnorm", "--optimizer", "sgd", "--lr", "1e30")
    assert done.returncode == 1
    assert "did not train: the loss was not finite in epoch 1" in done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["runs"][0]["history"] == [
        {**report["runs"][0]["history"][0], "epoch": 1, "loss": None}
    ]
    done = train(tmp_path, "--model", "mlp", "--epochs", 1, "--lr", "1e-9")
    assert done.returncode == 1 and "did not train" in done.stderr
    assert not list(tmp_path.glob("*.safetensors"))


@pytest.mark.parametrize("package", ["tqdm", "matplotlib"])
def test_train_digits_says_how_to_install_what_is_missing(tmp_path, package):
    (tmp_path / f"{package}.py").write_text(f'raise ImportError("No module named {package}")')
    done = train(tmp_path, first_on_path=tmp_path)
    assert done.returncode == 1
    assert f"No module named {package}" in done.stderr
    assert 'pip install -e ".[examples]"' in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epochs", "0"], "0 is not a positive number"),
        (["--epochs", "ten"], "invalid positive int value: 'ten'"),
        (["--lr", "nan"], "nan is not a positive number"),
        (["--batch-size", "1"], "batch norm needs two images"),
        (["--compare", "--no-batchnorm"], "leave out --no-batchnorm"),
        (["--batch-size", "5000"], "there are only 1438 images"),
        (["--data", "mnist", "--root", str(TRAIN)], "Not a directory"),
    ],
)
def test_train_digits_rejects_settings_that_cannot_work(tmp_path, arguments, message):
    done = train(tmp_path, *arguments)
    assert done.returncode in (1, 2) and message in done.stderr


def test_train_digits_help_explains_every_option():
    done = run(TRAIN, "--help")
    assert done.returncode == 0
    options = "model no-batchnorm compare epochs batch-size lr optimizer seed threads data root out"
    assert all(f"--{option} " in done.stdout for option in [*options.split(), "json"])
    assert "{mlp,cnn}" in done.stdout and "{digits,mnist,fashion-mnist}" in done.stdout


def test_benchmark_on_fashion_mnist(tmp_path):
    write_enlarged_digits(tmp_path)
    module = [sys.executable, "-m", "benchmarks.fashion_mnist", "--epochs", "2", "--threads", "1"]
    done = subprocess.run(
        [*module, "--root", str(tmp_path), "--json", str(tmp_path / "report.json")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert set(report) == {"minigrad", "torch"} or "torch is not installed" in done.stdout
    for result in report.values():
        assert len(result["epochs"]) == 2 and result["seconds_per_epoch"] > 0
        assert result["epochs"][1]["loss"] < result["epochs"][0]["loss"]
        first = report["minigrad"]["epochs"][0]["loss"]
        assert result["epochs"][0]["loss"] == pytest.approx(first, rel=0.05)


def test_train_digits_interrupted_keeps_what_it_learned(tmp_path):
    script = ROOT / "examples" / "train_digits.py"
    command = [sys.executable, "-u", str(script), "--epochs", "5000", "--out", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as training:
        while not training.stdout.readline().strip().startswith(b"4 "):  # epochs
            assert training.poll() is None
        training.send_signal(signal.SIGINT)
        printed = training.communicate(timeout=60)[0].decode()
    assert training.returncode == 130, printed
    assert "interrupted after epoch" in printed
    assert {path.suffix for path in tmp_path.iterdir()} == {".safetensors", ".png"}
