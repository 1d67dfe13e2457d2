# How many threads a loop should use, and when another Python thread may run meanwhile.
# See openmp.pyx.

cdef int threads_for(Py_ssize_t work) noexcept

cdef extern from "Python.h":
    ctypedef struct PyThreadState:
        pass
    PyThreadState *PyEval_SaveThread() noexcept
    void PyEval_RestoreThread(PyThreadState *state) noexcept

cdef enum:
    KEEP_GIL = 4096     # units of work below which the GIL is kept: to give it up costs 50 ns


cdef inline PyThreadState *release_gil(Py_ssize_t work) noexcept:
    """Give up the GIL if there is work enough, until ``regain_gil`` with what this returns."""
    return PyEval_SaveThread() if work >= KEEP_GIL else NULL


cdef inline void regain_gil(PyThreadState *state) noexcept:
    if state != NULL:
        PyEval_RestoreThread(state)
