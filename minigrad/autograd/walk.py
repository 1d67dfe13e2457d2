"""backward() and grad(): the two ways to ask for gradients."""

from minigrad.ops.creation import ones_like
from minigrad.tape import run_backward
from minigrad.tensor import Tensor


def _tuple(value, name):
    value = (value,) if isinstance(value, Tensor) else tuple(value)
    for item in value:
        if not isinstance(item, Tensor):
            raise TypeError(f"{name} must be tensors, but got {type(item).__name__}")
    return value


def _check_outputs(outputs, grads):
    """Return the gradients of the outputs: those given, checked, and ones for scalars."""
    if grads is None or isinstance(grads, Tensor):
        grads = (grads,) if grads is not None or len(outputs) == 1 else (None,) * len(outputs)
    grads = tuple(grads)
    if len(grads) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(grads)} gradients")
    checked = []
    for i, (out, grad) in enumerate(zip(outputs, grads, strict=True)):
        if not out.requires_grad:
            raise RuntimeError(
                f"element {i} of tensors does not require grad and does not have a grad_fn"
            )
        if grad is None:
            if out.numel() != 1:
                raise RuntimeError(
                    "grad can be implicitly created only for scalar outputs, but output "
                    f"{i} has shape {list(out.shape)}"
                )
            grad = ones_like(out)
        elif not isinstance(grad, Tensor):
            raise TypeError(
                f"gradients can be either Tensors or None, but got {type(grad).__name__}"
            )
        elif grad.shape != out.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{i}] has a shape of {grad.shape} and output[{i}] "
                f"has a shape of {out.shape}."
            )
        elif grad.dtype is not out.dtype:
            raise RuntimeError(
                f"grad_output[{i}] has dtype {grad.dtype}, but output[{i}] has dtype {out.dtype}"
            )
        checked.append(grad)
    return checked


def backward(
    tensors, grad_tensors=None, retain_graph=None, create_graph=False, *, inputs=None
):
    """Add the gradients of ``tensors`` with respect to the leaves of their graph to ``.grad``.

    See ``Tensor.backward``; ``tensors`` and ``grad_tensors`` may be sequences.
    """
    tensors = _tuple(tensors, "tensors")
    grads = _check_outputs(tensors, grad_tensors)
    if inputs is not None:
        inputs = list(_tuple(inputs, "inputs"))
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        _check_inputs(inputs)
    retain = create_graph if retain_graph is None else retain_graph
    run_backward(list(tensors), grads, bool(retain), bool(create_graph), inputs, True)


def _check_inputs(inputs):
    for i, x in enumerate(inputs):
        if not x.requires_grad:
            raise RuntimeError(
                f"One of the differentiated Tensors does not require grad: input {i} of shape "
                f"{list(x.shape)}"
            )


def grad(
    outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False,
    allow_unused=None, is_grads_batched=False, materialize_grads=False,
):
    """Return the gradients of ``outputs`` with respect to ``inputs``, as a tuple.

    Nothing is accumulated in ``.grad``.  With ``create_graph=True`` the results can be
    differentiated again.  An input that the outputs do not depend on is a RuntimeError, unless
    ``allow_unused`` (then its gradient is None) or ``materialize_grads`` (then zeros).

    >>> import minigrad
    >>> x = minigrad.tensor(3.0, requires_grad=True)
    >>> minigrad.autograd.grad(x**3, x)
    (tensor(27.),)
    """
    if is_grads_batched:
        raise NotImplementedError("is_grads_batched is not supported: call grad() in a loop")
    if materialize_grads and allow_unused is False:
        raise ValueError("materialize_grads=True needs allow_unused=True or not given")
    outputs, inputs = _tuple(outputs, "outputs"), _tuple(inputs, "inputs")
    _check_inputs(inputs)
    grads = _check_outputs(outputs, grad_outputs)
    retain = create_graph if retain_graph is None else retain_graph
    found = run_backward(
        list(outputs), grads, bool(retain), bool(create_graph), list(inputs), False
    )
    for i, g in enumerate(found):
        if g is None and materialize_grads:
            found[i] = ones_like(inputs[i]).detach() * 0
        elif g is None and not allow_unused:
            raise RuntimeError(
                f"One of the differentiated Tensors (input {i}, shape {list(inputs[i].shape)}) "
                "appears to not have been used in the graph. Set allow_unused=True if this is the "
                "desired behavior."
            )
    return tuple(found)
