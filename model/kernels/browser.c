/* Lines written without Python: what a page in the browser runs as WebAssembly, and tests run natively.

   It is `_many_points`, `LineNoise` and `Record` of model/writing/sampling.py, `Drawing` of model/writing/compiled.py and
   `Prime` of model/writing/priming.py, for lines that share their prime; model/writing/portable.py hands over networks.
   NOISE_CHUNK is handed over too (-DNAME=value). */

#include <stdlib.h>
#include "sampler.c"
#include "noise.h"

#define MAX_LAYERS 16
#define ALIGNMENT 64
#define MAX_BLOCKS 32

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name)
#endif

/* What is to be written. Behind it are, of every line, its seed (uint32), points at most with the prime's, and characters
   of its text; texts (lines, max_text), positions in the alphabet; the prime's strokes (prime_points, 3). */
typedef struct {
    int32_t lines, max_text, max_points, prime_points, prime_chars;
    real bias;
} request;

/* Lines being written. Those of `on` are not at their end; arrays of all lines are by the line's number, its slot. */
typedef struct {
    lines on;
    request of;
    int64_t points, used, blocks; /* of every line; of its noise */
    const real *prime;
    const int32_t *caps;
    twister *generators;
    real *chunk, *noise, *given, *drawn, *attention; /* chunk: (all, NOISE_CHUNK, 4); others as in `span` */
    real *strokes;     /* (all, max_points, 3) */
    int32_t *attended; /* (all, max_points) the position of the text that weighs most at each point */
    int32_t *lengths;
    uint8_t *stopped;
    int64_t *characters, *ends, *slots;
    void *allocated[MAX_BLOCKS];
} writing;

static network net;
static linear products[MAX_LAYERS + 4];

/* `bytes` of a file, whose parts are aligned; moves on behind them. */
static const void *take(const char **at, int64_t bytes) {
    const void *here = *at;
    *at += parts_of(bytes, ALIGNMENT) * ALIGNMENT;
    return here;
}

static const linear *take_linear(const char **at, linear *to) {
    const int32_t *sizes = take(at, 3 * sizeof(int32_t));
    to->inputs = sizes[0], to->outputs = sizes[1], to->terms = sizes[2];
    int64_t rows = to->outputs * to->terms;
    to->weights = take(at, rows * parts_of(to->inputs, QUAD) * QUAD * sizeof(narrow));
    to->scales = take(at, rows * parts_of(to->inputs, GROUP) * sizeof(real));
    to->bias = take(at, to->outputs * sizeof(real));
    return to;
}

/* Memory for a file, or what else is handed over; what is read AHEAD is in memory too. */
EXPORT(reserve) void *reserve(int32_t bytes) {
    return aligned_alloc(ALIGNMENT, parts_of(bytes, ALIGNMENT) * ALIGNMENT + AHEAD);
}

EXPORT(release) void release(void *place) { free(place); }

#ifdef __wasm__
/* Whether this processor rounds the products and sums of `fused_lanes` once: the product is 1 + 2^-11 + 2^-24. */
EXPORT(is_fused) int32_t is_fused(void) {
    volatile float factor = 1 + 0x1p-12f, less = -(1 + 0x1p-11f);
    v128_t both = wasm_f32x4_splat(factor), sums = fused_lanes(both, both, wasm_f32x4_splat(less));
    return wasm_f32x4_extract_lane(sums, 0) == 0x1p-24f;
}
#endif

/* Take the network of a file (model/writing/portable.py), which stays where it is. */
EXPORT(open_network) void open_network(const void *file) {
    const char *at = file;
    const int32_t *sizes = take(&at, 11 * sizeof(int32_t));
    linear *next = products;
    net = (network){sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5],
                    sizes[6], sizes[7], sizes[8], sizes[9], sizes[10]};
    net.gates = next;
    for (int64_t layer = 0; layer < net.layers; layer++) take_linear(&at, next++);
    net.density = take_linear(&at, next++);
    if (net.alphabet) net.moves = take_linear(&at, next++);
    if (!net.heads) return;
    net.qkv = take_linear(&at, next++);
    net.out = take_linear(&at, next++);
    net.norm = take(&at, net.size * sizeof(real));
    net.norm_bias = take(&at, net.size * sizeof(real));
}

static void *room_for(writing *to, int64_t bytes) {
    void *room = reserve((int32_t)(bytes ? bytes : 1));
    to->allocated[to->blocks++] = room;
    return room ? memset(room, 0, bytes) : 0;
}

/* The columns of a row of the state, see `_columns` of compiled.py. */
static void set_columns(lines *on) {
    int64_t hiddens = net.layers * net.size;
    on->window = net.features;
    on->hiddens = on->window + net.alphabet;
    on->cells = on->hiddens + hiddens;
    on->pen = on->cells + hiddens;
    on->own = on->pen + PEN_STATE;
    on->kappa = on->own + (net.heads ? 2 * net.size : 0);
    on->phi = on->kappa + net.components;
    on->row = on->phi + on->max_text;
}

