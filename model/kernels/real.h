/* The numbers of the kernels. Every file is built once a precision: NARROW is the width in bits of what goes into matrix
   products (16: bfloat16, 8: whole numbers, to be scaled, of which 128 is zero), `real` what states are kept in. */

#include <math.h>
#include <stdint.h>
#include <string.h>

/* a b + c, rounded once: compilers make one instruction of it where the processor has that. WebAssembly has none; a double
   holds the product of two floats. */
#ifdef __wasm__
#define fused(a, b, c) ((real)((double)(a) * (double)(b) + (double)(c)))
#else
#define fused(a, b, c) ((a) * (b) + (c))
#endif

#if NARROW == 64
typedef double real, narrow;
static inline real exponential(real x) { return exp(x); }
static inline real tangent(real x) { return tanh(x); }
#else
typedef float real;

/* e^x = 2^n e^r with |r| <= ln(2) / 2, to 2 units in the last place; compilers vectorise it, and NaN stays NaN. Far below
   it is 0: products with denormal numbers are slow. */
static inline real exponential(real x) {
    x = x > 88.0f ? 88.0f : x;
    x = x < -88.0f ? -88.0f : x;
    real n = rintf(x * 1.44269504f), r = fused(-n, -2.12194440e-4f, fused(-n, 0.693359375f, x));
    real p = fused(fused(fused(1.9875691500e-4f, r, 1.3981999507e-3f), r, 8.3334519073e-3f), r, 4.1665795894e-2f);
    p = fused(fused(p, r, 1.6666665459e-1f), r, 0.5f);
    int32_t bits = ((int32_t)(n == n ? n : 0) + 127) << 23;
    real scale;
    memcpy(&scale, &bits, 4);
    return (fused(p * r, r, r) + 1.0f) * scale;
}

static inline real tangent(real x) { return 2.0f / (1.0f + exponential(-2.0f * x)) - 1.0f; }
#endif

#if NARROW == 16
typedef uint16_t narrow;

static inline real wide(narrow x) {
    uint32_t bits = (uint32_t)x << 16;
    real y;
    memcpy(&y, &bits, 4);
    return y;
}

/* To the nearest, ties to even. */
static inline narrow slim(real x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    bits = x != x ? 0x7fc00000u : bits + 0x7fffu + ((bits >> 16) & 1u);
    return (narrow)(bits >> 16);
}
#elif NARROW == 8
typedef uint8_t narrow;
#else
#if NARROW == 32
typedef float narrow;
#endif
static inline real wide(narrow x) { return x; }
static inline narrow slim(real x) { return x; }
#endif

static inline real sigmoid(real x) { return 1 / (1 + exponential(-x)); }

#ifdef __wasm_simd128__
#include "lanes_wasm.h"
#endif

/* e^(x - shift) of numbers. */
static inline void exponentials(int64_t count, real shift, real *x) {
    int64_t j = 0;
#ifdef __wasm_simd128__
    for (; j + 4 <= count; j += 4)
        wasm_v128_store(x + j, exponential_lanes(wasm_f32x4_sub(wasm_v128_load(x + j), wasm_f32x4_splat(shift))));
#endif
#pragma omp simd
    for (int64_t k = j; k < count; k++) x[k] = exponential(x[k] - shift);
}
