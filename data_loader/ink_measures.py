"""Measures of words and single characters, taken once of a corpus: place, size, slope, baseline, gaps."""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np

from data_loader.corpus import Corpus
from data_loader.transform import DERIVED
from ink.geometry import baseline_slope, down_stroke_rows, mapped, rotation, stroke_bounds, x_height
from utils.files import atomic_path
from utils.progress import progress

VERSION = 6
"""Version of the measures; with another one they are taken anew."""
MEASURES = np.dtype(
    [(name, "<f4") for name in ("left", "right", "top", "bottom", "x_height", "slope", "baseline", "gap")]
    + [("code", "<u4"), ("shape", "u1"), ("is_word", "?"), ("is_lower", "?")]
)
"""Measures of a line's ink, levelled by its `slope`, in the corpus's units.

baseline  of a word, see `word_baseline`
gap       the widest within a word, see `widest_gap`
code      of a text of one character, else 0
shape     see `shape_of`
is_word   the text has two characters with a letter or digit, or is a or I
is_lower  it has three letters or more and ends in lower case, so that the x-height is sure
"""
ENOUGH = 3
"""Pieces of ink from which a writer's own median is taken; of fewer the corpus's."""
DESCENDING, MAY_DESCEND, ASCENDING = "gjpqyQ", "fzJ,;()[]{}/", "bdfhklt0123456789"
"""Characters that go below the baseline, that do so in some handwriting, and that rise above the x-height."""
DOWN_STROKES = {**dict.fromkeys("adghknpquyvADHKNUVO", 2), **dict.fromkeys("mwMW", 3)}
"""Down-strokes of characters that have more than one."""
SHORTEST_STROKE = 0.4
"""x-heights: the shortest run of the pen down the paper that is a letter's."""


def measures_of(corpus: Corpus, data_dir: Path) -> np.ndarray:
    """Return MEASURES (L,) of every line of a prepared corpus; taken once, into data_dir/.derived."""
    made_of = json.dumps([VERSION, corpus.card.get("sha256"), len(corpus)])
    path = data_dir / DERIVED / f"{corpus.folder.name}-measures-{sha256(made_of.encode()).hexdigest()[:16]}.npy"
    try:
        measures = np.load(path, mmap_mode="r")
        if measures.dtype == MEASURES and measures.shape == (len(corpus),):
            return measures
    except (OSError, ValueError):
        pass  # not there yet, or damaged
    measures = measured(corpus)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as scratch, open(scratch, "wb") as file:
        np.save(file, measures)
    return measures


def measured(corpus: Corpus) -> np.ndarray:
    """Return MEASURES (L,) of every line: of words the baseline last, for which their writer's x-height is needed."""
    measures = np.zeros(len(corpus), MEASURES)
    lines = progress(range(len(corpus)), 2 * len(corpus), f"measuring {corpus.folder.name}")
    for line in lines:
        points, text = np.array(corpus.points(line)), corpus.text(line)
        is_single = len(text) == 1
        slope = 0.0 if is_single else baseline_slope(points)
        points = levelled(points, slope)
        (left, top), (right, bottom) = points[:, :2].min(0), points[:, :2].max(0)
        letters = sum(character.isalpha() for character in text)
        height, gap = (bottom - top, 0.0) if is_single else (x_height(points), widest_gap(points))
        is_word = text in ("a", "I") or (len(text) > 1 and any(character.isalnum() for character in text))
        is_lower = letters >= ENOUGH and text[1:].lower() == text[1:]
        sizes = (left, right, top, bottom, height, slope, 0.0, gap)
        measures[line] = (*sizes, ord(text) if is_single else 0, shape_of(text), is_word, is_lower)
    writers = corpus.index["writer"][:-1]
    units = {place: word_unit(measures[writers == place]) for place in np.unique(writers).tolist()}
    for line in np.flatnonzero(measures["is_word"]).tolist():
        points = levelled(np.array(corpus.points(line)), float(measures["slope"][line]))
        unit = units[int(writers[line])] or float(measures["x_height"][line])
        measures["baseline"][line] = word_baseline(points, corpus.text(line), unit)
    return measures


def levelled(points: np.ndarray, slope: float) -> np.ndarray:
    """Points turned about the first of them until a baseline of this slope is level."""
    return mapped(points, rotation(-np.arctan(slope))) if slope else points


def word_unit(measures: np.ndarray) -> float | None:
    """A writer's x-height: the median of the words of which it is sure; None of too few."""
    heights = measures["x_height"][measures["is_lower"]]
    return float(np.median(heights)) if len(heights) >= ENOUGH else None


def widest_gap(points: np.ndarray) -> float:
    """The widest gap in x between strokes of points (T, 3); 0 of ink without any."""
    first, _ = stroke_bounds(points)
    left, right = np.minimum.reduceat(points[:, 0], first), np.maximum.reduceat(points[:, 0], first)
    order = np.argsort(left, kind="stable")
    return float((left[order][1:] - np.maximum.accumulate(right[order])[:-1]).max(initial=0.0))


def shape_of(text: str) -> int:
    """Return 0 to 7: whether characters of a text rise above the x-height, go below the baseline, and may do so."""
    above = any(character in ASCENDING or character.isupper() for character in text)
    below = any(character in DESCENDING for character in text)
    return above + 2 * below + 4 * any(character in MAY_DESCEND for character in text)


def word_baseline(points: np.ndarray, text: str, unit: float) -> float:
    """y of the baseline of a word of known text and x-height: the median bottom of its letters but the descenders.

    A short word has few down-strokes, so its letters say how many of them go below: those are the lowest.
    """
    begin, end = down_stroke_rows(points, shortest=0.0)
    y = points[:, 1]
    bottoms = np.sort(y[end][y[end] - y[begin] > SHORTEST_STROKE * unit])
    if not len(bottoms):
        return float(points[:, 1].max())
    below = sum((character in DESCENDING) + 0.5 * (character in MAY_DESCEND) for character in text)
    strokes = sum(DOWN_STROKES.get(character, 1) for character in text)
    return float(bottoms[int(len(bottoms) * 0.5 * (1 - min(below / max(strokes, 1), 0.8)))])
