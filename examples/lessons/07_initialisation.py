# %% [markdown]
# # 7. Initialisation, and units that die
#
# A deep network multiplies: thirty layers that each halve what passes through leave a billionth
# of it, forward and backward alike.  The weights at the start decide the factor.  And a unit that
# starts, or falls, where its activation is flat gets no gradient and stays there.

# %%
import math

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F
from minigrad.utils.data.datasets import Digits

WIDTH, DEPTH = 256, 30

# %% [markdown]
# ## The factor of a layer
#
# A unit computes z = w_1 x_1 + ... + w_n x_n.  With independent weights of mean 0 and variance v,
#
#     E[z^2] = n * v * E[x^2]
#
# so v = 1 / n keeps the size of what passes.  A ReLU sets half of the z to zero, which halves the
# mean square, so there it takes v = 2 / n (He et al., 2015).  For tanh, which is nearly the
# identity around 0, it is 1 / n (LeCun et al., 1998; Glorot and Bengio, 2010, average over both
# directions).
#
# Measured, over thirty layers of 256 units: the size (root of the mean square) of what comes out
# of layers 1, 10 and 30, and of the gradient that arrives at the first layer's weights.


# %%
def sizes(activation, std):
    """Return the size of the outputs of layers 1, 10 and 30, and of the first weights' gradient."""
    mg.manual_seed(0)
    weights = [(mg.randn(WIDTH, WIDTH) * std).requires_grad_() for _ in range(DEPTH)]
    x, found = mg.randn(128, WIDTH), []
    for layer, w in enumerate(weights, 1):
        x = activation(x @ w)
        if layer in (1, 10, 30):
            found.append(x.detach().square().mean().sqrt().item())
    (x * mg.randn(128, WIDTH)).sum().backward()
    return [*found, weights[0].grad.square().mean().sqrt().item()]


print("                      std     layer 1    layer 10    layer 30    gradient at layer 1")
for name, activation, choices in (
    ("relu", mg.relu, {"too small": 0.02, "1 / n": 1 / WIDTH**0.5, "2 / n": (2 / WIDTH) ** 0.5}),
    ("tanh", mg.tanh, {"too small": 0.02, "1 / n": 1 / WIDTH**0.5, "too large": 0.5}),
):
    for label, std in choices.items():
        *out, gradient = sizes(activation, std)
        row = "".join(f"{v:12.1e}" for v in out)
        print(f"{name}, {label:10}{std:9.4f}{row}{gradient:15.1e}")
        if label == "2 / n":
            assert 0.2 < out[2] / out[0] < 5
        if label == "too small":
            assert out[2] < 1e-9 and gradient < 1e-8
        if name == "relu" and label == "1 / n":
            assert math.isclose(out[2] / out[0], 2 ** (-29 / 2), rel_tol=2)

# %% [markdown]
# With tanh and large weights nothing explodes forward, since tanh is at most 1.  But nearly every
# unit is *saturated*, out where tanh is flat, and lets no gradient through; the few others
# multiply it by the large weights, and over thirty layers that wins.
#
# `nn.init` has these rules under torch's names.  What the layers do by default is another one,
# `kaiming_uniform_` with a=sqrt(5), which for a Linear layer is a variance of 1 / (3 n):

# %%
layer = nn.Linear(WIDTH, WIDTH)
he = nn.init.kaiming_normal_(mg.empty(WIDTH, WIDTH), nonlinearity="relu")
glorot = nn.init.xavier_normal_(mg.empty(WIDTH, WIDTH))
for name, weight, factor in (
    ("nn.Linear's default", layer.weight, 1 / 3),
    ("kaiming_normal_", he, 2),
    ("xavier_normal_", glorot, 1),
):
    measured = weight.detach().square().mean().item() * WIDTH
    print(f"n * variance of {name:20} {measured:.3f}   expected {factor:.3f}")
    assert abs(measured / factor - 1) < 0.05

# %% [markdown]
# ## Equal weights stay equal
#
# Two units of a layer that start with the same weights get the same gradient, for ever.  A layer
# that starts constant is one unit, however wide it is: its outputs have rank 1.

# %%
digits = Digits()
images, labels = digits.data.flatten(1).float() / digits.white, digits.targets


