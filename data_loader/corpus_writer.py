"""The writer of a prepared corpus: line by line next to its folder, whole or not at all."""

import json
import secrets
import shutil
import unicodedata
from array import array
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.corpus_files import CARD, FILES, FORMAT_VERSION, INDEX
from data_loader.integrity import line_fault
from data_loader.measures import Measures
from data_loader.splits import TRAIN, VALID, SplitRule, split_lines
from ink.strokes import InkLine
from utils.errors import InputError
from utils.files import file_hash

HASH = 8
"""Bytes of a hash of a line's ink."""


class CorpusWriter:
    """Writes lines one by one next to `folder` and puts them there when complete; on any error nothing is left.

    Raises InputError where `folder` cannot be written, or holds anything but an older corpus.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scratch = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        self.starts = array("q", (0, 0, 0))  # of points, texts, ids: of every line, and where the next one would begin
        self.writers, self.splits = _Names(), _Names()
        self.inks = bytearray()  # hashes of HASH bytes
        self.measures = Measures()
        self.unit: str | None = None

    def __enter__(self) -> "CorpusWriter":
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            if self.folder.exists() and not _is_corpus_or_empty(self.folder):
                raise InputError(f"{self.folder}: is there and no prepared corpus; choose another name")
            self.scratch.mkdir()
        except OSError as error:
            raise InputError(f"{self.folder}: cannot write there ({error.strerror}); choose another data_dir") from None
        self.files = {name: open(self.scratch / name, "wb") for name in FILES if name != "lines.bin"}  # noqa: SIM115
        return self

    def __exit__(self, *_: object) -> None:
        for file in self.files.values():
            file.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def add(self, line: InkLine) -> None:
        """Append a line.

        Raises InputError where it is not valid, or its unit is not that of the lines before.
        """
        if fault := line_fault(line):
            raise InputError(f"line {line.id!r}: {fault}")
        if self.unit is None:
            self.unit = line.unit
        if line.unit != self.unit:
            raise InputError(
                f"{line.id}: is in {line.unit or 'an unknown unit'}, the lines before it in "
                f"{self.unit or 'an unknown unit'}; a corpus has one unit: prepare them apart"
            )
        text = unicodedata.normalize("NFC", line.text)
        points = np.ascontiguousarray(line.points, "<f4")
        times = np.full(len(points), np.nan) if line.times is None else line.times
        parts = {
            "points.bin": points.tobytes(),
            "times.bin": np.ascontiguousarray(times, "<f8").tobytes(),
            "texts.bin": text.encode(),
            "ids.bin": line.id.encode(),
        }
        for name, data in parts.items():
            self.files[name].write(data)
        sizes = (len(points), len(parts["texts.bin"]), len(parts["ids.bin"]))
        self.starts.extend(map(sum, zip(self.starts[-3:], sizes, strict=True)))
        self.writers.add(line.writer)
        self.splits.add(line.split)
        self.inks += blake2b(parts["points.bin"], digest_size=HASH).digest()
        self.measures.add(points, text)

    def finish(
        self, *, source: str, how_made: str, report: dict[str, Any], split_rule: SplitRule | None = None
    ) -> dict[str, Any]:
        """Write index and card, and move the corpus to its folder, in place of an older one: the card.

        Raises InputError where there is no line, or the lines cannot be split.
        """
        if not (self.starts[-3] and self.starts[-1]):
            reasons = [f"; {kind}: {group['count']}" for kind, group in report.get("dropped", {}).items()]
            raise InputError(f"{source}: not one line in it can be used{''.join(reasons)}")
        how_split = self._split(split_rule or SplitRule())
        index = np.empty(len(self.starts) // 3, INDEX)
        index["point"], index["text"], index["id"] = np.array(self.starts).reshape(-1, 3).T
        writers, index["writer"][:-1] = self.writers.in_order()
        splits, index["split"][:-1] = self.splits.in_order()
        index["writer"][-1] = index["split"][-1] = -1
        index.tofile(self.scratch / "lines.bin")
        for handle in self.files.values():
            handle.close()
        card = {
            "format_version": FORMAT_VERSION,
            "name": self.folder.name,
            "source": source,
            "how_made": how_made,
            "unit": self.unit,
            "how_split": how_split,
            **self.measures.card(writers, index["writer"][:-1], splits, index["split"][:-1]),
            "report": report,
            "sha256": {name: file_hash(self.scratch / name) for name in FILES},
        }
        (self.scratch / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False), encoding="utf-8")
        self._move_into_place()
        return card

    def _split(self, rule: SplitRule) -> str:
        """Give a split to the lines that have none, or to all where the rule says by what: how it was done."""
        lines = np.flatnonzero(np.array(self.splits.places) == self.splits.known.get("", -1))
        lines = np.arange(len(self.splits.places)) if rule.by else lines
        if not len(lines):
            return "as the source says"
        if len(lines) == 1 and not rule.by:
            self.splits.rename(lines, [TRAIN])
            return f"one line alone, for {TRAIN}"
        inks = [bytes(self.inks[HASH * line : HASH * (line + 1)]) for line in lines.tolist()]
        applied, valid = split_lines(rule, self.writers.of(lines), inks)
        self.splits.rename(lines, [VALID if is_valid else TRAIN for is_valid in valid])
        return str(applied)

    def _move_into_place(self) -> None:
        replaced = self.scratch.with_name(self.scratch.name + ".old")
        if self.folder.exists():
            self.folder.rename(replaced)
        try:
            self.scratch.rename(self.folder)
        except BaseException:
            if replaced.exists():
                replaced.rename(self.folder)
            raise
        shutil.rmtree(replaced, ignore_errors=True)


class _Names:
    """A name of every line, kept as its place among the different ones."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.places = array("i")

    def add(self, name: str) -> None:
        """The name of the next line."""
        self.places.append(self.known.setdefault(name, len(self.known)))

    def of(self, lines: np.ndarray) -> list[str]:
        """The names of these lines."""
        names = list(self.known)
        return [names[place] for place in np.array(self.places)[lines].tolist()]

    def rename(self, lines: np.ndarray, names: Iterable[str]) -> None:
        """Give these lines other names."""
        for line, name in zip(lines.tolist(), names, strict=True):
            self.places[line] = self.known.setdefault(name, len(self.known))

    def in_order(self) -> tuple[list[str], np.ndarray]:
        """The different names in the order of the lines, and of every line the place of its name there: (L,)."""
        used, first, places = np.unique(np.array(self.places), return_index=True, return_inverse=True)
        order = np.argsort(first)
        names = list(self.known)
        return [names[place] for place in used[order].tolist()], np.argsort(order)[places]


def _is_corpus_or_empty(folder: Path) -> bool:
    return folder.is_dir() and {path.name for path in folder.iterdir()} <= {*FILES, CARD}
