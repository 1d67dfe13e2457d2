"""The tape: what was computed from what (walk.pyx walks back over it).  No op in particular.

An op that works on a tensor which wants a gradient *records* a ``Node``: the function that turns
the gradient of its output into the gradients of its inputs (the vjp), the tensors that function
needs (``saved``), and for each input the place its gradient goes to (``edges``).  The output
tensor points to its node, nodes point to the nodes of their inputs, and that is the tape: there
is no list anywhere, and a graph dies with the last tensor that refers to it.

    x = tensor(3., requires_grad=True)      x: a leaf, no node
    y = x * x                               y.node: MulBackward0, edges (x, x), saved (x, x)
    y.backward()                            vjp(1.) = (x, x); both go to the leaf: x.grad = 6.

``backward`` (walk.pyx) walks the tape from the newest node to the oldest.  The vjps are themselves
made of ops: with ``create_graph=True`` the walk is recorded too, and can be differentiated again.

In-place writes must not lead to wrong gradients.  Each piece of memory counts the writes to it
(``Version``), and a saved tensor whose count has moved is an error; a view of a tensor that was
written to gets a new node, with the write in its history (``refresh_view``).

The fields of the classes here, and what each is for, are in tape.pxd: read the two side by side.
"""

import weakref

import numpy as np

cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE, PyTuple_SET_ITEM
from numpy cimport import_array, ndarray

from minigrad.grad_mode cimport grad_enabled
from minigrad.memory cimport recycle

import_array()

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject *)
    object PyObject_GenericGetDict(object o, void *context)
    ctypedef struct PyTypeObject:
        Py_ssize_t tp_dictoffset


# ---------------------------------------------------------------- the table of operations

cdef class Operations:
    """The table through which tape and tensor reach ops, of which they know nothing.

    minigrad.ops fills it.
    """


operations = Operations()


def table():
    """Return the table of operations, for minigrad.ops to fill."""
    return operations


# -------------------------------------------- tensors as the tape sees them: versions, views, saved

@cython.freelist(64)
cdef class Version:
    """Counts in-place writes to one piece of memory; a tensor and its views share one."""


cdef Version version_of(Variable v):
    """Return the counter of ``v``'s memory, which is made when somebody first asks for it.

    The node that made ``v`` knows it too: it may have saved that memory.
    """
    if v.version is None:
        if v.node is None or v.node.n_outputs > 1:
            v.version = Version.__new__(Version)
        else:
            if v.node.version is None:
                v.node.version = Version.__new__(Version)
            v.version = v.node.version
    return v.version


cdef int take_place(Variable v, Variable source) except -1:
    """Give ``v``, whose memory is its own, the place on the tape that ``source`` has."""
    version_of(v)                   # of this memory, not of what source's node may have saved
    v.node, v.output, v.wants_grad = source.node, source.output, True
    return 0


cdef int bump_version(Variable v) except -1:
    """Count an in-place write to ``v``."""
    cdef Version version = version_of(v)
    version.number += 1
    return 0


cdef extern from *:
    """
    #define MG_ATTRIBUTES offsetof(struct __pyx_obj_8minigrad_4tape_Variable, attributes)
    #define MG_NO_ATTRIBUTES(v) Py_CLEAR((v)->attributes)
    """
    Py_ssize_t attributes_offset "MG_ATTRIBUTES"
    void no_attributes "MG_NO_ATTRIBUTES" (Variable v)


cdef ndarray nothing = np.empty(0, np.float32)      # what a tensor holds that was never made


@cython.freelist(64)            # Tensors have the same size, so that it serves them too
cdef class Variable:
    """What the tape sees of a tensor.  ``minigrad.Tensor`` adds everything else."""

    # Users may set any attribute.  The dict for them is made when the first is set, as for objects
    # of Python: Cython's own ``cdef dict __dict__`` makes one for every tensor, which would cost
    # half as much as adding ten numbers.
    def __cinit__(self):
        no_attributes(self)
        self.array = nothing

    @property
    def __dict__(self):
        return PyObject_GenericGetDict(self, NULL)

    def __dealloc__(self):
        self.node = None            # which may have saved the array
        recycle(<PyObject *>self.array)


