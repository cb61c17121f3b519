"""SVG path data as pieces of curves, and pieces as points (W3C, "Scalable Vector Graphics 2", chapter 9).

Our own reader, as svgelements had its last release in 2023 and svgpathtools wants scipy. Points of the plane are
complex numbers x + iy, y downward. A piece is a Bezier curve, the tuple of its 2, 3 or 4 control points, or an `Arc`.
"""

import cmath
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from data_loader.formats.read_report import BadFileError

MAX_POINTS = 200_000
"""Points of a drawing, and pieces of a path."""
MAX_NUMBER = 1e9
NUMBER = re.compile(r"[-+]?+(?:\d++\.?+\d*+|\.\d++)(?:[eE][-+]?+\d++)?+")
"""A number; possessive, as all patterns here, so that no text makes the search go back."""
_COMMAND = re.compile(r"([A-DF-Za-df-z])([^A-DF-Za-df-z]*+)")
_GAP = r"[\s,]*+"
_ARC = re.compile(_GAP.join(["", *[f"({NUMBER.pattern})"] * 3, "([01])", "([01])", *[f"({NUMBER.pattern})"] * 2]))
"""Arguments of an arc; its two flags need no space behind them."""
_SIZES = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}


class Arc(NamedTuple):
    """A piece of an ellipse: centre + cos(angle) first_axis + sin(angle) second_axis, from `start` on by `sweep`."""

    centre: complex
    first_axis: complex
    second_axis: complex
    start: float
    sweep: float


Piece = tuple[complex, ...] | Arc


@dataclass
class Subpath:
    """A stroke: where it begins, its pieces, and whether it is closed."""

    start: complex
    pieces: list[Piece] = field(default_factory=list)
    is_closed: bool = False

    @property
    def end(self) -> complex:
        """The place where the pen ends."""
        return outline(self.pieces[-1])[-1] if self.pieces else self.start


class Affine(NamedTuple):
    """The map z -> linear z + mirrored conj(z) + shift, any affine map of the plane."""

    linear: complex = 1
    mirrored: complex = 0
    shift: complex = 0

    @classmethod
    def of_matrix(cls, a: float, b: float, c: float, d: float, e: float, f: float) -> "Affine":
        """Return SVG's matrix(a b c d e f): x' = a x + c y + e, y' = b x + d y + f."""
        return cls(complex(a + d, b - c) / 2, complex(a - d, b + c) / 2, complex(e, f))

    def vector(self, z: complex) -> complex:
        """Return the image of a vector."""
        return self.linear * z + self.mirrored * z.conjugate()

    def __call__(self, z: complex) -> complex:
        return self.vector(z) + self.shift

    def after(self, inner: "Affine") -> "Affine":
        """Return the map that applies `inner` first."""
        linear = self.linear * inner.linear + self.mirrored * inner.mirrored.conjugate()
        mirrored = self.linear * inner.mirrored + self.mirrored * inner.linear.conjugate()
        return Affine(linear, mirrored, self(inner.shift))

    def piece(self, piece: Piece) -> Piece:
        """Return the image of a piece."""
        if isinstance(piece, Arc):
            axes = self.vector(piece.first_axis), self.vector(piece.second_axis)
            return Arc(self(piece.centre), *axes, piece.start, piece.sweep)
        return tuple(self(z) for z in piece)


def numbers(text: str) -> list[float]:
    """Return the numbers in a text, parted by spaces and commas.

    Raises BadFileError where there is anything else, or a number beyond all coordinates.
    """
    if NUMBER.sub("", text).strip(" \t\r\n\f,"):
        raise BadFileError("bad coordinates", f"{' '.join(text.split())[:40]!r}")
    values = [float(number) for number in NUMBER.findall(text)]
    if any(abs(value) > MAX_NUMBER for value in values):
        raise BadFileError("bad coordinates", f"beyond +-{MAX_NUMBER:g}")
    return values


def parse_path(data: str) -> list[Subpath]:
    """Return the subpaths of path data: all commands, absolute and relative.

    Raises BadFileError where it is not path data, or has too many pieces.
    """
    paths: list[Subpath] = []
    pen = control = 0j
    previous = ""
    for count, (letter, values) in enumerate(_arguments(data)):
        kind, origin = letter.upper(), pen if letter.islower() else 0j
        if count > MAX_POINTS:
            raise BadFileError("too much ink", f"a path of more than {MAX_POINTS} pieces")
        if kind == "M":
            pen = origin + complex(*values)
            paths.append(Subpath(pen))
        elif kind == "Z":
            paths[-1].pieces.append((pen, paths[-1].start))
            paths[-1].is_closed, pen = True, paths[-1].start
        else:
            if paths[-1].is_closed:  # goes on without a move
                paths.append(Subpath(pen))
            smooth = 2 * pen - control if previous in _SMOOTH_AFTER.get(kind, "") else pen
            piece, pen, control = _PIECES[kind](pen, smooth, origin, values)
            paths[-1].pieces.append(piece)
        previous = kind
    return paths


