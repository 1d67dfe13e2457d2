# The Mersenne twister, and what torch makes of its draws.  See random.pyx.
#
# state: 625 uint32: the twister's 624 words, then how many of them are used up.
# out: C-contiguous, float32 or float64 where nothing else is said.

from libc.stdint cimport int64_t, uint32_t, uint64_t
from numpy cimport ndarray

cpdef int seed_twister(ndarray state, uint32_t seed) except -1

cpdef int draw_uniform(ndarray out, ndarray state, double low, double high) except -1

# at least 16 of them
cpdef int draw_normal(ndarray out, ndarray state, double mean, double std) except -1

cpdef int draw_bernoulli(ndarray out, ndarray state, double p, double yes) except -1

# int64.  span is below 2^32 unless wide, which takes two draws of 32 bits for each
cpdef int draw_integers(
    ndarray out, ndarray state, int64_t low, uint64_t span, bint wide) except -1

# int64
cpdef int shuffle(ndarray out, ndarray state) except -1

# float64.  spare: one float64, the normal number kept for the next call, or NaN
cpdef int draw_normal_pairs(ndarray out, ndarray state, ndarray spare) except -1

# float64; the shapes float32 or float64
cpdef int draw_gamma(ndarray out, ndarray shapes, ndarray state, ndarray spare) except -1
