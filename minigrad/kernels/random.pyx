"""Random numbers: the Mersenne twister mt19937, and what torch makes of its draws.

The twister has 624 words.  A draw is one of them, tempered; when all are used up, a twist makes
624 new ones.  Both are plain loops over words that do not depend on each other (within 227 of
them), so that GCC vectorises them, and the draws cost a tenth of what they do one by one.

A stream of random numbers is one after another: nothing here uses threads, and the GIL is kept,
so that two Python threads that share a generator never draw the same numbers.
"""

from cython cimport floating
from libc.math cimport (
    NAN, ceil, cos as c_cos, isnan, log as c_log, log1p, pow as c_pow, sin as c_sin,
    sqrt as c_sqrt,
)
from libc.stdint cimport int64_t, uint32_t, uint64_t
cimport numpy as cnp
from numpy cimport ndarray

from minigrad.kernels.vmath cimport cos, log, sin, sqrt

cnp.import_array()

cdef enum:
    N = 624
    M = 397
    CHUNK = 1024    # draws made at a time, to be worked on while they are in the L1 cache
    HALF = 8        # Box-Muller's blocks: 8 uniforms for the radii, then 8 for the angles


# ---------------------------------------------------------------------------------------------
# The twister

cdef inline uint32_t mixed(uint32_t high, uint32_t low) noexcept:
    """The top bit of one word and the rest of the next, times the twister's matrix."""
    return (((high & <uint32_t>0x80000000) | (low & <uint32_t>0x7fffffff)) >> 1) ^ (
        (-(low & <uint32_t>1)) & <uint32_t>0x9908b0df)


cdef void twist(uint32_t* words) noexcept:
    cdef Py_ssize_t i
    for i in range(N - M):
        words[i] = words[i + M] ^ mixed(words[i], words[i + 1])
    for i in range(N - M, N - 1):
        words[i] = words[i - (N - M)] ^ mixed(words[i], words[i + 1])
    words[N - 1] = words[M - 1] ^ mixed(words[N - 1], words[0])


cdef void temper(uint32_t* out, const uint32_t* words, Py_ssize_t n) noexcept:
    cdef Py_ssize_t i
    cdef uint32_t word
    for i in range(n):
        word = words[i]
        word ^= word >> 11
        word ^= (word << 7) & <uint32_t>0x9d2c5680
        word ^= (word << 15) & <uint32_t>0xefc60000
        word ^= word >> 18
        out[i] = word


cdef void draw(uint32_t* out, uint32_t* state, Py_ssize_t n) noexcept:
    """Put the next ``n`` draws into ``out``."""
    cdef Py_ssize_t run
    while n > 0:
        if state[N] >= N:
            twist(state)
            state[N] = 0
        run = min(n, <Py_ssize_t>(N - state[N]))
        temper(out, state + state[N], run)
        state[N] += <uint32_t>run
        out += run
        n -= run


cdef inline uint64_t both(const uint32_t* draws, Py_ssize_t i) noexcept:
    """64 bits of two draws."""
    return (<uint64_t>draws[2 * i] << 32) | draws[2 * i + 1]


cdef inline int64_t low_53_bits(const uint32_t* draws, Py_ssize_t i) noexcept:
    return <int64_t>(both(draws, i) & <uint64_t>0x1fffffffffffff)


# ---------------------------------------------------------------------------------------------
# What is made of the draws

