"""The walk back over the tape: backward() and grad().

Nodes carry a sequence number, and an input is always older than an output.  So of all nodes that a
gradient has arrived at, the newest is the one whose gradient is complete: whoever could add to it
is newer and has had its turn.  The walk runs that node's vjp, which lets gradients arrive at older
nodes, and goes on with the newest: no recursion, no list of the graph, no counting of users.  What
a node saved is freed as soon as its vjp has run.

A vjp may write its result over a gradient that nobody but the walk holds (``is_spare``).

A gradient on its way belongs to an *edge* (see ``edge_to``): a node, ``(node, k)`` for output k of
a node with several outputs, or a leaf.
"""

import threading
import warnings     # of stacklevel 1, the default: a compiled function has no frame of its own

import numpy as np

cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdlib cimport free, realloc
from numpy cimport PyArray_SIZE, import_array

from minigrad.edges cimport (
    edge_of, end_of, key_of, last_users, leaf_of, leading_to, newest_first,
)
from minigrad.edges import GradientEdge
from minigrad.given cimport checked_inputs, described, gradients_of, sizes, variables
from minigrad.grad_mode cimport grad_enabled, set_grad_mode
from minigrad.hooks cimport call_with_hooks, run_accumulated_hooks, run_hooks, run_node_hooks
from minigrad.memory cimport is_private
from minigrad.tape cimport AFTER, BEFORE, Node, Variable, is_watched, observer, operations

import_array()

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject *)
    PyObject **PyObject_GET_WEAKREFS_LISTPTR(PyObject *)

cdef extern from *:
    """
    #if defined(_MSC_VER)
    static __declspec(thread) PyObject *mg_walk = NULL;
    #else
    static __thread PyObject *mg_walk = NULL;
    #endif
    """
    PyObject *mg_walk               # the walk that is under way in this thread


# ---------------------------------------------------------------- the nodes that wait their turn

@cython.binding(False)          # descriptors of Python's own: they look what self is
@cython.embedsignature.format("clinic")
cdef class Walk:
    """One walk back over the tape: the nodes that a gradient has arrived at, and the gradients.

    The nodes wait in a heap, the newest on top.  What has arrived at a node lies in the node
    itself, in ``incoming``, and ``walk`` says whose it is: a walk that starts within another one (a
    hook may call ``backward``), or in another thread, and comes to the same node, keeps what is
    its own in ``elsewhere``.
    """

    cdef PyObject **heap            # nodes, each with a reference; no parent older than a child
    cdef Py_ssize_t n, capacity
    cdef dict elsewhere             # node -> the gradient that has arrived
    cdef dict leaves                # leaf, as key_of gives it -> the gradient that has arrived
    cdef dict finished              # the same, of leaves whose hooks have been called, if there are
    cdef dict due                   # once a leaf has hooks: node -> leaves that it is the last to reach
    cdef bint accumulate, create_graph
    cdef readonly Node node         # whose vjp runs; only while there is an observer
    cdef list roots                 # the edges it has started from
    cdef readonly dict needed       # what leads to its inputs; None: everything is walked over
    cdef object __weakref__

    def __cinit__(self, bint accumulate, bint create_graph):
        self.leaves = {}
        self.accumulate, self.create_graph = accumulate, create_graph

    def __dealloc__(self):
        free(self.heap)

    cdef object forget(self):
        """Drop what is left after an error."""
        while self.n:
            self.take(self.pop())

    cdef int push(self, Node node) except -1:
        cdef Py_ssize_t at = self.n, parent
        cdef PyObject **larger
        if self.n == self.capacity:
            larger = <PyObject **>realloc(self.heap, (2 * self.n + 64) * sizeof(PyObject *))
            if larger == NULL:
                raise MemoryError()
            self.heap, self.capacity = larger, 2 * self.n + 64
        while at > 0:
            parent = (at - 1) // 2
            if (<Node>self.heap[parent]).sequence >= node.sequence:
                break
            self.heap[at] = self.heap[parent]
            at = parent
        Py_INCREF(node)
        self.heap[at] = <PyObject *>node
        self.n += 1
        return 0

    cdef Node pop(self):
        """Return the newest node.  No other can still send it a gradient."""
        cdef Node node = <Node>self.heap[0], last
        cdef Py_ssize_t at = 0, child = 1
        Py_DECREF(node)                 # the heap's reference
        self.n -= 1
        if self.n == 0:
            return node
        last = <Node>self.heap[self.n]
        while child < self.n:
            if child + 1 < self.n and (
                    (<Node>self.heap[child + 1]).sequence > (<Node>self.heap[child]).sequence):
                child += 1
            if last.sequence >= (<Node>self.heap[child]).sequence:
                break
            self.heap[at] = self.heap[child]
            at, child = child, 2 * child + 1
        self.heap[at] = <PyObject *>last
        return node

    cdef object arrived(self, Node node):
        """Return what has arrived at ``node`` so far (a list, if it has several outputs), or None.
        """
        if node.walk is self:
            return node.incoming
        return None if self.elsewhere is None else self.elsewhere.get(node)

    cdef int arrives(self, Node node, object grad) except -1:
        """Let ``grad`` be what has arrived at ``node``."""
        if node.walk is self:
            node.incoming = grad
        elif self.elsewhere is not None and node in self.elsewhere:
            self.elsewhere[node] = grad
        else:
            self.push(node)
            if node.walk is None:
                node.walk, node.incoming = self, grad
            else:
                self.elsewhere = self.elsewhere or {}
                self.elsewhere[node] = grad
        return 0

    cdef object take(self, Node node):
        """Return what has arrived at ``node``, which is then without it."""
        if node.walk is not self:
            return self.elsewhere.pop(node)
        grad = node.incoming
        node.walk = node.incoming = None
        return grad

    cdef int give(self, object edge, object grad) except -1:
        """Add ``grad`` to what has arrived at ``edge``."""
        cdef list slots
        if isinstance(edge, Node):
            before = self.arrived(<Node>edge)
            self.arrives(<Node>edge, grad if before is None else operations.add(before, grad))
        elif type(edge) is tuple:
            node, k = <tuple>edge
            slots = self.arrived(<Node>node)
            if slots is None:
                slots = [None] * (<Node>node).n_outputs
                self.arrives(<Node>node, slots)
            slots[k] = grad if slots[k] is None else operations.add(slots[k], grad)
        else:
            key = key_of(edge)
            before = self.leaves.get(key)
            self.leaves[key] = grad if before is None else operations.add(before, grad)
            if self.due is None and leaf_of(key).hooks:
                self.due = last_users(self.roots)
        return 0

    cdef int finish(self, object key) except -1:
        """Call the hooks of a leaf that has its whole gradient, and deposit that."""
        cdef Variable leaf = leaf_of(key)
        if key in self.leaves and leaf.hooks:
            set_grad_mode(self.create_graph)    # a Function or a hook may have switched it
            grad = self.leaves.pop(key)
            if self.accumulate:
                deposit(leaf, run_hooks(leaf.hooks, 0, grad), self.create_graph, True)
            else:
                self.finished = self.finished or {}
                self.finished[key] = run_hooks(leaf.hooks, 0, grad)
        return 0

    def reaches(self, edges):
        """Return for each of these GradientEdges whether this walk sends a gradient there."""
        cdef Node node
        reached = {key_of(end_of(root)) for root in self.roots}
        for node in newest_first(self.roots):
            reached.update([key_of(end_of(edge)) for edge in node.edges])
        ends = [key_of(end_of(edge_of(edge))) for edge in edges]
        return [end in reached and (self.needed is None or end in self.needed) for end in ends]


