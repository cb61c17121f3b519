/* Products of a few lines' inputs with weights that are rounded to narrow numbers, a scale per group of inputs.

   BLOCK and GROUP are handed over by compiled.py (-DNAME=value). */

#include "real.h"
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#define LANES (64 / sizeof(real))
#define LINES 4
#define AHEAD (32 * 64) /* bytes: weights are prefetched so long before they are needed */
#define ENOUGH_LINES 16 /* from which on it pays to widen a block of weights once for all */
_Static_assert(BLOCK == 4 * LANES, "a block of outputs is four vectors");

typedef real vec __attribute__((vector_size(64)));
typedef real loose __attribute__((vector_size(64), aligned(sizeof(real)), may_alias));

/* `Linear` of compiled.py: weights (outputs / BLOCK, inputs, BLOCK), narrow or real, and the scales of their groups of
   inputs (outputs / BLOCK, inputs / GROUP rounded up, BLOCK). */
typedef struct {
    int64_t inputs, outputs, is_narrow;
    const void *weights;
    const real *scales, *bias;
} linear;

static inline vec widened(const narrow *from) {
#if NARROW == 8 && defined(__AVX512F__)
    return (vec)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)from)));
#elif NARROW == 8
    real lanes[LANES];
    vec all;
    for (size_t lane = 0; lane < LANES; lane++) lanes[lane] = from[lane];
    memcpy(&all, lanes, sizeof(all));
    return all;
#else
    return *(const loose *)from;
#endif
}

/* BLOCK outputs of n lines get what the inputs of one group add, from weights that are narrow, or else widened before;
   n and narrowed are constants, so that the sums stay in registers. */
static inline __attribute__((always_inline)) void block(const int n, const int narrowed, int64_t inputs, int64_t count,
                                                        const void *weights, const real *scale, const real *x, real *y,
                                                        int64_t stride) {
    vec sum[LINES][4] = {0}, w[4];
    for (int64_t k = 0; k < count; k++) {
        if (narrowed)
            for (size_t at = 0; at < BLOCK * sizeof(narrow); at += 64)
                __builtin_prefetch((const char *)((const narrow *)weights + k * BLOCK) + at + AHEAD);
        for (int part = 0; part < 4; part++) {
            int64_t at = k * BLOCK + part * LANES;
            w[part] = narrowed ? widened((const narrow *)weights + at) : (vec)*(const loose *)((const real *)weights + at);
        }
        for (int line = 0; line < n; line++)
            for (int part = 0; part < 4; part++) sum[line][part] += w[part] * x[line * inputs + k];
    }
    for (int line = 0; line < n; line++)
        for (int part = 0; part < 4; part++)
            *(loose *)(y + line * stride + part * LANES) += sum[line][part] * *(const loose *)(scale + part * LANES);
}

/* The same for all lines, a few at a time. */
static inline __attribute__((always_inline)) void blocks(const int narrowed, int64_t lines, int64_t inputs,
                                                         int64_t count, const void *weights, const real *scale,
                                                         const real *x, real *y, int64_t stride) {
    int64_t b = 0;
    for (; b + LINES <= lines; b += LINES)
        block(LINES, narrowed, inputs, count, weights, scale, x + b * inputs, y + b * stride, stride);
    for (; b + 2 <= lines; b += 2)
        block(2, narrowed, inputs, count, weights, scale, x + b * inputs, y + b * stride, stride);
    for (; b < lines; b++) block(1, narrowed, inputs, count, weights, scale, x + b * inputs, y + b * stride, stride);
}

/* y (lines, outputs): bias + x W^T of x (lines, inputs). */
static void product(int64_t lines, const linear *to, const real *x, real *y) {
    int64_t inputs = to->inputs, outputs = to->outputs;
    const real *scale = to->scales;
    const void *weights = to->weights;
    size_t bytes = to->is_narrow ? sizeof(narrow) : sizeof(real);
    real wide_block[GROUP * BLOCK] __attribute__((aligned(64)));
    for (int64_t b = 0; b < lines; b++) memcpy(y + b * outputs, to->bias, outputs * sizeof(real));
    for (int64_t o = 0; o < outputs; o += BLOCK) {
        for (int64_t k = 0; k < inputs; k += GROUP, scale += BLOCK) {
            int64_t count = inputs - k < GROUP ? inputs - k : GROUP;
            if (!to->is_narrow) {
                blocks(0, lines, inputs, count, weights, scale, x + k, y + o, outputs);
            } else if (lines < ENOUGH_LINES) {
                blocks(1, lines, inputs, count, weights, scale, x + k, y + o, outputs);
            } else {
                for (int64_t at = 0; at < count * BLOCK; at++) wide_block[at] = wide(((const narrow *)weights)[at]);
                blocks(0, lines, inputs, count, wide_block, scale, x + k, y + o, outputs);
            }
            weights = (const char *)weights + count * BLOCK * bytes;
        }
    }
}
