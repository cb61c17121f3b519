"""A picture of what ink each character was read from: ink and character in one color."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from ink.strokes import pen_strokes
from render.figures.figure import INCH_WIDTH, LINE_INCHES, PEN_POINTS

COLORS = ("#b3261e", "#1e5fb3", "#2e7d32", "#8e24aa", "#c76a00", "#00838f")
"""Colors of the characters in turn, so that neighbours differ."""
UNREAD_COLOR = "#b9bac4"
CHAR_INCHES = 0.19  # minimum space for a character in the row below the ink
CHAR_SIZE, PROBABILITY_SIZE = 15, 6.5  # points of 1/72 inch
SURE = 0.9
"""Probability from which on a character is drawn without it."""
MARGIN = 0.25


def explained_figure(
    points: np.ndarray, owner: np.ndarray, text: Sequence[str], probabilities: Sequence[float]
) -> Figure:
    """Return the ink of points (T, 3) above the characters that were read, each stroke in the color of its character.

    owner          (T,) position in `text` of the character that each point was read as, -1 for none: grey
    probabilities  of the characters; those under 0.9 are written below them, in per cent
    """
    xy = np.array(points[:, :2], np.float64)
    width, height = np.maximum(np.ptp(xy, axis=0), 1e-9)
    scale = min(INCH_WIDTH / width, LINE_INCHES / height)
    xy = (xy - xy.min(axis=0)) * scale
    at = places(xy[:, 0], owner, len(text))
    across = max(width * scale, at.max(initial=0.0) + CHAR_INCHES / 2)
    left = min(0.0, at.min(initial=0.0) - CHAR_INCHES / 2)
    deep = height * scale
    size = (across - left + 2 * MARGIN, deep + 0.62 + 2 * MARGIN)
    figure = Figure(figsize=size)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(left - MARGIN, across + MARGIN), ylim=(size[1] - MARGIN, -MARGIN))
    axes.set_axis_off()
    lines, colors = _pieces(np.column_stack([xy, points[:, 2]]), owner)
    axes.add_collection(LineCollection(lines, colors=colors, linewidths=PEN_POINTS, capstyle="round"))
    for u, (character, probability) in enumerate(zip(text, probabilities, strict=True)):
        style: dict[str, Any] = {"color": COLORS[u % len(COLORS)], "ha": "center", "parse_math": False}
        axes.text(at[u], deep + 0.3, character.replace(" ", "␣"), fontsize=CHAR_SIZE, va="center", **style)
        if probability < SURE:
            axes.text(at[u], deep + 0.55, f"{100 * probability:.0f}", fontsize=PROBABILITY_SIZE, va="center", **style)
    return figure


def places(x: np.ndarray, owner: np.ndarray, num_characters: int) -> np.ndarray:
    """Return x (U,) of the characters: the median x (T,) of their ink, in reading order and never too close.

    A character without ink is placed between its neighbours.
    """
    at = np.array([np.median(x[owner == u]) if (owner == u).any() else np.nan for u in range(num_characters)])
    return apart(at, CHAR_INCHES)


def apart(at: np.ndarray, distance: float) -> np.ndarray:
    """Return places (U,), NaN where unknown, in their order and at least so far apart; unknown ones in between."""
    number, known = np.arange(len(at)), np.isfinite(at)
    if not known.any():
        return distance * (number + 0.5)
    # In the place less the space of all before, "far enough apart" is "never falling"; the middle between the
    # largest value so far and the smallest still to come is such a sequence, close to the given one.
    at = np.interp(number, number[known], at[known]) - distance * number
    forward, backward = np.maximum.accumulate(at), np.minimum.accumulate(at[::-1])[::-1]
    return (forward + backward) / 2 + distance * number


def _pieces(points: np.ndarray, owner: np.ndarray) -> tuple[list[np.ndarray], list[str]]:
    """The strokes of points (T, 3), cut where another character begins, and the color of each piece."""
    lines, colors = [], []
    first = 0
    for stroke in pen_strokes(points):
        owners = owner[first : first + len(stroke)]
        first += len(stroke)
        cuts = [0, *(np.flatnonzero(np.diff(owners)) + 1).tolist(), len(stroke)]
        for begin, end in pairwise(cuts):
            piece = stroke[max(begin - 1, 0) : end]
            lines.append(np.repeat(piece, 2, axis=0) if len(piece) == 1 else piece)
            colors.append(COLORS[owners[begin] % len(COLORS)] if owners[begin] >= 0 else UNREAD_COLOR)
    return lines, colors
