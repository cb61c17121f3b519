"""A sheet of small pieces of ink, some to a label, in columns: each character of an alphabet in a few words."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from render.figures.figure import INCH_WIDTH, draw_ink, ink_size
from render.ink.pen import INK_COLOR

WRONG_COLOR = "#b3261e"
COLUMNS, ROW_INCHES, GAP_INCHES = 2, 0.62, 0.12
LABEL_INCHES, LABEL_SIZE, NOTE_SIZE = 0.55, 13.0, 7.0
"""Width of the label, and sizes of its text and of the note below it, in points of 1/72 inch."""
USUAL = 0.8
"""Share of the pieces of ink that fit at the common scale; larger ones are made smaller."""


class Cell(NamedTuple):
    """A label and a note, in red where they are wrong, and pieces of ink: points (T, 3), and (T,) where they are."""

    label: str
    note: str
    is_wrong: bool
    inks: Sequence[tuple[np.ndarray, np.ndarray]]


def sheet_figure(cells: Sequence[Cell]) -> Figure:
    """Return the cells from top to bottom, in two columns, their ink at about one scale."""
    pieces = max((len(cell.inks) for cell in cells), default=1)
    column = INCH_WIDTH / COLUMNS
    across, deep = (column - LABEL_INCHES) / pieces - GAP_INCHES, ROW_INCHES - GAP_INCHES
    sizes = np.array([ink_size(points) for cell in cells for points, _ in cell.inks]).reshape(-1, 2)
    common = float(np.quantile((sizes / (across, deep)).max(1), USUAL)) if len(sizes) else 1e-9
    rows = -(-len(cells) // COLUMNS)
    figure = Figure(figsize=(INCH_WIDTH, max(rows, 1) * ROW_INCHES), dpi=150)
    axes = figure.add_axes((0, 0, 1, 1))
    for number, cell in enumerate(cells):
        left, middle = number // rows * column, (number % rows + 0.5) * ROW_INCHES
        color = WRONG_COLOR if cell.is_wrong else INK_COLOR
        style: dict[str, Any] = {"color": color, "ha": "center", "va": "center", "parse_math": False}
        axes.text(left + 0.3, middle - 0.09, cell.label, fontsize=LABEL_SIZE, **style)
        axes.text(left + 0.3, middle + 0.16, cell.note, fontsize=NOTE_SIZE, **style)
        for place, (points, wrong) in enumerate(cell.inks):
            if not len(points):
                continue
            width, height = ink_size(points)
            scale = max(common, width / across, height / deep)
            placed = np.array(points, np.float64)
            corner = (left + LABEL_INCHES + place * (across + GAP_INCHES), middle - height / scale / 2)
            placed[:, :2] = (placed[:, :2] - placed[:, :2].min(axis=0)) / scale + corner
            draw_ink(axes, placed, colors=np.where(wrong, WRONG_COLOR, INK_COLOR).tolist(), pen_points=0.9)
    axes.set(xlim=(0, INCH_WIDTH), ylim=(max(rows, 1) * ROW_INCHES, 0))
    return figure
