# %% [markdown]
# # 1. A scalar tape in fifty lines
#
# Reverse-mode automatic differentiation needs two things: a record of what was computed from what
# (the *tape*), and a walk back over that record which applies the chain rule once to every step.
# Here both are written for single numbers.  Then each part is found again in minigrad's own tape,
# which does the same for arrays.

# %%
import heapq
import itertools
import math

import minigrad as mg
from minigrad import inspect

# %% [markdown]
# ## The tape
#
# Every operation does three things: it computes its value, it makes a `Node`, and it gives the
# node its *vjp*: the function that turns the gradient of the output into the gradients of the
# inputs. (The name is short for vector-Jacobian product.  For single numbers it is a
# multiplication by the derivative.)
#
# The nodes are in no list.  An output refers to the node that made it, a node refers through its
# `edges` to where the gradients of its inputs go: to the node that made the input, or to the
# input itself if nothing did, which makes it a *leaf*.

# %%
counter = itertools.count(1)


class Node:
    def __init__(self, label, vjp, inputs):
        self.label, self.vjp = label, vjp
        self.edges = [x.node or x for x in inputs]
        self.sequence = next(counter)  # inputs are always older than outputs

    def __lt__(self, other):
        return self.sequence > other.sequence  # heapq gives the least, we want the newest


class Variable:
    def __init__(self, value, node=None):
        self.value, self.node, self.grad = value, node, 0.0

    def __add__(self, other):
        return record("add", self.value + other.value, lambda g: (g, g), self, other)

    def __mul__(self, other):
        a, b = self.value, other.value
        return record("mul", a * b, lambda g: (g * b, g * a), self, other)

    def tanh(self):
        y = math.tanh(self.value)
        return record("tanh", y, lambda g: (g * (1 - y * y),), self)

    def backward(self):
        arrived, heap = {}, []  # what has arrived at each edge so far; the nodes to visit

        def give(edge, g):
            if isinstance(edge, Node) and edge not in arrived:
                heapq.heappush(heap, edge)
            arrived[edge] = arrived.get(edge, 0.0) + g

        give(self.node or self, 1.0)
        while heap:
            node = heapq.heappop(heap)  # the newest: whoever could add to its gradient has run
            for edge, g in zip(node.edges, node.vjp(arrived.pop(node)), strict=True):
                give(edge, g)
        for leaf, g in arrived.items():
            leaf.grad += g


def record(label, value, vjp, *inputs):
    return Variable(value, Node(label, vjp, inputs))


# %% [markdown]
# That is all of it.  Three nodes are enough to see it work:

# %%
w, x, b = Variable(0.5), Variable(2.0), Variable(-0.3)
y = (w * x + b).tanh()
y.backward()

node, seen = y.node, []
while isinstance(node, Node):  # follow the first input of each node
    seen.append(f"{node.label} (number {node.sequence})")
    node = node.edges[0]
print("from y to w: ", " -> ".join(seen))
print(f"y = {y.value:.6f}   dy/dw = {w.grad:.6f}   dy/dx = {x.grad:.6f}   dy/db = {b.grad:.6f}")

# %% [markdown]
# Is it right?  Ask the definition of the derivative (move each input a little), and ask minigrad.

# %%


def f(w, x, b):
    return math.tanh(w * x + b)


at, h = (0.5, 2.0, -0.3), 1e-6
tensors = [mg.tensor(v, dtype=mg.float64, requires_grad=True) for v in at]
out = (tensors[0] * tensors[1] + tensors[2]).tanh()
out.backward()

print("      here        differences  minigrad")
for i, (name, ours) in enumerate(zip("wxb", (w, x, b), strict=True)):
    up, down = ([v + s * h * (i == j) for j, v in enumerate(at)] for s in (1, -1))
    numeric = (f(*up) - f(*down)) / (2 * h)
    print(f"d/d{name}   {ours.grad:.8f}  {numeric:.8f}   {tensors[i].grad.item():.8f}")
    assert abs(ours.grad - numeric) < 1e-8
    assert abs(ours.grad - tensors[i].grad.item()) < 1e-14

# %% [markdown]
# ## Why the walk goes from the newest node to the oldest
#
# A value that is used twice gets a gradient from each use, and the two must be added *before* its
# own vjp runs.  Since an input is always older than what was made of it, the newest node that is
# waiting is complete: nobody is left who could add to it.  Every vjp then runs once.
#
# The tempting alternative, a recursive function that follows every edge as it meets it, gives the
# same numbers, but it runs a node once for every path that leads there.  Doubling a number
# sixteen times makes 16 nodes and 2 to the 16 paths:

