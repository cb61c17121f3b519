"""The strokes of an SVG drawing in CSS pixels: shapes, groups, transforms, viewBox, units, and what is painted how."""

import math
import re
import xml.parsers.expat
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from data_loader.formats.read_report import BadFileError
from data_loader.formats.svg.path import (
    MAX_POINTS,
    NUMBER,
    Affine,
    Subpath,
    flatten,
    numbers,
    outline,
    parse_path,
)
from ink.strokes import MAX_COORDINATE

TOLERANCE = 1e-4
"""Share of the drawing's larger side that curves may be off when they become points: 0.03 mm on A4."""
PIXELS = {"": 1.0, "px": 1.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "pt": 96 / 72, "pc": 16.0, "q": 96 / 101.6}
"""CSS pixels per unit of length."""
MAX_DEPTH, MAX_ELEMENTS, MAX_STYLE = 200, 200_000, 2**20
SAME_PLACE = 1e-3
"""Pixels between the end of a stroke and the segment that goes on from there."""
_PAINT = ("fill", "stroke", "display", "visibility", "opacity", "stroke-opacity", "stroke-width")
_NOT_DRAWN = {"defs", "symbol", "clipPath", "mask", "marker", "pattern", "linearGradient", "radialGradient", "font"}
_OTHER_SHAPES = {"rect", "circle", "ellipse", "image", "text", "foreignObject"}
_LENGTH = re.compile(rf"({NUMBER.pattern})\s*+([a-zA-Z]*+)")
_TRANSFORM = re.compile(r"(matrix|translate|scale|rotate|skewX|skewY)\s*+\(([^()]*+)\)")
_OUTLINE = (
    "its paths are areas without a stroke, the outlines of ink and not the pen's way; "
    "export the pen's strokes from the program that it was drawn with"
)


@dataclass
class Drawing:
    """Strokes (n, 2) float64 in CSS pixels, in the order of the file, and how many of what were left out or joined."""

    strokes: list[np.ndarray]
    odd: Counter[str]


class _Frame(NamedTuple):
    """An open element: its map to pixels, its paint ("" where nothing says) and whether its content is drawn."""

    to_pixels: Affine
    paint: dict[str, str]
    is_drawn: bool


@dataclass
class _Recorder:
    """Expat's handlers."""

    frames: list[_Frame] = field(default_factory=lambda: [_Frame(Affine(), {}, True)])
    subpaths: list[Subpath] = field(default_factory=list)
    odd: Counter[str] = field(default_factory=Counter)
    rules: dict[str, dict[str, str]] = field(default_factory=dict)
    style_text: list[str] | None = None
    num_pieces: int = 0
    num_elements: int = 0
    num_characters: int = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if len(self.frames) == 1 and name != "svg":
            raise BadFileError("not SVG", f"its outermost element is <{name[:40]}>, not <svg>")
        self.num_elements += 1
        if len(self.frames) > MAX_DEPTH or self.num_elements > MAX_ELEMENTS:
            raise BadFileError("huge file", f"more than {MAX_DEPTH} elements deep, or {MAX_ELEMENTS:,} in all")
        around = self.frames[-1]
        paint = around.paint | self._paint(name, attributes)
        is_drawn = around.is_drawn and name not in _NOT_DRAWN and not _is_hiding(paint)
        to_pixels = around.to_pixels.after(parse_transform(attributes.get("transform", "")))
        if name == "svg":
            to_pixels = to_pixels.after(_viewport(attributes))
        self.frames.append(_Frame(to_pixels, paint, is_drawn))
        if name == "style":
            self.style_text = []
        elif is_drawn and name in SHAPES:
            self._add(SHAPES[name](attributes))
        elif is_drawn and name == "use":
            raise BadFileError("<use>", "copies by <use> are not followed; export it with its clones unlinked")
        elif is_drawn and name in _OTHER_SHAPES:
            self.odd[f"<{name}>, not taken for ink"] += 1

    def _paint(self, name: str, attributes: dict[str, str]) -> dict[str, str]:
        """Return the properties that the element sets, the later ones of attributes, rules and style first."""
        paint: dict[str, str] = {key: attributes[key].strip() for key in _PAINT if key in attributes}
        for selector in (name, *(f".{label}" for label in attributes.get("class", "").split())):
            paint |= self.rules.get(selector, {})
        paint |= _declarations(attributes.get("style", ""))
        if "transform" in paint:
            raise BadFileError("transform in a style", "export it with presentation attributes")
        return paint

    def _add(self, subpaths: list[Subpath]) -> None:
        """Take in the subpaths of a shape, or count them where they are areas."""
        frame = self.frames[-1]
        is_seen = frame.paint.get("visibility") not in ("hidden", "collapse")
        is_zero = _is_zero(frame.paint, "stroke-opacity") or _is_zero(frame.paint, "stroke-width")
        has_stroke = frame.paint.get("stroke", "none") != "none" and not is_zero
        for subpath in subpaths:
            fill = frame.paint.get("fill", "black" if subpath.is_closed else "none")
            if not has_stroke and fill != "none":
                self.odd["filled outlines"] += 1
                continue
            if is_zero or not is_seen:
                self.odd["strokes that are not shown"] += 1
                continue
            self.num_pieces += len(subpath.pieces) + 1
            if self.num_pieces > MAX_POINTS:
                raise BadFileError("too much ink", f"more than {MAX_POINTS} points")
            start, pieces = frame.to_pixels(subpath.start), [frame.to_pixels.piece(piece) for piece in subpath.pieces]
            before = self.subpaths[-1] if self.subpaths else None
            if before and len(pieces) == 1 and not before.is_closed and abs(before.end - start) < SAME_PLACE:
                before.pieces += pieces  # some programs write an element per segment, each of its own width
                self.odd["segments joined to strokes"] += 1
            else:
                self.subpaths.append(Subpath(start, pieces, subpath.is_closed))

    def end(self, name: str) -> None:
        self.frames.pop()
        if self.style_text is not None:
            for rule in "".join(self.style_text).split("}"):
                selectors, _, body = rule.partition("{")
                for selector in selectors.split(","):
                    self.rules[selector.strip()] = self.rules.get(selector.strip(), {}) | _declarations(body)
            self.style_text = None

    def text(self, text: str) -> None:
        if self.style_text is not None:
            self.num_characters += len(text)
            if self.num_characters > MAX_STYLE:
                raise BadFileError("huge file", f"styles of more than {MAX_STYLE:,} characters")
            self.style_text.append(text)

    def refuse_entities(self, _: str, __: str | None, ___: str | None, has_internal_subset: bool) -> None:
        if has_internal_subset:
            raise BadFileError("XML with a DOCTYPE", "its document type may define entities; export it without them")


