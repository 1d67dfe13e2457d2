"""minigrad and torch: one program for both, since they share an API.  Only the import differs.

With ``compiled`` the functions a user would hand to ``torch.compile`` are compiled (mode default).

Arrays are copied into tensors of the library's own.  NumPy's lie 16 bytes beside a line of the
cache, which vectors of 64 bytes would straddle: a sum takes a fifth longer.
"""

import contextlib
import functools
import importlib
import io
import timeit

from benchmarks.problems import (
    LEARNING_RATE,
    MOMENTUM,
    NETWORKS,
    POSITIVE,
    arrays,
    batch,
    batchnorm_arrays,
    initial_weights,
)
from benchmarks.workload import Workload

OPERATIONS = {  # as a program writes them
    "add": "a + b",
    "mul": "a * b",
    "div": "a / b",
    "exp": "torch.exp(a)",
    "log": "torch.log(a)",
    "sqrt": "torch.sqrt(a)",
    "tanh": "torch.tanh(a)",
    "sigmoid": "torch.sigmoid(a)",
    "relu": "torch.relu(a)",
    "gelu": "torch.nn.functional.gelu(a)",
    "sum": "a.sum()",
    "mean": "a.mean()",
    "sum over rows": "a.sum(0)",
    "sum over columns": "a.sum(1)",
    "max over columns": "a.max(1).values",
    "var": "a.var()",
    "softmax": "torch.softmax(a, 1)",
    "log_softmax": "torch.log_softmax(a, 1)",
    "matmul": "a @ b",
    "conv2d": "torch.nn.functional.conv2d(a, b, padding=padding)",
}


class Peer:
    def __init__(self, package: str, threads: int, compiled: bool = False):
        self.torch = importlib.import_module(package)
        self.torch.set_num_threads(threads)
        self.version = self.torch.__version__ + configuration(self.torch)
        self.compiled = compiled
        if compiled:  # a compiler that does not work is found out now
            self.compile(lambda x: x + 1)(self.torch.ones(4))

    def compile(self, function):
        """``function`` itself, or compiled for the shapes it is called with."""
        return self.torch.compile(function, dynamic=False) if self.compiled else function

    def give_back_memory(self) -> None:
        """Empty the pool that minigrad keeps: what a case fills again is that case's memory."""
        if hasattr(self.torch, "memory"):
            self.torch.memory.empty_cache()

    def workload(self, program: str, arguments: dict) -> Workload:
        if self.compiled:
            self.torch.compiler.reset()
        return PROGRAMS[program](self, **arguments)


def configuration(package) -> str:
    """What minigrad.show_config prints below the version, in brackets; torch has no such thing."""
    if not hasattr(package, "show_config"):
        return ""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        package.show_config()
    return f" ({', '.join(printed.getvalue().splitlines()[1:])})"


def batchnorm(peer: Peer, mode: str, shape: list[int]) -> Workload:
    """``mode``: "forward" and "backward" (which is both) in training, or "eval"."""
    torch = peer.torch
    given = {name: torch.tensor(array) for name, array in batchnorm_arrays(shape).items()}
    x, dy = given["x"], given["dy"]
    kind = {2: "BatchNorm1d", 3: "BatchNorm1d", 4: "BatchNorm2d", 5: "BatchNorm3d"}[len(shape)]
    layer = getattr(torch.nn, kind)(shape[1])
    names = {"weight": "weight", "bias": "bias", "running_mean": "mean", "running_var": "var"}
    state = {name: given[source] for name, source in names.items()}
    layer.load_state_dict(layer.state_dict() | state)
    layer.train(mode != "eval")
    forward = peer.compile(layer)

    def backward():
        x.grad = layer.weight.grad = layer.bias.grad = None
        y = forward(x)
        y.backward(dy)
        return y

    def evaluate():
        with torch.no_grad():
            return forward(x)

    if mode == "backward":
        x.requires_grad_()
    call = {"forward": lambda: forward(x), "backward": backward, "eval": evaluate}[mode]

    def results():
        found = {"y": call().detach().numpy()}
        if mode == "backward":
            grads = {"dx": x.grad, "dweight": layer.weight.grad, "dbias": layer.bias.grad}
            found |= {name: grad.numpy() for name, grad in grads.items()}
        if mode != "eval":
            found |= {"mean": layer.running_mean.numpy(), "var": layer.running_var.numpy()}
        return found

    return Workload(call, results)


