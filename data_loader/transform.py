"""Transformations of a corpus by config: a transformed corpus is a prepared corpus of its own, derived once."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.corpus import Corpus
from data_loader.corpus_writer import CorpusWriter
from data_loader.prepare import open_corpus
from ink.geometry import (
    baseline,
    baseline_slope,
    counts_at,
    ink_height,
    mapped,
    respaced,
    rotation,
    shear,
    simplified,
    slant,
    smoothed,
    x_height,
)
from ink.strokes import InkLine
from utils.errors import InputError
from utils.progress import progress

VERSION = 1
"""Version of the transformations; with another one corpora are derived anew."""
DERIVED = ".derived"
"""Folder of the derived corpora in the data_dir; it can be deleted at any time."""
WORD_GAP = 1.5
"""x-heights of paper between two joined words; the middling gap of IAM-OnDB is 1.7."""
WORD_SECONDS = 0.3
"""Seconds from one joined word to the next."""
LONGEST_STEP = 1.0
"""Seconds: a longer one within a stroke is a clock that jumped, and counts as this when resampling by time."""


@dataclass(frozen=True, kw_only=True)
class Transform:
    """Transformations of every line of a corpus, for training and scoring alike, in this order; all off by default.

    join_words          successive lines of one writer and split are set side by side on one baseline, a gap
                        between them, up to this many characters; lines without text stay alone
    smooth              standard deviation in points of a Gaussian along each stroke; its end points stay
    normalise_baseline  the line is turned until its baseline is level, and moved until it is at y = 0
    normalise_slant     the line is sheared until its down-strokes are upright
    normalise_size      the line is scaled until its x-height is 1, so that writers and units of any size are alike
    normalise_height    a drawing of a single character, which has no x-height, is scaled until its ink is 1 high;
                        then this height is the unit below
    resample_distance   points this far apart along each stroke, in x-heights of the line
    resample_seconds    points this far apart in time; lines without times are refused
    resample_pace       points this far apart in the mean of the line, in its x-heights, at the pen's own pace: close
                        together where it was slow, if the points were recorded at equal times
    simplify            points are left out where the ink stays within this tolerance, in x-heights of the line

    Every stroke keeps its first and last point; times are kept, and interpolated with the points.
    """

    join_words: int | None = None
    smooth: float | None = None
    normalise_baseline: bool = False
    normalise_slant: bool = False
    normalise_size: bool = False
    normalise_height: bool = False
    resample_distance: float | None = None
    resample_seconds: float | None = None
    resample_pace: float | None = None
    simplify: float | None = None

    def __post_init__(self) -> None:
        bounds = {"join_words": (2, 1000), "smooth": (0.1, 50), "simplify": (0.001, 10)}
        bounds |= {"resample_distance": (0.01, 10), "resample_seconds": (0.001, 10), "resample_pace": (0.01, 10)}
        for name, (lowest, highest) in bounds.items():
            value = getattr(self, name)
            if value is not None and not lowest <= value <= highest:
                raise ValueError(f"transform.{name} is {value}; it must be from {lowest} to {highest}")
        if self.normalise_size and self.normalise_height:
            raise ValueError("transform.normalise_size and transform.normalise_height exclude each other")
        resampled = [name for name in bounds if name.startswith("resample") and getattr(self, name) is not None]
        if len(resampled) > 1:
            raise ValueError(f"{' and '.join(f'transform.{name}' for name in resampled)} exclude each other")

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that are on, as plain data; {} when none is."""
        return {name: value for name, value in asdict(self).items() if value not in (None, False)}

    def spaced(self, factor: float) -> "Transform":
        """Return the transformations with points `factor` times as far apart along the strokes.

        Raises InputError where they set no distance, and the factor is not 1.
        """
        if factor == 1:
            return self
        if self.resample_distance is None:
            raise InputError("the network's transform has no resample_distance; it reads at spacing 1 alone")
        return replace(self, resample_distance=self.resample_distance * factor)

    def lines(self, lines: Iterable[InkLine]) -> Iterator[InkLine]:
        """The lines transformed."""
        return map(self.line, lines if self.join_words is None else joined(lines, self.join_words))

    def line(self, line: InkLine) -> InkLine:
        """One line transformed: all but `join_words`.

        Raises InputError where it has no times and is to be resampled by time.
        """
        points, times = line.points, line.times
        if self.smooth is not None:
            points = smoothed(points, self.smooth)
        if self.normalise_baseline:
            points = levelled(points)
        if self.normalise_slant:
            points = mapped(points, shear(-slant(points)))
        if self.normalise_size or self.normalise_height:
            points = mapped(points, np.eye(2) / self.size(points))
        if self.resample_distance is not None:
            steps = np.linalg.norm(np.diff(points[:, :2].astype(np.float64), axis=0), axis=1)
            counts = counts_at(points, steps, self.resample_distance * self.size(points))
            points, times = respaced(points, times, steps, counts)
        if self.resample_seconds is not None:
            if times is None:
                raise InputError(f"{line.id}: has no times; transform.resample_seconds wants them in every line")
            steps = np.diff(times).clip(0, LONGEST_STEP)
            points, times = respaced(points, times, steps, counts_at(points, steps, self.resample_seconds))
        if self.resample_pace is not None:
            steps = np.ones(len(points) - 1)
            mean = mean_step(points)
            counts = counts_at(points, steps, self.resample_pace * self.size(points) / mean if mean else math.inf)
            points, times = respaced(points, times, steps, counts)
        if self.simplify is not None:
            keep = simplified(points, self.simplify * self.size(points))
            points, times = points[keep], None if times is None else times[keep]
        return replace(line, points=points, times=times)

    def size(self, points: np.ndarray) -> float:
        """Return the unit of the distances above: the ink's height where that is normalised, else its x-height."""
        return ink_height(points) if self.normalise_height else x_height(points)


