# %% [markdown]
# # 2. How broadcasting is undone
#
# `x + b` adds a vector `b` of shape (3,) to every row of a matrix `x` of shape (2, 3).  The
# output has six elements and so has its gradient, but `b` has three.  What is the gradient of
# `b`?
#
# Each element of `b` was used in two places.  A value that is used twice gets the sum of what
# arrives from both.  So: **sum over whatever was repeated.**  The rest of this lesson makes that
# exact, and shows what broadcasting costs those who do not watch the shapes.

# %%
import numpy as np

import minigrad as mg

# %% [markdown]
# ## Forward: repeating without copying
#
# Shapes are compared from the right.  A dimension that is missing, or of size 1, is repeated as
# often as the other operand wants.  No memory is copied for that: the array gets a *stride* of
# zero bytes there, so that each step along the dimension leads to the same number again.

# %%
b = np.array([10.0, 20.0, 30.0])
repeated = np.broadcast_to(b, (2, 3))
print(repeated)
print("strides of b:", b.strides, "  of b repeated:", repeated.strides)
assert repeated.strides == (0, 8)

# %% [markdown]
# ## Backward: two sums
#
# Undoing it takes one line for each of the two ways in which a dimension is repeated.


# %%
def unbroadcast(g, shape):
    """Sum ``g``, the gradient of what ``shape`` was broadcast to, back to ``shape``."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))  # dimensions that were missing on the left
    ones = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return g.sum(axis=ones, keepdims=True)  # dimensions of size 1 that were repeated


# %% [markdown]
# minigrad has the same pair: `expand_to` in `ops/broadcast.pyx` and `sum_to` in
# `ops/broadcast.pyx`. Compare, for products `a * b` of many shapes.  The gradient of `a` is `g *
# b`, summed to the shape of `a`:

# %%
rng = np.random.default_rng(0)
cases = [
    ((2, 3), (3,)),  # a bias added to rows
    ((2, 3), (2, 1)),  # one number for each row
    ((2, 1), (1, 3)),  # an outer product: both are repeated
    ((4, 5), ()),  # a number
    ((8, 3, 4, 4), (1, 3, 1, 1)),  # one number for each channel of images
    ((5, 1, 3), (4, 1)),
    ((3, 1), (3, 1)),  # nothing to undo: size 1 against size 1
]
print("                                                      numbers summed into each element of")
print("shape of a        shape of b        shape of a * b            a         b")
for shape_a, shape_b in cases:
    a, b = rng.standard_normal(shape_a), rng.standard_normal(shape_b)
    g = rng.standard_normal(np.broadcast_shapes(shape_a, shape_b))
    grad_a, grad_b = unbroadcast(g * b, shape_a), unbroadcast(g * a, shape_b)
    print(f"{shape_a!s:18}{shape_b!s:18}{g.shape!s:18}{g.size // a.size:>9} {g.size // b.size:>9}")
    assert grad_a.shape == shape_a and grad_b.shape == shape_b

    ta, tb = (mg.tensor(v, requires_grad=True) for v in (a, b))
    (ta * tb).backward(mg.tensor(g))
    np.testing.assert_allclose(ta.grad.numpy(), grad_a, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(tb.grad.numpy(), grad_b, rtol=1e-12, atol=1e-12)

# %% [markdown]
# ## Why it is a sum: each is the transpose of the other
#
# Repeating is a linear map.  Written as a matrix `B` that acts on the flattened array, it has a
# single 1 in each row, which says which element is copied there.  The backward pass of a linear
# map is its transpose (that is what "vector-Jacobian product" says), and each row of
# `B`-transposed holds a 1 for each copy: it adds them up.

# %%
shape, larger = (2, 1), (2, 3)
n = int(np.prod(shape))
B = np.stack([np.broadcast_to(e.reshape(shape), larger).ravel() for e in np.eye(n)], axis=1)
print("B, which repeats (2, 1) to (2, 3):")
print(B.astype(int))
x, g = rng.standard_normal(shape), rng.standard_normal(larger)
np.testing.assert_allclose(B @ x.ravel(), np.broadcast_to(x, larger).ravel())
np.testing.assert_allclose(B.T @ g.ravel(), unbroadcast(g, shape).ravel())

# %% [markdown]
# It follows that the gradient of a *sum* is the other way round, a repetition.  That is why each
# of the two functions is the other's vjp, and why double backward needs no third one:

# %%
t = mg.tensor(x, requires_grad=True)
expanded, summed = t.expand(larger), t.sum_to_size((1, 1))
print("expand is recorded as", expanded.grad_fn.name(), "and goes back by a sum:")
print(mg.autograd.grad(expanded, t, mg.ones(larger, dtype=mg.float64))[0].tolist())
print("sum_to_size goes back by a repetition:")
print(mg.autograd.grad(summed, t, mg.full((1, 1), 7.0, dtype=mg.float64))[0].tolist())
assert mg.autograd.grad(t.expand(larger).sum(), t)[0].tolist() == [[3.0], [3.0]]

# %% [markdown]
# ## What broadcasting costs: a silent mistake
#
# Predictions of shape (N, 1), as `nn.Linear(1, 1)` returns them, less targets of shape (N,) are
# no error.  They are an N x N matrix: every prediction against every target.  The mean of its
# squares is least where each prediction is the mean of all targets, so the line comes out flat.

# %%
inputs = mg.linspace(-1, 1, 50).unsqueeze(1)
targets = 2 * inputs.squeeze(1) + 0.5  # the line to find: slope 2, height 0.5


def fit(difference):
    mg.manual_seed(0)
    line = mg.nn.Linear(1, 1)
    optimizer = mg.optim.SGD(line.parameters(), lr=0.3)
    for _ in range(200):
        optimizer.zero_grad()
        error = difference(line(inputs), targets)
        error.square().mean().backward()
        optimizer.step()
    return tuple(error.shape), line.weight.item(), line.bias.item()


for text, difference in {
    "line(x) - targets": lambda p, t: p - t,
    "line(x).squeeze(1) - targets": lambda p, t: p.squeeze(1) - t,
}.items():
    shape, slope, height = fit(difference)
    print(f"{text:30} has shape {shape!s:9} slope {slope:+.3f}, height {height:+.3f}")
    if shape == (50,):
        assert abs(slope - 2) < 1e-3 and abs(height - 0.5) < 1e-3
    else:
        assert abs(slope) < 1e-3 and abs(height - 0.5) < 1e-3

# %% [markdown]
# The gradient of the flat line is correct: it is the gradient of another loss.  No check of
# gradients finds such a mistake; a look at the shapes does.
