"""Drawings in rows and columns."""

import numpy as np
import pytest

from render.ink.grid import FILLED, MAX_FILLED, grid_page


def ink(*corners: tuple[float, float]) -> np.ndarray:
    points = np.array([(*corner, 0.0) for corner in corners], np.float32)
    points[-1, 2] = 1
    return points


def test_every_drawing_is_in_the_middle_of_its_cell_at_one_scale():
    tall, wide, nothing = ink((5, 5), (6, 15)), ink((100, 0), (104, 2)), np.zeros((0, 3), np.float32)
    page = grid_page([[tall, wide], [nothing, wide, tall]], cell_mm=10, margin_mm=3)
    assert (page.width, page.height) == (36, 26)
    boxes = [(stroke.min(0), stroke.max(0)) for stroke in page.strokes]
    middles = [((low + high) / 2).round(6).tolist() for low, high in boxes]
    assert middles == [[8, 8], [18, 8], [18, 18], [28, 18]]
    scale = FILLED * 10 / np.quantile([10, 4, 4, 10], 0.95)
    assert [(high - low).tolist() for low, high in boxes[:2]] == [
        pytest.approx([1 * scale, 10 * scale]),
        pytest.approx([4 * scale, 2 * scale]),
    ]


def test_a_drawing_much_larger_than_the_others_stays_in_its_cell():
    usual, huge = ink((0, 0), (1, 1)), ink((0, 0), (5, 50))
    page = grid_page([[usual] * 30 + [huge]], cell_mm=10)
    assert np.ptp(page.strokes[-1], axis=0).max() == pytest.approx(10 * MAX_FILLED)
    assert np.ptp(page.strokes[0], axis=0).max() == pytest.approx(10 * FILLED)


def test_strokes_stay_apart_and_in_order():
    two = ink((0, 0), (0, 2), (1, 0), (1, 2))
    two[1, 2] = 1
    page = grid_page([[two]])
    assert [len(stroke) for stroke in page.strokes] == [2, 2] and page.strokes[0][0, 0] < page.strokes[1][0, 0]


def test_dots_and_nothing_at_all_are_drawn():
    assert grid_page([]).strokes == [] and grid_page([[np.zeros((0, 3))]]).strokes == []
    assert np.isfinite(grid_page([[ink((3, 3))]]).strokes[0]).all()
