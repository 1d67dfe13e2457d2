/* Vectors as wide as the instruction set has them, for the loops that the compiler does not find by
 * itself: products.h, pixel_tile.h, plane_sums.h, row_sum.h and pool.h.  The compiler lowers GCC
 * vector types to AVX-512, AVX2, SSE2 or NEON, so nothing here names an instruction; without them a
 * vector is one number and the loops are plain.
 *
 * Each of those files includes itself twice, with REAL as float and as double, and what it defines
 * ends in the type: NAME(sum) is sum_float, LANES how many of them a VECTOR has. */

#ifndef MINIGRAD_SIMD_H
#define MINIGRAD_SIMD_H
#include <stddef.h>
#include <string.h>

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

#define CAT_(a, b) a##_##b
#define CAT(a, b) CAT_(a, b)
#define NAME(function) CAT(function, REAL)

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define ALONE static __attribute__((noinline))
#define UNROLL _Pragma("GCC unroll 16")
#define LANES_OF(type) (VECTOR_BYTES / (int)sizeof(type))
#define PREFETCH(p) __builtin_prefetch(p, 0, 2)
#define PREFETCH_TO_WRITE(p) __builtin_prefetch(p, 1, 3)
#else
#define INLINE static __forceinline
#define ALONE static __declspec(noinline)
#define UNROLL
#define LANES_OF(type) 1
#define PREFETCH(p) ((void)(p))
#define PREFETCH_TO_WRITE(p) ((void)(p))
#endif

#define LANES LANES_OF(REAL)
#define VECTOR NAME(vector)
#define LOAD(p) (*(const VECTOR *)(p))
#define STORE(p, v) (*(VECTOR *)(p) = (v))

typedef int lane_float;  /* integers as wide as the numbers: masks, and places of lanes */
typedef long long lane_double;
#if defined(__GNUC__)  /* a vector may lie at any address of a REAL, and alias arrays of them */
typedef float vector_float
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(float)), may_alias));
typedef double vector_double
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(double)), may_alias));
typedef lane_float lanes_float __attribute__((vector_size(VECTOR_BYTES)));
typedef lane_double lanes_double __attribute__((vector_size(VECTOR_BYTES)));
#else
typedef float vector_float;
typedef double vector_double;
typedef lane_float lanes_float;
typedef lane_double lanes_double;
#endif
enum { LANES_float = LANES_OF(float), LANES_double = LANES_OF(double) };
#endif
