"""Lines written several times, of which the one is kept that a recognizer reads best."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from base.base_model import Sample
from ink.strokes import MAX_COORDINATE, InkLine
from model.reading.error_rates import character_edits, plain
from results.reading.decoding import GREEDY, Decoding
from results.reading.reader import Reader
from results.writing.lines import Style
from results.writing.writer import Writer
from utils.errors import InputError

MAX_CANDIDATES = 100
SEED_STEP = 2_654_435_769
"""Distance of the seeds of two successive candidates; odd, so that 2**32 seeds come before any comes again."""


@dataclass
class BestOf:
    """A `Draw` that writes every line `candidates` times and keeps the one with the lowest CER when read.

    Of those with the same CER the one that was read with the most confidence is kept, of those the shortest. The first
    candidate of a line is what is written without a choice, from the same seed; the k-th has that
    seed + (k - 1) * SEED_STEP.

    chosen  of every line so far: text, which candidate was kept (from 1), CER and edits of the first and of the kept
    """

    reader: Reader
    candidates: int
    decoding: Decoding = GREEDY
    chosen: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not 1 <= self.candidates <= MAX_CANDIDATES:
            raise InputError(f"best of {self.candidates}; it must be from 1 to {MAX_CANDIDATES}")
        self.reader.require("read lines")

    def __call__(
        self, writer: Writer, texts: Sequence[str], seeds: Sequence[int], bias: float, style: Style | None = None
    ) -> list[Sample]:
        """The best candidate of each text."""
        if not all(texts):
            raise InputError(f"{writer.path}: this network writes freely; there is no text to choose the best of")
        each = range(self.candidates)
        drawn = writer.draw_lines(
            [text for text in texts for _ in each],
            [seed + k * SEED_STEP for seed in seeds for k in each],
            bias,
            style,
        )
        pairs = list(zip(drawn, read_back(self.reader, writer, drawn, self.decoding), strict=True))
        groups = [pairs[first : first + self.candidates] for first in range(0, len(pairs), self.candidates)]
        return [self._best(text, group) for text, group in zip(texts, groups, strict=True)]

    def _best(self, text: str, group: Sequence[tuple[Sample, tuple[str, float]]]) -> Sample:
        true = plain(text)
        edits = [character_edits(plain(read), true) for _, (read, _) in group]
        # Fewest edits first; then the surest, since equal texts may be more or less clear; then the shortest.
        ranks = [(edits[k], -sure, len(drawn.strokes)) for k, (drawn, (_, sure)) in enumerate(group)]
        kept = min(range(len(group)), key=ranks.__getitem__)
        size = max(len(true), 1)
        rates = {"cer_first": edits[0] / size, "cer_kept": edits[kept] / size}
        self.chosen.append(
            {"text": text, "kept": kept + 1, "edits_first": edits[0], "edits_kept": edits[kept], **rates}
        )
        return group[kept][0]

    def numbers(self) -> dict[str, Any]:
        """CER over all lines so far of the first candidates and of those kept, and every line."""
        size = max(sum(len(plain(line["text"])) for line in self.chosen), 1)
        first, kept = (sum(line[edits] for line in self.chosen) / size for edits in ("edits_first", "edits_kept"))
        rates = {"cer_first": first, "cer_kept": kept}
        return {"best_of": self.candidates, "n_lines": len(self.chosen), **rates, "lines": self.chosen}


def read_back(
    reader: Reader, writer: Writer, drawn: Sequence[Sample], decoding: Decoding = GREEDY
) -> list[tuple[str, float]]:
    """Text and confidence that a recognizer reads in each line that a network wrote: ("", 0) where there is no ink.

    Raises InputError where the network writes ink of size 1 and the recognizer is not used to it.
    """
    if writer.transform.normalise_size and not reader.transform.normalise_size:
        raise InputError(f"{reader.path}: reads ink in a corpus's units; {writer.path} writes it at an x-height of 1")
    points = [writer.points(sample.strokes) for sample in drawn]
    ink = [i for i, line in enumerate(points) if len(line) > 1 and (np.abs(line) <= MAX_COORDINATE).all()]
    lines = [InkLine(f"written {i + 1}", "", "", "", points[i]) for i in ink]
    readings = dict(zip(ink, reader.read(lines, decoding), strict=True))
    return [(readings[i].text, readings[i].confidence) if i in readings else ("", 0.0) for i in range(len(drawn))]
