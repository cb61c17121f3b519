/* The products of WebAssembly, whose widest multiply of whole numbers takes 16 bits: included by product.h. */

#define LINES 4 /* at once */
#define STRIP 4 /* outputs whose sums fill the registers; of fewer lines as many times as many */
#define CACHE_LINE 64

/* `strip` outputs of n lines, see `block`; both are constants. */
static inline __attribute__((always_inline)) void strip_of(const int n, const int strip, int quads,
                                                           const narrow *weights, const real *scale, const group *x,
                                                           int groups, real *y, int outputs) {
    v128_t sums[LINES][2 * STRIP]; /* (n, strip / 2), of two outputs two sums each, of alternate pairs of inputs */
    const int16_t *inputs[LINES];
    for (int line = 0; line < n; line++) {
        inputs[line] = x[line * groups].whole;
        for (int pair = 0; pair < strip / 2; pair++) sums[line][pair] = wasm_i32x4_splat(0);
    }
#pragma clang loop unroll(disable)
    for (int k = 0; k < quads; k++, weights += BLOCK * QUAD) {
        v128_t four[LINES];
        for (int line = 0; line < n; line++) four[line] = wasm_v128_load64_splat(inputs[line]);
        for (int pair = 0; pair < strip / 2; pair++) {
            v128_t w = wasm_u16x8_load8x8(weights + 2 * QUAD * pair);
            for (int line = 0; line < n; line++)
                sums[line][pair] = wasm_i32x4_add(sums[line][pair], wasm_i32x4_dot_i16x8(w, four[line]));
        }
        for (int line = 0; line < n; line++) {
            inputs[line] += QUAD;
            __asm__("" : "+r"(inputs[line])); /* a pointer each is faster than sums of a place and an offset */
        }
        __asm__("" : "+r"(weights));
    }
    for (int line = 0; line < n; line++) {
        const group *own = x + line * groups;
        for (int pair = 0; pair < strip / 2; pair += 2) {
            v128_t first = sums[line][pair], second = sums[line][pair + 1];
            v128_t sum = wasm_i32x4_add(wasm_i32x4_shuffle(first, second, 0, 2, 4, 6),
                                        wasm_i32x4_shuffle(first, second, 1, 3, 5, 7));
            real *to = y + line * outputs + 2 * pair;
            v128_t whole = wasm_f32x4_convert_i32x4(wasm_i32x4_sub(sum, wasm_i32x4_splat(own->offset)));
            v128_t unit = wasm_f32x4_mul(wasm_v128_load(scale + 2 * pair), wasm_f32x4_splat(own->scale));
            wasm_v128_store(to, fused_lanes(whole, unit, wasm_v128_load(to)));
        }
    }
}

/* BLOCK outputs of n lines get what the inputs of one group add; n is a constant. */
static inline __attribute__((always_inline)) void block(const int n, const int narrowed, int64_t quads,
                                                        const narrow *weights, const real *scale, const group *x,
                                                        int64_t groups, real *y, int64_t outputs) {
    (void)narrowed; /* always */
    const int strip = STRIP * LINES / n;
#pragma clang loop unroll(disable)
    for (int at = 0; at < BLOCK; at += strip) {
        /* WebAssembly has no prefetch, but what is read is in the cache */
        for (int byte = 0; byte < strip * GROUP; byte += CACHE_LINE)
            (void)*(const volatile narrow *)(weights + AHEAD + at * GROUP + byte);
        strip_of(n, strip, (int)quads, weights + at * QUAD, scale + at, x, (int)groups, y + at, (int)outputs);
    }
}