def train(model, lr, epochs=3, optimizer=optim.SGD):
    """Train on the digits; return the share that the model gets right afterwards."""
    steps = optimizer(model.parameters(), lr=lr)
    model.train()
    for _ in range(epochs):
        for batch in mg.randperm(len(images)).split(64):
            steps.zero_grad()
            F.cross_entropy(model(images[batch]), labels[batch]).backward()
            steps.step()
    model.eval()
    with mg.no_grad():
        return (model(images).argmax(1) == labels).float().mean().item()


for start in "random", "constant":
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 50), nn.Tanh(), nn.Linear(50, 10))
    if start == "constant":
        for parameter in model.parameters():
            nn.init.constant_(parameter, 0.01)
    reached = train(model, lr=0.3, epochs=8)
    rank = mg.linalg.matrix_rank(model[0].weight.detach(), rtol=1e-4).item()
    print(f"{start:9} start: rank of 50 units' weights {rank:2}, accuracy {reached:.1%}")
    assert (rank == 1) == (start == "constant")
    assert reached > 0.9 if start == "random" else reached < 0.4

# %% [markdown]
# ## Dead units
#
# A ReLU whose input is negative for every image gives 0 for every image, and the gradient of its
# weights is exactly 0: no step of its own can bring it back, only a change of what the layers
# below send it.  To see it plainly, begin with all biases of the first layer at -2.  A leaky ReLU
# has a slope of 0.1 where the ReLU has none; batch norm takes away the mean, and with it whatever
# bias stood before.


# %%
def dead_units(model):
    """Return the share of units behind activations that are not above 0 for any image."""
    x, dead, units = images, 0, 0
    with mg.no_grad():
        for layer in model:
            x = layer(x)
            if isinstance(layer, (nn.ReLU, nn.LeakyReLU)):
                dead += (x <= 0).all(dim=0).sum().item()
                units += x.shape[1]
    return dead / units


def network(activation, norm):
    mg.manual_seed(0)
    layers = []
    for before in (64, 100):
        layers += [nn.Linear(before, 100), *([nn.BatchNorm1d(100)] if norm else []), activation()]
    return nn.Sequential(*layers, nn.Linear(100, 10))


print("biases of -2:     off at the start    first gradient    off at the end    accuracy")
for name, activation, norm in (
    ("ReLU", nn.ReLU, False),
    ("LeakyReLU(0.1)", lambda: nn.LeakyReLU(0.1), False),
    ("ReLU, batch norm", nn.ReLU, True),
):
    model = network(activation, norm)
    nn.init.constant_(model[0].bias, -2.0)
    before = dead_units(model[: 3 if norm else 2])
    F.cross_entropy(model(images), labels).backward()
    gradient = model[0].weight.grad.norm().item()
    model.zero_grad()
    reached = train(model, lr=0.01, epochs=12, optimizer=optim.Adam)
    model.train()
    end = dead_units(model[: 3 if norm else 2])
    print(f"{name:18}{before:16.0%}{gradient:18.1e}{end:18.0%}{reached:12.1%}")
    if name == "ReLU":
        assert before == end == 1.0 and gradient == 0.0 and reached < 0.2
    else:
        assert gradient > 0 and end < 0.2 and reached > 0.9

# %% [markdown]
# In practice units die in training: a step that is too long throws their weights to where no
# image reaches them.  Ten steps with a learning rate of 3, then training goes on with a sensible
# one.  With batch norm a long step changes the length of the weights, which makes no difference
# to it:

# %%
print("                  off at the start    after the long steps    at the end    accuracy")
for name, norm in ("ReLU", False), ("ReLU, batch norm", True):
    model = network(nn.ReLU, norm)
    shares = [dead_units(model)]
    long_steps = optim.SGD(model.parameters(), lr=3.0)
    for batch in mg.randperm(len(images)).split(64)[:10]:
        long_steps.zero_grad()
        F.cross_entropy(model(images[batch]), labels[batch]).backward()
        long_steps.step()
    shares.append(dead_units(model))
    reached = train(model, lr=0.1, epochs=5)
    model.train()
    shares.append(dead_units(model))
    print(f"{name:18}{shares[0]:16.0%}{shares[1]:24.0%}{shares[2]:14.0%}{reached:12.1%}")