# %%
calls = 0


def follow_every_path(edge, g):
    global calls
    if isinstance(edge, Node):
        calls += 1
        for before, part in zip(edge.edges, edge.vjp(g), strict=True):
            follow_every_path(before, part)
    else:
        edge.grad += g


start = y = Variable(1.0)
for _ in range(16):
    y = y + y
y.backward()
by_walk, start.grad = start.grad, 0.0
follow_every_path(y.node, 1.0)
print(f"gradient: {by_walk:.0f} by the walk, {start.grad:.0f} along every path")
print(f"vjps run: 16 by the walk, {calls:,} along every path")
assert by_walk == start.grad == 2**16
assert calls == 2**16 - 1

# %% [markdown]
# ## The same in minigrad
#
# | here | there | what it is |
# |---|---|---|
# | `Variable` | `Variable` in `tape.pxd` | what the tape sees of a tensor |
# | `value` | `array` in `tape.pxd` | the numbers: a NumPy array |
# | `grad` | `gradient` in `tape.pxd` | what `backward()` left here, shown as `x.grad` |
# | `Node` | `Node` in `tape.pyx` | one recorded operation, shown as `y.grad_fn` |
# | `vjp` | `vjp_function` in `tape.pxd` | a C function, which gets the node and the gradient |
# | `edges` | `edges` in `tape.pxd` | where the gradients of the inputs go |
# | `x.node or x` | `edge_to` in `tape.pyx` | the node that made an input, or the leaf itself |
# | `sequence` | `sequence` in `tape.pxd` | grows from operation to operation |
# | `record` | `record` in `tape.pyx` | makes an output the output of a new node |
# | `backward` | `run_backward` in `walk.pyx` | the walk |
# | `heap` | `push` in `walk.pyx`, `pop` in `walk.pyx` | a heap, the newest node on top |
# | `give` | `give` in `walk.pyx` | adds to what has arrived at an edge |
# | `leaf.grad += g` | `accumulate_grad` in `walk.pyx` | the end of the tape |
#
# A user sees the same tape through `grad_fn` and `next_functions`, under the names torch uses:

# %%
node, seen = out.grad_fn, []
while node.next_functions:
    seen.append(node.name())
    node = node.next_functions[0][0]
print(" -> ".join([*seen, node.name()]))
assert seen == ["TanhBackward0", "AddBackward0", "MulBackward0"]
assert node.variable is tensors[0]

# %% [markdown]
# To see the whole of it, `minigrad.inspect.tape` prints the recorded operations with their rules:

# %%
w, x, b = tensors
y = (w * x + b).tanh()
print(inspect.tape(y))

# %% [markdown]
# ## What the fifty lines lack
#
# The vjps above are closures: each keeps what it needs (`a`, `b`, `y`) in secret.  minigrad's
# nodes keep it in the open, in `saved`, as tensors; `save` in `tape.pyx` puts them there.  Three
# things follow, which the closures above do not give.
#
# **Memory is freed during the walk.**  What a node saved goes as soon as its vjp has run, so a
# second walk says that it came too late (unless the first was told `retain_graph=True`):

# %%
try:
    out.backward()
except RuntimeError as error:
    print(str(error).partition(".")[0])
    assert "second time" in str(error)
else:
    raise AssertionError("the second walk went through")

# %% [markdown]
# **A saved tensor that was overwritten is noticed.**  Every piece of memory counts the writes to
# it, and a node remembers the count it saved at.  A closure that kept the array would compute a
# wrong gradient:

# %%
t = mg.tensor([1.0, 2.0], requires_grad=True)
s = t.sigmoid()  # its vjp needs its own output: s * (1 - s)
s.mul_(100.0)
try:
    s.sum().backward()
except RuntimeError as error:
    print(str(error).partition(":")[0])
    assert "modified by an inplace operation" in str(error)
else:
    raise AssertionError("a wrong gradient went unnoticed")

# %% [markdown]
# **The backward pass can itself be recorded**, since the vjps are made of recorded operations:
# lesson 8 differentiates a gradient.  For arrays one question is new, that of shapes which differ
# between input and output: lesson 2.
