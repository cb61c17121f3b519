"""The features of pen moves are what a plain loop over the points makes of them."""

import math

import pytest
import torch

from model.reading.pen_features import FEATURES, LARGEST, pen_features
from tests.model.small import alone, assert_close, lines


def by_a_loop(strokes: list[list[float]]) -> list[list[float]]:
    """Return the geometry (T, 9) of a line (T, 3), point by point."""
    heights = [sum(dy for _, dy, _ in strokes[: t + 1]) for t in range(len(strokes))]
    mean, rows, before, lifted = sum(heights) / len(heights), [], (0.0, 0.0), 0.0
    for (dx, dy, end), height in zip(strokes, heights, strict=True):
        length = math.hypot(dx, dy)
        move = (dx / length, dy / length) if length else (0.0, 0.0)
        turn = (before[0] * move[0] + before[1] * move[1], before[0] * move[1] - before[1] * move[0])
        offset = [max(-LARGEST, min(LARGEST, value)) for value in (dx, dy)]
        above = max(-LARGEST, min(LARGEST, mean - height))
        rows.append([*offset, end, *move, *turn, lifted, above])
        before, lifted = move, end
    return rows


def batch():
    drawn = lines([7, 3, 12], [1, 1, 1], torch.float64)
    drawn.strokes[2, 4, :2] = torch.tensor([40.0, -30.0])
    drawn.strokes[0, 3, :2] = 0
    return drawn


def test_geometry_is_what_a_loop_makes_of_the_points():
    drawn = batch()
    features = pen_features(drawn.strokes, drawn.stroke_mask, "geometry")
    for line, mask in enumerate(drawn.stroke_mask):
        expected = by_a_loop(drawn.strokes[line, mask].tolist())
        assert_close(features[line, mask], torch.tensor(expected, dtype=torch.float64))
    assert features.abs().max() == LARGEST


def test_offsets_are_cut_and_the_pen_is_as_it_was():
    drawn = batch()
    features = pen_features(drawn.strokes, drawn.stroke_mask, "offsets")
    assert torch.equal(features[..., :2], drawn.strokes[..., :2].clamp(-10, 10))
    assert torch.equal(features[..., 2], drawn.strokes[..., 2])


@pytest.mark.parametrize("kind", FEATURES)
def test_a_points_features_depend_on_its_own_line_alone(kind):
    drawn = batch()
    drawn.strokes[~drawn.stroke_mask] = 99.0
    features = pen_features(drawn.strokes, drawn.stroke_mask, kind)
    assert features.shape == (3, 12, FEATURES[kind])
    for line, mask in enumerate(drawn.stroke_mask):
        own = alone(drawn, line)
        assert_close(features[line, mask], pen_features(own.strokes, own.stroke_mask, kind)[0])


def test_a_line_turned_by_a_right_angle_has_its_directions_turned_and_its_curvature_kept():
    drawn = batch()
    strokes = drawn.strokes.clone()
    strokes[..., 0], strokes[..., 1] = -drawn.strokes[..., 1], drawn.strokes[..., 0]
    before, after = (pen_features(s, drawn.stroke_mask, "geometry") for s in (drawn.strokes, strokes))
    assert_close(after[..., 5:7], before[..., 5:7])
    assert_close(after[..., 3], -before[..., 4])
    assert_close(after[..., 4], before[..., 3])


@pytest.mark.parametrize("size", [0.0, 1e-12, 1e-30, 1e12])
def test_tiny_and_vast_moves_have_finite_features(size):
    drawn = batch()
    strokes = drawn.strokes * torch.tensor([size, size, 1.0])
    features = pen_features(strokes.float(), drawn.stroke_mask, "geometry")
    assert features.isfinite().all() and features.abs().max() <= LARGEST
