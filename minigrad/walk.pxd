# The walk back over the tape: see walk.pyx.

from cpython.object cimport PyObject

cdef bint is_spare(PyObject *grad) noexcept
cdef object backward_from(object tensors, object grad_tensors, object retain_graph,
                          object create_graph, object inputs)