def mean_step(points: np.ndarray) -> float:
    """Return the mean distance of successive points within a stroke, 0 where there are none."""
    is_drawn = points[:-1, 2] < 0.5
    steps = np.linalg.norm(np.diff(points[:, :2].astype(np.float64), axis=0), axis=1)[is_drawn]
    return float(steps.mean()) if len(steps) else 0.0


def levelled(points: np.ndarray) -> np.ndarray:
    """A line turned until its baseline is level, and moved down or up until it is at y = 0: (T, 3) float32."""
    level = mapped(points, rotation(-math.atan(baseline_slope(points))))
    level[:, 1] -= np.float32(baseline(level))
    return level


def joined(lines: Iterable[InkLine], max_characters: int) -> Iterator[InkLine]:
    """Lines of up to `max_characters` characters, made of successive ones of one writer, split and unit.

    A line without text stays alone. All lines are whole: one that is longer stays as it is. Ids are joined by "+".
    """
    waiting: dict[tuple[str, str, str], list[InkLine]] = {}
    for line in lines:
        if not line.text:
            yield line
            continue
        words = waiting.setdefault((line.writer, line.split, line.unit), [])
        if words and sum(len(word.text) + 1 for word in words) + len(line.text) > max_characters:
            yield side_by_side(words)
            words.clear()
        words.append(line)
    for words in waiting.values():
        yield side_by_side(words)


def side_by_side(words: list[InkLine]) -> InkLine:
    """Words written after each other on one baseline as one line; its times are None where a word's are."""
    if len(words) == 1:
        return words[0]
    gap = WORD_GAP * float(np.median([x_height(word.points) for word in words]))
    ink, right = [], 0.0
    for word in words:
        points = word.points.astype(np.float64)
        points[:, 0] += right - points[:, 0].min()
        points[:, 1] -= baseline(word.points)
        right = points[:, 0].max() + gap
        ink.append(points)
    return replace(
        words[0],
        id="+".join(word.id for word in words),
        text=" ".join(word.text for word in words),
        points=np.concatenate(ink).astype(np.float32),
        times=_in_a_row([word.times for word in words]),
    )


def _in_a_row(parts: list[np.ndarray | None]) -> np.ndarray | None:
    times, now = [], 0.0
    for part in parts:
        if part is None:
            return None
        times.append(part + now)
        now = float(times[-1].max()) + WORD_SECONDS
    return np.concatenate(times)


def open_transformed(name: str, data_dir: Path, transform: Transform | None) -> Corpus:
    """The prepared corpus data_dir/name with every line transformed.

    It is derived the first time that it is needed, into data_dir/.derived, and then opened from there; it is
    derived anew when the corpus has changed.

    Raises InputError where the corpus is not there or not whole, or a line cannot be transformed.
    """
    corpus = open_corpus(name, data_dir)
    if transform is None or not transform.settings:
        return corpus
    made_of = json.dumps([VERSION, corpus.card.get("sha256"), corpus.card["splits"], transform.settings])
    folder = data_dir / DERIVED / f"{name}-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}"
    try:
        return Corpus(folder)
    except InputError:
        pass  # not there yet, or damaged
    with CorpusWriter(folder) as writer:
        bar = progress(map(corpus.line, range(len(corpus))), len(corpus), f"transforming {name}")
        for line in transform.lines(bar):
            writer.add(line)
        settings = json.dumps(transform.settings)
        writer.finish(source=corpus.card["source"], how_made=f"{name}, transformed by {settings}", report={})
    return Corpus(folder)
