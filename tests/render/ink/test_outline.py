import numpy as np
import pytest

from render.ink.outline import outline


def winding(polygon: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The number of times (n,) that a closed polygon (m, 2) goes round each of the points (n, 2)."""
    angles = np.arctan2(*np.moveaxis(polygon[None] - at[:, None], -1, 0)[::-1])
    turns = np.diff(angles, axis=1, append=angles[:, :1])
    return np.rint(((turns + np.pi) % (2 * np.pi) - np.pi).sum(axis=1) / (2 * np.pi)).astype(int)


@pytest.mark.parametrize("kind", ["loop", "zigzag", "cusp", "walk", "line", "dot"])
def test_the_outline_covers_what_the_pen_covers_and_nothing_else(kind: str) -> None:
    turn = np.linspace(0, 4, 40)
    strokes = {
        "loop": np.stack([0.3 * np.cos(turn * 3), 0.3 * np.sin(turn * 3)], axis=1),  # tighter than the pen is wide
        "zigzag": np.stack([turn, np.arange(40) % 2], axis=1),
        "cusp": np.array([[0.0, 0], [3, 0], [0, 0], [0, 3]]),
        "walk": np.cumsum(np.random.default_rng(2).normal(size=(30, 2)), axis=0),
        "line": np.array([[0.0, 0], [3, 1]]),
        "dot": np.array([[1.0, 1.0]]),
    }
    stroke = strokes[kind]
    widths = np.linspace(0.8, 1.2, len(stroke))
    low, high = stroke.min(axis=0) - 1, stroke.max(axis=0) + 1
    at = low + np.random.default_rng(1).uniform(size=(2000, 2)) * (high - low)
    share = np.linspace(0, 1, 200)[:, None]
    ends = zip(stroke[:-1], stroke[1:], widths[:-1], widths[1:], strict=True)
    passed = [(stroke[:1], widths[:1])] + [(a + share * (b - a), v + share[:, 0] * (w - v)) for a, b, v, w in ends]
    beyond = np.full(len(at), np.inf)
    for places, width in passed:
        distance = np.linalg.norm(at[:, None] - places, axis=-1) - width / 2
        beyond = np.minimum(beyond, distance.min(axis=1))
    filled = winding(outline(stroke, widths), at) != 0
    assert filled[beyond < -0.02].all() and not filled[beyond > 0.02].any()
