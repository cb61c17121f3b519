"""Lines written several times, of which the one is kept that a recognizer reads best."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from base.base_model import Sample
from ink.strokes import MAX_COORDINATE, InkLine
from model.reading.error_rates import character_edits, plain
from results.reading.decoding import GREEDY, Decoding
from results.reading.embedder import Embedder
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

    Of those with the same CER the one is kept whose handwriting `embedder` finds most like the style's, where there are
    both; else the one that was read with the most confidence, of those the shortest. The first candidate of a line is
    what is written without a choice, from the same seed; the k-th has that seed + (k - 1) * SEED_STEP.

    chosen  of every line so far: text, which candidate was kept (from 1), CER and edits of the first and of the kept,
            and their likeness to the style (cosine, at most 1)
    """

    reader: Reader
    candidates: int
    decoding: Decoding = GREEDY
    embedder: Embedder | None = None
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
        readings = read_back(self.reader, writer, drawn, self.decoding)
        alike = likenesses(self.embedder, writer, drawn, style) if self.embedder and style else None
        best = []
        for number, text in enumerate(texts):
            some = slice(number * self.candidates, (number + 1) * self.candidates)
            kept = self._best(text, drawn[some], readings[some], alike and alike[some])
            best.append(drawn[some][kept])
        return best

    def _best(
        self,
        text: str,
        drawn: Sequence[Sample],
        readings: Sequence[tuple[str, float]],
        alike: Sequence[float] | None,
    ) -> int:
        """Return the place of the best candidate of a text, and add it to `chosen`."""
        true = plain(text)
        edits = [character_edits(plain(read), true) for read, _ in readings]
        # Equal texts may be more or less like the style, and more or less clear.
        ranks = [
            (edits[k], -(alike[k] if alike else 0.0), -readings[k][1], len(sample.strokes))
            for k, sample in enumerate(drawn)
        ]
        kept = min(range(len(drawn)), key=ranks.__getitem__)
        size = max(len(true), 1)
        choice = {"text": text, "kept": kept + 1, "edits_first": edits[0], "edits_kept": edits[kept]}
        choice |= {"cer_first": edits[0] / size, "cer_kept": edits[kept] / size}
        self.chosen.append(choice | ({"alike_first": alike[0], "alike_kept": alike[kept]} if alike else {}))
        return kept

    def numbers(self) -> dict[str, Any]:
        """CER over all lines so far of the first candidates and of those kept, and every line."""
        size = max(sum(len(plain(line["text"])) for line in self.chosen), 1)
        first, kept = (sum(line[edits] for line in self.chosen) / size for edits in ("edits_first", "edits_kept"))
        rates = {"cer_first": first, "cer_kept": kept}
        for name in ("alike_first", "alike_kept"):
            some = [line[name] for line in self.chosen if name in line]
            rates |= {name: float(np.mean(some))} if some else {}
        return {"best_of": self.candidates, "n_lines": len(self.chosen), **rates, "lines": self.chosen}


def read_back(
    reader: Reader, writer: Writer, drawn: Sequence[Sample], decoding: Decoding = GREEDY
) -> list[tuple[str, float]]:
    """Text and confidence that a recognizer reads in each line that a network wrote: ("", 0) where there is no ink.

    Raises InputError where the network writes ink of size 1 and the recognizer is not used to it.
    """
    if writer.transform.normalise_size and not reader.transform.normalise_size:
        raise InputError(f"{reader.path}: reads ink in a corpus's units; {writer.path} writes it at an x-height of 1")
    inks = inks_of(writer, drawn)
    readings = dict(zip(inks, reader.read([*inks.values()], decoding), strict=True))
    return [(readings[i].text, readings[i].confidence) if i in readings else ("", 0.0) for i in range(len(drawn))]


def likenesses(embedder: Embedder, writer: Writer, drawn: Sequence[Sample], style: Style) -> list[float]:
    """Cosines between the embeddings of lines that a network wrote and of its style: -1 where there is no ink."""
    inks = inks_of(writer, drawn)
    own = InkLine(style.name, "", "", "", writer.points(style.strokes))
    embeddings = embedder.embed([own, *inks.values()])
    cosines = dict(zip(inks, (embeddings[1:] @ embeddings[0]).tolist(), strict=True))
    return [cosines.get(i, -1.0) for i in range(len(drawn))]


def inks_of(writer: Writer, drawn: Sequence[Sample]) -> dict[int, InkLine]:
    """Lines of ink that a network wrote, by their place, without those that have none that can be used."""
    points = [writer.points(sample.strokes) for sample in drawn]
    ink = [i for i, line in enumerate(points) if len(line) > 1 and (np.abs(line) <= MAX_COORDINATE).all()]
    return {i: InkLine(f"written {i + 1}", "", "", "", points[i]) for i in ink}
