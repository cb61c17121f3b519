"""Pieces of lines on a page become blocks in reading order: what is above columns, each column, what is below."""

from dataclasses import dataclass

import numpy as np

PITCH = 1.5
"""Least distance of two lines: a column has two lines at least."""


@dataclass(frozen=True)
class Bounds:
    """Left and right end and height (P,) of each piece of a line, in one unit, y downward."""

    left: np.ndarray
    right: np.ndarray
    height: np.ndarray


def blocks(pieces: Bounds, width: float) -> list[np.ndarray]:
    """Return the numbers (n,) of the pieces of each block, in reading order; one block where there are no columns.

    Columns are apart by a gap of `width` at least that goes down the page until a piece crosses it. The page is cut
    there, and so are its parts (Nagy and Seth, "Hierarchical representation of optically scanned documents", 1984).
    """
    return _cut(pieces, np.argsort(pieces.height, kind="stable"), width)


def _cut(pieces: Bounds, some: np.ndarray, width: float) -> list[np.ndarray]:
    """The blocks of some pieces (n,), given from the top down."""
    cuts = [cut for x in np.unique(pieces.right[some]) for cut in _columns_at(pieces, some, x, x + width)]
    if not cuts:
        return [some] if len(some) else []
    _, begin, end, x = max(cuts)
    inside = some[begin:end]
    is_left = pieces.right[inside] <= x
    parts = some[:begin], inside[is_left], inside[~is_left], some[end:]
    return [block for part in parts for block in _cut(pieces, part, width)]


def _columns_at(pieces: Bounds, some: np.ndarray, low: float, high: float) -> list[tuple[int, int, int, float]]:
    """Runs of pieces (size, first, behind the last, x) that are in two columns, with nothing from x = low to high."""
    is_left, is_right = pieces.right[some] <= low, pieces.left[some] >= high
    clear = is_left | is_right
    edges = np.flatnonzero(np.diff(clear.astype(int), prepend=0, append=0))
    runs = []
    for begin, end in edges.reshape(-1, 2).tolist():
        heights = pieces.height[some[begin:end]]
        left, right = heights[is_left[begin:end]], heights[is_right[begin:end]]
        several = all(len(column) and np.ptp(column) > PITCH for column in (left, right))
        if several and left[0] <= right[-1] and right[0] <= left[-1]:
            runs.append((min(len(left), len(right)), begin, end, low))
    return runs
