"""Ink on a page: lines of points in any unit become strokes in millimetres, all at one scale.

points   (T, 3) x, y (downward), end_of_stroke   as everywhere in the project, in the data set's own units
stroke   (n, 2) x, y in mm from the page's upper left corner; y downward
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ink.geometry import LONGEST_LINE, baseline, down_strokes, x_height
from ink.strokes import pen_strokes
from utils.errors import InputError

Stroke = np.ndarray

INK_COLOR = "#1a1a2e"
PEN_MM = 0.45
X_HEIGHT = 0.28  # of the line height: an ascender, the x-height and a descender of usual size fill the line
MIN_GAP = 0.12  # of the line height: free paper between the ink of two rows where they come closest
SKYLINE_BIN = 0.1  # of the line height: how finely the outlines of two rows are compared


@dataclass
class Page:
    """A sheet of `width` by `height` mm and its strokes, (n, 2) float arrays in mm, in writing order."""

    width: float
    height: float
    strokes: list[Stroke]


@dataclass
class _Row:
    """A line of ink in mm, its left end at x = 0 and its baseline at y = 0, with its outline in columns.

    top, bottom   (columns,) lowest and highest y of the ink in a column and its neighbours; +inf and -inf without ink
    """

    strokes: list[Stroke]
    top: np.ndarray
    bottom: np.ndarray


def wrap_text(text: str, max_chars: int) -> list[str]:
    """Return the words of a text in lines of at most `max_chars` characters; "" where a paragraph ends.

    A newline starts a new line. Several blank lines become one "" (an empty row for `lay_out`), and none
    at the beginning or the end. Runs of white space become one space; a word longer than a line is cut.

    Raises:
        InputError: `max_chars` is less than 1.
    """
    if max_chars < 1:
        raise InputError(f"a line cannot hold {max_chars} characters: at least 1 is needed")
    lines: list[str] = []
    for paragraph in text.strip().splitlines():
        if paragraph.strip() or lines[-1]:
            lines += _fill(paragraph.split(), max_chars)
    return lines


def _fill(words: list[str], max_chars: int) -> list[str]:
    """Return a paragraph's words in lines of at most `max_chars` characters; [""] of no words."""
    lines = [""]
    for word in words:
        for start in range(0, len(word), max_chars):
            piece = word[start : start + max_chars]
            if not lines[-1]:
                lines[-1] = piece
            elif len(lines[-1]) + 1 + len(piece) <= max_chars:
                lines[-1] += " " + piece
            else:
                lines.append(piece)
    return lines


def lay_out(
    lines: Sequence[np.ndarray],
    *,
    line_height_mm: float = 10.0,
    margin_mm: float = 8.0,
    width_mm: float | None = None,
    page_height_mm: float | None = None,
) -> list[Page]:
    """Return pages of lines of points (T, 3) in a column, left aligned, all at one scale.

    The scale makes the median x-height of the lines 0.28 of `line_height_mm`. Baselines are `line_height_mm` apart,
    farther where ink would come close to the ink above. A line without points is an empty row. The ink itself is
    kept as it was written, slope and all.

    width_mm         the pages' width, and all ink is made smaller if its widest line would not fit;
                     None: as wide as the widest line and the margins
    page_height_mm   the pages' height, and a new page where the ink would reach into the margin;
                     None: one page as high as the ink and the margins

    Raises:
        InputError: the margins leave no space, or a length is not positive.
        ValueError: a point is not finite.
    """
    _check_lengths(line_height_mm, margin_mm, width_mm, page_height_mm)
    for number, points in enumerate(lines, start=1):
        if not np.isfinite(points).all():
            raise ValueError(f"line {number} has points that are not finite")
    inks = [np.asarray(points, np.float64) for points in lines]
    max_width, max_height = (np.inf if side is None else side - 2 * margin_mm for side in (width_mm, page_height_mm))
    scale = _scale([ink for ink in inks if len(ink)], X_HEIGHT * line_height_mm, max_width, max_height)
    rows = [_row(ink, scale, SKYLINE_BIN * line_height_mm) for ink in inks]
    return [
        _page(rows_and_baselines, margin_mm, width_mm, page_height_mm)
        for rows_and_baselines in _stack(rows, line_height_mm, max_height)
    ]


