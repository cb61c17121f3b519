"""The outline of a line of changing width, to be filled."""

import numpy as np

ARC = np.radians(20)
"""Angle between two points of a round end or joint, at most."""


def outline(stroke: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Return the closed polygon (m, 2) that a round pen of changing width (n,) draws along a stroke (n, 2).

    It may overlap itself, and is to be filled by the rule "nonzero", the default of SVG: it is the sum of the outlines
    of all segments and of all joints, each going round in the same direction, so that nothing inside is left out.
    """
    moves = np.append(True, np.linalg.norm(np.diff(stroke, axis=0), axis=1) > 1e-6)
    stroke, halves = stroke[moves], widths[moves] / 2
    if len(stroke) == 1:
        return stroke + halves * _arc(0.0, 2 * np.pi)[:-1]
    # There and back again: the left side of this way is the whole outline, and each end is a joint that turns round.
    there_and_back = np.append(np.arange(len(stroke)), np.arange(len(stroke) - 2, 0, -1))
    points, halves = stroke[there_and_back], halves[there_and_back]
    steps = np.roll(points, -1, axis=0) - points
    leaving = np.arctan2(steps[:, 1], steps[:, 0]) - np.pi / 2  # where the left side is, y being downward
    coming = np.roll(leaving, 1)
    turns = (leaving - coming + np.pi) % (2 * np.pi) - np.pi
    turns[np.isclose(np.abs(turns), np.pi)] = np.pi
    sides = []
    for point, half, angle, turn in zip(points, halves, coming, turns, strict=True):
        if turn >= 0:
            sides.append(point + half * _arc(angle, turn))
        else:  # on the inner side of a turn, by way of the point itself
            ends = point + half * _directions(np.array([angle, angle + turn]))
            sides.append(np.stack([ends[0], point, ends[1]]))
    return np.concatenate(sides)


def _arc(start: float, turn: float) -> np.ndarray:
    """Return unit vectors (k, 2) from angle `start` on to `start + turn`."""
    return _directions(start + np.linspace(0, turn, int(np.ceil(turn / ARC)) + 1))


def _directions(angles: np.ndarray) -> np.ndarray:
    """Return unit vectors (k, 2) at angles (k,)."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)
