"""Figures of lines and of attention weights, for papers and for TensorBoard; no global pyplot state."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from ink.strokes import pen_strokes
from render.ink.pen import INK_COLOR
from utils.files import atomic_path

INCH_WIDTH = 11.0
LINE_INCHES = 2.5  # maximum height of a line of ink
TITLE_INCHES = 0.22
GAP_INCHES = 0.15
FADED_COLOR = "#a3a5b0"  # of ink for comparison
PEN_POINTS = 1.4  # width of the pen, in points of 1/72 inch

PAGE_INCHES, PAGE_INCHES_HIGH = 6.75, 9.0  # text area of a page of a paper
LABEL_SIZE = 7.0  # of text in figures for papers, in points
DPI = 300

CHARACTER_COLORS = ("#0072b2", "#d55e00")  # in turn; distinct for colour-blind readers (Okabe and Ito)
CHAR_INCHES = 0.125  # maximum height of a row of the attention map
MAP_LEFT, MAP_RIGHT, MAP_BELOW, MAP_GAP = 0.22, 0.6, 0.36, 0.12  # inches left, right, below and above the map
INK_INCHES = 1.2  # maximum height of the ink above it


def window_figure(points: np.ndarray, phi: np.ndarray, text: str) -> Figure:
    """Return the line of points (T, 3) above its attention weights phi (T - 1, U), as Graves (2013), fig. 13.

    Pen points run to the right, the characters of `text` upwards, the first at the bottom; columns of `phi` beyond the
    text are not shown. Ink has the color of the character with the largest weight when it was written, so that a reader
    finds it in the map although the pen does not move evenly; past the text it is grey.
    """
    weights = np.asarray(phi)[:, : len(text)]
    across = PAGE_INCHES - MAP_LEFT - MAP_RIGHT
    width, height = ink_size(points)
    ink_inches = max(min(across * height / width, INK_INCHES), 0.1)
    max_inches = PAGE_INCHES_HIGH - MAP_BELOW - 2 * MAP_GAP - ink_inches
    map_inches = max(min(CHAR_INCHES * weights.shape[1], max_inches), 0.5)
    figure = Figure(figsize=(PAGE_INCHES, MAP_BELOW + map_inches + 2 * MAP_GAP + ink_inches), dpi=150)
    below = axes_in_inches(figure, MAP_LEFT, MAP_BELOW, across, map_inches)
    scale = axes_in_inches(figure, PAGE_INCHES - MAP_RIGHT + 0.08, MAP_BELOW, 0.07, min(map_inches, 1.0))
    extent = (0.5, max(len(weights), 1) + 0.5, -0.5, weights.shape[1] - 0.5)
    # The few very large weights would leave all others pale.
    darkest = float(np.quantile(weights.max(1, initial=0), 0.9)) if weights.size else 1.0
    shown = below.imshow(
        weights.T,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap="Greys",
        vmin=0,
        vmax=darkest,
        extent=extent,
    )
    figure.colorbar(shown, cax=scale, label="weight", extend="max")
    paper_axes(below, "pen point")
    paper_axes(scale)
    _name_rows(below, text[: weights.shape[1]], min(LABEL_SIZE, 72 * map_inches / max(weights.shape[1], 1)))
    above = axes_in_inches(figure, MAP_LEFT, MAP_BELOW + map_inches + MAP_GAP, across, ink_inches)
    colors = [CHARACTER_COLORS[u % 2] if u < len(text) else FADED_COLOR for u in attended(phi)]
    draw_ink(above, points, colors=[*colors[:1], *colors] if len(colors) == len(points) - 1 else None, pen_points=1.0)
    above.margins(0)
    above.invert_yaxis()
    return figure


def attended(phi: np.ndarray) -> np.ndarray:
    """Return positions (T,) of the largest weight in each row of phi (T, U); the last (past the end) if all are 0."""
    weights = np.asarray(phi)
    return np.where(weights.max(1) > 0, weights.argmax(1), weights.shape[1] - 1)


def _name_rows(axes: Axes, text: str, size: float) -> None:
    """Label the rows of a map with the characters of a text, in the colors of their ink."""
    axes.set_yticks(range(len(text)), list(text.replace(" ", "\u2423")), parse_math=False, fontsize=size)
    axes.tick_params(axis="y", length=0, pad=2)
    for row, label in enumerate(axes.get_yticklabels()):
        label.set_color(CHARACTER_COLORS[row % 2])


def lines_figure(lines: Sequence[np.ndarray], titles: Sequence[str]) -> Figure:
    """Return lines of points (T, 3) in a column at one scale, each under its title; a line may have no points.

    Raises:
        ValueError: the numbers of lines and titles differ.
    """
    sizes = np.array([ink_size(points) for points in lines]).reshape(-1, 2)
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
        draw_ink(axes, placed)
        y += TITLE_INCHES + height + GAP_INCHES
    axes.set(xlim=(-0.2, INCH_WIDTH + 0.2), ylim=(total, 0))
    return figure


def figure_image(figure: Figure) -> np.ndarray:
    """Return the drawn figure (H, W, 3) uint8, RGB, as `SummaryWriter.add_image(..., dataformats="HWC")` takes it."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure in the format of the path's suffix, .png, .svg or .pdf; text stays text.

    The same figure gives the same bytes.
    """
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix, {})
    text = matplotlib.rc_context({"svg.hashsalt": "ink", "svg.fonttype": "none", "pdf.fonttype": 42})
    with atomic_path(path) as temporary, text:
        figure.savefig(temporary, format=path.suffix[1:], dpi=DPI, metadata=metadata)


def ink_size(points: np.ndarray) -> tuple[float, float]:
    """Return width and height of points (T, 3) in their own units, the width at least 1e-9."""
    if len(points) == 0:
        return 1e-9, 0.0
    width, height = np.ptp(np.asarray(points)[:, :2], axis=0)
    return max(float(width), 1e-9), float(height)


def axes_in_inches(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes with these sides in inches."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def paper_axes(axes: Axes, x_label: str = "", y_label: str = "") -> None:
    """Make labels and lines of axes as small and thin as in a paper, and label them."""
    axes.tick_params(labelsize=LABEL_SIZE, width=0.5, length=2, pad=2)
    for spine in axes.spines.values():
        spine.set_linewidth(0.5)
    axes.set_xlabel(x_label, fontsize=LABEL_SIZE, labelpad=2)
    axes.set_ylabel(y_label or axes.get_ylabel(), fontsize=LABEL_SIZE, labelpad=2)


def draw_ink(
    axes: Axes, points: np.ndarray, *, colors: Sequence[str] | None = None, pen_points: float = PEN_POINTS
) -> None:
    """Draw points (T, 3) on bare axes with equal units; a stroke of one point is a dot.

    colors   one per point, of the ink that leads to it; None: all in the color of ink
    """
    shades = [INK_COLOR] * len(points) if colors is None else list(colors)
    for color in dict.fromkeys(shades) or [INK_COLOR]:
        _draw_pieces(axes, _pieces(points, [shade == color for shade in shades]), color, pen_points)
    axes.autoscale_view()
    axes.set_aspect("equal")
    axes.set_axis_off()


def _draw_pieces(axes: Axes, pieces: list[np.ndarray], color: str, pen_points: float) -> None:
    lines = [piece for piece in pieces if len(piece) > 1]
    axes.add_collection(LineCollection(lines, colors=color, linewidths=pen_points, capstyle="round", clip_on=False))
    dots = np.concatenate([piece for piece in pieces if len(piece) == 1] or [np.empty((0, 2))])
    axes.plot(dots[:, 0], dots[:, 1], ".", color=color, markersize=1.5 * pen_points, clip_on=False)


def _pieces(points: np.ndarray, wanted: Sequence[bool]) -> list[np.ndarray]:
    """Return the pieces of the strokes of points (T, 3) whose points are wanted, each with the point before it."""
    pieces, first = [], 0
    for stroke in pen_strokes(points):
        mask = np.array(wanted[first : first + len(stroke)])
        first += len(stroke)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
        pieces += [stroke[max(begin - 1, 0) : end] for begin, end in edges.reshape(-1, 2)]
    return pieces
