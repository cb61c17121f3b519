/* Causal attention of whole lines, forward and backward: what causal_attention.py runs.

   Queries are taken HEAD_SIZE at a time. With their scores transposed, a row per key, every loop over queries is over
   whole vectors, and every matrix product is HEAD_SIZE wide. Only keys that a query may attend to are multiplied. The
   backward pass computes the weights again, so nothing of the size of points times points is kept. Sums are in `real`,
   in the same order whatever the batch.

   One point's attention is also in `SelfAttention.step` of model/layers/self_attention.py and `attend_to_past` of
   sampler.c. HEAD_SIZE is handed over by causal_attention.py (-DHEAD_SIZE=value). */

#include "real.h"

#ifdef __AVX512F__
#define BYTES 64
#define PARTS 4
#else
#define BYTES 32
#define PARTS 2
#endif
#define LANES (BYTES / sizeof(real))
#define WIDTH (PARTS * LANES) /* outputs at a time: with ROWS rows of them their sums fill the registers */
#define ROWS 4
_Static_assert(HEAD_SIZE % WIDTH == 0, "a head is a whole number of vectors");

typedef real vec __attribute__((vector_size(BYTES)));
typedef real loose __attribute__((vector_size(BYTES), aligned(sizeof(real)), may_alias));

/* `Attention` of causal_attention.py: the tensors from this thread's first line on. */
typedef struct {
    int64_t points, batch, lines, heads; /* lines of all threads, of this one */
    const narrow *qkv;                   /* (T, batch, 3, heads, HEAD_SIZE) without the bias */
    const real *bias;                    /* (3, heads, HEAD_SIZE) */
    narrow *attended;                    /* (T, batch, heads, HEAD_SIZE) */
    const narrow *grad_attended;
    narrow *grad_qkv;
    real *scratch; /* 6 (T, HEAD_SIZE) and 5 (HEAD_SIZE, HEAD_SIZE) */
} attention;

/* Rows of c (HEAD_SIZE wide) become, or get added, a b, for b (inner, HEAD_SIZE); a has any strides. */
static inline __attribute__((always_inline)) void tile(const int rows, const int adds, int64_t inner, const real *a,
                                                       int64_t per_row, int64_t per_inner, const real *b, real *c) {
    vec sum[ROWS][PARTS];
    for (int row = 0; row < rows; row++)
        for (int part = 0; part < PARTS; part++)
            sum[row][part] = adds ? (vec)*(const loose *)(c + row * HEAD_SIZE + part * LANES) : (vec){0};
    for (int64_t k = 0; k < inner; k++, a += per_inner, b += HEAD_SIZE)
        for (int row = 0; row < rows; row++)
            for (int part = 0; part < PARTS; part++)
                sum[row][part] += *(const loose *)(b + part * LANES) * a[row * per_row];
    for (int row = 0; row < rows; row++)
        for (int part = 0; part < PARTS; part++) *(loose *)(c + row * HEAD_SIZE + part * LANES) = sum[row][part];
}

static inline __attribute__((always_inline)) void product(const int adds, int64_t rows, int64_t inner, const real *a,
                                                          int64_t per_row, int64_t per_inner, const real *b, real *c) {
    for (int64_t column = 0; column < HEAD_SIZE; column += WIDTH) {
        int64_t row = 0;
        for (; row + ROWS <= rows; row += ROWS)
            tile(ROWS, adds, inner, a + row * per_row, per_row, per_inner, b + column, c + row * HEAD_SIZE + column);
        for (; row < rows; row++)
            tile(1, adds, inner, a + row * per_row, per_row, per_inner, b + column, c + row * HEAD_SIZE + column);
    }
}

static void copy_in(int64_t rows, const narrow *from, int64_t step, const real *bias, real scale, real *to) {
    for (int64_t row = 0; row < rows; row++)
        for (int64_t k = 0; k < HEAD_SIZE; k++)
            to[row * HEAD_SIZE + k] = (wide(from[row * step + k]) + (bias ? bias[k] : 0)) * scale;
}

static void copy_out(int64_t rows, const real *from, real scale, narrow *to, int64_t step) {
    for (int64_t row = 0; row < rows; row++)
        for (int64_t k = 0; k < HEAD_SIZE; k++) to[row * step + k] = slim(from[row * HEAD_SIZE + k] * scale);
}

/* Columns beyond the rows that there are become zero. */
static void transpose(int64_t rows, const real *from, real *to) {
    memset(to, 0, HEAD_SIZE * HEAD_SIZE * sizeof(real));
    for (int64_t row = 0; row < rows; row++)
        for (int64_t k = 0; k < HEAD_SIZE; k++) to[k * HEAD_SIZE + row] = from[row * HEAD_SIZE + k];
}

/* Scores (keys, HEAD_SIZE) become weights that sum to `total` for each query. The first query is key `first`; the keys
   after a query's own get no weight. */