def walk_under_way():
    """Return the innermost walk of this thread, None if there is none."""
    return None if mg_walk == NULL else <object>mg_walk


cdef bint is_spare(PyObject *grad) noexcept:
    """Whether a vjp may write over the memory of the ``grad`` it was given: nobody else has it.

    To be asked before the vjp puts it, or its array, in a variable of its own: one more reference
    than the walk's is somebody who may look.
    """
    cdef Variable v
    if Py_REFCNT(grad) > 1 or grad_enabled() or is_watched():
        return False
    v = <Variable>grad
    return (type(v) is operations.tensor_class and is_private(<PyObject *>v.array)
            and PyObject_GET_WEAKREFS_LISTPTR(grad)[0] == NULL)     # which a thread may follow


# ---------------------------------------------------------------- the end: leaves

cdef enum:
    SHORT = 1024        # elements up to which the kernels work without letting go of the GIL

cdef object one_at_a_time = threading.Lock()


cdef int accumulate_grad(Variable leaf, Variable grad, bint create_graph, bint shared) except -1:
    """Add ``grad`` to ``leaf.grad``; keep it as it is if nobody else can see it, else a copy."""
    if leaf.gradient is not None:
        if create_graph:
            leaf.gradient = operations.add(leaf.gradient, grad)
        else:
            operations.add_(leaf.gradient, grad)
    elif create_graph:
        leaf.gradient = operations.clone(grad)      # what is on the graph may be anybody's
    elif not shared and is_private(<PyObject *>grad.array):
        leaf.gradient = grad
    else:
        leaf.gradient = operations.wrap(operations.copied(grad.array))
    return 0


