/* The pointwise steps of an LSTM and of the window over a text, fused: what lstm_sequence.py runs point by point.

   Rows are lines of a batch; a row of gates holds i, f, g, o one after the other. */

#include "real.h"

/* gates: pre-activations, then activated; recurrent: W [h, w] of the point before; exact: h once more as real. */
void lstm_forward(int64_t lines, int64_t size, narrow *gates, const narrow *recurrent, const real *cell, real *next,
                  narrow *hidden, int64_t hidden_stride, real *exact) {
    real sum[4 * size];
    for (int64_t b = 0; b < lines; b++) {
        for (int64_t j = 0; j < 4 * size; j++) sum[j] = wide(gates[j]) + wide(recurrent[j]);
#pragma omp simd
        for (int64_t j = 0; j < size; j++) {
            real i = sigmoid(sum[j]), f = sigmoid(sum[j + size]);
            real g = tangent(sum[j + 2 * size]), o = sigmoid(sum[j + 3 * size]);
            real c = f * cell[j] + i * g;
            next[j] = c, exact[j] = o * tangent(c);
            sum[j] = i, sum[j + size] = f, sum[j + 2 * size] = g, sum[j + 3 * size] = o;
        }
        for (int64_t j = 0; j < 4 * size; j++) gates[j] = slim(sum[j]);
        for (int64_t j = 0; j < size; j++) hidden[j] = slim(exact[j]);
        gates += 4 * size, recurrent += 4 * size, cell += size, next += size, hidden += hidden_stride, exact += size;
    }
}

/* h' is above + carried + extra. In grad_cell c'_t becomes c'_{t-1}; grad_bias is added to. */
void lstm_backward(int64_t lines, int64_t size, const narrow *gates, const real *cell, const real *next,
                   const narrow *above, int64_t above_stride, const narrow *carried, int64_t carried_stride,
                   const real *extra, real *grad_cell, narrow *grad_gates, real *grad_bias) {
    real act[4 * size], grad[size];
    for (int64_t b = 0; b < lines; b++) {
        for (int64_t j = 0; j < 4 * size; j++) act[j] = wide(gates[j]);
        for (int64_t j = 0; j < size; j++) grad[j] = wide(above[j]) + wide(carried[j]) + extra[j];
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
        above += above_stride, carried += carried_stride, extra += size;
    }
}

/* Both window kernels begin with these: sizes, V, v, and (lines, most) characters of texts of these lengths. */
#define TEXTS \
    int64_t lines, int64_t size, int64_t components, int64_t alphabet, int64_t most, const real *to_window, \
        const real *bias, const int64_t *characters, const int64_t *lengths

/* moves: alpha, beta, d of K components each, exp of V h + v; the window is as wide as the alphabet. */
void window_forward(TEXTS, const real *hidden, const real *kappa, real *next_kappa, real *moves, narrow *window,
                    int64_t window_stride) {
    real phi[most], sum[alphabet];
    for (int64_t b = 0; b < lines; b++) {
        for (int64_t k = 0; k < 3 * components; k++) {
            real dot = bias[k];
#pragma omp simd reduction(+ : dot)
            for (int64_t j = 0; j < size; j++) dot += to_window[k * size + j] * hidden[j];
            moves[k] = exponential(dot);
        }
        for (int64_t u = 0; u < lengths[b]; u++) phi[u] = 0;
        for (int64_t k = 0; k < components; k++) {
            real alpha = moves[k], beta = moves[components + k];
            real at = next_kappa[k] = kappa[k] + moves[2 * components + k];
#pragma omp simd
            for (int64_t u = 0; u < lengths[b]; u++) {
                real distance = at - (real)(int32_t)(u + 1);
                phi[u] += alpha * exponential(-beta * distance * distance);
            }
        }
        for (int64_t a = 0; a < alphabet; a++) sum[a] = 0;
        for (int64_t u = 0; u < lengths[b]; u++) sum[characters[u]] += phi[u];
        for (int64_t a = 0; a < alphabet; a++) window[a] = slim(sum[a]);
        hidden += size, kappa += components, next_kappa += components, moves += 3 * components;
        characters += most, window += window_stride;
    }
}

/* w' is above + carried. grad_kappa is added to; extra is what h' gets, V^T grad_moves. */
void window_backward(TEXTS, const real *kappa, const real *moves, const narrow *above, int64_t above_stride,
                     const narrow *carried, int64_t carried_stride, real *grad_kappa, real *grad_moves, real *extra) {
    real grad[alphabet], grad_phi[most];
    (void)bias;
    for (int64_t b = 0; b < lines; b++) {
        for (int64_t a = 0; a < alphabet; a++) grad[a] = wide(above[a]) + wide(carried[a]);
        for (int64_t u = 0; u < lengths[b]; u++) grad_phi[u] = grad[characters[u]];
        for (int64_t k = 0; k < components; k++) {
            real alpha = moves[k], beta = moves[components + k], zeroth = 0, first = 0, second = 0;
#pragma omp simd reduction(+ : zeroth, first, second)
            for (int64_t u = 0; u < lengths[b]; u++) {
                real distance = kappa[k] - (real)(int32_t)(u + 1);
                real term = grad_phi[u] * exponential(-beta * distance * distance);
                zeroth += term, first += term * distance, second += term * distance * distance;
            }
            grad_kappa[k] -= 2 * alpha * beta * first;
            grad_moves[k] = alpha * zeroth, grad_moves[components + k] = -alpha * beta * second;
            grad_moves[2 * components + k] = grad_kappa[k] * moves[2 * components + k];
        }
        for (int64_t j = 0; j < size; j++) extra[j] = 0;
        for (int64_t k = 0; k < 3 * components; k++)
            for (int64_t j = 0; j < size; j++) extra[j] += to_window[k * size + j] * grad_moves[k];
        kappa += components, moves += 3 * components, grad_kappa += components, grad_moves += 3 * components;
        characters += most, above += above_stride, carried += carried_stride, extra += size;
    }
}
