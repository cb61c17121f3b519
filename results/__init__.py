"""Results of trained networks: what they write and read, how well, and the figures and pages that show it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ink.strokes import InkLine
from results.reading.decoding import Decoding
from results.reading.lines import LineReading
from results.roles import load
from results.trained import TrainedModel
from results.writing.lines import Writing

__all__ = ["LineReading", "Writing", "evaluate", "load", "read", "write"]


def write(network: TrainedModel[Any], text: str | None = None, *, n: int = 1, **options: Any) -> list[Writing]:
    """Write `text` n times; see `results.writing.writer.Writer.write`, of which this is the plural."""
    return network.write_copies(text, n, **options)


def read(network: TrainedModel[Any], lines: Sequence[InkLine], **decoding: Any) -> list[LineReading]:
    """Read lines of ink; `decoding` are the settings of `results.reading.decoding.Decoding`, for a network that reads
    lines.
    """
    if not decoding:
        return network.read(lines)
    network.require("read lines")
    return network.read(lines, Decoding(**decoding))


def evaluate(
    network: TrainedModel[Any],
    corpus: str | None = None,
    splits: list[str] | None = None,
    data_dir: Path = Path("data"),
    batch_size: int = 64,
) -> dict[str, Any]:
    """Measure a network on splits of a corpus, by default its own and those of validation: numbers as plain data."""
    return network.evaluate(corpus, splits, data_dir=data_dir, batch_size=batch_size).numbers