cdef void uniform(
    floating* out, uint32_t* state, Py_ssize_t n, floating low, floating high
) noexcept:
    """As many random bits as the type has: 24 of one draw, or 53 of two.

    Computed in double, so that a float is rounded once.  What that makes ``high`` becomes ``low``.
    """
    cdef uint32_t draws[CHUNK]
    cdef Py_ssize_t i, run
    cdef floating number
    cdef double scale = high - low
    scale *= 5.9604644775390625e-08 if floating is float else 1.1102230246251565e-16    # 2^-bits
    while n > 0:
        run = min(n, <Py_ssize_t>(CHUNK // 2))
        if floating is float:
            draw(draws, state, run)
            for i in range(run):
                number = <float>(<int>(draws[i] & 0xffffff) * scale + low)
                out[i] = low if number == high else number
        else:
            draw(draws, state, 2 * run)
            for i in range(run):
                number = low_53_bits(draws, i) * scale + low
                out[i] = low if number == high else number
        out += run
        n -= run


cdef void box_muller(floating* x, Py_ssize_t blocks, double mean, double std) noexcept:
    """Make normal numbers of uniform ones, in place."""
    cdef Py_ssize_t block, i
    cdef floating radius, angle
    for block in range(blocks):
        for i in range(HALF):
            radius = sqrt(<floating>-2 * log(<floating>1 - x[i]))
            angle = <floating>6.283185307179586 * x[HALF + i]
            x[i] = <floating>(radius * cos(angle) * std + mean)
            x[HALF + i] = <floating>(radius * sin(angle) * std + mean)
        x += 2 * HALF


cdef void normal(
    floating* out, uint32_t* state, Py_ssize_t n, floating mean, floating std
) noexcept:
    uniform(out, state, n, <floating>0, <floating>1)
    box_muller(out, n // (2 * HALF), mean, std)
    if n % (2 * HALF):      # the last 16 are drawn anew, over part of the block before
        out += n - 2 * HALF
        uniform(out, state, 2 * HALF, <floating>0, <floating>1)
        box_muller(out, 1, mean, std)


cdef void bernoulli(
    floating* out, uint32_t* state, Py_ssize_t n, int64_t limit, floating yes
) noexcept:
    """``yes`` where 53 bits of two draws are below ``limit``, else 0."""
    cdef uint32_t draws[CHUNK]
    cdef Py_ssize_t i, run
    while n > 0:
        run = min(n, <Py_ssize_t>(CHUNK // 2))
        draw(draws, state, 2 * run)
        for i in range(run):
            out[i] = yes if low_53_bits(draws, i) < limit else 0
        out += run
        n -= run


cdef void integers(
    int64_t* out, uint32_t* state, Py_ssize_t n, int64_t low, uint64_t span, bint wide
) noexcept:
    cdef uint32_t draws[CHUNK]
    cdef uint32_t small = <uint32_t>span
    cdef Py_ssize_t i, run
    while n > 0:
        run = min(n, <Py_ssize_t>(CHUNK // 2))
        draw(draws, state, 2 * run if wide else run)
        if wide:
            for i in range(run):
                out[i] = <int64_t>(<uint64_t>low + both(draws, i) % span)
        else:
            for i in range(run):
                out[i] = low + draws[i] % small
        out += run
        n -= run


# ---------------------------------------------------------------------------------------------
# Draws of which each needs the one before

cdef double one_uniform(uint32_t* state) noexcept:
    """A double in [0, 1)."""
    cdef uint32_t draws[2]
    draw(draws, state, 2)
    return low_53_bits(draws, 0) * 1.1102230246251565e-16


cdef double one_normal(uint32_t* state, double* spare) noexcept:
    """Box and Muller's pair, of which the second is kept in ``spare`` (NaN: there is none)."""
    cdef double value = spare[0], angle, radius
    if not isnan(value):
        spare[0] = NAN
        return value
    angle = 2.0 * 3.141592653589793 * one_uniform(state)
    radius = c_sqrt(-2.0 * log1p(-one_uniform(state)))
    spare[0] = radius * c_sin(angle)
    return radius * c_cos(angle)


cdef double one_gamma(floating shape, uint32_t* state, double* spare) noexcept:
    """Marsaglia and Tsang's method: the cube of a normal number, accepted or not.

    A shape below 1 is raised by 1, and the draw scaled by a power of a uniform number.  What
    torch computes in the dtype of the shape is computed in it here too.
    """
    cdef double scale = 1.0, c, d, x, u, v
    if shape == 0:
        return 0.0
    if shape < 1:
        scale = c_pow(1.0 - one_uniform(state), <floating>1 / shape)
        shape += <floating>1
    d = shape - <float>(1 / 3.0)
    c = 1.0 / c_sqrt(9.0 * d)
    if isnan(c):
        return NAN          # of NaN, or of a shape below -2/3: nothing would ever be accepted
    while True:
        x = one_normal(state, spare)
        v = 1.0 + c * x
        v = v * v * v
        if v <= 0.0:
            continue
        u = 1.0 - one_uniform(state)
        x *= x
        if u < 1.0 - 0.0331 * x * x or c_log(u) < 0.5 * x + d * (1.0 - v + c_log(v)):
            return scale * d * v


# ---------------------------------------------------------------------------------------------
# Their faces

cdef inline uint32_t* words_of(ndarray state) noexcept:
    return <uint32_t*>cnp.PyArray_DATA(state)


cpdef int seed_twister(ndarray state, uint32_t seed) except -1:
    """Start the stream of ``seed``, as the twister's authors do."""
    cdef uint32_t* words = words_of(state)
    cdef int i
    words[0] = seed
    for i in range(1, N):
        words[i] = <uint32_t>1812433253 * (words[i - 1] ^ (words[i - 1] >> 30)) + <uint32_t>i
    words[N] = N
    return 0


cpdef int draw_uniform(ndarray out, ndarray state, double low, double high) except -1:
    """``out`` = numbers uniform in [low, high)."""
    cdef Py_ssize_t n = cnp.PyArray_SIZE(out)
    if cnp.PyArray_TYPE(out) == cnp.NPY_FLOAT32:
        uniform(<float*>cnp.PyArray_DATA(out), words_of(state), n, <float>low, <float>high)
    else:
        uniform(<double*>cnp.PyArray_DATA(out), words_of(state), n, low, high)
    return 0


cpdef int draw_normal(ndarray out, ndarray state, double mean, double std) except -1:
    """``out`` (16 or more) = normal numbers, by Box and Muller's transform of uniform ones."""
    cdef Py_ssize_t n = cnp.PyArray_SIZE(out)
    if cnp.PyArray_TYPE(out) == cnp.NPY_FLOAT32:
        normal(<float*>cnp.PyArray_DATA(out), words_of(state), n, <float>mean, <float>std)
    else:
        normal(<double*>cnp.PyArray_DATA(out), words_of(state), n, mean, std)
    return 0


cpdef int draw_bernoulli(ndarray out, ndarray state, double p, double yes) except -1:
    """``out`` = ``yes`` with probability ``p``, else 0."""
    cdef Py_ssize_t n = cnp.PyArray_SIZE(out)
    cdef int64_t limit = <int64_t>ceil(p * 9007199254740992)        # 2^53
    if cnp.PyArray_TYPE(out) == cnp.NPY_FLOAT32:
        bernoulli(<float*>cnp.PyArray_DATA(out), words_of(state), n, limit, <float>yes)
    else:
        bernoulli(<double*>cnp.PyArray_DATA(out), words_of(state), n, limit, yes)
    return 0


cpdef int draw_integers(
    ndarray out, ndarray state, int64_t low, uint64_t span, bint wide
) except -1:
    """``out`` = integers from ``low`` to ``low + span - 1``; ``wide`` takes two draws for each."""
    integers(<int64_t*>cnp.PyArray_DATA(out), words_of(state), cnp.PyArray_SIZE(out), low, span,
             wide)
    return 0


cpdef int shuffle(ndarray out, ndarray state) except -1:
    """Let item i of ``out`` change places with item i + draw % (n - i), the last one excepted."""
    cdef int64_t* items = <int64_t*>cnp.PyArray_DATA(out)
    cdef uint32_t draws[CHUNK]
    cdef Py_ssize_t i, j, n = cnp.PyArray_SIZE(out)
    for i in range(n - 1):
        if i % CHUNK == 0:
            draw(draws, words_of(state), min(n - 1 - i, <Py_ssize_t>CHUNK))
        j = i + draws[i % CHUNK] % (n - i)
        items[i], items[j] = items[j], items[i]
    return 0


cpdef int draw_normal_pairs(ndarray out, ndarray state, ndarray spare) except -1:
    """``out`` = standard normal numbers, one after the other."""
    cdef double* numbers = <double*>cnp.PyArray_DATA(out)
    cdef Py_ssize_t i
    for i in range(cnp.PyArray_SIZE(out)):
        numbers[i] = one_normal(words_of(state), <double*>cnp.PyArray_DATA(spare))
    return 0


cpdef int draw_gamma(ndarray out, ndarray shapes, ndarray state, ndarray spare) except -1:
    """``out`` = numbers of the gamma distributions of rate 1 with these shapes."""
    cdef double* numbers = <double*>cnp.PyArray_DATA(out)
    cdef double* kept = <double*>cnp.PyArray_DATA(spare)
    cdef uint32_t* words = words_of(state)
    cdef Py_ssize_t i
    if cnp.PyArray_TYPE(shapes) == cnp.NPY_FLOAT32:
        for i in range(cnp.PyArray_SIZE(out)):
            numbers[i] = one_gamma((<float*>cnp.PyArray_DATA(shapes))[i], words, kept)
    else:
        for i in range(cnp.PyArray_SIZE(out)):
            numbers[i] = one_gamma((<double*>cnp.PyArray_DATA(shapes))[i], words, kept)
    return 0
