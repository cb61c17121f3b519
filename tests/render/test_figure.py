import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.collections import LineCollection

from render.figure import figure_image, lines_figure, window_figure
from tests.render.ink import loops

TEXT = "a $b_c"


def window_weights(points: np.ndarray, text: str) -> np.ndarray:
    """phi (T, U) of a window that slides evenly over the text."""
    kappa = np.linspace(0, len(text), len(points))[:, None]
    return np.exp(-((kappa - np.arange(len(text))) ** 2))


def test_the_heat_map_shows_phi_beside_the_characters() -> None:
    points = loops(8)
    phi = window_weights(points, TEXT)
    figure = window_figure(points, np.pad(phi, ((0, 0), (0, 3))), TEXT)
    figure_image(figure)
    heat_map = next(axes for axes in figure.axes if axes.images)
    np.testing.assert_array_equal(heat_map.images[0].get_array(), phi.T)
    labels = heat_map.get_yticklabels()
    assert "".join(label.get_text() for label in labels) == TEXT.replace(" ", "\u2423")
    assert labels[0].get_window_extent().y0 < labels[-1].get_window_extent().y0


def test_ink_and_heat_map_span_the_same_width() -> None:
    points = loops(8, slope=0.05)
    figure = window_figure(points, window_weights(points, TEXT), TEXT)
    figure_image(figure)
    heat_map, ink = sorted(figure.axes, key=lambda axes: -len(axes.images))
    left, right = (ink.transData.transform((x, 300))[0] for x in (points[:, 0].min(), points[:, 0].max()))
    bounds = heat_map.get_window_extent()
    assert (left, right) == pytest.approx((bounds.x0, bounds.x1), abs=1.5)
    assert ink.get_window_extent().y0 > bounds.y1
    up, down = (ink.transData.transform((0, y))[1] for y in (290, 300))
    assert up > down


def test_lines_are_drawn_at_one_scale_under_their_titles() -> None:
    lines = [loops(8), loops(3), np.zeros((0, 3)), np.array([[4.0, 4.0, 1.0]])]
    titles = ["one $", "$two_2$", "", "dot"]
    figure = lines_figure(lines, titles)
    figure_image(figure)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == titles
    drawn = [c for c in axes.collections if isinstance(c, LineCollection) and c.get_segments()]
    extents = [np.ptp(np.concatenate(c.get_segments()), axis=0) for c in drawn]
    letters = [np.ptp(points[:-1, :2], axis=0) for points in lines[:2]]
    np.testing.assert_allclose(extents[0] / letters[0], extents[1] / letters[1], rtol=1e-5)
    tops = [np.concatenate(c.get_segments())[:, 1] for c in drawn]
    assert tops[0].max() < tops[1].min()


def test_titles_must_match_the_lines() -> None:
    with pytest.raises(ValueError):
        lines_figure([loops(3)], ["one", "two"])


def test_a_tall_line_does_not_make_an_endless_figure() -> None:
    tall = np.array([[0, 0, 0], [1, 500, 1]], np.float32)
    for figure in (lines_figure([tall], ["l"]), window_figure(tall, np.ones((2, 1)), "l")):
        assert figure.get_figheight() < 6


@pytest.mark.parametrize("points", [np.zeros((0, 3)), np.ones((1, 3)), np.ones((2, 3))])
def test_hardly_any_ink_has_its_figures(points: np.ndarray) -> None:
    figure_image(lines_figure([points], ["dot"]))
    figure_image(window_figure(points, np.ones((3, 2)), "ab"))


def test_the_image_is_rgb_bytes_with_ink_unknown_to_pyplot() -> None:
    image = figure_image(lines_figure([loops(5)], ["loops"]))
    assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
    assert image.max() == 255 and image.min() < 60
    assert pyplot.get_fignums() == []
