"""From a prepared corpus to batches."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from base.base_data_loader import BaseDataLoader, EpochSampler
from base.batch import Batch
from data_loader.augment import Augment
from data_loader.corpus import Corpus
from data_loader.transform import Transform, open_transformed
from ink.strokes import points_to_strokes
from utils.errors import InputError, at_least

BATCHES_SORTED_TOGETHER = 20
"""Lines of about one length share a batch: shuffled lines are sorted within groups of this many batches."""

MOST_WORKERS = 256


class Lines(Dataset[tuple[str, torch.Tensor, torch.Tensor]]):
    """Lines of a corpus as a network reads them: id, strokes (T, 3), alphabet positions (U,).

    How a line is augmented hangs on seed, `epoch` and the line alone: not on the order, the process or a resumption.
    """

    epoch = 1

    def __init__(
        self,
        corpus: Corpus,
        lines: np.ndarray,
        std: tuple[float, float],
        augment: Augment | None = None,
        seed: int = 1,
    ) -> None:
        self.corpus, self.lines, self.std, self.augment, self.seed = corpus, lines, std, augment, seed

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, position: int) -> tuple[str, torch.Tensor, torch.Tensor]:
        line = int(self.lines[position])
        points, text = np.asarray(self.corpus.points(line)), self.corpus.text(line)
        if self.augment is not None:
            points, text = self.augment(points, text, np.random.default_rng((self.seed, self.epoch, line)))
        strokes = points_to_strokes(points, self.std)
        return self.corpus.id(line), torch.from_numpy(strokes), torch.from_numpy(self.corpus.alphabet.encode(text))


def collate(lines: list[tuple[str, torch.Tensor, torch.Tensor]]) -> Batch:
    """Lines padded to the longest of them; without lines a batch of none."""
    if not lines:
        none = torch.zeros(0, 0)
        return Batch(torch.zeros(0, 0, 3), none.bool(), none.long(), none.bool())
    ids, strokes, texts = zip(*lines, strict=True)

    def mask(parts: tuple[torch.Tensor, ...]) -> torch.Tensor:
        lengths = torch.tensor([len(part) for part in parts])
        return torch.arange(int(lengths.max())) < lengths.unsqueeze(1)

    return Batch(
        strokes=pad_sequence(list(strokes), batch_first=True),
        stroke_mask=mask(strokes),
        text=pad_sequence(list(texts), batch_first=True),
        char_mask=mask(texts),
        ids=ids,
    )


class LengthSampler(EpochSampler):
    """Batches of lines of about one length: shuffled from (seed, epoch), or the longest first when seed is None.

    The longest first, so that every batch fits into the memory that the one before it left free.
    """

    def __init__(self, lengths: np.ndarray, batch_size: int, seed: int | None) -> None:
        self.lengths, self.batch_size, self.seed = lengths, batch_size, seed

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def batches(self, epoch: int) -> "Cut":
        if self.seed is None:
            order = np.argsort(-self.lengths, kind="stable")
            return Cut(order, self.batch_size, np.arange(len(self)))
        rng = np.random.default_rng((self.seed, epoch))
        order = rng.permutation(len(self.lengths))
        group = self.batch_size * BATCHES_SORTED_TOGETHER
        for first in range(0, len(order), group):
            members = order[first : first + group]
            order[first : first + group] = members[np.argsort(self.lengths[members], kind="stable")]
        return Cut(order, self.batch_size, rng.permutation(len(self)))


class Cut(Sequence[list[int]]):
    """An order (L,) of positions cut into batches of `size`, of which `places` says which comes when.

    A batch becomes a list when it is asked for: an epoch of ten million lines is two arrays.
    """

    def __init__(self, order: np.ndarray, size: int, places: np.ndarray) -> None:
        self.order, self.size, self.places = order, size, places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Cut(self.order, self.size, self.places[index])
        first = int(self.places[index]) * self.size
        return self.order[first : first + self.size].tolist()


class HandwritingDataLoader(BaseDataLoader):
    """Lines of a prepared corpus, batched by length, shuffled anew each epoch.

    train, valid     names of the corpus's splits; std and points per character come from `train` alone
    digits           lines whose text is one of these, trained on and validated; alphabet and std stay the corpus's
    transform        what is done to all lines of the corpus, see data_loader.transform; all else here is about the
                     transformed lines
    augment          what changes at random in training lines, see data_loader.augment; the rules below do not see it
    max_points       lines that are longer are left out of training (never out of validation)
    points_per_char  [least, most]: lines outside are left out of training, as their transcription is likely wrong
    max_jump         lines in which the pen moves farther at once, in units of std, are left out of training
    processes        that a batch has `batch_size` lines for each of; each gets its share of them
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
            raise ValueError(f"points_per_char is {points_per_char}; it must be two numbers, [least, most]")
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

        Raises InputError naming the characters that it does not have.
        """
        self.corpus.read_with(alphabet)
        self.facts["alphabet"] = alphabet

    def validation(self) -> BaseDataLoader:
        """The lines of the `valid` splits, all of them, the longest first, in units of the training std."""
        lines = lines_of_digits(self.corpus, self.valid, self.digits)
        sampler = LengthSampler(self.corpus.lengths[lines], self.lines_per_batch, None)
        std = (self.facts["std"][0], self.facts["std"][1])
        return BaseDataLoader(Lines(self.corpus, lines, std), sampler, collate, self.num_workers)


def facts_of(corpus: Corpus, lines: np.ndarray) -> dict[str, Any]:
    """The alphabet, and what is usual of the lines trained on."""
    lengths, characters = corpus.lengths[lines], np.maximum(characters_of(corpus, lines), 1)
    return {
        "alphabet": corpus.alphabet.characters,
        "mean_points_per_char": float(lengths.sum() / characters.sum()),
        "points_per_char": float(np.quantile(lengths / characters, 0.99)),
        "points_per_line": int(np.median(lengths)),
        "chars_per_line": int(np.quantile(characters, 0.9)),
    }


DEFAULT_SPLITS = [(["train"], ["valid"]), (["trainset"], ["testset_v"])]


def splits_to_use(corpus: Corpus, train: list[str] | None, valid: list[str] | None) -> tuple[list[str], list[str]]:
    """The named splits, or those that corpora commonly have: (train, valid).

    Raises InputError where they are unknown, empty or share a split.
    """
    for usual_train, usual_valid in DEFAULT_SPLITS:
        if {*usual_train, *usual_valid} <= set(corpus.split_names):
            train, valid = usual_train if train is None else train, usual_valid if valid is None else valid
    where = f"{corpus.folder}: its splits are {', '.join(corpus.split_names)}"
    if not train or not valid:
        raise InputError(f"{where}; name some as data_loader.args.train and data_loader.args.valid")
    if set(train) & set(valid):
        raise InputError(f"{where}; {', '.join(set(train) & set(valid))} cannot be for both training and validation")
    for split in (train, valid):
        corpus.lines_of(split)
    return train, valid


def lines_of_digits(corpus: Corpus, splits: list[str], digits: list[int | str] | None) -> np.ndarray:
    """Positions of the lines of these splits whose text is one of the digits, or of all where `digits` is None.

    Raises InputError where there is none of a digit.
    """
    lines = corpus.lines_of(splits)
    if digits is None:
        return lines
    texts = np.array([corpus.text(int(line)) for line in lines])
    wanted = [str(digit) for digit in digits]
    missing = sorted(set(wanted) - set(texts.tolist()))
    if missing or not wanted:
        there = ", ".join(sorted(set(texts.tolist()))[:20])
        raise InputError(
            f"{corpus.folder}: data_loader.args.digits is {digits}, and the text of no line of {', '.join(splits)} is "
            f"{', '.join(missing) or 'asked for'}; the texts there: {there}"
        )
    return lines[np.isin(texts, wanted)]


def characters_of(corpus: Corpus, lines: np.ndarray) -> np.ndarray:
    """Bytes of UTF-8 of each line's transcription (its characters, but for accents): int64."""
    return np.diff(corpus.index["text"])[lines]


