"""The check of a prepared corpus: its files, and what its source may have made wrong, in chunks, whatever its size."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.corpus_files import Arrays
from data_loader.integrity import MAX_PLACES, Findings, file_findings
from data_loader.survey import line_chunks
from ink.strokes import MAX_COORDINATE
from utils.progress import progress

CHANCE_POINTS = 32
"""Points of a line; shorter ones, such as the single dash of a digit, may be alike by chance."""


def check_corpus(folder: Path) -> Findings:
    """Return all that is wrong with the prepared corpus in `folder`, and what is worth knowing.

    Lines are compared only where card, files and index are valid.

    Raises InputError where there is no such folder.
    """
    findings, arrays, card = file_findings(folder)
    if not arrays:
        return findings
    lines = _Lines(arrays, findings)
    chunks = list(line_chunks(lines.index["point"]))
    for first, last in progress(chunks, len(chunks), f"checking {folder.name}", "chunk"):
        lines.check_chunk(first, last)
    lines.compare_ids()
    lines.compare_ink()
    lines.compare_writers(card)
    return findings


class _Lines:
    """The lines of a corpus with hashes of their ids and of their ink, (L,) uint64."""

    def __init__(self, arrays: Arrays, findings: Findings) -> None:
        self.arrays, self.findings = arrays, findings
        self.index = arrays["lines.bin"]
        self.lengths = np.diff(self.index["point"])
        self.ids, self.ink = np.zeros((2, len(self.lengths)), np.uint64)

    def _bytes(self, file: str, field: str, line: int) -> bytes:
        return self.arrays[file][self.index[field][line] : self.index[field][line + 1]].tobytes()

    def _name(self, line: int) -> str:
        """The name of a line in a message."""
        return f"line {self._bytes('ids.bin', 'id', line).decode(errors='replace')}"

    def check_chunk(self, first: int, last: int) -> None:
        """Note coordinates and times of lines [first, last) that cannot be used as they are, and keep hashes."""
        begin, end = self.index["point"][first], self.index["point"][last]
        starts = self.index["point"][first:last] - begin
        is_far = (np.abs(self.arrays["points.bin"][begin:end, :2]) > MAX_COORDINATE).any(1)
        times = self.arrays["times.bin"][begin:end]
        unknown = np.add.reduceat(np.isnan(times).astype(np.int64), starts)
        falls = np.append(times[1:] < times[:-1], False)
        falls[starts[1:] - 1] = False  # from a line's last point to the next line's first
        notes = {
            f"a coordinate is beyond {MAX_COORDINATE:,.0f}, float32 rounds it; choose a larger unit": (
                "points.bin",
                np.logical_or.reduceat(is_far, starts),
            ),
            "some of its times are unknown, so that none is used": (
                "times.bin",
                (unknown > 0) & (unknown < self.lengths[first:last]),
            ),
            "its times run backwards somewhere": ("times.bin", np.logical_or.reduceat(falls, starts)),
        }
        for note, (file, is_odd) in notes.items():
            for line in np.flatnonzero(is_odd).tolist():
                self.findings.add(file, note, f"{self._name(first + line)}: ", is_fault=False)
        for line in range(first, last):
            points = self.arrays["points.bin"][self.index["point"][line] : self.index["point"][line + 1]]
            self.ids[line] = _hash(self._bytes("ids.bin", "id", line))
            self.ink[line] = _hash(points.tobytes())

    def compare_ids(self) -> None:
        """Lines of one id are a fault."""
        for lines in _equal(self.ids):
            problem = f"{len(lines)} lines have this id; give each its own"
            self.findings.add("ids.bin", problem, f"{self._name(lines[0])}: ")

    def compare_ink(self) -> None:
        """Equal ink is worth a note, and a fault where it is in two splits and long enough to be no chance."""
        for lines in _equal(self.ink):
            names = ", ".join(map(self._name, lines[:MAX_PLACES].tolist())) + ": "
            by_chance = self.lengths[lines[0]] < CHANCE_POINTS
            if len(np.unique(self.index["split"][lines])) > 1:
                problem = "the same ink is in two splits; leave one out of the source"
                self.findings.add("points.bin", problem, names, is_fault=not by_chance)
            elif not by_chance:
                problem = "the same ink is there twice; leave one out of the source"
                self.findings.add("points.bin", problem, names, is_fault=False)

    def compare_writers(self, card: dict[str, Any]) -> None:
        """A writer in two splits is worth a note."""
        split_names = list(card["splits"])
        pairs = np.unique(self.index["writer"][:-1].astype(np.int64) * len(split_names) + self.index["split"][:-1])
        splits: dict[str, list[str]] = {}
        for writer, split in zip(*(part.tolist() for part in np.divmod(pairs, len(split_names))), strict=True):
            splits.setdefault(card["writers"][writer], []).append(split_names[split])
        for writer, names in splits.items():
            if writer and len(names) > 1:
                note = "has lines in two splits; a score on one is not that of an unseen writer"
                self.findings.add("lines.bin", note, f"writer {writer} ({', '.join(names)}): ", is_fault=False)


def _hash(data: bytes) -> int:
    """64 bits of a hash: two of a million lines collide once in thirty million corpora."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def _equal(hashes: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the positions (n,) of each hash that is there more than once."""
    order = np.argsort(hashes, kind="stable")
    same = np.concatenate(([False], hashes[order[1:]] == hashes[order[:-1]], [False])).astype(np.int8)
    steps = np.diff(same)
    for begin, end in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True):
        yield order[begin : end + 1]
