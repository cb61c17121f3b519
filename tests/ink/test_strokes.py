"""Points and strokes: absolute ink and the offsets that a network reads."""

import numpy as np
import pytest

from ink.strokes import pen_strokes, points_to_strokes, strokes_to_points

POINTS = np.array([[100, 50, 0], [104, 44, 1], [130, 44, 0], [131, 50, 1]], np.float32)


def test_strokes_are_offsets_in_units_of_each_axis_std() -> None:
    strokes = points_to_strokes(POINTS, (2.0, 3.0))
    assert strokes.dtype == np.float32
    assert strokes.tolist() == [[0, 0, 0], [2, -2, 1], [13, 0, 0], [0.5, 2, 1]]


def test_the_start_is_no_offset_but_may_end_a_stroke() -> None:
    dot = np.array([[7, 8, 1], [9, 9, 1]], np.float32)
    assert points_to_strokes(dot, (1.0, 1.0))[0].tolist() == [0, 0, 1]


def test_the_points_are_not_changed() -> None:
    points = POINTS.copy()
    strokes = points_to_strokes(points, (2.0, 3.0))
    kept = strokes.copy()
    strokes_to_points(strokes, (2.0, 3.0))
    assert np.array_equal(points, POINTS) and np.array_equal(strokes, kept)


@pytest.mark.parametrize("length", [2, 700, 50_000])
def test_there_and_back_gives_the_points_up_to_the_lines_position(length: int) -> None:
    rng = np.random.default_rng(length)
    points = np.zeros((length, 3), np.float32)
    points[:, :2] = rng.integers(-60, 61, (length, 2)).cumsum(0)
    points[:, 2] = rng.random(length) < 0.1
    std = (41.954, 37.124)
    back = strokes_to_points(points_to_strokes(points, std), std)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back[:, :2], points[:, :2] - points[0, :2], atol=0.02)
    assert np.array_equal(back[:, 2], points[:, 2])


def test_pen_strokes_are_cut_after_every_end() -> None:
    pieces = pen_strokes(POINTS)
    assert [piece.tolist() for piece in pieces] == [[[100, 50], [104, 44]], [[130, 44], [131, 50]]]


def test_a_dot_is_a_pen_stroke_and_so_is_a_last_one_without_end() -> None:
    points = np.array([[1, 1, 1], [5, 5, 0], [6, 6, 0]], np.float32)
    assert [len(piece) for piece in pen_strokes(points)] == [1, 2]


def test_pen_strokes_lose_no_point() -> None:
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.normal(size=(300, 2)), rng.random(300) < 0.2]).astype(np.float32)
    assert np.array_equal(np.concatenate(pen_strokes(points)), points[:, :2])
