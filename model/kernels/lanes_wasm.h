/* Four numbers at once in WebAssembly: included by real.h. To the last bit as one by one.

   Relaxed SIMD has `fused`, rounded once where the processor can (`is_fused` of browser.c). Without it doubles, which hold
   the product of two floats, take its place, two at a time. */

#include <wasm_simd128.h>

#ifdef __wasm_relaxed_simd__
static inline v128_t fused_lanes(v128_t a, v128_t b, v128_t c) { return wasm_f32x4_relaxed_madd(a, b, c); }
static inline v128_t expanded_splat(float x) { return wasm_f32x4_splat(x); }
static inline v128_t fused_expanded(v128_t a, v128_t b, v128_t c) { return fused_lanes(a, b, c); }
#else
static inline v128_t expanded(v128_t x) { return wasm_f64x2_promote_low_f32x4(x); }
static inline v128_t expanded_splat(float x) { return wasm_f64x2_splat(x); }
static inline v128_t upper(v128_t x) { return wasm_i64x2_shuffle(x, x, 1, 1); }

/* Of two doubles each, to the floats that are the two lower lanes. */
static inline v128_t fused_pair(v128_t a, v128_t b, v128_t c) {
    return wasm_f32x4_demote_f64x2_zero(wasm_f64x2_add(wasm_f64x2_mul(a, b), c));
}

static inline v128_t fused_expanded(v128_t a, v128_t b, v128_t c) { return expanded(fused_pair(a, b, c)); }

static inline v128_t fused_lanes(v128_t a, v128_t b, v128_t c) {
    v128_t low = fused_pair(expanded(a), expanded(b), expanded(c));
    v128_t high = fused_pair(expanded(upper(a)), expanded(upper(b)), expanded(upper(c)));
    return wasm_i64x2_shuffle(low, high, 0, 2);
}
#endif

/* e^r - 1, see `exponential`, of four floats or two doubles; less: -n. */
static inline v128_t exponential_rest(v128_t x, v128_t less) {
    static const float terms[] = {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 0.5f};
    v128_t r = fused_expanded(less, expanded_splat(0.693359375f), x), p = expanded_splat(1.9875691500e-4f);
    r = fused_expanded(less, expanded_splat(-2.12194440e-4f), r);
    for (int k = 0; k < 5; k++) p = fused_expanded(p, r, expanded_splat(terms[k]));
    return fused_expanded(fused_expanded(p, r, expanded_splat(-0.0f)), r, r);
}

static inline v128_t exponential_lanes(v128_t x) {
    x = wasm_f32x4_pmax(wasm_f32x4_pmin(x, wasm_f32x4_splat(88)), wasm_f32x4_splat(-88));
    v128_t n = wasm_f32x4_nearest(wasm_f32x4_mul(x, wasm_f32x4_splat(1.44269504f))), less = wasm_f32x4_neg(n);
    v128_t bits = wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127));
#ifdef __wasm_relaxed_simd__
    v128_t rest = exponential_rest(x, less);
#else
    v128_t low = wasm_f32x4_demote_f64x2_zero(exponential_rest(expanded(x), expanded(less)));
    v128_t high = wasm_f32x4_demote_f64x2_zero(exponential_rest(expanded(upper(x)), expanded(upper(less))));
    v128_t rest = wasm_i64x2_shuffle(low, high, 0, 2);
#endif
    return wasm_f32x4_mul(wasm_f32x4_add(rest, wasm_f32x4_splat(1)), wasm_i32x4_shl(bits, 23));
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
