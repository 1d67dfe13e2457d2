# %% [markdown]
# # 8. Differentiating a gradient
#
# The backward pass is made of operations like any others: products, sums, a `relu` that lets
# the gradient through where it let the input through.  With `create_graph=True` they are recorded
# while they run, and what comes out has a `grad_fn` of its own.  Then a loss may contain a
# gradient.

# %%
import math

import minigrad as mg
from minigrad import nn, optim

# %% [markdown]
# ## First, second, third
#
# For x^3 they are 3 x^2, 6 x and 6.

# %%
x = mg.tensor(2.0, requires_grad=True)
value, derivatives = x**3, []
for _ in range(3):
    (value,) = mg.autograd.grad(value, x, create_graph=True)
    derivatives.append(value.item())
print("x^3 at 2 and its derivatives:", (x**3).item(), *derivatives)
assert derivatives == [12.0, 12.0, 6.0]

# %% [markdown]
# Without `create_graph` the gradient is a plain number, a constant.  A loss that contains it runs
# without complaint, and the part of its gradient that should come through it is missing:

# %%
for create_graph in (True, False):
    x = mg.tensor(2.0, requires_grad=True)
    (slope,) = mg.autograd.grad(x**3, x, create_graph=create_graph)
    loss = x + slope**2  # its derivative: 1 + 2 * slope * 6 x = 1 + 2 * 12 * 12 = 289
    loss.backward()
    print(f"create_graph={create_graph!s:5}  d/dx of x + (3 x^2)^2 = {x.grad.item():.0f}")
    assert x.grad.item() == (289.0 if create_graph else 1.0)

# %% [markdown]
# ## Curvature without a matrix
#
# A network with n parameters has a Hessian of n x n numbers.  Its product with one vector v takes
# a second backward pass: H v is the gradient of (gradient . v).  Checked here against the matrix
# itself, which for a small function can be had:

# %%
mg.manual_seed(0)
A = mg.randn(6, 6, dtype=mg.float64)


def f(x):
    return (x @ A @ x / 10).tanh() + x.exp().sum()


x, v = mg.randn(2, 6, dtype=mg.float64)
x.requires_grad_()
(gradient,) = mg.autograd.grad(f(x), x, create_graph=True)
(product,) = mg.autograd.grad((gradient * v).sum(), x)
hessian = mg.autograd.functional.hessian(f, x.detach())
error = (product - hessian @ v).abs().max().item()
print(f"H v by a second backward against the matrix: {error:.1e}")
assert mg.allclose(product, hessian @ v)

# %% [markdown]
# ## A gradient penalty
#
# How far apart are two heaps of sand?  The Wasserstein distance is the least work (mass times
# distance) that moves one onto the other.  It can also be had from a function, the *critic*:
#
#     distance = the largest mean(critic(a)) - mean(critic(b))  over critics of slope at most 1
#
# Gulrajani et al. (2017) train a network for the critic and hold its slope with a penalty,
# mean((|d critic / d x| - 1)^2), taken at points between the two.  That is a loss which contains
# a gradient.  We take two heaps for which the answer is known: two normal distributions of
# standard deviation 1 in the plane, shifted by (3, 4).  All sand moves by the same vector, so the
# distance is its length, 5.

# %%
SHIFT = mg.tensor([3.0, 4.0])


def samples(n=256):
    """Draw from both distributions."""
    return mg.randn(n, 2) + SHIFT, mg.randn(n, 2)


def slopes(critic, x, create_graph=True):
    """Return the length of the gradient of the critic at each point of ``x``."""
    x = x.detach().requires_grad_()
    (gradient,) = mg.autograd.grad(critic(x).sum(), x, create_graph=create_graph)
    return gradient.norm(dim=1)


def train_critic(weight, steps=400):
    """Train a critic; return the distance it finds and its mean slope between the heaps."""
    mg.manual_seed(0)
    critic = nn.Sequential(
        *(nn.Linear(2, 32), nn.Softplus()),
        *(nn.Linear(32, 32), nn.Softplus()),
        nn.Linear(32, 1),
    )
    optimizer = optim.Adam(critic.parameters(), lr=5e-3)
    for _ in range(steps):
        a, b = samples()
        loss = critic(b).mean() - critic(a).mean()  # the distance, with its sign turned
        if weight:
            between = b + mg.rand(len(a), 1) * (a - b)
            loss = loss + weight * (slopes(critic, between) - 1).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    a, b = samples(10_000)
    with mg.no_grad():
        distance = (critic(a).mean() - critic(b).mean()).item()
    slope = slopes(critic, b + mg.rand(len(a), 1) * (a - b), create_graph=False).mean().item()
    return distance, slope


# %% [markdown]
# The penalty is soft.  A critic of slope s gains d s for the distance d and pays w (s - 1)^2; the
# best slope is 1 + d / 2w, a little more than 1.  So the number comes out too large by that
# factor, and dividing by the slope puts it right:

# %%
print("weight    distance       slope    1 + d / 2w    distance / slope")
for weight in (0, 10, 100):
    distance, slope = train_critic(weight)
    print(f"{weight:6}{distance:12,.2f}{slope:12,.3f}", end="")
    print(f"{1 + 5 / (2 * weight):14.3f}{distance / slope:20.2f}" if weight else "")
    if weight:
        assert abs(slope - (1 + 5 / (2 * weight))) < 0.05
        assert abs(distance / slope - math.hypot(3, 4)) < 0.25
    else:
        assert distance > 50 and slope > 10

# %% [markdown]
# Without the penalty the critic grows steeper for as long as one lets it, and its number means
# nothing.
#
# ## What it takes
#
# Each vjp in minigrad is written in recorded operations, for this purpose: compare `tanh_vjp` in
# `ops/math.pyx`, which has one form for the tape and a quicker one, a single kernel, for when
# nobody records.  Operations with a kernel for their gradient, such as batch norm, switch in the
# same way (`composed_vjp` in `ops/norm.pyx`).  A second backward therefore costs more than the
# first; how much more, one can count by the operations on the tape:

# %%


def tape_length(out):
    """Count the operations that ``out`` was recorded from."""
    found, waiting = set(), [out.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found.add(node)
            waiting += [before for before, _ in node.next_functions]
    return sum(not hasattr(node, "variable") for node in found)


x = mg.randn(16, 2, requires_grad=True)
critic = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Softplus(), nn.Linear(8, 1))
once = critic(x).sum()
(gradient,) = mg.autograd.grad(once, x, create_graph=True)
twice = gradient.square().sum()
short, long = tape_length(once), tape_length(twice)
print(f"operations on the tape: {short} for the critic, {long} with its gradient")
assert long > 2 * short