def longest_moves(corpus: Corpus, lines: np.ndarray, std: tuple[float, float]) -> np.ndarray:
    """Of each line the longest move from point to point, pen lifts and all, in units of std: float32."""
    strokes = (points_to_strokes(corpus.points(line), std) for line in lines)
    return np.array([np.hypot(one[:, 0], one[:, 1]).max() for one in strokes])


def lines_to_train_on(
    corpus: Corpus,
    train: list[str],
    lines: np.ndarray,
    max_points: int | None,
    points_per_char: list[float] | None,
    max_jump: float | None,
) -> tuple[np.ndarray, dict[str, int]]:
    """Those of the training lines that the rules let pass, and how many were left out by which rule.

    Lines without text are left out where others have one. Raises InputError where no line remains.
    """
    lengths, characters = corpus.lengths[lines], characters_of(corpus, lines)
    density = lengths / np.maximum(characters, 1)
    least, most = points_per_char or [0.0, np.inf]
    rules = {
        "no text": (characters == 0) & characters.any(),
        "max_points": lengths > (max_points or np.inf),
        "points_per_char": (characters > 0) & ((density < least) | (density > most)),
    }
    if max_jump is not None:
        rules["max_jump"] = longest_moves(corpus, lines, corpus.std(train)) > max_jump
    dropped = np.logical_or.reduce(list(rules.values()))
    if dropped.all():
        given = {"max_points": max_points, "points_per_char": points_per_char, "max_jump": max_jump}
        asked = ", ".join(name for name, value in given.items() if value is not None)
        raise InputError(f"{corpus.folder}: the rules leave no line to train on ({asked})")
    return lines[~dropped], {rule: int(hit.sum()) for rule, hit in rules.items() if hit.any()}