def _check_lengths(line_height: float, margin: float, width: float | None, height: float | None) -> None:
    """Raise InputError unless the page has space for ink."""
    if line_height <= 0 or margin < 0:
        raise InputError(f"line height {line_height:g} mm and margin {margin:g} mm: lengths on paper are positive")
    for name, side in (("width", width), ("height", height)):
        if side is not None and side <= 2 * margin:
            raise InputError(f"a page {name} of {side:g} mm leaves no space between margins of {margin:g} mm")


def _scale(inks: list[np.ndarray], x_height_mm: float, max_width: float, max_height: float) -> float:
    """Return mm per unit of ink (T, 3): the median x-height becomes `x_height_mm`, or less if a line would not fit."""
    # Dashes and dots have no x-height of their own: where other ink is, they have no say in its size.
    letters = [ink for ink in inks if len(down_strokes(ink))]
    unit = float(np.median([x_height(ink) for ink in letters or inks] or [1.0]))
    sizes = np.array([np.ptp(ink[:, :2], axis=0) for ink in inks]).reshape(-1, 2)
    widest, tallest = sizes.max(axis=0, initial=0.0)
    limits = [limit / size for limit, size in ((max_width, widest), (max_height, tallest)) if size > 0]
    return min([x_height_mm / max(unit, float(widest) / LONGEST_LINE), *limits])


def _row(ink: np.ndarray, scale: float, bin_mm: float) -> _Row:
    """Return the row, in mm, of a line's ink (T, 3) in its own units."""
    if not len(ink):
        return _Row([], np.empty(0), np.empty(0))
    origin = np.array([ink[:, 0].min(), baseline(ink)])
    strokes = [(stroke - origin) * scale for stroke in pen_strokes(ink)]
    dense = np.concatenate([_dense(stroke, bin_mm / 2) for stroke in strokes])
    columns = (dense[:, 0] / bin_mm).astype(int) + 1
    top, bottom = np.full(columns.max() + 2, np.inf), np.full(columns.max() + 2, -np.inf)
    for shift in (-1, 0, 1):  # ink keeps its distance from the ink of neighbouring columns too
        np.minimum.at(top, columns + shift, dense[:, 1])
        np.maximum.at(bottom, columns + shift, dense[:, 1])
    return _Row(strokes, top, bottom)


def _dense(stroke: Stroke, spacing: float) -> Stroke:
    """Return a stroke (n, 2) with points added so that neighbours are at most `spacing` apart in x: (m, 2)."""
    counts = np.ceil(np.abs(np.diff(stroke[:, 0])) / spacing).clip(1)
    at = np.append(0.0, np.cumsum(counts))
    grid = np.arange(at[-1] + 1)
    return np.stack([np.interp(grid, at, stroke[:, axis]) for axis in (0, 1)], axis=1)


def _stack(rows: list[_Row], line_height: float, max_height: float) -> list[list[tuple[_Row, float]]]:
    """Return pages of rows and their baselines, in mm from any zero; the ink of a page is at most `max_height` high."""
    pages: list[list[tuple[_Row, float]]] = [[]]
    columns = max((len(row.top) for row in rows), default=0)
    skyline, base, top = np.full(columns, -np.inf), 0.0, np.inf
    for row in rows:
        if not row.strokes:
            base += line_height
            continue
        n = len(row.top)
        nearest = (skyline[:n] - row.top).max() + MIN_GAP * line_height
        base = max(base + line_height, float(nearest))
        if pages[-1] and max(skyline.max(), base + row.bottom.max()) - min(top, base + row.top.min()) > max_height:
            pages.append([])
            skyline, base, top = np.full(columns, -np.inf), 0.0, np.inf
        pages[-1].append((row, base))
        skyline[:n] = np.maximum(skyline[:n], base + row.bottom)
        top = min(top, base + row.top.min())
    return pages


def _page(rows: list[tuple[_Row, float]], margin: float, width: float | None, height: float | None) -> Page:
    """Return the page of these rows and baselines, its highest ink at the upper margin."""
    strokes = [stroke + np.array([0.0, base]) for row, base in rows for stroke in row.strokes]
    ink = np.concatenate(strokes) if strokes else np.zeros((1, 2))
    shift = np.array([margin, margin - ink[:, 1].min()])
    right, bottom = (ink + shift).max(axis=0) + margin
    return Page(
        float(right) if width is None else width,
        float(bottom) if height is None else height,
        [stroke + shift for stroke in strokes],
    )
