# Which thread does which task of a parallel loop.
#
# Threads start with equal shares of consecutive tasks; one that is done with its own takes what is
# left of the others'.  So a core that is slow for a while (another program is on it, or its
# neighbour in the same piece of silicon is busy) holds up the loop by one task and not by half of
# them, and still a thread finds in its core's cache what it put there in the loop before, which
# OpenMP's schedule(dynamic) would mix up.  The loop around it:
#
#     share_out(&tasks, n, n_threads)
#     for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
#         task = next_task(&tasks, thread)
#         while task >= 0:
#             ...
#             task = next_task(&tasks, thread)
#
# What a task computes must not depend on the thread: that is what makes results the same bits for
# every number of threads.

cdef enum:
    TASK = 32768    # units of work (see openmp.pyx): some microseconds


cdef extern from "tasks.h" nogil:
    ctypedef struct Tasks:
        pass
    void share_out(Tasks *tasks, Py_ssize_t count, int n_threads) noexcept
    Py_ssize_t next_task(Tasks *tasks, int thread) noexcept     # -1: there are none


cdef inline Py_ssize_t task_size(Py_ssize_t count, Py_ssize_t work, int n_threads) noexcept nogil:
    """How many of ``count`` items, of so much work each, make a task: all threads get as many."""
    cdef Py_ssize_t share = (count + n_threads - 1) // n_threads
    cdef Py_ssize_t tasks = max(<Py_ssize_t>1, min(share, share * work // TASK))
    return max(<Py_ssize_t>1, (share + tasks - 1) // tasks)
