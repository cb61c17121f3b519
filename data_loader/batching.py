"""Lines to padded batches, and the order in which they come."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from base.base_data_loader import EpochSampler
from base.batch import Batch
from utils.errors import InputError

BATCHES_SORTED_TOGETHER = 20
"""Lines of about one length share a batch: shuffled lines are sorted within groups of this number of batches."""


def collate(lines: Sequence[tuple[Any, ...]]) -> Batch:
    """Lines (id, strokes, text), with the number of their writer where it is known, padded to the longest.

    An empty batch without lines.
    """
    if not lines:
        empty = torch.zeros(0, 0)
        return Batch(torch.zeros(0, 0, 3), empty.bool(), empty.long(), empty.bool())
    ids, strokes, texts, *writers = zip(*lines, strict=True)

    def mask(parts: tuple[torch.Tensor, ...]) -> torch.Tensor:
        lengths = torch.tensor([len(part) for part in parts])
        return torch.arange(int(lengths.max())) < lengths.unsqueeze(1)

    return Batch(
        strokes=pad_sequence(list(strokes), batch_first=True),
        stroke_mask=mask(strokes),
        text=pad_sequence(list(texts), batch_first=True),
        char_mask=mask(texts),
        ids=ids,
        writers=torch.tensor(writers[0]) if writers else None,
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
            return self._cut(order, np.arange(len(self)))
        rng = np.random.default_rng((self.seed, epoch))
        order = self.shuffled(epoch, rng)
        group = self.batch_size * BATCHES_SORTED_TOGETHER
        for first in range(0, len(order), group):
            members = order[first : first + group]
            lengths = self.lengths[members % len(self.lengths)]
            order[first : first + group] = members[np.argsort(lengths, kind="stable")]
        return self._cut(order, rng.permutation(len(self)))

    def _cut(self, order: np.ndarray, places: np.ndarray) -> "LazyBatches":
        starts = places * self.batch_size
        return LazyBatches(order, starts, starts + self.batch_size)

    def shuffled(self, epoch: int, rng: np.random.Generator) -> np.ndarray:
        """Positions of an epoch's lines in random order: int64."""
        return rng.permutation(len(self.lengths))


class WriterSampler(EpochSampler):
    """Batches of groups of `lines_each` lines, each by one writer; the lines of an epoch are those of another sampler.

    A writer's last group of an epoch may be smaller. Lines of a group, and groups of a batch, are of about one length.
    writers (L,) has a number for each line's writer.
    """

    def __init__(self, lines: LengthSampler, writers: np.ndarray, lines_each: int) -> None:
        """Raises InputError where no two lines are by one writer."""
        if len(np.unique(writers)) == len(writers):
            raise InputError("data_loader.args.lines_per_writer is set, and no two lines are by one writer")
        self.lines, self.writers, self.lines_each = lines, writers, lines_each

    def __len__(self) -> int:
        return len(self.lines)

    def batches(self, epoch: int) -> "LazyBatches":
        rng = np.random.default_rng((self.lines.seed or 0, epoch))
        order = self.lines.shuffled(epoch, rng)
        writers, lengths = (of_lines[order % len(self.writers)] for of_lines in (self.writers, self.lines.lengths))
        # Not quite by length, so that other lines form a group in another epoch.
        order = order[np.lexsort((lengths * rng.uniform(0.8, 1.25, len(order)), writers))]
        counts = np.unique(writers, return_counts=True)[1].tolist()
        cuts = np.cumsum([min(self.lines_each, n - k) for n in counts for k in range(0, n, self.lines_each)])
        groups = np.split(order, cuts[:-1])
        groups = [groups[place] for place in rng.permutation(len(groups))]
        at_once = max(1, self.lines.batch_size * BATCHES_SORTED_TOGETHER // self.lines_each)
        for first in range(0, len(groups), at_once):
            some = slice(first, first + at_once)
            groups[some] = sorted(groups[some], key=lambda group: self.lines.lengths[group % len(self.writers)].max())
        starts = rng.permutation(len(self)) * self.lines.batch_size
        return LazyBatches(np.concatenate(groups), starts, starts + self.lines.batch_size)


class MixtureSampler(LengthSampler):
    """Batches of lines of several sources, of each of which an epoch has `counts` lines.

    Every source is gone through in random order again and again, on from where the epoch before stopped: so each of
    its lines comes equally often, give or take one time, and an epoch is a function of (seed, epoch) alone.
    """

    def __init__(self, lengths: Sequence[np.ndarray], counts: Sequence[int], batch_size: int, seed: int) -> None:
        super().__init__(np.concatenate(lengths), batch_size, seed)
        self.sizes, self.counts = [len(some) for some in lengths], list(counts)

    def __len__(self) -> int:
        return -(-sum(self.counts) // self.batch_size)

    def shuffled(self, epoch: int, rng: np.random.Generator) -> np.ndarray:
        """Positions of an epoch's lines in random order, a repeat of a line len(lengths) further on: int64."""
        drawn, offset = [], 0
        for number, (size, count) in enumerate(zip(self.sizes, self.counts, strict=True)):
            first, end = (epoch - 1) * count, epoch * count
            passes = range(first // size, -(-end // size))
            orders = [np.random.default_rng((self.seed or 0, number, turn)).permutation(size) for turn in passes]
            moved = [order + offset + repeat * len(self.lengths) for repeat, order in enumerate(orders)]
            drawn.append(np.concatenate(moved)[first - passes[0] * size :][:count])
            offset += size
        return rng.permutation(np.concatenate(drawn))


class SourceSampler(EpochSampler):
    """Batches of one source's lines each, the longest first in all; `sources` (batches,) tells which source's."""

    def __init__(self, lengths: Sequence[np.ndarray], batch_size: int) -> None:
        offsets = np.cumsum([0, *(len(some) for some in lengths)])
        firsts = [np.arange(0, len(some), batch_size) for some in lengths]
        self.order = np.concatenate(
            [offset + np.argsort(-some, kind="stable") for offset, some in zip(offsets, lengths, strict=False)]
        )
        starts = np.concatenate([offset + first for offset, first in zip(offsets, firsts, strict=False)])
        ends = np.append(starts[1:], len(self.order))
        longest = np.concatenate(lengths)[self.order[starts]]
        by_length = np.argsort(-longest, kind="stable")
        self.starts, self.ends = starts[by_length], ends[by_length]
        self.sources = np.repeat(np.arange(len(lengths)), [len(first) for first in firsts])[by_length]

    def __len__(self) -> int:
        return len(self.starts)

    def batches(self, epoch: int) -> "LazyBatches":
        return LazyBatches(self.order, self.starts, self.ends)


class LazyBatches(Sequence[list[int]]):
    """Batches cut out of an order (L,) of positions: from each of `starts` to before the same of `ends`.

    A batch becomes a list when it is read: an epoch of ten million lines is a few arrays.
    """

    def __init__(self, order: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> None:
        self.order, self.starts, self.ends = order, starts, ends

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return LazyBatches(self.order, self.starts[index], self.ends[index])
        return self.order[self.starts[index] : self.ends[index]].tolist()
