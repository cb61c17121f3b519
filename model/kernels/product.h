/* Products of a few lines' inputs with weights that are rounded to narrow numbers, a scale per group of inputs.

   Where the processor multiplies bytes (AVX-512 VNNI) or 16 bits (WebAssembly), inputs are rounded to 16 bits, a scale per
   group, and sums of a group are whole numbers, so that no order of adding changes them. Elsewhere both are widened.

   BLOCK, GROUP and QUAD are handed over by compiled.py (-DNAME=value). */

#include "team.h"
#include "real.h"
#if NARROW == 8 && defined(__AVX512VNNI__)
#include <immintrin.h>
#define IN_BYTES 1
#define IN_WHOLE 1
#elif NARROW == 8 && defined(__wasm_simd128__)
#define IN_BYTES 0
#define IN_WHOLE 1
#else
#define IN_BYTES 0
#define IN_WHOLE 0
#endif

#define LANES (64 / sizeof(real))
#define PARTS (BLOCK / LANES)
#define AHEAD (GROUP * BLOCK) /* bytes: weights are fetched a group before they are needed */
_Static_assert(BLOCK == 4 * LANES, "a block of outputs is four vectors");

typedef real vec __attribute__((vector_size(64)));
typedef real loose __attribute__((vector_size(64), aligned(sizeof(real)), may_alias));

/* `Linear` of compiled.py: weights (outputs / BLOCK, terms, inputs / QUAD, BLOCK, QUAD) and the scales of their groups
   of inputs (outputs / BLOCK, terms, inputs / GROUP, BLOCK), all rounded up; weights are the sum of their terms. */
typedef struct {
    int64_t inputs, outputs, terms;
    const narrow *weights;
    const real *scales, *bias;
} linear;

#if IN_WHOLE
#define LARGEST (127 * 256 + 127)

/* GROUP inputs of a line, scale * whole numbers, zeros after the last; offset: what they add to each sum too much, since
   weights are stored with 128 added. */
typedef struct {
#if IN_BYTES
    int8_t high[GROUP], low[GROUP]; /* 256 high + low */
#else
    int16_t whole[GROUP];
#endif
    int32_t offset;
    real scale;
} group;

static void take_group(int64_t count, const real *x, group *to) {
    real largest = 0, total = 0;
    int32_t sum = 0;
#pragma omp simd reduction(max : largest) reduction(+ : total)
    for (int64_t k = 0; k < count; k++) {
        largest = fabsf(x[k]) > largest ? fabsf(x[k]) : largest;
        total += x[k];
    }
    real inverse = largest > 1e-30f ? LARGEST / largest : 0;
    memset(to, 0, sizeof(*to));
#pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < count; k++) {
        int32_t whole = (int32_t)rintf(x[k] * inverse);
#if IN_BYTES
        to->low[k] = (int8_t)whole;
        to->high[k] = (int8_t)((whole + 128) >> 8);
#else
        to->whole[k] = (int16_t)whole;
#endif
        sum += whole;
    }
    to->offset = 128 * sum;
    to->scale = (largest + 0 * total) / LARGEST; /* NaN where an input is NaN or infinite */
}

#if IN_BYTES
#define LINES 3 /* at once: their sums fill the registers */
typedef int32_t ivec __attribute__((vector_size(64)));

static inline __attribute__((always_inline)) ivec four_inputs(const int8_t *x) {
    int32_t bytes;
    memcpy(&bytes, x, sizeof(bytes));
    return (ivec)_mm512_set1_epi32(bytes);
}

