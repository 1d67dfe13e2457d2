"""Datasets, a model, its training, saving and loading."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
device = torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"
print(f"Using {device} device")


class Clothes(Dataset):
    def __init__(self, n, seed, transform=None, target_transform=None):
        g = torch.Generator()
        g.manual_seed(seed)
        self.x = torch.rand(n, 1, 28, 28, generator=g)
        self.y = (self.x[:, 0, :14].mean((1, 2)) * 200 - 95).clamp(0, 9).long()
        self.transform = transform
        self.target_transform = target_transform

    def __len__(self):
        return len(self.y)

    def __getitem__(self, idx):
        image, label = self.x[idx], int(self.y[idx])
        if self.transform:
            image = self.transform(image)
        if self.target_transform:
            label = self.target_transform(label)
        return image, label


train, test = Clothes(512, 1), Clothes(128, 2)
train_dataloader = DataLoader(train, batch_size=64, shuffle=True)
test_dataloader = DataLoader(test, batch_size=64)
for X, y in test_dataloader:
    print(f"Shape of X [N, C, H, W]: {X.shape}")
    print(f"Shape of y: {y.shape} {y.dtype}")
    break
train_features, train_labels = next(iter(train_dataloader))
print(f"Feature batch shape: {train_features.size()}", train_labels)
one = Clothes(
    3,
    3,
    target_transform=lambda y: torch.zeros(10, dtype=torch.float).scatter_(
        dim=0, index=torch.tensor(y), value=1
    ),
)
print(one[0][1])


class NeuralNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(28 * 28, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)
        )

    def forward(self, x):
        return self.linear_relu_stack(self.flatten(x))


model = NeuralNetwork().to(device)
print(model)
print(f"Model structure: {model}\n\n")
for name, param in model.named_parameters():
    print(
        f"Layer: {name} | Size: {param.size()} | Values: {param[:2, :8] if param.dim() > 1 else param[:2]} \n"
    )
X = torch.rand(1, 28, 28, device=device)
logits = model(X)
pred_probab = nn.Softmax(dim=1)(logits)
print(f"Predicted class: {pred_probab.argmax(1)}", pred_probab)
hidden1 = nn.Linear(in_features=28 * 28, out_features=20)(torch.rand(3, 28 * 28))
print(f"Before ReLU: {hidden1}\n\n")
hidden1 = nn.ReLU()(hidden1)
print(f"After ReLU: {hidden1}")
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-1)


def train_loop(dataloader, model, loss_fn, optimizer):
    size = len(dataloader.dataset)
    model.train()
    for batch, (X, y) in enumerate(dataloader):
        pred = model(X)
        loss = loss_fn(pred, y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if batch % 4 == 0:
            loss, current = loss.item(), batch * 64 + len(X)
            print(f"loss: {loss:>7f}  [{current:>5d}/{size:>5d}]")


def test_loop(dataloader, model, loss_fn):
    model.eval()
    size = len(dataloader.dataset)
    num_batches = len(dataloader)
    test_loss, correct = 0, 0
    with torch.no_grad():
        for X, y in dataloader:
            pred = model(X)
            test_loss += loss_fn(pred, y).item()
            correct += (pred.argmax(1) == y).type(torch.float).sum().item()
    test_loss /= num_batches
    correct /= size
    print(f"Test Error: \n Accuracy: {(100 * correct):>0.1f}%, Avg loss: {test_loss:>8f} \n")


for t in range(3):
    print(f"Epoch {t + 1}\n-------------------------------")
    train_loop(train_dataloader, model, loss_fn, optimizer)
    test_loop(test_dataloader, model, loss_fn)
torch.save(model.state_dict(), "model.pth")
model = NeuralNetwork()
print(model.load_state_dict(torch.load("model.pth", weights_only=True)))
torch.save(
    {
        "epoch": 3,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "loss": 0.4,
    },
    "ckpt.tar",
)
c = torch.load("ckpt.tar")
print(c["epoch"], c["loss"], list(c), optimizer.load_state_dict(c["optimizer_state_dict"]))
model.load_state_dict(c["model_state_dict"])
model.eval()
torch.save(torch.arange(3), "t.pt")
print(torch.load("t.pt", map_location="cpu"), torch.load("t.pt", map_location=torch.device("cpu")))
torch.save([torch.ones(2), {"a": 1, "b": [1, "x", None, (2, 3.5)]}], "l.pt")
print(torch.load("l.pt"))
with torch.no_grad():
    pred = model(test[0][0])
    print(pred[0].argmax(0).item(), test[0][1])
try:
    model.load_state_dict({"x": torch.ones(1)})
except RuntimeError as e:
    print(e)
sd = model.state_dict()
sd["linear_relu_stack.0.weight"] = torch.ones(2, 2)
try:
    model.load_state_dict(sd)
except RuntimeError as e:
    print(e)
print(
    model.load_state_dict(
        {"linear_relu_stack.0.bias": torch.zeros(64), "y": torch.ones(1)}, strict=False
    )
)
