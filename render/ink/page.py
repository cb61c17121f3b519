"""Ink on a page: lines of points in any unit become strokes in millimetres, all at one scale.

points   (T, 3) x, y (downward), end_of_stroke   as everywhere in the project, in the data set's own units
stroke   (n, 2) x, y in mm from the page's upper left corner; y downward
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ink.geometry import LONGEST_LINE, baseline, down_strokes, levelled, x_height
from ink.strokes import pen_strokes
from render.ink.paper import LARGEST, SMALLEST, X_PER_SPACING, Paper
from utils.errors import InputError

Stroke = np.ndarray

RULE_COLOR, RULE_MM = "#a9c1dd", 0.15
"""Color and width of the lines of ruled paper."""
SHARE_LEFT = {"left": 0.0, "center": 0.5, "right": 1.0}
"""Share of the free space of a line that is at its left."""
MIN_GAP = 0.12  # of the line spacing: free paper between the ink of two rows where they come closest
SKYLINE_BIN = 0.1  # of the line spacing: how finely the outlines of two rows are compared


@dataclass
class Page:
    """A sheet of `width` by `height` mm and its lines: each is strokes, (n, 2) float arrays in mm, in writing order.

    rules  the lines of ruled paper, (2, 2) each
    """

    width: float
    height: float
    lines: list[list[Stroke]]
    rules: list[Stroke] = field(default_factory=list)

    @property
    def strokes(self) -> list[Stroke]:
        """The strokes of all lines."""
        return [stroke for line in self.lines for stroke in line]


@dataclass
class _Row:
    """A line of ink in mm, its baseline at y = 0, with its outline in columns.

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


def reflowed(text: str) -> str:
    """Return a text of which every line was broken at one width with its paragraphs in one line each.

    A line break is taken out where the next line's first word would have been too much for the longest line; others,
    as in an address or next to a blank line, stay.
    """
    lines = text.splitlines()
    width = max(map(len, lines), default=0)
    joined = lines[:1]
    for line, after in pairwise(lines):
        first = after.split(maxsplit=1)[:1]
        if line.strip() and first and len(line.rstrip()) + 1 + len(first[0]) > width:
            joined[-1] = f"{joined[-1].rstrip()} {after.lstrip()}"
        else:
            joined.append(after)
    return "\n".join(joined)


def cut_words(text: str, max_chars: int) -> list[str]:
    """Return the words of a text that `wrap_text` cuts, as they are longer than a line."""
    return [word for word in text.split() if len(word) > max_chars]


def lay_out(
    lines: Sequence[np.ndarray],
    paper: Paper | None = None,
    unit: float | None = None,
    standing: Sequence[np.ndarray] | None = None,
) -> list[Page]:
    """Return pages of lines of points (T, 3), a line below the other, all at one scale.

    The scale makes `unit` the paper's x-height: that of the lines, None for their median. Where a line is too wide for
    a sheet, all are made smaller. `standing` are rows of each line whose median y is its baseline; none: `baseline`.
    Baselines are the line spacing apart, farther where ink would come close to the ink above; on ruled paper they are
    exactly on the rules. A line without points is an empty row. The ink is kept as it was written, slope and all,
    but for straight lines. A new page begins where the ink would reach into the lower margin.

    Raises ValueError where a point is not finite.
    """
    for number, points in enumerate(lines, start=1):
        if not np.isfinite(points).all():
            raise ValueError(f"line {number} has points that are not finite")
    paper = paper or Paper()
    unit = unit or _median_x_height(lines)
    inks = [_slanted(points, paper.slant) for points in (levelled(lines, unit) if paper.straight else lines)]
    scale, x_height_mm = _scale(inks, paper, unit)
    spacing = min(paper.line_spacing or x_height_mm / X_PER_SPACING, paper.space[1])
    widths = [np.ptp(ink[:, 0]) * scale if len(ink) else 0.0 for ink in inks]
    space = paper.space[0] if paper.width is not None else max(widths, default=0.0)
    lefts = [SHARE_LEFT[paper.align] * (space - width) for width in widths]
    levels = [
        float(np.median(ink[rows, 1])) if len(rows) else baseline(ink) if len(ink) else 0.0
        for ink, rows in zip(inks, standing or [np.zeros(0, np.int64)] * len(inks), strict=True)
    ]
    rows = [_row(*given, scale, SKYLINE_BIN * spacing) for given in zip(inks, lefts, levels, strict=True)]
    if paper.ruled:
        return [_ruled_page(page, paper, spacing, space) for page in _on_rules(rows, spacing, paper.space[1])]
    return [_page(page, paper) for page in _stack(rows, spacing, paper.space[1])]


