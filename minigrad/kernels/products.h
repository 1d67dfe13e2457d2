/* The innermost loops of matrix products and convolutions: tiles of the result, in registers.
 *
 * A tile is `rows` x 2 vectors of the result, kept in registers over the whole sum: each step
 * loads two vectors of b and one number of a per row.  12 rows fill 24 of AVX-512's 32 registers,
 * 6 rows 12 of the 16 that AVX2 and SSE have.  Fewer rows (the edge of a matrix, or a layer of 6
 * channels) have a copy of the loop of their own, so no work is spent on rows that are not there. */

#ifndef REAL
#ifndef MINIGRAD_PRODUCTS_H
#define MINIGRAD_PRODUCTS_H
#include "simd.h"

#if defined(__AVX512F__) || defined(__aarch64__)
#define TILE_ROWS 12
#define FEW_ROWS 8  /* that leave registers for three vectors of results */
#define TAP_ROWS 8
#define LINE_CHANNELS 6
#else
#define TILE_ROWS 6
#define FEW_ROWS 4
#define TAP_ROWS 6
#define LINE_CHANNELS 3
#endif
#define LINE_TAPS 4

/* FOR_ROWS(n, make) is make(1) ... make(n).  Every number of rows gets a function of its own:
 * compilers take minutes over one that holds them all. */
#define FOR_ROWS_3(make) make(1) make(2) make(3)
#define FOR_ROWS_4(make) FOR_ROWS_3(make) make(4)
#define FOR_ROWS_6(make) FOR_ROWS_4(make) make(5) make(6)
#define FOR_ROWS_8(make) FOR_ROWS_6(make) make(7) make(8)
#define FOR_ROWS_12(make) FOR_ROWS_8(make) make(9) make(10) make(11) make(12)
#define FOR_ROWS_(n, make) FOR_ROWS_##n(make)
#define FOR_ROWS(n, make) FOR_ROWS_(n, make)

enum { ANY_STEPS, PACKED, TABLE_B, TABLE_B_SPLIT };

#define REAL float
#include "products.h"
#undef REAL
#define REAL double
#include "products.h"
#undef REAL

#endif
#else

/* c[i, :] = start[i] + sum over k of a[i, k] * b[k, :], a tile of `rows` rows and up to three
 * vectors.  a[i, k] lies at a + i * a_row + k * a_step, row k of vector j of b at b[j] + k * b_step;
 * row i of vector j of c goes to c[j] + i * c_row.
 * Panels (PACKED) have the strides 1, `rows`, two vectors: known, they cost no instructions.
 * A convolution reads b (TABLE_B) at offset[k] instead of multiples of the step.
 * With TABLE_B_SPLIT, b_step is a gap: all but the first lanes[j] lanes of vector j of b lie so much
 * further on. */
#define TILE_PARAMETERS \
    ptrdiff_t depth, const REAL *a, ptrdiff_t a_row, ptrdiff_t a_step, const REAL *const *b, \
    ptrdiff_t b_step, const ptrdiff_t *offset, const int *lanes, const REAL *start, \
    REAL *const *c, ptrdiff_t c_row
#define TILE_ARGUMENTS depth, a, a_row, a_step, b, b_step, offset, lanes, start, c, c_row

/* The first `count` lanes of one vector and the rest of another. */
#if defined(__GNUC__)
#define FIRST(count, one, other) \
    ((VECTOR)(((NAME(lanes))(one) & (lane < (count))) | ((NAME(lanes))(other) & (lane >= (count)))))
#else
#define FIRST(count, one, other) ((count) > 0 ? (one) : (other))
#endif

/* One step of the sum: reads row k of b and column k of a, where `left` points. */
INLINE void NAME(step)(const int table, const int rows, const int vectors, ptrdiff_t k,
                       const REAL **left, ptrdiff_t a_row, ptrdiff_t a_step,
                       const REAL *const *from, ptrdiff_t b_step, const ptrdiff_t *offset,
                       const int *first, NAME(lanes) lane, VECTOR (*sum)[3])
{
    VECTOR right[3];
    ptrdiff_t at = table == TABLE_B || table == TABLE_B_SPLIT ? offset[k] : k * b_step;
    UNROLL for (int j = 0; j < vectors; j++) {
        right[j] = LOAD(from[j] + at);
        if (table == TABLE_B_SPLIT)
            right[j] = FIRST(first[j], right[j], LOAD(from[j] + b_step + at));
    }
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < vectors; j++)
            sum[i][j] += left[i / 3][(i % 3) * a_row] * right[j];
    UNROLL for (int i = 0; i < rows; i += 3) left[i / 3] += a_step;
}

