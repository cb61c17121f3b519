"""The styles in which the synthetic corpus's writers differ: a style is drawn once for each writer."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Style:
    """One writer's manner. Lengths in x-heights, angles as tangents, chances 0..1.

    script       share of lower-case letters in script rather than print forms
    flourish     share of capitals in script forms
    ascender, descender, capital   what rises above the x-height or falls below the baseline
    rounding     rounds of smoothing, points of 0.07
    join         chance that two letters that can be joined are
    dots_late    dots and bars come after the joined letters rather than after their own
    own_shape    how far a writer's letters stray from the model; `variation`: and then from each other
    drift        wandering of the baseline; `wobble` and `tremor`: of the path, slow and quick
    tempo        above 1 the hand is quick and leaves fewer points
    """

    script: float
    flourish: float
    size: float
    aspect: float
    slant: float
    ascender: float
    descender: float
    capital: float
    spacing: float
    word_gap: float
    slope: float
    drift: float
    rounding: int
    join: float
    dots_late: bool
    tail: float
    own_shape: float
    variation: float
    wobble: float
    tremor: float
    tempo: float


def draw_style(rng: np.random.Generator) -> Style:
    """A new writer's style: print, semi-joined, mixed or script."""
    kind = rng.choice(["print", "flowing", "mixed", "script"], p=[0.34, 0.22, 0.14, 0.3])
    script = {"print": 0.0, "flowing": 0.0, "mixed": rng.uniform(0.15, 0.6), "script": 1.0}[kind]
    join = {"print": 0.0, "flowing": rng.uniform(0.3, 0.9), "mixed": rng.uniform(0, 0.6), "script": 0.0}[kind]
    if kind == "script":
        join = rng.choice([1.0, rng.uniform(0.6, 0.95)])
    return Style(
        script=script,
        flourish=rng.uniform(0.2, 0.9) if kind == "script" and rng.random() < 0.4 else 0.0,
        size=float(np.exp(rng.normal(0, 0.15))),
        aspect=float(np.exp(rng.normal(0.0, 0.13))),
        slant=rng.normal(0.0, 0.12) if script > 0.5 else rng.normal(0.12, 0.17),
        ascender=rng.uniform(0.6, 1.15) + 0.15 * (script > 0.5),
        descender=rng.uniform(0.5, 1.0) + 0.15 * (script > 0.5),
        capital=rng.uniform(0.45, 1.0),
        spacing=rng.uniform(-0.05, 0.05) if script > 0.5 else rng.uniform(-0.13, 0.07),
        word_gap=rng.uniform(0.85, 1.35),
        slope=rng.normal(0, 0.02),
        drift=rng.uniform(0.02, 0.13),
        rounding=int(rng.integers(3, 14)),
        join=join,
        dots_late=bool(rng.random() < 0.5),
        tail=float(rng.choice([0.0, rng.uniform(0.1, 0.3)])),
        own_shape=rng.uniform(0.05, 0.1),
        variation=rng.uniform(0.02, 0.05),
        wobble=rng.uniform(0.015, 0.04),
        tremor=rng.uniform(0.0, 0.008),
        tempo=float(np.exp(rng.normal(0, 0.08))) * (1.12 if script > 0.5 else 1.0),
    )


def printed(style: Style) -> Style:
    """Return the style with letters printed apart, more alike from one time to the next, and on a steadier line."""
    names = ("own_shape", "variation", "wobble", "drift", "slope")
    changes: dict[str, Any] = {name: 0.6 * getattr(style, name) for name in names}
    changes |= {"script": 0.0, "flourish": 0.0, "join": 0.0, "spacing": max(style.spacing, -0.05), "tremor": 0.0}
    return replace(style, **changes)
