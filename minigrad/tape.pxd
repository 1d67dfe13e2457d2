# The tape: see tape.pyx.

from cpython.tuple cimport PyTuple_GET_ITEM
from numpy cimport ndarray

from minigrad.grad_mode cimport grad_enabled


cdef enum Origin:                   # how a view was made; views of it inherit all but the first
    ORDINARY = 0
    NO_GRAD = 1                     # while grad mode was off
    CUSTOM = 2                      # by the forward of an autograd.Function
    MULTIPLE = 3                    # with others, by split() and the like


cdef enum Turn:                     # when a hook is called:
    ARRIVED = 0                     # with the gradient of one output
    LAST = 1                        # after those
    BEFORE = 2                      # with those of all outputs, before the vjp
    AFTER = 3                       # with what the vjp returned, too
    ACCUMULATED = 4                 # with a leaf that has its gradient


cdef class Version:
    cdef readonly long number


cdef class Variable:
    cdef ndarray array              # the data; views of it share memory
    cdef bint wants_grad            # a leaf that wants a gradient, or the output of a recorded op
    cdef Node node                  # what made it; None for a leaf
    cdef int output                 # which of the node's outputs it is
    cdef Variable gradient          # the gradient that backward() left here
    cdef Version version            # counts in-place writes; shared by views; None is 0
    cdef Variable base              # the tensor this one is a differentiable view of
    cdef long seen                  # of a view: the version that its node was made for
    cdef int origin                 # of a view: how it was made (Origin)
    cdef dict hooks                 # gradient hooks of a leaf
    cdef bint keeps_grad            # retain_grad() was called
    cdef object attributes          # Python's __dict__, for t.name = value: NULL until then
    cdef object __weakref__


# A vjp (vector-Jacobian product) takes the gradient of an op's output, and returns the gradients of
# its inputs: a tuple as long as the inputs, None where there is none or nobody asked.
ctypedef object (*vjp_function)(Node node, object grad)


cdef class Saved:
    cdef ndarray array              # first: let go of before the variable is, which may recycle it
    cdef Variable variable          # None if it is the node's own output (which would be a cycle)
    cdef Version version
    cdef long number
    cdef int output                 # which of the node's outputs, if it is one


cdef class Packed(Saved):           # without array; with the variable if it is a leaf with gradient
    cdef object content             # what the user's pack hook made of it
    cdef object unpack              # and the hook that makes a tensor of that again
    cdef Node node                  # the node that made it; None if that is the one that saves it
    cdef bint is_output             # which this says


cdef class Node:
    cdef str label
    cdef vjp_function vjp
    cdef tuple edges                # for each input: Node, (Node, output), leaf Variable, or None
    cdef tuple saved                # what save_one made of tensors; None once freed
    cdef Version version            # counts writes to its one output; None is 0
    cdef object extra               # whatever else the vjp needs: shapes, axes, indices
    cdef readonly long sequence     # grows from op to op: inputs are always older than outputs
    cdef readonly int n_outputs
    cdef dict hooks                 # hooks: {key: (output, function, Turn)}
    cdef object walk                # the backward walk that is under way and has come here, and
    cdef object incoming            # the gradient that has arrived on it (see walk.pyx)
    cdef object __weakref__

    cdef Variable tensor(self, Py_ssize_t i)
    cdef Variable unpacked(self, Packed kept)
    cdef int save(self, tuple variables, Variable out) except -1
    cdef void forget(self) noexcept
    cdef int complain(self, ndarray array, Variable v, Version version, long number) except -1

    cdef inline bint needs(self, Py_ssize_t i) noexcept:
        """Whether input ``i`` wants a gradient."""
        return <object>PyTuple_GET_ITEM(self.edges, i) is not None


ctypedef object (*binary_function)(object a, object b)


cdef class Operations:
    cdef binary_function add, sub, mul, div     # called most, and so without Python in between
    cdef public object floor_divide, remainder, pow, matmul, neg, abs, reciprocal
    cdef public object add_, sub_, mul_, div_, floor_divide_, remainder_, pow_
    cdef public object eq, ne, lt, le, gt, ge
    cdef public object bitwise_and, bitwise_or, bitwise_xor, bitwise_not
    cdef public object bitwise_left_shift, bitwise_right_shift
    cdef public object bitwise_and_, bitwise_or_, bitwise_xor_
    cdef public object bitwise_left_shift_, bitwise_right_shift_
    cdef public object getitem, setitem, unbind, stack, permute, flip, clone, regenerate_view
    cdef public object add_node_hook            # see hooks.pyx
    cdef public object next_functions           # see edges.pyx
    cdef type tensor_class
    cdef Variable (*wrap)(ndarray array)        # a new tensor over an array
    cdef ndarray (*copied)(ndarray array)       # a copy of an array


cdef Operations operations
cdef ndarray nothing
cdef object observer                # who watches (see _set_observer), or None
cdef object packer                  # who packs what is saved (see autograd/graph.py), or None

cdef bint is_watched() noexcept
cdef Version version_of(Variable v)
cdef int take_place(Variable v, Variable source) except -1
cdef int bump_version(Variable v) except -1
cdef int check_origin(Variable v, str what) except -1
cdef int regenerate_view(Variable v) except -1
cdef object save_one(Variable v, Variable out)
cdef object edge_to(object input)
cdef int connect(Node node, tuple inputs) except -1
cdef Node record(Variable out, str label, vjp_function vjp, tuple inputs,
                 tuple saved=*, object extra=*)


cdef inline bint wants(Variable v) noexcept:
    """Whether ``v`` or the tensor it is a view of wants a gradient: its ``requires_grad``."""
    return v.wants_grad or (v.base is not None and v.base.wants_grad)


cdef inline int refresh_view(Variable v) except -1:
    """Bring the node of a view up to date, if its memory was written to since it was made."""
    if (v.base is not None and v.version.number != v.seen
            and (v.node is not None or v.base.wants_grad)):
        regenerate_view(v)
    return 0


cdef inline bint recording(Variable v) except -1:
    """Whether an op on ``v`` must be recorded: it wants a gradient and grad mode is on."""
    if not wants(v) or not grad_enabled():
        return False
    refresh_view(v)
    return True
