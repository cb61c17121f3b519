"""Quick, Draw!: drawings made within 20 seconds, one JSON object a line in a file a word; CC BY 4.0, Google.

    simplified  {"word": "cat", "key_id": "5201", "recognized": true, "drawing": [[[0, 13], [9, 255]], ...]}
    raw         the same, a stroke being [[x, ...], [y, ...], [milliseconds, ...]]

Ha and Eck, "A Neural Representation of Sketch Drawings", ICLR 2018. github.com/googlecreativelab/quickdraw-dataset
"""

import unicodedata
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.formats.ndjson import has_only, ink, label, numbers, read_objects
from data_loader.formats.read_report import BadFileError, Progress, Report
from ink.strokes import InkLine
from utils.strict_json import shown

_KEYS = ("word", "countrycode", "timestamp", "recognized", "key_id", "drawing")


def read_quickdraw(source: Path, report: Report, progress: Progress | None = None) -> Iterator[InkLine]:
    """Yield every drawing of a .ndjson file (also gzipped), or of a folder of them, as an InkLine; nothing is cleaned.

    The text is the word that was to be drawn, the id the key_id. Points are the file's own numbers, y downward: pixels
    of the drawer's screen in raw files, which have times too; 0 to 255 in simplified ones. Nobody knows the drawers,
    and there are no splits. Drawings that the game did not recognise are kept, and counted in `report`.

    Raises:
        InputError: no drawing can be used, too many are at fault, or a file is damaged (see `read_objects`).
    """
    return read_objects(source, ".ndjson", _KEYS, _make_line, report, progress)


def _make_line(record: dict[str, Any], default_id: str, oddities: list[str]) -> InkLine:
    strokes = record.get("drawing")
    if not (isinstance(strokes, list) and has_only(strokes, list) and has_only(chain.from_iterable(strokes), list)):
        raise BadFileError("bad drawing", f'"drawing" is {shown(strokes)}, no list of strokes of columns')
    widths = set(map(len, strokes))
    if not {2, 3}.issuperset(widths) or any(len(set(map(len, stroke))) > 1 for stroke in strokes):
        raise BadFileError(
            "bad drawing", "a stroke is not [[x, ...], [y, ...]] or the same with [t, ...], equally long"
        )
    x, y = _column(strokes, 0), _column(strokes, 1)
    seconds = _column(strokes, 2) / 1000 if widths == {3} else None
    points, times = ink(x, y, seconds, [len(stroke[0]) for stroke in strokes], oddities)
    if widths == {2, 3}:
        oddities.append("times left out as some strokes have none")
    if record.get("recognized") is False:
        oddities.append("drawings that the game did not recognise")
    return InkLine(
        id=label(record, "key_id") or default_id,
        text=unicodedata.normalize("NFC", label(record, "word")),
        writer="",
        split="",
        points=points,
        times=times,
        unit="px" if 3 in widths else "",
    )


def _column(strokes: list[list[list[Any]]], column: int) -> np.ndarray:
    return numbers(list(chain.from_iterable(stroke[column] for stroke in strokes)))
