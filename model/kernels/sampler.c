/* Lines drawn point by point from a network whose layers are LSTMs: what writing.py runs.

   Every line is computed in the same order whatever the batch, so it is the same to the last bit alone and in company.
   A line's state is one row: what is told of its last point, window, h of every layer, c of every layer, what is
   remembered of the pen, then with attention the attending layer's own h and what was asked of last, kappa, phi. What is
   found by attention is in the h that the layers above read. */

#include "real.h"
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#define LANES (64 / sizeof(real))
#define BLOCK (4 * LANES)
#define LINES 4
#define GROUP 64 /* inputs whose weights of one output share a scale */
#define AHEAD (32 * 64) /* bytes: weights are asked for so long before they are needed */
#define MANY 16 /* lines from which on it pays to widen a block of weights once for all */
#define LOG_MIN_SIGMA ((real)-6.907755279)
#define MAX_RHO ((real)0.999)
#define LATEST 20 /* as in sampling.py */
#define OFFSETS 3 /* numbers told of a point by bare offsets */
#define REMEMBERED 9 /* numbers of a PenState of pen_motion.py; from here on as there */
#define HEAD_SIZE 64 /* as in self_attention.py */
#define NORM_EPSILON 1e-5
#define TYPICAL 0.5
#define UNSEEN 20
#define LEAST 0.3
#define MOST 3
#define JUMP 6
#define SLOW 0.02
#define FARTHEST 5

typedef real vec __attribute__((vector_size(64)));
typedef real loose __attribute__((vector_size(64), aligned(sizeof(real)), may_alias));

typedef struct {
    int64_t layers, size, told, alphabet, components, most, mixtures, heads, attending, room;
    /* narrow of every layer, real of the density, narrow of what attention asks and answers with, if there are heads:
       (outputs / BLOCK, inputs, BLOCK) */
    const void *const *weights;
    const real *const *scales;  /* of their groups: (outputs / BLOCK, inputs / GROUP rounded up, BLOCK) */
    const real *const *biases;
    const real *to_window, *window_bias, *norm, *norm_bias;
    real *memory; /* (lines of all, room, 2, heads, HEAD_SIZE): keys and values */
} network;

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

/* y (lines, outputs), outputs a multiple of BLOCK: bias + x W^T of x (lines, inputs), for weights of `bytes` each. */
static void product(int64_t lines, int64_t inputs, int64_t outputs, size_t bytes, const void *weights,
                    const real *scale, const real *bias, const real *x, real *y) {
    real wide_block[GROUP * BLOCK] __attribute__((aligned(64)));
    for (int64_t b = 0; b < lines; b++) memcpy(y + b * outputs, bias, outputs * sizeof(real));
    for (int64_t o = 0; o < outputs; o += BLOCK) {
        for (int64_t k = 0; k < inputs; k += GROUP, scale += BLOCK) {
            int64_t count = inputs - k < GROUP ? inputs - k : GROUP;
            if (bytes == sizeof(real)) {
                blocks(0, lines, inputs, count, weights, scale, x + k, y + o, outputs);
            } else if (lines < MANY) {
                blocks(1, lines, inputs, count, weights, scale, x + k, y + o, outputs);
            } else {
                for (int64_t at = 0; at < count * BLOCK; at++) wide_block[at] = wide(((const narrow *)weights)[at]);
                blocks(0, lines, inputs, count, wide_block, scale, x + k, y + o, outputs);
            }
            weights = (const char *)weights + count * BLOCK * bytes;
        }
    }
}

static int64_t padded(int64_t outputs) { return (outputs + BLOCK - 1) / BLOCK * BLOCK; }

static void cell(int64_t size, const real *sum, real *h, real *c) {
#pragma omp simd
    for (int64_t j = 0; j < size; j++) {
        c[j] = sigmoid(sum[j + size]) * c[j] + sigmoid(sum[j]) * tangent(sum[j + 2 * size]);
        h[j] = sigmoid(sum[j + 3 * size]) * tangent(c[j]);
    }
}

/* Graves (2013), eqs. 46-51 on a text of `end` characters; whether all of it is written, section 5.3. */
static uint8_t look(const network *net, const real *h, const int64_t *characters, int64_t end, real *window,
                    real *kappa, real *phi) {
    int64_t components = net->components, highest = 0;
    uint8_t past = 1;
    for (int64_t u = 0; u < net->most; u++) phi[u] = 0;
    for (int64_t k = 0; k < components; k++) {
        real move[3];
        for (int part = 0; part < 3; part++) {
            const real *weight = net->to_window + (part * components + k) * net->size;
            real dot = 0;
#pragma omp simd reduction(+ : dot)
            for (int64_t j = 0; j < net->size; j++) dot += weight[j] * h[j];
            move[part] = exponential(dot + net->window_bias[part * components + k]);
        }
        real at = kappa[k] += move[2];
        past &= at > (real)(end + 1);
#pragma omp simd
        for (int64_t u = 0; u <= end; u++) {
            real distance = at - (real)(int32_t)(u + 1);
            phi[u] += move[0] * exponential(-move[1] * distance * distance);
        }
    }
    for (int64_t a = 0; a < net->alphabet; a++) window[a] = 0;
    for (int64_t u = 0; u < end; u++) window[characters[u]] += phi[u];
    for (int64_t u = 1; u <= end; u++) highest = phi[u] > phi[highest] ? u : highest;
    return past || highest == end;
}

