# Which thread does what of a parallel loop over `count` items.
#
# Threads start with equal shares of consecutive items; one that is done with its own takes what is
# left of the others'.  So a core that is slow for a while (another program is on it, or its
# neighbour in the same piece of silicon is busy) holds up the loop by one task and not by half of
# them, and still a thread finds in its core's cache what it put there in the loop before, which
# OpenMP's schedule(dynamic) would mix up.  The loop around it:
#
#     share_out(&tasks, count, work, n_threads)
#     for thread in prange(n_threads, num_threads=n_threads, schedule="static"):
#         run = next_run(&tasks, thread)
#         while run.first < run.last:
#             for i in range(run.first, run.last):
#                 ...
#             run = next_run(&tasks, thread)
#
# `work` is that of one item.  What is taken at once, a task, is one item of TASK or more units of
# work, else some, so that to take it costs next to nothing.  What an item's results are must not
# depend on the thread or on its run: they are then the same bits for every number of threads.

cdef extern from "tasks.h" nogil:
    enum:
        TASK
    ctypedef struct Tasks:
        pass
    ctypedef struct Run:
        Py_ssize_t first, last
    Py_ssize_t task_size(Py_ssize_t count, Py_ssize_t work, int n_threads) noexcept
    void share_out(Tasks *tasks, Py_ssize_t count, Py_ssize_t work, int n_threads) noexcept
    Run next_run(Tasks *tasks, int thread) noexcept     # an empty one: nothing is left
