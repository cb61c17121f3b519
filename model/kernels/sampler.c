/* Lines written point by point from a network whose layers are LSTMs: what model/writing/compiled.py runs.

   Every line is computed in the same order whatever the batch, so it is the same to the last bit alone and in company.

   The rules are also in Python, for training and for networks that this file does not know: the cell in
   model/layers/recurrent.py, the window in model/layers/window.py, attention in model/layers/self_attention.py, features
   in model/writing/pen_motion.py, drawing a stroke in model/writing/mixture_density.py, the end of a line in
   model/writing/line_end.py. tests/model/test_rules.py drives both with the same random states and texts.

   Constants in capitals that are not defined here are handed over by compiled.py (-DNAME=value). */

#include "attention.h"

/* `Span` of compiled.py: the next points. */
typedef struct {
    int64_t points;    /* at most; in the end those that were written */
    const real *noise; /* (points, lines, 4) as in `sample_stroke` of mixture_density.py */
    const real *given; /* (points, lines, 3) or none: where its last number is not negative, a stroke is taken from there,
                          not drawn, and no line ends */
    real *strokes, *attention; /* (points, lines, 3), (points, lines, max_text) are filled */
    real bias;
} span;

static void lstm_cell(int64_t size, const real *sum, real *h, real *c) {
    int64_t done = 0;
#ifdef __wasm_simd128__
    for (; done + 4 <= size; done += 4) {
        v128_t gates[4], cell = wasm_v128_load(c + done);
        for (int k = 0; k < 4; k++) gates[k] = wasm_v128_load(sum + done + k * size);
        v128_t fresh = wasm_f32x4_mul(sigmoid_lanes(gates[0]), tangent_lanes(gates[2]));
        cell = fused_lanes(sigmoid_lanes(gates[1]), cell, fresh);
        wasm_v128_store(c + done, cell);
        wasm_v128_store(h + done, wasm_f32x4_mul(sigmoid_lanes(gates[3]), tangent_lanes(cell)));
    }
#endif
#pragma omp simd
    for (int64_t j = done; j < size; j++) {
        c[j] = fused(sigmoid(sum[j + size]), c[j], sigmoid(sum[j]) * tangent(sum[j + 2 * size]));
        h[j] = sigmoid(sum[j + 3 * size]) * tangent(c[j]);
    }
}

enum { NEARLY = 1, FINISHED = 2 };

/* Move the window of line b by what its lowest layer's h says, Graves (2013), eqs. 46-51; FINISHED if the text is,
   section 5.3, else NEARLY at its last character, else 0. moves: logarithms of alpha, beta, and how far kappa moves on,
   of every component. */
static uint8_t attend_to_text(const lines *on, int64_t b, const real *moves) {
    const network *net = on->net;
    const int64_t *characters = on->characters + b * on->max_text, end = on->ends[b];
    real *line = on->state + b * on->row, *window = line + on->window, *kappa = line + on->kappa, *phi = line + on->phi;
    int64_t components = net->components, highest = 0;
    uint8_t past = 1;
    for (int64_t u = 0; u < on->max_text; u++) phi[u] = 0;
    for (int64_t k = 0; k < components; k++) {
        real alpha = exponential(moves[k]), beta = exponential(moves[components + k]);
        real at = kappa[k] += exponential(moves[2 * components + k]);
        past &= at > (real)(end + 1);
#pragma omp simd
        for (int64_t u = 0; u <= end; u++) {
            real distance = at - (real)(int32_t)(u + 1);
            phi[u] = fused(alpha, exponential(-beta * distance * distance), phi[u]);
        }
    }
    for (int64_t a = 0; a < net->alphabet; a++) window[a] = 0;
    for (int64_t u = 0; u < end; u++) window[characters[u]] += phi[u];
    for (int64_t u = 1; u <= end; u++) highest = phi[u] > phi[highest] ? u : highest;
    return past || highest == end ? FINISHED : highest == end - 1 ? NEARLY : 0;
}

