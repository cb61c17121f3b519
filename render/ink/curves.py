"""Smooth curves instead of ink's many points: cubic Bezier curves with few nodes, near the pen's path everywhere.

P. J. Schneider, "An Algorithm for Automatically Fitting Digitized Curves", Graphics Gems (1990), for all strokes at
once: a curve replaces the path between two nodes; where it is too far from the path, the farthest point becomes a node.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

TOLERANCE_MM = 0.045
"""Distance between a curve and the pen's path, at most."""
DOT_MM = 0.1
"""Length of the stroke that is drawn for a dot: programs for plotters drop paths of no length."""
SHARPEST_CURVE = np.cos(np.radians(75))
"""Cosine of the largest turn at a point through which the ink goes on smoothly; a larger turn is a corner."""
PARTS = 3
"""Parts of the path between two points, at whose ends the distance of a curve is measured."""
ROUNDS = 2
"""Rounds in which each place of the path is assigned anew to the nearest place of its curve."""


class _Path(NamedTuple):
    """The places (N, 2) at which a curve is compared with the path of all strokes, each point of the ink among them.

    is_point      (N,) True at points of the ink
    before, after (N, 2) unit tangents with which the path comes to a point and leaves it; they differ at corners
    along         (N,) length of the path up to each place
    """

    places: np.ndarray
    is_point: np.ndarray
    before: np.ndarray
    after: np.ndarray
    along: np.ndarray


class _Frame(NamedTuple):
    """The ends (K, 2) of curves, the unit tangents (K, 2) there, and the length (K,) of the path in between."""

    begin: np.ndarray
    leaving: np.ndarray
    coming: np.ndarray
    end: np.ndarray
    length: np.ndarray


def visible(stroke: np.ndarray) -> np.ndarray:
    """Return a stroke (n, 2) in mm, or of a dot, which is shorter than 0.1 mm, a stroke (2, 2) of that length."""
    if np.linalg.norm(np.ptp(stroke, axis=0)) >= DOT_MM:
        return stroke
    middle = (stroke.min(axis=0) + stroke.max(axis=0)) / 2
    return middle + np.array([[-DOT_MM / 2, 0], [DOT_MM / 2, 0]])


