"""The text of InkML traces: points of channels, with differences, wildcards and what may be left out.

W3C, "Ink Markup Language (InkML)", Recommendation of 20 September 2011, sections 3.1 (trace formats) and 3.2 (traces).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from data_loader.formats.read_report import BadFileError

_PER_SECOND = {"": 1e3, "ms": 1e3, "s": 1.0, "us": 1e6, "\u00b5s": 1e6, "\u03bcs": 1e6, "ns": 1e9}
"""Units of the T channel; the Recommendation's default is the millisecond."""
_BLANK = r"[ \t\r\n]*+"
_NUMBER = r"(?:#[0-9A-Fa-f]{1,12}|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)"
_VALUE = re.compile(rf"[!'\"]?{_BLANK}(?:[-+]?{_BLANK}{_NUMBER}|[TF])|[*?]")
_TRACE = re.compile(rf"(?:{_BLANK}(?:{_VALUE.pattern}|,))*+{_BLANK}")
MILLIMETRES = {"m": 1000.0, "cm": 10.0, "mm": 1.0, "himetric": 0.01, "in": 25.4, "pt": 25.4 / 72, "pc": 25.4 / 6}
"""Lengths of the units of X and Y that are lengths."""
_MAX_TRACE = 2**21  # characters; a stroke of an hour has about that many
_ORDERS = {"!": 0, "'": 1, '"': 2}


@dataclass(frozen=True)
class Channel:
    """A channel's name, e.g. "X", its units ("" where not given), -1 where its orientation is "-ve", else 1, and how
    many of its values are one unit (its resolution).
    """

    name: str
    units: str = ""
    sign: int = 1
    resolution: float = 1.0


@dataclass(frozen=True)
class TraceFormat:
    """The channels of a point's values: the first `num_regular` are in every point, the others only in some."""

    channels: tuple[Channel, ...]
    num_regular: int

    def with_resolution(self, name: str, resolution: float, units: str) -> "TraceFormat":
        """Return the format with the resolution of a channel, in values per unit."""
        changed = (
            replace(channel, resolution=resolution, units=units or channel.units) if channel.name == name else channel
            for channel in self.channels
        )
        return replace(self, channels=tuple(changed))

    def find(self, name: str) -> Channel | None:
        """The channel of this name."""
        return next((channel for channel in self.channels if channel.name == name), None)


DEFAULT_FORMAT = TraceFormat((Channel("X"), Channel("Y")), 2)


def parse_trace(text: str, trace_format: TraceFormat) -> tuple[np.ndarray, str]:
    """Return points (n, 4) float64 of a trace, x to the right, y downward, in units, seconds, and 0 where the tip does
    not touch, by channel S; and the trace's oddity or "".

    Seconds are NaN where the format has no T in a known unit, and at a "?"; their zero is the file's. Other channels
    are passed over. Two habits against the rules are read: points in drafts' style, one after the other without a
    comma, and the same number of values too many in every point of a trace.

    Raises:
        BadFileError: a value is none, or a point has too few or too many, or X or Y is not known.
    """
    if len(text) > _MAX_TRACE:
        raise BadFileError("bad trace", f"more than {_MAX_TRACE:,} characters")
    end = _TRACE.match(text).end()  # type: ignore[union-attr]
    if end < len(text):
        raise BadFileError("bad trace", f"{text[end : end + 20].strip()!r} is no value")
    rows, odd = _rows([_VALUE.findall(point) for point in text.split(",")], trace_format)
    points = np.full((len(rows), 4), np.nan)
    for axis, name in enumerate("XYTS"):
        channel = trace_format.find(name)
        if channel:
            at = trace_format.channels.index(channel)
            values = [row[at] if at < len(row) else "?" for row in rows]
            points[:, axis] = _numbers(values) * channel.sign / _divisor(channel)
        elif name in "XY":
            raise BadFileError("bad trace format", f"it has no channel {name}")
    points[:, 3] = np.nan_to_num(points[:, 3], nan=1.0)
    if np.isnan(points[:, :2]).any():
        at = int(np.flatnonzero(np.isnan(points[:, :2]).any(1))[0])
        raise BadFileError("bad coordinates", f"point {at + 1} of a trace says no x or no y that can be known")
    return points, odd


def _divisor(channel: Channel) -> float:
    return _PER_SECOND.get(channel.units, np.nan) if channel.name == "T" else channel.resolution


def _rows(rows: list[list[str]], trace_format: TraceFormat) -> tuple[Sequence[Sequence[str]], str]:
    """The values of every point, and what was odd."""
    if not rows[-1]:  # nothing, or a comma behind the last point
        rows = rows[:-1]
    regular, num_channels = trace_format.num_regular, len(trace_format.channels)
    fewest, widest = min(map(len, rows), default=regular), max(map(len, rows), default=regular)
    if len(rows) == 1 and widest > num_channels and regular and widest % regular == 0:
        return list(zip(*[iter(rows[0])] * regular, strict=True)), "points without a comma between them"
    if fewest == widest > num_channels:
        return rows, "more values than channels"
    if fewest < regular or widest > num_channels:
        num_values = fewest if fewest < regular else widest
        raise BadFileError("bad trace", f"a point has {num_values} values, its format {num_channels} channels")
    return rows, ""


def _numbers(values: list[str]) -> np.ndarray:
    """One channel's values (n,) float64."""
    try:
        return np.array(list(map(float, values)))
    except ValueError:
        return np.fromiter(_decoded(values), np.float64, len(values))


def _decoded(values: list[str]) -> Iterator[float]:
    """The numbers behind values that may be differences of first or second order, "*" or "?"; NaN if not known.

    An order holds until the next sign for one. "*" goes on as before: with the same value, the same velocity or the
    same acceleration. A velocity is known only from a first difference.
    """
    order, number, value, velocity = 0, np.nan, np.nan, np.nan
    for text in values:
        if text == "?":
            value = np.nan
            yield value
            continue
        if text != "*":
            order = _ORDERS.get(text[0], order)
            number = _number(text.lstrip("!'\""))
        if order == 0:
            value, velocity = number, np.nan
        else:
            velocity = number if order == 1 else velocity + number
            value += velocity
        yield value


def _number(text: str) -> float:
    text = "".join(text.split())
    if text in ("T", "F"):
        return float(text == "T")
    sign, digits = -1 if text[0] == "-" else 1, text.lstrip("+-")
    return float(sign * int(digits[1:], 16) if digits[0] == "#" else text)
