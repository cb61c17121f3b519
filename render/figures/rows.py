"""Lines of ink in a column, each with its label on the left: the same text by bias, by style, by step."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from render.figures.figure import FADED_COLOR, LABEL_SIZE, PAGE_INCHES, PAGE_INCHES_HIGH, draw_ink, ink_size
from render.ink.pen import INK_COLOR

CHAR_INCHES = 0.055  # width of a character of a label
GAP, GROUP_GAP = 0.09, 0.12  # inches between two rows; added before a row that begins a group
ROW_INCHES = 0.9  # maximum height of a row's ink


class Row(NamedTuple):
    """A label and a line of points (T, 3), perhaps none; faded: a real line for comparison, which begins a group."""

    label: str
    points: np.ndarray
    faded: bool = False


def rows_figure(rows: Sequence[Row]) -> Figure:
    """Return the rows at one scale, as wide as a page of a paper and, up to some forty of them, no higher."""
    left = CHAR_INCHES * max((len(row.label) for row in rows), default=0) + 0.1
    across = PAGE_INCHES - left - 0.05
    gaps = np.array([GAP + (GROUP_GAP if row.faded and number else 0) for number, row in enumerate(rows)])
    sizes = np.array([ink_size(row.points) for row in rows]).reshape(-1, 2)
    max_height = max(PAGE_INCHES_HIGH - gaps.sum() - GAP, 1.0)
    units_per_inch = max(float((sizes / (across, ROW_INCHES)).max(initial=1e-9)), float(sizes[:, 1].sum()) / max_height)
    heights = np.maximum(sizes[:, 1] / units_per_inch, LABEL_SIZE / 72)
    total = float((gaps + heights).sum()) + GAP
    figure = Figure(figsize=(PAGE_INCHES, total), dpi=150)
    axes = figure.add_axes((0, 0, 1, 1))
    tops = np.cumsum(gaps + heights) - heights
    for row, top, height in zip(rows, tops, heights, strict=True):
        middle = top + height / 2
        axes.text(0.02, middle, row.label, color="0.35", fontsize=LABEL_SIZE, va="center", parse_math=False)
        placed = np.array(row.points, np.float64).reshape(-1, 3)
        if len(placed):
            place = np.array([left, middle - ink_size(placed)[1] / units_per_inch / 2])
            placed[:, :2] = (placed[:, :2] - placed[:, :2].min(axis=0)) / units_per_inch + place
        color = FADED_COLOR if row.faded else INK_COLOR
        draw_ink(axes, placed, colors=[color] * len(placed), pen_points=0.9)
    axes.set(xlim=(0, PAGE_INCHES), ylim=(total, 0))
    return figure