def parse_drawing(data: bytes) -> Drawing:
    """Return the strokes of an SVG file, curves flattened within TOLERANCE.

    Raises BadFileError where it is not SVG, is too large, or has no stroke of two points.
    """
    recorder = _Recorder()
    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = recorder.start, recorder.end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = recorder.text, recorder.refuse_entities
    try:
        parser.Parse(data, True)
    except (xml.parsers.expat.ExpatError, LookupError, ValueError) as error:
        raise BadFileError("broken XML", str(error)) from None
    strokes = _flattened(recorder.subpaths)
    if sum(map(len, strokes)) < 2:
        if recorder.odd["filled outlines"]:
            raise BadFileError("filled outlines", _OUTLINE)
        raise BadFileError("no ink", "no <path>, <polyline>, <polygon> or <line> with two points")
    return Drawing(strokes, recorder.odd)


def _flattened(subpaths: list[Subpath]) -> list[np.ndarray]:
    """Return the subpaths as points (n, 2)."""
    bounds = [z for path in subpaths for z in (path.start, *(z for piece in path.pieces for z in outline(piece)))]
    corners = np.array(bounds, complex).view(np.float64).reshape(-1, 2)
    if not (np.abs(corners) <= MAX_COORDINATE).all():
        raise BadFileError("bad coordinates", f"beyond +-{MAX_COORDINATE:g} pixels")
    side = float(np.ptp(corners, axis=0).max(initial=0.0)) if len(corners) else 0.0
    strokes, num_points = [], 0
    for path in subpaths:
        parts = [flatten(piece, TOLERANCE * side or 1.0) for piece in path.pieces]
        stroke = np.concatenate([[path.start], *parts])
        num_points += len(stroke)
        if num_points > MAX_POINTS:
            raise BadFileError("too much ink", f"more than {MAX_POINTS} points")
        strokes.append(np.ascontiguousarray(stroke).view(np.float64).reshape(-1, 2))
    return strokes


def parse_transform(text: str) -> Affine:
    """Return the map of a `transform` attribute, its functions applied from the last to the first."""
    if _TRANSFORM.sub("", text).strip(" \t\r\n,"):
        raise BadFileError("bad transform", f"{' '.join(text.split())[:60]!r}")
    result = Affine()
    for name, arguments in _TRANSFORM.findall(text):
        values = numbers(arguments)
        sizes, function = _FUNCTIONS[name]
        if len(values) not in sizes:
            raise BadFileError("bad transform", f"{name} with {len(values)} numbers")
        result = result.after(function(*values))
    return result


