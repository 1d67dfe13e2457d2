"""The walk back over the tape: backward() and grad().

Nodes carry a sequence number, and an input is always older than an output.  So going from the
newest node to the oldest visits every node after all of its users, when the gradient of its
output is complete: no recursion, no counting of users.  What a node saved is freed as soon as its
vjp has run.

A gradient on its way belongs to an *edge* (see ``edge_to``): a node, ``(node, k)`` for output k of
a node with several outputs, or a leaf.
"""

import numpy as np

from cpython.object cimport PyObject
from numpy cimport (
    PyArray_BASE, PyArray_DIMS, PyArray_EMPTY, PyArray_FillWithScalar, PyArray_IS_C_CONTIGUOUS,
    PyArray_NDIM, PyArray_SIZE, PyArray_TYPE, import_array, ndarray,
)

from minigrad.tape cimport Node, Variable, edge_to, operations, run_hooks, set_grad_enabled_

import_array()

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject *)


# ---------------------------------------------------------------- which nodes, in which order

cdef object end_of(object edge):
    """Return the node or leaf that an edge leads to."""
    return (<tuple>edge)[0] if type(edge) is tuple else edge


cdef list newest_first(list roots):
    """Return every node that can be reached from ``roots``, the most recent first."""
    cdef dict found = {}
    cdef list stack = []
    cdef Node node
    for root in roots:
        end = end_of(root)
        if isinstance(end, Node):
            stack.append(end)
    while stack:
        node = <Node>stack.pop()
        if node.sequence in found:
            continue
        found[node.sequence] = node
        for edge in node.edges:
            end = end_of(edge)
            if isinstance(end, Node) and (<Node>end).sequence not in found:
                stack.append(end)
    return [found[sequence] for sequence in sorted(found, reverse=True)]


cdef set leading_to(list order, list targets):
    """Return those nodes of ``order`` through which a gradient reaches one of ``targets``."""
    cdef set needed = set()
    cdef set ends = set()
    cdef Node node
    for target in targets:
        ends.add(id(end_of(target)))
    for node in reversed(order):
        for edge in node.edges:
            end = end_of(edge)
            if end is not None and (id(end) in ends or end in needed):
                needed.add(node)
                break
    return needed


# ---------------------------------------------------------------- gradients on their way

cdef void give(dict pending, object edge, object grad):
    """Add ``grad`` to what has arrived at ``edge`` so far."""
    cdef list slots
    if type(edge) is tuple:
        node, k = <tuple>edge
        slots = pending.get(node)
        if slots is None:
            slots = [None] * (<Node>node).n_outputs
            pending[node] = slots
        slots[k] = grad if slots[k] is None else operations.add(slots[k], grad)
    else:
        before = pending.get(edge)
        pending[edge] = grad if before is None else operations.add(before, grad)


cdef object arrived(dict pending, object edge):
    """Return the gradient that has arrived at ``edge`` so far, or None."""
    if type(edge) is tuple:
        node, k = <tuple>edge
        slots = pending.get(node)
        return None if slots is None else slots[k]
    return pending.get(edge)


cdef object after_hooks(Node node, object grad):
    """Return what has arrived at ``node`` as the hooks of its outputs leave it."""
    if node.n_outputs == 1:
        return run_hooks(node.hooks, 0, grad)
    return [run_hooks(node.hooks, k, g) for k, g in enumerate(grad)]


cdef void deposit(Variable leaf, Variable grad, bint create_graph, bint shared):
    """Add ``grad`` to ``leaf.grad``; keep it as it is if nobody else can see it, else a copy."""
    if leaf.gradient is not None:
        if create_graph or leaf.gradient.wants_grad:
            leaf.gradient = operations.add(leaf.gradient, grad)
        else:
            operations.add_(leaf.gradient, grad)
    elif create_graph or not (
        shared or PyArray_BASE(grad.array) != NULL or Py_REFCNT(<PyObject *>grad.array) > 1
        or not PyArray_IS_C_CONTIGUOUS(grad.array)
    ):
        leaf.gradient = grad
    else:
        leaf.gradient = operations.clone(grad)


