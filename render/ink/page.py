"""Ink on a page: lines of points in any unit become strokes in millimetres, all at one scale.

points   (T, 3) x, y (downward), end_of_stroke   as everywhere in the project, in the data set's own units
stroke   (n, 2) x, y in mm from the page's upper left corner; y downward
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from utils.errors import InputError

Stroke = np.ndarray

INK_COLOR = "#1a1a2e"
PEN_MM = 0.45
X_HEIGHT = 0.28  # of the line height: an ascender, the x-height and a descender of usual size fill the line
LONGEST_LINE = 500  # x-heights: a line that seems longer is a dash alone, whose height says nothing of its size
LEAST_GAP = 0.12  # of the line height: free paper between the ink of two rows where they come closest
SKYLINE_BIN = 0.1  # of the line height: how finely the outlines of two rows are compared


@dataclass
class Page:
    """A sheet of `width` by `height` mm and its strokes, (n, 2) float arrays in mm, in writing order."""

    width: float
    height: float
    strokes: list[Stroke]


@dataclass
class _Row:
    """One line of ink in mm, its left end at x = 0 and its baseline at y = 0, with its outline in columns.

    top, bottom   (columns,) least and greatest y of the ink in and beside a column; +inf and -inf where there is none
    """

    strokes: list[Stroke]
    top: np.ndarray
    bottom: np.ndarray


def wrap_text(text: str, max_chars: int) -> list[str]:
    """The words of a text in lines of at most `max_chars` characters; "" where a paragraph ends.

    A newline starts a new line. Blank lines, however many, become one "" (an empty row for `lay_out`), and none
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
    """One paragraph's words in lines of at most `max_chars` characters; [""] of no words."""
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


def cut_strokes(points: np.ndarray) -> list[Stroke]:
    """The pen-down pieces of points (T, 3): float64 arrays (n, 2), cut after every end_of_stroke; [] of no points."""
    if len(points) == 0:
        return []
    ends = np.flatnonzero(points[:-1, 2] > 0.5) + 1
    return np.split(np.asarray(points[:, :2], np.float64), ends)


def lay_out(
    lines: Sequence[np.ndarray],
    *,
    line_height_mm: float = 10.0,
    margin_mm: float = 8.0,
    width_mm: float | None = None,
    page_height_mm: float | None = None,
) -> list[Page]:
    """Pages with lines of points (T, 3) set one below the other, left aligned, all at one scale.

    The scale makes the median x-height of the lines 0.28 of `line_height_mm`. Baselines lie `line_height_mm` apart,
    farther where ink would come close to the ink above. A line without points is an empty row. The ink itself is
    kept as it was written, slope and all.

    width_mm         the pages' width, and all ink is made smaller if its widest line would not fit;
                     None: as wide as the widest line and the margins
    page_height_mm   the pages' height, and a new page where the ink would reach into the margin;
                     None: one page as high as the ink and the margins

    Raises:
        InputError: the margins leave no room, or a length is not positive.
        ValueError: a point is not finite.
    """
    _check_lengths(line_height_mm, margin_mm, width_mm, page_height_mm)
    for number, points in enumerate(lines, start=1):
        if not np.isfinite(points).all():
            raise ValueError(f"line {number} has points that are not finite")
    inks = [cut_strokes(np.asarray(points)) for points in lines]
    scale = _scale(
        inks,
        X_HEIGHT * line_height_mm,
        *(np.inf if side is None else side - 2 * margin_mm for side in (width_mm, page_height_mm)),
    )
    rows = [_row(ink, scale, SKYLINE_BIN * line_height_mm) for ink in inks]
    room = np.inf if page_height_mm is None else page_height_mm - 2 * margin_mm
    return [
        _page(rows_and_baselines, margin_mm, width_mm, page_height_mm)
        for rows_and_baselines in _stack(rows, line_height_mm, room)
    ]


def _check_lengths(line_height: float, margin: float, width: float | None, height: float | None) -> None:
    """Raise InputError unless the page has room for ink."""
    if line_height <= 0 or margin < 0:
        raise InputError(f"line height {line_height:g} mm and margin {margin:g} mm: lengths on paper are positive")
    for name, side in (("width", width), ("height", height)):
        if side is not None and side <= 2 * margin:
            raise InputError(f"a page {name} of {side:g} mm leaves no room between margins of {margin:g} mm")


def _downstrokes(strokes: list[Stroke]) -> np.ndarray:
    """Where the pen runs down the paper: (K, 2) y of the top and of the bottom of each run."""
    runs = [np.empty((0, 2))]
    for stroke in strokes:
        y = stroke[:, 1]
        y = y[np.append(True, np.diff(y) != 0)]
        turns = np.flatnonzero(np.diff(np.sign(np.diff(y)))) + 1
        y = y[np.concatenate(([0], turns, [len(y) - 1]))]
        pairs = np.stack((y[:-1], y[1:]), axis=1)
        runs.append(pairs[pairs[:, 1] > pairs[:, 0]])
    return np.concatenate(runs)


