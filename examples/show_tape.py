"""Write the tape of one training step of a CNN with batch norm to a web page, runs/tape.html.

    python examples/show_tape.py

Open the page in a browser, and step through it with the arrow keys.
"""

from pathlib import Path

import minigrad as mg
from minigrad import inspect, nn
from minigrad.utils.data.datasets import Digits

mg.manual_seed(0)
digits = Digits()
images, labels = zip(*(digits[i] for i in range(16)), strict=True)
images, labels = mg.stack(images), mg.tensor(labels)
model = nn.Sequential(
    nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 6 * 6, 10)
)


def loss():
    return nn.functional.cross_entropy(model(images), labels)


Path("runs").mkdir(exist_ok=True)
page = inspect.show(loss, "runs/tape.html", model=model, check=True, title="A CNN with batch norm")
print(f"wrote {page}")
