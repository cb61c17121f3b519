"""Ways of the pen that leave a line's ink almost as it is: when dots and bars are written, where the pen is lifted."""

import numpy as np

from ink.geometry import baseline, stroke_bounds, x_height

MARK_HEIGHT, MARK_WIDTH = 0.7, 2.5
"""x-heights: a taller or wider stroke is no dot and no bar."""
MARK_PLACE = 0.8
"""x-heights above the baseline: the middle of a dot or bar is higher, unlike those of hyphens, commas and periods."""
WORD_GAP = 0.8
"""x-heights: a wider gap separates words, for the purpose of writing marks after them."""
SHORT_LIFT = 0.5
"""x-heights that a pen may move in the air to have its lift drawn through."""


def marks_delayed(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return points with dots and bars written all after their letter, or all after their word, in either direction.

    Both are as likely; a mark is drawn from its other end with probability 1/2. The ink stays where it is.
    """
    first, last = stroke_bounds(points)
    left, right, top, bottom = stroke_boxes(points)
    size = x_height(points)
    marks = (bottom - top <= MARK_HEIGHT * size) & (right - left <= MARK_WIDTH * size)
    marks &= (top + bottom) / 2 < baseline(points) - MARK_PLACE * size
    letters = np.flatnonzero(~marks)
    is_after_word = rng.random() < 0.5
    is_turned = marks & (rng.random(len(marks)) < 0.5)
    if not marks.any() or not len(letters):
        return points
    center = (left + right)[:, None] / 2
    far = np.maximum(left[letters] - center, center - right[letters])  # (S, letters)
    owner = np.maximum(far, 0).argmin(1)
    after = letters[owner]  # (S,) the stroke that each mark follows
    if is_after_word:
        word = words_by_gaps(left[letters], right[letters], WORD_GAP * size)
        ends = np.zeros(word.max() + 1, np.int64)
        np.maximum.at(ends, word, letters)
        after = ends[word[owner]]
    order = np.argsort(np.where(marks, after + 0.5, np.arange(len(marks))), kind="stable")
    rows = [np.arange(first[stroke], last[stroke] + 1)[:: -1 if is_turned[stroke] else 1] for stroke in order]
    result = points[np.concatenate(rows)].astype(np.float32)
    result[:, 2] = 0
    result[np.cumsum([len(row) for row in rows]) - 1, 2] = 1
    return result


def lifts_changed(points: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return points with the share `share` of short pen lifts drawn through, and about as many strokes cut in two.

    A lift that is drawn through gets points as far apart as the line's in the median.
    """
    moves = np.linalg.norm(np.diff(points[:, :2].astype(np.float64), axis=0), axis=1)  # (T-1,)
    is_lift = points[:-1, 2] > 0.5
    chances = rng.random(len(moves))
    short = is_lift & (moves <= SHORT_LIFT * x_height(points))
    joined = short & (chances < share)
    cut = ~is_lift & (chances < share * short.sum() / max((~is_lift).sum(), 1))
    result = points.astype(np.float32)
    result[:-1, 2] = (is_lift & ~joined) | cut
    step = float(np.median(moves[~is_lift])) if (~is_lift).any() else 0.0
    if not joined.any() or not step:
        return result
    added = np.where(joined, np.ceil(moves / step) - 1, 0).clip(0).astype(np.int64)
    at = np.append(0, np.cumsum(1 + added))  # the new rows of the old points
    new = np.arange(at[-1] + 1)
    return np.column_stack(
        [*(np.interp(new, at, result[:, axis]) for axis in (0, 1)), np.isin(new, at[result[:, 2] > 0.5])]
    ).astype(np.float32)


def stroke_boxes(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return left, right, top and bottom of every stroke, each (S,)."""
    first, _ = stroke_bounds(points)
    low, high = np.minimum.reduceat(points[:, :2], first), np.maximum.reduceat(points[:, :2], first)
    return low[:, 0], high[:, 0], low[:, 1], high[:, 1]


def words_by_gaps(left: np.ndarray, right: np.ndarray, gap: float) -> np.ndarray:
    """Return the number of the word of each stroke (S,): words are separated by gaps in x wider than `gap`."""
    order = np.argsort(left, kind="stable")
    reached = np.maximum.accumulate(right[order])
    word = np.empty(len(left), np.int64)
    word[order] = np.append(0, np.cumsum(left[order][1:] - reached[:-1] > gap))
    return word
