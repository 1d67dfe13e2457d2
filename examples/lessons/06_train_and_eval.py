# %% [markdown]
# # 6. Two modes, and the mistakes they invite
#
# Batch norm computes two different functions.  In training mode it normalises by the mean and the
# variance of the batch at hand, and keeps running averages of both.  In evaluation mode it
# normalises by those averages.  `model.train()` and `model.eval()` switch.  No other common layer
# depends on its mode so much (dropout comes second), and each mistake below has been made by
# everybody once.

# %%
import copy

import minigrad as mg
from minigrad import nn, optim
from minigrad.nn import functional as F
from minigrad.utils.data.datasets import Digits

digits = Digits()
mg.manual_seed(0)
order = mg.randperm(len(digits))
images, labels = digits.data[order].flatten(1).float() / digits.white, digits.targets[order]
train_x, train_y, test_x, test_y = images[400:], labels[400:], images[:400], labels[:400]

model = nn.Sequential(
    *(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU()),
    *(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU()),
    nn.Linear(64, 10),
)
optimizer = optim.Adam(model.parameters(), lr=3e-3)
for _ in range(8):
    for batch in mg.randperm(len(train_x)).split(64):
        optimizer.zero_grad()
        F.cross_entropy(model(train_x[batch]), train_y[batch]).backward()
        optimizer.step()
trained = copy.deepcopy(model.state_dict())


def accuracy(batches):
    """Return the share of test images that the model classifies rightly, in its present mode."""
    with mg.no_grad():
        right = sum((model(test_x[b]).argmax(1) == test_y[b]).sum().item() for b in batches)
    return right / sum(len(b) for b in batches)


def fresh(mode):
    """Put the trained model back, in "train" or "eval" mode."""
    model.load_state_dict(trained)
    getattr(model, mode)()
    return model


mixed = list(mg.arange(400).split(50))  # batches as they come: all ten digits in each
sorted_by_class = list(test_y.argsort().split(50))  # one or two digits in each
fresh("eval")
right = accuracy(mixed)
print(f"test accuracy in evaluation mode: {right:.1%}, whatever the batches are:")
assert right > 0.93 and accuracy(sorted_by_class) == right

# %% [markdown]
# ## 1. Forgetting `eval()`
#
# In training mode an image is classified together with its companions: they decide the mean and
# the variance.  With companions as in training little happens, which is why the mistake goes
# unnoticed. With batches sorted by class, as files on a disk often are, it does not.

# %%
fresh("train")
forgot_mixed = accuracy(mixed)
fresh("train")
forgot_sorted = accuracy(sorted_by_class)
print(f"eval() forgotten, mixed batches:   {forgot_mixed:.1%}")
print(f"eval() forgotten, sorted batches:  {forgot_sorted:.1%}")
assert forgot_sorted < right - 0.2

fresh("train")
with mg.no_grad():
    first, second = model(test_x[:50])[0], model(test_x[mg.cat([mg.arange(1), mixed[3]])])[0]
apart = (first - second).abs().max().item()
print(f"the same image in two batches: its scores differ by up to {apart:.2f}")
assert apart > 0.1

# %% [markdown]
# It also leaves a trace.  Training mode moves the running averages, under `no_grad()` too, so the
# model that was tested is not the model that was trained.  Here somebody looks, twenty times, how
# it does on nines; evaluated properly afterwards, it is worse, and worst at the nines themselves:
# the averages are now those of nines, and take away what marked them.

# %%
fresh("train")
nines = (test_y == 9).nonzero().squeeze(1)
for _ in range(20):
    accuracy([nines])
model.eval()
afterwards = accuracy(mixed)
print(f"evaluated properly, after twenty such tests: {afterwards:.1%} (before: {right:.1%})")
assert afterwards < right - 0.05

digits_alone = [(test_y == digit).nonzero().squeeze(1) for digit in range(10)]
then = [accuracy([indices]) for indices in digits_alone]
fresh("eval")
before = [accuracy([indices]) for indices in digits_alone]
print("digit  ", *(f"{digit:6}" for digit in range(10)))
print("before ", *(f"{share:6.0%}" for share in before))
print("after  ", *(f"{share:6.0%}" for share in then))
assert min(then) == then[9] < before[9] - 0.3

# %% [markdown]
# ## 2. Taking `no_grad()` for `eval()`
#
# They are two switches.  `eval()` changes what layers compute; `no_grad()` stops the tape.  For a
# test one wants both.

# %%
fresh("eval")
recorded = model(test_x).grad_fn is not None
fresh("train")
with mg.no_grad():
    model(test_x * 0.5)
