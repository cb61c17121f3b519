"""Several corpora in one training: entries of a config, opened together, with one alphabet and one std."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from data_loader.augment import Augment
from data_loader.batching import LengthSampler, MixtureSampler
from data_loader.compose import Compose, ComposedCorpus
from data_loader.corpus import Corpus
from data_loader.line_choice import Rules, characters_of, lines_of_digits, splits_to_use
from data_loader.prepare import BUILT_IN, PRACTICE, open_corpus
from data_loader.sources import CorpusLines, LineSource, Moments
from data_loader.transform import Transform, open_transformed
from utils.errors import InputError

MAX_LINES_PER_EPOCH = 5_000_000
"""Lines that `points_per_epoch` may come to; their order is made in seconds."""


@dataclass(frozen=True, kw_only=True)
class MixtureEntry:
    """A corpus of a mixture.

    share         of the points of an epoch; shares are divided by their sum
    train, valid  names of its splits; valid [] validates nothing
    transform     of its lines; None: that of the data loader
    augment       of its training lines; None: that of the data loader
    compose       train on lines composed of the corpus's words instead, see data_loader.compose
    name          in logs, such as val_loss/<name>; None: that of the corpus, "-composed" behind it if so it is
    """

    corpus: str
    share: float
    train: list[str] | None = None
    valid: list[str] | None = None
    transform: Transform | None = None
    augment: Augment | None = None
    compose: Compose | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if not self.share > 0:
            raise ValueError(f"the share of {self.corpus} is {self.share}; it must be above 0")
        if self.compose and self.transform and self.transform.join_words:
            raise ValueError(f"{self.corpus}: compose and transform.join_words exclude each other")

    def with_defaults(self, transform: Transform | None, augment: Augment | None) -> "MixtureEntry":
        """The entry with these where it has none of its own."""
        return replace(self, transform=self.transform or transform, augment=self.augment or augment)

    @property
    def label(self) -> str:
        """Its name in logs."""
        return self.name or self.corpus + ("-composed" if self.compose else "")


class Opened(Protocol):
    """An entry's corpus and the names of its splits."""

    corpus: Corpus
    train: list[str]
    valid: list[str]

    def validated_writers(self) -> set[str]:
        """The known writers of the lines to validate."""

    def moments(self, elsewhere: set[str]) -> Moments:
        """Mean and mean square of the offsets of its training lines."""

    def training(
        self, rules: Rules, std: tuple[float, float], digits: list[int | str] | None, elsewhere: set[str]
    ) -> tuple[LineSource, dict[str, int]]:
        """The lines to train on, but for those of writers validated `elsewhere`, and how many each rule leaves out.

        Raises InputError where no line remains.
        """

    def validation(self, digits: list[int | str] | None) -> LineSource:
        """All lines to validate."""


class OpenedCorpus:
    """A corpus, transformed, of which whole lines are used; see `Opened`."""

    def __init__(self, corpus: Corpus, train: list[str], valid: list[str], augment: Augment | None) -> None:
        self.corpus, self.train, self.valid, self.augment = corpus, train, valid, augment

    def validated_writers(self) -> set[str]:
        return self.corpus.writers_of(self.valid)

    def moments(self, elsewhere: set[str]) -> Moments:
        splits = [self.corpus.card["splits"][split] for split in self.train]
        count = sum(split["offsets"] for split in splits)
        sums, squares = (np.sum([split[key] for split in splits], 0) for key in ("sum", "sum_of_squares"))
        return sums / count, squares / count

    def training(
        self, rules: Rules, std: tuple[float, float], digits: list[int | str] | None, elsewhere: set[str]
    ) -> tuple[LineSource, dict[str, int]]:
        lines = lines_of_digits(self.corpus, self.train, digits)
        writers = [place for place, name in enumerate(self.corpus.card["writers"]) if name in elsewhere]
        validated = np.isin(self.corpus.index["writer"][lines], writers)
        if validated.all():
            raise InputError(f"{self.corpus.folder}: another entry validates the writers of all its training lines")
        lines, left_out = rules.apply(self.corpus, lines[~validated], std)
        left_out |= {"writers validated in another corpus": int(validated.sum())} if validated.any() else {}
        return CorpusLines(self.corpus, lines, self.augment), left_out

    def validation(self, digits: list[int | str] | None) -> LineSource:
        return CorpusLines(self.corpus, lines_of_digits(self.corpus, self.valid, digits))