/* BLOCK outputs of n lines get what the inputs of one group add; n is a constant, so sums stay in registers. */
static inline __attribute__((always_inline)) void block(const int n, const int narrowed, int64_t quads,
                                                        const narrow *weights, const real *scale, const group *x,
                                                        int64_t groups, real *y, int64_t outputs) {
    (void)narrowed; /* always */
    ivec high[LINES][PARTS] = {0}, low[LINES][PARTS] = {0};
    for (int64_t k = 0; k < quads; k++, weights += BLOCK * QUAD) {
        for (size_t at = 0; at < BLOCK * QUAD; at += 64) __builtin_prefetch(weights + at + AHEAD);
        for (int line = 0; line < n; line++) {
            const group *own = x + line * groups;
            ivec upper = four_inputs(own->high + QUAD * k), lower = four_inputs(own->low + QUAD * k);
            for (int part = 0; part < (int)PARTS; part++) {
                __m512i w = _mm512_loadu_si512(weights + part * LANES * QUAD);
                high[line][part] = (ivec)_mm512_dpbusd_epi32((__m512i)high[line][part], w, (__m512i)upper);
                low[line][part] = (ivec)_mm512_dpbusd_epi32((__m512i)low[line][part], w, (__m512i)lower);
            }
        }
    }
    for (int line = 0; line < n; line++)
        for (int part = 0; part < (int)PARTS; part++) {
            ivec sum = (high[line][part] << 8) + low[line][part] - x[line * groups].offset;
            vec unit = *(const loose *)(scale + part * LANES) * x[line * groups].scale;
            *(loose *)(y + line * outputs + part * LANES) += __builtin_convertvector(sum, vec) * unit;
        }
}
#else
#include "product_wasm.h"
#endif
#else
#define LINES 4
#define ENOUGH_LINES 8 /* from which on it pays to widen a group of weights once for all */
typedef uint32_t uvec __attribute__((vector_size(64)));

/* GROUP inputs of a line, zeros after the last, and what they add to each sum too much. */
typedef struct {
    real x[GROUP], offset;
} group;

static void take_group(int64_t count, const real *x, group *to) {
    real sum = 0;
    memset(to, 0, sizeof(*to));
    memcpy(to->x, x, count * sizeof(real));
    for (int64_t k = 0; k < count; k++) sum += x[k];
    to->offset = NARROW == 8 ? 128 * sum : 0;
}

/* Weights of one input and LANES outputs, of (LANES, QUAD); bytes with the 128 that is added to them. */
static inline __attribute__((always_inline)) vec widened(const narrow *from, const int input) {
#if NARROW == 8
    uvec quads;
    memcpy(&quads, from, sizeof(quads));
    return __builtin_convertvector((__typeof__((uvec){0} == 0))(quads >> 8 * input & 255), vec);
#else
    vec all;
    for (size_t lane = 0; lane < LANES; lane++) all[lane] = from[QUAD * lane + input];
    return all;
#endif
}

/* BLOCK outputs of n lines get what the inputs of one group add, from weights that are narrow, or else widened before:
   (inputs, BLOCK); n and narrowed are constants, so that the sums stay in registers. */
static inline __attribute__((always_inline)) void block(const int n, const int narrowed, int64_t quads,
                                                        const void *weights, const real *scale, const group *x,
                                                        int64_t groups, real *y, int64_t outputs) {
    vec sum[LINES][PARTS] = {0};
    for (int64_t k = 0; k < quads; k++)
        for (int input = 0; input < QUAD; input++)
            for (int part = 0; part < (int)PARTS; part++) {
                const narrow *quad = (const narrow *)weights + (k * BLOCK + part * LANES) * QUAD;
                const real *row = (const real *)weights + (k * QUAD + input) * BLOCK + part * LANES;
                vec w = narrowed ? widened(quad, input) : (vec) * (const loose *)row;
                for (int line = 0; line < n; line++) sum[line][part] += w * x[line * groups].x[QUAD * k + input];
            }
    for (int line = 0; line < n; line++)
        for (int part = 0; part < (int)PARTS; part++) {
            vec unit = *(const loose *)(scale + part * LANES);
            *(loose *)(y + line * outputs + part * LANES) += (sum[line][part] - x[line * groups].offset) * unit;
        }
}
#endif

