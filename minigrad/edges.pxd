# Edges of the tape: see edges.pyx.

from cpython.object cimport PyObject

from minigrad.tape cimport Node, Variable, operations

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        void *tp_hash
    PyTypeObject *Py_TYPE(object o)


cdef class ByIdentity:
    cdef Variable leaf

cdef class AccumulateGrad(Node):
    cdef readonly Variable variable


cdef object shown(Node node)
cdef object end_of(object edge)
cdef object edge_of(object root)
cdef list newest_first(list roots)
cdef dict leading_to(list roots, list targets)
cdef dict last_users(list roots)


cdef inline object key_of(object end):
    """Return what stands for a node or leaf in a dict: itself, but for a leaf of a user's class
    that has a hash, and so an idea of equality, of its own."""
    if isinstance(end, Node) or (
            Py_TYPE(end).tp_hash == (<PyTypeObject *>operations.tensor_class).tp_hash):
        return end
    return ByIdentity(end)


cdef inline Variable leaf_of(object key):
    """Return the leaf that a key stands for."""
    return (<ByIdentity>key).leaf if type(key) is ByIdentity else <Variable>key