static double clamp(double low, double x, double high) { return x < low ? low : x > high ? high : x; }

static double scale_of(const real *moves) {
    return clamp(MIN_SCALE, (PRIOR_MOVES + moves[0] / TYPICAL_MOVE) / (PRIOR_MOVES + moves[1]), MAX_SCALE);
}

/* A line's features and `PenState` after one more stroke. */
static void pen_features_step(const lines *on, const real *stroke, real *line) {
    if (on->net->features == NUM_OFFSETS) {
        memcpy(line, stroke, NUM_OFFSETS * sizeof(real));
        return;
    }
    real *offset = line + on->pen, *lifted = offset + 2, *place = offset + 3, *age = offset + 6, *moves = offset + 7;
    double length = hypot(stroke[0], stroke[1]), on_paper = 1 - *lifted;
    if (length < JUMP) moves[0] += on_paper * length, moves[1] += on_paper;
    double scale = scale_of(moves), x = stroke[0] / scale, y = stroke[1] / scale, speed = length / scale;
    place[0] += y, place[1] = (place[1] + x) * on_paper, place[2] = (place[2] + y) * on_paper;
    *age = (*age + 1) * on_paper, *lifted = stroke[2];
    double all[] = {x, y, stroke[2], log(scale), x / (speed + SLOW), y / (speed + SLOW),
                    log(speed + SPEED_FLOOR) / SPEED_UNIT, x - offset[0], y - offset[1], place[0] / HEIGHT_UNIT,
                    place[1] / PLACE_UNIT, place[2] / PLACE_UNIT, log1p(*age) / AGE_UNIT};
    for (int64_t k = 0; k < on->net->features; k++) line[k] = clamp(-MAX_FEATURE, all[k], MAX_FEATURE);
    offset[0] = x, offset[1] = y;
}

/* A stroke from the density's outputs: pi, means, sigmas, rho, end, in units of the scale. */
static void draw_stroke(const network *net, const real *out, const real *noise, real bias, real scale, real *stroke) {
    int64_t mixtures = net->mixtures;
    real largest = out[0], total = 0, so_far = 0, power = 1 + net->sharpen_weights * bias, weights[mixtures];
    for (int64_t m = 1; m < mixtures; m++) largest = out[m] > largest ? out[m] : largest;
    for (int64_t m = 0; m < mixtures; m++) total += weights[m] = exponential((out[m] - largest) * power);
    int64_t chosen = 0;
    while (chosen < mixtures - 1 && (so_far += weights[chosen] / total) <= noise[0]) chosen++;
    const real *mean = out + mixtures + 2 * chosen, *hat = out + 3 * mixtures + 2 * chosen;
    real rho = (real)MAX_RHO * tangent(out[5 * mixtures + chosen]), log_min_sigma = (real)LOG_MIN_SIGMA;
    real z[2] = {noise[2], fused(rho, noise[2], (real)sqrt(fused(-rho, rho, 1)) * noise[3])};
    for (int axis = 0; axis < 2; axis++) {
        real sigma = exponential(hat[axis] - bias) + exponential(log_min_sigma - bias);
        stroke[axis] = fused(sigma, z[axis], mean[axis]) * scale;
    }
    stroke[2] = noise[1] < sigmoid(out[6 * mixtures]);
}

/* Whether line b is at its end after its last point, given in `ended` whether its text is finished, or nearly; out: the
   density's outputs. */
static void note_end(const lines *on, int64_t b, const real *out) {
    int done = on->ended[b] == FINISHED, nearly = on->ended[b] == NEARLY;
    int lifted = on->state[b * on->row + 2] > 0, late = on->late[b];
    if (on->net->line_end) {
        late = done || late ? late + (late < UINT8_MAX) : 0;
        int says = (done || nearly) && out[6 * on->net->mixtures + 1] > (real)END_LOGIT;
        on->ended[b] = lifted && (says || late > LAST_LETTER_POINTS);
    } else {
        late = done ? late + 1 : 0;
        on->ended[b] = done && (lifted || late > MAX_POINTS_AFTER_TEXT);
    }
    on->late[b] = late;
}