def _slanted(points: np.ndarray, degrees: float) -> np.ndarray:
    """Return ink (T, 3) that leans to the right by so many degrees more; y is downward."""
    ink = np.asarray(points, np.float64)
    if not degrees:
        return ink
    return np.column_stack([ink[:, 0] - math.tan(math.radians(degrees)) * ink[:, 1], ink[:, 1:]])


def _median_x_height(inks: Sequence[np.ndarray]) -> float:
    """Return the median x-height of inks (T, 3)."""
    letters = [ink for ink in inks if len(down_strokes(ink))] or [ink for ink in inks if len(ink)]
    # Dashes and dots have no x-height of their own: where other ink is, they have no say in its size.
    return float(np.median([x_height(ink) for ink in letters] or [1.0]))


def _scale(inks: list[np.ndarray], paper: Paper, unit: float) -> tuple[float, float]:
    """Return mm per unit of all inks (T, 3), of which `unit` are the x-height, and the x-height in mm."""
    size = np.max([np.ptp(ink[:, :2], axis=0) for ink in inks if len(ink)] or [np.zeros(2)], axis=0).clip(1e-9)
    unit = max(unit, float(size[0]) / LONGEST_LINE)
    fitting = paper.space / size
    x_height_mm = paper.given_x_height
    if x_height_mm is None:
        x_height_mm = min(max(float(fitting[0]) * unit, SMALLEST), LARGEST)
    scale = min(x_height_mm / unit, *fitting.tolist())
    return scale, scale * unit


def _row(ink: np.ndarray, left: float, level: float, scale: float, bin_mm: float) -> _Row:
    """Return the row, in mm, of a line's ink (T, 3) in its own units, on a baseline at `level`; it begins at `left`."""
    if not len(ink):
        return _Row([], np.empty(0), np.empty(0))
    origin = np.array([ink[:, 0].min(), level])
    strokes = [(stroke - origin) * scale + np.array([left, 0.0]) for stroke in pen_strokes(ink)]
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


def _page(rows: list[tuple[_Row, float]], paper: Paper) -> Page:
    """Return the page of these rows and baselines, its highest ink at the upper margin."""
    lines = [[stroke + np.array([0.0, base]) for stroke in row.strokes] for row, base in rows]
    ink = np.concatenate([stroke for line in lines for stroke in line] or [np.zeros((1, 2))])
    shift = np.array([paper.edge, paper.edge - ink[:, 1].min()])
    right, bottom = ((ink + shift).max(axis=0) + paper.edge).tolist()
    return Page(paper.width or right, paper.height or bottom, [[stroke + shift for stroke in line] for line in lines])


def _on_rules(rows: list[_Row], spacing: float, max_height: float) -> list[list[_Row]]:
    """Return pages of rows, of which each takes a rule; pages have as many rules as there is space for."""
    count = max(len(rows), 1) if np.isinf(max_height) else int(max_height / spacing + 1e-9)
    return [rows[first : first + count] for first in range(0, len(rows), count)] or [[]]


def _ruled_page(rows: list[_Row], paper: Paper, spacing: float, space: float) -> Page:
    """Return a ruled page; the first rule is one line spacing below the upper margin."""
    count = len(rows) if paper.height is None else int(paper.space[1] / spacing + 1e-9)
    heights = paper.edge + spacing * np.arange(1, count + 1)
    lines = [
        [stroke + np.array([paper.edge, height]) for stroke in row.strokes]
        for row, height in zip(rows, heights, strict=False)
        if row.strokes
    ]
    rules = [np.array([[paper.edge, height], [paper.edge + space, height]]) for height in heights]
    lowest = max((stroke[:, 1].max() for line in lines for stroke in line), default=0.0)
    width, height = space + 2 * paper.edge, max(spacing * count + 2 * paper.edge, lowest + paper.edge)
    return Page(paper.width or width, paper.height or height, lines, rules)
