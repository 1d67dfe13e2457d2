"""Train a small network with batch norm on handwritten digits, and check what came out.

    pip install -e ".[examples]"
    python examples/train_digits.py                      # a CNN on the UCI digits, a few seconds
    python examples/train_digits.py --model mlp --compare
    python examples/train_digits.py --data fashion-mnist --root /usr/share/datasets/fashion-mnist

The UCI digits come with minigrad; MNIST and Fashion-MNIST are read from --root, or downloaded to
it.  Into --out go the trained weights (safetensors) and a plot of loss and accuracy (PNG).  The
exit status is 0 only if the network trained: its loss stayed finite and fell, and its accuracy
passed a floor.
"""

import argparse
import contextlib
import json
import math
import sys
import time
from pathlib import Path

import minigrad
from minigrad import nn, optim
from minigrad.nn import functional as F
from minigrad.optim.lr_scheduler import CosineAnnealingLR
from minigrad.utils.data import DataLoader, TensorDataset
from minigrad.utils.data.datasets import MNIST, Digits, FashionMNIST

try:
    import matplotlib
    from tqdm import tqdm
except ImportError as error:
    sys.exit(f'{error}.  This example needs it: pip install -e ".[examples]"')

matplotlib.use("Agg")  # draw into files, no window
from matplotlib import pyplot as plt

# What suits each data set.  After that many epochs a network below the floor has not learned it; of
# fewer epochs it is asked only that they do better than guessing.
GUESSING = 0.20  # twice what chance gets right
DATA = {
    "digits": {"epochs": 15, "batch_size": 64, "floor": 0.90},
    "mnist": {"epochs": 5, "batch_size": 128, "floor": 0.95},
    "fashion-mnist": {"epochs": 5, "batch_size": 128, "floor": 0.75},
}
OPTIMIZERS = {
    "adam": (optim.Adam, {"lr": 3e-3}),
    "adamw": (optim.AdamW, {"lr": 3e-3}),
    "rmsprop": (optim.RMSprop, {"lr": 1e-3}),
    "sgd": (optim.SGD, {"lr": 0.05, "momentum": 0.9}),
}


def positive(number):
    """An argparse type: ``number`` (int or float), above zero."""

    def convert(text):
        value = number(text)
        if not 0 < value < math.inf:
            raise argparse.ArgumentTypeError(f"{text} is not a positive number")
        return value

    convert.__name__ = f"positive {number.__name__}"  # for argparse's message
    return convert


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    count = {"type": positive(int), "metavar": "N"}
    add("--data", choices=DATA, default="digits", help="data set (default: %(default)s)")
    add("--root", default="data", metavar="DIR", help="where the (Fashion-)MNIST files are, or go")
    add("--model", choices=["mlp", "cnn"], default="cnn", help="network (default: %(default)s)")
    add("--no-batchnorm", action="store_true", help="leave batch norm out of the network")
    add("--compare", action="store_true", help="train with and without batch norm, plot both")
    add("--epochs", **count, help="passes over the data (default: 15; MNIST 5)")
    add("--batch-size", **count, help="images a step (default: 64; MNIST 128)")
    add("--optimizer", choices=OPTIMIZERS, default="adam", help="default: %(default)s")
    add("--lr", type=positive(float), metavar="RATE", help="learning rate at the start, from where"
        " it falls along a cosine (default: 0.003; rmsprop 0.001; sgd 0.05)")  # fmt: skip
    add("--seed", type=int, default=0, help="of split, weights and order (default: %(default)s)")
    add("--threads", **count, help="threads to use (default: all there are)")
    add("--out", default="runs", metavar="DIR", help="for weights and plot (default: %(default)s)")
    add("--json", metavar="FILE", help="write settings, curves and results to this file")
    arguments = parser.parse_args()
    if arguments.compare and arguments.no_batchnorm:
        parser.error("--compare trains with and without batch norm: leave out --no-batchnorm")
    if arguments.batch_size == 1 and not arguments.no_batchnorm:
        parser.error("--batch-size 1: batch norm needs two images or more to normalise over")
    arguments.epochs = arguments.epochs or DATA[arguments.data]["epochs"]
    arguments.batch_size = arguments.batch_size or DATA[arguments.data]["batch_size"]
    arguments.lr = arguments.lr or OPTIMIZERS[arguments.optimizer][1]["lr"]
    return arguments


