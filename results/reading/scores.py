"""Error rates of readings with their intervals, by writer and by length, and the characters confused."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein

from model.reading.error_rates import character_edits, plain, word_edits
from results.reading.lines import LineReading
from utils.files import natural_order

RESAMPLES, SEED = 1000, 1
MAX_CONFUSIONS = 30
LENGTHS = (0, 1, 11, 21, 31, 41, 51, 61)
"""Characters from which on a line counts as one of the next length."""
MEASURES: dict[str, tuple[Callable[[str, str], int], Callable[[str], int]]] = {
    "cer": (character_edits, len),
    "wer": (word_edits, lambda text: len(text.split())),
}
"""Error rates by name: the edits from a reading to the truth, and the size of the truth."""


@dataclass(frozen=True)
class ReadLine:
    """A line's true text and what was read."""

    id: str
    writer: str
    true: str
    read: str

    @property
    def plain(self) -> "ReadLine":
        """The line with both texts under the rule for transcriptions, see `model.reading.error_rates.plain`."""
        return ReadLine(self.id, self.writer, plain(self.true), plain(self.read))


def read_line(reading: LineReading) -> ReadLine:
    """The true text of a reading's line and the text that was read."""
    return ReadLine(reading.line.id, reading.line.writer, reading.line.text, reading.text)


def scores(lines: Sequence[ReadLine]) -> dict[str, Any]:
    """Error rates under the rule and as written ("_raw"), each with its 95 % interval, and where the errors are.

    A rate is the sum of all edits over that of all true characters or words. A line without text counts all that was
    read of it as edits. The interval covers the variation among lines like these.
    """
    ruled = [line.plain for line in lines]
    numbers: dict[str, Any] = {"n_lines": len(lines)}
    for suffix, some in {"": ruled, "_raw": lines}.items():
        for name, (edits_of, size_of) in MEASURES.items():
            edits = np.array([edits_of(line.read, line.true) for line in some])
            sizes = np.array([size_of(line.true) for line in some])
            low, high = interval(edits, sizes)
            numbers |= {f"{name}{suffix}": rate(edits, sizes), f"{name}{suffix}_low": low, f"{name}{suffix}_high": high}
    return numbers | {
        "n_characters": sum(len(line.true) for line in ruled),
        "n_words": sum(len(line.true.split()) for line in ruled),
        "by_writer": grouped(ruled, lambda line: line.writer or "unknown"),
        "by_length": grouped(ruled, length_of),
        "confusion": confusion(ruled)[:MAX_CONFUSIONS],
    }


def rate(edits: np.ndarray, sizes: np.ndarray) -> float:
    """Sum of edits over sum of sizes; where there is nothing to be read, the edits themselves."""
    return float(edits.sum() / max(sizes.sum(), 1))


def interval(edits: np.ndarray, sizes: np.ndarray, resamples: int = RESAMPLES, seed: int = SEED) -> tuple[float, float]:
    """The 95 % bootstrap interval of `rate` over lines (L,): percentiles over samples of lines with replacement."""
    rng = np.random.default_rng(seed)
    picks = (rng.integers(0, len(edits), len(edits)) for _ in range(resamples))
    low, high = np.percentile([rate(edits[pick], sizes[pick]) for pick in picks], [2.5, 97.5])
    return float(low), float(high)


def grouped(lines: Sequence[ReadLine], group_of: Callable[[ReadLine], str]) -> dict[str, dict[str, Any]]:
    """Lines, characters, edits and error rate of every group, groups in order; their sums are those of all lines."""
    groups: dict[str, list[ReadLine]] = {}
    for line in lines:
        groups.setdefault(group_of(line), []).append(line)
    return {name: _group(groups[name]) for name in sorted(groups, key=natural_order)}


def _group(lines: list[ReadLine]) -> dict[str, Any]:
    edits = np.array([character_edits(line.read, line.true) for line in lines])
    sizes = np.array([len(line.true) for line in lines])
    total = {"lines": len(lines), "characters": int(sizes.sum()), "edits": int(edits.sum())}
    return total | {"cer": rate(edits, sizes)}


def length_of(line: ReadLine) -> str:
    """The length that a line counts as, in characters: "0", "1-10", ..., "61+"."""
    for first, after in pairwise(LENGTHS):
        if len(line.true) < after:
            return str(first) if first == after - 1 else f"{first}-{after - 1}"
    return f"{LENGTHS[-1]}+"


def confusion(lines: Sequence[ReadLine]) -> list[dict[str, Any]]:
    """Counts of true characters read as others, the most frequent first; they add up to the edits.

    read "" is a character that was left out, true "" one that is not there; `of` counts the true one's occurrences.
    """
    pairs: Counter[tuple[str, str]] = Counter()
    occurs = Counter(character for line in lines for character in line.true)
    for line in lines:
        for edit in Levenshtein.editops(line.read, line.true):
            true = "" if edit.tag == "delete" else line.true[edit.dest_pos]
            read = "" if edit.tag == "insert" else line.read[edit.src_pos]
            pairs[true, read] += 1
    ranked = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    return [{"true": true, "read": read, "count": count, "of": occurs[true]} for (true, read), count in ranked]
