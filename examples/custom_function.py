"""An operation of your own: autograd.Function, checked with finite differences.

    python examples/custom_function.py

softplus(x) = log(1 + e^x), whose derivative is sigmoid(x).  Written with log and exp as they stand
it overflows from x = 710 on; as a Function with both directions spelled out it does not.
"""

import minigrad as mg
from minigrad.autograd import Function, gradcheck, gradgradcheck


class Softplus(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return mg.maximum(x, mg.zeros_like(x)) + (1 + (-x.abs()).exp()).log()

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * mg.sigmoid(x)  # of tensor operations, so that it can be differentiated again


class WrongSoftplus(Softplus):
    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * mg.tanh(x)


def main():
    x = mg.tensor([-800.0, -1.0, 0.0, 1.0, 800.0], dtype=mg.float64, requires_grad=True)
    naive = (1 + x.exp()).log()
    y = Softplus.apply(x)
    y.sum().backward()
    print("log(1 + exp(x))", naive.tolist())
    print("Softplus       ", y.tolist())
    print("its gradient   ", x.grad.tolist())

    mg.manual_seed(0)
    points = mg.randn(20, dtype=mg.float64, requires_grad=True)
    print("gradcheck      ", gradcheck(Softplus.apply, points))
    print("gradgradcheck  ", gradgradcheck(Softplus.apply, points))
    print("a wrong one    ", gradcheck(WrongSoftplus.apply, points, raise_exception=False))


if __name__ == "__main__":
    main()
