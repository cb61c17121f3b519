"""Classifier: a trained network that reads each drawing as a single character."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data_loader.line_choice import splits_to_use
from data_loader.prepare import open_corpus
from ink.geometry import stroke_bounds
from ink.strokes import InkLine
from model.reading.classifier import StrokeClassifier
from results.reading.classifying import CorpusClassified
from results.reading.lines import BATCH_LINES, LineReading, ReadCharacter, batches, ink_batch
from results.reading.words import ReadWord
from results.trained import TrainedModel, bundled
from utils.errors import InputError
from utils.progress import progress

WIDEST, GAP = 2.5, 0.5
"""Heights of its ink: a single character is not wider, and no gap in it is."""


class Classifier(TrainedModel[StrokeClassifier]):
    """A network that reads a whole drawing as one of its classes, each a character."""

    abilities = ("read", "read characters")
    does = "reads a single character per drawing"

    @torch.inference_mode()
    def read(self, lines: Sequence[InkLine], *, batch_size: int = BATCH_LINES) -> list[LineReading]:
        """Read each drawing as its likeliest class, with that class's probability; its own text is not looked at.

        The ink is transformed as the network's training ink was.

        Raises InputError where a drawing's ink cannot be used, see `prepared`.
        """
        readings: dict[int, LineReading] = {}
        with progress(None, len(lines), "reading") as bar:
            strokes = [self.strokes(self.prepared(line)[0]) for line in lines]
            for some in batches([len(line) for line in strokes], batch_size):
                batch = ink_batch([strokes[i] for i in some], self.device)
                best = self.model(batch).float().softmax(1).max(1)
                for i, probability, position in zip(some, best.values.tolist(), best.indices.tolist(), strict=True):
                    character = self.alphabet.characters[position]
                    whole = ReadCharacter(character, probability, np.arange(len(lines[i].points)))
                    word = ReadWord(character, probability, whole.points)
                    readings[i] = LineReading(lines[i], character, probability, [whole], [word])
                bar.update(len(some))
        return [readings[i] for i in range(len(lines))]

    def evaluate(
        self,
        corpus: str | None = None,
        splits: list[str] | None = None,
        *,
        data_dir: Path = Path("data"),
        batch_size: int = BATCH_LINES,
    ) -> CorpusClassified:
        """Read every drawing of the splits (None: those of validation); one of an unknown class is misread.

        Raises InputError where the corpus is not there, or a line's text is not one character.
        """
        if batch_size < 1:
            raise InputError(f"batch size is {batch_size}; it must be 1 or more")
        opened = open_corpus(corpus or self.corpus, data_dir)
        splits = splits or self.validated_on(corpus) or splits_to_use(opened, None, None)[1]
        lines = [opened.line(line) for line in opened.lines_of(splits).tolist()]
        for line in lines:
            if len(line.text) != 1:
                raise InputError(f"{opened.folder}: {line.id}: its text is {line.text!r}; a class is one character")
        started = time.perf_counter()
        readings = self.read(lines, batch_size=batch_size)
        return CorpusClassified(corpus or self.corpus, splits, readings, time.perf_counter() - started)


def require_single_characters(network: TrainedModel[Any], drawings: Sequence[InkLine]) -> None:
    """Raise InputError where a drawing is too wide, or has too wide a gap, to be a single character."""
    for drawing in drawings:
        first, _ = stroke_bounds(drawing.points)
        width, height = np.ptp(drawing.points[:, :2], axis=0)
        left, right = (each.reduceat(drawing.points[:, 0], first) for each in (np.minimum, np.maximum))
        order = np.argsort(left)
        gaps = left[order][1:] - np.maximum.accumulate(right[order])[:-1]
        if width > WIDEST * height or gaps.max(initial=0.0) > GAP * height:
            raise InputError(
                f"{drawing.id}: this ink is more than a character, and {network.arch} {network.does}; lines of text "
                f"are read by -r {bundled('read lines')}"
            )
