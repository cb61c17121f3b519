import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from render.ink.page import Page
from render.ink.pen import Pen, pen_times
from render.ink.svg import INKSCAPE, write_animated_svg, write_svg
from tests.render.some_ink import small_page

SVG = "{http://www.w3.org/2000/svg}"


def paths_of(path: Path) -> list[ElementTree.Element]:
    return list(ElementTree.parse(path).getroot().iter(SVG + "path"))


def coordinates(element: ElementTree.Element, command: str) -> np.ndarray:
    """The points (n, 2) of a path of one M and one other command."""
    data = element.attrib["d"]
    assert re.fullmatch(rf"M[-\d. ]+ {command}[-\d. ]+( Z)?", data)
    return np.array(re.findall(r"-?\d+\.\d+", data), float).reshape(-1, 2)


def keys(animation: ElementTree.Element) -> list[float]:
    return [float(key) for key in animation.attrib["keyTimes"].split(";")]


def test_each_stroke_is_a_path_in_order_and_in_millimetres(tmp_path: Path) -> None:
    page = small_page()
    write_svg(tmp_path / "a.svg", page, Pen(line="polyline"))
    wave, dot, line = (coordinates(path, "L") for path in paths_of(tmp_path / "a.svg"))
    np.testing.assert_allclose(wave, page.strokes[0], atol=1e-3)
    np.testing.assert_allclose(dot, page.strokes[1] + np.array([[-0.05, 0], [0.05, 0]]), atol=1e-3)
    np.testing.assert_allclose(line, page.strokes[2], atol=1e-3)


def test_curves_have_fewer_nodes_and_begin_and_end_as_strokes_do(tmp_path: Path) -> None:
    page = small_page()
    write_svg(tmp_path / "a.svg", page)
    wave, dot, line = (coordinates(path, "C") for path in paths_of(tmp_path / "a.svg"))
    assert len(wave) // 3 < len(page.strokes[0]) and len(dot) == len(line) == 4
    np.testing.assert_allclose(wave[[0, -1]], page.strokes[0][[0, -1]], atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(dot[-1] - dot[0]), 0.1, atol=1e-3)


def test_a_filled_line_is_an_outline_as_wide_as_the_pen(tmp_path: Path) -> None:
    page = Page(30, 20, [[np.array([[5.0, 10.0], [15.0, 10.0], [25.0, 10.0]])]])
    write_svg(tmp_path / "a.svg", page, Pen(0.8, "hsv(240,100%,100%)", "filled"))
    (path,) = paths_of(tmp_path / "a.svg")
    points = coordinates(path, "L")
    np.testing.assert_allclose(points.min(axis=0), (4.6, 9.6), atol=1e-2)
    np.testing.assert_allclose(points.max(axis=0), (25.4, 10.4), atol=1e-2)
    ink = ElementTree.parse(tmp_path / "a.svg").getroot()[0].attrib
    assert ink["fill"] == "#0000ff" and "stroke" not in ink


def test_the_page_has_its_physical_size_and_nothing_but_strokes(tmp_path: Path) -> None:
    write_svg(tmp_path / "a.svg", small_page(), Pen(0.3, "navy"))
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert (root.attrib["width"], root.attrib["height"]) == ("30.000mm", "20.000mm")
    assert [float(side) for side in root.attrib["viewBox"].split()] == [0, 0, 30, 20]
    assert {element.tag for element in root.iter()} == {SVG + "svg", SVG + "g", SVG + "path"}
    pen = root[0].attrib
    assert (pen["stroke"], float(pen["stroke-width"]), pen["fill"]) == ("#000080", 0.3, "none")
    assert pen["stroke-linecap"] == pen["stroke-linejoin"] == "round"


@pytest.mark.parametrize("write", [write_svg, write_animated_svg])
def test_lines_are_groups_in_a_layer_and_the_ruling_is_a_layer_below(
    tmp_path: Path, write: Callable[[Path, Page], None]
) -> None:
    page = small_page()
    page.rules = [np.array([[4.0, 10.0], [26.0, 10.0]])] * 3
    write(tmp_path / "a.svg", page)
    layers = list(ElementTree.parse(tmp_path / "a.svg").getroot())
    labels = [layer.attrib[f"{{{INKSCAPE}}}label"] for layer in layers]
    assert labels == ["2 ruling", "1 ink"] and all(layer.attrib[f"{{{INKSCAPE}}}groupmode"] for layer in layers)
    assert [element.tag for element in layers[0]] == [SVG + "path"] * 3
    assert [(line.attrib, len(line)) for line in layers[1]] == [({"class": "line"}, 2), ({"class": "line"}, 1)]


@pytest.mark.parametrize("loop", [True, False])
def test_strokes_appear_one_after_the_other_in_the_pens_time(tmp_path: Path, loop: bool) -> None:
    page = small_page()
    write_animated_svg(tmp_path / "a.svg", page, seconds=6, hold_s=2, loop=loop)
    wave, dot, line = paths_of(tmp_path / "a.svg")
    assert len(wave) == 1 and len(dot) == 1 and len(line) == 2
    times = pen_times(page)
    share = 6 / 8 / times[-1][-1]
    (_, start, stop, end), (_, dot_shown), (_, line_shown) = keys(wave[0]), keys(dot[0]), keys(line[0])
    np.testing.assert_allclose(
        (start, stop, end, dot_shown, line_shown, *keys(line[1])[1:]),
        (0, times[0][-1] * share, 1, times[1][0] * share, times[2][0] * share, times[2][0] * share, 6 / 8, 1),
        atol=2e-5,
    )
    for animation in (*wave, *dot, *line):
        assert float(animation.attrib["dur"].removesuffix("s")) == 8
        assert ("repeatCount" in animation.attrib) == loop


def test_a_dash_is_as_long_as_its_stroke_and_rests_in_sight(tmp_path: Path) -> None:
    write_animated_svg(tmp_path / "a.svg", small_page())
    for element in paths_of(tmp_path / "a.svg"):
        slide = element.find(f"{SVG}animate[@attributeName='stroke-dashoffset']")
        if slide is not None:
            assert element.attrib["pathLength"] == element.attrib["stroke-dasharray"] == "1"
            assert slide.attrib["values"].split(";")[-2:] == ["0", "0"]
        assert "opacity" not in element.attrib and "stroke-dashoffset" not in element.attrib


def test_a_page_without_ink_is_a_file(tmp_path: Path) -> None:
    write_svg(tmp_path / "a.svg", Page(10, 10, []))
    write_animated_svg(tmp_path / "b.svg", Page(10, 10, []))
    assert paths_of(tmp_path / "a.svg") == paths_of(tmp_path / "b.svg") == []


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.svg"
    target.write_text("old")
    with pytest.raises(ValueError, match="unpack"):
        write_svg(target, Page(10, 10, [[np.eye(4, 3)]]), Pen(line="polyline"))
    assert target.read_text() == "old" and [file.name for file in tmp_path.iterdir()] == ["a.svg"]
