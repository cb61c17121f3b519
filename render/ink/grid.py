"""Pages of small drawings in rows and columns, all at one scale."""

from collections.abc import Sequence

import numpy as np

from ink.strokes import pen_strokes
from render.ink.page import Page

FILLED = 0.7
"""Share of a cell's side that a drawing fills, but for the largest twentieth of them."""
MAX_FILLED = 0.95
"""Share of a cell's side that a drawing fills at most; a larger one is drawn smaller, so that it covers no other."""


def grid_page(rows: Sequence[Sequence[np.ndarray]], *, cell_mm: float = 12.0, margin_mm: float = 4.0) -> Page:
    """Return the page of rows of drawings, points (T, 3) or none, each in the middle of a square cell.

    All have one scale, but those that are larger than a cell.
    """
    inks = [
        (r, c, np.asarray(points, np.float64))
        for r, row in enumerate(rows)
        for c, points in enumerate(row)
        if len(points)
    ]
    sizes = [np.ptp(points[:, :2], axis=0).max() for _, _, points in inks]
    scale = FILLED * cell_mm / max(float(np.quantile(sizes or [1.0], 0.95)), 1e-9)
    drawings = []
    for (r, c, points), size in zip(inks, sizes, strict=True):
        own_scale = min(scale, MAX_FILLED * cell_mm / max(float(size), 1e-9))
        middle = (points[:, :2].min(axis=0) + points[:, :2].max(axis=0)) / 2
        place = margin_mm + cell_mm * (np.array([c, r]) + 0.5)
        drawings.append([(stroke - middle) * own_scale + place for stroke in pen_strokes(points)])
    columns = max(map(len, rows), default=0)
    return Page(2 * margin_mm + cell_mm * columns, 2 * margin_mm + cell_mm * len(rows), drawings)
