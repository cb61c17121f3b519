"""A prepared corpus, opened for reading; corpus_files.py has the layout of its files."""

from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.integrity import open_files, read_card
from ink.alphabet import Alphabet
from ink.strokes import InkLine
from utils.errors import InputError


class Corpus:
    """A prepared corpus, opened without reading it.

    Raises InputError where the folder is not a whole corpus of this format.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.card = read_card(folder)
        self.alphabet = Alphabet(self.card["alphabet"])
        arrays = open_files(folder, self.card)
        self._points, self._times, self._texts, self._ids, self.index = arrays.values()
        self.split_names = list(self.card["splits"])

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

    @cached_property
    def text_lengths(self) -> np.ndarray:
        """Characters of every line's transcription: int64."""
        begins = (np.asarray(self._texts) & 0xC0) != 0x80  # bytes of UTF-8 that begin a character
        return np.diff(np.concatenate([[0], np.cumsum(begins)])[self.index["text"]])

    def character_counts(self, lines: np.ndarray) -> Counter[str]:
        """Return how often each character occurs in the transcriptions of these lines."""
        chosen = np.repeat(np.isin(np.arange(len(self)), lines), np.diff(self.index["text"]))
        return Counter(np.asarray(self._texts)[: len(chosen)][chosen].tobytes().decode())

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
            made_of = self.folder.name.rpartition("-")[0]  # of a derived corpus, whose own name is nobody's
            name = made_of if self.folder.parent.name.startswith(".") else self.folder
            raise InputError(f"{name}: no split {', '.join(unknown)}; it has {', '.join(self.split_names)}")
        wanted = [self.split_names.index(split) for split in splits]
        return np.flatnonzero(np.isin(self.index["split"][:-1], wanted))

    def writers_of(self, splits: Iterable[str]) -> set[str]:
        """The known writers of the lines in these splits."""
        places = np.unique(self.index["writer"][self.lines_of(splits)]).tolist()
        return {self.card["writers"][place] for place in places} - {""}

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


def _opened_again(folder: Path, alphabet: str) -> Corpus:
    corpus = Corpus(folder)
    corpus.alphabet = Alphabet(alphabet)
    return corpus