def _baseline_and_x_height(strokes: list[Stroke]) -> tuple[float, float]:
    """y of the baseline and the x-height of one line, in its own units; x-height 0 where the pen never runs down.

    Medians over the down-strokes, of which handwriting is made: most end on the baseline and begin one x-height
    above it. Neither a few tall letters nor a slope of the line (which moves both medians alike) shifts the height.
    Runs much shorter than usual are the pen's trembling and left out.
    """
    runs = _downstrokes(strokes)
    if not len(runs):
        return (float(np.median(np.concatenate(strokes)[:, 1])) if strokes else 0.0), 0.0
    lengths = np.sort(runs[:, 1] - runs[:, 0])
    usual = lengths[np.searchsorted(np.cumsum(lengths), lengths.sum() / 2)]  # half of all down-travel is in longer runs
    runs = runs[runs[:, 1] - runs[:, 0] >= 0.4 * usual]
    baseline = float(np.median(runs[:, 1]))
    return baseline, max(baseline - float(np.median(runs[:, 0])), float(usual) * 0.4)


def _scale(inks: list[list[Stroke]], x_height: float, most_width: float, most_height: float) -> float:
    """mm per unit of the ink, such that the median x-height is `x_height` mm and every line fits into its room."""
    heights = [height for _, height in map(_baseline_and_x_height, inks) if height > 0]
    extents = np.array([np.ptp(np.concatenate(ink), axis=0) for ink in inks if ink]).reshape(-1, 2)
    widest, tallest = extents.max(axis=0, initial=0.0)
    unit = max(float(np.median(heights)) if heights else float(tallest), float(widest) / LONGEST_LINE)
    limits = [x_height / unit if unit > 0 else 1.0]
    limits += [room / size for room, size in ((most_width, widest), (most_height, tallest)) if size > 0]
    return min(limits)


def _row(ink: list[Stroke], scale: float, bin_mm: float) -> _Row:
    """One line's strokes, in its own units, as a row in mm."""
    if not ink:
        return _Row([], np.empty(0), np.empty(0))
    baseline, _ = _baseline_and_x_height(ink)
    origin = np.array([np.concatenate(ink)[:, 0].min(), baseline])
    strokes = [(stroke - origin) * scale for stroke in ink]
    dense = np.concatenate([_dense(stroke, bin_mm / 2) for stroke in strokes])
    columns = (dense[:, 0] / bin_mm).astype(int) + 1
    top, bottom = np.full(columns.max() + 2, np.inf), np.full(columns.max() + 2, -np.inf)
    for beside in (-1, 0, 1):
        np.minimum.at(top, columns + beside, dense[:, 1])
        np.maximum.at(bottom, columns + beside, dense[:, 1])
    return _Row(strokes, top, bottom)


def _dense(stroke: Stroke, spacing: float) -> Stroke:
    """A stroke (n, 2) with points added so that neighbours are at most `spacing` apart in x: (m, 2)."""
    counts = np.ceil(np.abs(np.diff(stroke[:, 0])) / spacing).clip(1)
    at = np.append(0.0, np.cumsum(counts))
    grid = np.arange(at[-1] + 1)
    return np.stack([np.interp(grid, at, stroke[:, axis]) for axis in (0, 1)], axis=1)


def _stack(rows: list[_Row], line_height: float, room: float) -> list[list[tuple[_Row, float]]]:
    """Rows with their baselines in mm from an arbitrary zero, in pages whose ink is at most `room` mm high."""
    pages: list[list[tuple[_Row, float]]] = [[]]
    columns = max((len(row.top) for row in rows), default=0)
    skyline, baseline, top = np.full(columns, -np.inf), 0.0, np.inf
    for row in rows:
        if not row.strokes:
            baseline += line_height
            continue
        n = len(row.top)
        nearest = (skyline[:n] - row.top).max() + LEAST_GAP * line_height
        baseline = max(baseline + line_height, float(nearest))
        if pages[-1] and max(skyline.max(), baseline + row.bottom.max()) - min(top, baseline + row.top.min()) > room:
            pages.append([])
            skyline, baseline, top = np.full(columns, -np.inf), 0.0, np.inf
        pages[-1].append((row, baseline))
        skyline[:n] = np.maximum(skyline[:n], baseline + row.bottom)
        top = min(top, baseline + row.top.min())
    return pages


def _page(rows: list[tuple[_Row, float]], margin: float, width: float | None, height: float | None) -> Page:
    """The page of these rows and baselines, its highest ink at the upper margin."""
    strokes = [stroke + np.array([0.0, baseline]) for row, baseline in rows for stroke in row.strokes]
    ink = np.concatenate(strokes) if strokes else np.zeros((1, 2))
    shift = np.array([margin, margin - ink[:, 1].min()])
    right, bottom = (ink + shift).max(axis=0) + margin
    return Page(
        float(right) if width is None else width,
        float(bottom) if height is None else height,
        [stroke + shift for stroke in strokes],
    )
