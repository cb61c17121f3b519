"""Readings with their probabilities, and whether they are right: what a calibration is fitted to and measured on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein

from model.reading.posteriors import TextPosterior
from results.reading.scores import ReadLine


@dataclass(frozen=True)
class Judged:
    """Readings (n,), of words or of lines: log-probability, whether each is right, and the writer of each."""

    log_probs: np.ndarray
    right: np.ndarray
    writers: np.ndarray

    def by(self, writers: set[str]) -> "Judged":
        """Return those by some of the writers."""
        some = np.isin(self.writers, sorted(writers))
        return Judged(self.log_probs[some], self.right[some], self.writers[some])


def judged(read: Sequence[ReadLine], posteriors: Sequence[TextPosterior]) -> tuple[Judged, Judged]:
    """Return the words and the lines of a corpus that were read, judged under the rule for transcriptions.

    A line is right where all of it is; a word where it is in its place, see `words_right`. Words of the rare lines
    whose words the rule joins are left out.
    """
    words: list[tuple[float, bool, str]] = []
    lines: list[tuple[float, bool, str]] = []
    for line, posterior in zip(read, posteriors, strict=True):
        ruled = line.plain
        lines.append((posterior.line, ruled.read == ruled.true, line.writer))
        right = words_right(ruled.read, ruled.true)
        if len(right) == len(posterior.words):
            words += [(nats, hit, line.writer) for nats, hit in zip(posterior.words, right, strict=True)]
    return _judged(words), _judged(lines)


def words_right(read: str, true: str) -> list[bool]:
    """Return of each word read whether it is right: in an alignment of fewest edits it is kept as it is."""
    words = read.split()
    right = [False] * len(words)
    for block in Levenshtein.opcodes(words, true.split()):
        if block.tag == "equal":
            right[block.src_start : block.src_end] = [True] * (block.src_end - block.src_start)
    return right


def _judged(rows: list[tuple[float, bool, str]]) -> Judged:
    nats, right, writers = zip(*rows, strict=True) if rows else ((), (), ())
    return Judged(np.array(nats, np.float64), np.array(right, bool), np.array(writers, np.str_))
