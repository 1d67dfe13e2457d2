# %% [markdown]
# # 4. The backward pass of batch norm
#
# For one channel with the numbers x_1 ... x_N (all images and pixels of a batch), batch norm is
#
#     mean   = sum(x) / N
#     var    = sum((x - mean)^2) / N
#     invstd = 1 / sqrt(var + eps)
#     xhat   = (x - mean) * invstd
#     y      = xhat * weight + bias
#
# Every output depends on every input, because the mean and the variance do.  That is what makes
# the derivative a worthwhile exercise: x gets its gradient along three paths.

# %%
import time

import numpy as np

import minigrad as mg
from minigrad.nn import functional as F

EPS = 1e-5

# %% [markdown]
# ## On paper
#
# Let g = dL/dy be what arrives.  The two easy ones are sums, because weight and bias were
# broadcast (lesson 2):
#
#     dL/dweight = sum(g * xhat)             dL/dbias = sum(g)
#
# For x, begin with what arrives at xhat, which is h = g * weight.  From there:
#
# **Path 1, straight through x**, taking mean and variance for constants: xhat = (x - mean) *
# invstd, so
#
#     dx_1 = h * invstd
#
# **Path 2, through the variance.**  invstd = (var + eps)^(-1/2), so d invstd / d var =
# -invstd^3 / 2, and
#
#     dL/dvar = sum(h * (x - mean)) * (-invstd^3 / 2)
#     dvar/dx = 2 * (x - mean) / N
#     dx_2    = dL/dvar * dvar/dx = -invstd * xhat * sum(h * xhat) / N
#
# where the last step moved one factor invstd to each (x - mean), which makes both an xhat.
#
# **Path 3, through the mean.**  The mean appears in xhat and in the variance.  The latter
# contributes nothing: dvar/dmean = -2 * sum(x - mean) / N = 0.  So
#
#     dL/dmean = sum(h) * (-invstd)
#     dx_3     = dL/dmean / N = -invstd * sum(h) / N
#
# **Together**, with means instead of the sums over N:
#
#     dx = invstd * (h - mean(h) - xhat * mean(h * xhat))
#
# What batch norm takes away from the gradient is its mean and its part along xhat.  That is as it
# must be: adding a constant to x, or multiplying x by a positive constant (but for eps), does not
# change y, so the gradient has no part in those two directions.

# %% [markdown]
# ## In NumPy, path by path
#
# `x` is (N, C) or (N, C, H, W); everything but C is averaged over.


# %%
def axes_of(x):
    return tuple(i for i in range(x.ndim) if i != 1)


def per_channel(v, x):
    """Shape one number for each channel so that it broadcasts against ``x``."""
    return v.reshape(1, -1, *[1] * (x.ndim - 2))


def forward(x, weight, bias):
    axes = axes_of(x)
    mean = x.mean(axes, keepdims=True)
    invstd = 1 / np.sqrt(((x - mean) ** 2).mean(axes, keepdims=True) + EPS)
    return (x - mean) * invstd * per_channel(weight, x) + per_channel(bias, x), mean, invstd


def backward_by_paths(g, x, weight, mean, invstd):
    axes, n = axes_of(x), x.size // x.shape[1]
    centred = x - mean
    h = g * per_channel(weight, x)
    straight = h * invstd
    grad_var = (h * centred).sum(axes, keepdims=True) * -(invstd**3) / 2
    through_var = grad_var * 2 * centred / n
    grad_mean = (h * -invstd).sum(axes, keepdims=True)
    through_mean = np.broadcast_to(grad_mean / n, x.shape)
    return straight, through_var, through_mean


def backward(g, x, weight, mean, invstd):
    """The same, put together: the gradients of x, weight and bias."""
    axes, n = axes_of(x), x.size // x.shape[1]
    xhat = (x - mean) * invstd
    grad_weight, grad_bias = (g * xhat).sum(axes), g.sum(axes)
    inner = g - (per_channel(grad_bias, x) + xhat * per_channel(grad_weight, x)) / n
    return per_channel(weight, x) * invstd * inner, grad_weight, grad_bias


rng = np.random.default_rng(0)
x = rng.standard_normal((8, 3)) * 2 + 5
weight, bias = rng.standard_normal((2, 3))
g = rng.standard_normal((8, 3))
y, mean, invstd = forward(x, weight, bias)
straight, through_var, through_mean = backward_by_paths(g, x, weight, mean, invstd)
dx, dweight, dbias = backward(g, x, weight, mean, invstd)

print("channel 0, first four rows")
for name, path in {
    "straight through x": straight,
    "through the variance": through_var,
    "through the mean": through_mean,
    "sum of the three": straight + through_var + through_mean,
    "the formula": dx,
}.items():
    print(f"{name:22}", "".join(f"{v:+10.5f}" for v in path[:4, 0]))
np.testing.assert_allclose(straight + through_var + through_mean, dx, rtol=1e-12, atol=1e-14)

# %% [markdown]
# The two directions that are taken away, in numbers.  (Along xhat a little is left: eps in the
# variance makes batch norm not quite blind to the scale of x.)

# %%
xhat = (x - mean) * invstd
print(f"part along (1, ..., 1): {np.abs(straight.sum(0)).max():9.1e} before,", end=" ")
print(f"{np.abs(dx.sum(0)).max():.1e} after")
print(f"part along xhat:        {np.abs((straight * xhat).sum(0)).max():9.1e} before,", end=" ")
print(f"{np.abs((dx * xhat).sum(0)).max():.1e} after")
assert np.abs(dx.sum(0)).max() < 1e-14 and np.abs((dx * xhat).sum(0)).max() < 1e-4