static void make_scratch(writing *to, int64_t all) {
    lines *on = &to->on;
    int64_t inputs = 2 * net.size, outputs = 0, floats = sizeof(real);
    for (linear *each = products; each->outputs && each < products + MAX_LAYERS + 4; each++) {
        inputs = each->inputs > inputs ? each->inputs : inputs;
        outputs = each->outputs > outputs ? each->outputs : outputs;
    }
    on->x = room_for(to, all * inputs * floats), on->y = room_for(to, all * outputs * floats);
    on->rounded = room_for(to, all * parts_of(inputs, GROUP) * (int64_t)sizeof(group));
    to->chunk = room_for(to, all * NOISE_CHUNK * 4 * floats), to->noise = room_for(to, all * NOISE_CHUNK * 4 * floats);
    to->given = room_for(to, all * NOISE_CHUNK * 3 * floats), to->drawn = room_for(to, all * NOISE_CHUNK * 3 * floats);
    to->attention = room_for(to, all * NOISE_CHUNK * on->max_text * floats);
}

static void make_lines(writing *to, int64_t all) {
    lines *on = &to->on;
    int64_t floats = sizeof(real), points = to->of.max_points;
    on->net = &net, on->lines = all, on->threads = 1;
    on->max_text = net.alphabet ? to->of.max_text + 1 : 0;
    on->room = parts_of(points, BLOCK) * BLOCK;
    set_columns(on);
    on->state = room_for(to, all * on->row * floats);
    on->characters = to->characters = room_for(to, all * on->max_text * (int64_t)sizeof(int64_t));
    on->ends = to->ends = room_for(to, all * (int64_t)sizeof(int64_t));
    on->slots = to->slots = room_for(to, all * (int64_t)sizeof(int64_t));
    on->memory = room_for(to, all * net.heads * 2 * on->room * HEAD_SIZE * (int64_t)sizeof(narrow));
    on->memory_scales = room_for(to, all * net.heads * 2 * on->room * floats);
    on->late = room_for(to, all), on->ended = room_for(to, all), to->stopped = room_for(to, all);
    to->generators = room_for(to, all * (int64_t)sizeof(twister));
    to->strokes = room_for(to, all * points * 3 * floats);
    to->attended = room_for(to, all * points * (int64_t)sizeof(int32_t));
    to->lengths = room_for(to, all * (int64_t)sizeof(int32_t));
}

/* Forget lines. */
EXPORT(end_lines) void end_lines(writing *to) {
    for (int64_t k = 0; k < to->blocks; k++) free(to->allocated[k]);
    free(to);
}

/* Begin lines; the request is not to move until they are ended. Without memory for them none. */
EXPORT(begin_lines) writing *begin_lines(const request *of) {
    writing *to = calloc(1, sizeof(writing));
    if (!to) return 0;
    int64_t all = of->lines;
    const uint32_t *seeds = (const uint32_t *)(of + 1);
    const int32_t *sizes = to->caps = (const int32_t *)seeds + all, *texts = sizes + 2 * all;
    to->of = *of, to->points = 1, to->used = NOISE_CHUNK;
    to->prime = (const real *)(texts + all * of->max_text);
    make_lines(to, all);
    make_scratch(to, all);
    for (int64_t k = 0; k < to->blocks; k++)
        if (!to->allocated[k]) return end_lines(to), (writing *)0;
    const real rest[3] = {0}, *first = of->prime_points ? to->prime : rest;
    for (int64_t b = 0; b < all; b++) {
        real *line = to->on.state + b * to->on.row;
        seed_twister(to->generators + b, seeds[b]);
        to->ends[b] = net.alphabet ? sizes[all + b] : 0, to->slots[b] = b, to->lengths[b] = 1;
        for (int64_t u = 0; u < to->ends[b]; u++) to->characters[b * to->on.max_text + u] = texts[b * of->max_text + u];
        line[to->on.pen + 2] = 1; /* the pen was lifted */
        pen_features_step(&to->on, first, line);
    }
    return to;
}