(<PyTypeObject *>Variable).tp_dictoffset = attributes_offset


cdef dict ORIGINS = {
    NO_GRAD: "Make the view and write to it both under no_grad(), if the write is not to be "
             "recorded, or both outside.",
    CUSTOM: "This view was created inside a custom Function (or because an input was returned "
            "as-is), whose backward the gradient would go past. Return a copy (.clone()) from the "
            "custom Function.",
    MULTIPLE: "This view is the output of a function that returns multiple views. Such functions "
              "do not allow the output views to be modified inplace. Use an out-of-place op.",
}


cdef int check_origin(Variable v, str what) except -1:
    """Raise if ``v`` is a view that cannot get a new node after a write; ``what`` was written to.
    """
    if v.origin == ORDINARY:
        return 0
    if v.node is None:
        start = (f"A view was created in no_grad mode and {what} modified inplace with grad mode "
                 "enabled.")
    else:
        name = v.node.label.removesuffix("0").removesuffix("Backward")
        start = f"Output {v.output} of {name} is a view and {what} modified inplace."
    raise RuntimeError(f"{start} {ORIGINS[v.origin]}")


cdef int regenerate_view(Variable v) except -1:
    """Give a view a new node, made from the present node of its base."""
    check_origin(v, "its base or another view of its base has been")
    operations.regenerate_view(v)
    return 0


@cython.freelist(64)
cdef class Saved:
    """A tensor kept for the vjp, with the version it had then."""

    def __dealloc__(self):
        recycle(<PyObject *>self.array)


@cython.final
cdef class Packed(Saved):
    """What hooks of the user have made of a saved tensor, and its place on the tape."""


packer = None


cdef bint is_watched() noexcept:
    """Whether somebody looks at each tensor that is recorded, or saved."""
    return observer is not None or packer is not None


def _is_watched():
    return is_watched()


def _set_packer(function):
    """Let ``function(tensor)`` pack what is saved from now on, None: nobody.

    It returns a pair (what it has packed, the function that unpacks that), or None.
    """
    global packer
    packer = function


cdef Packed pack(Variable v, Variable out):
    """Return ``v``, which is saved for the vjp, packed; None if the packer leaves it alone."""
    cdef Packed saved
    # Not the node's own output itself: who packs it as it is would make a cycle.
    cdef object pair = packer((<object>v).detach() if v is out else v)
    if pair is None:
        return None
    saved = Packed.__new__(Packed)
    saved.content, saved.unpack = pair
    saved.output, saved.is_output = v.output, v is out
    if v is not out and edge_to(v) is not None:
        saved.node, saved.variable = v.node, v if v.node is None else None
    return saved


cdef object save_one(Variable v, Variable out):
    """Return what a node keeps of ``v``: itself while it was never written to, else a Saved.

    The node's own output, ``out``, is saved without a reference to it: the tensor refers to the
    node, and a cycle would keep both alive.  While nobody counts the writes to it, its array will
    do: should somebody begin, the node gets the counter too (``version_of``).
    """
    cdef Saved saved
    if v is None:
        return None
    if packer is not None:
        saved = pack(v, out)
        if saved is not None:
            return saved
    if v is out:
        if v.version is None and v.node is not None and v.node.n_outputs == 1:
            return v.array
    elif v.version is None or v.version.number == 0:
        return v
    saved = Saved.__new__(Saved)
    saved.array = v.array
    saved.version = version_of(v)
    saved.number = saved.version.number
    saved.output = v.output
    if v is not out:
        saved.variable = v
    return saved


# ---------------------------------------------------------------- nodes

cdef long n_recorded = 0
cdef object notes = weakref.WeakKeyDictionary()     # node -> its metadata
observer = None


