/* A network and the lines that it writes, as compiled.py hands them over. */

#include "product.h"

/* `Network` of compiled.py. moves: the window's, if there is an alphabet; qkv, out: attention's, if there are heads;
   line_end: 1 if the density's last output is the logit of the line's end after the point that was read; sharpen_weights: 1 if
   bias sharpens the mixture's weights. */
typedef struct {
    int64_t layers, size, features, skip_features, alphabet, components, mixtures, heads, attending, line_end, sharpen_weights;
    const linear *gates, *density, *moves, *qkv, *out; /* gates: (layers) */
    const real *norm, *norm_bias;
} network;

/* `Lines` of compiled.py. A line's state is one row: features of its last point, window, h of every layer, c of every
   layer, the `PenState` of pen_motion.py, with attention the attending layer's own h and that of the point before,
   normalised, then kappa and phi. What attention adds is in the h that the layers above read. */
typedef struct {
    const network *net;
    int64_t lines, row, window, hiddens, cells, pen, own, kappa, phi; /* columns of a row, of which the last is phi */
    real *state;
    const int64_t *characters, *ends; /* (lines, max_text), (lines) */
    int64_t max_text, room, remembered;
    const int64_t *slots;  /* (lines) the lines' own in the memory */
    narrow *memory;        /* (lines of all, heads, 2, room, HEAD_SIZE): see attention.h */
    real *memory_scales;   /* (lines of all, heads, 2, room) */
    uint8_t *late, *ended; /* (lines) points since all of the text was written; at its end */
    real *x, *y;           /* scratch */
    group *rounded;        /* scratch: inputs of a product */
    int64_t threads;       /* that share each product */
    team *team;            /* of them, if they are more than one */
} lines;

static void multiply(const lines *on, const linear *by) { product(on->team, on->lines, by, on->x, on->rounded, on->y); }
