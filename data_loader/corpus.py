"""A prepared corpus: flat arrays and an index on disk, memory-mapped, in data/<name>/.

points.bin  (N, 3) float32  x, y (downward, the data set's units), end_of_stroke, all lines in a row
times.bin   (N,) float64    seconds since the line's first point, NaN where the source has none
texts.bin   bytes           the transcriptions in UTF-8, all in a row
ids.bin     bytes           the lines' ids in UTF-8, all in a row
lines.bin   (L + 1,) INDEX  where each line begins in the others, its writer and split; the last row is the end
card.json                   counts, splits, alphabet, writers, moments of the offsets, source, how made, hashes
"""

import json
import os
import shutil
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.alphabet import Alphabet
from data_loader.strokes import InkLine
from utils.errors import InputError
from utils.files import file_hash

INDEX = np.dtype([("point", "<i8"), ("text", "<i8"), ("id", "<i8"), ("writer", "<i4"), ("split", "<i4")])
FORMAT_VERSION = 1
CARD_PARTS = {"name": str, "source": str, "lines": int, "alphabet": str, "splits": dict, "writers": list}
SPLIT_PARTS = {"offsets": int, "sum": list, "sum_of_squares": list}
"""What is read of a card, and of each of its splits."""
FILES: dict[str, tuple[Any, tuple[int, ...]]] = {
    "points.bin": ("<f4", (-1, 3)),
    "times.bin": ("<f8", (-1,)),
    "texts.bin": ("u1", (-1,)),
    "ids.bin": ("u1", (-1,)),
    "lines.bin": (INDEX, (-1,)),
}
CARD = "card.json"