def _arguments(data: str) -> Iterator[tuple[str, list[float]]]:
    """Yield every command with one set of arguments; a second set of a move is a line."""
    if data.lstrip()[:1] not in "Mm":
        raise BadFileError("bad path", f"d={' '.join(data[:99].split())[:40]!r} does not begin with a move")
    for match in _COMMAND.finditer(data):
        letter, text = match.groups()
        if letter.upper() not in _SIZES:
            raise BadFileError("bad path", f"{letter!r} is not a command")
        size = _SIZES[letter.upper()]
        values = _arc_numbers(text) if letter in "Aa" else numbers(text)
        if len(values) % size or not values if size else values:
            raise BadFileError("bad path", f"{len(values)} numbers after {letter!r}")
        if not size:
            yield letter, []
        for first in range(0, len(values), size or 1):
            yield letter, values[first : first + size]
            letter = {"M": "L", "m": "l"}.get(letter, letter)


def _arc_numbers(text: str) -> list[float]:
    """Return the arguments of arcs in a row."""
    words: list[str] = []
    at = 0
    while match := _ARC.match(text, at):
        words += match.groups()
        at = match.end()
    if text[at:].strip(" \t\r\n\f,"):
        raise BadFileError("bad path", f"an arc with {' '.join(text[at:].split())[:40]!r}")
    return numbers(" ".join(words))


Made = tuple[Piece, complex, complex]
"""A piece, its end and its last control point."""
_SMOOTH_AFTER = {"S": "CS", "T": "QT"}
"""Commands whose last control point the first one of these mirrors."""


def _line(pen: complex, _: complex, origin: complex, values: list[float]) -> Made:
    end = origin + complex(*values)
    return (pen, end), end, end


def _horizontal(pen: complex, _: complex, origin: complex, values: list[float]) -> Made:
    end = complex(origin.real + values[0], pen.imag)
    return (pen, end), end, end


def _vertical(pen: complex, _: complex, origin: complex, values: list[float]) -> Made:
    end = complex(pen.real, origin.imag + values[0])
    return (pen, end), end, end


def _curve(pen: complex, _: complex, origin: complex, values: list[float]) -> Made:
    rest = [origin + complex(*values[i : i + 2]) for i in range(0, len(values), 2)]
    return (pen, *rest), rest[-1], rest[-2]


def _smooth_curve(pen: complex, smooth: complex, origin: complex, values: list[float]) -> Made:
    rest = [smooth, *(origin + complex(*values[i : i + 2]) for i in range(0, len(values), 2))]
    return (pen, *rest), rest[-1], rest[-2]


def _arc(pen: complex, _: complex, origin: complex, values: list[float]) -> Made:
    """Return an arc by its centre, found on the unit circle whose image the ellipse is (SVG 2, appendix B.2.4)."""
    rx, ry, degrees, is_large, is_clockwise, x, y = values
    end, rx, ry, turn = origin + complex(x, y), abs(rx), abs(ry), cmath.rect(1, math.radians(degrees))
    if not (rx and ry) or end == pen:
        return (pen, end), end, end
    half = (pen - end) / 2 / turn
    half = complex(half.real / rx, half.imag / ry)
    if abs(half) > 1:  # radii too small to reach the end are enlarged
        rx, ry, half = rx * abs(half), ry * abs(half), half / abs(half)
    distance = math.sqrt(max(0.0, 1 - abs(half) ** 2)) * (1 if is_large != is_clockwise else -1)
    centre = -1j * distance * half / abs(half)
    start = cmath.phase(half - centre)
    sweep = (cmath.phase(-half - centre) - start) % (2 * math.pi)
    arc = Arc(
        turn * complex(rx * centre.real, ry * centre.imag) + (pen + end) / 2,
        turn * rx,
        turn * ry * 1j,
        start,
        sweep if is_clockwise else sweep - 2 * math.pi,
    )
    return arc, end, end


_PIECES: dict[str, Callable[[complex, complex, complex, list[float]], Made]] = {
    **{"L": _line, "H": _horizontal, "V": _vertical, "A": _arc},
    **{"C": _curve, "Q": _curve, "S": _smooth_curve, "T": _smooth_curve},
}


def outline(piece: Piece) -> list[complex]:
    """Return points that bound a piece up to a constant factor: control points, or eight points of an arc."""
    return list(_arc_points(piece, 8)) if isinstance(piece, Arc) else list(piece)


def flatten(piece: Piece, tolerance: float) -> np.ndarray:
    """Return points (n,) complex of a piece but its first, so that straight lines between them are within `tolerance`.

    A Bezier curve of degree d takes sqrt(d (d - 1) / 8 m / tolerance) even steps, m the largest second difference of
    its control points (Wang, 1984); an arc takes steps whose sagitta is the tolerance.
    """
    if isinstance(piece, Arc):
        radius = math.hypot(abs(piece.first_axis), abs(piece.second_axis))
        step = 2 * math.acos(max(-1.0, 1 - tolerance / radius)) if radius else math.inf
        return _arc_points(piece, max(1, math.ceil(abs(piece.sweep) / step)))[1:]
    if len(piece) == 2:
        return np.array(piece[1:])
    degree = len(piece) - 1
    bends = np.abs(np.diff(piece, 2)).max(initial=0.0)
    steps = max(1, math.ceil(math.sqrt(degree * (degree - 1) / 8 * bends / tolerance)))
    t = np.arange(1, steps + 1) / steps
    return sum(  # type: ignore[return-value]
        math.comb(degree, i) * t**i * (1 - t) ** (degree - i) * point for i, point in enumerate(piece)
    )


def _arc_points(arc: Arc, steps: int) -> np.ndarray:
    angles = arc.start + arc.sweep * np.arange(steps + 1) / steps
    return arc.centre + np.cos(angles) * arc.first_axis + np.sin(angles) * arc.second_axis
