"""SVG drawings as ink: <polyline>, <polygon>, <line> and <path> of straight pieces, in the order of the file.

What `write` of experiments.py makes can be read back; so can what a tablet program exports as polylines. A file with
curves or with a `transform` is refused: only the program that drew it knows how to make polylines of it.
"""

import re
import xml.parsers.expat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from data_loader.formats.drawing_files import read_drawing_files
from data_loader.formats.read_report import BadFileError, Progress, Report
from ink.strokes import MAX_COORDINATE, InkLine

Stroke = list[tuple[float, float]]

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
PATH_PIECE = re.compile(rf"([A-Za-z])|({NUMBER.pattern})|[\s,]+")
MAX_POINTS = 200_000
CARRIAGE_RETURN = 0.4
"""Share of the drawing's width: when the pen goes back farther, and down, a new line of text begins."""


def read_svg(
    source: Path, report: Report, progress: Progress | None = None, *, writer_from: str | None = None
) -> Iterator[InkLine]:
    """Yield the lines of text of an SVG file, or of all in a folder or .tar.gz; text "", unit "" (the user unit).

    A file holds one line of text, or several one below the other: the next begins where the pen goes back and down.

    `writer_from` and errors as in `read_drawing_files`.
    """
    return read_drawing_files(source, ".svg", _lines, report, progress, writer_from)


def _lines(name: str, data: bytes) -> Iterator[InkLine]:
    """Yield the lines of text of one file."""
    stem = str(PurePosixPath(name).with_suffix(""))
    lines = text_lines(parse_strokes(data))
    for number, points in enumerate(lines, 1):
        yield InkLine(stem if len(lines) == 1 else f"{stem}-{number:02d}", "", "", "", points)


def text_lines(strokes: list[Stroke]) -> list[np.ndarray]:
    """Strokes in the order of writing as lines of text, each points (T, 3) float32."""
    width = np.ptp([x for stroke in strokes for x, _ in stroke])
    lines, last = [[strokes[0]]], strokes[0]
    for stroke in strokes[1:]:
        (x0, y0), (x1, y1) = last[-1], stroke[0]
        if x0 - x1 > CARRIAGE_RETURN * width and y1 > y0:
            lines.append([])
        lines[-1].append(stroke)
        last = stroke
    return [points for points in map(_points, lines) if len(points) >= 2]


def _points(strokes: list[Stroke]) -> np.ndarray:
    points = np.array([(x, y, 0) for stroke in strokes for x, y in stroke], np.float32)
    points[np.cumsum([len(stroke) for stroke in strokes]) - 1, 2] = 1
    return points


def parse_strokes(data: bytes) -> list[Stroke]:
    """The strokes of an SVG file in its user units, y downward.

    Raises BadFileError where it is no SVG, or holds what only a drawing program can flatten.
    """
    strokes: list[Stroke] = []
    parser = xml.parsers.expat.ParserCreate()

    def start(name: str, attributes: dict[str, str]) -> None:
        if "transform" in attributes:
            raise BadFileError("transform", f"<{name}> has a transform; export it with its transforms applied")
        shape = name.rpartition(":")[2]
        if shape in SHAPES:
            strokes.extend(stroke for stroke in SHAPES[shape](attributes) if stroke)
        if sum(map(len, strokes)) > MAX_POINTS:
            raise BadFileError("too much ink", f"more than {MAX_POINTS} points")

    def refuse(*_: object) -> None:
        raise BadFileError("XML with a DOCTYPE", "a document type may define entities; export it without one")

    parser.StartElementHandler, parser.StartDoctypeDeclHandler = start, refuse
    try:
        parser.Parse(data, True)
    except (xml.parsers.expat.ExpatError, LookupError, ValueError) as error:
        raise BadFileError("broken XML", str(error)) from None
    if sum(map(len, strokes)) < 2:
        raise BadFileError("no ink", "no <polyline>, <line> or <path> with two points")
    if not all(abs(value) <= MAX_COORDINATE for stroke in strokes for point in stroke for value in point):
        raise BadFileError("bad coordinates", f"beyond +-{MAX_COORDINATE:g}")
    return strokes


def _polyline(attributes: dict[str, str]) -> list[Stroke]:
    text = attributes.get("points", "")
    if NUMBER.sub("", text).strip(" \t\r\n,"):
        raise BadFileError("bad coordinates", f"points={text[:40]!r}")
    numbers = [float(number) for number in NUMBER.findall(text)]
    return [list(zip(numbers[::2], numbers[1::2], strict=False))]


def _polygon(attributes: dict[str, str]) -> list[Stroke]:
    (stroke,) = _polyline(attributes)
    return [stroke + stroke[:1]]


def _line(attributes: dict[str, str]) -> list[Stroke]:
    try:
        x1, y1, x2, y2 = (float(attributes.get(name, 0)) for name in ("x1", "y1", "x2", "y2"))
    except ValueError:
        raise BadFileError("bad coordinates", "a <line> whose ends are no plain numbers") from None
    return [[(x1, y1), (x2, y2)]]


def _path(attributes: dict[str, str]) -> list[Stroke]:
    """The strokes of a path's data: M, L, H, V, Z, absolute or relative."""
    data, strokes = attributes.get("d", ""), [[]]  # type: tuple[str, list[Stroke]]
    if PATH_PIECE.sub("", data):
        raise BadFileError("bad path", f"d={data[:40]!r}")
    x = y = 0.0
    for command, numbers in _commands(data):
        kind, relative = command.upper(), command.islower()
        if kind not in "MLHVZ":
            raise BadFileError("curves", f"a path with {command!r}; export it as polylines")
        size = {"H": 1, "V": 1, "Z": 0}.get(kind, 2)
        if kind == "Z" and strokes[-1]:
            x, y = strokes[-1][0]
            strokes[-1].append((x, y))
        for first in range(0, len(numbers) - size + 1 if size else 0, size or 1):
            values = numbers[first : first + size]
            move_x = values[0] if kind in "MLH" else (0.0 if relative else x)
            move_y = values[-1] if kind in "MLV" else (0.0 if relative else y)
            x, y = (x + move_x, y + move_y) if relative else (move_x, move_y)
            if kind == "M" and first == 0:
                strokes.append([])
            strokes[-1].append((x, y))
    return strokes


def _commands(data: str) -> Iterator[tuple[str, list[float]]]:
    command, numbers = "", []  # type: tuple[str, list[float]]
    for letter, number in PATH_PIECE.findall(data):
        if letter:
            if command:
                yield command, numbers
            command, numbers = letter, []
        elif number:
            numbers.append(float(number))
    if command:
        yield command, numbers


SHAPES = {"polyline": _polyline, "polygon": _polygon, "line": _line, "path": _path}
