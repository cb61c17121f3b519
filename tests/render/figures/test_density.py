"""Densities on the paper, pen lifts on the ink, weights over time: each where it belongs."""

import numpy as np
import pytest

from render.figures.density import DECADES, density_figure
from render.figures.figure import PAGE_INCHES, PAGE_INCHES_HIGH, figure_image
from tests.render.some_ink import loops


def test_maps_and_ink_lie_where_the_points_do() -> None:
    points = loops(6)
    extent = (-10.0, 80.0, 285.0, 305.0)
    paper = np.zeros((40, 180))
    paper[10, 120] = 5.0  # half a unit a pixel: x 50.25, y 290.25
    weights = np.tile([0.2, 0.7, 0.1], (len(points) - 1, 1))
    ends = points[1:, 2] * 0.9
    figure = density_figure(points, paper, extent, ends, weights)
    figure_image(figure)
    third, _, second, _, first, _ = figure.axes
    shown = first.images[0]
    assert tuple(shown.get_extent()) == extent and shown.origin == "lower"
    assert (first.get_xlim(), first.get_ylim()) == ((-10, 80), (305, 285)) == (second.get_xlim(), second.get_ylim())
    assert np.unravel_index(shown.get_array().argmax(), paper.shape) == (10, 120)
    assert shown.norm.vmax / shown.norm.vmin == pytest.approx(10**DECADES)
    dots = second.collections[-1]
    lifts = dots.get_offsets()[dots.get_array() > 0.5]
    np.testing.assert_allclose(np.sort(lifts, axis=0), np.sort(points[1:][points[1:, 2] > 0, :2], axis=0))
    np.testing.assert_allclose(third.images[0].get_array(), weights[:, [1, 0, 2]].T)
    assert figure.get_figwidth() == PAGE_INCHES and figure.get_figheight() < PAGE_INCHES_HIGH


def test_hardly_any_ink_has_its_figure() -> None:
    points = np.array([[0, 0, 0], [1, 1, 1]], np.float32)
    figure_image(density_figure(points, np.zeros((3, 3)), (-1, 2, -1, 2), np.zeros(1), np.ones((1, 1))))


def test_where_all_components_are_faint_the_heaviest_is_drawn() -> None:
    points = np.array([[0, 0, 0], [1, 1, 1]], np.float32)
    weights = np.full((1, 20), 0.05)
    weights[0, 7] = 0.06
    figure = density_figure(points, np.zeros((3, 3)), (-1, 2, -1, 2), np.zeros(1), weights)
    figure_image(figure)
    assert figure.axes[0].images[0].get_array().tolist() == [[0.06]]
