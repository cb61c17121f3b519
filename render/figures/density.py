"""Maps of where a network expected the next points of a line, the pen lifts, and the weights of its components."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from render.figures.figure import FADED_COLOR, LABEL_SIZE, PAGE_INCHES, axes_in_inches, draw_ink, paper_axes

LEFT, RIGHT, GAP, BELOW = 0.36, 0.62, 0.26, 0.36  # inches
TITLES = (
    "where the next point was expected: dark is likely, a cloud is where a stroke might begin",
    "where the pen was expected to be lifted: the larger and darker a point, the likelier",
    "which components of the mixture were at work; orange marks are pen lifts, after which others take over",
)
PAPER_INCHES = 2.4  # maximum height of the map of the paper
WEIGHTS_INCHES = 1.1
FAINT = 0.1
"""Weight that a component has at some point at least; others are not drawn."""
LIFT_MARKS: dict[str, Any] = {"color": "#d55e00", "markersize": 3, "markeredgewidth": 0.8, "clip_on": False}
DECADES = 4
"""Powers of ten of density that are shown: a spike is a thousand times as high as the blob where a word begins."""


def density_figure(
    points: np.ndarray,
    density: np.ndarray,
    extent: tuple[float, float, float, float],
    ends: np.ndarray,
    weights: np.ndarray,
) -> Figure:
    """Return three maps in a column: densities, pen lifts, weights; the first and the last as Graves (2013), fig. 10.

    density  (H, W) points per area of the paper, whose `extent` is (left, right, lowest y, highest y); log scale
    ends     (T - 1,) probability that the pen is lifted at each of the points 1..T-1, on the ink itself
    weights  (T - 1, M) of the components over time; drawn with the component of largest total weight at the bottom,
             without those that are faint everywhere
    """
    across = PAGE_INCHES - LEFT - RIGHT
    high = min(across * (extent[3] - extent[2]) / (extent[1] - extent[0]), PAPER_INCHES)
    figure = Figure(figsize=(PAGE_INCHES, BELOW + WEIGHTS_INCHES + 3 * GAP + 2 * high), dpi=150)
    bottoms = (BELOW, BELOW + WEIGHTS_INCHES + GAP, BELOW + WEIGHTS_INCHES + 2 * GAP + high)
    third = axes_in_inches(figure, LEFT, bottoms[0], across, WEIGHTS_INCHES)
    order = np.argsort(-weights.sum(0), kind="stable")
    drawn = weights[:, order].max(0, initial=0) >= FAINT
    drawn[:1] = True  # of a network that has hardly trained all may be faint
    order = order[drawn]
    size = (0.5, len(weights) + 0.5, 0.5, len(order) + 0.5)
    shown = third.imshow(
        weights[:, order].T, origin="lower", aspect="auto", interpolation="nearest", cmap="Greys", vmin=0, extent=size
    )
    paper_axes(third, "pen point", "component")
    lifts = np.flatnonzero(points[1:, 2] > 0.5) + 1
    third.plot(lifts, np.full(len(lifts), 1.03), "|", **LIFT_MARKS, transform=third.get_xaxis_transform())
    _scale(figure, shown, bottoms[0], WEIGHTS_INCHES, "weight")
    second = axes_in_inches(figure, LEFT, bottoms[1], across, high)
    _scale(figure, _draw_ends(second, points, ends), bottoms[1], high, "pen lift")
    first = axes_in_inches(figure, LEFT, bottoms[2], across, high)
    top = max(float(density.max(initial=0)), 1e-30)
    bottom = top / 10**DECADES
    shown = first.imshow(
        np.maximum(density, bottom), extent=extent, origin="lower", norm=LogNorm(bottom, top), cmap="gist_heat_r"
    )
    _scale(figure, shown, bottoms[2], high, "density")
    for axes, title in zip((first, second, third), TITLES, strict=True):
        axes.set_title(title, fontsize=LABEL_SIZE, loc="left", pad=6, color="0.35")
    for axes in (first, second):
        axes.set(xlim=extent[:2], ylim=(extent[3], extent[2]))
        axes.set_axis_off()
    return figure


def _draw_ends(axes: Axes, points: np.ndarray, ends: np.ndarray) -> ScalarMappable:
    """Draw the ink faded, and on it every point, larger and darker where a pen lift was likelier."""
    draw_ink(axes, points, colors=[FADED_COLOR] * len(points), pen_points=0.6)
    order = np.argsort(ends)
    x, y = points[1:][order, :2].T
    return axes.scatter(
        x, y, s=0.5 + 14 * ends[order], c=ends[order], cmap="viridis_r", vmin=0, vmax=1, linewidths=0, zorder=3
    )


def _scale(figure: Figure, shown: ScalarMappable, bottom: float, height: float, label: str) -> None:
    axes = axes_in_inches(figure, PAGE_INCHES - RIGHT + 0.08, bottom, 0.07, height)
    figure.colorbar(shown, cax=axes, label=label)
    axes.minorticks_off()
    paper_axes(axes)
