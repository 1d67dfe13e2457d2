"""LeNet with batch norm on Fashion-MNIST: the program of a first lecture on convolutions.

    python examples/lenet.py                     # on digits, a few seconds
    python examples/lenet.py --root /usr/share/datasets/fashion-mnist --activation tanh

LeCun's network of 1998 reads 28 x 28 images through two convolutions, each followed by pooling, and
three linear layers.  Batch norm, younger by seventeen years, stands before each activation.  The
images are Fashion-MNIST's, read from --root; where they are not, the UCI digits that come with
minigrad, enlarged, take their place.

Only the import differs from a program for torch.
"""

import argparse
import sys

import minigrad as torch
import minigrad.nn.functional as F
from minigrad import nn
from minigrad.utils.data import DataLoader, TensorDataset
from minigrad.utils.data.datasets import Digits, FashionMNIST

try:
    from tqdm import tqdm
except ImportError:  # then there is no bar

    def tqdm(batches, **options):
        return batches


CLOTHES = "T-shirt trouser pullover dress coat sandal shirt sneaker bag boot".split()


class LeNet(nn.Module):
    def __init__(self, activation):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(1, 6, 5, padding=2), nn.BatchNorm2d(6)
        self.conv2, self.norm2 = nn.Conv2d(6, 16, 5), nn.BatchNorm2d(16)
        self.fc1, self.norm3 = nn.Linear(16 * 5 * 5, 120), nn.BatchNorm1d(120)
        self.fc2, self.norm4 = nn.Linear(120, 84), nn.BatchNorm1d(84)
        self.fc3 = nn.Linear(84, 10)
        self.activation = activation

    def forward(self, x):  # (N, 1, 28, 28)
        x = F.avg_pool2d(self.activation(self.norm1(self.conv1(x))), 2)  # (N, 6, 14, 14)
        x = F.avg_pool2d(self.activation(self.norm2(self.conv2(x))), 2)  # (N, 16, 5, 5)
        x = torch.flatten(x, 1)
        x = self.activation(self.norm3(self.fc1(x)))
        x = self.activation(self.norm4(self.fc2(x)))
        return self.fc3(x)


def fashion(root):
    """Return the names of the classes, and the sets to train and to test on."""
    parts = []
    for train in (True, False):
        part = FashionMNIST(root, train=train)
        parts.append(TensorDataset(part.data.unsqueeze(1).float() / part.white, part.targets))
    return CLOTHES, *parts


def enlarged_digits():
    """Return the same for the 8 x 8 digits, each pixel repeated until there are 28 x 28."""
    digits = Digits()
    nearest = torch.arange(28) * 8 // 28
    images = digits.data[:, nearest][:, :, nearest].unsqueeze(1).float() / digits.white
    order = torch.randperm(len(images))
    train, test = order[360:], order[:360]
    return (
        [str(n) for n in range(10)],
        TensorDataset(images[train], digits.targets[train]),
        TensorDataset(images[test], digits.targets[test]),
    )


def train_epoch(model, loader, optimizer, name):
    """Take one step a batch; return the mean loss."""
    model.train()
    total = 0.0
    for images, labels in tqdm(loader, desc=name, leave=False, disable=None):
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


@torch.no_grad()
def confusion(model, loader):
    """Count how often an image of class i is taken for class j."""
    model.eval()
    counts = torch.zeros(10, 10, dtype=torch.int64)
    for images, labels in loader:
        for true, said in zip(labels.tolist(), model(images).argmax(1).tolist(), strict=True):
            counts[true, said] += 1
    return counts


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--root", default="data", metavar="DIR",
        help="where Fashion-MNIST's files are (default: %(default)s)")  # fmt: skip
    add("--epochs", type=int, default=3, metavar="N", help="default: %(default)s")
    add("--batch-size", type=int, default=256, metavar="N", help="default: %(default)s")
    add("--lr", type=float, default=0.05, metavar="RATE", help="default: %(default)s")
    add("--activation", choices=["relu", "sigmoid", "tanh"], default="relu",
        help="default: %(default)s; the original had tanh")  # fmt: skip
    add("--seed", type=int, default=0, help="default: %(default)s")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    torch.manual_seed(arguments.seed)
    try:
        classes, train, test = fashion(arguments.root)
    except (OSError, RuntimeError) as error:
        print(f"{error}\nso it is the digits that come with minigrad")
        classes, train, test = enlarged_digits()
        arguments.batch_size = min(arguments.batch_size, 64)
    print(f"{len(train):,} images to train on, {len(test):,} held out")

    model = LeNet(getattr(torch, arguments.activation))
    loader = DataLoader(train, arguments.batch_size, shuffle=True, drop_last=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=arguments.lr, momentum=0.9)
    for epoch in range(1, arguments.epochs + 1):
        loss = train_epoch(model, loader, optimizer, f"epoch {epoch}")
        counts = confusion(model, DataLoader(test, 1000))
        accuracy = counts.diagonal().sum().item() / counts.sum().item()
        print(f"epoch {epoch}: loss {loss:.4f}, accuracy on the held-out images {accuracy:.2%}")

    counts.diagonal().zero_()  # what is right is no confusion
    worst = counts.argmax().item()
    print(
        f"most often taken for something else: {classes[worst // 10]} for {classes[worst % 10]}, "
        f"{counts.max().item()} times"
    )
    if accuracy < 0.5:
        sys.exit("it did not learn; try another --lr")


if __name__ == "__main__":
    main()