/* SelfAttention of self_attention.py: h of the attending layer, and added to it what is found at this point and the
   `at` before it. own: (lines of `row`) its h, then the normalised one of the point before. */
static void attend(const network *net, int64_t lines, int64_t row, int64_t at, const int64_t *slots, real *h, real *own,
                   real *x, real *y) {
    int64_t size = net->size, width = net->heads * HEAD_SIZE, ask = net->layers + 1, answer = ask + 1;
    for (int64_t b = 0; b < lines; b++) {
        const real *hidden = own + b * row;
        real *before = own + b * row + size, *normed = x + (2 * b + 1) * size, mean = 0, variance = 0;
        memcpy(normed - size, before, size * sizeof(real));
#pragma omp simd reduction(+ : mean)
        for (int64_t j = 0; j < size; j++) mean += hidden[j];
        mean /= size;
#pragma omp simd reduction(+ : variance)
        for (int64_t j = 0; j < size; j++) variance += (hidden[j] - mean) * (hidden[j] - mean);
        real scale = 1 / (real)sqrt(variance / size + NORM_EPSILON);
        for (int64_t j = 0; j < size; j++) normed[j] = (hidden[j] - mean) * scale * net->norm[j] + net->norm_bias[j];
        memcpy(before, normed, size * sizeof(real));
    }
    product(lines, 2 * size, padded(3 * width), sizeof(narrow), net->weights[ask], net->scales[ask], net->biases[ask],
            x, y);
    for (int64_t b = 0; b < lines; b++) {
        const real *query = y + b * padded(3 * width);
        real *memory = net->memory + slots[b] * net->room * 2 * width, *found = x + b * width, weights[at + 1];
        memcpy(memory + at * 2 * width, query + width, 2 * width * sizeof(real));
        for (int64_t head = 0; head < net->heads; head++, query += HEAD_SIZE, found += HEAD_SIZE) {
            const real *key = memory + head * HEAD_SIZE, *value = key + width;
            real most = -INFINITY, total = 0, sum[HEAD_SIZE] = {0};
            for (int64_t n = 0; n <= at; n++) {
                real dot = 0;
#pragma omp simd reduction(+ : dot)
                for (int64_t k = 0; k < HEAD_SIZE; k++) dot += query[k] * key[n * 2 * width + k];
                weights[n] = dot / (real)sqrt(HEAD_SIZE);
                most = weights[n] > most ? weights[n] : most;
            }
            for (int64_t n = 0; n <= at; n++) total += weights[n] = exponential(weights[n] - most);
            for (int64_t n = 0; n <= at; n++)
                for (int64_t k = 0; k < HEAD_SIZE; k++) sum[k] += weights[n] * value[n * 2 * width + k];
            for (int64_t k = 0; k < HEAD_SIZE; k++) found[k] = sum[k] / total;
        }
    }
    product(lines, width, padded(size), sizeof(narrow), net->weights[answer], net->scales[answer], net->biases[answer],
            x, y);
    for (int64_t b = 0; b < lines; b++)
        for (int64_t j = 0; j < size; j++) h[b * row + j] = own[b * row + j] + y[b * padded(size) + j];
}

static double within(double least, double x, double most) { return x < least ? least : x > most ? most : x; }

/* How large the hand moves. */
static double scale_of(const real *seen) {
    return within(LEAST, (UNSEEN + seen[0] / TYPICAL) / (UNSEEN + seen[1]), MOST);
}

/* What the network is told of one more stroke, of `told` numbers; pen: a PenState. */
static void tell(int64_t told, const real *stroke, real *out, real *pen) {
    if (told == OFFSETS) {
        memcpy(out, stroke, OFFSETS * sizeof(real));
        return;
    }
    real *before = pen, *lifted = pen + 2, *place = pen + 3, *age = pen + 6, *seen = pen + 7;
    double length = hypot(stroke[0], stroke[1]), goes_on = 1 - *lifted;
    if (length < JUMP) seen[0] += goes_on * length, seen[1] += goes_on;
    double scale = scale_of(seen), x = stroke[0] / scale, y = stroke[1] / scale, speed = length / scale;
    place[0] += y, place[1] = (place[1] + x) * goes_on, place[2] = (place[2] + y) * goes_on;
    *age = (*age + 1) * goes_on, *lifted = stroke[2];
    double all[] = {x, y, stroke[2], log(scale), x / (speed + SLOW), y / (speed + SLOW), log(speed + 0.05) / 2,
                    x - before[0], y - before[1], place[0] / 10, place[1] / 5, place[2] / 5, log1p(*age) / 3};
    for (int64_t k = 0; k < told; k++) out[k] = within(-FARTHEST, all[k], FARTHEST);
    before[0] = x, before[1] = y;
}