/* The same for all lines, a few at a time. */
static inline __attribute__((always_inline)) void blocks(const int narrowed, int64_t lines, int64_t quads,
                                                         const void *weights, const real *scale, const group *x,
                                                         int64_t groups, real *y, int64_t outputs) {
    int64_t b = 0;
    for (; b + LINES <= lines; b += LINES, x += LINES * groups, y += LINES * outputs)
        block(LINES, narrowed, quads, weights, scale, x, groups, y, outputs);
    for (; b + 2 <= lines; b += 2, x += 2 * groups, y += 2 * outputs)
        block(2, narrowed, quads, weights, scale, x, groups, y, outputs);
    for (; b < lines; b++, x += groups, y += outputs) block(1, narrowed, quads, weights, scale, x, groups, y, outputs);
}

/* BLOCK outputs y (lines of `outputs`) get what x, one group of every line (lines of `groups`), adds. */
static void add_group(int64_t lines, int64_t quads, const narrow *weights, const real *scale, const group *x,
                      int64_t groups, real *y, int64_t outputs) {
#if !IN_WHOLE
    if (lines >= ENOUGH_LINES) {
        real wide[GROUP * BLOCK] __attribute__((aligned(64)));
        for (int64_t k = 0; k < quads; k++)
            for (int input = 0; input < QUAD; input++)
                for (int64_t o = k * BLOCK; o < (k + 1) * BLOCK; o += LANES)
                    *(loose *)(wide + (k * (QUAD - 1) + input) * BLOCK + o) = widened(weights + o * QUAD, input);
        blocks(0, lines, quads, wide, scale, x, groups, y, outputs);
        return;
    }
#endif
    blocks(1, lines, quads, weights, scale, x, groups, y, outputs);
}

static int64_t parts_of(int64_t whole, int64_t part) { return (whole + part - 1) / part; }

static int64_t quads_of(int64_t inputs, int64_t group) {
    int64_t left = inputs - group * GROUP;
    return parts_of(left < GROUP ? left : GROUP, QUAD);
}

/* A product as threads share it. */
typedef struct {
    int64_t lines;
    const linear *to;
    const group *x; /* (lines, groups) */
    real *y;        /* (lines, outputs) */
} product_job;

static void product_block(const void *job, int64_t item) {
    const product_job *of = job;
    const linear *to = of->to;
    int64_t groups = parts_of(to->inputs, GROUP), outputs = to->outputs;
    const real *scale = to->scales + item * to->terms * groups * BLOCK;
    const narrow *weights = to->weights + item * to->terms * parts_of(to->inputs, QUAD) * QUAD * BLOCK;
    real *y = of->y + item * BLOCK;
    for (int64_t b = 0; b < of->lines; b++) memcpy(y + b * outputs, to->bias + item * BLOCK, BLOCK * sizeof(real));
    for (int64_t term = 0; term < to->terms; term++)
        for (int64_t g = 0; g < groups; g++, scale += BLOCK) {
            int64_t quads = quads_of(to->inputs, g);
            add_group(of->lines, quads, weights, scale, of->x + g, groups, y, outputs);
            weights += quads * QUAD * BLOCK;
        }
}

/* y (lines, outputs): bias + x W^T of x (lines, inputs); rounded: scratch for (lines, groups). */
static void product(team *threads, int64_t lines, const linear *to, const real *x, group *rounded, real *y) {
    int64_t groups = parts_of(to->inputs, GROUP);
    for (int64_t b = 0; b < lines; b++)
        for (int64_t g = 0; g < groups; g++) {
            int64_t left = to->inputs - g * GROUP;
            take_group(left < GROUP ? left : GROUP, x + b * to->inputs + g * GROUP, rounded + b * groups + g);
        }
    product_job job = {lines, to, rounded, y};
    share(threads, to->outputs / BLOCK, product_block, &job);
}
