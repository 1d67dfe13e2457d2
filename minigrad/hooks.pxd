# Hooks on gradients: see hooks.pyx.

from minigrad.tape cimport Variable

cdef object run_hooks(dict hooks, int output, object grad)
cdef int run_accumulated_hooks(Variable leaf) except -1