def operation(peer: Peer, name: str, shapes: list, backward: bool, **keywords) -> Workload:
    """One operation whose operands require gradients, forward or with its backward."""
    torch = peer.torch
    operands = [torch.tensor(a) for a in arrays(*shapes, positive=name in POSITIVE)]
    for operand in operands:
        operand.requires_grad_()
    names = {"torch": torch, **keywords}
    function = eval(f"lambda a, b=None: {OPERATIONS[name]}", names)
    (upstream,) = arrays(tuple(function(*operands).shape))
    upstream = torch.tensor(upstream)
    forward = functools.partial(peer.compile(function), *operands)

    def with_backward():
        for operand in operands:
            operand.grad = None
        result = forward()
        result.backward(upstream)
        return result

    call = with_backward if backward else forward

    def results():
        found = {"result": call().detach().numpy()}
        if backward:
            found |= {f"gradient {i}": a.grad.numpy() for i, a in enumerate(operands)}
        return found

    if backward or peer.compiled:
        return Workload(call, results)
    # Of what ten elements take, a call of a function would be a third: timeit has the operation in
    # its loop, as a program has.  (By itself it would stop the collection of garbage.)
    names |= dict(zip("ab", operands, strict=False))
    timer = timeit.Timer(OPERATIONS[name], "import gc; gc.enable()", globals=names)
    return Workload(call, results, loop=timer.timeit)


def build(peer: Peer, network: str):
    """The network with its initial weights, a batch, and a function that restores the weights."""
    torch, described = peer.torch, NETWORKS[network]
    layers = (getattr(torch.nn, layer)(*arguments) for layer, *arguments in described.layers)
    model = torch.nn.Sequential(*layers)
    weights = {name: torch.tensor(w) for name, w in initial_weights(described).items()}
    initial = {name: value.clone() for name, value in model.state_dict().items()} | weights
    model.load_state_dict(initial)
    inputs, labels = (torch.tensor(array) for array in batch(described))
    return model, inputs, labels, lambda: model.load_state_dict(initial)


def train(peer: Peer, network: str, optimizer: str) -> Workload:
    """One training step: zero_grad, forward, loss, backward, optimizer."""
    torch = peer.torch
    model, inputs, labels, restart = build(peer, network)
    rate, parameters = LEARNING_RATE[optimizer], model.parameters()
    if optimizer == "sgd":
        update = torch.optim.SGD(parameters, lr=rate, momentum=MOMENTUM)
    else:
        update = torch.optim.Adam(parameters, lr=rate)
    cross_entropy = torch.nn.functional.cross_entropy
    forward = peer.compile(lambda: cross_entropy(model(inputs), labels))
    apply_update = peer.compile(update.step)

    def step():
        update.zero_grad()
        loss = forward()
        loss.backward()
        apply_update()
        return loss

    def results():
        return {f"loss of step {i}": step().detach().numpy() for i in range(1, 6)}

    return Workload(step, results, restart=restart)


def infer(peer: Peer, network: str) -> Workload:
    """The network in evaluation mode over the batch."""
    torch = peer.torch
    model, inputs, _, _ = build(peer, network)
    forward = peer.compile(model.eval())

    def call():
        with torch.no_grad():
            return forward(inputs)

    return Workload(call, lambda: {"logits": call().numpy()})


PROGRAMS = {"batchnorm": batchnorm, "operation": operation, "train": train, "infer": infer}
