"""A small ResNet, trained; then its last layer alone."""

import copy

import torch
import torch.nn as nn
import torch.optim as optim
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, Subset, TensorDataset

torch.manual_seed(0)


class Block(nn.Module):
    expansion = 1

    def __init__(self, i, o, stride=1, downsample=None):
        super().__init__()
        self.conv1 = nn.Conv2d(i, o, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(o)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(o)
        self.downsample = downsample

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self, layers=(1, 1), num_classes=10):
        super().__init__()
        self.inplanes = 8
        self.conv1 = nn.Conv2d(3, 8, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = self._make(8, layers[0])
        self.layer2 = self._make(16, layers[1], 2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(16, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)

    def _make(self, planes, blocks, stride=1):
        down = None
        if stride != 1:
            down = nn.Sequential(
                nn.Conv2d(self.inplanes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes)
            )
        layers = [Block(self.inplanes, planes, stride, down)]
        self.inplanes = planes
        return nn.Sequential(*layers)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.fc(torch.flatten(self.avgpool(self.layer2(self.layer1(x))), 1))


x = torch.randn(96, 3, 32, 32)
y = (x[:, 0].mean((1, 2)) > 0).long()
x[y == 1] += 0.3
ds = {
    "train": Subset(TensorDataset(x, y), range(64)),
    "val": Subset(TensorDataset(x, y), list(range(64, 96))),
}
loaders = {k: DataLoader(ds[k], batch_size=8, shuffle=k == "train", num_workers=2) for k in ds}
sizes = {k: len(ds[k]) for k in ds}


def train_model(model, criterion, optimizer, scheduler, num_epochs=3):
    best = copy.deepcopy(model.state_dict())
    best_acc = 0.0
    for epoch in range(num_epochs):
        print(f"Epoch {epoch}/{num_epochs - 1}")
        print("-" * 10)
        for phase in ["train", "val"]:
            model.train() if phase == "train" else model.eval()
            running_loss = 0.0
            running_corrects = 0
            for inputs, labels in loaders[phase]:
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    outputs = model(inputs)
                    _, preds = torch.max(outputs, 1)
                    loss = criterion(outputs, labels)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                running_loss += loss.item() * inputs.size(0)
                running_corrects += torch.sum(preds == labels.data)
            if phase == "train":
                scheduler.step()
            epoch_loss = running_loss / sizes[phase]
            epoch_acc = running_corrects.double() / sizes[phase]
            print(f"{phase} Loss: {epoch_loss:.4f} Acc: {epoch_acc:.4f}")
            if phase == "val" and epoch_acc > best_acc:
                best_acc = epoch_acc
                best = copy.deepcopy(model.state_dict())
        print()
    print(f"Best val Acc: {best_acc:4f}")
    model.load_state_dict(best)
    return model


model = ResNet()
num_ftrs = model.fc.in_features
model.fc = nn.Linear(num_ftrs, 2)
opt = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
model = train_model(
    model, nn.CrossEntropyLoss(), opt, lr_scheduler.StepLR(opt, step_size=2, gamma=0.1)
)
frozen = copy.deepcopy(model)
for p in frozen.parameters():
    p.requires_grad = False
frozen.fc = nn.Linear(frozen.fc.in_features, 2)
opt = optim.SGD(frozen.fc.parameters(), lr=0.1, momentum=0.9)
print([n for n, p in frozen.named_parameters() if p.requires_grad])
train_model(frozen, nn.CrossEntropyLoss(), opt, lr_scheduler.ExponentialLR(opt, 0.9), 2)
print(
    frozen.conv1.weight.grad,
    torch.equal(frozen.conv1.weight, model.conv1.weight),
    frozen,
)
frozen.requires_grad_(True)
print(
    all(p.requires_grad for p in frozen.parameters()),
    sum(p.numel() for p in filter(lambda p: p.requires_grad, frozen.parameters())),
)
for i, child in enumerate(model.children()):
    print(i, type(child).__name__)
backbone = nn.Sequential(*list(model.children())[:-1])
print(backbone(x[:2]).shape)
feats = {}
h = model.layer1.register_forward_hook(lambda m, i, o: feats.update(layer1=o.detach()))
model(x[:1])
h.remove()
print(feats["layer1"].shape, feats["layer1"].mean())
h = model.fc.register_full_backward_hook(
    lambda m, gi, go: print("bw", [None if g is None else g.shape for g in gi], go[0].shape)
)
model(x[:2]).sum().backward()
h.remove()
h = model.register_forward_pre_hook(lambda m, a: print("pre", a[0].shape))
model(x[:2])
h.remove()
