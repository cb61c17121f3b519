"""From prepared corpora to batches."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from base.base_data_loader import BaseDataLoader
from data_loader.augment import Augment
from data_loader.batching import LengthSampler, SourceSampler, WriterSampler, collate
from data_loader.line_choice import Rules, notes_on_few
from data_loader.mixture import Mixture, MixtureEntry
from data_loader.prepare import BUILT_IN
from data_loader.sources import Lines, writer_numbers
from data_loader.transform import Transform
from utils.errors import at_least

MAX_WORKERS = 256


class HandwritingDataLoader(BaseDataLoader):
    """Lines of a prepared corpus or of a mixture of several, batched by length, shuffled anew each epoch.

    corpus            the name of a corpus, or the entries of a mixture, see data_loader.mixture
    data_dir          folder of the prepared corpora
    train, valid      names of the corpus's splits; null: train and valid, or trainset and testset_v; train ["*"]: all
                      that are not validated; valid []: none is; std and points per character come from `train` alone
    digits            lines whose text is one of these, trained on and validated; alphabet and std stay the corpus's
    alphabet          all characters that the network is to have; null: those of the corpora
    transform         applied to all lines of the corpus, see data_loader.transform; everything else here concerns
                      the transformed lines
    augment           random changes of training lines, see data_loader.augment; the rules below ignore them
    batch_size        lines per batch, of each process
    max_points        lines that are longer are left out of training (never out of validation)
    points_per_char   [lowest, highest]: lines outside are left out of training, as their text is likely wrong
    max_jump          lines with a longer move from point to point, in units of std, are left out of training
    points_per_epoch  about this number of points make an epoch; null: as many as give every line of the largest
                      corpus once
    lines_per_writer  lines of a batch come in groups of this many by one writer, and the batch tells whose: for losses
                      that compare writers; null: they come in any order
    num_workers       number of processes that draw batches ahead; null: up to 4 where there is a GPU, else none
    processes         number of processes; a batch has `batch_size` lines for each
    """

    def __init__(
        self,
        *,
        corpus: str | list[MixtureEntry],
        data_dir: str = "data",
        train: list[str] | None = None,
        valid: list[str] | None = None,
        digits: list[int | str] | None = None,
        alphabet: str | None = None,
        batch_size: int = 32,
        max_points: int | None = None,
        points_per_char: list[float] | None = None,
        max_jump: float | None = None,
        transform: Transform | None = None,
        augment: Augment | None = None,
        points_per_epoch: int | None = None,
        lines_per_writer: int | None = None,
        num_workers: int | None = None,
        seed: int = 1,
        processes: int = 1,
    ) -> None:
        at_least(1, batch_size=batch_size, processes=processes, points_per_epoch=points_per_epoch)
        at_least(2, lines_per_writer=lines_per_writer)
        if num_workers is not None and not 0 <= num_workers <= MAX_WORKERS:
            raise ValueError(f"num_workers is {num_workers}; it must be 0 to {MAX_WORKERS}")
        if isinstance(corpus, str):
            corpus = [MixtureEntry(corpus=corpus, share=1.0, train=train, valid=valid)]
        elif not corpus or (train, valid, digits) != (None, None, None):
            raise ValueError("corpus is a list: it must have entries; train, valid and digits are theirs to have")
        entries = [entry.with_defaults(transform, augment) for entry in corpus]
        rules = Rules(max_points, points_per_char, max_jump)
        self.mixture = Mixture(entries, Path(data_dir), rules, digits, points_per_epoch)
        sampler = self.mixture.sampler(batch_size * processes, seed)
        self.lines_per_writer = lines_per_writer
        writers = writer_numbers(self.mixture.sources) if lines_per_writer else None
        self.lines = Lines(self.mixture.sources, self.mixture.std, seed, writers)
        order = sampler if writers is None else WriterSampler(sampler, writers, lines_per_writer or 2)
        super().__init__(self.lines, order, collate, num_workers)
        self.left_out, self.lines_per_batch, self.processes = self.mixture.left_out, batch_size * processes, processes
        self.facts, self.notes = facts_of(self.mixture, sampler), self.mixture.notes()
        self.facts["transform"] = transform.settings if transform else self.facts["transform"]
        self.has_own_alphabet = alphabet is not None
        self.read_with("".join(sorted({*alphabet})) if alphabet is not None else self.facts["alphabet"])

    @property
    def std(self) -> tuple[float, float]:
        """Per-axis standard deviation of offsets that is the unit of strokes."""
        x, y = self.facts["std"]
        return x, y

    def read_with(self, alphabet: str) -> None:
        """Give texts as positions in `alphabet`, that of a trained network.

        Raises InputError naming the corpus's characters that it lacks.
        """
        for source in self.mixture.sources:
            source.read_with(alphabet)
        self.facts["alphabet"] = alphabet

    def start_from(self, facts: dict[str, Any], *, reads_text: bool) -> None:
        """Add the characters of a trained network's alphabet, unless a config says which there are, and count its
        drawings by people.

        Ink of normalised size that is transformed as its own is given in its units, so that few lines do not change
        what its numbers mean.
        """
        if reads_text and not self.has_own_alphabet:
            self.read_with("".join(sorted({*self.facts["alphabet"], *facts["alphabet"]})))
        counts, transform = facts.get("characters"), self.facts["transform"]
        corpora = [entry["corpus"] for entry in facts.get("mixture", [])] or [facts["corpus"]]
        if isinstance(counts, dict) and not {*corpora} <= {*BUILT_IN}:
            # the same ink may be in both, so the larger count is sure and the sum is not
            self.facts["characters"] = dict((Counter(self.facts["characters"]) | Counter(counts)).most_common())
        self.notes += notes_on_few(len(self.lines))
        self.facts["chars_per_line"] = max(self.facts["chars_per_line"], facts["chars_per_line"])
        if transform == facts.get("transform") and (transform.keys() & {"normalise_size", "normalise_height"}):
            self.go_on({"own_std": self.facts["std"], "std": [*facts["std"]]})

    def go_on(self, facts: dict[str, Any]) -> None:
        """Take over the facts of a run with these data, own_std being their std where they are in another's units."""
        self.facts |= facts
        self.lines.std = self.std

    def validation(self) -> BaseDataLoader:
        """A loader of all lines to validate, the longest first, in units of the training std; empty without any."""
        sources = self.mixture.validation()
        for source in sources.values():
            source.read_with(self.facts["alphabet"])
        lengths = [source.lengths for source in sources.values()] or [np.zeros(0, np.int64)]
        sampler = SourceSampler(lengths, self.lines_per_batch)
        validated = list(sources.values())
        writers = writer_numbers(validated) if self.lines_per_writer else None
        lines = Lines(validated, self.std, writers=writers)
        loader = BaseDataLoader(lines, sampler, collate, self.num_workers)
        if len(self.mixture.sources) > 1:
            names = list(sources)
            loader.batch_sources = [names[number] for number in sampler.sources.tolist()]
        return loader


def facts_of(mixture: Mixture, sampler: LengthSampler) -> dict[str, Any]:
    """Facts for a checkpoint: corpora, alphabet, std, typical sizes of an epoch's lines, drawings of each character."""
    lengths = np.concatenate([source.lengths for source in mixture.sources])
    characters = np.maximum(np.concatenate([source.characters for source in mixture.sources]), 1)
    if not mixture.is_whole:
        drawn = sampler.shuffled(1, np.random.default_rng(0)) % len(lengths)
        lengths, characters = lengths[drawn], characters[drawn]
    first = mixture.entries[0]
    facts = {
        "corpus": first.corpus,
        "transform": first.transform.settings if first.transform else {},
        "std": list(mixture.std),
        "alphabet": "".join(sorted({*"".join(source.alphabet.characters for source in mixture.sources)})),
        "mean_points_per_char": float(lengths.sum() / characters.sum()),
        "points_per_char": float(np.quantile(lengths / characters, 0.99)),
        "points_per_line": int(np.median(lengths)),
        "chars_per_line": int(np.quantile(characters, 0.9)),
        "characters": dict(mixture.character_counts().most_common()),
    }
    return facts if mixture.is_whole else {**facts, "mixture": mixture.card()}
