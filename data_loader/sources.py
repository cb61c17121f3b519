"""Sources of lines, and lines as a network reads them."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch.utils.data import Dataset

from data_loader.augment import Augment
from data_loader.corpus import Corpus
from data_loader.line_choice import characters_of
from data_loader.transform import side_by_side
from ink.alphabet import Alphabet
from ink.strokes import points_to_strokes

Moments = tuple[np.ndarray, np.ndarray]
"""Mean and mean square of the offsets of lines, each (2,), in the corpus's units."""


class Visit(NamedTuple):
    """The occasion on which a line is used: all that its random changes depend on beside the line itself.

    source  place of its corpus in the mixture
    repeat  how often the line came before in this epoch
    """

    seed: int
    epoch: int
    source: int = 0
    repeat: int = 0

    def rng(self, line: int) -> np.random.Generator:
        """Random numbers for this line on this occasion, whatever the order, worker process or resuming."""
        place = (self.source, self.repeat) if self.source or self.repeat else ()
        return np.random.default_rng((self.seed, self.epoch, line, *place))


class LineSource(Protocol):
    """Lines of one corpus, or composed of it.

    Of composed lines the lengths and characters are expected ones.
    """

    @property
    def alphabet(self) -> Alphabet:
        """Characters that texts are positions in."""

    @property
    def lengths(self) -> np.ndarray:
        """Points of every line: (L,) int64."""

    @property
    def characters(self) -> np.ndarray:
        """Characters of every line: (L,) int64."""

    @property
    def writer_names(self) -> list[str]:
        """The writer of every line by name, or the line's id where that is not known; L names.

        Raises InputError where lines have no writer of their own.
        """

    def character_counts(self) -> Counter[str]:
        """Return how often each character was drawn in its ink."""

    def read_with(self, alphabet: str) -> None:
        """Give texts as positions in `alphabet`; raises InputError naming the characters that it lacks."""

    def line(self, position: int, visit: Visit) -> tuple[str, np.ndarray, str]:
        """Id, points (T, 3) and text of the line at `position` of (L,) on this occasion."""


class CorpusLines:
    """Lines of a prepared corpus, augmented at each visit."""

    def __init__(self, corpus: Corpus, lines: np.ndarray, augment: Augment | None = None) -> None:
        self.corpus, self.lines, self.augment = corpus, lines, augment

    @property
    def alphabet(self) -> Alphabet:
        """Characters that texts are positions in."""
        return self.corpus.alphabet

    @property
    def lengths(self) -> np.ndarray:
        """Points of every line: (L,) int64."""
        return self.corpus.lengths[self.lines]

    @property
    def characters(self) -> np.ndarray:
        """Characters of every line: (L,) int64."""
        return characters_of(self.corpus, self.lines)

    @property
    def writer_names(self) -> list[str]:
        """The writer of every line by name, or the line's id where that is not known; L names."""
        names = self.corpus.card["writers"]
        return [names[self.corpus.index["writer"][line]] or self.corpus.id(line) for line in self.lines.tolist()]

    def character_counts(self) -> Counter[str]:
        """Return how often each character was drawn in its ink."""
        return self.corpus.character_counts(self.lines)

    def read_with(self, alphabet: str) -> None:
        """Give texts as positions in `alphabet`; raises InputError naming the characters that it lacks."""
        self.corpus.read_with(alphabet)

    def line(self, position: int, visit: Visit) -> tuple[str, np.ndarray, str]:
        """Id, points (T, 3) and text of the line at `position` of (L,) on this occasion."""
        line = int(self.lines[position])
        points, text = np.asarray(self.corpus.points(line)), self.corpus.text(line)
        if self.augment is not None:
            rng = visit.rng(line)
            if self.augment.join_lines is not None and rng.random() < self.augment.join_lines[0]:
                points, text = self._joined(position, self.augment.join_lines[1], rng)
            points, text = self.augment(points, text, rng)
        return self.corpus.id(line), points, text

    def _joined(self, position: int, max_characters: int, rng: np.random.Generator) -> tuple[np.ndarray, str]:
        """Return points and text of a line with another one by its writer behind it, where there is one that fits."""
        lines = [self.corpus.line(int(self.lines[position]))]
        fits = self._writers == self._writers[position]
        fits &= self._characters + self._characters[position] < max_characters
        fits[position] = False
        others = np.flatnonzero(fits)
        if len(others):
            lines.append(self.corpus.line(int(self.lines[rng.choice(others)])))
        joined = side_by_side(lines)
        return joined.points, joined.text

    @cached_property
    def _writers(self) -> np.ndarray:
        return self.corpus.index["writer"][self.lines]

    @cached_property
    def _characters(self) -> np.ndarray:
        return self.characters


class Lines(Dataset[tuple[Any, ...]]):
    """Lines of one or more sources as a network reads them, by (epoch, position): id, strokes (T, 3), positions (U,).

    With `writers` (L,), a number for each line's writer, that comes fourth.

    Position r * L + p of L lines in all is line p of the concatenated sources in its repeat r of the epoch.
    """

    def __init__(
        self,
        sources: Sequence[LineSource],
        std: tuple[float, float],
        seed: int = 1,
        writers: np.ndarray | None = None,
    ) -> None:
        self.sources, self.std, self.seed, self.writers = sources, std, seed, writers
        self.starts = np.cumsum([0, *(len(source.lengths) for source in sources)])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __getitem__(self, place: tuple[int, int]) -> tuple[Any, ...]:
        epoch, position = place
        repeat, position = divmod(position, len(self))
        number = int(np.searchsorted(self.starts, position, side="right")) - 1
        source, visit = self.sources[number], Visit(self.seed, epoch, number, repeat)
        name, points, text = source.line(position - int(self.starts[number]), visit)
        strokes = points_to_strokes(points, self.std)
        line = name, torch.from_numpy(strokes), torch.from_numpy(source.alphabet.encode(text))
        return line if self.writers is None else (*line, int(self.writers[position]))


def writer_numbers(sources: Sequence[LineSource]) -> np.ndarray:
    """A number for the writer of every line (L,) int64: equal where the names are, in whichever source."""
    return np.unique([name for source in sources for name in source.writer_names], return_inverse=True)[1]
