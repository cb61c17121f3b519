"""Lines that are watched while they are written, and remembered, so that none is written twice."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from threading import Lock

import numpy as np

from base.base_model import Sample
from results.writing.lines import SEEDS_PER_WRITING, Style
from results.writing.writer import Writer

KEPT_LINES = 2_000
"""Lines that are remembered, each of some 20 KB."""
Key = tuple[str, int, float, bytes]
OnInk = Callable[[int, np.ndarray, bool], object]
BATCHES = (1, 4, 16, 64)
"""Lines that are drawn at once, first, next, and so on: the pen is on the paper soonest with one alone, the most points
per second are drawn with many. What is drawn is the same."""


class LineMemory:
    """The lines that were written last, by text, seed, bias and style."""

    def __init__(self) -> None:
        self.lock, self.samples = Lock(), OrderedDict[Key, Sample]()

    def get(self, key: Key) -> Sample | None:
        """The line, or None."""
        with self.lock:
            if key in self.samples:
                self.samples.move_to_end(key)
            return self.samples.get(key)

    def add(self, key: Key, sample: Sample) -> None:
        """Remember a line, of its attention only where it is highest; forget the one that is longest unused."""
        highest = None
        if sample.weights is not None:
            highest = (sample.weights == sample.weights.max(1, keepdims=True)) & (sample.weights > 0)
        with self.lock:
            self.samples[key] = Sample(sample.strokes, highest, sample.stopped)
            while len(self.samples) > KEPT_LINES:
                self.samples.popitem(last=False)


class LiveDraw:
    """A `Draw` that reports the points of every line while they are drawn.

    seed      of the writing: the lines' seeds are counted from it
    again     how often each line was written again: each time it is the line of the next writing's seed
    on_ink    is called from any thread with the number of a line, its points (T, 3) so far in the data set's units, and
              True if these are all
    """

    def __init__(
        self,
        memory: LineMemory,
        seed: int,
        again: dict[int, int],
        on_ink: OnInk,
    ) -> None:
        self.memory, self.first, self.again, self.on_ink = memory, seed * SEEDS_PER_WRITING, again, on_ink

    def __call__(
        self, writer: Writer, texts: Sequence[str], seeds: Sequence[int], bias: float, style: Style | None = None
    ) -> list[Sample]:
        """The line of each text."""
        lines = [seed - self.first for seed in seeds]
        seeds = [seed + self.again.get(line, 0) * SEEDS_PER_WRITING for line, seed in zip(lines, seeds, strict=True)]
        digest = hashlib.sha256(style.text.encode() + style.strokes.tobytes()).digest() if style else b""
        keys = [(text, seed, bias, digest) for text, seed in zip(texts, seeds, strict=True)]
        samples = [self.memory.get(key) for key in keys]
        for line, sample in zip(lines, samples, strict=True):
            if sample:
                self.on_ink(line, writer.points(sample.strokes), True)
        missing = [n for n, sample in enumerate(samples) if sample is None]
        sizes = chain(BATCHES, repeat(BATCHES[-1]))
        while missing:
            size = next(sizes)
            some, missing = missing[:size], missing[size:]
            drawn = self._draw(writer, [keys[n] for n in some], [lines[n] for n in some], style)
            for n, sample in zip(some, drawn, strict=True):
                samples[n] = sample
                self.memory.add(keys[n], sample)
                self.on_ink(lines[n], writer.points(sample.strokes), True)
        return [sample for sample in samples if sample is not None]

    def _draw(self, writer: Writer, keys: Sequence[Key], lines: Sequence[int], style: Style | None) -> list[Sample]:
        def watch(line: int, strokes: np.ndarray) -> None:
            self.on_ink(lines[line], writer.points(strokes), False)

        texts, seeds, biases, _ = zip(*keys, strict=True)
        return writer.draw_lines(texts, seeds, biases[0], style, watch)
