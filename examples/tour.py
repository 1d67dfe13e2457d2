"""minigrad in twenty lines: tensors, gradients, a module, a training loop.

python examples/tour.py
"""

import minigrad as mg
from minigrad import nn, optim

# Tensors record what is done with them, and backward() walks the record in reverse.
x = mg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
y = (x * x).sum()
y.backward()
print(x.grad)  # dy/dx = 2 x

# Modules hold parameters.  This one learns whether a point lies inside a circle.
mg.manual_seed(0)
points = mg.rand(1000, 2) * 2 - 1
inside = (points.square().sum(dim=1) < 0.5).long()
model = nn.Sequential(nn.Linear(2, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 2))
optimizer = optim.Adam(model.parameters(), lr=0.01)
for step in range(301):
    loss = nn.functional.cross_entropy(model(points), inside)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step:3}: loss {loss.item():.3f}")

model.eval()  # batch norm now uses the statistics it has gathered
with mg.no_grad():
    right = (model(points).argmax(dim=1) == inside).float().mean()
print(f"accuracy {right.item():.1%}")
