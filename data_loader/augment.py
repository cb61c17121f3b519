"""Augmentation on the fly: a training line is seen a little differently in every epoch."""

import math
from dataclasses import dataclass

import numpy as np

from ink.geometry import mapped, respaced, rotation, shear, stroke_bounds, x_height

CERTAIN_GAP = 1.5
"""The narrowest gap between words must be this many times the widest gap within them, or no gap is trusted."""
LEAST_GAP = 0.3
"""x-heights that a gap between words has at least."""
EVEN_WORDS = 2.0
"""A word's width per character may be this many times the line's, either way, or no gap is trusted."""
WAVES = 4
"""Number of sine waves that warp a bent paper."""


@dataclass(frozen=True, kw_only=True)
class Augment:
    """Random changes of a training line, uniform within these bounds; all off by default.

    crop_words  (probability, least share): so often, a run of whole words with at least this share of the characters
                is cut out of the line, ink and text, where the gaps separate the words without doubt
    reorder     so often, the strokes come in any order, each from either of its ends: for drawings read as a whole
    speed       each stroke is written so much slower or faster: up to +- this share more points along it, or fewer
    jitter      each point moves by a Gaussian of this share of the line's median move
    bend        the paper is warped by waves about as long as the ink is high, which move it by this share of its
                x-height, more or less
    scale       width and height each change by up to +- this share
    shear       the ink leans up to +- this tangent more
    rotate      the line turns by up to +- this many degrees
    """

    crop_words: tuple[float, float] | None = None
    reorder: float = 0.0
    speed: float = 0.0
    jitter: float = 0.0
    bend: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    rotate: float = 0.0

    def __post_init__(self) -> None:
        bounds = {"reorder": 1.0, "speed": 0.9, "jitter": 1.0, "bend": 0.5}
        bounds |= {"scale": 0.9, "shear": 2.0, "rotate": 180.0}
        for name, highest in bounds.items():
            if not 0 <= getattr(self, name) <= highest:
                raise ValueError(f"augment.{name} is {getattr(self, name)}; it must be from 0 to {highest}")
        if self.crop_words is not None and not all(0 <= share <= 1 for share in self.crop_words):
            raise ValueError(f"augment.crop_words is {list(self.crop_words)}; its two numbers must be from 0 to 1")

    def __call__(self, points: np.ndarray, text: str, rng: np.random.Generator) -> tuple[np.ndarray, str]:
        """Points (T', 3) float32 and text of the line as it is seen this time."""
        if self.crop_words is not None and rng.random() < self.crop_words[0]:
            points, text = cropped(points, text, self.crop_words[1], rng)
        if self.reorder and rng.random() < self.reorder:
            points = reordered(points, rng)
        if self.speed:
            points = respeeded(points, self.speed, rng)
        if self.jitter:
            points = jittered(points, self.jitter, rng)
        if self.bend:
            points = bent(points, self.bend, rng)
        if self.scale or self.shear or self.rotate:
            factors = 1 + self.scale * rng.uniform(-1, 1, 2)
            lean, angle = self.shear * rng.uniform(-1, 1), np.radians(self.rotate) * rng.uniform(-1, 1)
            points = mapped(points, rotation(angle) @ shear(lean) @ np.diag(factors))
        return points, text


def reordered(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Points with the strokes in any order, each from either of its ends, all alike; where the ink is, stays."""
    strokes = np.split(points, np.flatnonzero(points[:-1, 2] > 0.5) + 1)
    turned = [rng.choice([stroke, np.column_stack([stroke[::-1, :2], stroke[:, 2]])]) for stroke in strokes]
    return np.concatenate([turned[stroke] for stroke in rng.permutation(len(strokes))]).astype(np.float32)


def respeeded(points: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Points with every stroke as if written faster or slower by up to +- share; where the ink is, stays."""
    first, last = stroke_bounds(points)
    moves = np.rint((last - first) / (1 + share * rng.uniform(-1, 1, len(first))))
    counts = np.where(first == last, 1, np.maximum(moves, 1) + 1).astype(np.int64)
    return respaced(points, None, np.ones(len(points) - 1), counts)[0]


def jittered(points: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Points moved by a Gaussian of `share` of the median move within strokes."""
    moves = np.linalg.norm(np.diff(points[:, :2], axis=0), axis=1)[points[:-1, 2] < 0.5]
    size = share * float(np.median(moves)) if len(moves) else 0.0
    result = points.astype(np.float32)
    result[:, :2] += size * rng.standard_normal((len(points), 2), np.float32)
    return result


def bent(points: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Points on paper warped by waves of 2/3 to 2 x-heights in all directions, each axis by `share` x-heights (rms)."""
    height = x_height(points)
    angles, phases = rng.uniform(0, 2 * np.pi, (2, WAVES))
    waves = 2 * np.pi * rng.uniform(0.5, 1.5, WAVES) / height * np.stack([np.cos(angles), np.sin(angles)])
    moves = share * height * math.sqrt(2 / WAVES) * rng.standard_normal((WAVES, 2))
    result = points.astype(np.float32)
    result[:, :2] += np.sin((points[:, :2] - points[0, :2]) @ waves + phases) @ moves
    return result


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
