"""Words of a line by the gaps between them: cropped, or moved against each other."""

import numpy as np

from ink.geometry import baseline, stroke_bounds, x_height

CERTAIN_GAP = 1.5
"""The narrowest gap between words must be this many times the widest gap within them, or no gap is trusted."""
LEAST_GAP = 0.3
"""x-heights that a gap between words has at least."""
EVEN_WORDS = 2.0
"""A word's width per character may be this many times the line's, either way, or no gap is trusted."""


def cropped(points: np.ndarray, text: str, min_share: float, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """A run of whole words with at least the share `min_share` of the text, each such run as likely; its ink and text.

    The line stays as it is where its words cannot be separated without doubt.
    """
    words = text.split(" ")
    word_of_stroke = words_of_strokes(points, words)
    if word_of_stroke is None:
        return points, text
    ends = np.cumsum([len(word) + 1 for word in words])
    starts = np.append(0, ends[:-1])
    shares = (ends[None, :] - 1 - starts[:, None]) / len(text)
    runs = np.argwhere(np.triu(shares >= min_share))
    first, last = runs[rng.integers(len(runs))]
    chosen = np.repeat((word_of_stroke >= first) & (word_of_stroke <= last), _lengths(points))
    if chosen.sum() < 2:
        return points, text
    return points[chosen], " ".join(words[first : last + 1])


def words_moved(points: np.ndarray, text: str, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return points with each word larger or smaller, higher or lower, and farther from the one before or nearer.

    Uniform within +- `share`: of the word's size, of an x-height, of the gap. The line stays as it is where its words
    cannot be separated without doubt.
    """
    words = text.split(" ")
    word_of_stroke = words_of_strokes(points, words)
    if word_of_stroke is None:
        return points
    word = np.repeat(word_of_stroke, _lengths(points))
    by_word = [points[word == number, :2].astype(np.float64) for number in range(len(words))]
    left, right = (np.array([edge(ink[:, 0]) for ink in by_word]) for edge in (np.min, np.max))
    size, height, gap = share * rng.uniform(-1, 1, (3, len(words)))
    widths, gaps = (right - left) * (1 + size), np.append(0, left[1:] - right[:-1]) * (1 + gap)
    new_left = left[0] + np.cumsum(gaps) + np.append(0, np.cumsum(widths[:-1]))
    base = baseline(points)
    result = points.astype(np.float32)
    result[:, 0] = new_left[word] + (points[:, 0] - left[word]) * (1 + size[word])
    result[:, 1] = base + (points[:, 1] - base) * (1 + size[word]) + (height * x_height(points))[word]
    return result


def words_of_strokes(points: np.ndarray, words: list[str]) -> np.ndarray | None:
    """Return the word that each stroke belongs to, (S,), or None where the gaps in x leave a doubt.

    n words have n - 1 gaps between them. They are known when the n - 1 widest gaps are wide, much wider than the next
    one, and leave every word a width that suits its characters.
    """
    if len(words) < 2 or not all(words):
        return None
    first, _ = stroke_bounds(points)
    left, right = np.minimum.reduceat(points[:, 0], first), np.maximum.reduceat(points[:, 0], first)
    order = np.argsort(left, kind="stable")
    reached = np.maximum.accumulate(right[order])
    gaps = left[order][1:] - reached[:-1]
    if len(gaps) < len(words) - 1:
        return None
    wide = np.sort(np.argsort(-gaps, kind="stable")[: len(words) - 1])
    others = np.delete(gaps, wide)
    certain = max(LEAST_GAP * x_height(points), CERTAIN_GAP * others.max(initial=0.0))
    edges = np.append(left[order][np.append(0, wide + 1)], reached[-1])
    widths = np.append(reached[wide], reached[-1]) - edges[:-1]
    sizes = np.array([len(word) for word in words]) * (widths.sum() / sum(map(len, words)))
    if gaps[wide].min() < certain or (widths > EVEN_WORDS * sizes).any() or (EVEN_WORDS * widths < sizes).any():
        return None
    word_of_stroke = np.empty(len(first), np.int64)
    word_of_stroke[order] = np.searchsorted(wide, np.arange(len(first)), side="left")
    return word_of_stroke


def _lengths(points: np.ndarray) -> np.ndarray:
    first, last = stroke_bounds(points)
    return last - first + 1