# ---------------------------------------------------------------- the walk

cdef list run_backward(list outputs, list grads, bint retain_graph, bint create_graph,
                       list inputs, bint accumulate):
    """Walk the tape back from ``outputs``, whose gradients are ``grads``.

    With ``accumulate`` the gradients are added to ``.grad`` of the leaves (of ``inputs`` only, if
    given) once the whole walk is done, so a walk that fails leaves no half of it behind.
    Otherwise the gradients of ``inputs`` are returned, None for one that was not reached.
    """
    cdef Node node
    cdef dict pending = {}          # node or leaf -> the gradient that has arrived so far
    cdef set needed = None          # the nodes on the way to `inputs`; the others need no vjp
    cdef list order, roots, targets = None
    cdef dict captured = {}         # place in `inputs` -> gradient
    cdef dict places = {}           # node -> places in `inputs` of its outputs
    cdef tuple results
    cdef Py_ssize_t i
    cdef bint mode = set_grad_enabled_(create_graph)
    try:
        roots = [edge_to(v) for v in outputs]
        order = newest_first(roots)
        if inputs is not None:
            targets = [edge_to(v) for v in inputs]
            needed = leading_to(order, targets)
            for i, target in enumerate(targets):
                end = end_of(target)
                if isinstance(end, Node):
                    places.setdefault(end, []).append(i)
        for i in range(len(roots)):
            give(pending, roots[i], grads[i])
        for node in order:
            grad = pending.get(node)        # a list of gradients for a node of several outputs
            if grad is None:
                continue
            if node.hooks is not None:
                grad = pending[node] = after_hooks(node, grad)
            if targets is not None:
                for place in places.get(node, ()):
                    captured[place] = arrived(pending, targets[place])
                if node not in needed:
                    del pending[node]
                    continue
            del pending[node]
            results = node.vjp(node, grad)
            grad = None                     # free each gradient as soon as it has been used
            if not retain_graph and node.saved:     # one that saved nothing may run again
                node.saved = None
            for i in range(len(results)):
                edge = node.edges[i]
                if edge is not None and results[i] is not None:
                    give(pending, edge, results[i])
            results = None
        # What is left in `pending` has arrived at leaves.
        for leaf in list(pending):
            if (<Variable>leaf).hooks is not None:
                pending[leaf] = run_hooks((<Variable>leaf).hooks, 0, pending[leaf])
        if not accumulate:
            return [
                captured[i] if i in captured else pending.get(edge)
                for i, edge in enumerate(targets)
            ]
        set_grad_enabled_(create_graph)     # a Function or a hook may have switched it
        if inputs is None:
            settle(pending, create_graph)
        else:
            for i, v in enumerate(inputs):
                grad = captured.get(i, pending.get(targets[i]))
                if grad is not None:
                    deposit(<Variable>v, <Variable>grad, create_graph, True)
    finally:
        set_grad_enabled_(mode)


cdef int settle(dict pending, bint create_graph) except -1:
    """Deposit the gradients at the leaves.  One that several leaves got is copied for each."""
    cdef Variable leaf, grad
    for leaf in list(pending):
        grad = <Variable>pending.pop(leaf)
        # References to a gradient that nobody else holds: this local variable.
        deposit(leaf, grad, create_graph, Py_REFCNT(<PyObject *>grad) > 1)
    return 0


# ---------------------------------------------------------------- what users call

cdef list variables(object given, str name):
    """Return a tensor or a sequence of tensors as a list."""
    cdef list found = [given] if isinstance(given, Variable) else list(given)
    for item in found:
        if not isinstance(item, Variable):
            raise TypeError(f"{name} must be tensors, but got {type(item).__name__}")
    return found


cdef object sizes(Variable v):
    return list((<object>v.array).shape)


cdef object one_like(Variable v):
    """Return 1 in the shape and dtype of ``v``, which has one element."""
    cdef ndarray one = PyArray_EMPTY(
        PyArray_NDIM(v.array), PyArray_DIMS(v.array), PyArray_TYPE(v.array), 0)
    PyArray_FillWithScalar(one, 1)
    return operations.make_tensor(one)


