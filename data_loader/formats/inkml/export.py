"""Ink as InkML files, one a line, that `read_inkml` and other programs read."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from ink.strokes import InkLine
from utils.errors import InputError
from utils.files import new_folder

_ANNOTATIONS = {"id": "id", "transcription": "text", "writer": "writer", "split": "split"}
_MAX_NAME = 80  # characters of an id in a file's name


def write_inkml(lines: Iterable[InkLine], folder: Path) -> None:
    """Write every line as an InkML file of its own into a new folder; the folder is whole or absent.

    A file is called by the line's place and what a file's name can hold of its id, e.g. "0000001-a01-000u-01.inkml",
    so that the files are sorted as the lines were. Nothing is lost: coordinates have the 9 digits that float32 needs,
    times, in seconds, all of their digits.

    Raises:
        InputError: the folder is there and not empty, or cannot be written; there is no line; a line has a character
            or a number that InkML cannot hold.
    """
    number = 0
    with new_folder(folder) as scratch:
        for number, line in enumerate(lines, 1):
            name = re.sub(r"[^A-Za-z0-9._-]+", "_", line.id)[:_MAX_NAME]
            (scratch / f"{number:07d}-{name}.inkml").write_text(_document(line), encoding="utf-8")
        if not number:
            raise InputError(f"{folder}: not one line to write")


def _document(line: InkLine) -> str:
    if not np.isfinite(line.points).all() or not (line.times is None or np.isfinite(line.times).all()):
        raise InputError(f"{line.id!r}: has a coordinate or time that is no finite number; InkML cannot hold it")
    units = f" units={quoteattr(_checked(line, 'unit'))}" if line.unit else ""
    channels = [f'<channel name="{axis}" type="decimal"{units}/>' for axis in "XY"]
    if line.times is not None:
        channels.append('<channel name="T" type="double" units="s"/>')
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<ink xmlns="http://www.w3.org/2003/InkML">',
        *_annotations(line),
        f'<context xml:id="pen"><traceFormat>{"".join(channels)}</traceFormat></context>',
        *(f"<trace>{trace}</trace>" for trace in _traces(line)),
        "</ink>\n",
    ]
    return "\n".join(parts)


def _annotations(line: InkLine) -> Iterator[str]:
    for kind, name in _ANNOTATIONS.items():
        text = _checked(line, name)
        preserve = "" if text == " ".join(text.split()) else ' xml:space="preserve"'
        if text:
            yield f'<annotation type="{kind}"{preserve}>{escape(text)}</annotation>'


def _checked(line: InkLine, name: str) -> str:
    text: str = getattr(line, name)
    if not text.isprintable():
        raise InputError(f"{line.id!r}: its {name} {text[:40]!r} has characters that InkML cannot hold")
    return text


def _traces(line: InkLine) -> Iterator[str]:
    points = [f"{x:.9g} {y:.9g}" for x, y in line.points[:, :2].tolist()]
    if line.times is not None:
        points = [f"{point} {time!r}" for point, time in zip(points, line.times.tolist(), strict=True)]
    start = 0
    for end in (np.flatnonzero(line.points[:, 2] > 0.5) + 1).tolist():
        yield ", ".join(points[start:end])
        start = end
