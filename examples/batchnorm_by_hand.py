"""Batch norm written out, forward and backward, and compared with the kernel.

    python examples/batchnorm_by_hand.py

Three ways to the same numbers: small recorded operations with the tape doing the backward pass;
the formulas that come out when the derivative is worked out on paper; and nn.functional.batch_norm,
one fused kernel each way.
"""

import minigrad as mg
from minigrad.nn import functional as F

EPS = 1e-5


def batch_norm(x, weight, bias):
    """Normalise each column of x (N, C) to mean 0 and variance 1, then scale and shift it."""
    mean = x.mean(dim=0)
    variance = (x - mean).square().mean(dim=0)  # divided by N, not by N - 1
    normalised = (x - mean) / (variance + EPS).sqrt()
    return normalised * weight + bias


def batch_norm_backward(grad, x, weight):
    """The gradients of x, weight and bias, given the gradient of the output.

    Each output depends on every row, through mean and variance.  What is left after the chain rule
    is the incoming gradient without its mean and without its part along the normalised input.
    """
    centred = x - x.mean(dim=0)
    invstd = (centred.square().mean(dim=0) + EPS).rsqrt()
    normalised = centred * invstd
    grad_bias = grad.sum(dim=0)
    grad_weight = (grad * normalised).sum(dim=0)
    grad_x = weight * invstd * (grad - (grad_bias + normalised * grad_weight) / len(x))
    return grad_x, grad_weight, grad_bias


def main():
    mg.manual_seed(0)
    x = (mg.randn(64, 5, dtype=mg.float64) * 3 + 7).requires_grad_()
    weight = mg.rand(5, dtype=mg.float64).requires_grad_()
    bias = mg.rand(5, dtype=mg.float64).requires_grad_()
    inputs = x, weight, bias
    grad = mg.randn(64, 5, dtype=mg.float64)  # what would arrive from the layers above

    by_hand = batch_norm(x, weight, bias)
    kernel = F.batch_norm(x, None, None, weight, bias, training=True, eps=EPS)
    from_tape = mg.autograd.grad(by_hand, inputs, grad)
    from_kernel = mg.autograd.grad(kernel, inputs, grad)
    with mg.no_grad():
        on_paper = batch_norm_backward(grad, x, weight)

    print("largest difference from the kernel      tape      paper")
    print(f"{'output':20}{difference(by_hand, kernel):>24.1e}          -")
    names = "gradient of x", "gradient of weight", "gradient of bias"
    for name, tape, paper, fused in zip(names, from_tape, on_paper, from_kernel, strict=True):
        print(f"{name:20}{difference(tape, fused):>24.1e}{difference(paper, fused):>11.1e}")
        assert mg.allclose(tape, fused) and mg.allclose(paper, fused)
    assert mg.allclose(by_hand, kernel)


def difference(a, b):
    return (a - b).abs().max().item()


if __name__ == "__main__":
    main()
