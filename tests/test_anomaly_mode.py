"""Anomaly mode names the op and the line; hooks after accumulation."""

import inspect
import warnings

import pytest

import minigrad
from minigrad import autograd

SLOW = pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")


def roots(x):
    return x.sqrt()


def line_of(function, text):
    lines, start = inspect.getsourcelines(function)
    return start + next(i for i, line in enumerate(lines) if text in line)


def failing():
    x = minigrad.tensor([0.0, 1.0], requires_grad=True)
    return (roots(x) * 0).sum()


def notes(error):
    return "\n".join(error.value.__notes__)


@SLOW
def test_a_nan_names_the_op_and_the_line():
    text = "'SqrtBackward0' returned nan values in its 0th output"
    traceback = "Error detected in SqrtBackward0. Traceback of forward call that caused the error"
    with (
        pytest.raises(RuntimeError, match=text) as error,
        autograd.detect_anomaly(),
        pytest.warns(UserWarning, match=traceback) as warned,
    ):
        failing().backward()
    assert f'test_anomaly_mode.py", line {line_of(roots, "sqrt")}, in roots' in notes(error)
    assert "return x.sqrt()" in notes(error)
    (message,) = [str(w.message) for w in warned]
    assert message.index("in failing\n") < message.index("in roots\n    return x.sqrt()")
    assert "minigrad/autograd" not in message and warned[0].filename == __file__
    failing().backward()  # and the mode is off again


def test_the_mode_says_that_it_is_slow():
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled") as warned:
        autograd.detect_anomaly()
    assert warned[0].filename == __file__
    assert not minigrad.is_anomaly_enabled()


@SLOW
def test_without_check_nan_and_without_anomalies():
    with autograd.detect_anomaly(check_nan=False):
        failing().backward()
    x = minigrad.tensor([0.5, 1.0], requires_grad=True)
    with autograd.detect_anomaly():
        (roots(x) * 2).sum().backward()
    assert x.grad.tolist() == pytest.approx([2**0.5, 1.0])


def test_any_error_of_the_backward_gets_a_note():
    x = minigrad.ones(2, requires_grad=True)
    with autograd.set_detect_anomaly(True):
        y = x.exp()
        z = (y * 3).sum()
        y.detach().zero_()
        with pytest.raises(RuntimeError, match="modified by an inplace operation") as error:
            z.backward()  # where warnings are errors, this error is the one that is seen
    assert "The forward call of ExpBackward0, with inputs of shape [" in notes(error)
    assert "y = x.exp()" in notes(error)


@SLOW
def test_a_graph_from_before_does_not_know_its_lines():
    loss = failing()
    with (
        pytest.raises(RuntimeError, match="returned nan") as error,
        autograd.detect_anomaly(),
        pytest.warns(UserWarning, match="SqrtBackward0. No forward pass information"),
    ):
        loss.backward()
    assert "recorded while anomaly mode was off" in notes(error)


def test_switching():
    autograd.set_detect_anomaly(True)
    try:
        with autograd.set_detect_anomaly(False):
            failing().backward()
        with pytest.raises(RuntimeError, match="returned nan"):
            failing().backward()
    finally:
        autograd.set_detect_anomaly(False)
    failing().backward()


def test_the_switches_can_be_read():
    def state():
        return minigrad.is_anomaly_enabled(), minigrad.is_anomaly_check_nan_enabled()

    assert state() == (False, True)
    with autograd.set_detect_anomaly(True, check_nan=False):
        assert state() == (True, False)
        with autograd.set_detect_anomaly(True):
            assert state() == (True, True)
        with autograd.set_detect_anomaly(False):
            assert not minigrad.is_anomaly_enabled()
        assert state() == (True, False)
    assert state() == (False, True)


def second_derivative(lib):
    x = lib.tensor([0.0], requires_grad=True)
    (slope,) = lib.autograd.grad((x**1.5).sum(), x, create_graph=True)
    return (slope * 0).sum() + slope.sqrt().sum() * 0


def warned_and_raised(lib):
    with warnings.catch_warnings(record=True) as seen, lib.autograd.set_detect_anomaly(True):
        warnings.simplefilter("always")
        with pytest.raises(RuntimeError) as error:
            second_derivative(lib).backward()
    (text,) = [str(w.message) for w in seen]
    return str(error.value).partition("\n")[0], text


def test_a_node_of_a_backward_pass_names_the_forward_of_the_first(torch):
    for lib in (minigrad, torch):
        error, text = warned_and_raised(lib)
        assert "returned nan values in its 0th output" in error
        assert "Previous calculation was induced by PowBackward0" in text or "Sqrt" in error
        assert text.count("in second_derivative\n") >= 1


@SLOW
def test_functions_written_in_python_are_watched():
    class Broken(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * float("nan")

    x = minigrad.ones(1, requires_grad=True)
    with (
        pytest.raises(RuntimeError, match="BrokenBackward") as error,
        autograd.detect_anomaly(),
        pytest.warns(UserWarning, match="Error detected in BrokenBackward"),
    ):
        Broken.apply(x).backward()
    assert "Broken.apply(x)" in notes(error)


# ---------------------------------------------------------------- hooks after accumulation


def test_hooks_after_accumulation():
    x, y = (minigrad.ones(2, requires_grad=True) for _ in range(2))
    seen = []
    handle = x.register_post_accumulate_grad_hook(lambda p: seen.append((p is x, p.grad.tolist())))
    x.register_hook(lambda grad: grad * 3)
    (x * y).sum().backward()
    (x * y).sum().backward()
    assert seen == [(True, [3, 3]), (True, [6, 6])]
    autograd.grad((x * y).sum(), x)
    y.sum().backward()
    assert len(seen) == 2
    (x * 2).sum().backward(inputs=[x])
    assert seen[2] == (True, [12, 12])
    handle.remove()
    x.sum().backward()
    assert len(seen) == 3


def test_an_optimizer_in_the_backward_pass():
    params = [minigrad.ones(2, requires_grad=True) for _ in range(3)]
    optimizers = {p: minigrad.optim.SGD([p], lr=0.5) for p in params}

    def update(p):
        optimizers[p].step()
        optimizers[p].zero_grad()

    for p in params:
        p.register_post_accumulate_grad_hook(update)
    (params[0] * params[1] * params[2]).sum().backward()
    assert all(p.grad is None and p.tolist() == [0.5, 0.5] for p in params)


def test_hooks_after_accumulation_are_for_leaves():
    x = minigrad.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="non-leaf"):
        (x * 2).register_post_accumulate_grad_hook(print)
    with pytest.raises(RuntimeError, match="doesn't require grad"):
        minigrad.ones(2).register_post_accumulate_grad_hook(print)
