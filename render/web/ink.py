"""Lines of ink in the pages of `render.web.html`, as inline SVG.

points   (T, 3) x, y (downward), end_of_stroke   as everywhere in the project, in the data set's own units
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ink.strokes import pen_strokes
from render.web.html import Html, escaped, figure, stacked

WIDTH, HEIGHT = 8000, 600  # of the box that ink is fitted into, in whole units
UNITS_PER_PIXEL = 8
MARGIN = 12  # units, for the pen's own width
BANDS = 12  # of color, from the first stroke to the last
FIRST_HUE, LAST_HUE = 222, 335


def line_figures(figures: Iterable[Html]) -> Html:
    """Return figures of lines, as many next to each other as there is space for."""
    lines = stacked(figures)
    return Html(f'<div class="lines">{lines}</div>') if lines else Html("<p>None.</p>")


def line_figure(points: np.ndarray, name: str, text: Any, facts: str, reasons: Sequence[str] = ()) -> Html:
    """Return a line of ink above its name, text and facts; with `reasons` it is marked as odd, and they are below."""
    caption = [
        Html(f"<strong>{escaped(name)}</strong>"),
        Html(f'<q dir="auto">{escaped(text)}</q>'),
        Html(f"<span>{escaped(facts)}</span>"),
        *(Html(f'<span class="why">{escaped(reason)}</span>') for reason in reasons),
    ]
    return figure(ink_svg(points), *caption, kind="odd" if reasons else "")


def ink_svg(points: np.ndarray) -> Html:
    """Return the ink of points (T, 3) as an `<svg>`, fitted to the page; its color changes from first to last stroke.

    Points that are not finite are left out.
    """
    points = points[np.isfinite(points).all(1)]
    if not len(points):
        return Html('<svg class="ink" width="1" height="1"></svg>')
    xy = points[:, :2].astype(np.float64)
    size = np.maximum(np.ptp(xy, axis=0), 1e-12)
    scale = min(WIDTH / size[0], HEIGHT / size[1])
    units = np.rint((xy - xy.min(0)) * scale).astype(np.int64)
    strokes = pen_strokes(np.column_stack((units, points[:, 2])))
    bands = np.arange(len(strokes)) * BANDS // len(strokes)
    paths = []
    for band in np.unique(bands).tolist():
        hue = FIRST_HUE + (LAST_HUE - FIRST_HUE) * band // BANDS
        data = "".join(_path_data(strokes[i].astype(np.int64)) for i in np.flatnonzero(bands == band))
        paths.append(f'<path stroke="hsl({hue} 55% 38%)" d="{data}"/>')
    width, height = (units.max(0) + 2 * MARGIN).tolist()
    pixels = f'width="{width / UNITS_PER_PIXEL:.0f}" height="{height / UNITS_PER_PIXEL:.0f}"'
    box = f'viewBox="{-MARGIN} {-MARGIN} {width} {height}"'
    return Html(f'<svg class="ink" {pixels} {box}>{"".join(paths)}</svg>')


def _path_data(stroke: np.ndarray) -> str:
    """Return the `d` of a stroke (n, 2) of whole numbers: its start, then its offsets that are not zero."""
    offsets = np.diff(stroke, axis=0)
    offsets = offsets[(offsets != 0).any(1)]
    start = f"M{stroke[0, 0]} {stroke[0, 1]}"
    return start + "l" + (" ".join(f"{dx} {dy}" for dx, dy in offsets.tolist()) or "0 0").replace(" -", "-")
