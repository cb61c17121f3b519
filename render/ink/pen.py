"""The pen: its width and color, how wide its line is at every point, and the times at which it passes the points."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import ImageColor

from render.ink.page import Page, Stroke
from utils.errors import InputError

INK_COLOR = "#1a1a2e"
PEN_MM = 0.45
WIDEST_PEN_MM = 20.0
THINNING = 0.3
"""Power of the speed, relative to the page's median speed, by which a line of changing width becomes thinner."""
THINNEST, WIDEST = 0.6, 1.4
"""Width of a line of changing width, at least and at most, in widths of the pen."""
SMOOTHING = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9
"""Weights of the speeds at a point and its neighbours: a pen does not change its width from point to point."""
WRITING_MM_PER_S = 55.0
TRAVEL_MM_PER_S = 160.0  # from stroke to stroke, above the paper
DOT_S = 0.06  # for a point alone, pressed and lifted


@dataclass(frozen=True)
class Pen:
    """The pen that a page is drawn with.

    width  of its line, in mm
    color  by name ("navy") or as "#rrggbb"
    line   in an SVG: "curves" with few nodes, "polyline" from point to point, or "filled", an outline of changing width

    Raises InputError where the width or the color cannot be drawn.
    """

    width: float = PEN_MM
    color: str = INK_COLOR
    line: Literal["curves", "polyline", "filled"] = "curves"

    def __post_init__(self) -> None:
        if not 0 < self.width <= WIDEST_PEN_MM:
            raise InputError(f"pen width is {self.width:g} mm; it must be above 0 and at most {WIDEST_PEN_MM:g} mm")
        try:
            ImageColor.getrgb(self.color)
        except ValueError:
            raise InputError(f'color {self.color!r} is unknown; give a name such as navy, or "#204080"') from None


def line_widths(strokes: Sequence[Stroke], width: float) -> list[np.ndarray]:
    """Return the width of the line at each point of strokes (n, 2), in mm: an array (n,) per stroke.

    The distance between points is the pen's speed, as pens report their place at even times. Where the pen is faster
    than its median the line is thinner than `width`, where it is slower, wider.
    """
    steps = [np.linalg.norm(np.diff(stroke, axis=0), axis=1) for stroke in strokes]
    moves = np.concatenate([*steps, np.empty(0)])
    usual = float(np.median(moves[moves > 0])) if (moves > 0).any() else 1.0
    return [width * _relative_width(step / usual) for step in steps]


def _relative_width(speeds: np.ndarray) -> np.ndarray:
    """Return the width (n,) at the points of a stroke, from the relative speeds (n - 1,) between them."""
    if not len(speeds):
        return np.ones(1)
    reach = len(SMOOTHING) // 2
    around = np.pad(speeds, (reach + 1, reach + 1), "edge")
    at_points = np.convolve((around[1:] + around[:-1]) / 2, SMOOTHING, "valid")
    return (np.maximum(at_points, 1e-6) ** -THINNING).clip(THINNEST, WIDEST)


def pen_times(page: Page) -> list[np.ndarray]:
    """Return the seconds at which the pen passes each point of a page, from 0: an array (n,) per stroke, never falling.

    They grow with the path of the pen, slower in the air than on the paper.
    """
    times, now = [], 0.0
    for previous, stroke in zip([None, *page.strokes], page.strokes, strict=False):
        if previous is not None:
            now += float(np.linalg.norm(stroke[0] - previous[-1])) / TRAVEL_MM_PER_S
        steps = np.linalg.norm(np.diff(stroke, axis=0), axis=1) / WRITING_MM_PER_S
        times.append(now + np.append(0.0, np.cumsum(steps)))
        now = float(times[-1][-1]) + (DOT_S if steps.sum() == 0 else 0.0)
    return times


def writing_seconds(page: Page, longest: float = 30.0) -> float:
    """Return the seconds that an animation of a page takes: the pen's own time, sped up to `longest` at most."""
    times = pen_times(page)
    return min(max(float(times[-1][-1]), 1.0), longest) if times else 1.0
