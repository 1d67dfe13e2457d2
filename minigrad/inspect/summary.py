"""``summary(model, x)``: a model's layers, and what each of them costs."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import minigrad
from minigrad.inspect.steps import memory_saved
from minigrad.inspect.table import readable
from minigrad.nn import Module
from minigrad.tape import Node, _set_observer
from minigrad.tensor import Tensor

HEAD = ("layer", "output", "parameters", "forward", "backward", "saved")
ROUNDS = 3  # times are the best of these, after one to warm up


@dataclass
class Layer:
    """One call of one module, those of the modules in it included."""

    name: str  # as in named_modules()
    kind: str  # the class
    depth: int
    output: str = ""  # the shapes of the tensors it returned
    parameters: int = 0  # elements
    forward: float = 0.0  # seconds
    backward: float = 0.0
    saved: int = 0  # bytes that its operations keep for the backward pass
    nodes: list[Node] = field(default_factory=list, repr=False)


class Summary:
    """The calls of modules in one run of a model; ``print`` shows a table."""

    def __init__(self, layers: list[Layer], parameters: int, trainable: int) -> None:
        self.layers, self.parameters, self.trainable = layers, parameters, trainable

    def __str__(self) -> str:
        rows = [HEAD, *(_row(layer) for layer in self.layers)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
        limit = shutil.get_terminal_size((100, 40)).columns
        widths[0] = max(12, min(widths[0], limit - sum(widths[1:]) - 2 * (len(HEAD) - 1)))
        rows.insert(1, tuple("-" * width for width in widths))
        lines = []
        for row in rows:
            name = row[0] if len(row[0]) <= widths[0] else row[0][: widths[0] - 1] + "…"
            cells = [name.ljust(widths[0]), row[1].ljust(widths[1])]
            cells += [row[i].rjust(widths[i]) for i in range(2, len(HEAD))]
            lines.append("  ".join(cells).rstrip())
        frozen = self.parameters - self.trainable
        lines.append(f"{self.parameters:,} parameters, {frozen:,} of them frozen")
        return "\n".join(lines)

    __repr__ = __str__


def summary(model: Module, *args: Any, **kwargs: Any) -> Summary:
    """Run ``model(*args, **kwargs)`` and return a table of the modules that were called.

    For each call: the module's name and class, the shapes it returned, its number of parameters,
    the time of its forward and of its share of the backward pass, and the memory that its
    operations keep for the backward pass.  All include what the modules in it took, and times
    also the watching of those: some microseconds each.

    The model runs a few times in the mode it is in, forward and back.  Parameters, gradients,
    buffers (running statistics) and the state of the default generator are afterwards what they
    were before.  Raises TypeError for what is no module, and whatever the model raises.

    >>> import minigrad
    >>> from minigrad import inspect, nn
    >>> table = inspect.summary(nn.Sequential(nn.Linear(3, 4), nn.ReLU()), minigrad.ones(2, 3))
    >>> for layer in table.layers:
    ...     print(layer.kind, layer.name, layer.output, layer.parameters)
    Sequential  2x4 16
    Linear 0 2x4 16
    ReLU 1 2x4 0
    """
    if not isinstance(model, Module):
        raise TypeError(f"expected a Module, but got {type(model).__name__}")
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    state = minigrad.get_rng_state()
    handles: list[Any] = []
    try:
        watch = _Watch(model)
        handles = watch.add_hooks()
        runs = [watch.run(args, kwargs) for _ in range(ROUNDS + 1)][1:]
    finally:
        for handle in handles:
            handle.remove()
        with minigrad.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
        minigrad.set_rng_state(state)
    layers = runs[-1]
    if all(len(run) == len(layers) for run in runs):  # a model may do something else every time
        for calls in zip(*runs, strict=True):
            calls[-1].forward = min(call.forward for call in calls)
            calls[-1].backward = min(call.backward for call in calls)
    parameters = list(model.parameters())
    trainable = sum(p.numel() for p in parameters if p.requires_grad)
    return Summary(layers, sum(p.numel() for p in parameters), trainable)


class _Watch:
    """Follows runs of a model: hooks of its modules, and an observer of the tape."""

    def __init__(self, model: Module) -> None:
        self.model = model
        self.names = {id(module): name for name, module in model.named_modules()}
        self.layers: list[Layer] = []
        self.open: list[tuple[Layer, float]] = []  # the calls under way, and when they began
        self.seconds: dict[Node, float] = {}  # of the backward of each node
        self.time = 0.0

    def add_hooks(self) -> list[Any]:
        handles = []
        for module in self.model.modules():
            handles.append(module.register_forward_pre_hook(self._begin, prepend=True))
            handles.append(module.register_forward_hook(self._end, always_call=True))
        return handles

    def run(self, args: Any, kwargs: Any) -> list[Layer]:
        """Run the model forward and back; return the calls of modules."""
        self.layers, self.open, self.seconds = [], [], {}
        before = _set_observer(self)
        try:
            results = self.model(*args, **kwargs)
            outputs = [x for x in _tensors(results) if x.requires_grad]
            inputs = [p for p in self.model.parameters() if p.requires_grad]
            self.time = time.perf_counter()
            if outputs and inputs:
                grads = [minigrad.ones_like(x) for x in outputs]
                saved = {id(layer): memory_saved(layer.nodes) for layer in self.layers}
                self.time = time.perf_counter()
                minigrad.autograd.grad(outputs, inputs, grads, allow_unused=True)
                for layer in self.layers:
                    layer.saved = saved[id(layer)]
                    layer.backward = sum(self.seconds.get(node, 0.0) for node in layer.nodes)
        finally:
            _set_observer(before)
        for layer in self.layers:
            layer.nodes = []
        return self.layers

    def _begin(self, module, args):
        layer = Layer(self.names[id(module)], type(module).__name__, len(self.open))
        layer.parameters = sum(p.numel() for p in module.parameters())
        self.layers.append(layer)
        self.open.append((layer, time.perf_counter()))

    def _end(self, module, args, output):
        layer, begin = self.open.pop()
        layer.forward = time.perf_counter() - begin
        shapes = ("x".join(map(str, x.shape)) or "scalar" for x in _tensors(output))
        layer.output = ", ".join(shapes)

    # -------- what the tape calls

    def recorded(self, node, inputs, outputs):
        for layer, _ in self.open:
            layer.nodes.append(node)

    def walked(self, node, grad, results):
        now = time.perf_counter()
        self.seconds[node] = now - self.time
        self.time = now

    def failed(self, node, error):
        error.add_note(f"This was in the backward of {node.name()}.")


def _tensors(x: Any) -> Iterator[Tensor]:
    """Yield the tensors in what a module returned."""
    if isinstance(x, Tensor):
        yield x
    elif isinstance(x, dict):
        for value in x.values():
            yield from _tensors(value)
    elif isinstance(x, (list, tuple)):
        for value in x:
            yield from _tensors(value)


def _row(layer):
    name = "  " * layer.depth + (f"{layer.name} " if layer.name else "") + layer.kind
    return (
        name,
        layer.output,
        f"{layer.parameters:,}" if layer.parameters else "-",
        _time(layer.forward),
        _time(layer.backward) if layer.backward else "-",
        readable(layer.saved) if layer.saved else "-",
    )


def _time(seconds):
    """Return a time in the unit that suits it."""
    for unit, factor in (("us", 1e6), ("ms", 1e3)):
        if seconds * factor < 1000:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"
