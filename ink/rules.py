"""Rules and frames that were drawn on a page of ink, and its writing without them."""

import numpy as np

from ink.geometry import simplified, stroke_bounds, weighted_median
from ink.page_lines import cut_into_lines

LONGEST = 15.0
"""Heights of a usual stroke, the median over points: a straight one that is longer is no letter's."""
WOBBLE = 1.1
"""Length of a stroke that was drawn straight, in that of its straight pieces; of writing it is twice as long."""

OTHERS = 3
"""Strokes besides that a page has; with fewer, long strokes may be all its writing, such as two dashes."""


def written_rows(points: np.ndarray) -> np.ndarray:
    """Return the rows (n,) of `points` (T, 3) of a page without rules and frames; all where it has little else.

    A rule or frame is a stroke of straight pieces, at least one of them long, such as a frame's sides.
    """
    first, last = stroke_bounds(points)
    heights = np.maximum.reduceat(points[:, 1], first) - np.minimum.reduceat(points[:, 1], first)
    usual = weighted_median(heights, np.minimum(last - first + 1, len(points) / 4))  # no frame is half of the ink
    is_written = np.ones(len(points), bool)
    for begin, end in zip(first.tolist(), last.tolist(), strict=True):
        stroke = points[begin : end + 1]
        length = _steps(stroke).sum()
        if length > LONGEST * usual:
            pieces = _steps(stroke[simplified(stroke, usual)])
            is_written[begin : end + 1] = length > WOBBLE * pieces.sum() or pieces.max() < LONGEST * usual
    return np.flatnonzero(is_written) if is_written[last].sum() >= OTHERS else np.arange(len(points))


def cut_writing(points: np.ndarray) -> list[np.ndarray]:
    """Return the rows (n,) of `points` (T, 3) of each line of a page without rules and frames; see `cut_into_lines`."""
    written = written_rows(points)
    return [written[rows] for rows in cut_into_lines(points[written])]


def _steps(points: np.ndarray) -> np.ndarray:
    """Return the distances (n-1,) between points (n, 3) that follow each other."""
    return np.asarray(np.linalg.norm(np.diff(points[:, :2], axis=0), axis=1))
