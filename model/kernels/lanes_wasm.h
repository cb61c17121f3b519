/* Four numbers at once in WebAssembly, which has no `fused`: included by real.h. To the last bit as one by one. */

#include <wasm_simd128.h>

/* Of two doubles, as floats have them. */
static inline v128_t as_floats(v128_t x) { return wasm_f64x2_promote_low_f32x4(wasm_f32x4_demote_f64x2_zero(x)); }

static inline v128_t fused_doubles(v128_t a, v128_t b, v128_t c) {
    return as_floats(wasm_f64x2_add(wasm_f64x2_mul(a, b), c));
}

static inline v128_t upper(v128_t x) { return wasm_i64x2_shuffle(x, x, 1, 1); }

static inline v128_t fused_pair(v128_t a, v128_t b, v128_t c) {
    a = wasm_f64x2_promote_low_f32x4(a), b = wasm_f64x2_promote_low_f32x4(b), c = wasm_f64x2_promote_low_f32x4(c);
    return wasm_f32x4_demote_f64x2_zero(wasm_f64x2_add(wasm_f64x2_mul(a, b), c));
}

static inline v128_t fused_lanes(v128_t a, v128_t b, v128_t c) {
    v128_t low = fused_pair(a, b, c), high = fused_pair(upper(a), upper(b), upper(c));
    return wasm_i64x2_shuffle(low, high, 0, 2);
}

/* The two lower lanes of e^r, see `exponential`. */
static inline v128_t exponential_pair(v128_t x, v128_t n) {
    static const float terms[] = {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 0.5f};
    v128_t less = wasm_f64x2_neg(wasm_f64x2_promote_low_f32x4(n)), p = wasm_f64x2_splat(1.9875691500e-4f);
    v128_t r = fused_doubles(less, wasm_f64x2_splat(0.693359375f), wasm_f64x2_promote_low_f32x4(x));
    r = fused_doubles(less, wasm_f64x2_splat(-2.12194440e-4f), r);
    for (int k = 0; k < 5; k++) p = fused_doubles(p, r, wasm_f64x2_splat(terms[k]));
    p = fused_doubles(as_floats(wasm_f64x2_mul(p, r)), r, r);
    return wasm_f32x4_demote_f64x2_zero(wasm_f64x2_add(p, wasm_f64x2_splat(1)));
}

static inline v128_t exponential_lanes(v128_t x) {
    x = wasm_f32x4_pmax(wasm_f32x4_pmin(x, wasm_f32x4_splat(88)), wasm_f32x4_splat(-88));
    v128_t n = wasm_f32x4_nearest(wasm_f32x4_mul(x, wasm_f32x4_splat(1.44269504f)));
    v128_t bits = wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127));
    v128_t low = exponential_pair(x, n), high = exponential_pair(upper(x), upper(n));
    return wasm_f32x4_mul(wasm_i64x2_shuffle(low, high, 0, 2), wasm_i32x4_shl(bits, 23));
}

/* a / (1 + e^(b x)). */
static inline v128_t logistic_lanes(float a, float b, v128_t x) {
    v128_t power = exponential_lanes(wasm_f32x4_mul(wasm_f32x4_splat(b), x));
    return wasm_f32x4_div(wasm_f32x4_splat(a), wasm_f32x4_add(wasm_f32x4_splat(1), power));
}

static inline v128_t sigmoid_lanes(v128_t x) { return logistic_lanes(1, -1, x); }

static inline v128_t tangent_lanes(v128_t x) {
    return wasm_f32x4_sub(logistic_lanes(2, -2, x), wasm_f32x4_splat(1));
}
