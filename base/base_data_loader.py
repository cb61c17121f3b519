"""A DataLoader whose order is a function of seed and epoch, so that a run can go on in the middle of an epoch."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from base.batch import Batch
from utils import distributed

GPU_WORKERS = 4
"""Number of workers that draw batches for a GPU, unless a config says how many."""


class EpochSampler(Sampler[list[tuple[int, int]]]):
    """Batches of (epoch, line number); `epoch` and `first_batch` are where the next iteration begins.

    Each of several processes gets its share of every batch; a share may be empty.
    """

    epoch = 1
    first_batch = 0

    def batches(self, epoch: int) -> Sequence[list[int]]:
        """All batches of an epoch, in order."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        # Every world_size-th line: lines of a batch are of like length, and so are the shares.
        share, epoch = slice(distributed.rank(), None, distributed.world_size()), self.epoch
        # The epoch goes along, because workers stay from epoch to epoch and know no other.
        return ([(epoch, line) for line in batch[share]] for batch in self.batches(epoch)[self.first_batch :])

    def __len__(self) -> int:
        return len(self.batches(self.epoch))


def workers_for_a_gpu() -> int:
    """Return GPU_WORKERS, or fewer where this process has few processors; 0 without a GPU."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    processors //= distributed.world_size()
    return max(0, min(GPU_WORKERS, processors - 1)) if torch.cuda.is_available() else 0


def leave_process_group(_worker: int) -> None:
    """Have a signal to the training's process group, such as Ctrl-C, end no worker: the training stops and saves."""
    if hasattr(os, "setpgrp"):
        os.setpgrp()


class BaseDataLoader(DataLoader[Batch]):
    """Batches of a data set, whose items are those of (epoch, line number), in the order of an `EpochSampler`.

    num_workers    number of processes that draw batches ahead; None for some where there is a GPU, which shall not wait

    facts          plain data that a checkpoint needs to be used without the corpus, see utils.checkpoint.FACTS
    left_out       number of lines that are not trained on, by rule
    notes          sentences about the data for the log
    batch_sources  the name of each batch's corpus, where every batch is of one corpus and there are several
    processes      number of processes that share a batch, which has batch_size lines for each
    """

    processes = 1

    def __init__(self, dataset: Dataset[Any], sampler: EpochSampler, collate: Any, num_workers: int | None) -> None:
        workers = workers_for_a_gpu() if num_workers is None else num_workers
        super().__init__(
            dataset,
            batch_sampler=sampler,
            collate_fn=collate,
            num_workers=workers,
            persistent_workers=workers > 0,
            worker_init_fn=leave_process_group,
            generator=torch.Generator(),
            pin_memory=torch.cuda.is_available(),
        )
        self.facts: dict[str, Any] = {}
        self.left_out: dict[str, int] = {}
        self.notes: list[str] = []
        self.batch_sources: list[str] = []

    def at(self, epoch: int, first_batch: int = 0) -> "BaseDataLoader":
        """Set the loader to an epoch, from `first_batch` on, and return it."""
        assert isinstance(self.batch_sampler, EpochSampler)
        self.batch_sampler.epoch, self.batch_sampler.first_batch = epoch, first_batch
        return self

    def read_with(self, alphabet: str) -> None:
        """Encode texts as positions in `alphabet`, that of a trained network."""
        raise NotImplementedError

    def start_from(self, facts: dict[str, Any], *, reads_text: bool) -> None:
        """Give the data as a trained network that goes on to learn from them needs it, by the `facts` of its own data.

        With `reads_text` its alphabet is extended by the data's other characters.
        """
        raise NotImplementedError

    def go_on(self, facts: dict[str, Any]) -> None:
        """Take over the `facts` of a run that goes on with these data."""
        raise NotImplementedError

    def validation(self) -> "BaseDataLoader":
        """The loader of the validation lines, in a fixed order."""
        raise NotImplementedError
