from numpy cimport ndarray

from minigrad.dtypes cimport dtype

cdef ndarray array_from(object data, dtype wanted)