INLINE void NAME(tile)(const int table, const int rows, const int vectors, TILE_PARAMETERS)
{
    VECTOR sum[TILE_ROWS][3];
    NAME(lanes) lane;
    UNROLL for (int l = 0; l < LANES; l++) ((NAME(lane) *)&lane)[l] = l;
    const REAL *left[(TILE_ROWS + 2) / 3];  /* every third row: x86 addresses reach the others */
    const REAL *from[3];
    REAL *to[3];
    int first[3];
    ptrdiff_t k = 0;
    if (table == PACKED) a_row = 1, a_step = rows, b_step = 2 * LANES;
    UNROLL for (int j = 0; j < vectors; j++) {
        from[j] = b[j];
        to[j] = c[j];
        if (table == TABLE_B_SPLIT) first[j] = lanes[j];
    }
    UNROLL for (int i = 0; i < rows; i += 3) left[i / 3] = a + i * a_row;
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = (VECTOR){0} + start[i];
#define STEP \
    NAME(step)(table, rows, vectors, k, left, a_row, a_step, from, b_step, offset, first, lane, sum)
    if (table == PACKED)  /* two steps a turn: half as many instructions for places and the end */
        for (; k + 2 <= depth; k++) {
            STEP;
            k++;
            STEP;
        }
    for (; k < depth; k++) STEP;
#undef STEP
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < vectors; j++) STORE(to[j] + i * c_row, sum[i][j]);
}

