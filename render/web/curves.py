"""Curves of numbers for the pages of `render.web.html`: inline SVG with axes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from render.web.html import Html, escaped, joined, number

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8c6d00", "#56b4e9", "#23283b", "#a5480c")
NARROW, WIDE = (380, 200), (1120, 300)
LEFT, RIGHT, ABOVE, BELOW = 52, 14, 20, 34
BINS = 300
"""A curve of many points is drawn by the least and the greatest of each so many parts, so that no spike is lost."""
MOST_MARKS = 60
LOG_FROM = 100.0
"""Positive values whose greatest is so many times the least are drawn on a logarithmic axis."""
MOST, LEAST = 1e100, 5e-324
"""A value beyond it counts as no number; the least number above zero."""


class Curve(NamedTuple):
    """A line through x (n,), rising, and y (n,); with `dots` every point is marked, and says its value."""

    name: str
    x: np.ndarray
    y: np.ndarray
    dots: bool = False


class Axis(NamedTuple):
    """From values to pixels: least and greatest value, where they lie, and whether it is logarithmic."""

    low: float
    high: float
    first: float
    last: float
    log: bool = False

    def place(self, values: np.ndarray) -> np.ndarray:
        """Where values lie, in pixels."""
        low, high, at = (np.log10(v) if self.log else v for v in (self.low, self.high, np.asarray(values, float)))
        return np.asarray(self.first + (at - low) / (high - low) * (self.last - self.first))

    def ticks(self, apart: float) -> list[tuple[float, str]]:
        """Round values on the axis, about so many pixels apart, and how they are written."""
        most = max(abs(self.last - self.first) / apart, 2)
        if self.log:
            decades = np.arange(np.ceil(np.log10(self.low)), np.floor(np.log10(self.high)) + 1)
            decades = decades[:: int(np.ceil(len(decades) / most)) or 1]
            return [(float(10.0**decade), f"{10.0**decade:g}") for decade in decades]
        rough = (self.high - self.low) / most
        power = 10.0 ** np.floor(np.log10(rough))
        step = next(power * part for part in (1, 2, 5, 10) if power * part >= rough * 0.999)
        count = int((self.high - np.ceil(self.low / step) * step) / step + 1e-6) + 1
        values = (np.ceil(self.low / step) + np.arange(count)) * step
        digits = max(0, -int(np.floor(np.log10(step) + 1e-9)))
        most = max(abs(self.low), abs(self.high))
        form = f",.{digits}f" if digits <= 5 and most < 1e6 else f".{max(3, int(np.log10(most / step)) + 2)}g"
        return [(float(value), f"{value + 0.0:{form}}") for value in values]


def curves_figure(
    title: str,
    curves: Sequence[Curve],
    *,
    across: str = "step",
    marks: Sequence[tuple[float, str]] = (),
    best: tuple[float, float, str] | None = None,
    wide: bool = False,
) -> Html:
    """Curves over each other under a title, with a legend where there are several; nothing where none has a number.

    across  what x is
    marks   upright lines at x, with a name
    best    a point that is ringed, and its name
    """
    clean = [_finite(curve) for curve in curves]
    lost = sum(len(curve.x) for curve in curves) - sum(len(curve.x) for curve in clean)
    remark = f"{lost:,} of the values are no numbers and not drawn" if lost else ""
    if not any(len(curve.x) for curve in clean):
        caption = remark or "nothing was logged"
        return Html(
            f'<figure class="chart"><strong>{escaped(title)}</strong><figcaption>{caption}</figcaption></figure>'
        )
    width, height = WIDE if wide else NARROW
    x, y = (np.concatenate([getattr(curve, name) for curve in clean]) for name in "xy")
    axes = _axis(x, LEFT, width - RIGHT, pad=0.0), _axis(y, height - BELOW, ABOVE, pad=0.05, log=_is_log(y))
    pieces = [*_frame(*axes, across), *_marks(marks, *axes)]
    for i, curve in enumerate(clean):
        faint = not curve.dots and any(other.dots for other in clean)  # it is the noisy one
        pieces += _line(curve, COLORS[i % len(COLORS)], i // len(COLORS), faint, *axes)
    pieces += _best(best, *axes) if best and np.isfinite(best[:2]).all() else []
    keys = [_key(curve, i) for i, curve in enumerate(clean) if len(curve.x) and len(curves) > 1]
    box = f'<svg class="chart" viewBox="0 0 {width} {height}">{joined(pieces)}</svg>'
    return _figure(title, Html(box), [*keys, remark])


def _figure(title: str, chart: Html, below: Sequence[str]) -> Html:
    return Html(
        f'<figure class="chart"><strong>{escaped(title)}</strong>{chart}'
        f"<figcaption>{joined(filter(None, below))}</figcaption></figure>"
    )


def _finite(curve: Curve) -> Curve:
    good = (np.abs(curve.x) < MOST) & (np.abs(curve.y) < MOST)  # false of what is not a number
    return curve._replace(x=curve.x[good], y=curve.y[good])


def _is_log(values: np.ndarray) -> bool:
    return bool(values.min() > 0 and values.max() >= LOG_FROM * values.min())


def _axis(values: np.ndarray, first: float, last: float, *, pad: float, log: bool = False) -> Axis:
    """An axis that holds the values with `pad` of their range to spare at both ends."""
    low, high = float(values.min()), float(values.max())
    if log:
        ratio = 10 ** (pad * (np.log10(high) - np.log10(low)))
        return Axis(max(low / ratio, LEAST), high * ratio, first, last, log)
    least = max(abs(low), abs(high)) * (1e-6 if high > low else 0.1) or 1.0
    room = max((high - low) * pad, (least - (high - low)) / 2, 0.0)
    return Axis(low - room, high + room, first, last)


def _frame(x: Axis, y: Axis, across: str) -> list[Html]:
    """Rules at the round values of y, and the numbers beside and below."""
    pieces = []
    for value, label in y.ticks(36):
        at = float(y.place(np.array(value)))
        pieces.append(f'<line class="rule" x1="{x.first}" x2="{x.last}" y1="{at:.1f}" y2="{at:.1f}"/>')
        pieces.append(f'<text x="{x.first - 6}" y="{at + 3.5:.1f}" text-anchor="end">{label}</text>')
    for value, label in x.ticks(64):
        at = float(x.place(np.array(value)))
        pieces.append(f'<text x="{at:.1f}" y="{y.first + 15}" text-anchor="middle">{label}</text>')
    pieces.append(f'<text x="{x.last}" y="{y.first + 28}" text-anchor="end">{escaped(across)}</text>')
    return [Html(piece) for piece in pieces]


def _marks(marks: Sequence[tuple[float, str]], x: Axis, y: Axis) -> list[Html]:
    """Upright lines within the frame; of many only some, and of these as many names as there is room for."""
    inside = [mark for mark in marks if x.low <= mark[0] <= x.high]
    shown = inside[:: -(-len(inside) // MOST_MARKS) or 1]
    named = -(-len(shown) * 60 // int(x.last - x.first)) or 1
    pieces = []
    for i, (value, name) in enumerate(shown):
        at = float(x.place(np.array(value)))
        pieces.append(f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="{y.first}" y2="{y.last}"/>')
        if (i + 1) % named == 0:
            pieces.append(f'<text x="{at:.1f}" y="{y.last - 8}" text-anchor="middle">{escaped(name)}</text>')
    return [Html(piece) for piece in pieces]


def _line(curve: Curve, color: str, dashes: int, faint: bool, x: Axis, y: Axis) -> list[Html]:
    """A curve, thinned where it has many points, and its dots."""
    keep = _thinned(curve.y)
    places = zip(x.place(curve.x[keep]).tolist(), y.place(curve.y[keep]).tolist(), strict=True)
    points = " ".join(f"{across:.1f},{up:.1f}" for across, up in places)
    dash = f' stroke-dasharray="{6 - min(dashes, 4)} 3"' if dashes else ""
    light = ' stroke-opacity="0.4"' * faint
    pieces = [f'<polyline stroke="{color}"{dash}{light} points="{points}"/>']
    if curve.dots or len(keep) == 1:
        for i in keep:
            at = f'cx="{float(x.place(curve.x[i])):.1f}" cy="{float(y.place(curve.y[i])):.1f}"'
            told = f"{escaped(curve.name)}: {curve.y[i]:.6g} at {number(float(curve.x[i]))}"
            pieces.append(f'<circle {at} r="2.6" fill="{color}"><title>{told}</title></circle>')
    return [Html(piece) for piece in pieces]


def _thinned(values: np.ndarray) -> list[int]:
    """The positions of values (n,) to draw: all of up to 600, else the least and the greatest of each of 300 parts."""
    if len(values) <= 2 * BINS:
        return list(range(len(values)))
    parts = np.array_split(np.arange(len(values)), BINS)
    ends = [(int(part[values[part].argmin()]), int(part[values[part].argmax()])) for part in parts]
    return [0, *sorted({i for pair in ends for i in pair} - {0, len(values) - 1}), len(values) - 1]


def _best(best: tuple[float, float, str], x: Axis, y: Axis) -> list[Html]:
    """A ring around a point, and its name where there is room for it."""
    across, up = float(x.place(np.array(best[0]))), float(y.place(np.array(best[1])))
    anchor, beside = ("end", across - 7) if across > (x.first + x.last) / 2 else ("start", across + 7)
    above = up + 16 if up < y.last + 22 else up - 8
    name = f'<text class="best" x="{beside:.1f}" y="{above:.1f}" text-anchor="{anchor}">{escaped(best[2])}</text>'
    return [Html(f'<circle cx="{across:.1f}" cy="{up:.1f}" r="5" stroke="#23283b" stroke-width="1.4"/>'), Html(name)]


def _key(curve: Curve, i: int) -> Html:
    return Html(f'<span class="key"><b style="color:{COLORS[i % len(COLORS)]}">•</b> {escaped(curve.name)}</span>')
