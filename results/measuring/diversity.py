"""How far lines of one text differ that a network wrote: letter by letter, found by what it looked at."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from base.base_model import Sample
from ink.geometry import x_height
from ink.strokes import strokes_to_points

PLACES = 16
"""Along each letter, evenly by the way of the pen; the pen's way in the air is counted too."""


def diversity(texts: Sequence[str], samples: Sequence[Sequence[Sample]], std: tuple[float, float]) -> float | None:
    """Mean distance between two writings of the same letter of the same text, in x-heights; None where there are none.

    samples: of each text some writings of it. A letter is the points for which the window weighed most on one character
    of the text, two or more of them, no blanks. It is moved to its mean, divided by its line's x-height and followed at
    16 places evenly along it; the distance of two is the root of the mean squared distance of these. The mean is over
    letters of a pair of lines, then over pairs, then over texts. A letter that one of the two lacks does not count:
    that is a failure to write it. Where, and on what slope, a letter stands does not matter.
    """
    per_text = []
    for text, some in zip(texts, samples, strict=True):
        letters = [letters_of(text, sample, std) for sample in some]
        distances = [distance(one, other) for one, other in combinations(letters, 2) if one.keys() & other.keys()]
        if distances:
            per_text.append(np.mean(distances))
    return float(np.mean(per_text)) if per_text else None


def letters_of(text: str, sample: Sample, std: tuple[float, float]) -> dict[int, np.ndarray]:
    """The letters of a line as paths (PLACES, 2) in x-heights about their means, by their place in the text."""
    assert sample.weights is not None, "only a network with a window tells which ink is which letter"
    if len(sample.strokes) < 2:
        return {}
    points = strokes_to_points(sample.strokes, std)
    ink, at = points[1:, :2].astype(np.float64) / x_height(points), sample.weights.argmax(1)
    pieces = {u: ink[at == u] for u, character in enumerate(text) if character != " "}
    return {u: followed(piece) for u, piece in pieces.items() if len(piece) > 1}


def followed(path: np.ndarray) -> np.ndarray:
    """A path (n, 2) at PLACES places evenly along it, about their mean."""
    way = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1)))
    places = np.linspace(0, way[-1], PLACES)
    even = np.stack([np.interp(places, way, path[:, axis]) for axis in (0, 1)], axis=1)
    return even - even.mean(0)


def distance(one: dict[int, np.ndarray], other: dict[int, np.ndarray]) -> float:
    """Mean distance of the letters that two lines share."""
    return float(np.mean([np.sqrt(((one[u] - other[u]) ** 2).sum(1).mean()) for u in one.keys() & other.keys()]))
