"""A prepared corpus: flat arrays and an index on disk, memory-mapped, in data/<name>/.

points.bin  (N, 3) float32  x, y (downward, the data set's units), end_of_stroke, all lines in a row
times.bin   (N,) float64    seconds since the line's first point, NaN where the source has none
texts.bin   bytes           the transcriptions in UTF-8, all in a row
ids.bin     bytes           the lines' ids in UTF-8, all in a row
lines.bin   (L + 1,) INDEX  where each line begins in the others, its writer and split; the last row is the end
card.json                   counts, splits, alphabet, writers, moments of the offsets, unit, source, how made, hashes
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ink.alphabet import Alphabet
from ink.strokes import InkLine
from utils.errors import InputError

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


class Corpus:
    """A prepared corpus, opened without reading it.

    Raises InputError where the folder is not a whole corpus of this format.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card = read_card(folder)
        self.alphabet = Alphabet(self.card["alphabet"])
        try:
            arrays = {name: _mapped(folder / name, *layout) for name, layout in FILES.items()}
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
        sizes_fit = all(self.index[field][-1] == len(data) for field, files in parts.items() for data in files)
        writer, split = (self.index[field][:-1] for field in ("writer", "split"))
        labels = ((writer, len(self.card["writers"])), (split, len(self.split_names)))
        labels_fit = all(((label >= 0) & (label < count)).all() for label, count in labels)
        return sizes_fit and labels_fit and all(_never_falls(self.index[field]) for field in parts)

    def read_with(self, alphabet: str) -> None:
        """Give positions in `alphabet`, that of a trained network, instead of the corpus's own.

        Raises InputError naming the characters that it does not have.
        """
        missing = sorted(set(self.alphabet.characters) - set(alphabet))
        if missing:
            raise InputError(
                f"{self.folder}: it has characters that the network does not know: {' '.join(map(repr, missing))}; "
                f"the network's alphabet is {alphabet!r}, the corpus's {self.alphabet.characters!r}"
            )
        self.alphabet = Alphabet(alphabet)

    def __reduce__(self) -> tuple[Any, ...]:
        """For a worker process: the folder, to be opened again there; the arrays are never copied."""
        return _opened_again, (self.folder, self.alphabet.characters)

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
            unit=self.card.get("unit") or "",
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


def _never_falls(starts: np.ndarray) -> bool:
    return bool(starts[0] >= 0 and (starts[1:] >= starts[:-1]).all())


def _opened_again(folder: Path, alphabet: str) -> Corpus:
    corpus = Corpus(folder)
    corpus.alphabet = Alphabet(alphabet)
    return corpus


def _mapped(path: Path, dtype: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The array in a file, on the disk; an empty file, such as the texts of a corpus without any, cannot be mapped."""
    array = np.memmap(path, dtype, "r") if path.stat().st_size else np.empty(0, dtype)
    return np.asarray(array).reshape(shape)  # whose pieces are made faster than those of a memmap


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a prepared corpus.

    Raises InputError where there is none that can be read, or one of another format.
    """
    path = folder / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{folder}: no prepared corpus; make one with: python prepare_data.py FORMAT SOURCE") from None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read ({error}); prepare the corpus again") from None
    if not isinstance(card, dict) or card.get("format_version") != FORMAT_VERSION:
        raise InputError(f"{path}: not a card of format version {FORMAT_VERSION}; prepare the corpus again")
    if not _has(card, CARD_PARTS) or not all(_has(split, SPLIT_PARTS) for split in card["splits"].values()):
        raise InputError(f"{path}: not a whole card; prepare the corpus again")
    return card


def _has(part: Any, wanted: dict[str, type]) -> bool:
    return isinstance(part, dict) and all(isinstance(part.get(key), kind) for key, kind in wanted.items())