def load_data(name, root, seed):
    """Return the images to train on, their labels, the held-out ones, and what white is.

    The images are uint8 tensors (N, 1, H, W), the dimension of 1 being the channels.
    """
    if name == "digits":  # one set; the seed decides which fifth of it is held out
        digits = Digits()
        minigrad.manual_seed(seed)
        order = minigrad.randperm(len(digits))
        images, labels = digits.data[order].unsqueeze(1), digits.targets[order]
        fifth = len(digits) // 5
        return images[fifth:], labels[fifth:], images[:fifth], labels[:fifth], digits.white
    dataset = {"mnist": MNIST, "fashion-mnist": FashionMNIST}[name]
    train, test = (dataset(root, train=part, download=True) for part in (True, False))
    images, test_images = train.data.unsqueeze(1), test.data.unsqueeze(1)
    return images, train.targets, test_images, test.targets, train.white


class Scale(nn.Module):
    """The first layer: bytes to floats in 0..1, so that the model takes images as they are."""

    def __init__(self, white):
        super().__init__()
        self.white = white

    def forward(self, images):
        return images.float() / self.white


def build_model(kind, side, white, batchnorm):
    """Build a network that maps (N, 1, side, side) images to (N, 10) scores."""
    norm1d = nn.BatchNorm1d if batchnorm else nn.Identity
    norm2d = nn.BatchNorm2d if batchnorm else nn.Identity
    if kind == "mlp":
        body = [
            nn.Flatten(),
            *(nn.Linear(side * side, 256), norm1d(256), nn.ReLU()),
            *(nn.Linear(256, 128), norm1d(128), nn.ReLU()),
        ]
    else:
        shrink = 2 if side > 8 else 1  # the second pooling would leave too little of 8 x 8 images
        body = [
            *(nn.Conv2d(1, 32, 3, padding=1), norm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3, padding=1), norm2d(64), nn.ReLU(), nn.MaxPool2d(shrink)),
            nn.Flatten(),
            *(nn.Linear(64 * (side // 2 // shrink) ** 2, 128), norm1d(128), nn.ReLU()),
        ]
    return nn.Sequential(Scale(white), *body, nn.Linear(128, 10))


def predict(model, images):
    """Return the scores of all images, in evaluation mode and without recording gradients."""
    model.eval()
    with minigrad.no_grad():
        return minigrad.cat([model(batch) for batch in images.split(1000)])


def accuracy(model, images, labels):
    return (predict(model, images).argmax(dim=1) == labels).float().mean().item()


def train_epoch(model, optimizer, loader, bar):
    """Take one step a batch; return mean loss, share of right answers, and images a second."""
    model.train()
    total = right = seen = 0
    start = time.perf_counter()
    for images, labels in loader:
        scores = model(images)
        loss = F.cross_entropy(scores, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
        right += (scores.argmax(dim=1) == labels).sum().item()
        seen += len(labels)
        bar.update()
    return total / seen, right / seen, seen / (time.perf_counter() - start)


def train(model, data, arguments, name):
    """Train the model; return a row of numbers an epoch."""
    images, labels, test_images, test_labels = data
    # drop_last: a last batch of a single image would have no variance for batch norm to use.
    loader = DataLoader(
        TensorDataset(images, labels), arguments.batch_size, shuffle=True, drop_last=True
    )
    optimizer_class, options = OPTIMIZERS[arguments.optimizer]
    optimizer = optimizer_class(model.parameters(), **(options | {"lr": arguments.lr}))
    scheduler = CosineAnnealingLR(optimizer, T_max=arguments.epochs)
    history = []
    print(f"\n{name}\nepoch      loss   train acc    test acc   samples/s", flush=True)
    with (
        tqdm(total=arguments.epochs * len(loader), desc=name, unit="batch") as bar,
        contextlib.suppress(KeyboardInterrupt),  # Ctrl-C: what was learned so far is kept
    ):
        for epoch in range(1, arguments.epochs + 1):
            loss, train_accuracy, speed = train_epoch(model, optimizer, loader, bar)
            scheduler.step()
            row = {
                "epoch": epoch,
                "loss": loss if math.isfinite(loss) else None,  # JSON knows no NaN
                "train_accuracy": train_accuracy,  # counted in training mode, as it learned
                "test_accuracy": accuracy(model, test_images, test_labels),
                "samples_per_second": speed,
            }
            history.append(row)
            tqdm.write(
                f"{epoch:5}  {loss:8.4f}  {train_accuracy:10.2%}  {row['test_accuracy']:10.2%}"
                f"  {speed:10,.0f}",
                file=sys.stdout,
            )
            if row["loss"] is None:
                break  # it will not come back
    return history


def fault(history, first_loss, floor):
    """Say why the network counts as not trained, or return None."""
    if not history:
        return "it was interrupted in its first epoch"
    last = history[-1]
    if last["loss"] is None:
        return f"the loss was not finite in epoch {last['epoch']}; try a smaller --lr"
    if last["loss"] >= first_loss:
        return f"the loss did not fall: {first_loss:.4f} before training, {last['loss']:.4f} after"
    if last["test_accuracy"] < floor:
        return f"the test accuracy, {last['test_accuracy']:.2%}, is below {floor:.0%}"
    return None


def save_and_check(model, fresh, images, path):
    """Save the model, load it into another one and check that both compute the same."""
    minigrad.save(model.state_dict(), path)
    fresh.load_state_dict(minigrad.load(path))
    if not minigrad.equal(predict(model, images), predict(fresh, images)):
        sys.exit(f"{path}: the model that was loaded back computes something else")


def plot(runs, title, path):
    """Draw loss and accuracy of every run over the epochs into a PNG file."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for run, color in zip(runs, ["tab:blue", "tab:orange"], strict=False):
        name, rows = run["name"], run["history"]
        epochs = [row["epoch"] for row in rows]
        left.plot(epochs, [row["loss"] for row in rows], ".-", color=color, label=name)
        for which, style in ("test", ".-"), ("train", ".:"):
            percent = [100 * row[f"{which}_accuracy"] for row in rows]
            right.plot(epochs, percent, style, color=color, label=f"{name}, {which}")
    left.set(title="Training loss", xlabel="epoch", ylabel="cross entropy", yscale="log")
    right.set(title="Accuracy", xlabel="epoch", ylabel="%")
    for axes in (left, right):
        axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    figure.suptitle(title)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main():
    arguments = parse_arguments()
    if arguments.threads:
        minigrad.set_num_threads(arguments.threads)
    try:
        *data, white = load_data(arguments.data, arguments.root, arguments.seed)
    except (OSError, RuntimeError, ValueError) as error:  # files are missing or damaged
        sys.exit(str(error))
    images, _, test_images, test_labels = data
    if len(images) < arguments.batch_size:
        sys.exit(f"--batch-size {arguments.batch_size}: there are only {len(images)} images")
    print(f"{arguments.data}: {len(images):,} images to train on, {len(test_images):,} held out")

    out = Path(arguments.out)
    try:  # before training, not after
        out.mkdir(parents=True, exist_ok=True)
        if arguments.json:
            Path(arguments.json).touch()
    except OSError as error:
        sys.exit(f"cannot write there: {error}")
    full = arguments.epochs >= DATA[arguments.data]["epochs"]
    floor = DATA[arguments.data]["floor"] if full else GUESSING
    runs = []
    for batchnorm in [True, False] if arguments.compare else [not arguments.no_batchnorm]:
        name = f"{arguments.model} {'with' if batchnorm else 'without'} batch norm"
        minigrad.manual_seed(arguments.seed)  # every run starts alike
        model, fresh = (
            build_model(arguments.model, images.shape[-1], white, batchnorm) for _ in range(2)
        )
        first_loss = F.cross_entropy(predict(model, test_images), test_labels).item()
        history = train(model, data, arguments, name)
        run = {"name": name, "history": history}
        run["fault"] = fault(history, first_loss, floor)
        runs.append(run)
        run["interrupted"] = len(history) < arguments.epochs and run["fault"] is None
        if history:
            reached = history[-1]["test_accuracy"]
            print(f"accuracy on the {len(test_images):,} held-out images: {reached:.2%}")
        if run["fault"] is None:
            run["weights"] = str(out / f"{arguments.data}-{name.replace(' ', '-')}.safetensors")
            save_and_check(model, fresh, test_images, run["weights"])
            print(f"weights, saved, loaded back and checked: {run['weights']}")
        else:
            print(f"it did not train, so it is not saved: {run['fault']}")
        if run["interrupted"]:
            print(f"interrupted after epoch {len(history)}")
            break

    picture = out / f"{arguments.data}-{arguments.model}.png"
    plot(runs, f"{arguments.data}, seed {arguments.seed}", picture)
    print(f"curves: {picture}")
    if arguments.json:
        settings = vars(arguments) | {"threads": minigrad.get_num_threads()}
        report = {"version": minigrad.__version__, "settings": settings, "runs": runs}
        Path(arguments.json).write_text(json.dumps(report, indent=2) + "\n")
    if runs[0]["fault"]:  # the first run counts: a comparison may show that others fail
        sys.exit(f"{runs[0]['name']} did not train: {runs[0]['fault']}")
    if runs[-1]["interrupted"]:
        sys.exit(130)  # as a shell has it for Ctrl-C


if __name__ == "__main__":
    main()
