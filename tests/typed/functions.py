"""Derivatives: a Function of one's own, autograd, func."""

from typing import Any, assert_type

import minigrad as torch
from minigrad import Tensor
from minigrad.autograd import Function, gradcheck
from minigrad.autograd.function import FunctionCtx, once_differentiable
from minigrad.autograd.functional import hessian, jacobian, vjp
from minigrad.func import functional_call, grad, jacrev, vmap


class Cube(Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, factor: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.factor = factor
        return factor * x**3

    @staticmethod
    def backward(ctx: FunctionCtx, g: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        return 3 * ctx.factor * x**2 * g, None


class Straight(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.round()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> Tensor:
        return g


def cube(x: Tensor) -> Tensor:
    y: Tensor = Cube.apply(x, 2.0)
    return y


x = torch.linspace(-1, 1, 5, dtype=torch.float64, requires_grad=True)
assert_type(gradcheck(cube, (x,)), bool)
(slope,) = torch.autograd.grad(cube(x).sum(), x, create_graph=True)
assert_type(slope, Tensor)
assert_type(jacobian(cube, x), Tensor)
assert_type(hessian(lambda t: cube(t).sum(), x), Tensor)
out, product = vjp(cube, x, torch.ones_like(x))
each = vmap(grad(lambda t: (t**2).sum()))(torch.ones(3, 2))
whole = jacrev(cube)(x.detach())
layer = torch.nn.Linear(2, 1)
weights = {name: p.detach() for name, p in layer.named_parameters()}
called = functional_call(layer, weights, (torch.ones(3, 2),))
handle = x.register_hook(lambda g: g.clamp(-1, 1))
handle.remove()
with torch.enable_grad(), torch.autograd.set_detect_anomaly(True):
    assert_type(torch.special.entr(x.detach().abs()), Tensor)
assert_type(torch.linalg.norm(torch.eye(3), ord="nuc"), Tensor)
assert_type(torch.linalg.svd(torch.eye(3)).S, Tensor)
assert_type(torch.linalg.eigvalsh(torch.eye(3)), Tensor)
assert_type(torch.linalg.pinv(torch.eye(3), rtol=1e-3), Tensor)
assert_type(torch.linalg.lstsq(torch.eye(3), torch.ones(3, 1)).solution, Tensor)
hessian(cube, 3.0)  # type: ignore[call-overload]
torch.linalg.norm([1.0, 2.0])  # type: ignore[arg-type]
torch.autograd.grad(x.sum(), x, create_graphs=True)  # type: ignore[call-arg]