cdef int deposit(Variable leaf, Variable grad, bint create_graph, bint shared) except -1:
    """Do that, with the leaf's hooks before and after; other threads may be at the same leaf."""
    cdef tuple grads
    if not leaf.wants_grad:             # it was recorded, and requires_grad_(False) came later
        return 0
    if leaf.hooks:
        grads = run_node_hooks(leaf.hooks, BEFORE, (grad,), None)
        grad, shared = grads[0], True       # the hooks may have kept it
        if grad is None:
            return 0
    if PyArray_SIZE(grad.array) <= SHORT:
        accumulate_grad(leaf, grad, create_graph, shared)
    else:
        with one_at_a_time:
            accumulate_grad(leaf, grad, create_graph, shared)
    if leaf.hooks:
        run_accumulated_hooks(leaf)
        run_node_hooks(leaf.hooks, AFTER, (), (grad,))
    return 0


cdef int settle(dict leaves, bint create_graph) except -1:
    """Deposit the gradients at the leaves.  One that several leaves got is copied for each."""
    cdef Variable leaf, grad
    while leaves:
        key, grad = leaves.popitem()
        leaf = leaf_of(key)
        # References to a gradient that nobody else holds: this local variable.
        deposit(leaf, grad, create_graph, Py_REFCNT(<PyObject *>grad) > 1)
    return 0


# ---------------------------------------------------------------- the walk

cdef object after_hooks(Node node, object grad):
    """Return what has arrived at ``node`` as the hooks of its outputs leave it."""
    if node.n_outputs == 1:
        return run_hooks(node.hooks, 0, grad)
    return [run_hooks(node.hooks, k, g) for k, g in enumerate(grad)]


cdef int capture(dict captured, list targets, list places, object grad) except -1:
    """Note the gradient of a node's output, or outputs, at each of ``places`` in ``targets``."""
    for i in places:
        captured[i] = grad[targets[i][1]] if type(targets[i]) is tuple else grad
    return 0


cdef list run_backward(list outputs, list grads, bint retain_graph, bint create_graph,
                       list inputs, bint accumulate):
    """Walk the tape back from ``outputs``, whose gradients are ``grads``.

    With ``accumulate`` the gradients are added to ``.grad`` of the leaves (of ``inputs`` only, if
    given) once the whole walk is done, so a walk that fails leaves no half of it behind; but at
    once where a leaf has hooks, which may want to use the gradient and free it.
    Otherwise the gradients of ``inputs`` are returned, None for one that was not reached.  They are
    as hooks leave them; torch, and so this, takes one that the walk goes on from as it arrived.
    """
    cdef Node node = None
    cdef Walk walk = Walk(accumulate, create_graph)
    cdef PyObject *outer = mg_walk
    cdef dict needed = None         # what is on the way to `inputs`; nothing else gets a gradient
    cdef list targets = None
    cdef dict captured = None       # place in `inputs` -> gradient
    cdef dict places = None         # node -> places in `inputs` of its outputs
    cdef tuple results
    cdef Py_ssize_t i
    cdef bint mode = set_grad_mode(create_graph)
    global mg_walk
    mg_walk = <PyObject *>walk
    try:
        walk.roots = roots = [edge_of(root) for root in outputs]
        if inputs is not None:
            targets = [edge_of(x) for x in inputs]
            walk.needed = needed = leading_to(roots, targets)
            captured, places = {}, {}
            for i, target in enumerate(targets if not accumulate else ()):
                end = end_of(target)
                if isinstance(end, Node):
                    places.setdefault(end, []).append(i)
        for i in range(len(roots)):
            if needed is None or key_of(end_of(roots[i])) in needed:
                walk.give(roots[i], grads[i])
        while walk.n:
            node = walk.pop()
            grad = walk.take(node)          # a list of gradients for a node of several outputs
            at = places.get(node) if places else None
            if at is not None and needed[node]:
                capture(captured, targets, at, grad)
            if node.hooks:
                grad = after_hooks(node, grad)
            if at is not None and not needed[node]:
                capture(captured, targets, at, grad)
                continue
            if observer is not None:
                walk.node = node
            results = (call_with_hooks(node, grad, needed) if node.hooks
                       else node.vjp(node, grad))
            if observer is not None:
                observer.walked(node, grad, results)
            grad = None                     # free each gradient as soon as it has been used
            if not retain_graph and node.saved:     # one that saved nothing may run again
                node.forget()
            for i in range(len(results)):
                edge = node.edges[i]
                if edge is not None and results[i] is not None and (
                        needed is None or key_of(end_of(edge)) in needed):
                    walk.give(edge, results[i])
            results = None
            if walk.due is not None:
                for key in walk.due.get(node, ()):
                    walk.finish(key)
        node = None
        if walk.due is not None:        # a leaf has hooks
            for key in list(walk.leaves):
                walk.finish(key)
        if accumulate:
            set_grad_mode(create_graph)
            settle(walk.leaves, create_graph)
            return None
        walk.leaves.update(walk.finished or {})
        return [
            captured[i] if i in captured else walk.leaves.get(key_of(end_of(edge)))
            for i, edge in enumerate(targets)
        ]
    except BaseException as error:
        if observer is not None and node is not None:
            observer.failed(node, error)
        raise
    finally:
        set_grad_mode(mode)
        mg_walk = outer
        walk.forget()


