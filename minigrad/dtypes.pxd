# Data types and promotion: see dtypes.pyx.

from numpy cimport ndarray


cdef class dtype:
    cdef readonly str name
    cdef readonly object numpy          # the numpy.dtype
    cdef readonly int num               # NumPy's type number
    cdef readonly int itemsize          # bytes an element takes
    cdef readonly int category          # 0 bool, 1 integer, 2 floating
    cdef readonly bint is_floating_point
    cdef readonly bint is_signed


cdef dtype float16, float32, float64, uint8, int8, int16, int32, int64, bool_
cdef dtype default_dtype()
cdef dtype dtype_of(ndarray array)
cdef dtype as_dtype(object given)
cdef dtype promote(dtype a, dtype b)
cdef ndarray supported(ndarray array)
