# The functions of torch.special on one double: see special.pyx.

cdef double digamma_at(double x) noexcept nogil
cdef double zeta_at(double s, double q) noexcept nogil
