/* The innermost loop of convolutions of tiny images, with the roles of products.h turned round:
 * vectors of up to 2 * LANES output channels, whose weights are packed, for each of up to TILE_ROWS
 * neighbouring results ("pixels").
 *
 * At the left or right edge of an image, a tap may read nothing but padding for one pixel of the
 * tile; the loop of these taps leaves it out.  The sums stay in registers from loop to loop, and are
 * transposed at the end, as planes of the result hold pixel beside pixel. */

#ifndef REAL
#ifndef MINIGRAD_PIXEL_TILE_H
#define MINIGRAD_PIXEL_TILE_H
#include "products.h"

/* Neighbouring taps, and which pixel does without them. */
enum { SKIP_NONE, SKIP_FIRST, SKIP_LAST };
typedef struct { ptrdiff_t start, count; int skip; } Taps;

#define REAL float
#include "pixel_tile.h"
#undef REAL
#define REAL double
#include "pixel_tile.h"
#undef REAL

#endif
#else

/* sum[i][:] += sum over k of x[offset[k] + i] * panel[k, :], for pixels i from first to end. */
INLINE void NAME(add_taps)(const int first, const int end, const int vectors, VECTOR sum[][2],
                           ptrdiff_t count, const REAL *x, const ptrdiff_t *offset,
                           const REAL *panel)
{
    for (ptrdiff_t k = 0; k < count; k++, panel += 2 * LANES) {
        VECTOR right[2];
        const REAL *left = x + offset[k];
        UNROLL for (int j = 0; j < vectors; j++) right[j] = LOAD(panel + j * LANES);
        UNROLL for (int i = first; i < end; i++)
            UNROLL for (int j = 0; j < vectors; j++) sum[i][j] += left[i] * right[j];
    }
}

/* One after the other, all the taps of a tile, whose first pixel has its inputs at x. */
#define PIXEL_PARAMETERS \
    const Taps *taps, int n_taps, const REAL *x, const ptrdiff_t *offset, const REAL *panel, \
    const REAL *start, REAL *sums
#define PIXEL_ARGUMENTS taps, n_taps, x, offset, panel, start, sums

INLINE void NAME(sum_pixels)(const int pixels, const int vectors, PIXEL_PARAMETERS)
{
    VECTOR sum[TILE_ROWS][2];
    UNROLL for (int i = 0; i < pixels; i++)
        UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = LOAD(start + j * LANES);
    for (const Taps *end = taps + n_taps; taps < end; taps++) {
        const ptrdiff_t *at = offset + taps->start;
        const REAL *weights = panel + taps->start * 2 * LANES;
        if (taps->skip == SKIP_FIRST)
            NAME(add_taps)(1, pixels, vectors, sum, taps->count, x, at, weights);
        else if (taps->skip == SKIP_LAST)
            NAME(add_taps)(0, pixels - 1, vectors, sum, taps->count, x, at, weights);
        else
            NAME(add_taps)(0, pixels, vectors, sum, taps->count, x, at, weights);
    }
    UNROLL for (int i = 0; i < pixels; i++)
        UNROLL for (int j = 0; j < vectors; j++) STORE(sums + (2 * i + j) * LANES, sum[i][j]);
}

#define MAKE(pixels) \
    ALONE void CAT(NAME(pixels_1), pixels)(PIXEL_PARAMETERS) \
    { NAME(sum_pixels)(pixels, 1, PIXEL_ARGUMENTS); } \
    ALONE void CAT(NAME(pixels_2), pixels)(PIXEL_PARAMETERS) \
    { NAME(sum_pixels)(pixels, 2, PIXEL_ARGUMENTS); }
FOR_ROWS(TILE_ROWS, MAKE)
#undef MAKE

/* Transpose up to `rows` results of each channel from `sums` to the planes of out, where all `rows`
 * may be written if there is `room`. */
INLINE void NAME(store_pixels)(const int rows, int pixels, int channels, const REAL *sums, REAL *out,
                               ptrdiff_t plane, ptrdiff_t out_step, ptrdiff_t room)
{
    for (int channel = 0; channel < channels; channel += LANES) {
        VECTOR v[LANES];
        UNROLL for (int l = 0; l < rows; l++) v[l] = LOAD(sums + 2 * l * LANES + channel);
        NAME(transpose)(rows, v);
        for (int l = 0; l < LANES && channel + l < channels; l++) {
            REAL *to = out + (channel + l) * plane;
            const REAL *results = (const REAL *)v + l * rows;
            if (out_step == 1 && room >= rows) memcpy(to, results, rows * sizeof(REAL));
            else
                for (int i = 0; i < pixels; i++) to[i * out_step] = results[i];
        }
    }
}

/* `offset` and `weight` have all taps.  `room` numbers of each plane may be written from out on:
 * what lies behind the tile is computed later. */
static void NAME(pixel_tile)(int pixels, int channels, const Taps *taps, int n_taps,
                             const REAL *x, const ptrdiff_t *offset, const REAL *weight, REAL *out,
                             ptrdiff_t plane, ptrdiff_t out_step, ptrdiff_t room, const REAL *bias)
{
    enum { ROWS = (TILE_ROWS + LANES - 1) / LANES * LANES };
    REAL sums[ROWS * 2 * LANES], start[2 * LANES] = {0};
    int vectors = 1 + (channels > LANES);
    if (bias) memcpy(start, bias, channels * sizeof(REAL));
#define MAKE(pixels) \
    case 16 + pixels: \
        CAT(NAME(pixels_1), pixels)(taps, n_taps, x, offset, weight, start, sums); break; \
    case 32 + pixels: \
        CAT(NAME(pixels_2), pixels)(taps, n_taps, x, offset, weight, start, sums); break;
    switch (16 * vectors + pixels) { FOR_ROWS(TILE_ROWS, MAKE) }
#undef MAKE
    for (int pixel = 0; pixel < pixels; pixel += LANES) {
        REAL *to = out + pixel * out_step;
        const REAL *from = sums + 2 * pixel * LANES;
        int left = pixels - pixel < LANES ? pixels - pixel : LANES;
        if (left <= LANES / 2)
            NAME(store_pixels)(LANES / 2, left, channels, from, to, plane, out_step, room - pixel);
        else
            NAME(store_pixels)(LANES, left, channels, from, to, plane, out_step, room - pixel);
    }
}

#undef PIXEL_PARAMETERS
#undef PIXEL_ARGUMENTS

#endif
