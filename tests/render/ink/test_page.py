from itertools import pairwise

import numpy as np
import pytest

from ink.strokes import pen_strokes
from render.ink.page import MIN_GAP, X_HEIGHT, Page, lay_out, wrap_text
from tests.render.some_ink import loops
from utils.errors import InputError

TEXT = "The quick  brown fox\tjumps over\nthe lazy dog.\n\n \n\nA second-rate paragraph: Donaudampfschifffahrt!\n"
EMPTY = np.zeros((0, 3), np.float32)


def rows_of(page: Page, lines: list[np.ndarray]) -> list[np.ndarray]:
    """The ink (n, 2) of each line of a page, by the number of points."""
    counts = np.cumsum([len(points) for points in lines])[:-1]
    return np.split(np.concatenate(page.strokes), counts)


def heights(rows: list[np.ndarray]) -> np.ndarray:
    return np.array([np.ptp(row[:, 1]) for row in rows])


@pytest.mark.parametrize("limit", [1, 5, 12, 80])
def test_wrapped_text_keeps_every_character_within_the_limit(limit: int) -> None:
    lines = wrap_text(TEXT, limit)
    assert "".join(lines).replace(" ", "") == "".join(TEXT.split())
    assert max(map(len, lines)) <= limit
    assert all(line == " ".join(line.split()) for line in lines)


@pytest.mark.parametrize(
    ("text", "limit", "lines"),
    [
        ("one two three four five", 9, ["one two", "three", "four five"]),
        ("well-known", 6, ["well-k", "nown"]),
        ("\n\na b\nc\n\n \n\nd\n\n", 20, ["a b", "c", "", "d"]),
        (" \n ", 20, []),
    ],
)
def test_text_breaks_at_newlines_and_between_words(text: str, limit: int, lines: list[str]) -> None:
    assert wrap_text(text, limit) == lines


def test_a_line_of_no_characters_is_refused() -> None:
    with pytest.raises(InputError):
        wrap_text("word", 0)


def test_all_lines_have_one_scale() -> None:
    lines = [loops(8), loops(8, size=13), loops(4, tall=1)]
    (page,) = lay_out(lines)
    drawn = heights(rows_of(page, lines))
    written = np.array([np.ptp(points[:, 1]) for points in lines])
    np.testing.assert_allclose(drawn / written, drawn[0] / written[0], rtol=1e-6)


@pytest.mark.parametrize("line", [loops(8), loops(8, tall=1), loops(8, tall=2), loops(8, slope=0.1)])
@pytest.mark.parametrize("unit", [0.01, 1.0, 40.0])
def test_neither_units_nor_tall_letters_nor_slope_change_the_size(line: np.ndarray, unit: float) -> None:
    (page,) = lay_out([line * (unit, unit, 1)], line_height_mm=12)
    letter = page.strokes[5]
    assert np.ptp(letter[:, 1]) == pytest.approx(X_HEIGHT * 12, rel=0.1)


