"""Drawings as a trained classifier reads them, one by one and over a corpus."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data_loader.batching import collate
from data_loader.line_choice import splits_to_use
from data_loader.prepare import open_corpus
from ink.strokes import InkLine, points_to_strokes
from model.reading.classifier import StrokeClassifier
from results.reading.lines import LINES_AT_ONCE, LineReading, ReadCharacter, as_seen, batches, transform_of
from results.reading.scores import ReadLine, confusion
from results.trained import Loaded
from utils.errors import InputError
from utils.progress import progress

Z = 1.959964
"""Standard deviations to either side that hold 95 % of a normal distribution."""


@dataclass(frozen=True)
class CorpusClassified:
    """What was read of the drawings of a corpus, each by its text's only character, and how long that took."""

    name: str
    splits: list[str]
    readings: list[LineReading]
    seconds: float

    def numbers(self) -> dict[str, Any]:
        """All that is to be said of it in numbers, see `class_scores`."""
        speed = {"seconds": self.seconds, "lines_per_second": len(self.readings) / self.seconds}
        return {"corpus": self.name, "splits": self.splits} | class_scores(self.readings) | speed


def classifier_of(loaded: Loaded) -> StrokeClassifier:
    """The network, if it is one that classifies.

    Raises InputError where it is not.
    """
    if not isinstance(loaded.model, StrokeClassifier):
        raise InputError(f"{loaded.path}: {loaded.config['arch']['type']} does not classify drawings")
    return loaded.model


@torch.inference_mode()
def classify(loaded: Loaded, lines: Sequence[InkLine], *, batch_size: int = LINES_AT_ONCE) -> list[LineReading]:
    """The likeliest class of each drawing, and how likely it is; their own texts are not looked at.

    The ink is transformed as the network's training ink was.

    Raises InputError where the network does not classify, or a drawing's ink cannot be read, see `as_seen`.
    """
    model, alphabet, transform = classifier_of(loaded), loaded.facts["alphabet"], transform_of(loaded)
    device, nothing = next(model.parameters()).device, torch.zeros(0, dtype=torch.int64)
    readings: dict[int, LineReading] = {}
    with progress(None, len(lines), "reading") as bar:
        strokes = [points_to_strokes(as_seen(line, transform)[0], loaded.facts["std"]) for line in lines]
        for some in batches([len(one) for one in strokes], batch_size):
            batch = collate([("", torch.from_numpy(strokes[i]), nothing) for i in some])
            found = model(batch.to(device)).float().softmax(1).max(1)
            for i, probability, best in zip(some, found.values.tolist(), found.indices.tolist(), strict=True):
                whole = ReadCharacter(alphabet[best], probability, np.arange(len(lines[i].points)))
                readings[i] = LineReading(lines[i], alphabet[best], probability, [whole])
            bar.update(len(some))
    return [readings[i] for i in range(len(lines))]


def classify_corpus(
    loaded: Loaded, corpus_name: str | None, splits: list[str] | None, data_dir: Path, batch_size: int
) -> CorpusClassified:
    """Every drawing of the splits read, none left out; a class that the network does not know is one that it misreads.

    Raises InputError where the network does not classify, the corpus is not there, or a line's text is not one
    character.
    """
    if batch_size < 1:
        raise InputError(f"batch size is {batch_size}; it must be 1 or more")
    name = corpus_name or loaded.facts["corpus"]
    corpus = open_corpus(name, data_dir)
    splits = splits or splits_to_use(corpus, None, None)[1]
    lines = [corpus.line(line) for line in corpus.lines_of(splits).tolist()]
    for line in lines:
        if len(line.text) != 1:
            raise InputError(f"{corpus.folder}: {line.id}: its text is {line.text!r}; a class is one character")
    started = time.perf_counter()
    readings = classify(loaded, lines, batch_size=batch_size)
    return CorpusClassified(name, splits, readings, time.perf_counter() - started)


def class_scores(readings: Sequence[LineReading]) -> dict[str, Any]:
    """Share of drawings read right, with its 95 % interval, by class, and what was taken for what."""
    by_class: dict[str, list[bool]] = {}
    for reading in readings:
        by_class.setdefault(reading.line.text, []).append(reading.text == reading.line.text)
    right = sum(map(sum, by_class.values()))
    low, high = wilson_interval(right, len(readings))
    lines = [ReadLine(one.line.id, one.line.writer, one.line.text, one.text) for one in readings]
    return {
        "n_lines": len(readings),
        "accuracy": right / len(readings),
        "accuracy_low": low,
        "accuracy_high": high,
        "by_class": {name: {"lines": len(hits), "right": sum(hits)} for name, hits in sorted(by_class.items())},
        "confusion": confusion(lines),
    }


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share, Wilson (1927): it holds its promise where nearly all or nearly none are hits."""
    middle, weight = (hits + Z**2 / 2) / (count + Z**2), Z / (count + Z**2)
    half = weight * math.sqrt(hits * (count - hits) / count + Z**2 / 4)
    return max(0.0, middle - half), min(1.0, middle + half)
