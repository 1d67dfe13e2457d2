# What users give, as what the engine works with: see convert.pyx.

from numpy cimport ndarray

from minigrad.dtypes cimport dtype

cdef int check_fits(object low, object high, dtype d) except -1
cdef ndarray array_from(object data, dtype wanted)
cpdef object checked_dim(object dim, int ndim)
