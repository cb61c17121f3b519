"""Charts for the pages of `render.web.html`, as inline SVG: curves over axes, and histograms.

Figures for papers are drawn by matplotlib (`render/figures`). A chart here is several times smaller and a hundred times
faster, and every marked point says its value.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from render.web.html import Html, escaped, figure, number, stacked

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8c6d00", "#56b4e9", "#23283b", "#a5480c")
NARROW, WIDE = (380, 200), (1120, 300)
LEFT, RIGHT, ABOVE, BELOW = 52, 14, 20, 34
CURVE_BINS = 300
"""Bins of a long curve, of each of which the lowest and the highest point are drawn, so that no spike is lost."""
MAX_MARKS = 60
LOG_RATIO = 100.0
"""Ratio of the largest to the smallest of positive values from which on their axis is logarithmic."""
LARGEST, SMALLEST = 1e100, 5e-324
"""Largest value that is drawn, and the smallest number above zero."""
BARS = 48
BARS_WIDTH, BARS_HEIGHT, BAR_GAP = 320, 88, 0.8


class Curve(NamedTuple):
    """A line through x (n,), rising, and y (n,); with `dots` every point is marked, and says its value."""

    name: str
    x: np.ndarray
    y: np.ndarray
    dots: bool = False


class Axis(NamedTuple):
    """A map from values `low` to `high` to pixels `first` to `last`."""

    low: float
    high: float
    first: float
    last: float
    log: bool = False

    def pixels(self, values: np.ndarray) -> np.ndarray:
        """Return the pixels of values."""
        low, high, at = (np.log10(v) if self.log else v for v in (self.low, self.high, np.asarray(values, float)))
        return np.asarray(self.first + (at - low) / (high - low) * (self.last - self.first))

    def ticks(self, distance: float) -> list[tuple[float, str]]:
        """Return round values on the axis, about `distance` pixels apart, and their labels."""
        max_ticks = max(abs(self.last - self.first) / distance, 2)
        if self.log:
            decades = np.arange(np.ceil(np.log10(self.low)), np.floor(np.log10(self.high)) + 1)
            decades = decades[:: int(np.ceil(len(decades) / max_ticks)) or 1]
            return [(float(10.0**decade), f"{10.0**decade:g}") for decade in decades]
        rough = (self.high - self.low) / max_ticks
        power = 10.0 ** np.floor(np.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
        count = int((self.high - np.ceil(self.low / step) * step) / step + 1e-6) + 1
        values = (np.ceil(self.low / step) + np.arange(count)) * step
        digits = max(0, -int(np.floor(np.log10(step) + 1e-9)))
        size = max(abs(self.low), abs(self.high))
        form = f",.{digits}f" if digits <= 5 and size < 1e6 else f".{max(3, int(np.log10(size / step)) + 2)}g"
        return [(float(value), f"{value + 0.0:{form}}") for value in values]  # + 0.0: no "-0"


def curves_figure(
    title: str,
    curves: Sequence[Curve],
    *,
    x_label: str = "step",
    marks: Sequence[tuple[float, str]] = (),
    best: tuple[float, float, str] | None = None,
    wide: bool = False,
) -> Html:
    """Return curves in one frame under a title, with a legend if there are several; nothing if none has a point.

    marks   dotted vertical lines at x, and their names
    best    a point that is ringed, and its name
    """
    finite = [_finite(curve) for curve in curves]
    lost = sum(len(curve.x) for curve in curves) - sum(len(curve.x) for curve in finite)
    remark = [f"{lost:,} values are NaN, inf or beyond {LARGEST:g} and not drawn"] if lost else []
    if not any(len(curve.x) for curve in finite):
        return figure(Html(""), *remark, title=title, kind="chart") if lost else Html("")
    width, height = WIDE if wide else NARROW
    x, y = (np.concatenate([getattr(curve, name) for curve in finite]) for name in "xy")
    axes = _axis(x, LEFT, width - RIGHT, pad=0.0), _axis(y, height - BELOW, ABOVE, pad=0.05, log=_is_log(y))
    pieces = [*_frame(*axes, x_label), *_marks(marks, *axes)]
    for i, curve in enumerate(finite):
        faint = not curve.dots and any(other.dots for other in finite)  # the noisy one must not hide the others
        pieces += _line(curve, COLORS[i % len(COLORS)], i // len(COLORS), faint, *axes)
    pieces += _best(best, *axes) if best and np.isfinite(best[:2]).all() else []
    keys = [_key(curve, i) for i, curve in enumerate(finite) if len(curve.x) and len(curves) > 1]
    svg = Html(f'<svg class="chart" viewBox="0 0 {width} {height}">{stacked(pieces)}</svg>')
    return figure(svg, *keys, *remark, title=title, kind="chart")


def _finite(curve: Curve) -> Curve:
    drawn = (np.abs(curve.x) < LARGEST) & (np.abs(curve.y) < LARGEST)  # False for NaN
    return curve._replace(x=curve.x[drawn], y=curve.y[drawn])


def _is_log(values: np.ndarray) -> bool:
    return bool(values.min() > 0 and values.max() >= LOG_RATIO * values.min())


def _axis(values: np.ndarray, first: float, last: float, *, pad: float, log: bool = False) -> Axis:
    """Return an axis that holds the values, with `pad` of their range to spare at both ends."""
    low, high = float(values.min()), float(values.max())
    if log:
        ratio = 10 ** (pad * (np.log10(high) - np.log10(low)))
        return Axis(max(low / ratio, SMALLEST), high * ratio, first, last, log)
    # Values that are all but equal get a range that float64 can divide into ticks.
    min_range = max(abs(low), abs(high)) * (1e-6 if high > low else 0.1) or 1.0
    margin = max((high - low) * pad, (min_range - (high - low)) / 2, 0.0)
    return Axis(low - margin, high + margin, first, last)


def _frame(x: Axis, y: Axis, x_label: str) -> list[Html]:
    """Return rules at the round values of y, and the labels of both axes."""
    pieces = []
    for value, label in y.ticks(36):
        at = float(y.pixels(np.array(value)))
        pieces.append(f'<line class="rule" x1="{x.first}" x2="{x.last}" y1="{at:.1f}" y2="{at:.1f}"/>')
        pieces.append(f'<text x="{x.first - 6}" y="{at + 3.5:.1f}" text-anchor="end">{label}</text>')
    for value, label in x.ticks(64):
        pieces.append(_name_at(x, value, y.first + 15, label))
    pieces.append(f'<text x="{x.last}" y="{y.first + 28}" text-anchor="end">{escaped(x_label)}</text>')
    return [Html(piece) for piece in pieces]


def _marks(marks: Sequence[tuple[float, str]], x: Axis, y: Axis) -> list[Html]:
    """Return vertical lines within the frame; of many only some, and as many of their names as there is space for."""
    inside = [mark for mark in marks if x.low <= mark[0] <= x.high]
    drawn = inside[:: -(-len(inside) // MAX_MARKS) or 1]
    named = -(-len(drawn) * 60 // int(x.last - x.first)) or 1
    pieces = []
    for i, (value, name) in enumerate(drawn):
        at = float(x.pixels(np.array(value)))
        pieces.append(f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="{y.first}" y2="{y.last}"/>')
        if (i + 1) % named == 0:
            pieces.append(_name_at(x, value, y.last - 8, name))
    return [Html(piece) for piece in pieces]


def _name_at(x: Axis, value: float, y: float, name: str) -> Html:
    """Return the name of a value of x, in the middle under or over it; at the right end it ends there."""
    at = float(x.pixels(np.array(value)))
    anchor, at = ("end", x.last + RIGHT) if at > x.last - RIGHT else ("middle", at)
    return Html(f'<text x="{at:.1f}" y="{y}" text-anchor="{anchor}">{escaped(name)}</text>')


def _line(curve: Curve, color: str, dashes: int, faint: bool, x: Axis, y: Axis) -> list[Html]:
    """Return a curve, thinned if it has many points, and its dots."""
    keep = _thinned(curve.y)
    pixels = zip(x.pixels(curve.x[keep]).tolist(), y.pixels(curve.y[keep]).tolist(), strict=True)
    points = [f"{right:.1f},{down:.1f}" for right, down in pixels]
    dash = f' stroke-dasharray="{6 - min(dashes, 4)} 3"' if dashes else ""
    light = ' stroke-opacity="0.4"' * faint
    pieces = [f'<polyline stroke="{color}"{dash}{light} points="{" ".join(points)}"/>']
    if curve.dots or len(keep) == 1:
        for i, point in zip(keep, points, strict=True):
            right, down = point.split(",")
            value = f"{escaped(curve.name)}: {curve.y[i]:.6g} at {number(float(curve.x[i]))}"
            pieces.append(f'<circle cx="{right}" cy="{down}" r="2.6" fill="{color}"><title>{value}</title></circle>')
    return [Html(piece) for piece in pieces]


def _thinned(values: np.ndarray) -> list[int]:
    """Return the positions of values (n,) to draw: all of up to 600, else the lowest and the highest of 300 bins."""
    if len(values) <= 2 * CURVE_BINS:
        return list(range(len(values)))
    bins = np.array_split(np.arange(len(values)), CURVE_BINS)
    extremes = {int(bin[index]) for bin in bins for index in (values[bin].argmin(), values[bin].argmax())}
    return sorted(extremes | {0, len(values) - 1})


def _best(best: tuple[float, float, str], x: Axis, y: Axis) -> list[Html]:
    """Return a ring around a point, and its name on the side where there is space for it."""
    right, down = float(x.pixels(np.array(best[0]))), float(y.pixels(np.array(best[1])))
    anchor, start = ("end", right - 7) if right > (x.first + x.last) / 2 else ("start", right + 7)
    base = down + 16 if down < y.last + 22 else down - 8
    name = f'<text class="best" x="{start:.1f}" y="{base:.1f}" text-anchor="{anchor}">{escaped(best[2])}</text>'
    return [Html(f'<circle cx="{right:.1f}" cy="{down:.1f}" r="5" stroke="#23283b" stroke-width="1.4"/>'), Html(name)]


def _key(curve: Curve, i: int) -> Html:
    return Html(f'<span class="key"><b style="color:{COLORS[i % len(COLORS)]}">•</b> {escaped(curve.name)}</span>')


def histogram(values: np.ndarray, title: str) -> Html:
    """Return the counts of values as bars over their percentiles; values that are not finite do not count.

    The last bar holds all values beyond the 99.5th percentile.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return figure(Html(""), "not known of any line", title=title)
    low, q1, median, q99, cut, high = np.percentile(values, [0, 1, 50, 99, 99.5, 100])
    step = (cut - low) / BARS or 1.0
    integers = bool((values == np.rint(values)).all())
    if integers:  # every bar counts equally many whole numbers
        step = np.ceil(step)
    edges = low - 0.5 * integers + step * np.arange(np.floor((cut - low) / step) + 2)
    counts = np.histogram(np.minimum(values, edges[-1]), edges)[0]
    width, heights = BARS_WIDTH / len(counts), BARS_HEIGHT * counts / counts.max()
    bars = "".join(
        f'<rect x="{i * width:.1f}" y="{BARS_HEIGHT + 2 - heights[i]:.1f}" width="{width - BAR_GAP:.1f}" '
        f'height="{heights[i]:.1f}"><title>from {number(edges[i] + 0.5 * integers)}: {counts[i]:,}</title></rect>'
        for i in np.flatnonzero(counts)
    )
    svg = Html(f'<svg class="bars" viewBox="0 0 {BARS_WIDTH} {BARS_HEIGHT + 2}">{bars}</svg>')
    q1, median, q99, low, high = map(number, (q1, median, q99, low, high))
    return figure(svg, f"median {median}, 98 % from {q1} to {q99}, all from {low} to {high}", title=title)