/* A stroke from the density's outputs: pi, means, sigmas, rho, end, in units of the scale; noise as in
   mixture_density.sample_stroke. */
static void draw(int64_t mixtures, const real *out, const real *noise, real bias, real scale, real *stroke) {
    real most = out[0], total = 0, so_far = 0, weights[mixtures];
    for (int64_t m = 1; m < mixtures; m++) most = out[m] > most ? out[m] : most;
    for (int64_t m = 0; m < mixtures; m++) total += weights[m] = exponential(out[m] - most);
    int64_t chosen = 0;
    while (chosen < mixtures - 1 && (so_far += weights[chosen] / total) <= noise[0]) chosen++;
    const real *mean = out + mixtures + 2 * chosen, *hat = out + 3 * mixtures + 2 * chosen;
    real rho = MAX_RHO * tangent(out[5 * mixtures + chosen]);
    real z[2] = {noise[2], rho * noise[2] + (real)sqrt(1 - rho * rho) * noise[3]};
    for (int axis = 0; axis < 2; axis++)
        stroke[axis] =
            (mean[axis] + (exponential(hat[axis] - bias) + exponential(LOG_MIN_SIGMA - bias)) * z[axis]) * scale;
    stroke[2] = noise[1] < sigmoid(out[6 * mixtures]);
}

/* The next points of all lines, up to `points` of them or to the first at which a line is at its end: how many.
   remembered points were written before, of which the lines' own are at `slots` (lines) of the memory;
   noise (points, lines, 4); strokes (points, lines, 3) and seen (points, lines, most) are filled; ended (lines); late
   (lines): for how many points all of the text has been written.
   given (points, lines, 3) or none: where its last number is not negative, a stroke is taken from there, not drawn, and
   no line ends. */
int64_t write_points(const network *net, int64_t points, int64_t lines, real *state, int64_t row, int64_t remembered,
                     const int64_t *slots, const int64_t *characters, const int64_t *ends, const real *noise, real bias, const real *given,
                     real *x, real *y, real *strokes, real *seen, uint8_t *late, uint8_t *ended) {
    int64_t size = net->size, read = net->told + net->alphabet, hidden = net->layers * size, any = 0, t = 0;
    int64_t beside = net->told == OFFSETS ? 0 : net->told, features = hidden + beside;
    int64_t own = read + 2 * hidden + REMEMBERED, kappas = own + (net->heads ? 2 * size : 0);
    for (; t < points && !any; t++) {
        for (int64_t layer = 0; layer < net->layers; layer++) {
            int64_t below = layer ? size : 0, inputs = read + below + size, at = read + layer * size;
            int64_t attending = net->heads && layer == net->attending, itself = attending ? own : at;
            for (int64_t b = 0; b < lines; b++) {
                const real *line = state + b * row;
                memcpy(x + b * inputs, line, read * sizeof(real));
                memcpy(x + b * inputs + read, line + at - below, below * sizeof(real));
                memcpy(x + b * inputs + read + below, line + itself, size * sizeof(real));
            }
            product(lines, inputs, padded(4 * size), sizeof(narrow), net->weights[layer], net->scales[layer],
                    net->biases[layer], x, y);
            for (int64_t b = 0; b < lines; b++) {
                real *line = state + b * row, *h = line + itself, *kappa = line + kappas;
                cell(size, y + b * padded(4 * size), h, line + at + hidden);
                if (layer == 0 && net->alphabet) {
                    uint8_t done = look(net, h, characters + b * net->most, ends[b], line + net->told, kappa,
                                        kappa + net->components);
                    late[b] = done ? late[b] + 1 : 0;
                    ended[b] = done && (line[2] > 0 || late[b] > LATEST);
                }
            }
            if (attending) attend(net, lines, row, remembered + t, slots, state + at, state + own, x, y);
        }
        for (int64_t b = 0; b < lines; b++) {
            memcpy(x + b * features, state + b * row + read, hidden * sizeof(real));
            memcpy(x + b * features + hidden, state + b * row, beside * sizeof(real));
        }
        int64_t outputs = padded(6 * net->mixtures + 1);
        product(lines, features, outputs, sizeof(real), net->weights[net->layers], net->scales[net->layers],
                net->biases[net->layers], x, y);
        for (int64_t b = 0; b < lines; b++, noise += 4, strokes += 3, seen += net->most) {
            real *line = state + b * row, *pen = line + read + 2 * hidden;
            const real *clamped = given ? given + 3 * (t * lines + b) : 0;
            if (clamped && clamped[2] >= 0) {
                memcpy(strokes, clamped, 3 * sizeof(real));
                late[b] = ended[b] = 0;
            } else {
                draw(net->mixtures, y + b * outputs, noise, bias, beside ? scale_of(pen + 7) : 1, strokes);
            }
            tell(net->told, strokes, line, pen);
            memcpy(seen, line + row - net->most, net->most * sizeof(real));
            any |= ended[b];
        }
    }
    return t;
}