def test_one_large_line_among_others_changes_no_size() -> None:
    (page,) = lay_out([loops(8), loops(8, size=50), loops(8)], line_height_mm=10)
    assert np.ptp(page.strokes[0][:, 1]) == pytest.approx(X_HEIGHT * 10, rel=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_a_trembling_pen_changes_no_size(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(scale=0.4, size=len(loops(8)))
    (page,) = lay_out([loops(8) + np.outer(noise, (0, 1, 0))], line_height_mm=10)
    letters = [np.ptp(stroke[:, 1]) for stroke in page.strokes[:8]]
    assert np.median(letters) == pytest.approx(X_HEIGHT * 10, rel=0.15)


def test_a_single_line_has_its_margins_around_the_ink() -> None:
    (page,) = lay_out([loops(6)], margin_mm=5)
    ink = np.concatenate(page.strokes)
    np.testing.assert_allclose(ink.min(axis=0), (5, 5))
    np.testing.assert_allclose(ink.max(axis=0), (page.width - 5, page.height - 5))


@pytest.mark.parametrize("width", [None, 40.0, 400.0])
@pytest.mark.parametrize("height", [None, 30.0, 60.0])
def test_no_ink_is_in_the_margins(width: float | None, height: float | None) -> None:
    lines = [loops(9, tall=k % 3, size=8 + k) for k in range(9)] + [loops(1, size=90)]
    pages = lay_out(lines, margin_mm=6, width_mm=width, page_height_mm=height)
    for page in pages:
        ink = np.concatenate(page.strokes)
        assert (ink > 6 - 1e-9).all() and (ink < (page.width - 6 + 1e-9, page.height - 6 + 1e-9)).all()
        assert width is None or page.width == width
        assert height is None or page.height == height
    assert sum(len(page.strokes) for page in pages) == sum(len(pen_strokes(points)) for points in lines)
    assert (len(pages) > 1) == (height is not None)


def test_lines_are_left_aligned_in_order_and_apart() -> None:
    lines = [loops(8, tall=k % 4, slope=0.05 * (-1) ** k) for k in range(6)]
    (page,) = lay_out(lines, line_height_mm=10)
    rows = rows_of(page, lines)
    for above, below in pairwise(rows):
        assert below[:, 0].min() == pytest.approx(above[:, 0].min())
        distances = np.linalg.norm(above[:, None] - below[None], axis=-1)
        assert distances.min() >= MIN_GAP * 10 - 1e-6
        assert np.median(below[:, 1]) > np.median(above[:, 1])


@pytest.mark.parametrize("x", np.arange(40, 44, 0.5))
def test_a_tail_and_a_tall_letter_side_by_side_do_not_touch(x: float) -> None:
    def with_bar(x: float, top: float, bottom: float) -> np.ndarray:
        return np.concatenate((loops(8), [[x, top, 0], [x, bottom, 1]]))

    lines = [with_bar(x, 290, 330), with_bar(x + 2, 270, 300)]
    (page,) = lay_out(lines, line_height_mm=10)
    above, below = rows_of(page, lines)
    assert below[-2, 1] - above[-1, 1] >= MIN_GAP * 10 - 1e-6


def test_usual_lines_stand_one_line_height_apart() -> None:
    lines = [loops(8), loops(8, tall=1), loops(8)]
    (page,) = lay_out(lines, line_height_mm=14)
    baselines = [row[-1, 1] for row in rows_of(page, lines)]
    np.testing.assert_allclose(np.diff(baselines), 14, rtol=1e-6)


def test_an_empty_line_is_an_empty_row() -> None:
    (page,) = lay_out([loops(8), EMPTY, loops(8)], line_height_mm=10)
    first, second = page.strokes[8], page.strokes[-1]
    assert second[0, 1] - first[0, 1] == pytest.approx(20)


@pytest.mark.parametrize("lines", [[], [EMPTY], [EMPTY, EMPTY]])
def test_no_ink_is_an_empty_page(lines: list[np.ndarray]) -> None:
    (page,) = lay_out(lines, margin_mm=4)
    assert page.strokes == [] and page.width > 0 and page.height > 0


@pytest.mark.parametrize("points", [[[5, 5, 1]], [[0, 0, 0], [9, 0, 1]], [[0, 0, 0], [900, 1e-6, 1]]])
def test_a_dot_or_a_dash_alone_has_a_page(points: list[list[float]]) -> None:
    (page,) = lay_out([np.array(points, np.float32)], margin_mm=4)
    assert np.isfinite(page.strokes[0]).all() and page.width < 3000


def test_impossible_pages_are_refused() -> None:
    with pytest.raises(InputError, match="width of 10 mm"):
        lay_out([loops(3)], margin_mm=8, width_mm=10)
    with pytest.raises(InputError, match="line height"):
        lay_out([loops(3)], line_height_mm=0)
    with pytest.raises(ValueError, match="line 2"):
        lay_out([loops(3), loops(3) * np.nan])