def curves(strokes: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return cubic Bezier curves (m, 4, 2) per stroke (n, 2), n >= 2, all in mm, within 0.05 mm of its path.

    Each begins where the one before ends; nodes are points of the ink.
    """
    if not strokes:
        return []
    path, begins, ends = _path([_distinct(stroke) for stroke in strokes])
    first = begins[np.isin(begins, ends, invert=True)]  # where strokes begin; corners are ends as well
    fitted, starts = [np.empty((0, 4, 2))], [np.empty(0, np.int64)]
    while len(begins):
        controls, farthest = _fit(path, begins, ends)
        good = farthest < 0
        fitted.append(controls[good])
        starts.append(begins[good])
        farthest = farthest[~good]
        begins, ends = np.append(begins[~good], farthest), np.append(farthest, ends[~good])
    in_order = np.argsort(np.concatenate(starts))
    cuts = np.searchsorted(np.concatenate(starts)[in_order], first[1:])
    return np.split(np.concatenate(fitted)[in_order], cuts)


def sampled(controls: np.ndarray, count: int = 16) -> np.ndarray:
    """Return points (m * count + 1, 2) on curves (m, 4, 2), each of which begins where the one before ends."""
    at = np.arange(count) / count
    points = np.einsum("kb,mbx->mkx", _bernstein(at), controls).reshape(-1, 2)
    return np.concatenate([points, controls[-1:, 3]])


def _bernstein(at: np.ndarray) -> np.ndarray:
    """Return the cubic Bernstein polynomials (N, 4) at parameters (N,)."""
    rest = 1 - at
    return np.stack([rest**3, 3 * rest**2 * at, 3 * rest * at**2, at**3], axis=1)


def _distinct(stroke: np.ndarray) -> np.ndarray:
    """Return the stroke without points that repeat the one before."""
    moves = np.linalg.norm(np.diff(stroke, axis=0), axis=1) > 1e-3
    return stroke[np.append(True, moves)]


def _path(strokes: list[np.ndarray]) -> tuple[_Path, np.ndarray, np.ndarray]:
    """Return the path of all strokes, and the places at which its smooth pieces begin and end."""
    points = np.concatenate(strokes)
    last = np.cumsum([len(stroke) for stroke in strokes]) - 1
    inner = np.ones(len(points), bool)
    inner[last] = inner[np.append(0, last[:-1] + 1)] = False
    steps = np.diff(points, axis=0, append=points[-1:])
    steps[last] = 0
    lengths = np.linalg.norm(steps, axis=1)
    heading = steps / np.maximum(lengths, 1e-12)[:, None]
    before, after = np.roll(heading, 1, axis=0), heading.copy()
    before[~inner & (lengths > 0)] = 0
    smooth = np.flatnonzero(inner & ((before * after).sum(axis=1) > SHARPEST_CURVE))
    # The tangent of the parabola through a point and its neighbours: the nearer one has more weight.
    tangents = before[smooth] * lengths[smooth, None] + after[smooth] * lengths[smooth - 1, None]
    before[smooth] = after[smooth] = tangents / np.linalg.norm(tangents, axis=1, keepdims=True)
    counts = np.where(lengths > 0, PARTS, 1)
    point = np.repeat(np.arange(len(points)), counts)
    place_of = np.cumsum(counts) - counts
    part = np.arange(len(point)) - place_of[point]
    path = _Path(
        points[point] + steps[point] * (part / PARTS)[:, None],
        part == 0,
        before[point],
        after[point],
        np.append(0.0, np.cumsum(lengths[point] / counts[point]))[:-1],
    )
    cuts = np.delete(np.arange(len(points)), smooth)
    begins, ends = cuts[:-1], cuts[1:]
    same = ~np.isin(begins, last)
    return path, place_of[begins[same]], place_of[ends[same]]


def _fit(path: _Path, begins: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a curve (K, 4, 2) from place to place, and for each the point farthest from it, or -1 if all are near."""
    counts = ends - begins + 1
    piece, first = np.repeat(np.arange(len(begins)), counts), np.cumsum(counts) - counts
    rows = np.arange(counts.sum()) - first[piece] + begins[piece]
    places, lengths = path.places[rows], path.along[ends] - path.along[begins]
    at = (path.along[rows] - path.along[begins][piece]) / lengths[piece]
    inside = path.is_point[rows]
    inside[first] = inside[first + counts - 1] = False
    has_points = np.logical_or.reduceat(inside, first)
    frame = _Frame(path.places[begins], path.after[begins], path.before[ends], path.places[ends], lengths)
    for round_ in range(ROUNDS + 1):
        controls = _least_squares(frame, places, at, piece, first)
        missed = (_bernstein(at)[:, :, None] * controls[piece]).sum(axis=1) - places
        if round_ < ROUNDS:
            at = _nearer(controls[piece], at, missed)
            at[first], at[first + counts - 1] = 0, 1
    distance = np.linalg.norm(missed, axis=1)
    far = has_points & (np.maximum.reduceat(distance, first) > TOLERANCE_MM)
    distance[~inside] = -1
    is_farthest = far[piece] & (distance == np.maximum.reduceat(distance, first)[piece])
    farthest = np.full(len(begins), -1)
    farthest[piece[is_farthest][::-1]] = rows[is_farthest][::-1]
    controls[~has_points] = _flattened(controls[~has_points])
    return controls, farthest


def _least_squares(
    frame: _Frame, places: np.ndarray, at: np.ndarray, piece: np.ndarray, first: np.ndarray
) -> np.ndarray:
    """Return the curves (K, 4, 2) in a frame that are nearest to places (N, 2) at parameters (N,).

    Where the best handles would be very short or long, they are a third of the way.
    """
    begin, leaving, coming, end, length = frame
    weights = _bernstein(at)
    ends = np.stack([begin, end], axis=1)[piece] * np.add.reduceat(weights, [0, 2], axis=1)[:, :, None]
    rest = places - ends.sum(axis=1)
    terms = [
        weights[:, 1] ** 2,
        weights[:, 1] * weights[:, 2],
        weights[:, 2] ** 2,
        weights[:, 1] * (leaving[piece] * rest).sum(axis=1),
        weights[:, 2] * (coming[piece] * rest).sum(axis=1),
    ]
    a, b, c, x, y = (np.add.reduceat(term, first) for term in terms)
    b, y = -b * (leaving * coming).sum(axis=1), -y
    determinant = a * c - b * b
    usable = determinant > 1e-9 * a * c
    handles = np.stack([x * c - y * b, y * a - x * b], axis=1) / np.where(usable, determinant, 1)[:, None]
    usable &= ((handles > 0.01 * length[:, None]) & (handles < length[:, None])).all(axis=1)
    handles = np.where(usable[:, None], handles, length[:, None] / 3)
    return np.stack([begin, begin + handles[:, :1] * leaving, end - handles[:, 1:] * coming, end], axis=1)


def _nearer(controls: np.ndarray, at: np.ndarray, missed: np.ndarray) -> np.ndarray:
    """Return parameters (N,) nearer to the places that curves (N, 4, 2) miss by `missed` (N, 2): a step of Newton's."""
    first, rest = np.diff(controls, axis=1), 1 - at
    slope = 3 * (np.stack([rest**2, 2 * rest * at, at**2], axis=1)[:, :, None] * first).sum(axis=1)
    bend = 6 * (np.stack([rest, at], axis=1)[:, :, None] * np.diff(first, axis=1)).sum(axis=1)
    curvature = (slope * slope + missed * bend).sum(axis=1)
    step = (missed * slope).sum(axis=1) / np.maximum(curvature, 1e-9)
    return np.where(curvature > 1e-9, at - step, at).clip(0, 1)


def _flattened(controls: np.ndarray) -> np.ndarray:
    """Return curves (K, 4, 2) from a point to the next, with handles so short that none leaves the tolerance."""
    chord = controls[:, 3] - controls[:, 0]
    across = np.stack([-chord[:, 1], chord[:, 0]], axis=1) / np.linalg.norm(chord, axis=1, keepdims=True)
    for handle, node in ((1, 0), (2, 3)):
        offset = controls[:, handle] - controls[:, node]
        height = np.abs((offset * across).sum(axis=1))
        shorter = np.minimum(1, TOLERANCE_MM / np.maximum(height, 1e-12))
        controls[:, handle] = controls[:, node] + offset * shorter[:, None]
    return controls
