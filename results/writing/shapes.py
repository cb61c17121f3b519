"""Shapes of the marks and signs that are drawn next to what a network writes: strokes of corners in x-heights."""

import numpy as np

from ink.geometry import slant

Shape = list[list[tuple[float, float]]]
"""Strokes of corners x, y (downward) in x-heights."""
SPACING = 0.1
"""x-heights between the points of a stroke, about."""
MOST_LEAN = 0.7


def arc(x: float, y: float, radius: float, begin: float, end: float) -> list[tuple[float, float]]:
    """Corners of a part of a circle, from the angle `begin` to `end` in degrees; 0 is right, 90 down."""
    angles = np.radians(np.linspace(begin, end, 9))
    return list(zip((x + radius * np.cos(angles)).tolist(), (y + radius * np.sin(angles)).tolist(), strict=True))


def dense(corners: np.ndarray) -> np.ndarray:
    """Return points (n, 2), about SPACING apart, on the way between corners (m, 2)."""
    along = np.append(0.0, np.cumsum(np.hypot(*np.diff(corners, axis=0).T)))
    at = np.linspace(0, along[-1], max(3, round(along[-1] / SPACING) + 1))
    return np.column_stack([np.interp(at, along, corners[:, axis]) for axis in (0, 1)])


def rounded(corners: np.ndarray) -> np.ndarray:
    """Return corners (m, 2) cut off three times (Chaikin, 1974); a corner that is given three times stays one."""
    for _ in range(3 if len(corners) > 2 else 0):
        first, second = corners[:-1], corners[1:]
        cut = np.stack([0.75 * first + 0.25 * second, 0.25 * first + 0.75 * second], 1).reshape(-1, 2)
        corners = np.concatenate([corners[:1], cut, corners[-1:]])
    return corners


def lean(points: np.ndarray) -> float:
    """Return by how much ink (T, 3) moves to the side per unit downward, see `slant`, within what people write."""
    return float(np.clip(slant(points), -MOST_LEAN, MOST_LEAN))