def _set_observer(new):
    """Let ``new`` watch what is recorded and walked, None: nobody.  Return who did.

    An observer has three methods: ``recorded(node, inputs, outputs)`` after an op was recorded,
    ``walked(node, grad, results)`` after the vjp of a node has turned ``grad`` (a list, if the
    node has several outputs) into ``results``, and ``failed(node, error)`` if it raised.
    """
    global observer
    previous, observer = observer, new
    return previous


@cython.freelist(64)
@cython.binding(False)          # descriptors of Python's own: they look what self is
@cython.embedsignature.format("clinic")
cdef class Node:
    """One recorded op.  As in torch, ``tensor.grad_fn`` shows it."""

    def name(self):
        """Return torch's name of this node, such as "MulBackward0"."""
        if self.label in ("AccumulateGrad", "CopySlices", "CopyBackwards", "NotImplemented"):
            return f"torch::autograd::{self.label}"     # what no formula of torch's has made
        return self.label

    def __repr__(self):
        return f"<{self.label} object at {hex(id(self))}>"

    @property
    def next_functions(self):
        """Where the gradients of the inputs go: a tuple of (node or AccumulateGrad, output)."""
        return operations.next_functions(self)

    @property
    def metadata(self):
        """A dict for notes on this node; anomaly mode leaves the lines of the forward there."""
        return notes.setdefault(self, {})

    def register_hook(self, fn):
        """Call ``fn(grad_inputs, grad_outputs)`` once this node's backward has run.

        Both are tuples of tensors or None.  A returned tuple replaces ``grad_inputs``.  Returns a
        handle whose ``remove()`` takes the hook out.
        """
        return operations.add_node_hook(self, fn, AFTER)

    def register_prehook(self, fn):
        """Call ``fn(grad_outputs)`` before this node's backward; a returned tuple replaces them."""
        return operations.add_node_hook(self, fn, BEFORE)

    cdef int save(self, tuple variables, Variable out) except -1:
        """Keep ``variables`` (tensors or None) for the vjp; ``out`` is this node's output."""
        cdef Py_ssize_t i
        cdef tuple kept = variables
        if is_shared(variables):
            kept = tuple([v for v in variables])
        for i in range(PyTuple_GET_SIZE(kept)):
            put(kept, i, save_one(<Variable>PyTuple_GET_ITEM(kept, i), out))
        self.saved = kept
        return 0

    cdef Variable tensor(self, Py_ssize_t i):
        """Return saved tensor ``i``, or raise if it was freed, or overwritten since."""
        cdef Saved saved
        cdef Variable v = None
        cdef ndarray array
        cdef Version version
        cdef long number = 0
        cdef int output = 0
        if self.saved is None:
            raise RuntimeError(
                "Trying to backward through the graph a second time (or directly access saved "
                f"tensors after they have already been freed), at {self.label}. Saved tensors are "
                "freed by .backward() or autograd.grad(). Specify retain_graph=True in the first "
                "call if you need to backward through the graph a second time."
            )
        kept = self.saved[i]
        if kept is None:
            return None
        if isinstance(kept, Variable):
            v = <Variable>kept
            if v.version is not None and v.version.number != 0:
                self.complain(v.array, v, v.version, 0)
            return v
        if isinstance(kept, Saved):
            if isinstance(kept, Packed):
                return self.unpacked(<Packed>kept)
            saved = <Saved>kept
            array, version, number = saved.array, saved.version, saved.number
            v = saved.variable
            output = saved.output
        else:
            if self.version is None and grad_enabled():
                self.version = Version.__new__(Version)     # the vjp's own nodes may save it, too
            array, version = <ndarray>kept, self.version
        if version is not None and version.number != number:
            self.complain(array, v, version, number)
        if v is not None:
            return v
        # The node's own output: another tensor over the same memory, with this node as its history.
        v = operations.wrap(array)
        v.version = version
        v.node, v.output, v.wants_grad = self, output, True
        return v

    cdef Variable unpacked(self, Packed kept):
        """Return what the user's hook unpacks, in the place that the saved tensor had."""
        cdef Variable v, given
        found = kept.unpack(kept.content)
        if not isinstance(found, Variable):
            raise TypeError("Output of saved tensor unpack_hook expected to be a Tensor but got "
                            f"result of type {type(found).__name__}")
        given = <Variable>found
        v = operations.wrap(given.array)
        v.version = version_of(given)
        if kept.variable is not None:
            record(v, "UnpackBackward0", pass_on, (kept.variable,))
        elif kept.is_output or kept.node is not None:
            v.node, v.output, v.wants_grad = kept.node or self, kept.output, True
        return v

    cdef void forget(self) noexcept:
        """Let go of what was saved, now that the vjp has run."""
        cdef tuple saved = self.saved
        cdef Py_ssize_t i
        self.saved = None
        for i in range(PyTuple_GET_SIZE(saved)):
            if isinstance(saved[i], ndarray):
                recycle(PyTuple_GET_ITEM(saved, i))

    cdef int complain(self, ndarray array, Variable v, Version version, long number) except -1:
        """Raise for a saved tensor (None: this node's output) that was written to."""
        if v is None:
            what = f"output 0 of {self.label}"
        elif v.node is not None:
            what = f"output {v.output} of {v.node.label}"
        else:
            what = "a leaf"
        raise RuntimeError(
            "one of the variables needed for gradient computation has been modified by an "
            f"inplace operation: a tensor of shape {list((<object>array).shape)} "
            f"({array.dtype}), which is {what}, is at version {version.number}; "
            f"{self.label} saved it at version {number}. Make a copy before the in-place "
            "write, or use the out-of-place form."
        )


