"""What backward() and grad() are given, checked: outputs, their gradients, and inputs."""

from numpy cimport (
    NPY_FLOAT, PyArray_DATA, PyArray_FillWithScalar, PyArray_SAMESHAPE, PyArray_SIZE, PyArray_TYPE,
    import_array, ndarray,
)

from minigrad.edges cimport edge_of
from minigrad.edges import GradientEdge
from minigrad.memory cimport empty_like_array
from minigrad.tape cimport Variable, edge_to, operations

import_array()


cdef list variables(object given, str name):
    """Return a tensor or GradientEdge, or a sequence of them, as a list; an edge to a leaf as the
    leaf."""
    cdef list found = [given] if isinstance(given, (Variable, GradientEdge)) else list(given)
    for i, item in enumerate(found):
        if isinstance(item, GradientEdge):
            edge = edge_of(item)
            found[i] = edge if isinstance(edge, Variable) else item
        elif not isinstance(item, Variable):
            raise TypeError(f"{name} must be tensors, but got {type(item).__name__}")
    return found


cdef object sizes(Variable v):
    return list((<object>v.array).shape)


cdef object described(object x):
    """Return what an error says of a tensor or GradientEdge."""
    return f"of shape {sizes(x)}" if isinstance(x, Variable) else f"output of {x.node.name()}"


cdef object one_like(Variable v):
    """Return 1 in the shape and dtype of ``v``, which has one element."""
    cdef ndarray one = empty_like_array(v.array)
    if PyArray_TYPE(one) == NPY_FLOAT:
        (<float *>PyArray_DATA(one))[0] = 1
    else:
        PyArray_FillWithScalar(one, 1)
    return operations.wrap(one)


cdef Variable gradient_of(object output, object given, Py_ssize_t i):
    """Return the gradient of output ``i``: the one given, checked, or 1 for a scalar."""
    cdef Variable g, out
    if isinstance(output, GradientEdge):
        if output.like is None:                 # it was not made from a tensor
            if not isinstance(given, Variable):
                raise RuntimeError(f"output {i} is a GradientEdge, whose gradient must be given")
            return given
        out = output.like
    else:
        out = <Variable>output
        if edge_to(out) is None:
            raise RuntimeError(
                f"element {i} of tensors does not require grad and does not have a grad_fn"
            )
    if given is None:
        if PyArray_SIZE(out.array) != 1:
            raise RuntimeError(
                "grad can be implicitly created only for scalar outputs, but output "
                f"{i} has shape {sizes(out)}"
            )
        return one_like(out)
    if not isinstance(given, Variable):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(given).__name__}")
    g = <Variable>given
    if not PyArray_SAMESHAPE(g.array, out.array):
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{i}] has a shape of {sizes(g)} and "
            f"output[{i}] has a shape of {sizes(out)}."
        )
    if PyArray_TYPE(g.array) != PyArray_TYPE(out.array):
        return (<object>g).to((<object>out).dtype)
    return g


cdef list gradients_of(list outputs, object given):
    """Return the gradients of the outputs: those given, checked, and ones for scalars."""
    cdef list grads
    if given is None or isinstance(given, Variable):
        grads = [given] if given is not None or len(outputs) == 1 else [None] * len(outputs)
    else:
        grads = list(given)
    if len(grads) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(grads)} gradients")
    return [gradient_of(outputs[i], grads[i], i) for i in range(len(outputs))]


cdef list checked_inputs(object given):
    cdef list inputs = variables(given, "inputs")
    for i, x in enumerate(inputs):
        if edge_of(x) is None:
            raise RuntimeError(
                f"One of the differentiated Tensors does not require grad: input {i}, of shape "
                f"{sizes(x)}"
            )
    return inputs
