# Writing what no cache can hold.
#
# An ordinary store first reads the line it writes to, which is half as much memory traffic again,
# and pushes something out of the caches that is wanted.  Where the arrays of an operation are
# larger than the last cache together, nothing of the result would be there for the next operation
# anyway: batch norm then computes it in a small buffer and copies that with stores which go to
# memory directly.  The benchmark's line 32x128x1000, forward and backward, then takes 1.6 instead
# of 1.9 ms.  In evaluation, one pass over x, it pays from three times that size on: much of an
# array that is somewhat larger than the cache is still there next time (two of 24 MB take 0.83 and
# streamed 1.00 ms).  Elementwise operations gained a fifth where they write little (a scalar added) and
# lost as much where the result is read again soon (ReLU's backward): they do without.

cdef enum:
    LAST_CACHE = 32 << 20   # bytes; of today's machines: what one says of itself is often wrong
    ONE_PASS = 3            # times that

cdef extern from "stream.h" nogil:
    void stream(void *to, const void *source, size_t bytes) noexcept
    void end_of_stream() noexcept       # before another thread may read
