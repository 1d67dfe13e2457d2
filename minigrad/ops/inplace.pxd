from numpy cimport ndarray

from minigrad.tensor cimport Tensor

cdef int check_inplace(Tensor x, bint value_recorded, bint distinct=*) except -1
cdef int check_distinct(ndarray x) except -1
cdef int check_overlap(ndarray x, ndarray read) except -1
cdef int written(Tensor x) except -1
cdef Tensor assign(Tensor x, Tensor result)
cdef Tensor before_write(Tensor x)
cdef Tensor write(Tensor x, Tensor s, str label, bint distinct)
