"""A small corpus of lines of many lengths, and its data loader in a word."""

from pathlib import Path
from typing import Any

import torch

from base.batch import Batch
from data_loader.data_loaders import HandwritingDataLoader
from tests.tiny import ink_line, write_corpus

TRAIN = [ink_line(n, points=5 + 7 * n, text="ab cd"[: 1 + n % 5]) for n in range(23)]
VALID = [ink_line(n, points=900 + n, text="dcba", split="valid", writer="v") for n in range(7)]


def write_lines(data_dir: Path) -> Path:
    """Write TRAIN and VALID, in turns, as the corpus "c"; return `data_dir`."""
    write_corpus(data_dir / "c", [line for pair in zip(TRAIN, VALID, strict=False) for line in pair] + TRAIN[7:])
    return data_dir


def loader_of(data_dir: Path, **args: Any) -> HandwritingDataLoader:
    return HandwritingDataLoader(**{"corpus": "c", "data_dir": str(data_dir), "batch_size": 4, **args})


def ids(loader: Any) -> list[tuple[str, ...]]:
    """The lines' ids of each batch."""
    return [batch.ids for batch in loader]


def flat(batches: list[tuple[str, ...]]) -> list[str]:
    return [line for batch in batches for line in batch]


def same(batch: Batch, other: Batch) -> bool:
    """True if two batches have the same lines, ink and texts."""
    return batch.ids == other.ids and torch.equal(batch.strokes, other.strokes) and torch.equal(batch.text, other.text)
