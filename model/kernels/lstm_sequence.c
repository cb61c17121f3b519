/* One point of an LSTM and of the window over a text, forward and backward: what lstm_sequence.py runs point by point.

   The LSTM's step is also `RecurrentLayer.step` of model/layers/recurrent.py and `lstm_cell` of sampler.c, the window
   `GaussianWindow` of model/layers/window.py and `attend_to_text` of sampler.c. They are written more than once for
   speed alone; tests/model/test_rules.py drives them all with the same random states and texts.

   A row of gates holds i, f, g, o one after the other; a row of states h, then the window w. */

#include "real.h"

/* `Sequence` of lstm_sequence.py: the tensors of its `Activations`, from this thread's first line on. A line's row at
   point t + 1 is `batch` rows behind that at point t. */
typedef struct {
    int64_t t;                                         /* the point */
    int64_t batch, lines, size, alphabet, components;  /* lines of all threads, of this one; no window: the last two 0 */
    int64_t max_characters;
    narrow *gates, *states;        /* (T, batch, 4 size), (T + 1, batch, size + alphabet) */
    real *cells, *kappas, *moves;  /* (T + 1, batch, size), (T + 1, batch, K), (T, batch, 3 K) */
    const real *to_moves, *moves_bias;
    const int64_t *characters, *lengths; /* (lines, max_characters), (lines) */
    const narrow *recurrent;             /* (lines, 4 size) W [h, w] of the point before */
    real *hidden;                        /* (lines, size) h before it is rounded */
} sequence;

/* `BackwardStep` of lstm_sequence.py. */
typedef struct {
    const sequence *forward;
    int64_t first;                             /* the point whose gradients are in row 0 of grad_gates */
    const narrow *above;                       /* [h', w'] from the layers above, */
    int64_t above_per_point, above_per_line;   /* of these strides */
    const narrow *carried;                     /* (lines, size + alphabet) [h', w'] from the point after */
    narrow *grad_gates;                        /* (points, batch, 4 size) */
    real *grad_cell, *grad_kappa, *grad_moves; /* (batch, size), (batch, K) of the point after; (T, batch, 3 K) */
    real *grad_bias, *from_window;             /* (4 size) is added to; (batch, size) V^T m' */
} backward_step;

static void lstm_forward(const sequence *s) {
    int64_t size = s->size, width = size + s->alphabet;
    narrow *gates = s->gates + s->t * s->batch * 4 * size, *rounded = s->states + (s->t + 1) * s->batch * width;
    const narrow *recurrent = s->recurrent;
    const real *cell = s->cells + s->t * s->batch * size;
    real sum[4 * size], *next = s->cells + (s->t + 1) * s->batch * size, *hidden = s->hidden;
    for (int64_t b = 0; b < s->lines; b++) {
        for (int64_t j = 0; j < 4 * size; j++) sum[j] = wide(gates[j]) + wide(recurrent[j]);
#pragma omp simd
        for (int64_t j = 0; j < size; j++) {
            real i = sigmoid(sum[j]), f = sigmoid(sum[j + size]);
            real g = tangent(sum[j + 2 * size]), o = sigmoid(sum[j + 3 * size]);
            real c = f * cell[j] + i * g;
            next[j] = c, hidden[j] = o * tangent(c);
            sum[j] = i, sum[j + size] = f, sum[j + 2 * size] = g, sum[j + 3 * size] = o;
        }
        for (int64_t j = 0; j < 4 * size; j++) gates[j] = slim(sum[j]);
        for (int64_t j = 0; j < size; j++) rounded[j] = slim(hidden[j]);
        gates += 4 * size, recurrent += 4 * size, cell += size, next += size, rounded += width, hidden += size;
    }
}

static void window_forward(const sequence *s) {
    int64_t size = s->size, components = s->components, width = size + s->alphabet;
    const real *to_moves = s->to_moves, *bias = s->moves_bias, *hidden = s->hidden, *kappa = s->kappas + s->t * s->batch * components;
    real *next = s->kappas + (s->t + 1) * s->batch * components, *moves = s->moves + s->t * s->batch * 3 * components;
    narrow *window = s->states + (s->t + 1) * s->batch * width + size;
    real phi[s->max_characters], sum[s->alphabet];
    for (int64_t b = 0; b < s->lines; b++) {
        const int64_t *characters = s->characters + b * s->max_characters, length = s->lengths[b];
        for (int64_t k = 0; k < 3 * components; k++) {
            real dot = bias[k];
#pragma omp simd reduction(+ : dot)
            for (int64_t j = 0; j < size; j++) dot += to_moves[k * size + j] * hidden[j];
            moves[k] = exponential(dot);
        }
        for (int64_t u = 0; u < length; u++) phi[u] = 0;
        for (int64_t k = 0; k < components; k++) {
            real alpha = moves[k], beta = moves[components + k];
            real at = next[k] = kappa[k] + moves[2 * components + k];
#pragma omp simd
            for (int64_t u = 0; u < length; u++) {
                real distance = at - (real)(int32_t)(u + 1);
                phi[u] += alpha * exponential(-beta * distance * distance);
            }
        }
        for (int64_t a = 0; a < s->alphabet; a++) sum[a] = 0;
        for (int64_t u = 0; u < length; u++) sum[characters[u]] += phi[u];
        for (int64_t a = 0; a < s->alphabet; a++) window[a] = slim(sum[a]);
        hidden += size, kappa += components, next += components, moves += 3 * components, window += width;
    }
}

