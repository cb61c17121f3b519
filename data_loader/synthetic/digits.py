"""The built-in corpus of digits: one a line, by made-up writers who each have their own way of making every digit.

The shapes are our own; hands and the pen's motion are those of the built-in corpus of text.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from data_loader.synthetic.glyphs import PRINT, SCRIPT, Glyph
from data_loader.synthetic.writer import Writer
from ink.strokes import InkLine

FORMS = {
    "0": [
        "72,196 40,180 12,130 14,60 45,4 80,14 104,70 102,140 74,192",
        "80,186 45,196 12,130 14,60 45,4 80,14 104,70 102,140 74,194 44,186 34,172",
        "58,198 24,170 10,100 24,26 60,2 96,30 106,100 92,170 66,194",
        "40,190 76,198 104,150 106,80 82,10 44,0 14,50 14,130 36,184",
    ],
    "1": [
        "34,200 / 32,0",
        "48,200 / 20,0",
        "2,150 24,168 46,200 / 42,0",
        "0,150 20,166 44,200 / 40,0 | 4,0 84,2",
    ],
    "2": [
        "10,150 28,186 62,198 94,172 92,124 56,64 6,2 / 50,6 112,4",
        "10,150 28,186 62,198 94,172 90,124 50,48 18,6 4,14 16,34 48,22 82,2 112,16",
        "14,166 42,196 82,190 96,150 74,92 38,36 4,2 / 40,10 74,-4 108,10",
        "6,176 60,196 96,168 84,112 40,46 2,4 / 112,2",
    ],
    "3": [
        "10,174 36,198 76,190 88,154 66,118 36,106 / 76,102 102,62 86,14 46,-2 4,24",
        "8,194 / 94,196 / 42,122 / 80,112 102,66 82,12 42,-2 4,22",
        "12,178 40,198 80,186 84,146 56,112 36,106 44,116 72,106 100,66 84,12 44,-2 4,20",
    ],
    "4": [
        "36,200 22,140 4,76 / 110,80 | 86,142 80,0",
        "12,196 8,136 22,96 60,92 96,104 | 98,196 90,100 86,0",
        "80,200 / 2,66 / 112,66 | 82,124 80,0",
        "78,200 / 2,66 / 108,66 96,70 / 80,200 78,0",
        "110,82 / 6,82 / 84,198 / 80,0",
    ],
    "5": [
        "102,196 / 26,194 / 16,116 / 52,130 94,108 102,56 70,4 6,14",
        "24,194 / 16,112 / 52,128 96,104 100,50 66,2 4,16 | 24,194 104,198",
        "100,188 62,196 26,172 22,136 54,116 90,88 92,36 58,0 8,14",
        "18,198 / 20,112 50,124 92,104 98,48 64,0 6,12 | 16,196 96,194",
    ],
    "6": [
        "86,196 42,154 12,86 14,26 48,-2 88,24 90,70 62,96 28,78 14,50",
        "70,200 30,130 8,60 30,4 72,2 96,40 78,84 40,82 12,46",
        "96,180 66,198 26,150 10,70 34,4 76,6 92,52 66,90 30,74 18,40",
    ],
    "7": [
        "2,194 / 100,196 / 68,116 40,0",
        "2,194 / 100,196 / 68,116 40,0 | 22,98 92,102",
        "4,160 / 8,192 / 104,196 / 64,100 46,0",
        "2,186 32,198 64,188 102,198 / 74,130 52,64 46,0 | 26,88 96,98",
        "2,190 56,200 98,194 / 86,150 44,0",
    ],
    "8": [
        "86,176 52,198 18,166 38,122 80,84 96,42 58,0 14,28 28,78 70,118 92,160 78,188",
        "54,108 20,140 30,184 66,198 92,164 76,122 54,108 16,66 24,12 66,-2 100,34 86,84 58,108",
        "48,198 16,170 30,128 74,94 98,48 68,2 24,8 12,50 36,94 78,132 84,176 50,198",
    ],
    "9": [
        "90,158 64,196 24,182 12,138 36,106 74,116 92,164 / 88,90 76,0",
        "92,160 62,198 22,180 12,136 38,104 76,118 94,166 92,100 80,34 48,-2 14,20",
        "84,176 46,196 14,158 30,112 66,110 90,150 / 88,60 84,0",
        "88,170 56,198 16,168 18,120 52,102 88,136 | 94,196 90,100 82,0",
    ],
}
"""Forms of each digit that people write: strokes parted by "|", corners by "/", smooth between; x rightward, y upward,
in per cent of half the digit's height."""
BEARING = 0.2
TEMPO = 0.62
"""A digit alone is written with more care than one in a line: more points."""


def synthetic_digits(
    *, num_writers: int = 150, times_each: int = 2, valid_writers: int = 15, seed: int = 1
) -> Iterator[InkLine]:
    """Every digit `times_each` by each writer, in a mixed order; the last `valid_writers` in split "valid".

    Points are in 1/40 of a middling x-height (a digit is about two high), times in whole ticks of 1/60 s. The same
    arguments give the same lines, and a writer's lines depend on the seed and the writer's number alone.
    """
    glyphs = {digit: [glyph(form) for form in forms] for digit, forms in FORMS.items()}
    for number in range(num_writers):
        writer = Writer(np.random.default_rng([seed, number, 3]), {PRINT: glyphs, SCRIPT: glyphs})
        writer.style = replace(writer.style, tempo=TEMPO * writer.style.tempo)
        rng = np.random.default_rng([seed, number, 4])
        split = "valid" if number >= num_writers - valid_writers else "train"
        for place, digit in enumerate(rng.permutation(list(FORMS) * times_each).tolist()):
            points, times = writer.write(digit, rng)
            yield InkLine(f"w{number:03d}-{place:02d}", digit, f"w{number:03d}", split, points, times)


def glyph(form: str) -> Glyph:
    """One of `FORMS` in the units of glyphs, its advance a little wider than its ink."""
    strokes = [
        np.concatenate([curve(np.array([pair.split(",") for pair in piece.split()], float)) for piece in pieces])
        for pieces in with_corners(form)
    ]
    ink = np.concatenate(strokes)[:, 0]
    moved = tuple((stroke - [ink.min() - 100 * BEARING, 0]) / 100 for stroke in strokes)
    return Glyph(moved, 0, np.zeros((0, 2)), float(np.ptp(ink)) / 100 + 2 * BEARING)


def with_corners(form: str) -> Iterator[list[str]]:
    """Yield the smooth pieces of each stroke, each but the first begun at the last point of the one before."""
    for stroke in form.split("|"):
        pieces = stroke.split("/")
        ends = ["", *(piece.split()[-1] for piece in pieces[:-1])]
        yield [f"{end} {piece}" for end, piece in zip(ends, pieces, strict=True)]


def curve(knots: np.ndarray, steps: int = 8) -> np.ndarray:
    """A smooth curve through knots (n, 2), `steps` points from one to the next: Catmull and Rom (1974)."""
    if len(knots) == 1:
        return knots
    ends = 2 * knots[0] - knots[1], 2 * knots[-1] - knots[-2]
    p = np.stack([np.vstack([ends[0], knots, ends[1]])[k : len(knots) - 1 + k] for k in range(4)])
    t = np.arange(steps)[:, None, None] / steps
    between = p[1] + 0.5 * t * (
        p[2] - p[0] + t * (2 * p[0] - 5 * p[1] + 4 * p[2] - p[3] + t * (3 * (p[1] - p[2]) + p[3] - p[0]))
    )
    return np.vstack([between.swapaxes(0, 1).reshape(-1, 2), knots[-1:]])
