# How many threads a loop should use.  See openmp.pyx.

cdef int threads_for(Py_ssize_t work) noexcept nogil
