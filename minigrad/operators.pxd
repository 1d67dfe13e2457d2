# Operators: see operators.pyx.

from minigrad.tape cimport Variable


cdef class Operators(Variable):
    pass
