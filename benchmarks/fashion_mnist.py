"""Train one CNN on Fashion-MNIST at full size, in minigrad and in torch, side by side.

    python -m benchmarks.fashion_mnist --root /usr/share/datasets/fashion-mnist

The same code runs in both engines, since their names are the same: the same 60,000 images in the
same order, the same network from the same seed, Adam.  Each engine has a process of its own, and
the two take turns, an epoch each, so that a busy machine slows both.  Printed are the loss and the
test accuracy of every epoch, then the median time of an epoch of training (the test not included)
and the largest amount of memory that the process held.
"""

import argparse
import importlib
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.machine import processor, usable_cores
from benchmarks.tables import size
from benchmarks.worker import resident_memory

ENGINES = ("minigrad", "torch")
FILES = ("train_images", "train_labels", "test_images", "test_labels")


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fashion_mnist", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--root", default="data", metavar="DIR", help="where the IDX files are")
    parser.add_argument("--epochs", type=int, default=5, metavar="N")
    parser.add_argument("--batch-size", type=int, default=128, metavar="N")
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=usable_cores(), metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here")
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)  # we are the child
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


# ------------------------------------------------------------------- in each engine's process


def build(nn):
    """The CNN of examples/train_digits.py for images of 28 x 28."""
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Flatten(),
        *(nn.Linear(64 * 7 * 7, 128), nn.BatchNorm1d(128), nn.ReLU()),
        nn.Linear(128, 10),
    )


def work(options):
    """Train in one engine; before each epoch wait for a line, after it print one of JSON."""
    engine = importlib.import_module(options.engine)
    nn = importlib.import_module(f"{options.engine}.nn")
    optim = importlib.import_module(f"{options.engine}.optim")
    schedule = importlib.import_module(f"{options.engine}.optim.lr_scheduler")
    imported = resident_memory("VmHWM")
    engine.set_num_threads(options.threads)
    engine.manual_seed(options.seed)
    images, labels, test_images, test_labels = (
        engine.from_numpy(np.load(options.folder / f"{name}.npy")) for name in FILES
    )
    model = build(nn)
    optimizer = optim.Adam(model.parameters(), lr=options.lr)
    scheduler = schedule.CosineAnnealingLR(optimizer, T_max=options.epochs)
    shuffler = np.random.default_rng(options.seed)
    steps = len(images) // options.batch_size

    for _ in range(options.epochs):
        if not sys.stdin.readline():
            return  # the main process has gone
        model.train()
        total = 0.0
        start = time.perf_counter()
        order = engine.from_numpy(shuffler.permutation(len(images)))
        for step in range(steps):
            batch = order[step * options.batch_size : (step + 1) * options.batch_size]
            loss = nn.functional.cross_entropy(model(images[batch].float() / 255), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        seconds = time.perf_counter() - start
        scheduler.step()
        model.eval()
        with engine.no_grad():
            right = sum(
                (model(some.float() / 255).argmax(dim=1) == expected).sum().item()
                for some, expected in zip(
                    test_images.split(1000), test_labels.split(1000), strict=True
                )
            )
        row = {"loss": total / steps, "accuracy": right / len(test_images), "seconds": seconds}
        print(json.dumps(row), flush=True)
    memory = {"memory_imported": imported, "memory_peak": resident_memory("VmHWM")}
    print(json.dumps({"version": engine.__version__, **memory}))


# ----------------------------------------------------------------------- in the main process


def save_arrays(root, folder):
    """Read the data set once; the workers load plain arrays, torch's without minigrad."""
    from minigrad.utils.data.datasets import FashionMNIST

    train, test = (FashionMNIST(root, train=part, download=True) for part in (True, False))
    arrays = (
        train.data.unsqueeze(1).numpy(),
        train.targets.numpy(),
        test.data.unsqueeze(1).numpy(),
        test.targets.numpy(),
    )
    for name, array in zip(FILES, arrays, strict=True):
        np.save(folder / f"{name}.npy", array)


def start_worker(engine, folder, arguments):
    command = [sys.executable, "-m", "benchmarks.fashion_mnist", *arguments]
    command += ["--engine", engine, "--folder", str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def receive(worker, engine):
    line = worker.stdout.readline()
    if not line:
        sys.exit(f"the {engine} process ended early, with exit status {worker.wait()}")
    return json.loads(line)


def compare(options, arguments):
    engines = [name for name in ENGINES if importlib.util.find_spec(name)]
    for name in sorted(set(ENGINES) - set(engines)):
        print(f"{name} is not installed, so it is left out")
    print(f"{processor()}, {options.threads} threads")
    results = {name: {"epochs": []} for name in engines}
    with tempfile.TemporaryDirectory() as folder:
        save_arrays(options.root, Path(folder))
        workers = {name: start_worker(name, folder, arguments) for name in engines}
        try:
            for epoch in range(1, options.epochs + 1):
                for name, worker in workers.items():
                    print("go", file=worker.stdin, flush=True)
                    row = receive(worker, name)
                    results[name]["epochs"].append(row)
                    print(
                        f"epoch {epoch}  {name:9} loss {row['loss']:.4f}"
                        f"  test accuracy {row['accuracy']:.2%}  {row['seconds']:6.2f} s",
                        flush=True,
                    )
            for name, worker in workers.items():
                results[name].update(receive(worker, name))
        finally:
            for worker in workers.values():
                worker.kill()
                worker.communicate()
    return results


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parse(arguments)
    if options.engine:
        work(options)
        return
    results = compare(options, arguments)
    print("\nengine    version     test accuracy   s/epoch (min-max)      peak memory (at import)")
    for name, result in results.items():
        times = [row["seconds"] for row in result["epochs"]]
        result["seconds_per_epoch"] = statistics.median(times)
        spread = f"({min(times):.2f}-{max(times):.2f})"
        memory = f"{size(result['memory_peak'])} ({size(result['memory_imported'])})"
        print(
            f"{name:9} {result['version']:11} {result['epochs'][-1]['accuracy']:13.2%}"
            f" {result['seconds_per_epoch']:9.2f} {spread:15} {memory}"
        )
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
