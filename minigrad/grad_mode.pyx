"""Grad mode: whether operations are recorded, one switch in each thread.

autograd/grad_mode.py has what users see of it.
"""

cdef extern from *:
    """
    #if defined(_MSC_VER)
    #define MG_THREAD static __declspec(thread) int
    #elif defined(__GLIBC__)    // which keeps room for such small variables: read without a call
    #define MG_THREAD static __attribute__((tls_model("initial-exec"))) __thread int
    #else
    #define MG_THREAD static __thread int
    #endif
    MG_THREAD mg_grad_mode = 1;
    MG_THREAD mg_inference_mode = 0;
    """
    # one per thread, or one thread's no_grad() would stop another's recording
    bint mg_grad_mode
    bint mg_inference_mode


cdef bint grad_enabled() noexcept:
    return mg_grad_mode


cdef bint set_grad_mode(bint mode) noexcept:
    """Switch recording on or off in this thread; return what it was."""
    global mg_grad_mode
    previous = mg_grad_mode
    mg_grad_mode = mode
    return previous


def is_grad_enabled():
    """Return whether ops are recorded in this thread now.

    >>> import minigrad
    >>> minigrad.is_grad_enabled()
    True
    """
    return grad_enabled()


def is_inference_mode_enabled():
    """Return whether this is inside of ``inference_mode``.

    >>> import minigrad
    >>> with minigrad.inference_mode():
    ...     minigrad.is_inference_mode_enabled()
    True
    """
    return mg_inference_mode


cdef class GradMode:
    """A context manager that sets grad mode in this thread, and restores it.

    It is compiled, as Python may call a signal's handler between any two of its own instructions,
    but never in here: Ctrl-C cannot come between the mode's change and the ``with`` that will
    change it back.
    """
    cdef readonly bint grad
    cdef readonly object inference      # None: as it is
    cdef list before    # what was at each entry: who has entered may enter again

    def __init__(self, bint grad, inference=None):
        self.grad, self.inference = grad, inference
        self.before = []

    def __enter__(self):
        global mg_inference_mode
        self.before.append(mg_grad_mode + 2 * mg_inference_mode)
        set_grad_mode(self.grad)
        if self.inference is not None:
            mg_inference_mode = self.inference

    def __exit__(self, kind=None, error=None, traceback=None):
        global mg_inference_mode
        cdef int before
        if self.before:                 # set_grad_enabled is left once more than it was entered
            before = self.before.pop()
            set_grad_mode(before % 2)
            mg_inference_mode = before // 2
