"""Distance between lines of one text that a network wrote: letter by letter, found by its attention."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from base.base_model import Sample
from ink.geometry import x_height
from ink.strokes import strokes_to_points

PLACES = 16
"""Points along each letter, evenly spaced along the pen's path, pen lifts included."""


def diversity(texts: Sequence[str], samples: Sequence[Sequence[Sample]], std: tuple[float, float]) -> float | None:
    """Mean distance between two writings of the same letter of the same text, in x-heights; None where there are none.

    samples: of each text some writings of it. A letter is the points that attended most to one character of the text,
    two or more of them, spaces left out. It is moved to its mean, divided by its line's x-height and followed at
    16 places evenly along it; the distance of two is the root of the mean squared distance of these. The mean is over
    letters of a pair of lines, then over pairs, then over texts. A letter that one of the two lacks does not count:
    that is a failure to write it. Position and slope of a letter do not matter.
    """
    per_text = []
    for text, some in zip(texts, samples, strict=True):
        letters = [letters_of(text, sample, std) for sample in some]
        distances = [distance(*pair) for pair in combinations(letters, 2) if pair[0].keys() & pair[1].keys()]
        if distances:
            per_text.append(np.mean(distances))
    return float(np.mean(per_text)) if per_text else None


def letters_of(text: str, sample: Sample, std: tuple[float, float]) -> dict[int, np.ndarray]:
    """The letters of a line as paths (PLACES, 2) in x-heights about their means, by their place in the text."""
    assert sample.weights is not None, "only the weights of a window say which ink belongs to which letter"
    if len(sample.strokes) < 2:
        return {}
    points = strokes_to_points(sample.strokes, std)
    ink, at = points[1:, :2].astype(np.float64) / x_height(points), sample.weights.argmax(1)
    pieces = {u: ink[at == u] for u, character in enumerate(text) if character != " "}
    return {u: followed(piece) for u, piece in pieces.items() if len(piece) > 1}


def followed(path: np.ndarray) -> np.ndarray:
    """A path (n, 2) resampled to PLACES points evenly spaced along it, about their mean: (PLACES, 2)."""
    length = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1)))
    places = np.linspace(0, length[-1], PLACES)
    even = np.stack([np.interp(places, length, path[:, axis]) for axis in (0, 1)], axis=1)
    return even - even.mean(0)


def distance(first: dict[int, np.ndarray], second: dict[int, np.ndarray]) -> float:
    """Mean distance of the letters that two lines share."""
    return float(np.mean([np.sqrt(((first[u] - second[u]) ** 2).sum(1).mean()) for u in first.keys() & second.keys()]))
