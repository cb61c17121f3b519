"""Ink made for the tests: loops like a row of l, e and p."""

import numpy as np

from render.ink.page import Page


def loops(letters: int = 8, *, tall: int = 0, size: float = 10.0, slope: float = 0.0) -> np.ndarray:
    """Points (T, 3) of a line: `letters` round letters one unit `size` high, the first `tall` three times as high.

    Each letter is a stroke; the last is followed by a full stop of one point on the baseline.
    """
    turn = np.linspace(0, 2 * np.pi, 25)
    rows = []
    for k in range(letters):
        height = size * (3 if k < tall else 1)
        x = 1.1 * size * k + size * (0.5 + 0.4 * np.sin(turn))
        y = 300 - height * (0.5 - 0.5 * np.cos(turn))
        rows += [np.stack((x, y, np.arange(25) == 24), axis=1)]
    points = np.concatenate([*rows, [[1.1 * size * letters, 300.0, 1]]])
    points[:, 1] += slope * points[:, 0]
    return points.astype(np.float32)


def small_page() -> Page:
    """A page of 30 x 20 mm: a wave of 40 points, a dot, and a straight line of two points."""
    x = np.linspace(4, 26, 40)
    wave = np.stack((x, 8 + 3 * np.sin(x)), axis=1)
    return Page(30.0, 20.0, [[wave, np.array([[6.0, 16.0]])], [np.array([[10.0, 15.0], [25.0, 17.0]])]])
