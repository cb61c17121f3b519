"""Lines written several times at once, of which the one is kept that a recognizer reads best."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle, groupby
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from base.base_model import Sample
from ink.strokes import MAX_COORDINATE, InkLine
from model.reading.error_rates import character_edits, plain
from model.writing.record import Selection
from results.reading.decoding import GREEDY, Decoding
from results.reading.embedder import Embedder
from results.reading.reader import Reader
from results.writing.lines import Style
from results.writing.writer import Writer
from utils.errors import InputError

MAX_CANDIDATES = 100
SEED_STEP = 2_654_435_769
"""Distance of the seeds of two successive candidates; odd, so that 2**32 seeds come before any comes again."""
EVERY = 96
"""Points after which candidates are read, some seven characters: see docs/writing.md for other numbers."""
STUCK = 8
"""Characters that a candidate is behind half of the others when it is taken to write one place again and again."""


class Rank(NamedTuple):
    """A candidate's rank among those of its text, smallest of the best: lines that are read alike may be more or less
    like the style, and more or less clear.

    edits    of the characters that are read, to the text
    unlike   the likeness to the style (cosine), negative; 0 where there is none
    unclear  the confidence of the reading, negative
    points   of the line

    Likeness and confidence are rounded, so that what they owe to the lines that were read with them does not count.
    """

    edits: int
    unlike: float
    unclear: float
    points: int


@dataclass
class BestOf:
    """A `Draw` that writes every line `candidates` times at once and keeps the one with the lowest CER when read.

    Of those with the same CER the one is kept whose handwriting `embedder` finds most like the style's, where there are
    both; else the one that was read with the most confidence, of those the shortest. While they are written they are
    read after every EVERY points, and those that are misread more than others go on as copies of the others. So each
    word is chosen from many, not only each line: a particle filter (Gordon et al., 1993) that takes the best in place
    of random ones. The first candidate of a line is what is written without a choice, from the same seed, and goes on
    from no other; the k-th has that seed + (k - 1) * SEED_STEP.

    chosen  of every line so far: text, which candidate was kept (from 1), CER and edits of the first and of the kept,
            and their likeness to the style (cosine, at most 1)
    """

    reader: Reader
    candidates: int
    decoding: Decoding = GREEDY
    embedder: Embedder | None = None
    chosen: list[dict[str, Any]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

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
        require_one_size(self.reader, writer)
        each = range(self.candidates)
        choose = partial(self._going_on, writer, texts, style)
        drawn = writer.draw_lines(
            [text for text in texts for _ in each],
            [seed + k * SEED_STEP for seed in seeds for k in each],
            bias,
            style,
            selection=Selection(self.candidates, EVERY, choose) if self.candidates > 1 else None,
        )
        ranks = self._ranks(writer, drawn, [text for text in texts for _ in each], style)
        best = []
        for first, text in zip(range(0, len(drawn), self.candidates), texts, strict=True):
            kept = min(each, key=ranks[first : first + self.candidates].__getitem__)
            self.chosen.append(
                _choice(text, kept, ranks[first], ranks[first + kept], alike=bool(self.embedder and style))
            )
            best.append(drawn[first + kept])
        return best

    def _ranks(self, writer: Writer, drawn: Sequence[Sample], texts: Sequence[str], style: Style | None) -> list[Rank]:
        """Return the rank of each line among those of its text."""
        readings = read_back(self.reader, writer, drawn, self.decoding)
        alike = likenesses(self.embedder, writer, drawn, style) if self.embedder and style else [0.0] * len(drawn)
        return [
            Rank(
                character_edits(plain(read), plain(text)),
                -round(likeness, 4),
                -round(confidence, 4),
                len(sample.strokes),
            )
            for text, sample, (read, confidence), likeness in zip(texts, drawn, readings, alike, strict=True)
        ]

    def _going_on(
        self,
        writer: Writer,
        texts: Sequence[str],
        style: Style | None,
        lines: Sequence[int],
        samples: Sequence[Sample],
    ) -> list[int]:
        """Return for each candidate the place of the one that it goes on from: its own if none is better.

        Compared are the whole words that half of a text's candidates, among those still being written, have written: by
        all that each has written, those that are slow, or stuck, would be the best.
        """
        places = list(range(len(lines)))
        groups: list[tuple[str, list[int], list[int]]] = []
        for number, group in groupby(places, lambda place: lines[place] // self.candidates):
            text, at = texts[number], {place: position(samples[place]) for place in group}
            end = text.rfind(" ", 0, sorted(at.values())[len(at) // 2])
            if end > 0 and len(at) > 1:
                able = [place for place in at if at[place] > end]
                groups.append((text[:end], able, [place for place in at if at[place] < end - STUCK]))
        parts = [(text, beginning(samples[place], len(text))) for text, able, _ in groups for place in able]
        if not parts:
            return places
        with self.lock:  # a thread for each part of the lines asks, the networks are used by one at a time
            ranks = iter(self._ranks(writer, [part for _, part in parts], [text for text, _ in parts], style))
        for _, able, stuck in groups:
            rank = {place: next(ranks) for place in able}
            fewest = min(rank.values()).edits
            best = sorted((place for place in able if rank[place].edits == fewest), key=rank.__getitem__)
            worse = [place for place in able if rank[place].edits > fewest] + stuck
            for place, better in zip(filter(lambda place: lines[place] % self.candidates, worse), cycle(best)):
                places[place] = better
        return places

    def numbers(self) -> dict[str, Any]:
        """CER over all lines so far of the first candidates and of those kept, and every line."""
        size = max(sum(len(plain(line["text"])) for line in self.chosen), 1)
        first, kept = (sum(line[edits] for line in self.chosen) / size for edits in ("edits_first", "edits_kept"))
        rates = {"cer_first": first, "cer_kept": kept}
        for name in ("alike_first", "alike_kept"):
            some = [line[name] for line in self.chosen if name in line]
            rates |= {name: float(np.mean(some))} if some else {}
        return {"best_of": self.candidates, "n_lines": len(self.chosen), **rates, "lines": self.chosen}


def position(sample: Sample) -> int:
    """Return the place of the character that a line has come to."""
    path = sample.path
    return int(path[-1]) if len(path) else 0


def beginning(sample: Sample, end: int) -> Sample:
    """Return the whole strokes of a line up to the last point at which a character up to `end` was attended to."""
    within = np.flatnonzero(sample.path <= end)
    points = int(within[-1]) + 2 if len(within) else 1
    lifts = np.flatnonzero(sample.strokes[:points, 2] > 0.5)
    return Sample(sample.strokes[: lifts[-1] + 1 if len(lifts) else 1], None, False)


def _choice(text: str, kept: int, first: Rank, best: Rank, *, alike: bool) -> dict[str, Any]:
    """Return what `BestOf.chosen` has of a line."""
    size = max(len(plain(text)), 1)
    choice = {"text": text, "kept": kept + 1, "edits_first": first.edits, "edits_kept": best.edits}
    choice |= {"cer_first": first.edits / size, "cer_kept": best.edits / size}
    return choice | ({"alike_first": -first.unlike, "alike_kept": -best.unlike} if alike else {})


def require_one_size(reader: Reader, writer: Writer) -> None:
    """Raise InputError where a network writes ink of size 1 and the recognizer is not used to it."""
    if writer.transform.normalise_size and not reader.transform.normalise_size:
        raise InputError(f"{reader.path}: reads ink in a corpus's units; {writer.path} writes it at an x-height of 1")


def read_back(
    reader: Reader, writer: Writer, drawn: Sequence[Sample], decoding: Decoding = GREEDY
) -> list[tuple[str, float]]:
    """Text and confidence that a recognizer reads in each line that a network wrote: ("", 0) where there is no ink.

    Raises InputError as `require_one_size` does.
    """
    require_one_size(reader, writer)
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
