"""Lines to padded batches, and the order in which they come."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from base.base_data_loader import EpochSampler
from base.batch import Batch
from data_loader.augment import Augment
from data_loader.corpus import Corpus
from ink.strokes import points_to_strokes

BATCHES_SORTED_TOGETHER = 20
"""Lines of about one length share a batch: shuffled lines are sorted within groups of this number of batches."""


class Lines(Dataset[tuple[str, torch.Tensor, torch.Tensor]]):
    """Lines of a corpus as a network reads them: id, strokes (T, 3), alphabet positions (U,).

    Augmentation depends on seed, `epoch` and line alone: not on data order, worker process or resuming.
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
    """Lines padded to the longest; an empty batch without lines."""
    if not lines:
        empty = torch.zeros(0, 0)
        return Batch(torch.zeros(0, 0, 3), empty.bool(), empty.long(), empty.bool())
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

    The longest first, so that every batch fits into the memory that the batch before it has freed.
    """

    def __init__(self, lengths: np.ndarray, batch_size: int, seed: int | None) -> None:
        self.lengths, self.batch_size, self.seed = lengths, batch_size, seed

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def batches(self, epoch: int) -> "LazyBatches":
        if self.seed is None:
            order = np.argsort(-self.lengths, kind="stable")
            return LazyBatches(order, self.batch_size, np.arange(len(self)))
        rng = np.random.default_rng((self.seed, epoch))
        order = rng.permutation(len(self.lengths))
        group = self.batch_size * BATCHES_SORTED_TOGETHER
        for first in range(0, len(order), group):
            members = order[first : first + group]
            order[first : first + group] = members[np.argsort(self.lengths[members], kind="stable")]
        return LazyBatches(order, self.batch_size, rng.permutation(len(self)))


class LazyBatches(Sequence[list[int]]):
    """An order (L,) of positions cut into batches of `size`, in the order `places`.

    A batch becomes a list when it is read: an epoch of ten million lines is two arrays.
    """

    def __init__(self, order: np.ndarray, size: int, places: np.ndarray) -> None:
        self.order, self.size, self.places = order, size, places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return LazyBatches(self.order, self.size, self.places[index])
        first = int(self.places[index]) * self.size
        return self.order[first : first + self.size].tolist()
