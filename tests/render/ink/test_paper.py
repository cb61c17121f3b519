import pytest

from render.ink.paper import LARGEST, SMALLEST, Paper
from utils.errors import InputError


@pytest.mark.parametrize(
    ("size", "sides", "margin"),
    [
        ("a4", (210, 297), 20),
        ("A5", (148, 210), 14.8),
        ("letter", (215.9, 279.4), 20),
        ("297x210", (297, 210), 20),
        ("105x62.5mm", (105, 62.5), 6.25),
    ],
)
def test_a_sheet_has_its_sides_and_a_margin_that_fits(size: str, sides: tuple[float, float], margin: float) -> None:
    paper = Paper.sheet(size)
    assert (paper.width, paper.height) == sides and paper.edge == pytest.approx(margin)


@pytest.mark.parametrize("size", ["a9", "", "210", "210x", "-210x297", "210x297cm", "1e3x20"])
def test_a_size_that_is_none_is_refused(size: str) -> None:
    with pytest.raises(InputError, match="is unknown; it is a3, a4, a5, a6, letter, or WIDTHxHEIGHT"):
        Paper.sheet(size)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"width": 10, "margin": 8}, "paper width of 10 mm leaves no space between margins of 8 mm"),
        ({"height": 10, "margin": 5}, "paper height of 10 mm"),
        ({"width": float("nan")}, "paper width is nan"),
        ({"width": 0}, "paper width is 0"),
        ({"height": 1e9}, "paper height is 1e"),
        ({"line_spacing": 0}, "line spacing is 0"),
        ({"x_height": -1}, "x-height is -1"),
        ({"margin": -1}, "margin is -1"),
        ({"margin": float("inf")}, "margin is inf mm; it must be from 0 to 5000"),
        (
            {"width": 105, "height": 148, "line_spacing": 200},
            "a line spacing of 200 mm is more than the 127 mm of a page",
        ),
        ({"align": "middle"}, "left, center, right"),
    ],
)
def test_impossible_paper_is_refused(options: dict, named: str) -> None:
    with pytest.raises(InputError, match=named):
        Paper(**options)


def test_a_line_has_the_characters_for_which_there_is_space() -> None:
    assert Paper().chars_per_line(38) == 38
    assert 40 <= Paper.sheet("a4").chars_per_line(38) <= 46
    assert 28 <= Paper.sheet("a5").chars_per_line(38) <= 32
    assert Paper(210, 297, x_height=1.9).chars_per_line(38) == 57  # one and a half of what the network learned from
    assert Paper(210, 297, x_height=5).chars_per_line(38, 2) == 15
    assert SMALLEST < 2.8 < LARGEST


def test_a_line_of_very_few_characters_is_refused() -> None:
    for paper in (Paper(10, 20), Paper(105, 148, x_height=20), Paper(105, 148, line_spacing=70)):
        with pytest.raises(InputError, match="mm is too short for 4 characters"):
            paper.chars_per_line(38)
