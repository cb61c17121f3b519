"""A picture of a page of ink, with what was read in its lines to the right, colored by how sure the reader is."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from render.figures.explained import apart
from render.figures.figure import FADED_COLOR, INCH_WIDTH, draw_ink
from render.ink.pen import INK_COLOR

SURE, DOUBTFUL = 0.9, 0.5
COLORS = {SURE: INK_COLOR, DOUBTFUL: "#c76a00", 0.0: "#b3261e"}
"""Colors by the confidence from which on they are used."""
NAMES = {SURE: "90 % sure or more", DOUBTFUL: "50 to 90 % sure", 0.0: "less than 50 % sure"}
PAGE_SHARE = 0.52
"""Share of the width that the ink has at most."""
MAX_INCHES = 14.0
LINE_INCHES, TEXT_SIZE, KEY_SIZE, LETTER = 0.2, 10.0, 7.0, 0.602
"""Least distance of two lines of text, its size and the key's in points of 1/72 inch, a letter's width in sizes."""
MARGIN, KEY_INCHES = 0.25, 0.35


class DrawnWord(NamedTuple):
    """A word that was read, how sure of it the reader is, and the points (n,) of the page that are its ink."""

    text: str
    confidence: float
    rows: np.ndarray


def page_reading_figure(points: np.ndarray, lines: Sequence[Sequence[DrawnWord]]) -> Figure:
    """Return the ink of points (T, 3), with the lines of words that were read in it to the right, in their height."""
    xy = np.array(points[:, :2], np.float64)
    width, height = np.maximum(np.ptp(xy, axis=0), 1e-9)
    scale = min(PAGE_SHARE * INCH_WIDTH / width, MAX_INCHES / height)
    placed = np.column_stack([(xy - xy.min(axis=0)) * scale, points[:, 2]])
    at = apart(np.array([_height(placed, line) for line in lines]), LINE_INCHES)
    text_left = width * scale + 2 * MARGIN
    longest = max((len(" ".join(word.text for word in line)) for line in lines), default=0)
    across = text_left + longest * LETTER * TEXT_SIZE / 72 + MARGIN
    top = min(0.0, at.min(initial=0.0) - LINE_INCHES / 2)
    deep = max(height * scale, at.max(initial=0.0) + LINE_INCHES / 2) + KEY_INCHES
    figure = Figure(figsize=(max(across, 5.0) + MARGIN, deep - top + 2 * MARGIN), dpi=150)
    axes = figure.add_axes((0, 0, 1, 1))
    draw_ink(axes, placed, colors=_colors(len(points), lines), pen_points=1.0)
    axes.set(xlim=(-MARGIN, max(across, 5.0)), ylim=(deep + MARGIN, top - MARGIN))
    style = {"fontsize": TEXT_SIZE, "family": "monospace", "va": "center", "parse_math": False}
    for y, line in zip(at, lines, strict=True):
        x = text_left
        for word in line:
            axes.text(x, y, word.text, color=_color(word.confidence), **style)  # type: ignore[arg-type]
            x += (len(word.text) + 1) * LETTER * TEXT_SIZE / 72
    for n, (sure, color) in enumerate(COLORS.items()):
        axes.text(1.6 * n, deep, NAMES[sure], color=color, fontsize=KEY_SIZE, va="center")
    return figure


def _height(placed: np.ndarray, line: Sequence[DrawnWord]) -> float:
    rows = np.concatenate([np.empty(0, np.int64), *(word.rows for word in line)])
    return float(np.median(placed[rows, 1])) if len(rows) else np.nan


def _colors(count: int, lines: Sequence[Sequence[DrawnWord]]) -> list[str]:
    """Return the color (T,) of each point's word; ink that was not read is grey."""
    colors = [FADED_COLOR] * count
    for word in (word for line in lines for word in line):
        for row in word.rows.tolist():
            colors[row] = _color(word.confidence)
    return colors


def _color(confidence: float) -> str:
    return next((color for sure, color in COLORS.items() if confidence >= sure), COLORS[0.0])
