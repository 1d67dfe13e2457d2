"""A small CNN that tells pictures of four kinds apart, loaded by two workers."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
classes = ("plane", "car", "bird", "cat")


class Pictures(Dataset):
    def __init__(self, n, train=True):
        g = torch.Generator().manual_seed(1 if train else 2)
        self.labels = torch.randint(0, 4, (n,), generator=g)
        self.images = torch.randn(n, 3, 32, 32, generator=g) * 0.3
        for i, l in enumerate(self.labels):
            self.images[i, l % 3, :, (l.item() * 8) : (l.item() * 8 + 8)] += 1

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.images[i], self.labels[i].item()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 4)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
print(device)
trainloader = DataLoader(Pictures(80), batch_size=4, shuffle=True, num_workers=2)
testloader = DataLoader(Pictures(40, False), batch_size=4, shuffle=False, num_workers=2)
dataiter = iter(trainloader)
images, labels = next(dataiter)
print(" ".join(f"{classes[labels[j]]:5s}" for j in range(4)))
net = Net().to(device)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(net.parameters(), lr=0.001, momentum=0.9)
for epoch in range(2):
    running_loss = 0.0
    for i, data in enumerate(trainloader, 0):
        inputs, labels = data[0].to(device), data[1].to(device)
        optimizer.zero_grad()
        outputs = net(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
        if i % 20 == 19:
            print(f"[{epoch + 1}, {i + 1:5d}] loss: {running_loss / 20:.3f}")
            running_loss = 0.0
print("Finished Training")
PATH = "classifier.pth"
torch.save(net.state_dict(), PATH)
net = Net()
print(net.load_state_dict(torch.load(PATH, weights_only=True)))
correct_pred = dict.fromkeys(classes, 0)
total_pred = dict.fromkeys(classes, 0)
with torch.no_grad():
    for images, labels in testloader:
        _, predictions = torch.max(net(images), 1)
        for label, prediction in zip(labels, predictions):
            if label == prediction:
                correct_pred[classes[label]] += 1
            total_pred[classes[label]] += 1
for c, n in correct_pred.items():
    print(f"Accuracy for class: {c:5s} is {100 * float(n) / max(total_pred[c], 1):.1f} %")
print(net)
params = list(net.parameters())
print(len(params), params[0].size())
out = net(torch.randn(1, 3, 32, 32))
print(out)
net.zero_grad()
out.backward(torch.randn(1, 4))
target = torch.randn(4).view(1, -1)
loss = nn.MSELoss()(net(torch.randn(1, 3, 32, 32)), target)
print(loss)
print(
    loss.grad_fn.name(),
    loss.grad_fn.next_functions[0][0].name(),
    loss.grad_fn.next_functions[0][0].next_functions[0][0].name(),
)
net.zero_grad()
print(net.conv1.bias.grad)
loss.backward()
print(net.conv1.bias.grad)
for f in net.parameters():
    f.data.sub_(f.grad.data * 0.01)
print(net.state_dict().keys())
print(net.conv1.bias)
print(optimizer.state_dict()["param_groups"])
for p in optimizer.state_dict():
    print(p, "\t", type(optimizer.state_dict()[p]).__name__)
