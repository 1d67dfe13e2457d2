/* The sum of a contiguous row, by SUMS sums of doubles, so that one of any length keeps float32
 * accuracy: of each number, or of sums of eight numbers, which saves conversions.  Within a row all
 * stays in registers.  What comes once a row counts as well: of rows of 400 numbers the compiler's
 * own way to set an array to 0, a string instruction, took a fifth of the time. */

#ifndef REAL
#ifndef MINIGRAD_ROW_SUM_H
#define MINIGRAD_ROW_SUM_H
#include "simd.h"

#define SUMS 16  /* on every machine, for the same results */
enum { SUM_VECTORS = SUMS / LANES_double, AHEAD = 4096 };  /* bytes, see row_sums */

typedef vector_double few_double;  /* as many numbers as there are doubles in a vector */
#if defined(__GNUC__)
typedef float few_float __attribute__((vector_size(VECTOR_BYTES / 2), aligned(4), may_alias));
#define LANE(v, l) (v)[l]
#else
typedef float few_float;
#define LANE(v, l) (v)
#endif

INLINE vector_double widened_double(few_double v) { return v; }
INLINE vector_double widened_float(few_float v)
{
#if !defined(__GNUC__)
    return v;
#elif VECTOR_BYTES == 64  /* one instruction, where GCC 12 makes four of the other */
    return (vector_double){v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]};
#elif VECTOR_BYTES == 32
    return (vector_double){v[0], v[1], v[2], v[3]};
#else
    return __builtin_convertvector(v, vector_double);
#endif
}

#define REAL float
#include "row_sum.h"
#undef REAL
#define REAL double
#include "row_sum.h"
#undef REAL

#endif
#else

/* Numbers for the j-th vector of sums, of line i (SUMS numbers) from x on. */
#define FEW(i) (*(const NAME(few) *)(x + (i) * SUMS + j * LANES_double))
#define SET_TO_0(total) \
    UNROLL for (int j = 0; j < SUM_VECTORS; j++) total[j] = (vector_double){0}
#define ADD(total, numbers) \
    UNROLL for (int j = 0; j < SUM_VECTORS; j++) total[j] += NAME(widened)(numbers)

/* The sum of `total` and of n more numbers. */
INLINE double NAME(finished)(vector_double *total, const REAL *x, ptrdiff_t n)
{
    double sum[LANES_double], rest = 0;
    for (; n >= SUMS; n -= SUMS, x += SUMS) ADD(total, FEW(0));
    for (; n > 0; n--) rest += *x++;
    UNROLL for (int half = SUM_VECTORS / 2; half > 0; half /= 2)
        UNROLL for (int j = 0; j < half; j++) total[j] += total[j + half];
    UNROLL for (int l = 0; l < LANES_double; l++) sum[l] = LANE(total[0], l);
    UNROLL for (int half = LANES_double / 2; half > 0; half /= 2)
        UNROLL for (int l = 0; l < half; l++) sum[l] += sum[l + half];
    return sum[0] + rest;
}

/* The sum of one row, every number of it added as a double. */
ALONE double NAME(exact_row_sum)(const REAL *x, ptrdiff_t n)
{
    vector_double total[SUM_VECTORS], other[SUM_VECTORS];
    SET_TO_0(total);
    SET_TO_0(other);
    for (; n >= 2 * SUMS; n -= 2 * SUMS, x += 2 * SUMS) {
        ADD(total, FEW(0));
        ADD(other, FEW(1));
    }
    UNROLL for (int j = 0; j < SUM_VECTORS; j++) total[j] += other[j];
    return NAME(finished)(total, x, n);
}

/* The sums of rows that lie one behind the other.  What lies AHEAD is asked for early, as the
 * hardware asks for no more than the present page. */
ALONE void NAME(row_sums)(const REAL *x, ptrdiff_t rows, ptrdiff_t n, double *sums)
{
    for (ptrdiff_t i = 0, left; i < rows; i++) {
        vector_double total[SUM_VECTORS];
        SET_TO_0(total);
        for (left = n; left >= 8 * SUMS; left -= 8 * SUMS, x += 8 * SUMS) {
            UNROLL for (int b = 0; b < 8 * SUMS * (int)sizeof(REAL); b += 64)
                PREFETCH((const char *)x + AHEAD + b);
            ADD(total, ((FEW(0) + FEW(1)) + (FEW(2) + FEW(3)))
                           + ((FEW(4) + FEW(5)) + (FEW(6) + FEW(7))));
        }
        if (left >= 4 * SUMS) {
            ADD(total, (FEW(0) + FEW(1)) + (FEW(2) + FEW(3)));
            left -= 4 * SUMS;
            x += 4 * SUMS;
        }
        sums[i] = NAME(finished)(total, x, left);
        x += left;
    }
}
#undef FEW
#undef SET_TO_0
#undef ADD

#endif
