from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from PIL import Image

from render.figures.figure import (
    CHARACTER_COLORS,
    FADED_COLOR,
    PAGE_INCHES,
    PAGE_INCHES_HIGH,
    attended,
    figure_image,
    lines_figure,
    save_figure,
    window_figure,
)
from tests.render.some_ink import loops

TEXT = "a $b_c"


def window_weights(points: np.ndarray, text: str) -> np.ndarray:
    """phi (T - 1, U) of a window that slides evenly over the text."""
    kappa = np.linspace(0, len(text), len(points))[1:, None]
    return np.exp(-((kappa - np.arange(len(text))) ** 2))


def test_the_heat_map_shows_phi_next_to_the_characters() -> None:
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
    heat_map, ink = figure.axes[0], figure.axes[-1]
    left, right = (ink.transData.transform((x, 300))[0] for x in (points[:, 0].min(), points[:, 0].max()))
    bounds = heat_map.get_window_extent()
    assert (left, right) == pytest.approx((bounds.x0, bounds.x1), abs=1.5)
    assert ink.get_window_extent().y0 > bounds.y1
    up, down = (ink.transData.transform((0, y))[1] for y in (290, 300))
    assert up > down


def test_ink_has_the_color_of_the_character_that_weighed_most() -> None:
    points = loops(4)
    phi = np.zeros((len(points) - 1, 3))
    phi[:40, 0] = phi[40:60, 1] = phi[60:, 2] = 1
    figure = window_figure(points, phi, "ab")
    drawn = [c for c in figure.axes[-1].collections if isinstance(c, LineCollection)]
    lengths = {to_hex(c.get_color()[0]): sum(len(s) - 1 for s in c.get_segments()) for c in drawn}
    strokes_begun = {color: count for color, count in zip((*CHARACTER_COLORS, FADED_COLOR), (2, 1, 1), strict=True)}
    points_of = dict(zip(strokes_begun, (41, 20, len(points) - 61 - 1), strict=True))
    assert lengths == {color: points_of[color] - strokes_begun[color] for color in strokes_begun}
    labels = figure.axes[0].get_yticklabels()
    assert tuple(map(lambda label: label.get_color(), labels)) == CHARACTER_COLORS


def test_the_heat_maps_points_are_those_of_the_line() -> None:
    """Row t of phi is point t + 1 of the line, the first that is written."""
    points = loops(3)
    figure = window_figure(points, window_weights(points, TEXT), TEXT)
    left, right, bottom, top = figure.axes[0].images[0].get_extent()
    assert (left, right) == (0.5, len(points) - 0.5) and (bottom, top) == (-0.5, len(TEXT) - 0.5)


def test_no_attention_is_past_the_end() -> None:
    assert attended(np.array([[0.2, 0.1, 0], [0, 0.1, 0.2], [0, 0, 0]])).tolist() == [0, 2, 2]


def test_a_long_line_fits_on_a_page() -> None:
    points, text = loops(40), "abcdefghij" * 9
    width, height = window_figure(points, window_weights(points, text), text).get_size_inches()
    assert width <= PAGE_INCHES and height <= PAGE_INCHES_HIGH


def test_a_figure_is_saved_whole_with_its_text_as_text_and_the_same_each_time(tmp_path: Path) -> None:
    def saved(suffix: str) -> bytes:
        points = loops(3)
        save_figure(window_figure(points, window_weights(points, "a<&"), "a<&"), tmp_path / f"figure{suffix}")
        return (tmp_path / f"figure{suffix}").read_bytes()

    for suffix in (".svg", ".pdf", ".png"):
        assert saved(suffix) == saved(suffix)
    texts = {text.text for text in ElementTree.parse(tmp_path / "figure.svg").iter() if text.tag.endswith("}text")}
    assert {"pen point", "a", "<", "&"} <= texts
    pdf = (tmp_path / "figure.pdf").read_bytes()
    assert pdf.startswith(b"%PDF") and pdf.rstrip().endswith(b"%%EOF") and b"/FontFile2" in pdf
    Image.open(tmp_path / "figure.png").load()
    assert len(list(tmp_path.iterdir())) == 3


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