#define MAKE_TILE(name, table, rows, vectors) \
    ALONE void CAT(NAME(name##_##vectors), rows)(TILE_PARAMETERS) \
    { NAME(tile)(table, rows, vectors, TILE_ARGUMENTS); }
#define MAKE_CASE(name, rows, vectors) \
    case 16 * vectors + rows: CAT(NAME(name##_##vectors), rows)(TILE_ARGUMENTS); break;

#define MAKE(rows) MAKE_TILE(plain, ANY_STEPS, rows, 1) MAKE_TILE(plain, ANY_STEPS, rows, 2)
FOR_ROWS(TILE_ROWS, MAKE)
#undef MAKE
#define MAKE(rows) MAKE_TILE(packed, PACKED, rows, 1) MAKE_TILE(packed, PACKED, rows, 2)
FOR_ROWS(TILE_ROWS, MAKE)
#undef MAKE
#define MAKE(rows) MAKE_TILE(table_b, TABLE_B, rows, 1) MAKE_TILE(table_b, TABLE_B, rows, 2)
FOR_ROWS(TILE_ROWS, MAKE)
#undef MAKE
#define MAKE(rows) MAKE_TILE(table_b_split, TABLE_B_SPLIT, rows, 1) MAKE_TILE(table_b_split, TABLE_B_SPLIT, rows, 2)
FOR_ROWS(TILE_ROWS, MAKE)
#undef MAKE
#define MAKE(rows) MAKE_TILE(table_b, TABLE_B, rows, 3)
FOR_ROWS(FEW_ROWS, MAKE)
#undef MAKE
#define MAKE(rows) MAKE_TILE(table_b_split, TABLE_B_SPLIT, rows, 3)
FOR_ROWS(FEW_ROWS, MAKE)
#undef MAKE

INLINE void NAME(run_tile)(int table, int rows, int vectors, TILE_PARAMETERS)
{
#define MAKE(rows) MAKE_CASE(plain, rows, 1) MAKE_CASE(plain, rows, 2)
    if (table == ANY_STEPS) switch (16 * vectors + rows) { FOR_ROWS(TILE_ROWS, MAKE) }
#undef MAKE
#define MAKE(rows) MAKE_CASE(packed, rows, 1) MAKE_CASE(packed, rows, 2)
    else if (table == PACKED) switch (16 * vectors + rows) { FOR_ROWS(TILE_ROWS, MAKE) }
#undef MAKE
#define MAKE(rows) MAKE_CASE(table_b, rows, 1) MAKE_CASE(table_b, rows, 2)
#define MAKE_3(rows) MAKE_CASE(table_b, rows, 3)
    else if (table == TABLE_B)
        switch (16 * vectors + rows) { FOR_ROWS(TILE_ROWS, MAKE) FOR_ROWS(FEW_ROWS, MAKE_3) }
#undef MAKE
#undef MAKE_3
#define MAKE(rows) MAKE_CASE(table_b_split, rows, 1) MAKE_CASE(table_b_split, rows, 2)
#define MAKE_3(rows) MAKE_CASE(table_b_split, rows, 3)
    else switch (16 * vectors + rows) { FOR_ROWS(TILE_ROWS, MAKE) FOR_ROWS(FEW_ROWS, MAKE_3) }
#undef MAKE
#undef MAKE_3
}

static const REAL NAME(zeros)[TILE_ROWS];

/* One tile of a matrix product, rows <= TILE_ROWS, cols <= 2 * LANES:
 * c[i, 0:cols] (+)= sum over k of a[i * a_row + k * a_step] * b[k, 0:cols], plus bias[0:cols]. */
static void NAME(gemm_tile)(int rows, int cols, ptrdiff_t depth,
                            const REAL *a, ptrdiff_t a_row, ptrdiff_t a_step,
                            const REAL *b, ptrdiff_t b_step, REAL *c, ptrdiff_t c_row,
                            int accumulate, const REAL *bias)
{
    REAL sums[TILE_ROWS * 2 * LANES];
    int vectors = 1 + (cols > LANES);
    int table = a_row == 1 && a_step == rows && b_step == 2 * LANES ? PACKED : ANY_STEPS;
    int direct = cols == vectors * LANES && !accumulate && !bias;
    REAL *to = direct ? c : sums;
    ptrdiff_t to_row = direct ? c_row : 2 * LANES;
    const REAL *from[2] = {b, b + LANES};
    REAL *targets[2] = {to, to + LANES};
    /* c has left the cache by now: where its rows begin it is fetched while the sums are made */
    for (int i = 0; i < rows; i++) PREFETCH_TO_WRITE(c + i * c_row);
    NAME(run_tile)(table, rows, vectors, depth, a, a_row, a_step, from, b_step, NULL, NULL,
                   NAME(zeros), targets, to_row);
    if (direct) return;
    for (int i = 0; i < rows; i++) {
        int j = 0;
        for (; j + LANES <= cols; j += LANES) {
            VECTOR sum = LOAD(sums + 2 * i * LANES + j);
            if (bias) sum += LOAD(bias + j);
            if (accumulate) sum += LOAD(c + i * c_row + j);
            STORE(c + i * c_row + j, sum);
        }
        for (; j < cols; j++) {
            REAL sum = sums[2 * i * LANES + j];
            if (bias) sum += bias[j];
            if (accumulate) sum += c[i * c_row + j];
            c[i * c_row + j] = sum;
        }
    }
}

/* Transpose rows x LANES numbers: log2(rows) times, weave row i with row i + rows / 2. */
INLINE void NAME(transpose)(const int rows, VECTOR *v)
{
#if defined(__GNUC__) && !defined(__clang__)
    NAME(lanes) low, high;
    UNROLL for (int i = 0; i < LANES; i++) low[i] = i / 2 + (i % 2) * LANES;
    high = low + LANES / 2;
    UNROLL for (int turn = 1; turn < rows; turn *= 2) {
        VECTOR woven[LANES];
        UNROLL for (int i = 0; i < rows / 2; i++) {
            woven[2 * i] = __builtin_shuffle(v[i], v[i + rows / 2], low);
            woven[2 * i + 1] = __builtin_shuffle(v[i], v[i + rows / 2], high);
        }
        UNROLL for (int i = 0; i < rows; i++) v[i] = woven[i];
    }
#else
    REAL from[LANES * LANES], to[LANES * LANES];
    memcpy(from, v, rows * sizeof(VECTOR));
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < LANES; j++) to[j * rows + i] = from[i * LANES + j];
    memcpy(v, to, rows * sizeof(VECTOR));
#endif
}

/* One tile of a convolution: up to 2 vectors of results (3 of FEW_ROWS) for each of `rows` channels.
 * Vector j's inputs start at x[j]; those of all but its first lanes[j] results, which begin another
 * row, lie `gap` further on.  It goes to c[j]; bias (or NULL) is one a channel. */
static void NAME(conv_tile)(int rows, int vectors, ptrdiff_t depth, const REAL *weight,
                            ptrdiff_t weight_row, ptrdiff_t weight_step, const REAL *const *x,
                            ptrdiff_t gap, const int *lanes, const ptrdiff_t *offset,
                            REAL *const *c, ptrdiff_t c_row, const REAL *bias)
{
    int split = 0;
    for (int j = 0; j < vectors; j++) split |= lanes[j] < LANES;
    if (!bias) bias = NAME(zeros);
    if (split)
        NAME(run_tile)(TABLE_B_SPLIT, rows, vectors, depth, weight, weight_row, weight_step, x,
                       gap, offset, lanes, bias, c, c_row);
    else
        NAME(run_tile)(TABLE_B, rows, vectors, depth, weight, weight_row, weight_step, x, 0,
                       offset, NULL, bias, c, c_row);
}

/* c[i, :] += sum over y, x of source[i][y * stride + x] * b[y, x, :], one or two vectors wide.
 * The weight gradient: `source` holds a pointer per tap, b the output gradient pixel by pixel. */
INLINE void NAME(tap_rows)(const int rows, const int vectors, ptrdiff_t height, ptrdiff_t width,
                           ptrdiff_t stride, const REAL *const *source, const REAL *b, REAL *c,
                           ptrdiff_t c_row)
{
    VECTOR sum[TAP_ROWS][2], right[2];
    const REAL *from[TAP_ROWS];
    UNROLL for (int i = 0; i < rows; i++) {
        from[i] = source[i];
        UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = (VECTOR){0};
    }
    /* One place in all sources, rather than a place in each, leaves a register for every source. */
    for (ptrdiff_t y = 0, at = 0; y < height; y++, at += stride - width)
        for (ptrdiff_t end = at + width; at < end; at++, b += 2 * LANES) {
            UNROLL for (int j = 0; j < vectors; j++) right[j] = LOAD(b + j * LANES);
            UNROLL for (int i = 0; i < rows; i++)
                UNROLL for (int j = 0; j < vectors; j++) sum[i][j] += from[i][at] * right[j];
        }
    UNROLL for (int i = 0; i < rows; i++)
        UNROLL for (int j = 0; j < vectors; j++) {
            REAL *to = c + i * c_row + j * LANES;
            STORE(to, LOAD(to) + sum[i][j]);
        }
}

#define TAP_PARAMETERS \
    ptrdiff_t height, ptrdiff_t width, ptrdiff_t stride, const REAL *const *source, const REAL *b, \
    REAL *c, ptrdiff_t c_row
#define TAP_ARGUMENTS height, width, stride, source, b, c, c_row

#define MAKE(rows) \
    ALONE void CAT(NAME(tap_narrow), rows)(TAP_PARAMETERS) \
    { NAME(tap_rows)(rows, 1, TAP_ARGUMENTS); } \
    ALONE void CAT(NAME(tap_wide), rows)(TAP_PARAMETERS) \
    { NAME(tap_rows)(rows, 2, TAP_ARGUMENTS); }
FOR_ROWS(TAP_ROWS, MAKE)
#undef MAKE

static void NAME(tap_tile)(int rows, int cols, TAP_PARAMETERS)
{
#define MAKE(rows) case rows: \
    if (cols > LANES) CAT(NAME(tap_wide), rows)(TAP_ARGUMENTS); \
    else CAT(NAME(tap_narrow), rows)(TAP_ARGUMENTS); \
    break;
    switch (rows) { FOR_ROWS(TAP_ROWS, MAKE) }
#undef MAKE
}

/* The same for channels too few to fill a vector, with vectors along the rows: lane by lane,
 * c[i, j, :] += sum over y, x of source[i][y * stride + x] * b[j * plane + y * width + x].
 * The last vector of a row ends with it, and leaves out the lanes that the one before it has had
 * (on both sides: 0 times infinity is NaN).  No row is shorter than a vector. */
INLINE void NAME(line_rows)(const int taps, const int channels, ptrdiff_t height, ptrdiff_t width,
                            ptrdiff_t stride, const REAL *const *source, const REAL *b,
                            ptrdiff_t plane, REAL *c, ptrdiff_t c_row)
{
    VECTOR sum[LINE_TAPS][LINE_CHANNELS], right[LINE_CHANNELS], none = {0};
    NAME(lanes) lane;
    UNROLL for (int l = 0; l < LANES; l++) ((NAME(lane) *)&lane)[l] = l;
    ptrdiff_t whole = width / LANES * LANES, last = width - LANES;
    int had = (int)(whole - last);
    UNROLL for (int i = 0; i < taps; i++)
        UNROLL for (int j = 0; j < channels; j++) sum[i][j] = none;
    for (ptrdiff_t y = 0, at = 0; y < height; y++, at += stride, b += width) {
        for (ptrdiff_t x = 0; x < whole; x += LANES) {
            UNROLL for (int j = 0; j < channels; j++) right[j] = LOAD(b + j * plane + x);
            UNROLL for (int i = 0; i < taps; i++) {
                VECTOR left = LOAD(source[i] + at + x);
                UNROLL for (int j = 0; j < channels; j++) sum[i][j] += left * right[j];
            }
        }
        if (whole == width) continue;
        UNROLL for (int j = 0; j < channels; j++)
            right[j] = FIRST(had, none, LOAD(b + j * plane + last));
        UNROLL for (int i = 0; i < taps; i++) {
            VECTOR left = FIRST(had, none, LOAD(source[i] + at + last));
            UNROLL for (int j = 0; j < channels; j++) sum[i][j] += left * right[j];
        }
    }
    UNROLL for (int i = 0; i < taps; i++)
        UNROLL for (int j = 0; j < channels; j++) {
            REAL *to = c + i * c_row + j * LANES;
            STORE(to, LOAD(to) + sum[i][j]);
        }
}

#define LINE_PARAMETERS \
    ptrdiff_t height, ptrdiff_t width, ptrdiff_t stride, const REAL *const *source, const REAL *b, \
    ptrdiff_t plane, REAL *c, ptrdiff_t c_row
#define LINE_ARGUMENTS height, width, stride, source, b, plane, c, c_row

#define MAKE(channels) \
    ALONE void CAT(NAME(line_3), channels)(LINE_PARAMETERS) \
    { NAME(line_rows)(3, channels, LINE_ARGUMENTS); } \
    ALONE void CAT(NAME(line_4), channels)(LINE_PARAMETERS) \
    { NAME(line_rows)(4, channels, LINE_ARGUMENTS); }
FOR_ROWS(LINE_CHANNELS, MAKE)
#undef MAKE

/* `taps` is 3 or 4. */
static void NAME(line_tile)(int taps, int channels, LINE_PARAMETERS)
{
#define MAKE(channels) case channels: \
    if (taps == 3) CAT(NAME(line_3), channels)(LINE_ARGUMENTS); \
    else CAT(NAME(line_4), channels)(LINE_ARGUMENTS); \
    break;
    switch (channels) { FOR_ROWS(LINE_CHANNELS, MAKE) }
#undef MAKE
}

/* total[:] += the sum of n numbers, lane by lane. */
static void NAME(line_sum)(ptrdiff_t n, const REAL *b, REAL *total)
{
    VECTOR sum = LOAD(total);
    ptrdiff_t k = 0;
    for (; k + LANES <= n; k += LANES) sum += LOAD(b + k);
    STORE(total, sum);
    for (int l = 0; k + l < n; l++) total[l] += b[k + l];
}

/* packed[k * width + i] = from[i * line + k * step] for i < lines and k < depth: the panel a tile
 * reads from front to back.  Whole vectors are stored, so what lies behind the end of a row of the
 * panel (and up to LANES numbers behind the panel) is overwritten; rows are written in order, and
 * within a row from the right, which puts it right again.  Numbers i >= lines are arbitrary. */
static void NAME(pack)(REAL *packed, ptrdiff_t width, const REAL *from, ptrdiff_t lines,
                       ptrdiff_t line, ptrdiff_t depth, ptrdiff_t step)
{
    ptrdiff_t k = 0;
    ptrdiff_t last = (lines - 1) / LANES * LANES;
    if (step == 1) {
        for (; k + LANES <= depth; k += LANES)
            for (ptrdiff_t i = last; i >= 0; i -= LANES) {
                VECTOR v[LANES];
                UNROLL for (int l = 0; l < LANES; l++)
                    v[l] = LOAD(from + (i + l < lines ? i + l : lines - 1) * line + k);
                NAME(transpose)(LANES, v);
                UNROLL for (int l = 0; l < LANES; l++) STORE(packed + (k + l) * width + i, v[l]);
            }
    } else if (line == 1 && (lines % LANES == 0 || step >= LANES)) {
        /* Reading past a row is safe where another follows, so the last may be left for below. */
        for (; k < depth - (lines % LANES != 0); k++)
            for (ptrdiff_t i = 0; i < lines; i += LANES)
                STORE(packed + k * width + i, LOAD(from + k * step + i));
    }
    for (; k < depth; k++)
        for (ptrdiff_t i = 0; i < lines; i++)
            packed[k * width + i] = from[i * line + k * step];
}

/* y[i] (+)= sum over k of a[i * a_row + k] * x[k], plus bias[i * bias_step], 4 rows at a time. */
static void NAME(dots)(ptrdiff_t rows, ptrdiff_t depth, const REAL *a, ptrdiff_t a_row,
                       const REAL *x, REAL *y, int accumulate, const REAL *bias,
                       ptrdiff_t bias_step)
{
    for (ptrdiff_t i = 0; i < rows; i += 4) {
        const REAL *row[4];
        VECTOR sum[4][2];
        REAL total[4] = {0};
        ptrdiff_t k = 0;
        UNROLL for (int r = 0; r < 4; r++) {
            row[r] = a + (i + r < rows ? i + r : rows - 1) * a_row;
            sum[r][0] = sum[r][1] = (VECTOR){0};
        }
        for (; k + 2 * LANES <= depth; k += 2 * LANES)
            UNROLL for (int r = 0; r < 4; r++)
                UNROLL for (int j = 0; j < 2; j++)
                    sum[r][j] += LOAD(row[r] + k + j * LANES) * LOAD(x + k + j * LANES);
        for (; k < depth; k++)
            UNROLL for (int r = 0; r < 4; r++) total[r] += row[r][k] * x[k];
        UNROLL for (int r = 0; r < 4; r++) {
            REAL lane[LANES];
            STORE(lane, sum[r][0] + sum[r][1]);
            for (int width = LANES / 2; width > 0; width /= 2)
                UNROLL for (int l = 0; l < width; l++) lane[l] += lane[l + width];
            total[r] += lane[0];
            if (bias) total[r] += bias[i + r < rows ? (i + r) * bias_step : 0];
            if (i + r < rows) y[i + r] = accumulate ? y[i + r] + total[r] : total[r];
        }
    }
}

/* total[0:2 * LANES] += sum over k of b[k, 0:2 * LANES]. */
static void NAME(column_sums)(ptrdiff_t depth, const REAL *b, REAL *total)
{
    VECTOR sum[2] = {{0}, {0}};
    for (ptrdiff_t k = 0; k < depth; k++, b += 2 * LANES)
        UNROLL for (int j = 0; j < 2; j++) sum[j] += LOAD(b + j * LANES);
    UNROLL for (int j = 0; j < 2; j++) STORE(total + j * LANES, LOAD(total + j * LANES) + sum[j]);
}

#undef MAKE_TILE
#undef MAKE_CASE
#undef TILE_PARAMETERS
#undef TILE_ARGUMENTS
#undef TAP_PARAMETERS
#undef TAP_ARGUMENTS
#undef LINE_PARAMETERS
#undef LINE_ARGUMENTS

#endif
