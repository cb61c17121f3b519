"""Whether a prepared corpus is sound: its card, files and lines against each other, in pieces, whatever its size."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.check_lines import AGAIN, Found, LineCheck
from data_loader.corpus import CARD, FILES, read_card
from data_loader.survey import line_chunks
from utils.errors import InputError
from utils.files import file_hash
from utils.progress import progress


@dataclass(frozen=True)
class Findings:
    """What a check found, one line of text each: `faults` make the corpus unsound, `notes` are worth knowing."""

    faults: list[str]
    notes: list[str]


def check_corpus(folder: Path) -> Findings:
    """All that is wrong with the prepared corpus in `folder`, and what is worth knowing: file, place, fault and mend.

    What hangs on a broken part is not judged: without a sound index no line is, without a card no count.

    Raises InputError where there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the name of a prepared corpus")
    found = Found()
    card = _read_card(folder, found)
    arrays = _open_files(folder, card, found)
    if len(arrays) == len(FILES) and _index_is_sound(arrays, card, found):
        lines = LineCheck(arrays, found)
        chunks = list(line_chunks(arrays["lines.bin"]["point"]))
        for first, last in progress(chunks, len(chunks), f"checking {folder.name}", "piece"):
            lines.check(first, last)
        if card:
            lines.compare_lines(card)
            lines.compare_counts(card)
    return Findings(list(found.told(found.faults)), list(found.told(found.notes)))


def _read_card(folder: Path, found: Found) -> dict[str, Any]:
    """The card, {} where it is not whole."""
    try:
        card = read_card(folder)
    except InputError as error:
        found.fault(CARD, str(error).removeprefix(f"{folder / CARD}: "))
        return {}
    labels = card["writers"]
    if not all(isinstance(label, str) for label in labels) or len(set(labels)) < len(labels):
        found.fault(CARD, f"its writers are not all names, each once; {AGAIN}")
        return {}
    if not _is_report(card.get("report")):
        found.fault(CARD, f"its report is not that of a preparation; {AGAIN}")
    return card


def _is_report(report: Any) -> bool:
    """Whether this is `Report.as_dict`, or {}."""
    try:
        parts = [part for kinds in report.values() for part in kinds.values()]
        places = [place for part in parts for place in part["places"]]
        return all(isinstance(part["count"], int) for part in parts) and all({"where", "what"} <= {*p} for p in places)
    except (AttributeError, KeyError, TypeError):
        return False


def _open_files(folder: Path, card: dict[str, Any], found: Found) -> dict[str, np.ndarray]:
    """The corpus's files as arrays on the disk, less those of another size or shape; their hashes are compared."""
    hashes = card.get("sha256")
    arrays = {}
    for name, (dtype, shape) in FILES.items():
        path = folder / name
        try:
            is_empty = path.stat().st_size == 0  # as texts.bin is where no line has a text
            arrays[name] = (np.zeros(0, dtype) if is_empty else np.memmap(path, dtype, "r")).reshape(shape)
            if card and (not isinstance(hashes, dict) or hashes.get(name) != file_hash(path)):
                found.fault(name, f"its SHA-256 is not the card's, it was changed or damaged; {AGAIN}")
        except (OSError, ValueError) as error:
            found.fault(name, f"cannot be read ({getattr(error, 'strerror', None) or error}); {AGAIN}")
    for path in sorted(folder.iterdir()):
        if path.name not in {*FILES, CARD}:
            found.note(path.name, "no part of a corpus; move it elsewhere, or the corpus cannot be prepared again")
    return arrays


def _index_is_sound(arrays: dict[str, np.ndarray], card: dict[str, Any], found: Found) -> bool:
    """Whether every line's place in the files and its labels are in range, and at least one line is there."""
    index, before = arrays["lines.bin"], len(found.faults)
    if len(index) < 2:
        found.fault("lines.bin", f"it has no line; {AGAIN}")
        return False
    files = {"point": ("points.bin", "times.bin"), "text": ("texts.bin",), "id": ("ids.bin",)}
    for field, names in files.items():
        for line in np.flatnonzero(index[field][1:] < index[field][:-1]):
            found.fault("lines.bin", f"its {field} ends before it begins; {AGAIN}", f"line number {line}")
        for name in names:
            if index[field][-1] != len(arrays[name]):
                what = f"the index ends at {index[field][-1]:,}, the file at {len(arrays[name]):,}; {AGAIN}"
                found.fault(name, what)
        if index[field][0] != 0:
            found.fault("lines.bin", f"the first {field} is not at 0; {AGAIN}")
    for field, names_of in (("writer", "writers"), ("split", "splits")):
        wrong = (index[field][:-1] < 0) | (index[field][:-1] >= len(card[names_of])) if card else np.zeros(0)
        for line in np.flatnonzero(wrong):
            found.fault("lines.bin", f"its {field} is none of the card's; {AGAIN}", f"line number {line}")
    if card and card["lines"] != len(index) - 1:
        found.fault("lines.bin", f"it has {len(index) - 1:,} lines, the card {card['lines']:,}; {AGAIN}")
    return len(found.faults) == before
