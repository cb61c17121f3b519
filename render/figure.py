"""Figures of lines and of what a network looked at, for papers and for TensorBoard; no global pyplot state."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from render.page import INK_COLOR, cut_strokes

INCH_WIDTH = 11.0
CHAR_INCHES = 0.17  # height of one row of the heat map, and so of one character beside it
LINE_INCHES = 2.5  # the most that a line of ink may be high
TITLE_INCHES = 0.22
GAP_INCHES = 0.15
PEN_POINTS = 1.4  # width of the pen, in points of 1/72 inch


def window_figure(points: np.ndarray, phi: np.ndarray, text: str) -> Figure:
    """The line of points (T, 3) above its window weights phi (T, U), as Graves (2013), fig. 13.

    Pen points t run to the right, the characters of `text` upwards, the first at the bottom; columns of `phi` beyond
    the text are not shown. The ink spans the same width as the map: a character stands about above the pen points
    that wrote it, as far as the hand moved evenly.
    """
    weights = np.asarray(phi)[:, : len(text)]
    rows = weights.shape[1]
    width, height = _ink_size(points)
    ink_inches = min(INCH_WIDTH * height / width, LINE_INCHES)
    map_inches = max(CHAR_INCHES * rows, 1.0)
    figure = Figure(figsize=(INCH_WIDTH + 0.6, ink_inches + map_inches + 0.8))
    below = _axes_in_inches(figure, 0.4, 0.5, INCH_WIDTH, map_inches)
    below.imshow(weights.T, origin="lower", aspect="auto", interpolation="nearest", cmap="magma", vmin=0)
    characters = [char.replace(" ", "\u2423") for char in text[:rows]]
    below.set_yticks(range(rows), characters, parse_math=False)
    below.tick_params(axis="y", length=0)
    below.set_xlabel("pen point t")
    above = _axes_in_inches(figure, 0.4, 0.65 + map_inches, INCH_WIDTH, max(ink_inches, 0.1))
    _draw_ink(above, points)
    above.margins(0)
    above.invert_yaxis()
    return figure


def lines_figure(lines: Sequence[np.ndarray], titles: Sequence[str]) -> Figure:
    """Lines of points (T, 3) one below the other at one scale, each under its title; a line may have no points.

    Raises:
        ValueError: there are not as many titles as lines.
    """
    sizes = np.array([_ink_size(points) for points in lines]).reshape(-1, 2)
    units_per_inch = float((sizes / (INCH_WIDTH, LINE_INCHES)).max(initial=1e-9))
    heights = sizes[:, 1] / units_per_inch
    total = float((TITLE_INCHES + heights + GAP_INCHES).sum()) + GAP_INCHES
    figure = Figure(figsize=(INCH_WIDTH + 0.4, total))
    axes = figure.add_axes((0, 0, 1, 1))
    y = GAP_INCHES
    for points, height, title in zip(lines, heights, titles, strict=True):
        axes.text(0, y + TITLE_INCHES / 2, title, color="0.45", fontsize=9, va="center", parse_math=False)
        placed = np.array(points, np.float64).reshape(-1, 3)
        if len(placed):
            placed[:, :2] = (placed[:, :2] - placed[:, :2].min(axis=0)) / units_per_inch + (0, y + TITLE_INCHES)
        _draw_ink(axes, placed)
        y += TITLE_INCHES + height + GAP_INCHES
    axes.set(xlim=(-0.2, INCH_WIDTH + 0.2), ylim=(total, 0))
    return figure


def figure_image(figure: Figure) -> np.ndarray:
    """The drawn figure (H, W, 3) uint8, RGB: `SummaryWriter.add_image(..., dataformats="HWC")` takes it."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _ink_size(points: np.ndarray) -> tuple[float, float]:
    """Width and height of points (T, 3), in their own units; of no ink, or a dot, a little and a little."""
    if len(points) == 0:
        return 1e-9, 0.0
    width, height = np.ptp(np.asarray(points)[:, :2], axis=0)
    return max(float(width), 1e-9), float(height)


def _axes_in_inches(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """New axes with these sides in inches."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def _draw_ink(axes: Axes, points: np.ndarray) -> None:
    """Draw points (T, 3) on bare axes with equal units; a stroke of one point is a dot."""
    strokes = cut_strokes(points)
    lines = [stroke for stroke in strokes if len(stroke) > 1]
    ink = LineCollection(lines, colors=INK_COLOR, linewidths=PEN_POINTS, capstyle="round", clip_on=False)
    axes.add_collection(ink)
    dots = np.concatenate([stroke for stroke in strokes if len(stroke) == 1] or [np.empty((0, 2))])
    axes.plot(dots[:, 0], dots[:, 1], ".", color=INK_COLOR, markersize=1.5 * PEN_POINTS, clip_on=False)
    axes.autoscale_view()
    axes.set_aspect("equal")
    axes.set_axis_off()
