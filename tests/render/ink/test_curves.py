from itertools import pairwise

import numpy as np
import pytest

from data_loader.synthetic.lines import synthetic_lines
from render.ink.curves import DOT_MM, curves, sampled, visible
from render.ink.page import lay_out


def distances(points: np.ndarray, path: np.ndarray) -> np.ndarray:
    """The distance of each point (n, 2) from a path (m, 2)."""
    begin, step = path[:-1], np.diff(path, axis=0)
    offset = points[:, None] - begin
    share = ((offset * step).sum(-1) / np.maximum((step * step).sum(-1), 1e-12)).clip(0, 1)
    return np.linalg.norm(offset - share[..., None] * step, axis=-1).min(axis=1)


def dense(path: np.ndarray, count: int = 8) -> np.ndarray:
    return np.concatenate([np.linspace(a, b, count) for a, b in pairwise(path)])


def written() -> list[np.ndarray]:
    """Strokes in mm of lines of the built-in corpus."""
    lines = [line.points for line in synthetic_lines(num_writers=3, lines_per_writer=2, valid_writers=1)]
    return [visible(stroke) for page in lay_out(lines) for stroke in page.strokes]


def scribbles() -> list[np.ndarray]:
    """Strokes with cusps, repeated points, tremor and corners."""
    rng = np.random.default_rng(1)
    walks = [np.cumsum(rng.normal(scale=scale, size=(40, 2)), axis=0) for scale in (0.05, 0.3, 2.0)]
    there_and_back = np.array([[0.0, 0], [3, 0], [3, 0], [0, 0.01], [0, 0.01], [3, 3]])
    square = np.array([[0.0, 0], [4, 0], [4, 4], [0, 4], [0, 0]])
    return [*walks, there_and_back, square, square[:2]]


@pytest.mark.parametrize("strokes", [written(), scribbles()], ids=["lines", "scribbles"])
def test_curves_are_within_a_twentieth_of_a_millimetre_of_the_ink_both_ways(strokes: list[np.ndarray]) -> None:
    for stroke, controls in zip(strokes, curves(strokes), strict=True):
        np.testing.assert_allclose(controls[1:, 0], controls[:-1, 3])
        np.testing.assert_allclose(controls[[0, -1], [0, 3]], stroke[[0, -1]], atol=2e-3)
        curve = sampled(controls, 64)
        assert max(distances(curve, stroke).max(), distances(dense(stroke), curve).max()) <= 0.05


def test_curves_have_fewer_nodes() -> None:
    """The corpus is sparse; ink of IAM-OnDB's density has a third."""
    strokes = written()
    assert sum(map(len, curves(strokes))) + len(strokes) < 0.65 * sum(map(len, strokes))


def test_a_circle_is_a_few_smooth_curves_and_a_corner_remains() -> None:
    angles = np.linspace(0, 2 * np.pi, 60)
    circle = 5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    square = dense(np.array([[0.0, 0], [4, 0], [4, 4]]), 10)
    round_curves, cornered = curves([circle, square])
    assert len(round_curves) <= 6 and len(cornered) == 2
    ends, begins = round_curves[:-1, 3] - round_curves[:-1, 2], round_curves[1:, 1] - round_curves[1:, 0]
    cosines = (ends * begins).sum(1) / np.linalg.norm(ends, axis=1) / np.linalg.norm(begins, axis=1)
    np.testing.assert_allclose(cosines, 1, atol=1e-9)
    np.testing.assert_allclose(cornered[0, 3], [4, 0])


def test_a_dot_is_a_stroke_of_a_tenth_of_a_millimetre() -> None:
    for dot in ([[3.0, 4.0]], [[3.0, 4.0]] * 5, [[2.99, 4.0], [3.01, 4.0]]):
        stroke = visible(np.array(dot))
        np.testing.assert_allclose(stroke, [[3 - DOT_MM / 2, 4], [3 + DOT_MM / 2, 4]])
    line = np.array([[0.0, 0], [0.2, 0]])
    assert visible(line) is line
    assert curves([]) == []
