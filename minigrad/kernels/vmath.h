/* Scalar mathematics that GCC can vectorise. */
#ifndef MINIGRAD_VMATH_H
#define MINIGRAD_VMATH_H

#include <math.h>

static inline float vm_expf(float x) { return expf(x); }
static inline double vm_exp(double x) { return exp(x); }

#endif
