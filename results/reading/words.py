"""The words of a reading, and the ink of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ink.geometry import stroke_bounds
from model.reading.posteriors import Span


@dataclass(frozen=True)
class ReadWord:
    """A word, how likely it is right (0 to 1), and the points of the line (positions, rising) that it was read from.

    alternatives  other texts of the same ink with their probabilities, the likeliest first, where they were asked for
    """

    text: str
    confidence: float
    points: np.ndarray
    alternatives: list[tuple[str, float]] = field(default_factory=list)


def word_points(points: np.ndarray, characters: Sequence[np.ndarray], spans: Sequence[Span]) -> list[np.ndarray]:
    """Return which points (n,) of a line (T, 3) each word was written with; together they are all points.

    characters  (n,) the points that each character was read from; where a word ends they are only near the truth

    Between two words the cut is at the pen lift with the widest gap to the right, from the middle of the last
    character's ink to the middle of the next one's. A stroke that was written late, such as a dot, and is to the left
    of its word then goes to the word that it is above.
    """
    if not spans:
        return []
    order = [0]
    first, last = stroke_bounds(points)
    for (_, after), (begin, _) in pairwise(spans):
        order.append(max(_cut(points, last, _middle(characters, after - 1), _middle(characters, begin)), order[-1]))
    owner = np.searchsorted(np.array(order[1:]), np.arange(len(points)), side="right")
    _move_late_strokes(points, owner, first, last, len(spans))
    return [np.flatnonzero(owner == number) for number in range(len(spans))]


def _middle(characters: Sequence[np.ndarray], number: int) -> int:
    """Return the middle point of a character's ink; of one without ink, that of the nearest before that has some."""
    for some in reversed(characters[: number + 1]):
        if len(some):
            return int(some[len(some) // 2])
    return 0


def _cut(points: np.ndarray, last: np.ndarray, begin: int, end: int) -> int:
    """Return the first point of the next word, which begins between two points of a line."""
    lifts = np.flatnonzero((last >= begin) & (last < end))
    if not len(lifts):
        return (begin + end + 1) // 2
    right = np.maximum.reduceat(points[:, 0], np.append(0, last[:-1] + 1))
    left = np.minimum.reduceat(points[:, 0], np.append(0, last[:-1] + 1))
    gaps = left[lifts + 1] - np.maximum.accumulate(right)[lifts]
    return int(last[lifts[int(gaps.argmax())]]) + 1


def _move_late_strokes(points: np.ndarray, owner: np.ndarray, first: np.ndarray, last: np.ndarray, count: int) -> None:
    """Give each stroke that ends to the left of its word's beginning to the word before that is nearest, in place."""
    left, right = np.minimum.reduceat(points[:, 0], first), np.maximum.reduceat(points[:, 0], first)
    word = owner[first]
    begins = np.array([np.inf if not (word == number).any() else left[word == number][0] for number in range(count)])
    is_late = (right < begins[word]) & (word > 0)
    ends = np.array([right[(word == number) & ~is_late].max(initial=-np.inf) for number in range(count)])
    for stroke in np.flatnonzero(is_late & (owner[last] == word)):
        middle = (left[stroke] + right[stroke]) / 2
        distance = np.maximum(np.maximum(begins - middle, middle - ends), 0)[: word[stroke]]
        owner[first[stroke] : last[stroke] + 1] = distance.argmin()