/* Every line's window, by the h of its lowest layer, and in `ended` whether its text is finished, or nearly. */
static void move_windows(const lines *on, int64_t hidden) {
    const linear *moves = on->net->moves;
    for (int64_t b = 0; b < on->lines; b++)
        memcpy(on->x + b * moves->inputs, on->state + b * on->row + hidden, moves->inputs * sizeof(real));
    multiply(on, moves);
    for (int64_t b = 0; b < on->lines; b++) on->ended[b] = attend_to_text(on, b, on->y + b * moves->outputs);
}

/* Every line's h and c of one layer, after `at` points; of the lowest also its window. */
static void run_layer(const lines *on, int64_t layer, int64_t at) {
    const network *net = on->net;
    const linear *gates = net->gates + layer;
    int64_t size = net->size, read = on->hiddens, below = layer ? size : 0, inputs = gates->inputs;
    int64_t hidden = on->hiddens + layer * size, attends = net->heads && layer == net->attending;
    int64_t own = attends ? on->own : hidden;
    for (int64_t b = 0; b < on->lines; b++) {
        const real *line = on->state + b * on->row;
        memcpy(on->x + b * inputs, line, read * sizeof(real));
        memcpy(on->x + b * inputs + read, line + hidden - below, below * sizeof(real));
        memcpy(on->x + b * inputs + read + below, line + own, size * sizeof(real));
    }
    multiply(on, gates);
    for (int64_t b = 0; b < on->lines; b++) {
        real *line = on->state + b * on->row;
        lstm_cell(size, on->y + b * gates->outputs, line + own, line + on->cells + layer * size);
    }
    if (layer == 0 && net->alphabet) move_windows(on, own);
    if (attends) attend_to_past(on, at, on->state + hidden);
}

/* One more point of every line, after `at` points. */
static void run_network(const lines *on, int64_t at) {
    const network *net = on->net;
    int64_t hidden = net->layers * net->size, skip = net->skip_features, inputs = net->density->inputs;
    for (int64_t layer = 0; layer < net->layers; layer++) run_layer(on, layer, at);
    for (int64_t b = 0; b < on->lines; b++) {
        memcpy(on->x + b * inputs, on->state + b * on->row + on->hiddens, hidden * sizeof(real));
        memcpy(on->x + b * inputs + hidden, on->state + b * on->row, skip * sizeof(real));
    }
    multiply(on, net->density);
    for (int64_t b = 0; b < on->lines; b++) note_end(on, b, on->y + b * net->density->outputs);
}

/* The next points of all lines, up to span->points of them or to the first at which a line is at its end. */
void write_points(lines *on, span *to) {
    const network *net = on->net;
    int64_t any = 0, t = 0;
    const real *noise = to->noise;
    real *strokes = to->strokes, *attention = to->attention;
    team members;
    on->team = on->threads > 1 ? &members : 0;
    if (on->team) start_team(on->team, on->threads);
    for (; t < to->points && !any; t++) {
        run_network(on, on->remembered + t);
        for (int64_t b = 0; b < on->lines; b++, noise += 4, strokes += 3, attention += on->max_text) {
            real *line = on->state + b * on->row;
            const real *given = to->given ? to->given + 3 * (t * on->lines + b) : 0;
            if (given && given[2] >= 0) {
                memcpy(strokes, given, 3 * sizeof(real));
                on->late[b] = on->ended[b] = 0;
            } else {
                real scale = net->skip_features ? scale_of(line + on->pen + 7) : 1;
                draw_stroke(net, on->y + b * net->density->outputs, noise, to->bias, scale, strokes);
            }
            pen_features_step(on, strokes, line);
            memcpy(attention, line + on->phi, on->max_text * sizeof(real));
            any |= on->ended[b];
        }
    }
    if (on->team) end_team(on->team);
    to->points = t, on->remembered += t;
}
