"""Ink in the colors of the characters that it was read as."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from PIL import Image

from render.figures.explained import CHAR_INCHES, COLORS, SURE, UNREAD_COLOR, explained_figure, places
from render.figures.figure import save_figure


def ink(*strokes: int) -> np.ndarray:
    """Strokes of so many points, from left to right."""
    points = np.column_stack([np.arange(sum(strokes)), np.arange(sum(strokes)) % 3, np.zeros(sum(strokes))])
    points[np.cumsum(strokes) - 1, 2] = 1
    return points.astype(np.float32)


def test_ink_has_the_color_of_its_character_and_is_not_torn() -> None:
    owner = np.array([0, 0, 1, 1, 1, -1, 1])
    figure = explained_figure(ink(4, 2, 1), owner, "ab", [0.99, 0.5])
    (lines,) = figure.axes[0].collections
    assert [to_hex(color) for color in lines.get_color()] == [COLORS[0], COLORS[1], COLORS[1], UNREAD_COLOR, COLORS[1]]
    first, second, *_, dot = (path.vertices for path in lines.get_paths())
    assert (len(first), len(second), len(dot)) == (2, 3, 2)
    assert np.array_equal(first[-1], second[0]) and np.array_equal(*dot)


def test_characters_are_below_in_their_color_with_their_doubts() -> None:
    figure = explained_figure(ink(4, 4), np.repeat([0, 1], 4), "a ", [SURE, 0.421])
    labels = [(text.get_text(), text.get_color()) for text in figure.axes[0].texts]
    assert labels == [("a", COLORS[0]), ("␣", COLORS[1]), ("42", COLORS[1])]
    first, second = (text.get_position()[0] for text in figure.axes[0].texts[:2])
    assert first < second


@settings(max_examples=60)
@given(st.lists(st.integers(-1, 5), min_size=1, max_size=30))
def test_characters_keep_their_order_and_distance(owner: list[int]) -> None:
    x = np.random.default_rng(len(owner)).uniform(0, 10, len(owner))
    at = places(x, np.array(owner), 6)
    assert np.isfinite(at).all() and (np.diff(at) >= CHAR_INCHES - 1e-9).all()


def test_a_character_with_room_stands_under_the_middle_of_its_ink() -> None:
    at = places(np.array([0.0, 1, 2, 6, 7, 8]), np.array([0, 0, 0, 2, 2, 2]), 3)
    assert at == pytest.approx([1, 4, 7])


@pytest.mark.parametrize("text", ["", "a$b<&"])
def test_any_text_and_dots_can_be_drawn_and_saved(text: str, tmp_path: Path) -> None:
    points = np.array([[3, 3, 1], [3, 3, 1]], np.float32)
    figure = explained_figure(points, np.array([-1, len(text) - 1]), text, [0.5] * len(text))
    for name in ("a.png", "a.svg", "b.svg"):
        save_figure(figure, tmp_path / name)
    with Image.open(tmp_path / "a.png") as image:
        assert image.width > 50
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