# ---------------------------------------------------------------- what users call

cdef bint has_warned = False


cdef int warn_of_cycle() except -1:
    """Warn, the first time, of what ``backward(create_graph=True)`` may leave behind."""
    global has_warned
    if not has_warned:
        has_warned = True
        warnings.warn(
            "Using backward() with create_graph=True will create a reference cycle between the "
            "parameter and its gradient which can cause a memory leak. Use autograd.grad instead, "
            "or set the .grad of the parameters to None after use.")
    return 0


cdef object backward_from(object tensors, object grad_tensors, object retain_graph,
                          object create_graph, object inputs):
    """Walk back from ``tensors`` and accumulate: ``backward``, in C."""
    cdef list outputs = variables(tensors, "tensors")
    cdef list grads = gradients_of(outputs, grad_tensors)
    if inputs is not None:
        inputs = checked_inputs(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        for x in inputs:
            if isinstance(x, Variable) and (<Variable>x).node is not None:
                x.retain_grad()
    if create_graph:
        warn_of_cycle()
    run_backward(outputs, grads, create_graph if retain_graph is None else retain_graph,
                 create_graph, inputs, True)


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, *, inputs=None):
    """Add the gradients of ``tensors`` with respect to the leaves of their graph to ``.grad``.

    As ``Tensor.backward``; ``tensors`` and ``grad_tensors`` may be sequences.

    >>> import minigrad
    >>> x = minigrad.ones(2, requires_grad=True)
    >>> minigrad.autograd.backward((x * 3).sum())
    >>> x.grad
    tensor([3., 3.])
    """
    backward_from(tensors, grad_tensors, retain_graph, create_graph, inputs)


cdef list batched_grad(object outputs, list wanted, object grad_outputs, object retain_graph,
                       bint create_graph):
    """Return ``grad`` for each item of the first dimension of ``grad_outputs``, stacked."""
    cdef list batches = [] if grad_outputs is None else variables(grad_outputs, "grad_outputs")
    lengths = {sizes(b)[0] if sizes(b) else 0 for b in batches}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(
            "is_grads_batched: expected grad_outputs with a first dimension of the same size, but "
            f"got the sizes {[sizes(b) for b in batches]}"
        )
    (n,) = lengths
    rows = [
        grad(outputs, wanted, [b[i] for b in batches], retain_graph or i < n - 1, create_graph,
             allow_unused=True)
        for i in range(n)]
    return [None if column[0] is None else operations.stack(column) for column in zip(*rows)]


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False,
         only_inputs=True, allow_unused=None, is_grads_batched=False, materialize_grads=False):
    """Return the gradients of ``outputs`` with respect to ``inputs``, as a tuple.

    Nothing is accumulated in ``.grad``.  With ``create_graph=True`` the results can be
    differentiated again.  An input that the outputs do not depend on is a RuntimeError, unless
    ``allow_unused`` (then its gradient is None) or ``materialize_grads`` (then zeros).
    ``only_inputs`` is always true; torch knew another way once.  ``is_grads_batched``: once for
    each item of the first dimension of ``grad_outputs``, and the gradients stacked.

    >>> import minigrad
    >>> x = minigrad.tensor(3.0, requires_grad=True)
    >>> minigrad.autograd.grad(x**3, x)
    (tensor(27.),)
    """
    cdef list wanted, found
    if not only_inputs:
        warnings.warn("only_inputs argument is deprecated and is ignored now (defaults to True). "
                      "To accumulate gradient for other parts of the graph, please use backward().",
                      FutureWarning)
    wanted = checked_inputs(inputs)
    if not wanted:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    if materialize_grads and allow_unused is False:
        raise ValueError("materialize_grads=True needs allow_unused=True or not given")
    if retain_graph is None:
        retain_graph = create_graph
    if is_grads_batched:
        found = batched_grad(outputs, wanted, grad_outputs, retain_graph, create_graph)
    else:
        results = variables(outputs, "outputs")
        found = run_backward(results, gradients_of(results, grad_outputs), retain_graph,
                             create_graph, wanted, False)
    for i in range(len(found)):
        if found[i] is not None:
            continue
        if materialize_grads:
            if isinstance(wanted[i], GradientEdge):
                raise RuntimeError(
                    "materialize_grads cannot be used when the given input is a GradientEdge")
            found[i] = operations.wrap(np.zeros_like((<Variable>wanted[i]).array))
        elif not allow_unused:
            raise RuntimeError(
                f"One of the differentiated Tensors (input {i}, {described(wanted[i])}) "
                "appears to not have been used in the graph. Set allow_unused=True if this is the "
                "desired behavior."
            )
    return tuple(found)
