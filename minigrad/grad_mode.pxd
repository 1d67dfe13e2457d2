# Grad mode: see grad_mode.pyx.

cdef bint grad_enabled() noexcept
cdef bint set_grad_mode(bint mode) noexcept
