"""A network, a loop of training and its evaluation."""

from collections.abc import Iterable
from typing import assert_type

import minigrad as torch
import minigrad.nn.functional as F
from minigrad import Tensor, nn, optim
from minigrad.utils.data import DataLoader, TensorDataset


class Network(nn.Module):
    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, channels, kernel_size=3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.head = nn.Sequential(nn.Flatten(), nn.LazyLinear(64), nn.ReLU(), nn.Dropout(0.1))
        self.out = nn.Linear(64, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.norm(self.conv(x))), 2)
        y: Tensor = self.out(self.head(x))
        return y


def train(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], lr: float) -> float:
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    model.train()
    total, seen = 0.0, 0
    for images, labels in batches:
        optimizer.zero_grad(set_to_none=True)
        loss: Tensor = criterion(model(images), labels)
        loss.backward()
        assert_type(nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0), Tensor)
        optimizer.step()
        total += loss.item() * len(images)
        seen += images.size(0)
    return total / seen


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    model.eval()
    predicted = model(images).argmax(dim=1)
    return float((predicted == labels).float().mean())


torch.manual_seed(0)
images, labels = torch.randn(32, 1, 8, 8), torch.randint(0, 10, (32,))
assert_type(images, Tensor)
assert_type(images.shape, torch.Size)
assert_type(images.shape[0], int)
assert_type(images.shape[2:], torch.Size)
assert_type(images.mean((0, 2, 3), keepdim=True), Tensor)
model = Network(4, 10)
assert_type(model.conv.in_channels, int)
assert_type(model.head[1], nn.Module)
assert_type(model.head[1:], nn.Sequential)
loader = DataLoader(TensorDataset(images, labels), batch_size=8, shuffle=True)
assert_type(train(model, loader, lr=0.1), float)
assert_type(accuracy(model, images, labels), float)
nn.Linear("10", 2)  # type: ignore[arg-type]
optim.SGD(0.1)  # type: ignore[arg-type]
images.no_such_method()  # type: ignore[attr-defined]
F.relu(images, in_place=True)  # type: ignore[call-arg]
