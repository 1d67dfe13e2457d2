# %% [markdown]
# # 3. An operation of your own, and how to check its gradient
#
# The length of a vector (x, y) is sqrt(x^2 + y^2).  Composed of minigrad's operations it has a
# gradient already, but a fragile one: the squares overflow long before the length does.  So we
# write it as one operation with a gradient of its own, and then do what everybody should do with
# a gradient of their own: try to prove it wrong.

# %%
import minigrad as mg
from minigrad.autograd import Function, gradcheck, gradgradcheck
from minigrad.autograd.gradcheck import GradcheckError


def composed(x, y):
    return (x * x + y * y).sqrt()


x = mg.tensor([3.0, 3e200], dtype=mg.float64, requires_grad=True)
y = mg.tensor([4.0, 4e200], dtype=mg.float64, requires_grad=True)
length = composed(x, y)
length.sum().backward()
print("composed:", length.tolist(), "  d/dx:", x.grad.tolist())
assert length.tolist() == [5.0, float("inf")] and x.grad.tolist()[1] == 0.0  # wrong: it is 0.6

# %% [markdown]
# ## Forward and backward
#
# With r = sqrt(x^2 + y^2), the derivatives are dr/dx = x / r and dr/dy = y / r.  `forward` may
# use anything, since nothing in it is recorded; it hands over to `backward` what that needs
# through `save_for_backward`.  `backward` gets the gradient of the output and returns one
# gradient for each input.  It is written in tensor operations, so that it can be differentiated
# again.


# %%
class Length(Function):
    @staticmethod
    def forward(ctx, x, y):
        largest = mg.maximum(x.abs(), y.abs())
        r = largest * ((x / largest) ** 2 + (y / largest) ** 2).sqrt()
        ctx.save_for_backward(x, y, r)
        return r

    @staticmethod
    def backward(ctx, grad):
        x, y, r = ctx.saved_tensors
        return grad * (x / r), grad * (y / r)


x.grad = None
length = Length.apply(x, y)
length.sum().backward()
print("Length:  ", length.tolist(), "  d/dx:", x.grad.tolist(), "  node:", length.grad_fn.name())
assert mg.allclose(x.grad, mg.tensor([0.6, 0.6], dtype=mg.float64))

# %% [markdown]
# ## The check
#
# `gradcheck` moves every input by a small step to both sides and compares the change of every
# output with the gradient; `gradgradcheck` does that with the gradient itself.  (At the origin
# there is no derivative, and this forward divides by zero; `minigrad.hypot`, the same operation
# with more care, does not.)

# %%
mg.manual_seed(0)
x, y = (mg.randn(5, dtype=mg.float64, requires_grad=True) for _ in range(2))
print("gradcheck:    ", gradcheck(Length.apply, (x, y)))
print("gradgradcheck:", gradgradcheck(Length.apply, (x, y)))
assert mg.allclose(Length.apply(x, y), mg.hypot(x, y))

# %% [markdown]
# ## Three planted mistakes
#
# A check is worth what it finds.  The first mistake is the most common one: the gradient that
# arrives is forgotten.  Under `.sum().backward()` it is all ones, so the usual quick look sees
# nothing:


# %%
class ForgetsGrad(Length):
    @staticmethod
    def backward(ctx, grad):
        x, y, r = ctx.saved_tensors
        return x / r, y / r


def complaint(check, function):
    """Return the first line of what a check says, up to the numbers it found."""
    try:
        check(function, (x, y))
    except GradcheckError as error:
        return str(error).partition("\n")[0]
    raise AssertionError(f"{check.__name__} found nothing wrong")


def same_under_sum(function):
    right, found = (mg.autograd.grad(f(x, y).sum(), (x, y)) for f in (Length.apply, function))
    return all(mg.allclose(a, b) for a, b in zip(right, found, strict=True))


print("looks right under .sum().backward():", same_under_sum(ForgetsGrad.apply))
print(complaint(gradcheck, ForgetsGrad.apply))
assert same_under_sum(ForgetsGrad.apply)

# %% [markdown]
# The second is a slip of the pen, a gradient that belongs to the other input.  The message says
# which input, which element, and both numbers:


# %%
class Swapped(Length):
    @staticmethod
    def backward(ctx, grad):
        x, y, r = ctx.saved_tensors
        return grad * (y / r), grad * (x / r)


print(complaint(gradcheck, Swapped.apply))

# %% [markdown]
# The third is invisible to `gradcheck`, because every gradient is right.  `forward` computes the
# two quotients and saves them, which spares `backward` the divisions.  But nothing in `forward`
# is recorded, so the tape does not know that the quotients depend on x and y: the *second*
# derivative comes out as if they were constants.  (Inputs and outputs may be saved: the tape
# knows those.)


# %%
class Shortcut(Function):
    @staticmethod
    def forward(ctx, x, y):
        r = mg.hypot(x, y)
        ctx.save_for_backward(x / r, y / r)
        return r

    @staticmethod
    def backward(ctx, grad):
        along_x, along_y = ctx.saved_tensors
        return grad * along_x, grad * along_y


print("gradcheck:    ", gradcheck(Shortcut.apply, (x, y)))
print("gradgradcheck:", complaint(gradgradcheck, Shortcut.apply))

# %% [markdown]
# ## Why checks are done in float64, and with which step
#
# The difference quotient (f(x + h) - f(x - h)) / 2h is wrong in two ways.  Cutting off the Taylor
# series leaves an error of about h^2, which asks for a small step.  Rounding leaves an error of
# about eps / h, which asks for a large one.  They meet near the cube root of eps: 6e-6 in
# float64, and 5e-3 in float32, where what is left is an error in the fifth digit or worse.

# %%
print("step        error in float64    error in float32")
errors = {}
for exponent in range(1, 9):
    h = 10.0**-exponent
    for dtype in (mg.float64, mg.float32):
        x1, y1 = mg.tensor(0.6, dtype=dtype), mg.tensor(-1.1, dtype=dtype)
        numeric = (mg.hypot(x1 + h, y1) - mg.hypot(x1 - h, y1)).item() / (2 * h)
        exact = 0.6 / (0.6**2 + 1.1**2) ** 0.5
        errors[dtype, exponent] = abs(numeric - exact)
    print(f"1e-{exponent}{errors[mg.float64, exponent]:20.0e}{errors[mg.float32, exponent]:20.0e}")
best = {d: min(range(1, 9), key=lambda e, d=d: errors[d, e]) for d in (mg.float64, mg.float32)}
assert best[mg.float64] in (5, 6) and best[mg.float32] in (1, 2, 3)
assert errors[mg.float64, best[mg.float64]] < 1e-9
assert errors[mg.float32, best[mg.float32]] > 1e-9

# %% [markdown]
# A last word on what no difference finds: points where there is no derivative.  At 0 the ReLU has
# slope 0 on the left and 1 on the right.  minigrad takes 0, as torch does; the central difference
# takes the average; neither is wrong, so check away from such points.

# %%
zero = mg.zeros(1, dtype=mg.float64, requires_grad=True)
(slope,) = mg.autograd.grad(mg.relu(zero).sum(), zero)
print("relu at 0: gradient", slope.item(), " difference", (mg.relu(zero + 1e-6) / 2e-6).item())
assert slope.item() == 0.0
assert not gradcheck(mg.relu, zero, raise_exception=False)
