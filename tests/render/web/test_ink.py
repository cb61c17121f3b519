"""Ink in pages keeps its shape and its strokes, and its colors follow the pen."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ink.strokes import pen_strokes
from render.web.ink import BANDS, FIRST_HUE, HEIGHT, WIDTH, ink_svg, line_figure, line_figures
from tests.render.some_ink import loops


def strokes_of(svg: str) -> list[np.ndarray]:
    """The pen strokes (n, 2) of an ink's `<svg>`, in order."""
    strokes = []
    for path in ElementTree.fromstring(svg).iter("path"):
        for data in path.attrib["d"].split("M")[1:]:
            start, offsets = ([int(n) for n in re.findall(r"-?\d+", part)] for part in data.split("l"))
            strokes.append(np.cumsum([start, *np.reshape(offsets, (-1, 2))], axis=0))
    return strokes


def test_only_lines_with_reasons_are_marked() -> None:
    assert 'class="odd"' not in line_figure(loops(), "a", "b", "c")
    odd = line_figure(loops(), "a", "b", "c", ["first", "second"])
    assert odd.count('class="odd"') == 1 and re.findall(r'class="why">([^<]*)', odd) == ["first", "second"]
    assert line_figures([]) == "<p>None.</p>"


@pytest.mark.parametrize(("letters", "size"), [(1, 1e-6), (8, 10.0), (60, 1e5), (200, 1.0)])
def test_ink_keeps_its_shape_and_its_strokes(letters: int, size: float) -> None:
    points = loops(letters, size=size)
    drawn = strokes_of(ink_svg(points))
    written = pen_strokes(points)
    assert len(drawn) == len(written)
    extent = np.ptp(points[:, :2], axis=0).clip(1e-9)
    scale = min(WIDTH / extent[0], HEIGHT / extent[1])
    for pixels, stroke in zip(drawn, written, strict=True):
        ends = (stroke[[0, -1]] - points[:, :2].min(0)) * scale
        assert np.abs(pixels[[0, -1]] - ends).max() <= 0.5 + 1e-6
        assert np.abs(np.ptp(pixels, axis=0) - np.ptp(stroke, axis=0) * scale).max() <= 1 + 1e-6


def test_the_picture_is_as_large_as_the_ink_and_colors_follow_the_pen() -> None:
    svg = ElementTree.fromstring(ink_svg(loops(40)))
    x, y, width, height = (float(part) for part in svg.attrib["viewBox"].split())
    every = np.concatenate(strokes_of(ink_svg(loops(40))))
    assert (every.min(0) == 0).all() and np.allclose(every.max(0), (width + 2 * x, height + 2 * y))
    assert (float(svg.attrib["width"]), float(svg.attrib["height"])) == pytest.approx((width / 8, height / 8), abs=0.5)
    hues = [int(re.findall(r"\d+", path.attrib["stroke"])[0]) for path in svg.iter("path")]
    assert hues == sorted(hues) and len(set(hues)) == BANDS and hues[0] == FIRST_HUE
    assert len(list(ElementTree.fromstring(ink_svg(loops(2))).iter("path"))) == 3


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(*[st.floats(allow_nan=True, allow_infinity=True, width=32)] * 2, st.sampled_from([0, 1])), max_size=9
    )
)
def test_any_ink_can_be_drawn(rows: list[tuple[float, float, int]]) -> None:
    points = np.array(rows, np.float32).reshape(-1, 3)
    finite = points[np.isfinite(points).all(1)]
    strokes = strokes_of(ink_svg(points))
    assert len(strokes) == (len(finite) and 1 + int(finite[:-1, 2].sum()))
    assert all(((stroke >= 0) & (stroke <= (WIDTH, HEIGHT))).all() for stroke in strokes)
