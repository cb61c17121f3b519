"""Augmentation on the fly: a training line is seen a little differently in every epoch."""

import math
from dataclasses import dataclass

import numpy as np

from data_loader.augment_pen import lifts_changed, marks_delayed
from data_loader.augment_words import cropped, words_moved
from ink.geometry import mapped, respaced, rotation, shear, smoothed, stroke_bounds, x_height

WAVES = 4
"""Number of sine waves that warp a bent paper."""


@dataclass(frozen=True, kw_only=True)
class Augment:
    """Random changes of a training line, uniform within these bounds; all off by default.

    join_lines  (probability, most characters): so often, a random other line by the writer follows on the same
                baseline, where the two have no more characters than that together
    crop_words  (probability, least share): so often, a run of whole words with at least this share of the characters
                is cut out of the line, ink and text, where the gaps separate the words without doubt
    words       the size, height above the line and distance of each word change by up to +- this share (of its size, of
                an x-height, of the gap), where the gaps separate the words without doubt
    marks       so often, dots and bars come all after their letter or all after their word, each from either end
    lifts       this share of the short pen lifts is drawn through, and as many strokes are cut in two
    reorder     so often, the strokes come in any order, each from either of its ends: for drawings read as a whole
    speed       each stroke is written so much slower or faster: up to +- this share more points along it, or fewer
    jitter      each point moves by a Gaussian of this share of the line's median move
    bend        the paper is warped by waves about as long as the ink is high, which move it by this share of its
                x-height, more or less
    smooth      each stroke is smoothed by a Gaussian of up to this many points
    grid        points are rounded to a grid of up to this many x-heights, as a coarse tablet does
    scale       width and height each change by up to +- this share
    shear       the ink leans up to +- this tangent more
    rotate      the line turns by up to +- this many degrees
    """

    join_lines: tuple[float, int] | None = None
    crop_words: tuple[float, float] | None = None
    words: float = 0.0
    marks: float = 0.0
    lifts: float = 0.0
    reorder: float = 0.0
    speed: float = 0.0
    jitter: float = 0.0
    bend: float = 0.0
    smooth: float = 0.0
    grid: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    rotate: float = 0.0

    def __post_init__(self) -> None:
        bounds = {"words": 0.5, "marks": 1.0, "lifts": 1.0, "smooth": 5.0, "grid": 0.5}
        bounds |= {"reorder": 1.0, "speed": 0.9, "jitter": 1.0, "bend": 0.5}
        bounds |= {"scale": 0.9, "shear": 2.0, "rotate": 180.0}
        for name, highest in bounds.items():
            if not 0 <= getattr(self, name) <= highest:
                raise ValueError(f"augment.{name} is {getattr(self, name)}; it must be from 0 to {highest}")
        if self.join_lines is not None and not (0 <= self.join_lines[0] <= 1 <= self.join_lines[1]):
            raise ValueError(f"augment.join_lines is {list(self.join_lines)}; it must be from 0 to 1, and 1 or more")
        if self.crop_words is not None and not all(0 <= share <= 1 for share in self.crop_words):
            raise ValueError(f"augment.crop_words is {list(self.crop_words)}; its two numbers must be from 0 to 1")

    def __call__(self, points: np.ndarray, text: str, rng: np.random.Generator) -> tuple[np.ndarray, str]:
        """Points (T', 3) float32 and text of the line as it is seen this time, but for `join_lines`."""
        if self.crop_words is not None and rng.random() < self.crop_words[0]:
            points, text = cropped(points, text, self.crop_words[1], rng)
        if self.words:
            points = words_moved(points, text, self.words, rng)
        if self.marks and rng.random() < self.marks:
            points = marks_delayed(points, rng)
        if self.lifts:
            points = lifts_changed(points, self.lifts, rng)
        if self.reorder and rng.random() < self.reorder:
            points = reordered(points, rng)
        if self.speed:
            points = respeeded(points, self.speed, rng)
        if self.smooth:
            points = smoothed(points, max(self.smooth * rng.random(), 0.1))
        if self.jitter:
            points = jittered(points, self.jitter, rng)
        if self.bend:
            points = bent(points, self.bend, rng)
        if self.scale or self.shear or self.rotate:
            factors = 1 + self.scale * rng.uniform(-1, 1, 2)
            lean, angle = self.shear * rng.uniform(-1, 1), np.radians(self.rotate) * rng.uniform(-1, 1)
            points = mapped(points, rotation(angle) @ shear(lean) @ np.diag(factors))
        if self.grid:
            points = gridded(points, self.grid * rng.random())
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


def gridded(points: np.ndarray, step: float) -> np.ndarray:
    """Points rounded to a grid of `step` x-heights."""
    size = max(step, 1e-6) * x_height(points)
    result = points.astype(np.float32)
    result[:, :2] = np.rint((points[:, :2] - points[0, :2]) / size) * size + points[0, :2]
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