cdef list gradients_of(list outputs, object given):
    """Return the gradients of the outputs: those given, checked, and ones for scalars."""
    cdef Variable out, g
    cdef list grads
    if given is None or isinstance(given, Variable):
        grads = [given] if given is not None or len(outputs) == 1 else [None] * len(outputs)
    else:
        grads = list(given)
    if len(grads) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(grads)} gradients")
    for i in range(len(outputs)):
        out = <Variable>outputs[i]
        if edge_to(out) is None:
            raise RuntimeError(
                f"element {i} of tensors does not require grad and does not have a grad_fn"
            )
        if grads[i] is None:
            if PyArray_SIZE(out.array) != 1:
                raise RuntimeError(
                    "grad can be implicitly created only for scalar outputs, but output "
                    f"{i} has shape {sizes(out)}"
                )
            grads[i] = one_like(out)
        elif not isinstance(grads[i], Variable):
            raise TypeError(
                f"gradients can be either Tensors or None, but got {type(grads[i]).__name__}"
            )
        else:
            g = <Variable>grads[i]
            if sizes(g) != sizes(out):
                raise RuntimeError(
                    f"Mismatch in shape: grad_output[{i}] has a shape of {sizes(g)} and "
                    f"output[{i}] has a shape of {sizes(out)}."
                )
            if g.array.dtype != out.array.dtype:
                raise RuntimeError(
                    f"grad_output[{i}] has dtype {g.array.dtype}, but output[{i}] has dtype "
                    f"{out.array.dtype}"
                )
    return grads


cdef list checked_inputs(object given):
    cdef list inputs = variables(given, "inputs")
    for i, x in enumerate(inputs):
        if edge_to(x) is None:
            raise RuntimeError(
                f"One of the differentiated Tensors does not require grad: input {i}, of shape "
                f"{sizes(x)}"
            )
    return inputs


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, *, inputs=None):
    """Add the gradients of ``tensors`` with respect to the leaves of their graph to ``.grad``.

    As ``Tensor.backward``; ``tensors`` and ``grad_tensors`` may be sequences.

    >>> import minigrad
    >>> x = minigrad.ones(2, requires_grad=True)
    >>> minigrad.autograd.backward((x * 3).sum())
    >>> x.grad
    tensor([3., 3.])
    """
    cdef list outputs = variables(tensors, "tensors")
    cdef list grads = gradients_of(outputs, grad_tensors)
    if inputs is not None:
        inputs = checked_inputs(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    run_backward(outputs, grads, create_graph if retain_graph is None else retain_graph,
                 create_graph, inputs, True)


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False,
         allow_unused=None, is_grads_batched=False, materialize_grads=False):
    """Return the gradients of ``outputs`` with respect to ``inputs``, as a tuple.

    Nothing is accumulated in ``.grad``.  With ``create_graph=True`` the results can be
    differentiated again.  An input that the outputs do not depend on is a RuntimeError, unless
    ``allow_unused`` (then its gradient is None) or ``materialize_grads`` (then zeros).

    >>> import minigrad
    >>> x = minigrad.tensor(3.0, requires_grad=True)
    >>> minigrad.autograd.grad(x**3, x)
    (tensor(27.),)
    """
    cdef list wanted, found
    if is_grads_batched:
        raise NotImplementedError("is_grads_batched is not supported: call grad() in a loop")
    if materialize_grads and allow_unused is False:
        raise ValueError("materialize_grads=True needs allow_unused=True or not given")
    results = variables(outputs, "outputs")
    wanted = checked_inputs(inputs)
    found = run_backward(
        results, gradients_of(results, grad_outputs),
        create_graph if retain_graph is None else retain_graph, create_graph, wanted, False)
    for i in range(len(found)):
        if found[i] is not None:
            continue
        if materialize_grads:
            found[i] = operations.make_tensor(np.zeros_like((<Variable>wanted[i]).array))
        elif not allow_unused:
            raise RuntimeError(
                f"One of the differentiated Tensors (input {i}, of shape {sizes(wanted[i])}) "
                "appears to not have been used in the graph. Set allow_unused=True if this is the "
                "desired behavior."
            )
    return tuple(found)
