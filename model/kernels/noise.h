/* The random numbers of a line, as torch draws them on a CPU: `LineNoise` of model/writing/sampling.py.

   Uniforms are from the Mersenne Twister (Matsumoto and Nishimura, 1998). Normals are of pairs of them (Box and Muller,
   1958) whose logarithm, sine and cosine are the polynomials of Cephes that torch takes on processors with AVX2, so they
   are the same to the last bit as there; elsewhere torch's own differ in the last. It is included after real.h. */

#define TWISTER 624
#define AHEAD_IN_STATE 397
#define PAIRS 8 /* of uniforms that torch makes normal at once */

typedef struct {
    uint32_t state[TWISTER], next;
} twister;

static void seed_twister(twister *of, uint32_t seed) {
    of->state[0] = seed, of->next = TWISTER;
    for (uint32_t k = 1; k < TWISTER; k++)
        of->state[k] = 1812433253u * (of->state[k - 1] ^ of->state[k - 1] >> 30) + k;
}

static uint32_t draw_bits(twister *of) {
    uint32_t *state = of->state;
    if (of->next == TWISTER) {
        for (uint32_t k = 0; k < TWISTER; k++) {
            uint32_t both = (state[k] & 0x80000000u) | (state[(k + 1) % TWISTER] & 0x7fffffffu);
            state[k] = state[(k + AHEAD_IN_STATE) % TWISTER] ^ both >> 1 ^ (both & 1 ? 0x9908b0dfu : 0);
        }
        of->next = 0;
    }
    uint32_t bits = state[of->next++];
    bits ^= bits >> 11;
    bits ^= bits << 7 & 0x9d2c5680u;
    bits ^= bits << 15 & 0xefc60000u;
    return bits ^ bits >> 18;
}

/* In [0, 1), a multiple of 2^-24. */
static real draw_uniform(twister *of) { return (real)(draw_bits(of) & 0xffffffu) * 0x1p-24f; }

/* The natural logarithm of x in (0, 1]. */
static real logarithm(real x) {
    static const real terms[] = {7.0376836292E-2f,  -1.1514610310E-1f, 1.1676998740E-1f,
                                 -1.2420140846E-1f, 1.4249322787E-1f,  -1.6668057665E-1f,
                                 2.0000714765E-1f,  -2.4999993993E-1f, 3.3333331174E-1f};
    uint32_t bits;
    memcpy(&bits, &x, 4);
    real e = (real)((int32_t)(bits >> 23) - 126), y = terms[0];
    bits = (bits & 0x007fffffu) | 0x3f000000u;
    memcpy(&x, &bits, 4);
    if (x < 0.707106781186547524f)
        x = (x - 1) + x, e -= 1;
    else
        x -= 1;
    real square = x * x;
    for (int k = 1; k < 9; k++) y = fused(y, x, terms[k]);
    y = fused(y * x, square, e * -2.12194440e-4f) - square * 0.5f;
    return fused(e, 0.693359375f, x + y);
}

/* The sine and the cosine of x in [0, 2 pi]. */
static void sine_cosine(real x, real *sine, real *cosine) {
    int32_t octant = ((int32_t)(x * 1.27323954473516f) + 1) & ~1;
    real y = (real)octant;
    x = fused(y, -0.78515625f, x);
    x = fused(y, -2.4187564849853515625e-4f, x);
    x = fused(y, -3.77489497744594108e-8f, x);
    real square = x * x;
    real even = fused(fused(2.443315711809948E-5f, square, -1.388731625493765E-3f), square, 4.166664568298827E-2f);
    even = fused(even * square, square, -0.5f * square) + 1;
    real odd = fused(fused(-1.9515295891E-4f, square, 8.3321608736E-3f), square, -1.6666654611E-1f);
    odd = fused(odd * square, x, x);
    *sine = octant & 2 ? even : odd, *cosine = octant & 2 ? odd : even;
    if (octant & 4) *sine = -*sine;
    if (!((octant - 2) & 4)) *cosine = -*cosine;
}

/* Noise (points, 4) of the next points, a multiple of four: two uniforms, two standard normals of each. */
static void draw_noise(twister *of, int64_t points, real *noise) {
    for (int64_t p = 0; p < points; p++)
        for (int k = 0; k < 2; k++) noise[4 * p + k] = draw_uniform(of);
    for (int64_t p = 0; p < points; p += PAIRS) {
        real uniform[2 * PAIRS], normal[2 * PAIRS];
        for (int k = 0; k < 2 * PAIRS; k++) uniform[k] = draw_uniform(of);
        for (int k = 0; k < PAIRS; k++) {
            real radius = (real)sqrt(-2 * logarithm(1 - uniform[k])), sine, cosine;
            sine_cosine(6.283185307179586f * uniform[PAIRS + k], &sine, &cosine);
            normal[k] = radius * cosine, normal[PAIRS + k] = radius * sine;
        }
        for (int k = 0; k < 2 * PAIRS; k++) noise[4 * (p + k / 2) + 2 + k % 2] = normal[k];
    }
}