/* How many points are written next, and their noise and given strokes. */
static int64_t prepare(writing *to, int64_t points) {
    const lines *on = &to->on;
    int is_given = to->points < to->of.prime_points;
    if (to->used == NOISE_CHUNK) {
        for (int64_t b = 0; b < to->of.lines; b++)
            draw_noise(to->generators + b, NOISE_CHUNK, to->chunk + b * NOISE_CHUNK * 4);
        to->used = 0;
    }
    points = points < NOISE_CHUNK - to->used ? points : NOISE_CHUNK - to->used;
    for (int64_t b = 0; b < on->lines; b++) {
        int64_t left = (is_given ? to->of.prime_points : to->caps[on->slots[b]]) - to->points;
        points = left < points ? left : points;
    }
    for (int64_t p = 0; p < points; p++)
        for (int64_t b = 0; b < on->lines; b++) {
            const real *noise = to->chunk + (on->slots[b] * NOISE_CHUNK + to->used + p) * 4;
            memcpy(to->noise + (p * on->lines + b) * 4, noise, 4 * sizeof(real));
            if (is_given)
                memcpy(to->given + (p * on->lines + b) * 3, to->prime + (to->points + p) * 3, 3 * sizeof(real));
        }
    return points;
}

static int32_t highest(int64_t count, const real *x) {
    int32_t at = 0;
    for (int32_t u = 1; u < count; u++) at = x[u] > x[at] ? u : at;
    return at;
}

/* Keep the points that were written; behind the prime move the windows to its end, see `Prime.left`. */
static void note_points(writing *to, int64_t points) {
    lines *on = &to->on;
    for (int64_t b = 0; b < on->lines; b++) {
        int64_t slot = on->slots[b];
        int32_t *attended = to->attended + slot * to->of.max_points;
        for (int64_t p = 0; p < points; p++) {
            int64_t row = p * on->lines + b, t = to->points + p;
            memcpy(to->strokes + (slot * to->of.max_points + t) * 3, to->drawn + row * 3, 3 * sizeof(real));
            attended[t] = highest(on->max_text, to->attention + row * on->max_text);
        }
        to->lengths[slot] += (int32_t)points - on->ended[b], to->stopped[slot] = on->ended[b];
        int32_t to_space = to->of.prime_chars - 1 - attended[to->points + points - 1];
        if (net.alphabet && to->points + points == to->of.prime_points && to_space != 0 && to_space != 1)
            for (int64_t k = 0; k < net.components; k++) on->state[b * on->row + on->kappa + k] += (real)to_space;
    }
    to->points += points;
}

/* Go on with the lines that are not at their end. */
static void keep_lines(writing *to) {
    lines *on = &to->on;
    int64_t kept = 0, width = on->max_text * (int64_t)sizeof(int64_t);
    for (int64_t b = 0; b < on->lines; b++) {
        if (on->ended[b] || to->points >= to->caps[on->slots[b]]) continue;
        memmove(on->state + kept * on->row, on->state + b * on->row, on->row * sizeof(real));
        memmove(to->characters + kept * on->max_text, to->characters + b * on->max_text, width);
        to->ends[kept] = to->ends[b], to->slots[kept] = to->slots[b];
        on->late[kept] = on->late[b], on->ended[kept++] = 0;
    }
    on->lines = kept;
}

/* Write so many points more of every line that is not at its end; returns how many lines are not then. */
EXPORT(write_more) int32_t write_more(writing *to, int32_t points) {
    while (points > 0 && to->on.lines) {
        span next = {prepare(to, points), to->noise, 0, to->drawn, to->attention, to->of.bias};
        if (to->points < to->of.prime_points) next.given = to->given;
        write_points(&to->on, &next);
        to->used += next.points, points -= (int32_t)next.points;
        note_points(to, next.points);
        keep_lines(to);
    }
    return (int32_t)to->on.lines;
}

/* A line's strokes (length, 3), with the prime's; how many there are; whether it ended by itself. */
EXPORT(strokes_of) real *strokes_of(writing *to, int32_t line) { return to->strokes + line * to->of.max_points * 3; }
EXPORT(length_of) int32_t length_of(const writing *to, int32_t line) { return to->lengths[line]; }
EXPORT(stopped_of) int32_t stopped_of(const writing *to, int32_t line) { return to->stopped[line]; }

/* The row of a line's strokes with which its own begin, see `Prime.own`; its length where it never came to them. */
EXPORT(own_of) int32_t own_of(const writing *to, int32_t line) {
    int32_t begin = to->of.prime_points, length = to->lengths[line];
    const int32_t *attended = to->attended + line * to->of.max_points;
    const real *strokes = to->strokes + line * to->of.max_points * 3;
    if (!begin || !net.alphabet) return begin;
    int32_t reached = begin, own = begin;
    while (reached < length && attended[reached] < to->of.prime_chars) reached++;
    if (reached >= length) return length;
    for (int32_t t = begin; t < reached; t++)
        if (strokes[3 * t + 2] > 0.5f) own = t + 1;
    return own;
}

#ifndef __wasm__ /* for tests */
void seed_noise(twister *of, uint32_t seed) { seed_twister(of, seed); }
void next_noise(twister *of, real *noise) { draw_noise(of, NOISE_CHUNK, noise); }
#endif
