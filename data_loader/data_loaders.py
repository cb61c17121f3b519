"""From a prepared corpus to batches."""

from pathlib import Path
from typing import Any

import numpy as np

from base.base_data_loader import BaseDataLoader
from data_loader.augment import Augment
from data_loader.batching import LengthSampler, Lines, collate
from data_loader.corpus import Corpus
from data_loader.line_choice import characters_of, lines_of_digits, lines_to_train_on, splits_to_use
from data_loader.transform import Transform, open_transformed
from utils.errors import at_least

MOST_WORKERS = 256


class HandwritingDataLoader(BaseDataLoader):
    """Lines of a prepared corpus, batched by length, shuffled anew each epoch.

    train, valid     names of the corpus's splits; std and points per character come from `train` alone
    digits           lines whose text is one of these, trained on and validated; alphabet and std stay the corpus's
    transform        applied to all lines of the corpus, see data_loader.transform; everything else here concerns
                     the transformed lines
    augment          random changes of training lines, see data_loader.augment; the rules below ignore them
    max_points       lines that are longer are left out of training (never out of validation)
    points_per_char  [lowest, highest]: lines outside are left out of training, as their transcription is likely wrong
    max_jump         lines with a longer move from point to point, in units of std, are left out of training
    processes        number of processes; a batch has `batch_size` lines for each
    """

    def __init__(
        self,
        *,
        corpus: str,
        data_dir: str = "data",
        train: list[str] | None = None,
        valid: list[str] | None = None,
        digits: list[int | str] | None = None,
        batch_size: int = 32,
        max_points: int | None = None,
        points_per_char: list[float] | None = None,
        max_jump: float | None = None,
        transform: Transform | None = None,
        augment: Augment | None = None,
        num_workers: int = 0,
        seed: int = 1,
        processes: int = 1,
    ) -> None:
        at_least(1, batch_size=batch_size, max_points=max_points, processes=processes)
        at_least(0, max_jump=max_jump)
        if not 0 <= num_workers <= MOST_WORKERS:
            raise ValueError(f"num_workers is {num_workers}; it must be 0 to {MOST_WORKERS}")
        if points_per_char is not None and len(points_per_char) != 2:
            raise ValueError(f"points_per_char is {points_per_char}; it must be two numbers, [lowest, highest]")
        opened = open_transformed(corpus, Path(data_dir), transform)
        train, valid = splits_to_use(opened, train, valid)
        std = opened.std(train)
        self.digits = digits
        lines = lines_of_digits(opened, train, digits)
        lines_of_digits(opened, valid, digits)
        lines, left_out = lines_to_train_on(opened, train, lines, max_points, points_per_char, max_jump)
        sampler = LengthSampler(opened.lengths[lines], batch_size * processes, seed)
        super().__init__(Lines(opened, lines, std, augment, seed), sampler, collate, num_workers)
        self.corpus, self.valid, self.lines_per_batch, self.left_out = opened, valid, batch_size * processes, left_out
        self.processes = processes
        settings = transform.settings if transform else {}
        self.facts = {"corpus": corpus, "transform": settings, "std": list(std), **facts_of(opened, lines)}

    def read_with(self, alphabet: str) -> None:
        """Give texts as positions in `alphabet`, that of a trained network.

        Raises InputError naming the corpus's characters that it lacks.
        """
        self.corpus.read_with(alphabet)
        self.facts["alphabet"] = alphabet

    def validation(self) -> BaseDataLoader:
        """A loader of all lines of the `valid` splits, the longest first, in units of the training std."""
        lines = lines_of_digits(self.corpus, self.valid, self.digits)
        sampler = LengthSampler(self.corpus.lengths[lines], self.lines_per_batch, None)
        std = (self.facts["std"][0], self.facts["std"][1])
        return BaseDataLoader(Lines(self.corpus, lines, std), sampler, collate, self.num_workers)


def facts_of(corpus: Corpus, lines: np.ndarray) -> dict[str, Any]:
    """The alphabet and typical sizes of the training lines, plain data."""
    lengths, characters = corpus.lengths[lines], np.maximum(characters_of(corpus, lines), 1)
    return {
        "alphabet": corpus.alphabet.characters,
        "mean_points_per_char": float(lengths.sum() / characters.sum()),
        "points_per_char": float(np.quantile(lengths / characters, 0.99)),
        "points_per_line": int(np.median(lengths)),
        "chars_per_line": int(np.quantile(characters, 0.9)),
    }
