"""PythonNode: a node of the tape whose vjp is a Python method."""

cimport cython
from minigrad.tape cimport (
    CUSTOM, MULTIPLE, Node, Variable, connect, observer, save_one, wants,
)


cdef object call_backward(Node node, object grad):
    """The vjp of every PythonNode."""
    return node.run([grad] if node.n_outputs == 1 else grad)


@cython.binding(False)          # descriptors of Python's own: they look what self is
@cython.embedsignature.format("clinic")
cdef class PythonNode(Node):
    """A node whose vjp is a Python method, ``run(grads)``: the base of autograd.Function's ctx.

    It is made before its outputs are, to be their forward's ``ctx``, and may have several.
    """

    cdef dict __dict__
    cdef readonly tuple needs_input_grad

    def _attach(self, str label, tuple inputs, tuple outputs, tuple saved):
        """Make ``outputs`` (tensors, or None for what gets no gradient) this node's outputs."""
        cdef Variable v
        cdef int k
        self.label = label
        self.vjp = call_backward
        self.n_outputs = len(outputs)
        connect(self, tuple([x for x in inputs]))      # the caller's own stays as it is
        for k, out in enumerate(outputs):
            if out is not None:
                v = <Variable>out
                v.node = self
                v.output = k
                v.wants_grad = True
                if v.base is not None:
                    v.seen = v.version.number
        self.saved = tuple([
            save_one(s, s if any([s is out for out in outputs]) else None) for s in saved
        ])
        if observer is not None:
            observer.recorded(self, inputs, outputs)

    def _mark_needs(self, tuple inputs):
        """Note which inputs want a gradient, for the forward to see before anything is recorded."""
        self.needs_input_grad = tuple([
            isinstance(v, Variable) and wants(<Variable>v) for v in inputs
        ])

    def _mark_views(self, tuple outputs):
        """Note which of the outputs that have a gradient are views: no write may change those."""
        cdef Variable v
        several = len([v for v in outputs if v is not None]) > 1
        for v in outputs:
            if v is not None and v.base is not None:
                v.origin = MULTIPLE if several else CUSTOM

    def _saved_tensors(self):
        """Return all saved tensors, or raise as ``tensor`` does."""
        cdef Py_ssize_t i, n = 1 if self.saved is None else len(self.saved)
        return tuple([self.tensor(i) for i in range(n)])
