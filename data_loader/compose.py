"""Lines composed anew at each visit of words and single characters of one writer."""

from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.augment import Augment
from data_loader.corpus import Corpus
from data_loader.ink_measures import measures_of
from data_loader.line_choice import DEFAULT_SPLITS, Rules
from data_loader.line_setting import LineSetter
from data_loader.prepare import open_corpus
from data_loader.sources import LineSource, Moments, Visit
from data_loader.transform import Transform
from data_loader.writer_ink import Pieces, WriterInk, inks_of
from ink.alphabet import Alphabet
from ink.strokes import InkLine
from utils.errors import InputError

KINDS = ("words", "numbers", "dates", "capitals", "codes", "signs")
ENOUGH_WORDS = 80
"""Words of a writer beyond which the writer is not drawn more often."""
SAMPLE = 96
"""Lines that are composed to learn how long they are and how their offsets vary."""


@dataclass(frozen=True, kw_only=True)
class Compose:
    """Words, numbers and the like that lines are composed of.

    words        [fewest, largest] number of words of a line
    kinds        shares of lines of words, numbers, dates, capitals, codes, signs at words; all but words need
                 `characters`
    characters   corpus of single characters, by the same names of writers; null: words alone
    punctuation  share of words with a mark behind or around them
    """

    words: tuple[int, int] = (3, 8)
    kinds: dict[str, float] = field(default_factory=lambda: {"words": 1.0})
    characters: str | None = None
    punctuation: float = 0.25

    def __post_init__(self) -> None:
        if len(self.words) != 2 or not 1 <= self.words[0] <= self.words[1] <= 100:
            raise ValueError(f"compose.words is {list(self.words)}; it must be [fewest, largest], from 1 to 100")
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown or not self.kinds:
            raise ValueError(f"compose.kinds has {unknown or 'nothing'}; there are {', '.join(KINDS)}")
        if not all(share >= 0 for share in self.kinds.values()) or not sum(self.kinds.values()) > 0:
            raise ValueError(f"compose.kinds is {self.kinds}; shares must be 0 or more, and one of them above")
        if self.characters is None and {kind for kind, share in self.kinds.items() if share} - {"words"}:
            raise ValueError("compose.characters is missing: all kinds but words are made of them")
        if not 0 <= self.punctuation <= 1:
            raise ValueError(f"compose.punctuation is {self.punctuation}; it must be from 0 to 1")

    @property
    def settings(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {**asdict(self), "words": list(self.words)}


class ComposedLines:
    """Lines composed of the words and characters of one writer of `inks` each.

    They are a function of the line and the visit, bit for bit: as many lines as use every word about once. With
    `is_fixed` they are the same at every visit.
    """

    def __init__(
        self,
        words: Pieces,
        letters: Pieces | None,
        inks: dict[str, WriterInk],
        compose: Compose,
        transform: Transform | None,
        augment: Augment | None,
        *,
        is_fixed: bool = False,
    ) -> None:
        self.words, self.letters, self.inks, self.writers, self.compose = words, letters, inks, list(inks), compose
        self.transform = replace(transform, normalise_baseline=False) if transform else None  # it is level at y = 0
        self.augment, self.is_fixed = augment, is_fixed
        self.alphabet = Alphabet({" ", *words.corpus.alphabet.characters, *(letters.alphabet if letters else "")})
        counts = [len(words.of.get(writer, ())) or len(letters.of[writer] if letters else ()) for writer in inks]
        self.chances = np.cumsum(np.minimum(counts, ENOUGH_WORDS), dtype=np.float64)
        fewest, largest = compose.words
        number = max(1, round(2 * sum(counts) / (fewest + largest)))
        self.word_counts = fewest + np.arange(number) % (largest - fewest + 1)
        sample = [self.line(line, Visit(0, 0)) for line in range(min(SAMPLE, number))]
        words_composed = int(self.word_counts[: len(sample)].sum())
        sizes = (sum(len(line[part]) for line in sample) / words_composed for part in (1, 2))
        self.lengths, self.characters = (np.rint(self.word_counts * size).astype(np.int64) for size in sizes)
        offsets = np.concatenate([np.diff(points[:, :2].astype(np.float64), axis=0) for _, points, _ in sample])
        self.moments: Moments = (offsets.mean(0), np.square(offsets).mean(0))

    @property
    def writer_names(self) -> list[str]:
        """Raise InputError: another writer's line comes at every visit."""
        raise InputError(f"{self.words.corpus.folder}: composed lines have no writer of their own; leave compose out")

    def character_counts(self) -> Counter[str]:
        """Return how often each character was drawn in the words and characters that lines are composed of."""
        pieces = [piece for piece in (self.words, self.letters) if piece]
        drawn = [
            np.concatenate([piece.of[name] for name in self.writers if name in piece.of] or [piece.lines[:0]])
            for piece in pieces
        ]
        counts = [piece.corpus.character_counts(lines) for piece, lines in zip(pieces, drawn, strict=True)]
        return sum(counts, Counter())

    def read_with(self, alphabet: str) -> None:
        """Give texts as positions in `alphabet`; raises InputError naming the characters that it lacks."""
        missing = sorted({*self.alphabet.characters} - {*alphabet})
        if missing:
            raise InputError(
                f"{self.words.corpus.folder}: lines composed of it have characters that the network does not know: "
                f"{' '.join(map(repr, missing))}; the network's alphabet is {alphabet!r}"
            )
        self.alphabet = Alphabet(alphabet)

    def line(self, position: int, visit: Visit) -> tuple[str, np.ndarray, str]:
        """Id, points (T, 3) and text of the line at `position` of (L,) on this occasion."""
        rng = (Visit(0, 0) if self.is_fixed else visit).rng(position)
        writer = self.writers[int(np.searchsorted(self.chances, rng.random() * self.chances[-1], side="right"))]
        setter = LineSetter(self.inks[writer], rng, self.compose.kinds, self.compose.punctuation, self.words.some_text)
        points, text = setter.line(int(self.word_counts[position]))
        name = f"{writer}-composed-{position}"
        if self.transform:
            points = self.transform.line(InkLine(name, text, writer, "", points)).points
        if self.augment:
            points, text = self.augment(points, text, rng)
        return name, points, text


class ComposedCorpus:
    """A corpus of words of which lines are composed, and one of single characters, of whichever split.

    Writers of whom there are characters alone are validated where the characters' corpus validates them.
    """

    def __init__(
        self,
        corpus: Corpus,
        train: list[str],
        valid: list[str],
        data_dir: Path,
        compose: Compose,
        transform: Transform | None,
        augment: Augment | None,
    ) -> None:
        self.corpus, self.train, self.valid = corpus, train, valid
        self.compose, self.transform, self.augment = compose, transform, augment
        self.measures = measures_of(corpus, data_dir)
        self.letters: Pieces | None = None
        self.writers, self.validated = corpus.writers_of(train), corpus.writers_of(valid)
        if compose.characters is not None:
            letters = open_corpus(compose.characters, data_dir)
            self.letters = Pieces(letters, measures_of(letters, data_dir), np.arange(len(letters)))
            usual = {split for _, valid_splits in DEFAULT_SPLITS for split in valid_splits} & {*letters.split_names}
            letters_alone = letters.writers_of(letters.split_names) - corpus.writers_of(corpus.split_names)
            letters_valid = letters_alone & letters.writers_of(usual)
            self.writers |= letters_alone - letters_valid
            self.validated |= letters_valid if valid else set()
        self.trained: dict[frozenset[str], ComposedLines] = {}

    def validated_writers(self) -> set[str]:
        """The known writers of the lines to validate."""
        return self.validated

    def moments(self, elsewhere: set[str]) -> Moments:
        """Mean and mean square of the offsets of a sample of its training lines."""
        return self._composed_for_training(elsewhere).moments

    def training(
        self, rules: Rules, std: tuple[float, float], digits: list[int | str] | None, elsewhere: set[str]
    ) -> tuple[LineSource, dict[str, int]]:
        """The lines to train on, by no writer who is validated; the rules are not for composed lines.

        Raises InputError where no writer remains.
        """
        return self._composed_for_training(elsewhere), {}

    def validation(self, digits: list[int | str] | None) -> LineSource:
        """Lines to validate, the same in every epoch."""
        return self._composed(self.valid, self.validated, None, is_fixed=True)

    def lines_held_back(self) -> ComposedLines:
        """Lines of the writers to validate, others at every visit."""
        return self._composed(self.valid, self.validated, None)

    def _composed_for_training(self, elsewhere: set[str]) -> ComposedLines:
        kept = frozenset(self.writers - self.validated - elsewhere)
        if kept not in self.trained:
            self.trained[kept] = self._composed(self.train, kept, self.augment)
        return self.trained[kept]

    def _composed(
        self, splits: list[str], writers: AbstractSet[str], augment: Augment | None, *, is_fixed: bool = False
    ) -> ComposedLines:
        words = Pieces(self.corpus, self.measures, self.corpus.lines_of(splits))
        inks = inks_of(words, self.letters, writers)
        if not inks:
            raise InputError(f"{self.corpus.folder}: no known writer in {', '.join(splits)} to compose lines of")
        return ComposedLines(words, self.letters, inks, self.compose, self.transform, augment, is_fixed=is_fixed)