class Mixture:
    """The training lines of one or more entries.

    sources   the lines of each
    counts    lines of each per epoch, so that its points are shared by `shares` in the mean: as many points in all as
              `points_per_epoch`, or as give every line of the source with most points once
    left_out  how many lines are not trained on, by rule

    A writer known by name whom one entry validates is trained on in no other entry.

    Raises InputError where the entries cannot be reconciled, before anything is derived, or no line remains.
    """

    def __init__(
        self,
        entries: Sequence[MixtureEntry],
        data_dir: Path,
        rules: Rules,
        digits: list[int | str] | None = None,
        points_per_epoch: int | None = None,
    ) -> None:
        self.entries, self.opened, self.digits = list(entries), open_entries(entries, data_dir), digits
        total = sum(entry.share for entry in entries)
        self.shares = [entry.share / total for entry in entries]
        validated = [opened.validated_writers() if len(entries) > 1 else set() for opened in self.opened]
        elsewhere = [set().union(*validated[:n], *validated[n + 1 :]) for n in range(len(validated))]
        moments = [opened.moments(some) for opened, some in zip(self.opened, elsewhere, strict=True)]
        self.std = self._mixed_std(moments)
        self.sources: list[LineSource] = []
        self.left_out: dict[str, int] = {}
        for entry, opened, some in zip(entries, self.opened, elsewhere, strict=True):
            source, left_out = opened.training(rules, self.std, digits, some)
            of = f" of {entry.label}" if len(entries) > 1 else ""
            self.left_out |= {f"{rule}{of}": count for rule, count in left_out.items()}
            self.sources.append(source)
        self.is_whole = len(entries) == 1 and points_per_epoch is None and entries[0].compose is None
        self.counts = self._lines_per_epoch(points_per_epoch)
        if digits is not None:
            self.validation()  # a digit without a line to validate is named before the run starts

    def _mixed_std(self, moments: list[Moments]) -> tuple[float, float]:
        """Per-axis standard deviation of offsets drawn from each entry's training lines by its share."""
        mean, square = (
            np.sum([share * part[i] for share, part in zip(self.shares, moments, strict=True)], 0) for i in (0, 1)
        )
        x, y = np.sqrt(square - mean**2)
        if not (x > 0 and y > 0):
            where = ", ".join(str(opened.corpus.folder) for opened in self.opened)
            raise InputError(f"{where}: its ink does not move in both directions; nothing can be learned from it")
        return float(x), float(y)

    def _lines_per_epoch(self, points_per_epoch: int | None) -> list[int]:
        points = [float(source.lengths.sum()) for source in self.sources]
        largest = int(np.argmax(points))
        wanted = points_per_epoch or points[largest] / self.shares[largest]
        means = [total / len(source.lengths) for total, source in zip(points, self.sources, strict=True)]
        counts = [max(1, round(wanted * share / mean)) for share, mean in zip(self.shares, means, strict=True)]
        if points_per_epoch and sum(counts) > MAX_LINES_PER_EPOCH:
            raise InputError(
                f"data_loader.args.points_per_epoch is {points_per_epoch:,}: {sum(counts):,} lines per epoch, more "
                f"than {MAX_LINES_PER_EPOCH:,}; choose fewer points and more epochs"
            )
        return counts

    def sampler(self, batch_size: int, seed: int) -> LengthSampler:
        """The order of the training lines."""
        lengths = [source.lengths for source in self.sources]
        if self.is_whole:
            return LengthSampler(lengths[0], batch_size, seed)
        return MixtureSampler(lengths, self.counts, batch_size, seed)

    def character_counts(self) -> Counter[str]:
        """Return how often each character was drawn by people in the training lines; by the built-in corpora, and
        lines of `prepare_data.py practice`, where there is no other ink.
        """
        pairs = list(zip(self.opened, self.sources, strict=True))
        by_people = [source for opened, source in pairs if opened.corpus.card["source"] not in (*BUILT_IN, PRACTICE)]
        return sum((source.character_counts() for source in by_people or self.sources), Counter())

    def validation(self) -> dict[str, LineSource]:
        """The lines to validate, by the entry's name."""
        pairs = zip(self.entries, self.opened, strict=True)
        return {entry.label: opened.validation(self.digits) for entry, opened in pairs if opened.valid}

    def notes(self) -> list[str]:
        """Sentences on the mixture for the log: what an epoch is made of."""
        if self.is_whole:
            return []
        return [
            f"{card['name']}: {card['share']:.1%} of the points, {card['lines_per_epoch']:,} lines per epoch of "
            f"{card['lines']:,}"
            for card in self.card()
        ]

    def card(self) -> list[dict[str, Any]]:
        """Facts of every entry for a checkpoint, plain data."""
        return [
            {
                "name": entry.label,
                "corpus": entry.corpus,
                "share": share,
                "train": opened.train,
                "valid": opened.valid,
                "transform": entry.transform.settings if entry.transform else {},
                "compose": entry.compose.settings if entry.compose else {},
                "lines": len(source.lengths),
                "points": int(source.lengths.sum()),
                "lines_per_epoch": count,
            }
            for entry, opened, share, source, count in zip(
                self.entries, self.opened, self.shares, self.sources, self.counts, strict=True
            )
        ]