def _rotation(degrees: float, x: float = 0, y: float = 0) -> Affine:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return Affine.of_matrix(cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y)


_FUNCTIONS: dict[str, tuple[tuple[int, ...], Callable[..., Affine]]] = {
    "matrix": ((6,), Affine.of_matrix),
    "translate": ((1, 2), lambda x, y=0: Affine(shift=complex(x, y))),
    "scale": ((1, 2), lambda x, y=None: Affine.of_matrix(x, 0, 0, x if y is None else y, 0, 0)),
    "rotate": ((1, 3), _rotation),
    "skewX": ((1,), lambda degrees: Affine.of_matrix(1, 0, math.tan(math.radians(degrees)), 1, 0, 0)),
    "skewY": ((1,), lambda degrees: Affine.of_matrix(1, math.tan(math.radians(degrees)), 0, 1, 0, 0)),
}
"""Numbers that each function of a transform takes, and its map."""


def _viewport(attributes: dict[str, str]) -> Affine:
    """Return the map from an <svg> element's user units to those around it, by its place, size and viewBox."""
    place = Affine(shift=complex(_length(attributes.get("x", "0")) or 0, _length(attributes.get("y", "0")) or 0))
    box = numbers(attributes.get("viewBox", ""))
    if not box:
        return place
    if len(box) != 4 or not (box[2] > 0 and box[3] > 0):
        raise BadFileError("bad viewBox", f"{attributes['viewBox'][:40]!r} is not x, y, width and height")
    sizes = [_length(attributes.get(name, "")) for name in ("width", "height")]
    x, y = (size / extent if size else None for size, extent in zip(sizes, box[2:], strict=True))
    if not attributes.get("preserveAspectRatio", "").startswith("none"):
        x = y = min((scale for scale in (x, y) if scale), default=1.0)
    scale = Affine.of_matrix(x or 1.0, 0, 0, y or 1.0, 0, 0)
    return place.after(scale).after(Affine(shift=-complex(*box[:2])))


def _length(text: str) -> float | None:
    """Return a length in pixels, None where it is not absolute, such as "100%"."""
    match = _LENGTH.fullmatch(text.strip())
    return float(match[1]) * PIXELS[match[2].lower()] if match and match[2].lower() in PIXELS else None


def _is_hiding(paint: dict[str, str]) -> bool:
    """True if an element hides all that is in it."""
    return paint.get("display") == "none" or _is_zero(paint, "opacity")


def _is_zero(paint: dict[str, str], name: str) -> bool:
    """True if a property is set to nothing, such as "0" or "0%"."""
    match = _LENGTH.fullmatch(paint.get(name, "1").strip().rstrip("%"))
    return match is not None and float(match[1]) == 0


def _declarations(text: str) -> dict[str, str]:
    """Return what a style sets of paint and transform."""
    pairs = (part.partition(":") for part in text.replace("!important", "").split(";"))
    values = {key.strip().lower(): value.strip() for key, _, value in pairs}
    return {key: values[key] for key in (*_PAINT, "transform") if key in values}


def _polyline(attributes: dict[str, str]) -> list[Subpath]:
    values = numbers(attributes.get("points", ""))
    if len(values) > 2 * MAX_POINTS:
        raise BadFileError("too much ink", f"more than {MAX_POINTS} points")
    points = [complex(*pair) for pair in zip(values[::2], values[1::2], strict=False)]
    return [Subpath(points[0], list(pairwise(points)))] if points else []


def _polygon(attributes: dict[str, str]) -> list[Subpath]:
    paths = _polyline(attributes)
    for path in paths:
        if path.pieces:
            path.pieces.append((path.pieces[-1][-1], path.start))  # type: ignore[arg-type]
        path.is_closed = True
    return paths


def _line(attributes: dict[str, str]) -> list[Subpath]:
    ends = [_length(attributes.get(name, "0")) for name in ("x1", "y1", "x2", "y2")]
    if None in ends:
        raise BadFileError("bad coordinates", "a <line> whose ends are not absolute lengths")
    x1, y1, x2, y2 = ends
    start, end = complex(x1, y1), complex(x2, y2)  # type: ignore[arg-type]
    return [Subpath(start, [(start, end)])]


SHAPES: dict[str, Callable[[dict[str, str]], list[Subpath]]] = {
    "polyline": _polyline,
    "polygon": _polygon,
    "line": _line,
    "path": lambda attributes: parse_path(attributes.get("d", "")),
}
"""The shapes that are read, with their readers."""
