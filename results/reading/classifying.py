"""Scores of drawings that were read as single characters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from results.reading.lines import LineReading
from results.reading.scores import confusion, read_line

Z = 1.959964
"""Standard deviations to either side that hold 95 % of a normal distribution."""


@dataclass(frozen=True)
class CorpusClassified:
    """The readings of the drawings of a corpus, whose texts are one character each, and the seconds that took."""

    name: str
    splits: list[str]
    readings: list[LineReading]
    seconds: float

    @cached_property
    def numbers(self) -> dict[str, Any]:
        """Accuracy and confusions, see `class_scores`, with the speed."""
        speed = {"seconds": self.seconds, "lines_per_second": len(self.readings) / self.seconds}
        return {"corpus": self.name, "splits": self.splits} | class_scores(self.readings) | speed


def class_scores(readings: Sequence[LineReading]) -> dict[str, Any]:
    """Share of drawings read right, with its 95 % interval, by class, and the classes confused."""
    by_class: dict[str, list[bool]] = {}
    for reading in readings:
        by_class.setdefault(reading.line.text, []).append(reading.text == reading.line.text)
    right = sum(map(sum, by_class.values()))
    low, high = wilson_interval(right, len(readings))
    lines = [read_line(reading) for reading in readings]
    return {
        "n_lines": len(readings),
        "accuracy": right / len(readings),
        "accuracy_low": low,
        "accuracy_high": high,
        "by_class": {name: {"lines": len(hits), "right": sum(hits)} for name, hits in sorted(by_class.items())},
        "confusion": confusion(lines),
    }


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share, Wilson (1927): it is right even where nearly all or nearly none are hits."""
    middle, weight = (hits + Z**2 / 2) / (count + Z**2), Z / (count + Z**2)
    half = weight * math.sqrt(hits * (count - hits) / count + Z**2 / 4)
    return max(0.0, middle - half), min(1.0, middle + half)
