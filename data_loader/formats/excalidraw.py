"""Excalidraw drawings: JSON of elements, of which those of type "freedraw" are strokes of a pen.

    {"type": "excalidraw", "elements": [{"type": "freedraw", "x": 10, "y": 20, "angle": 0, "points": [[0, 0], [1, 2]]}]}

Points are relative to x, y, in pixels, y downward; a rotated element is turned about the middle of its points.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from data_loader.formats.drawing_files import read_drawing_files
from data_loader.formats.ndjson import has_only, numbers
from data_loader.formats.read_report import BadFileError, Progress, Report
from ink.geometry import rotation
from ink.strokes import MAX_COORDINATE, InkLine
from utils.errors import InputError
from utils.strict_json import parse_json, shown

MAX_ANGLE = 1e3
"""Radians of a rotation; more than some turns are a mistake."""


def read_excalidraw(
    source: Path, report: Report, progress: Progress | None = None, *, writer_from: str | None = None
) -> Iterator[InkLine]:
    """Yield the ink of an .excalidraw file, or of all in a folder or .tar.gz, as one line per file, without text.

    Deleted elements are left out, and so are those that no pen has drawn, which are counted. `writer_from` and errors
    as in `read_drawing_files`.
    """

    def lines(name: str, data: bytes) -> Iterator[InkLine]:
        others: Counter[str] = Counter()
        strokes = [_stroke(element) for element in _drawn(_elements(data), others)]
        for kind, count in others.items():
            report.note(kind, name, f"{count} in the file, left out")
        points = np.concatenate([np.empty((0, 3), np.float32), *strokes])
        if len(points) < 2:
            raise BadFileError("no ink", "no freedraw element with points")
        yield InkLine(str(PurePosixPath(name).with_suffix("")), "", "", "", points, unit="px")

    return read_drawing_files(source, ".excalidraw", lines, report, progress, writer_from)


def _elements(data: bytes) -> list[dict[str, Any]]:
    try:
        document = parse_json(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadFileError("no JSON", f"not UTF-8 text (byte {error.start})") from None
    except InputError as error:
        raise BadFileError("no JSON", str(error)) from None
    elements = document.get("elements") if isinstance(document, dict) else None
    if not (isinstance(elements, list) and has_only(elements, dict)):
        raise BadFileError("not Excalidraw", '"elements" is no list of objects')
    return elements


def _drawn(elements: list[dict[str, Any]], others: Counter[str]) -> Iterator[dict[str, Any]]:
    for element in elements:
        if element.get("type") != "freedraw":
            others[f"elements of type {shown(element.get('type'))}"] += 1
        elif element.get("isDeleted") is True:
            others["deleted strokes"] += 1
        else:
            yield element


def _stroke(element: dict[str, Any]) -> np.ndarray:
    """Return the points (n, 3) float32 of an element."""
    points = element.get("points")
    if not (isinstance(points, list) and has_only(points, list) and all(len(point) >= 2 for point in points)):
        raise BadFileError("bad strokes", f'"points" is {shown(points)}, no list of [x, y]')
    xy = numbers([value for point in points for value in point[:2]]).reshape(-1, 2)
    x, y, angle = numbers([element.get("x", 0), element.get("y", 0), element.get("angle", 0)])
    if not len(xy):
        return np.empty((0, 3), np.float32)
    if not (np.abs(xy).max() <= MAX_COORDINATE and max(abs(x), abs(y)) <= MAX_COORDINATE and abs(angle) <= MAX_ANGLE):
        raise BadFileError("bad coordinates", f"one is beyond +-{MAX_COORDINATE:g}, or an angle beyond {MAX_ANGLE:g}")
    middle = (xy.min(axis=0) + xy.max(axis=0)) / 2
    turned = (xy - middle) @ rotation(angle).T + middle + (x, y)
    ends = np.zeros(len(xy))
    ends[-1] = 1
    return np.column_stack([turned, ends]).astype(np.float32)