cdef object edge_to(object input):
    """Return where the gradient of ``input`` goes, as ``Node.edges`` has it; None: nowhere."""
    cdef Variable v
    if type(input) is not operations.tensor_class and not isinstance(input, Variable):
        return None
    v = <Variable>input
    refresh_view(v)
    if not v.wants_grad:
        return None
    if v.node is None:
        return v
    if v.node.n_outputs == 1:
        return v.node
    return (v.node, v.output)


cdef inline bint is_shared(tuple given) noexcept:
    """Whether anybody knows ``given`` but the op that has just made it, and the caller's variable.

    A tuple that is not shared may be changed, which spares making another.
    """
    return Py_REFCNT(<PyObject *>given) > 2


cdef inline void put(tuple owned, Py_ssize_t i, object item) noexcept:
    """Replace an item of a tuple that nobody else knows."""
    before = <object>PyTuple_GET_ITEM(owned, i)
    if before is not item:
        Py_INCREF(item)
        PyTuple_SET_ITEM(owned, i, item)
        Py_DECREF(before)


cdef int connect(Node node, tuple inputs) except -1:
    """Give a new node its edges and the next sequence number."""
    global n_recorded
    cdef Py_ssize_t i
    cdef tuple edges = inputs
    if is_shared(inputs) or observer is not None:
        edges = tuple([x for x in inputs])
    for i in range(PyTuple_GET_SIZE(edges)):
        put(edges, i, edge_to(<object>PyTuple_GET_ITEM(edges, i)))
    node.edges = edges
    n_recorded += 1
    node.sequence = n_recorded
    return 0


cdef Node record(Variable out, str label, vjp_function vjp, tuple inputs,
                 tuple saved=(), object extra=None):
    """Make ``out`` the output of a new node.  Call it only if ``recording(...)`` some input.

    ``inputs`` may hold anything; what is not a tensor that wants a gradient gets no edge.
    ``saved`` may hold tensors (``out`` too) and None; the vjp gets them by ``node.tensor(i)``.
    """
    cdef Node node = Node.__new__(Node)
    node.label = label
    node.vjp = vjp
    node.extra = extra
    node.n_outputs = 1
    connect(node, inputs)
    out.node = node
    out.output = 0
    out.wants_grad = True
    if saved:
        node.save(saved, out)
    else:
        node.saved = ()
    if observer is not None:
        observer.recorded(node, inputs, (out,))
    return node


cdef object pass_on(Node node, object grad):
    """The vjp of the identity."""
    return (grad,)
