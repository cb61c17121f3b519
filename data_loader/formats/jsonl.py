"""The line format of Ductus: UTF-8 text, one JSON object a line of ink; docs/formats.md describes it.

    {"id": "a-1", "text": "hello", "writer": "ann", "split": "train", "unit": "mm", "y": "down",
     "strokes": [[[0, 0, 0.0], [1.5, 2, 0.01]], [[7, 3, 0.4]]]}

A point is [x, y] or [x, y, seconds]. Only "strokes" is required.
"""

import gzip
import json
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.formats.ndjson import MAX_TEXT, has_only, ink, label, numbers, read_objects
from data_loader.formats.read_report import BadFileError, Progress, Report
from ink.strokes import InkLine
from utils.errors import InputError
from utils.files import atomic_path
from utils.strict_json import shown

_LABELS = ("id", "text", "writer", "split", "unit")


def read_jsonl(source: Path, report: Report, progress: Progress | None = None) -> Iterator[InkLine]:
    """Yield every line of a .jsonl or .jsonl.gz file, or of a folder of them, as an InkLine; nothing is cleaned.

    points are the numbers of the file, y with its sign changed where "y" is "up"; times are seconds since the line's
    first point, None where a point has none. A line without an id is called after its file and its number there.

    Raises:
        InputError: no line can be used, too many are at fault, or a file is damaged (see `read_objects`).
    """
    return read_objects(source, ".jsonl", [*_LABELS, "y", "strokes"], _make_line, report, progress)


def write_jsonl(lines: Iterable[InkLine], path: Path) -> None:
    """Write lines as a .jsonl file, gzipped where the name ends in .gz; it is whole or absent. Nothing is lost.

    The same lines give the same bytes.

    Raises:
        InputError: the file cannot be written there, or there is no line.
    """
    lines = iter(lines)
    first = list(islice(lines, 1))
    if not first:
        raise InputError(f"{path}: not one line to write")
    data = map(_encoded, chain(first, lines))
    with atomic_path(path) as scratch, open(scratch, "wb") as raw:
        if path.suffix != ".gz":
            raw.writelines(data)
            return
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
            packed.writelines(data)


def _make_line(record: dict[str, Any], default_id: str, oddities: list[str]) -> InkLine:
    strokes = record.get("strokes")
    if not (isinstance(strokes, list) and has_only(strokes, list)):
        raise BadFileError("bad strokes", f'"strokes" is {shown(strokes)}, no list of lists of points')
    points: list[Any] = list(chain.from_iterable(strokes))
    if not has_only(points, list) or not {2, 3}.issuperset(map(len, points)):
        bad = next(point for point in points if not (isinstance(point, list) and len(point) in (2, 3)))
        raise BadFileError("bad strokes", f"the point {shown(bad)} is neither [x, y] nor [x, y, t]")
    y_is = record.get("y", "down")
    if y_is not in ("down", "up"):
        raise BadFileError("bad y", f'{shown(y_is)} is neither "down" nor "up"')
    flat = numbers(list(chain.from_iterable(points)))
    widths = list(map(len, points))
    starts = np.cumsum([0, *widths])[:-1]
    x, y = flat[starts], flat[starts + 1] * (1 if y_is == "down" else -1)
    timed = set(widths) == {3}
    drawn, times = ink(x, y, flat[starts + 2] if timed else None, list(map(len, strokes)), oddities)
    if 3 in widths and not timed:
        oddities.append("times left out as some points have none")
    return InkLine(
        id=label(record, "id") or default_id,
        text=unicodedata.normalize("NFC", label(record, "text", MAX_TEXT)),
        writer=label(record, "writer"),
        split=label(record, "split"),
        points=drawn,
        times=times,
        unit=label(record, "unit"),
    )


def _encoded(line: InkLine) -> bytes:
    labels = {key: getattr(line, key) for key in _LABELS if getattr(line, key)}
    drawn = {"y": "down", "strokes": _strokes(line)}
    text = json.dumps(labels | drawn, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode() + b"\n"


def _strokes(line: InkLine) -> list[list[list[float]]]:
    """The points by stroke: whole numbers where all are, else the shortest that float32 reads back the same."""
    xy = line.points[:, :2]
    exact = xy.astype(np.int64) if np.all(xy == np.rint(xy)) else xy.astype(str).astype(np.float64)
    rows = exact.tolist()
    if line.times is not None:
        rows = [[x, y, t] for (x, y), t in zip(rows, line.times.tolist(), strict=True)]
    cuts = (np.flatnonzero(line.points[:-1, 2]) + 1).tolist()
    return [rows[a:b] for a, b in pairwise([0, *cuts, len(rows)])]