moved = (model[1].running_mean - trained["1.running_mean"]).abs().max().item()
print(f"after eval(), is a tape recorded?  {recorded}")
print(f"under no_grad(), how far do the running means move?  {moved:.4f}")
assert recorded and moved > 0

# %% [markdown]
# ## 3. A batch of one, or of two
#
# One number has no variance, so for inputs (1, C) training mode refuses.  A training set that is
# not a multiple of the batch size may end in such a batch; `DataLoader(drop_last=True)` leaves it
# out.

# %%
fresh("train")
try:
    model(test_x[:1])
except ValueError as error:
    print(str(error).partition(":")[0])
else:
    raise AssertionError("a batch of one went through")

# %% [markdown]
# With two, the numbers (a, b) become (+1, -1) or (-1, +1), whatever they were: all that is left
# of them is which is larger.  The smaller the batch, the more of the information is noise.

# %%
norm = nn.BatchNorm1d(3)
pair = norm(mg.tensor([[0.1, 5.0, -7.0], [0.2, -900.0, 8.0]]))
print(pair.detach().numpy().round(3))
assert (pair.abs() - 1).abs().max() < 0.01

# %% [markdown]
# One *image* of H x W pixels goes through, since its pixels are many numbers per channel.  But it
# is then normalised by itself, and its brightness and contrast are gone:

# %%
norm = nn.BatchNorm2d(1)
image = mg.rand(1, 1, 8, 8)
same = mg.allclose(norm(image), norm(image * 0.5 + 0.3), atol=1e-2)
print("a dimmed image gives the same output:", same)
assert same

# %% [markdown]
# ## 4. Too few steps for the averages
#
# The averages start at mean 0 and variance 1 and take in a tenth (`momentum=0.1`) of each batch.
# After n batches a share of 0.9^n of the start is still there.  A model that was trained for ten
# batches and then evaluated is evaluated with the wrong numbers.

# %%
norm = nn.BatchNorm1d(1)
for step in range(1, 41):
    norm(mg.randn(1000, 1) + 10)
    if step in (1, 10, 40):
        expected = 10 * (1 - 0.9**step)
        print(f"after {step:2} batches with mean 10: {norm.running_mean.item():.2f}", end=" ")
        print(f"(10 * (1 - 0.9^{step}) = {expected:.2f})")
        assert abs(norm.running_mean.item() - expected) < 0.2

# %% [markdown]
# ## 5. Freezing half of it
#
# To fine-tune a part of a model, one freezes the rest with `requires_grad_(False)`.  That freezes
# weight and bias of batch norm, which are parameters.  The averages are buffers; they follow the
# new data as long as the layer is in training mode.  So `eval()` has to be called on frozen
# layers, after every `model.train()`.

# %%
other_data = train_x * 0.3 + 0.5  # pale images
for mode in "train", "eval":
    fresh("train").requires_grad_(False)
    if mode == "eval":
        for layer in model:
            if isinstance(layer, nn.BatchNorm1d):
                layer.eval()
    with mg.no_grad():
        for batch in mg.arange(len(other_data)).split(64):
            model(other_data[batch])
    model.eval()
    found = accuracy(mixed)
    print(f"frozen parameters, batch norm in {mode:5} mode on other data: then {found:.1%}")
    assert found == right if mode == "eval" else found < right - 0.2
model.requires_grad_(True)

# %% [markdown]
# ## 6. Gradient accumulation is not a larger batch
#
# Where 64 images do not fit in memory, one lets four batches of 16 add up their gradients before
# the optimizer steps.  Without batch norm that is the same to the last digits.  With it, it is
# not: each quarter is normalised by its own statistics, and the averages move four times.

# %%


def gradients(network, parts):
    """Return all gradients of the mean loss over 64 images, taken in so many parts."""
    network.zero_grad()
    for batch in mg.arange(64).split(64 // parts):
        (F.cross_entropy(network(train_x[batch]), train_y[batch]) / parts).backward()
    return mg.cat([p.grad.flatten() for p in network.parameters()])


mg.manual_seed(1)
plain = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
normed = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10))
for name, network in ("without batch norm", plain), ("with batch norm", normed):
    whole, quarters = gradients(network, 1), gradients(network, 4)
    error = ((whole - quarters).norm() / whole.norm()).item()
    print(f"64 images at once against 4 times 16, {name:19} the gradients differ by {error:.1e}")
    assert error < 1e-5 if network is plain else error > 0.05
print("batches counted:", normed[1].num_batches_tracked.item(), "for two gradients")
assert normed[1].num_batches_tracked.item() == 5

# %% [markdown]
# `GroupNorm` and `LayerNorm` normalise each image by itself.  They have one mode and none of
# these troubles, and they lack what batch norm's noise and shared statistics bring; lesson 5 is
# about that.