# %% [markdown]
# ## Three judges: finite differences, the tape, the kernel
#
# The tape differentiates the five lines at the top as recorded operations; minigrad's
# `batch_norm` is a single operation with a kernel for each direction.


# %%
def composed(x, weight, bias):
    """Batch norm of small recorded operations."""
    dims, ones = axes_of(x), [1, -1] + [1] * (x.dim() - 2)
    mean = x.mean(dims, keepdim=True)
    var = (x - mean).square().mean(dims, keepdim=True)
    xhat = (x - mean) * (var + EPS).rsqrt()
    return xhat * weight.reshape(ones) + bias.reshape(ones)


def fused(x, weight, bias):
    return F.batch_norm(x, None, None, weight, bias, training=True, eps=EPS)


def differences(x, h=1e-6):
    """d L / d x with L = sum(g * y), moving one element at a time."""
    numeric = np.empty_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        up, down = (forward(x + s * step, weight, bias)[0] for s in (1, -1))
        numeric[i] = (g * (up - down)).sum() / (2 * h)
    return numeric


tensors = [mg.tensor(v, requires_grad=True) for v in (x, weight, bias)]
print("largest difference from the formula")
print(f"  finite differences     {np.abs(differences(x) - dx).max():.1e}")
assert np.abs(differences(x) - dx).max() < 1e-8
for name, function in ("the tape", composed), ("minigrad's kernel", fused):
    found = mg.autograd.grad(function(*tensors), tensors, mg.tensor(g))
    pairs = zip(found, (dx, dweight, dbias), strict=True)
    worst = max(np.abs(a.numpy() - b).max() for a, b in pairs)
    print(f"  {name:22} {worst:.1e}")
    assert worst < 1e-12

# %% [markdown]
# For a network of your own, `minigrad.inspect.show(loss, "tape.html")` writes a page in which
# each batch norm opens into the same parts and paths, with the numbers that it had.
#
# ## What each costs
#
# Images this time: 64 of them, 64 channels of 28 x 28, in float32.  "NumPy, path by path"
# computes the gradient of x alone; the other three compute the same one, and those of weight and
# bias.  The kernel (`batch_norm_backward` in `kernels/batch_norm.pyx`, and in plain NumPy
# `batch_norm_backward` in `kernels/reference/batch_norm.py`) reads a channel of x and g for its
# two sums, and again for the result while the cache still holds it.

# %%
shape = (64, 64, 28, 28)
x = (rng.standard_normal(shape, dtype=np.float32) * 2 + 5).astype(np.float32)
g = rng.standard_normal(shape, dtype=np.float32)
weight, bias = rng.standard_normal((2, shape[1])).astype(np.float32)
_, mean, invstd = forward(x, weight, bias)
tensors = [mg.from_numpy(v).requires_grad_() for v in (x, weight, bias)]
g_tensor = mg.from_numpy(g)


def timed(function, times=3):
    """Return the result and the shortest time of a few calls, in seconds."""
    best = np.inf
    for _ in range(times):
        start = time.perf_counter()
        result = function()
        best = min(best, time.perf_counter() - start)
    return result, best


def tape(function):
    """A function that runs the backward pass alone: the forward is recorded beforehand."""
    y = function(*tensors)
    return lambda: mg.autograd.grad(y, tensors, g_tensor, retain_graph=True)


results = {
    "NumPy, path by path": timed(lambda: sum(backward_by_paths(g, x, weight, mean, invstd)), 2),
    "NumPy, the formula": timed(lambda: backward(g, x, weight, mean, invstd)[0]),
    "the tape, small operations": timed(tape(composed)),
    "minigrad's kernel": timed(tape(fused), 10),
}
reference = results["NumPy, the formula"][0]
must_move = 3 * x.nbytes  # x and g are read, dx is written
print(f"backward at {shape}: {must_move / 1e6:.0f} MB must move")
print("                                 ms      GB/s    times the kernel's")
fastest = results["minigrad's kernel"][1]
for name, (result, seconds) in results.items():
    dx = result[0].numpy() if isinstance(result, tuple) else result
    assert np.abs(dx - reference).max() < 1e-5
    speed = must_move / seconds / 1e9
    print(f"{name:28} {seconds * 1e3:7.1f}   {speed:7.1f}    {seconds / fastest:7.1f}")
assert fastest < results["NumPy, the formula"][1]

# %% [markdown]
# ## A trap on the way: the variance in one pass
#
# var = mean(x^2) - mean(x)^2 is correct on paper and spares a pass over memory.  In float32 it
# subtracts two large numbers that agree in nearly all their digits.  With a mean of 1,000 and a
# standard deviation of 1 hardly one digit is left.  minigrad's kernel takes one pass as well, but
# about a centre guessed from the first numbers (`plane_moments` in `kernels/batch_norm_tiles.pyx`):

# %%
x = rng.standard_normal((10_000, 1), dtype=np.float32) + np.float32(1000)
exact = x.astype(np.float64).var()
square_of_mean = (x * x).mean(dtype=np.float32) - x.mean(dtype=np.float32) ** 2
running_var = mg.zeros(1)
F.batch_norm(mg.from_numpy(x), mg.zeros(1), running_var, training=True, momentum=1.0)
kernel = running_var.item() * (len(x) - 1) / len(x)  # what is kept is the unbiased variance
print(f"variance: {exact:.6f}   mean(x^2) - mean(x)^2: {square_of_mean:.6f}   kernel: {kernel:.6f}")
assert abs(kernel / exact - 1) < 1e-5 and abs(square_of_mean / exact - 1) > 1e-3
