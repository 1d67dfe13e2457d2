# What backward() and grad() are given: see given.pyx.

from minigrad.tape cimport Variable

cdef list variables(object given, str name)
cdef object sizes(Variable v)
cdef object described(object x)
cdef list gradients_of(list outputs, object given)
cdef list checked_inputs(object given)
