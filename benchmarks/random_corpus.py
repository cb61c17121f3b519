"""Corpora of loops with random texts, of any size: what a benchmark trains on where there is no ink."""

import string
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from data_loader.corpus_writer import CorpusWriter
from ink.strokes import InkLine

LIFT = 23
"""Points between two pen lifts."""


def random_line(number: int, split: str, points: int, text: str) -> InkLine:
    """Return loops along a line, with a little noise of their own."""
    at, rng = np.arange(points), np.random.default_rng(number)
    ink = np.column_stack([1.5 * at + 6 * np.cos(at / 3), 12 * np.sin(at / 3), at % LIFT == LIFT - 1])
    ink[:, :2] += rng.normal(0, 0.5, (points, 2))
    ink[-1, 2] = 1
    writer = f"w{number // 18 % 8}"  # two successive lines to validate are by one writer
    return InkLine(str(number), text, writer, split, ink.astype(np.float32))


def random_lines(count: int, points: int, characters: int) -> Iterator[InkLine]:
    """Yield lines of about this many points and characters, every ninth of them to validate; at 1 character digits."""
    letters = list(string.digits if characters == 1 else string.ascii_lowercase)
    for number in range(count):
        rng = np.random.default_rng((1, number))
        share = 1.0 if characters == 1 else rng.uniform(0.6, 1.4)
        text = "".join(rng.choice(letters, max(1, round(share * characters))))
        text = str(number % 10) if characters == 1 else text
        yield random_line(number, "valid" if number % 9 == 8 else "train", max(8, round(share * points)), text)


def write_random_corpus(folder: Path, count: int, points: int, characters: int) -> None:
    """Write such lines as the prepared corpus `folder`."""
    with CorpusWriter(folder) as writer:
        for line in random_lines(count, points, characters):
            writer.add(line)
        writer.finish(source="random", how_made="drawn by benchmarks.random_corpus", report={})
