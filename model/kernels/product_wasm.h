/* The products of WebAssembly, whose widest multiply of whole numbers takes 16 bits: included by product.h. */

#define LINES 4 /* at once */
#define STRIP 4 /* outputs whose sums fill the registers; of one line four times as many */

/* `strip` outputs of n lines, see `block`; both are constants. */
static inline __attribute__((always_inline)) void strip_of(const int n, const int strip, int64_t quads,
                                                           const narrow *weights, const real *scale, const group *x,
                                                           int64_t groups, real *y, int64_t outputs) {
    v128_t sums[LINES][2 * STRIP]; /* (n, strip / 2), of two outputs two sums each, of alternate pairs of inputs */
    for (int line = 0; line < n; line++)
        for (int pair = 0; pair < strip / 2; pair++) sums[line][pair] = wasm_i32x4_splat(0);
    for (int64_t k = 0; k < quads; k++, weights += BLOCK * QUAD) {
        v128_t inputs[LINES];
        for (int line = 0; line < n; line++) inputs[line] = wasm_v128_load64_splat(x[line * groups].whole + QUAD * k);
        for (int pair = 0; pair < strip / 2; pair++) {
            v128_t w = wasm_u16x8_load8x8(weights + 2 * QUAD * pair);
            for (int line = 0; line < n; line++)
                sums[line][pair] = wasm_i32x4_add(sums[line][pair], wasm_i32x4_dot_i16x8(w, inputs[line]));
        }
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
    const int strip = n == 1 ? 4 * STRIP : STRIP;
    for (int at = 0; at < BLOCK; at += strip)
        strip_of(n, strip, quads, weights + at * QUAD, scale + at, x, groups, y + at, outputs);
}
