"""Threads: how many there are, and how much work is worth sharing.

The only file that calls OpenMP's own functions.  Kernels take ``n_threads`` as an argument, and
whoever calls a kernel asks ``threads_for(work)`` first.  Entering a parallel region costs a few
microseconds even when the team is warm, and whole time slices when another process holds one of
the cores, so small work stays on the calling thread.

Where other programs want the cores too, a team of threads is soon slower than one: all wait for the
one that has no core at present.  So the team halves while the thread that asks often has to wait for
a core (Linux tells), and tries a while later whether it is alone again; OMP_DYNAMIC=false in the
environment keeps it as it is.  (In OpenMP's terms that is the dynamic adjustment of the number of
threads.  With true GCC's OpenMP adjusts it as well, in its own way.)

In a build without OpenMP ``prange`` is a plain loop and everything here says one thread.
"""

import math
import os

import minigrad.kernels

cdef extern from *:
    """
    #ifdef _OPENMP
    #include <omp.h>
    #define MG_OPENMP _OPENMP
    #else
    #define MG_OPENMP 0
    #endif

    #ifdef __linux__
    #include <fcntl.h>
    #include <stdlib.h>
    #include <time.h>
    #include <unistd.h>
    static double seconds(void)
    {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
    }
    static double waiting_share(double least)
    {
        static __thread double last_running, last_waiting;
        char text[100], *rest;
        double running, waiting, both;
        int file = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
        ssize_t n = file < 0 ? 0 : read(file, text, sizeof text - 1);
        if (file >= 0) close(file);
        text[n > 0 ? n : 0] = 0;
        running = 1e-9 * (double)strtoull(text, &rest, 10);
        waiting = 1e-9 * (double)strtoull(rest, NULL, 10);
        both = running - last_running + waiting - last_waiting;
        if (both < least) return -1;
        waiting -= last_waiting;
        last_waiting += waiting;
        last_running = running;
        return waiting / both;
    }
    #else
    static double seconds(void) { return 0; }
    static double waiting_share(double least) { (void)least; return -1; }
    #endif
    """
    int MG_OPENMP
    double seconds() noexcept nogil
    # The part of this thread's time, since it asked last, that it waited for a core.  -1 if it ran
    # and waited for fewer than `least` seconds since.
    double waiting_share(double least) noexcept nogil

# Units of work (an element read or written by a plain loop) below which a region does not pay:
# a warm two-thread region costs about 1.5 us, in which one core streams this many floats.
cdef Py_ssize_t GRAIN = 32768

cdef int n_threads = 1
cdef int most_threads = 1024 if MG_OPENMP else 1


cdef int threads_for(Py_ssize_t work) noexcept:
    """How many threads to share ``work`` among: at most one per grain, never more than allowed."""
    if n_threads == 1 or work < 2 * GRAIN:
        return 1
    return <int>min(<Py_ssize_t>present_team(), work // GRAIN)


# ---------------------------------------------------------------- other programs
# Of its time in which it could run, a thread was seen to wait for a core 0.00 to 0.01 where nobody
# else wanted the cores, and 0.3 to 0.5 beside one busy program, whether idle threads sleep or spin.
cdef double CROWDED = 0.25
cdef double LOOK = 0.02             # seconds over which that is measured
cdef double SHORTEST = 0.02         # seconds from one trial of a larger team to the next, which
cdef double LONGEST = 1.0           # doubles every time that it was in vain

cdef bint is_dynamic = minigrad.kernels.is_dynamic
cdef int team = 1                   # n_threads, or fewer for now
cdef double looked = 0, trial = 0, rest = SHORTEST
cdef bint in_doubt = False          # the last look saw a crowd, or the team has just grown


cdef int present_team() noexcept:
    """Return how many threads may share work at present."""
    global team, looked, trial, rest, in_doubt
    cdef double now = seconds(), share
    cdef bint crowded
    if not is_dynamic or now - looked < LOOK / 4:
        return team
    looked = now
    share = waiting_share(LOOK)
    if share < 0:
        return team
    crowded = share > CROWDED
    if crowded and in_doubt and team > 1:   # one look may be chance
        team = (team + 1) // 2
        trial = now + rest
        rest = min(2 * rest, LONGEST)
        in_doubt = False
    elif team < n_threads and not crowded and now >= trial:
        team = min(2 * team, n_threads)
        in_doubt = True
    else:
        if team == n_threads and not crowded:
            rest = SHORTEST
        in_doubt = crowded
    return team


def has_openmp():
    """Whether the kernels were built with OpenMP."""
    return MG_OPENMP != 0


def get_num_threads():
    """Return the number of threads the kernels may use."""
    return n_threads


def get_team():
    """Return how many threads share work at present: fewer while others want the cores."""
    return team


def set_num_threads(n):
    """Let the kernels use ``n`` threads.  The results do not depend on it, bit for bit.

    A forked child stays on one thread, whatever is asked for: its parent's team is not there.
    """
    global n_threads, team
    if isinstance(n, bool) or not isinstance(n, int):
        raise TypeError(f"set_num_threads expects an int, but got {type(n).__name__}")
    if n < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, but got {n}")
    n_threads = team = min(n, most_threads)


def _cgroup_cpus(root="/sys/fs/cgroup"):
    """Return the container's CPU limit as a float, or infinity where there is none."""
    try:  # version 2: "max 100000" or "150000 100000"
        with open(f"{root}/cpu.max") as file:
            quota, period = file.read().split()
    except (OSError, ValueError):
        try:  # version 1: -1 means no limit
            with open(f"{root}/cpu/cpu.cfs_quota_us") as file:
                quota = file.read().strip()
            with open(f"{root}/cpu/cpu.cfs_period_us") as file:
                period = file.read().strip()
        except OSError:
            return math.inf
    try:
        quota, period = int(quota), int(period)
    except ValueError:
        return math.inf
    return quota / period if quota > 0 and period > 0 else math.inf


def default_num_threads():
    """Return OMP_NUM_THREADS if set, else the CPUs this process may use (affinity, cgroup)."""
    try:
        wanted = int(os.environ.get("OMP_NUM_THREADS", "").split(",")[0])
    except ValueError:
        wanted = 0
    if wanted > 0:
        return wanted
    try:
        cpus = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        cpus = os.cpu_count() or 1
    return max(1, math.ceil(min(cpus, _cgroup_cpus())))


def _after_fork():
    # The threads of the parent's OpenMP team do not exist in a forked child, and the runtime
    # would wait for them for ever: a child stays on the one thread it has.
    global n_threads, most_threads, team
    n_threads = most_threads = team = 1


set_num_threads(default_num_threads())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
