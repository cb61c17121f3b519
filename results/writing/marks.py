"""Letters with marks, such as é, ü and ø: a network writes the letter; the mark is drawn over, under or through it.

There is hardly any ink of such letters to learn from. The attention says which points are the letter's; a mark is a
stroke or two of one shape, a little different each time, and leans as the line does. Marks are written last, as people
write the dots and bars of a word.
"""

import math
import unicodedata
from dataclasses import replace

import numpy as np

from base.base_model import Sample
from ink.alphabet import Alphabet
from ink.geometry import x_height
from results.trained import TrainedModel
from results.writing.shapes import Shape, arc, dense, lean


def _dot(x: float) -> list[tuple[float, float]]:
    return [(x, -0.07), (x + 0.01, -0.03), (x, 0.0)]


OVER: dict[str, Shape] = {
    "\u0300": [[(-0.14, -0.3), (0.1, 0.0)]],
    "\u0301": [[(0.16, -0.32), (-0.08, 0.0)]],
    "\u0302": [[(-0.2, 0.0), (0.01, -0.26), (0.22, -0.01)]],
    "\u0303": [[*arc(-0.13, -0.04, 0.11, 190, 320), *arc(0.1, -0.17, 0.11, 140, 10)]],
    "\u0304": [[(-0.22, -0.02), (0.22, -0.04)]],
    "\u0306": [arc(0.0, -0.2, 0.2, 170, 10)],
    "\u0307": [_dot(0.0)],
    "\u0308": [_dot(-0.17), _dot(0.17)],
    "\u030a": [arc(0.0, -0.14, 0.13, -100, 260)],
    "\u030b": [[(0.04, -0.3), (-0.16, 0.0)], [(0.28, -0.3), (0.08, 0.0)]],
    "\u030c": [[(-0.2, -0.25), (0.01, 0.0), (0.22, -0.26)]],
}
UNDER: dict[str, Shape] = {
    "\u0323": [[(0.0, 0.15), (0.01, 0.19), (0.0, 0.23)]],
    "\u0326": [[(0.05, 0.16), (0.04, 0.26), (-0.06, 0.38)]],
    "\u0327": [[(0.02, 0.0), (0.0, 0.1), *arc(0.0, 0.24, 0.13, -70, 110)]],
    "\u0328": [arc(0.13, 0.15, 0.15, 250, 60)],
}
"""Shapes by combining character, which stand on y = 0: grave, acute, circumflex, tilde, macron, breve, dot, two dots,
ring, two acutes and caron; and those that hang from it: dot, comma, cedilla and ogonek under the letter."""
THROUGH: dict[str, Shape] = {"\u0335": [[(-0.13, 0.09), (0.14, -0.1)]], "\u0338": [[(-0.42, 0.6), (0.42, -0.62)]]}
"""Shapes around the middle of a letter, in its heights: a short bar and a long one."""
STRUCK = {"ø": "o\u0338", "Ø": "O\u0338", "ł": "l\u0335", "Ł": "L\u0335"}
"""Letters that are another one with a bar through it, which Unicode does not take apart."""
SHAPES = OVER | UNDER | THROUGH
GAP, GAP_CAPITAL, GAP_BETWEEN = 0.27, 0.16, 0.1
"""x-heights between a letter, a capital, or a mark and the mark over it."""
LOWEST, LOWEST_CAPITAL, LATE = 0.9, 1.4, 0.08
"""x-heights: heights of a letter and a capital, at least, and how far to the right of its points its middle is: the
attention comes a little late, so that its last points may be the next letter's."""
MARGIN = 0.2
"""x-heights to the left of the later three quarters of a letter's points in which its first ones lie, too."""
SHIFT, TURN, STRETCH = 0.03, 5.0, 0.08
"""Standard deviations of a mark's place (x-heights), angle (degrees) and size (share)."""


def bare(text: str, alphabet: Alphabet) -> str:
    """Return an NFC text with the letter alone for each that the alphabet has not, and whose marks can be drawn."""
    letters = {each: _parts(each)[0] for each in alphabet.missing(text)}
    return "".join(letters[each] if letters.get(each) in alphabet.position else each for each in text)


def _parts(character: str) -> tuple[str, str]:
    """Return the letter and the marks that a character consists of; itself and "" where some mark cannot be drawn."""
    parts = STRUCK.get(character) or unicodedata.normalize("NFD", character)
    return (parts[0], parts[1:]) if {*parts[1:]} <= {*SHAPES} else (character, "")


def with_marks(network: TrainedModel, sample: Sample, text: str, unit: float | None, seed: int) -> Sample:
    """Return a line that was written as `bare(text)` with the marks of `text` at its end, each time the same ones.

    unit  the x-height in the data set's units; None: that of the ink
    """
    plain = bare(text, network.alphabet)
    places = [place for place, (old, new) in enumerate(zip(text, plain, strict=True)) if old != new]
    if not places or sample.weights is None:
        return sample
    points, rng = network.points(sample.strokes), np.random.default_rng(seed)
    unit = unit or x_height(points)
    strokes, letters = [], []
    for place in places:
        own = np.flatnonzero(sample.path == place) + 1
        if len(own):
            drawn = _marks(points, own, text[place], unit, rng)
            strokes += drawn
            letters += [place] * sum(map(len, drawn))
    if not strokes:
        return sample
    added = np.concatenate([np.column_stack([stroke, np.arange(len(stroke)) == len(stroke) - 1]) for stroke in strokes])
    first = np.append(points[-1, :2], 1.0)  # the line's last stroke ends before the marks
    offsets = network.strokes(np.concatenate([first[None], added]).astype(np.float32))[1:]
    ended = sample.strokes.copy()
    ended[-1, 2] = 1.0
    attended = np.eye(sample.weights.shape[1], dtype=sample.weights.dtype)[letters]
    return replace(sample, strokes=np.concatenate([ended, offsets]), weights=np.concatenate([sample.weights, attended]))


def _marks(
    points: np.ndarray, own: np.ndarray, character: str, unit: float, rng: np.random.Generator
) -> list[np.ndarray]:
    """Return the strokes (n, 2) of a character's marks; `own` are the rows of its letter in the line's points."""
    letter, marks = _parts(character)
    gap, height = (GAP_CAPITAL, LOWEST_CAPITAL) if letter.isupper() else (GAP, LOWEST)
    body = points[own, :2].astype(np.float64)
    body = body[body[:, 0] >= body[len(body) // 4 :, 0].min() - MARGIN * unit]  # the first may be the letter before
    middle, bottom = np.percentile(body[:, 0], [10, 90]).mean() + LATE * unit, body[:, 1].max()
    top = min(body[:, 1].min(), bottom - height * unit)
    leaning, over, strokes = lean(points), top - gap * unit, []
    for mark in marks:
        angle, stretch = math.radians(TURN * rng.standard_normal()), 1 + STRETCH * rng.standard_normal()
        turn = stretch * np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        size = bottom - top if mark in THROUGH else unit
        lines = [dense(np.array(line) @ turn) * size for line in SHAPES[mark]]
        at = over if mark in OVER else bottom if mark in UNDER else (top + bottom) / 2
        shift = SHIFT * unit * rng.standard_normal(2)
        for line in lines:
            y = at + line[:, 1]
            strokes.append(np.column_stack([middle + line[:, 0] + leaning * (y - (top + bottom) / 2), y]) + shift)
        if mark in OVER:
            over += min(line[:, 1].min() for line in lines) - GAP_BETWEEN * unit
    return strokes