class CorpusWriter:
    """Writes lines one by one beside `folder` and puts them there when complete; on any error nothing is left.

    Raises InputError where `folder` cannot be written, or holds anything but an older corpus.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scratch = folder.with_name(f".{folder.name}.{os.getpid()}")
        self.index: list[tuple[int, int, int, int, int]] = []
        self.position = [0, 0, 0]
        self.writers: dict[str, int] = {}
        self.splits: dict[str, dict[str, Any]] = {}
        self.split_writers: dict[str, set[str]] = {}
        self.characters: dict[str, Counter[str]] = {}

    def __enter__(self) -> "CorpusWriter":
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            if self.folder.exists() and not _is_corpus_or_empty(self.folder):
                raise InputError(f"{self.folder}: is there and no prepared corpus; choose another name")
            shutil.rmtree(self.scratch, ignore_errors=True)
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
        """Append a line."""
        text = unicodedata.normalize("NFC", line.text)
        times = np.full(len(line.points), np.nan) if line.times is None else line.times
        parts = {
            "points.bin": np.ascontiguousarray(line.points, "<f4").tobytes(),
            "times.bin": np.ascontiguousarray(times, "<f8").tobytes(),
            "texts.bin": text.encode(),
            "ids.bin": line.id.encode(),
        }
        for name, data in parts.items():
            self.files[name].write(data)
        writer = self.writers.setdefault(line.writer, len(self.writers))
        self.index.append((*self.position, writer, self._count(line, text)))  # type: ignore[arg-type]
        self.position[0] += len(line.points)
        self.position[1] += len(parts["texts.bin"])
        self.position[2] += len(parts["ids.bin"])

    def _count(self, line: InkLine, text: str) -> int:
        """Add the line to its split's numbers; the split's position."""
        moments = {"offsets": 0, "sum": [0.0, 0.0], "sum_of_squares": [0.0, 0.0]}
        split = self.splits.setdefault(line.split, {"lines": 0, "points": 0, "characters": 0, **moments})
        offsets = np.diff(line.points[:, :2].astype(np.float64), axis=0)
        split["lines"] += 1
        split["points"] += len(line.points)
        split["characters"] += len(text)
        split["offsets"] += len(offsets)
        split["sum"] = (offsets.sum(0) + split["sum"]).tolist()
        split["sum_of_squares"] = (np.square(offsets).sum(0) + split["sum_of_squares"]).tolist()
        self.split_writers.setdefault(line.split, set()).add(line.writer)
        self.characters.setdefault(line.split, Counter()).update(text)
        return list(self.splits).index(line.split)

    def finish(self, *, source: str, how_made: str, report: dict[str, Any]) -> dict[str, Any]:
        """Write index and card, and move the corpus to its folder, in place of an older one: the card."""
        if not all(self.position):
            raise InputError(f"{source}: not one line in it can be used")
        with open(self.scratch / "lines.bin", "wb") as file:
            file.write(np.array([*self.index, (*self.position, -1, -1)], INDEX).tobytes())
        for handle in self.files.values():
            handle.close()
        card = self._card(source, how_made, report)
        (self.scratch / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False), encoding="utf-8")
        self._move_into_place()
        return card

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

    def _card(self, source: str, how_made: str, report: dict[str, Any]) -> dict[str, Any]:
        characters = sum(self.characters.values(), Counter())
        for name, split in self.splits.items():
            split["writers"] = len(self.split_writers[name] - {""})
        return {
            "format_version": FORMAT_VERSION,
            "name": self.folder.name,
            "source": source,
            "how_made": how_made,
            "lines": len(self.index),
            "points": self.position[0],
            "alphabet": "".join(sorted(characters)),
            "characters": dict(characters.most_common()),
            "splits": self.splits,
            "writers": list(self.writers),
            "report": report,
            "sha256": {name: file_hash(self.scratch / name) for name in FILES},
        }


def _is_corpus_or_empty(folder: Path) -> bool:
    return folder.is_dir() and {path.name for path in folder.iterdir()} <= {*FILES, CARD}


class Corpus:
    """A prepared corpus, opened without reading it.

    Raises InputError where the folder is not a whole corpus of this format.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card = read_card(folder)
        self.alphabet = Alphabet(self.card["alphabet"])
        try:
            arrays = {
                name: np.memmap(folder / name, dtype, "r").reshape(shape) for name, (dtype, shape) in FILES.items()
            }
        except (OSError, ValueError) as error:
            raise InputError(f"{folder}: not a whole corpus ({error}); prepare it again") from None
        self._points, self._times, self._texts, self._ids, self.index = arrays.values()
        self.split_names = list(self.card["splits"])
        if not self._is_whole():
            raise InputError(f"{folder}: its files do not fit its card; prepare it again")

    def _is_whole(self) -> bool:
        """Whether card, index and files speak of the same lines."""
        if len(self.index) != self.card["lines"] + 1:
            return False
        parts = {"point": (self._points, self._times), "text": (self._texts,), "id": (self._ids,)}
        starts = [np.append(0, self.index[field]) for field in parts]
        sizes_fit = all(self.index[field][-1] == len(data) for field, files in parts.items() for data in files)
        labels = {"writer": len(self.card["writers"]), "split": len(self.split_names)}
        labels_fit = all(np.isin(self.index[field][:-1], range(count)).all() for field, count in labels.items())
        return sizes_fit and labels_fit and all((np.diff(start) >= 0).all() for start in starts)

    def read_with(self, alphabet: str) -> None:
        """Give positions in `alphabet`, that of a trained network, instead of the corpus's own.

        Raises InputError naming the characters that it does not have.
        """
        missing = sorted(set(self.alphabet.characters) - set(alphabet))
        if missing:
            raise InputError(f"{self.folder}: it has characters that the network does not know: {' '.join(missing)}")
        self.alphabet = Alphabet(alphabet)

    def __len__(self) -> int:
        return len(self.index) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Points of every line: (L,) int64."""
        return np.diff(self.index["point"])

    def points(self, line: int) -> np.ndarray:
        """Points (T, 3) of a line, a view on the disk."""
        return self._points[self.index["point"][line] : self.index["point"][line + 1]]

    def text(self, line: int) -> str:
        """Transcription of a line."""
        return self._texts[self.index["text"][line] : self.index["text"][line + 1]].tobytes().decode()

    def id(self, line: int) -> str:
        """Id of a line."""
        return self._ids[self.index["id"][line] : self.index["id"][line + 1]].tobytes().decode()

    def line(self, line: int) -> InkLine:
        """Everything known about a line."""
        times = self._times[self.index["point"][line] : self.index["point"][line + 1]]
        return InkLine(
            id=self.id(line),
            text=self.text(line),
            writer=self.card["writers"][self.index["writer"][line]],
            split=self.split_names[self.index["split"][line]],
            points=np.array(self.points(line)),
            times=None if np.isnan(times).any() else np.array(times),
        )

    def lines_of(self, splits: Iterable[str]) -> np.ndarray:
        """Positions of the lines in these splits: int64.

        Raises InputError naming a split that the corpus does not have.
        """
        unknown = [split for split in splits if split not in self.split_names]
        if unknown:
            raise InputError(f"{self.folder}: no split {', '.join(unknown)}; it has {', '.join(self.split_names)}")
        wanted = [self.split_names.index(split) for split in splits]
        return np.flatnonzero(np.isin(self.index["split"][:-1], wanted))

    def std(self, splits: Iterable[str]) -> tuple[float, float]:
        """Per-axis standard deviation of all offsets in these splits, in the data set's units."""
        parts = [self.card["splits"][split] for split in splits]
        count = sum(part["offsets"] for part in parts)
        mean = np.sum([part["sum"] for part in parts], 0) / count
        variance = np.sum([part["sum_of_squares"] for part in parts], 0) / count - mean**2
        x, y = np.sqrt(variance)
        if not (x > 0 and y > 0):
            raise InputError(f"{self.folder}: its ink does not move in both directions; nothing can be learned from it")
        return float(x), float(y)


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a prepared corpus.

    Raises InputError where there is none that can be read, or one of another format.
    """
    path = folder / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{folder}: no prepared corpus; make one with: python prepare_data.py FORMAT SOURCE") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); prepare the corpus again") from None
    if not isinstance(card, dict) or card.get("format_version") != FORMAT_VERSION:
        raise InputError(f"{path}: not a card of format version {FORMAT_VERSION}; prepare the corpus again")
    if not _has(card, CARD_PARTS) or not all(_has(split, SPLIT_PARTS) for split in card["splits"].values()):
        raise InputError(f"{path}: not a whole card; prepare the corpus again")
    return card


def _has(part: Any, wanted: dict[str, type]) -> bool:
    return isinstance(part, dict) and all(isinstance(part.get(key), kind) for key, kind in wanted.items())
