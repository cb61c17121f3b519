/* A layer's attention to its own past, model/layers/self_attention.py.

   Keys and values are weights of two products: of a query with the keys, whose outputs are points, and of the points'
   shares with the values, whose inputs are points. So they are rounded as weights are, a scale per point, and of a head
   next to each other: keys (room / BLOCK, HEAD_SIZE / QUAD, BLOCK, QUAD), values (room / QUAD, HEAD_SIZE, QUAD). */

#include "network.h"

_Static_assert(HEAD_SIZE == BLOCK && HEAD_SIZE == GROUP, "a head is one block of outputs, and one group of inputs");

/* The sum of x y, or of x without y, in an order that no compiler chooses: LANES numbers at a time, those left over to the
   first lane. */
static inline __attribute__((always_inline)) real sum_of(int64_t count, const real *x, const real *y) {
    real lanes[LANES] = {0}, sum = 0;
    int64_t k = 0;
    for (; k + (int64_t)LANES <= count; k += LANES)
#pragma omp simd
        for (int64_t lane = 0; lane < (int64_t)LANES; lane++)
            lanes[lane] = y ? fused(x[k + lane], y[k + lane], lanes[lane]) : lanes[lane] + x[k + lane];
    for (; k < count; k++) lanes[0] = y ? fused(x[k], y[k], lanes[0]) : lanes[0] + x[k];
    for (size_t lane = 0; lane < LANES; lane++) sum += lanes[lane];
    return sum;
}

/* HEAD_SIZE numbers as weights; returns their scale. */
static real round_row(const real *from, narrow *to) {
#if NARROW == 8
    real largest = 0, total = 0;
#pragma omp simd reduction(max : largest) reduction(+ : total)
    for (int64_t k = 0; k < HEAD_SIZE; k++) {
        largest = fabsf(from[k]) > largest ? fabsf(from[k]) : largest;
        total += from[k];
    }
    real inverse = largest > 1e-30f ? 127 / largest : 0;
#pragma omp simd
    for (int64_t k = 0; k < HEAD_SIZE; k++) to[k] = (narrow)((int32_t)rintf(from[k] * inverse) + 128);
    return (largest + 0 * total) / 127;
#else
    memcpy(to, from, HEAD_SIZE * sizeof(narrow));
    return 1;
#endif
}

/* Remember the key and the value of point `at`. */
static void remember(int64_t room, int64_t at, const real *key, const real *value, narrow *memory, real *scales) {
    narrow row[HEAD_SIZE], *keys = memory + at / BLOCK * BLOCK * HEAD_SIZE, *values = memory + room * HEAD_SIZE;
    scales[at] = round_row(key, row);
    for (int64_t k = 0; k < HEAD_SIZE; k += QUAD)
        memcpy(keys + k * BLOCK + at % BLOCK * QUAD, row + k, QUAD * sizeof(narrow));
    scales[room + at] = round_row(value, row);
    for (int64_t k = 0; k < HEAD_SIZE; k++) values[(at / QUAD * HEAD_SIZE + k) * QUAD + at % QUAD] = row[k];
}

/* What a head (HEAD_SIZE) attends to at point `at` and before, weighted: the softmax of its scores times the values. */
static void attend(int64_t room, int64_t at, const real *query, const narrow *memory, const real *scales, real *to) {
    static const real ones[BLOCK] = {[0 ... BLOCK - 1] = 1};
    int64_t points = at + 1;
    real shares[parts_of(points, BLOCK) * BLOCK], scaled[HEAD_SIZE], largest = -INFINITY;
    group inputs;
    memset(shares, 0, sizeof(shares)), memset(to, 0, HEAD_SIZE * sizeof(real));
    for (int64_t k = 0; k < HEAD_SIZE; k++) scaled[k] = query[k] / (real)sqrt(HEAD_SIZE);
    take_group(HEAD_SIZE, scaled, &inputs);
    for (int64_t n = 0; n < points; n += BLOCK)
        add_group(1, HEAD_SIZE / QUAD, memory + n * HEAD_SIZE, scales + n, &inputs, 1, shares + n, BLOCK);
    memory += room * HEAD_SIZE, scales += room;
#pragma omp simd reduction(max : largest)
    for (int64_t n = 0; n < points; n++) largest = shares[n] > largest ? shares[n] : largest;
    exponentials(points, largest, shares);
    real total = sum_of(points, shares, 0);
    for (int64_t n = 0; n < points; n++) shares[n] *= scales[n];
    for (int64_t n = 0; n < points; n += GROUP) {
        int64_t count = points - n < GROUP ? points - n : GROUP;
        take_group(count, shares + n, &inputs);
        add_group(1, parts_of(count, QUAD), memory + n * HEAD_SIZE, ones, &inputs, 1, to, HEAD_SIZE);
    }
    for (int64_t k = 0; k < HEAD_SIZE; k++) to[k] /= total;
}

/* Attention as threads share it. */
typedef struct {
    const lines *on;
    int64_t at;
} attention_job;

/* One head of one line: its sums in x (lines, heads HEAD_SIZE), of queries, keys and values in y. */
static void attend_head(const void *job, int64_t item) {
    const attention_job *of = job;
    const lines *on = of->on;
    int64_t heads = on->net->heads, b = item / heads, head = item % heads, width = heads * HEAD_SIZE;
    int64_t place = (on->slots[b] * heads + head) * 2 * on->room;
    const real *query = on->y + b * on->net->qkv->outputs + head * HEAD_SIZE;
    narrow *memory = on->memory + place * HEAD_SIZE;
    real *scales = on->memory_scales + place;
    remember(on->room, of->at, query + width, query + 2 * width, memory, scales);
    attend(on->room, of->at, query, memory, scales, on->x + b * width + head * HEAD_SIZE);
}

/* x (lines, 2 size): the states of the attending layer before this point and at it, normalised. */
static void take_states(const lines *on) {
    const network *net = on->net;
    int64_t size = net->size;
    for (int64_t b = 0; b < on->lines; b++) {
        const real *hidden = on->state + b * on->row + on->own;
        real *previous = on->state + b * on->row + on->own + size, *normed = on->x + (2 * b + 1) * size;
        real mean = sum_of(size, hidden, 0) / size;
        memcpy(normed - size, previous, size * sizeof(real));
        for (int64_t j = 0; j < size; j++) normed[j] = hidden[j] - mean;
        real scale = 1 / (real)sqrt(sum_of(size, normed, normed) / size + NORM_EPSILON);
        for (int64_t j = 0; j < size; j++) normed[j] = fused(normed[j] * scale, net->norm[j], net->norm_bias[j]);
        memcpy(previous, normed, size * sizeof(real));
    }
}

/* h (lines of `row`) of the attending layer becomes its own h plus what is attended to at this and the `at` points
   before. */
static void attend_to_past(const lines *on, int64_t at, real *h) {
    const network *net = on->net;
    attention_job job = {on, at};
    take_states(on);
    multiply(on, net->qkv);
    share(on->team, on->lines * net->heads, attend_head, &job);
    multiply(on, net->out);
    for (int64_t b = 0; b < on->lines; b++)
        for (int64_t j = 0; j < net->size; j++)
            h[b * on->row + j] = on->state[b * on->row + on->own + j] + on->y[b * net->out->outputs + j];
}