static void exponentiate(int64_t keys, int64_t first, real *scores, real *total) {
    real largest[HEAD_SIZE];
    for (int64_t q = 0; q < HEAD_SIZE; q++) largest[q] = -INFINITY, total[q] = 0;
    real *row = scores;
    for (int64_t j = 0; j < keys; j++, row += HEAD_SIZE) {
        for (int64_t q = 0; q < j - first; q++) row[q] = -INFINITY;
        for (int64_t q = 0; q < HEAD_SIZE; q++) largest[q] = row[q] > largest[q] ? row[q] : largest[q];
    }
    row = scores;
    for (int64_t j = 0; j < keys; j++, row += HEAD_SIZE) {
        for (int64_t q = 0; q < HEAD_SIZE; q++) row[q] = exponential(row[q] - largest[q]);
        for (int64_t q = 0; q < j - first; q++) row[q] = 0;
        for (int64_t q = 0; q < HEAD_SIZE; q++) total[q] += row[q];
    }
}

/* Weights become normalised, their gradients those of the scores. */
static void softmax_backward(int64_t keys, const real *total, real *weights, real *grad) {
    real inverse[HEAD_SIZE], mean[HEAD_SIZE];
    for (int64_t q = 0; q < HEAD_SIZE; q++) inverse[q] = 1 / total[q], mean[q] = 0;
    for (int64_t j = 0; j < keys; j++)
        for (int64_t q = 0, at = j * HEAD_SIZE; q < HEAD_SIZE; q++, at++) {
            weights[at] *= inverse[q];
            mean[q] += weights[at] * grad[at];
        }
    for (int64_t j = 0; j < keys; j++)
        for (int64_t q = 0, at = j * HEAD_SIZE; q < HEAD_SIZE; q++, at++) grad[at] = weights[at] * (grad[at] - mean[q]);
}

/* One head of one line; with `backward` its gradients. */
static inline __attribute__((always_inline)) void attend_line(const int backward, const attention *on, int64_t line,
                                                              int64_t head) {
    const int64_t size = HEAD_SIZE, points = on->points, width = on->heads * size;
    const int64_t to_next = on->batch * width, at = line * width + head * size;
    const int64_t qkv_next = 3 * to_next, qkv_at = 3 * line * width + head * size;
    const real scale = 1 / (real)sqrt(size);
    real *keys = on->scratch, *values = keys + points * size, *weights = values + points * size;
    real *grad_weights = weights + points * size, *grad_keys = grad_weights + points * size;
    real *grad_values = grad_keys + points * size, *queries = grad_values + points * size;
    real *grad = queries + size * size, *turned = grad + size * size, *out = turned + size * size, total[HEAD_SIZE];
    const real *bias = on->bias + head * size;
    copy_in(points, on->qkv + qkv_at + width, qkv_next, bias + width, 1, keys);
    copy_in(points, on->qkv + qkv_at + 2 * width, qkv_next, bias + 2 * width, 1, values);
    if (backward) memset(grad_keys, 0, 2 * points * size * sizeof(real));
    for (int64_t first = 0; first < points; first += size) {
        int64_t rows = points - first < size ? points - first : size, count = first + rows;
        copy_in(rows, on->qkv + qkv_at + first * qkv_next, qkv_next, bias, scale, queries);
        transpose(rows, queries, turned);
        product(0, count, size, keys, size, 1, turned, weights);
        exponentiate(count, first, weights, total);
        if (!backward) {
            product(0, rows, count, weights, 1, size, values, out);
            for (int64_t q = 0; q < rows; q++)
                copy_out(1, out + q * size, 1 / total[q], on->attended + at + (first + q) * to_next, to_next);
            continue;
        }
        copy_in(rows, on->grad_attended + at + first * to_next, to_next, 0, 1, grad);
        transpose(rows, grad, turned);
        product(0, count, size, values, size, 1, turned, grad_weights);
        softmax_backward(count, total, weights, grad_weights);
        product(1, count, rows, weights, size, 1, grad, grad_values);
        product(1, count, rows, grad_weights, size, 1, queries, grad_keys);
        product(0, rows, count, grad_weights, 1, size, keys, out);
        copy_out(rows, out, scale, on->grad_qkv + qkv_at + first * qkv_next, qkv_next);
    }
    if (!backward) return;
    copy_out(points, grad_keys, 1, on->grad_qkv + qkv_at + width, qkv_next);
    copy_out(points, grad_values, 1, on->grad_qkv + qkv_at + 2 * width, qkv_next);
}

void attend(const attention *on) {
    for (int64_t line = 0; line < on->lines; line++)
        for (int64_t head = 0; head < on->heads; head++) attend_line(0, on, line, head);
}

void attend_backward(const attention *on) {
    for (int64_t line = 0; line < on->lines; line++)
        for (int64_t head = 0; head < on->heads; head++) attend_line(1, on, line, head);
}
