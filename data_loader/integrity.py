"""Whether a corpus is valid: the one place that judges a line to be written, a card, an index and the files.

A corpus whose files have the SHA-256 of its card is as it was written, and only valid lines are written. So a check
compares the hashes and the index, and looks at the ink only for what its source may have made wrong (corpus_check.py).
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.corpus_files import CARD, FILES, FORMAT_VERSION, Arrays, map_file
from ink.strokes import InkLine
from utils.errors import InputError
from utils.files import file_hash

AGAIN = "prepare the corpus again"
MAX_PLACES = 5
"""Places that are named of each kind of fault; the others are counted."""
CARD_PARTS = {
    **{"name": str, "source": str, "lines": int, "alphabet": str, "characters": dict},
    **{"splits": dict, "writers": list, "report": dict},
}
SPLIT_PARTS = {"offsets": int, "sum": list, "sum_of_squares": list}
"""Parts of a card, and of each of its splits, that are read, with their types."""


MIN_LENGTH = {"point": 2, "text": 0, "id": 0}
"""Points, and bytes of text and id, that a line must have."""


def line_fault(line: InkLine) -> str | None:
    """Return what makes a line invalid, see `InkLine`; None where it is valid."""
    points = line.points
    if points.ndim != 2 or points.shape[1] != 3 or len(points) < 2:
        return f"its points have shape {points.shape}, not (T, 3) with T >= 2"
    if not np.isfinite(points).all():
        return "a coordinate is NaN or inf"
    lifts = points[:, 2]
    if not ((lifts == 0) | (lifts == 1)).all() or lifts[-1] != 1:
        return "an end_of_stroke is not 0 or 1, or its last point does not end a stroke"
    if line.times is not None and (line.times.shape != (len(points),) or np.isinf(line.times).any()):
        return "its times are not one per point, or one is inf"
    for field in ("id", "text", "writer", "split", "unit"):
        if not getattr(line, field).isprintable():
            return f"its {field} has characters that cannot be written, such as a line break"
    return None


def read_card(folder: Path) -> dict[str, Any]:
    """Return the card of a prepared corpus.

    Raises InputError where there is none that can be read, or one of another format.
    """
    path = folder / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{folder}: no prepared corpus; make one with: python prepare_data.py FORMAT SOURCE") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read ({error}); {AGAIN}") from None
    if not isinstance(card, dict) or card.get("format_version") != FORMAT_VERSION:
        raise InputError(f"{path}: not a card of format version {FORMAT_VERSION}; {AGAIN}")
    if not _has(card, CARD_PARTS) or not all(_has(split, SPLIT_PARTS) for split in card["splits"].values()):
        raise InputError(f"{path}: not a whole card; {AGAIN}")
    labels = card["writers"]
    if not all(isinstance(label, str) for label in labels) or len(set(labels)) < len(labels):
        raise InputError(f"{path}: its writers are not all names, each once; {AGAIN}")
    return card


def _has(part: Any, wanted: dict[str, type]) -> bool:
    return isinstance(part, dict) and all(isinstance(part.get(key), kind) for key, kind in wanted.items())


def open_files(folder: Path, card: dict[str, Any]) -> Arrays:
    """Return the arrays of a prepared corpus by file, memory-mapped; index, files and card fit each other.

    Raises InputError where a file is missing or damaged, or they do not fit.
    """
    try:
        arrays = {name: map_file(folder, name) for name in FILES}
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: not a whole corpus ({error}); {AGAIN}") from None
    for place, fault in index_faults(arrays, card):
        raise InputError(f"{folder / 'lines.bin'}: {place}{fault}; {AGAIN}")
    return arrays


def index_faults(arrays: Arrays, card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (line, fault) for all that keeps the index from giving every line its place in the files and its labels."""
    index = arrays["lines.bin"]
    if len(index) != card["lines"] + 1 or len(index) < 2:
        yield "", f"it has {len(index) - 1:,} lines, the card {card['lines']:,}"
        return
    starts = {"point": ("points.bin", "times.bin"), "text": ("texts.bin",), "id": ("ids.bin",)}
    for field, files in starts.items():
        if index[field][0] != 0:
            yield "", f"the first {field} is not at 0"
        falls = index[field][1:] < index[field][:-1]
        for line in np.flatnonzero(falls).tolist():
            yield f"line number {line}: ", f"its {field} ends before it begins"
        for line in np.flatnonzero(~falls & (np.diff(index[field]) < MIN_LENGTH[field])).tolist():
            yield f"line number {line}: ", "it has fewer than two points"
        for name in files:
            if index[field][-1] != len(arrays[name]):
                yield "", f"the index ends at {index[field][-1]:,}, {name} at {len(arrays[name]):,}"
    for field, known in (("writer", "writers"), ("split", "splits")):
        labels = index[field][:-1]
        for line in np.flatnonzero((labels < 0) | (labels >= len(card[known]))).tolist():
            yield f"line number {line}: ", f"its {field} is none of the card's"


class Findings:
    """The faults that make a corpus invalid, and notes worth knowing, by file and kind with their first places."""

    def __init__(self) -> None:
        self._places: dict[tuple[bool, str, str], list[str]] = {}
        self._counts: Counter[tuple[bool, str, str]] = Counter()

    def add(self, file: str, problem: str, place: str = "", *, is_fault: bool = True) -> None:
        """Keep a fault or a note and its place, such as "line a01-000u-01: "; `problem` ends with how to fix it."""
        kind = (is_fault, file, problem)
        self._counts[kind] += 1
        places = self._places.setdefault(kind, [])
        if len(places) < MAX_PLACES:
            places.append(place)

    @property
    def faults(self) -> list[str]:
        """A line of text for each fault: file, place, fault and how to fix it."""
        return list(self._lines(True))

    @property
    def notes(self) -> list[str]:
        """A line of text for each note."""
        return list(self._lines(False))

    def _lines(self, is_fault: bool) -> Iterator[str]:
        for kind, places in self._places.items():
            if kind[0] == is_fault:
                _, file, problem = kind
                yield from (f"{file}: {place}{problem}" for place in places)
                if self._counts[kind] > len(places):
                    yield f"{file}: {self._counts[kind] - len(places):,} more: {problem}"


def file_findings(folder: Path) -> tuple[Findings, Arrays, dict[str, Any]]:
    """Return what is wrong with card, files and index of a corpus, its arrays and its card; {} and {} if anything is.

    Raises InputError where there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the name of a prepared corpus")
    findings, arrays, card = Findings(), {}, {}
    try:
        card = read_card(folder)
    except InputError as error:
        findings.add(CARD, str(error).removeprefix(f"{folder / CARD}: "))
    hashes = card.get("sha256")
    for name in FILES:
        try:
            arrays[name] = map_file(folder, name)
            if card and (not isinstance(hashes, dict) or hashes.get(name) != file_hash(folder / name)):
                findings.add(name, f"its SHA-256 is not the card's, it was changed or damaged; {AGAIN}")
        except (OSError, ValueError) as error:
            findings.add(name, f"cannot be read ({getattr(error, 'strerror', None) or error}); {AGAIN}")
    for path in sorted(folder.iterdir()):
        if path.name not in {*FILES, CARD}:
            note = "not part of a corpus; move it elsewhere, or the corpus cannot be prepared again"
            findings.add(path.name, note, is_fault=False)
    for place, fault in index_faults(arrays, card) if card and len(arrays) == len(FILES) else ():
        findings.add("lines.bin", f"{fault}; {AGAIN}", place)
    return (findings, {}, {}) if findings.faults else (findings, arrays, card)
