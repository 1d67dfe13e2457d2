from minigrad.tensor cimport Tensor

cdef int check_inplace(Tensor x, bint value_recorded) except -1
cdef int written(Tensor x) except -1
cdef Tensor assign(Tensor x, Tensor result)
cdef Tensor before_write(Tensor x)