void forward_point(const sequence *s) {
    lstm_forward(s);
    if (s->components) window_forward(s);
}

/* h' is above + carried + from_window. In grad_cell c'_t becomes c'_{t-1}. */
static void lstm_backward(const backward_step *back) {
    const sequence *s = back->forward;
    int64_t size = s->size, width = size + s->alphabet;
    const narrow *gates = s->gates + s->t * s->batch * 4 * size, *carried = back->carried;
    const narrow *above = back->above + s->t * back->above_per_point;
    const real *cell = s->cells + s->t * s->batch * size, *next = s->cells + (s->t + 1) * s->batch * size;
    const real *from_window = back->from_window;
    narrow *grad_gates = back->grad_gates + (s->t - back->first) * s->batch * 4 * size;
    real act[4 * size], grad[size], *grad_cell = back->grad_cell, *grad_bias = back->grad_bias;
    for (int64_t b = 0; b < s->lines; b++) {
        for (int64_t j = 0; j < 4 * size; j++) act[j] = wide(gates[j]);
        for (int64_t j = 0; j < size; j++) grad[j] = wide(above[j]) + wide(carried[j]) + from_window[j];
#pragma omp simd
        for (int64_t j = 0; j < size; j++) {
            real i = act[j], f = act[j + size], g = act[j + 2 * size], o = act[j + 3 * size];
            real t = tangent(next[j]), c = grad_cell[j] + grad[j] * o * (1 - t * t);
            grad_cell[j] = c * f;
            act[j] = c * g * i * (1 - i), act[j + size] = c * cell[j] * f * (1 - f);
            act[j + 2 * size] = c * i * (1 - g * g), act[j + 3 * size] = grad[j] * t * o * (1 - o);
        }
        for (int64_t j = 0; j < 4 * size; j++) grad_bias[j] += act[j], grad_gates[j] = slim(act[j]);
        gates += 4 * size, grad_gates += 4 * size, cell += size, next += size, grad_cell += size;
        above += back->above_per_line, carried += width, from_window += size;
    }
}

/* w' is above + carried. grad_kappa is added to. */
static void window_backward(const backward_step *back) {
    const sequence *s = back->forward;
    int64_t size = s->size, components = s->components, width = size + s->alphabet;
    const real *to_moves = s->to_moves, *kappa = s->kappas + (s->t + 1) * s->batch * components;
    const real *moves = s->moves + s->t * s->batch * 3 * components;
    const narrow *above = back->above + s->t * back->above_per_point + size, *carried = back->carried + size;
    real *grad_moves = back->grad_moves + s->t * s->batch * 3 * components;
    real *grad_kappa = back->grad_kappa, *from_window = back->from_window;
    real grad[s->alphabet], grad_phi[s->max_characters];
    for (int64_t b = 0; b < s->lines; b++) {
        const int64_t *characters = s->characters + b * s->max_characters, length = s->lengths[b];
        for (int64_t a = 0; a < s->alphabet; a++) grad[a] = wide(above[a]) + wide(carried[a]);
        for (int64_t u = 0; u < length; u++) grad_phi[u] = grad[characters[u]];
        for (int64_t k = 0; k < components; k++) {
            real alpha = moves[k], beta = moves[components + k], zeroth = 0, first = 0, second = 0;
#pragma omp simd reduction(+ : zeroth, first, second)
            for (int64_t u = 0; u < length; u++) {
                real distance = kappa[k] - (real)(int32_t)(u + 1);
                real term = grad_phi[u] * exponential(-beta * distance * distance);
                zeroth += term, first += term * distance, second += term * distance * distance;
            }
            grad_kappa[k] -= 2 * alpha * beta * first;
            grad_moves[k] = alpha * zeroth, grad_moves[components + k] = -alpha * beta * second;
            grad_moves[2 * components + k] = grad_kappa[k] * moves[2 * components + k];
        }
        for (int64_t j = 0; j < size; j++) from_window[j] = 0;
        for (int64_t k = 0; k < 3 * components; k++)
            for (int64_t j = 0; j < size; j++) from_window[j] += to_moves[k * size + j] * grad_moves[k];
        kappa += components, moves += 3 * components, grad_kappa += components, grad_moves += 3 * components;
        above += back->above_per_line, carried += width, from_window += size;
    }
}

void backward_point(const backward_step *back) {
    if (back->forward->components) window_backward(back);
    lstm_backward(back);
}
