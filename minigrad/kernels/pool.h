/* Maxima of windows, a vector of them at a time. */

#ifndef REAL
#ifndef MINIGRAD_POOL_H
#define MINIGRAD_POOL_H
#include "simd.h"

#define REAL float
#include "pool.h"
#undef REAL
#define REAL double
#include "pool.h"
#undef REAL

#endif
#else

/* Where v is larger than best, or is NaN, put it there and `tap` into place. */
INLINE void NAME(take_larger)(VECTOR *best, NAME(lanes) *place, VECTOR v, int tap)
{
#if defined(__GNUC__)
    NAME(lanes) larger = (NAME(lanes))((v > *best) | (v != v));
    *best = (VECTOR)(((NAME(lanes))v & larger) | ((NAME(lanes))*best & ~larger));
    *place = (larger & tap) | (*place & ~larger);
#else
    if (v > *best || v != v) { *best = v; *place = tap; }
#endif
}

/* Maxima of windows of 2 x 2 side by side, LANES of them, and which of the 4 each is (NULL: not
 * wanted; then the two rows meet before the columns are told apart). */
static void NAME(max_2x2)(const REAL *upper, const REAL *lower, REAL *out, int *places)
{
    const REAL *rows[2] = {upper, lower};
    NAME(lanes) nowhere;
#if defined(__GNUC__) && !defined(__clang__)
    if (!places) {
        VECTOR half[2];
        NAME(lanes) columns;
        UNROLL for (int j = 0; j < 2; j++) {
            half[j] = LOAD(upper + j * LANES);
            NAME(take_larger)(&half[j], &nowhere, LOAD(lower + j * LANES), 0);
        }
        UNROLL for (int l = 0; l < LANES; l++) columns[l] = 2 * l;
        VECTOR larger = __builtin_shuffle(half[0], half[1], columns);
        NAME(take_larger)(&larger, &nowhere, __builtin_shuffle(half[0], half[1], columns + 1), 0);
        STORE(out, larger);
        return;
    }
#endif
    VECTOR best, even, odd;
    NAME(lanes) place = {0};
    UNROLL for (int i = 0; i < 2; i++) {
#if defined(__GNUC__) && !defined(__clang__)
        NAME(lanes) evens;
        VECTOR left = LOAD(rows[i]), right = LOAD(rows[i] + LANES);
        UNROLL for (int l = 0; l < LANES; l++) evens[l] = 2 * l;
        even = __builtin_shuffle(left, right, evens);
        odd = __builtin_shuffle(left, right, evens + 1);
#else
        REAL split[2][LANES];
        for (int l = 0; l < 2 * LANES; l++) split[l % 2][l / 2] = rows[i][l];
        even = LOAD(split[0]);
        odd = LOAD(split[1]);
#endif
        if (i == 0) best = even;
        else NAME(take_larger)(&best, &place, even, 2);
        NAME(take_larger)(&best, &place, odd, 2 * i + 1);
    }
    STORE(out, best);
    NAME(lanes) result = place;
    for (int l = 0; places && l < LANES; l++) places[l] = (int)((const NAME(lane) *)&result)[l];
}

/* The same, without places, in an image whose width divides LANES: LANES maxima of 4 * LANES numbers
 * that hold row after row. */
static void NAME(max_2x2_narrow)(const REAL *x, int width, REAL *out)
{
#if defined(__GNUC__) && !defined(__clang__)
    VECTOR half[2], larger;
    NAME(lanes) lane, upper, nowhere;
    UNROLL for (int l = 0; l < LANES; l++) lane[l] = l;
    upper = lane + (lane & -width);  /* every other row of two vectors */
    UNROLL for (int j = 0; j < 2; j++) {
        VECTOR first = LOAD(x + 2 * j * LANES), second = LOAD(x + (2 * j + 1) * LANES);
        half[j] = __builtin_shuffle(first, second, upper);
        NAME(take_larger)(&half[j], &nowhere, __builtin_shuffle(first, second, upper + width), 0);
    }
    larger = __builtin_shuffle(half[0], half[1], 2 * lane);
    NAME(take_larger)(&larger, &nowhere, __builtin_shuffle(half[0], half[1], 2 * lane + 1), 0);
    STORE(out, larger);
#else
    REAL rows[2][2 * LANES];
    for (int l = 0; l < 4 * LANES; l++)
        rows[l / width % 2][l / (2 * width) * width + l % width] = x[l];
    NAME(max_2x2)(rows[0], rows[1], out, NULL);
#endif
}

/* For n windows: where from[j * stride] is larger than best[j], or is NaN, put it there. */
static void NAME(max_tap)(ptrdiff_t n, const REAL *from, ptrdiff_t stride, int tap, REAL *best,
                          int *places)
{
    for (ptrdiff_t j = 0; j < n; j++) {
        REAL v = from[j * stride], before = best[j];
        int larger = (v > before) | (v != v);
        best[j] = larger ? v : before;
        places[j] = larger ? tap : places[j];
    }
}

#endif
