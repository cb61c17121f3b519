"""Ink as arrays: `points` are absolute and in the data set's units, `strokes` are offsets in units of a std.

points   (T, 3) x, y, end_of_stroke     y downward, as on a screen and in SVG
strokes  (T, 3) dx, dy, end_of_stroke   dx, dy divided by the corpus's per-axis std; row 0 is the start: (0, 0, e)

The last point of every pen stroke has end_of_stroke 1. Row 0 of `strokes` is given to a network and never
predicted: where a line starts on the paper says nothing about handwriting.
"""

from dataclasses import dataclass

import numpy as np

MAX_COORDINATE = 1e6
"""Either way, of what readers take: float32 holds every whole number up to 2**24, and ink is not larger."""


@dataclass(frozen=True)
class InkLine:
    """One line of ink as a reader yields it.

    id       unique within its corpus, e.g. "a01-000u-01"
    text     its transcription, Unicode NFC, no line break
    writer   any label; lines of one writer share it; "" when unknown
    split    the list it belongs to, e.g. "trainset"; "" where the source has none
    points   (T, 3) float32: x, y (downward), end_of_stroke in {0, 1}, the last row's is 1; T >= 2
    times    (T,) float64 seconds since the line's first point, or None where the source has none
    unit     what one of x and y is, e.g. "mm"; "" where the source does not say
    """

    id: str
    text: str
    writer: str
    split: str
    points: np.ndarray
    times: np.ndarray | None = None
    unit: str = ""


def points_to_strokes(points: np.ndarray, std: tuple[float, float]) -> np.ndarray:
    """Offsets (T, 3) float32 of points (T, 3), each axis divided by its std; row 0 is (0, 0, end_of_stroke)."""
    strokes = np.zeros((len(points), 3), np.float32)
    strokes[1:, :2] = (points[1:, :2] - points[:-1, :2]) / np.asarray(std, np.float32)
    strokes[:, 2] = points[:, 2]
    return strokes


def strokes_to_points(strokes: np.ndarray, std: tuple[float, float]) -> np.ndarray:
    """Points (T, 3) float32 of offsets (T, 3): the inverse of `points_to_strokes` up to the line's position."""
    points = np.array(strokes, np.float64)
    points[:, :2] = np.cumsum(points[:, :2] * np.asarray(std), axis=0)
    return points.astype(np.float32)


def pen_strokes(points: np.ndarray) -> list[np.ndarray]:
    """The pen-down pieces of points (T, 3): a list of (n, 2) arrays, cut after every end_of_stroke."""
    cuts = np.flatnonzero(points[:-1, 2] > 0.5) + 1
    return [piece[:, :2] for piece in np.split(points, cuts) if len(piece)]