def open_entries(entries: Sequence[MixtureEntry], data_dir: Path) -> list[Opened]:
    """Open the entries' corpora; what cannot be reconciled is named before anything is derived.

    Raises InputError where a split is unknown, a corpus has no text while others have, or sizes of ink differ.
    """
    repeated = [label for label, count in Counter(entry.label for entry in entries).items() if count > 1]
    if repeated:
        raise InputError(f"data_loader.args.corpus: two entries are named {repeated[0]}; give each a name of its own")
    if len(entries) > 1:
        require_alike(entries, [open_corpus(entry.corpus, data_dir) for entry in entries])
    return [open_entry(entry, data_dir) for entry in entries]


def open_entry(entry: MixtureEntry, data_dir: Path) -> Opened:
    """Open an entry's corpora, transformed or measured; raises InputError where they cannot be used."""
    corpus = open_transformed(entry.corpus, data_dir, None if entry.compose else entry.transform)
    splits = splits_to_use(corpus, entry.train, entry.valid)
    if not entry.compose:
        return OpenedCorpus(corpus, *splits, entry.augment)
    return ComposedCorpus(corpus, *splits, data_dir, entry.compose, entry.transform, entry.augment)


def require_alike(entries: Sequence[MixtureEntry], corpora: Sequence[Corpus]) -> None:
    """Raise InputError where corpora cannot be learned from together."""
    where = "data_loader.args.corpus"
    validates, has_text, units = False, {}, {}
    for entry, corpus in zip(entries, corpora, strict=True):
        train, valid = splits_to_use(corpus, entry.train, entry.valid)
        validates |= bool(valid)
        has_text[entry.label] = bool(characters_of(corpus, corpus.lines_of(train)).any())
        if not (entry.transform and (entry.transform.normalise_size or entry.transform.normalise_height)):
            units[entry.label] = corpus.card.get("unit") or "a unit of its own"
    if not validates:
        raise InputError(f"{where}: no entry has lines to validate; name a split as valid in one of them")
    textless = [label for label, some in has_text.items() if not some]
    if textless and len(textless) < len(has_text):
        raise InputError(f"{where}: no training line of {textless[0]} has a text, and others have; leave it out")
    if units and (len(units) < len(entries) or len(set(units.values())) > 1):
        named = ", ".join(f"{label} is in {unit}" for label, unit in units.items())
        fix = 'give every entry "transform": {"normalise_size": true}'
        raise InputError(f"{where}: the ink is of unlike sizes ({named}); {fix}")
