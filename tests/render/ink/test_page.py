import textwrap
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest

from ink.strokes import pen_strokes
from render.ink.page import MIN_GAP, Page, cut_words, lay_out, reflowed, wrap_text
from render.ink.paper import LARGEST, SMALLEST, X_PER_SPACING, Align, Paper
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


def test_the_words_that_are_cut_are_known() -> None:
    assert cut_words("a well-known\nDonaudampf ship", 6) == ["well-known", "Donaudampf"]


@pytest.mark.parametrize("width", [30, 34, 60])
def test_a_text_that_was_broken_at_a_width_is_in_its_own_lines_again(width: int) -> None:
    body = "We have sent twelve boxes of tea, three jars of quince jelly and a pound of figs to the old address. " * 2
    text = f"14 Mill Lane\nYork\n\n{body.strip()}\n\nPlease write soon!\nYours,\nAnna"
    broken = "\n".join(textwrap.fill(line, width) for line in text.split("\n"))
    assert broken != text and reflowed(broken) == text


def test_a_text_of_one_line_stays_as_it_is() -> None:
    assert reflowed("") == "" and reflowed("one line") == "one line"


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
    (page,) = lay_out([line * (unit, unit, 1)], Paper(line_spacing=12))
    letter = page.strokes[5]
    assert np.ptp(letter[:, 1]) == pytest.approx(X_PER_SPACING * 12, rel=0.1)


def test_one_large_line_among_others_changes_no_size() -> None:
    (page,) = lay_out([loops(8), loops(8, size=50), loops(8)], Paper(line_spacing=10))
    assert np.ptp(page.strokes[0][:, 1]) == pytest.approx(X_PER_SPACING * 10, rel=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_a_trembling_pen_changes_no_size(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(scale=0.4, size=len(loops(8)))
    (page,) = lay_out([loops(8) + np.outer(noise, (0, 1, 0))], Paper(line_spacing=10))
    letters = [np.ptp(stroke[:, 1]) for stroke in page.strokes[:8]]
    assert np.median(letters) == pytest.approx(X_PER_SPACING * 10, rel=0.15)


def test_a_single_line_has_its_margins_around_the_ink() -> None:
    (page,) = lay_out([loops(6)], Paper(margin=5))
    ink = np.concatenate(page.strokes)
    np.testing.assert_allclose(ink.min(axis=0), (5, 5))
    np.testing.assert_allclose(ink.max(axis=0), (page.width - 5, page.height - 5))


@pytest.mark.parametrize("width", [None, 40.0, 400.0])
@pytest.mark.parametrize("height", [None, 30.0, 60.0])
@pytest.mark.parametrize("align", get_args(Align))
def test_no_ink_is_in_the_margins(width: float | None, height: float | None, align: Align) -> None:
    lines = [loops(9, tall=k % 3, size=8 + k) for k in range(9)] + [loops(1, size=90)]
    pages = lay_out(lines, Paper(width, height, 6, align=align))
    for page in pages:
        ink = np.concatenate(page.strokes)
        assert (ink > 6 - 1e-9).all() and (ink < (page.width - 6 + 1e-9, page.height - 6 + 1e-9)).all()
        assert width is None or page.width == width
        assert height is None or page.height == height
    assert sum(len(page.strokes) for page in pages) == sum(len(pen_strokes(points)) for points in lines)
    assert (len(pages) > 1) == (height is not None)


def test_lines_are_left_aligned_in_order_and_apart() -> None:
    lines = [loops(8, tall=k % 4, slope=0.05 * (-1) ** k) for k in range(6)]
    (page,) = lay_out(lines, Paper(line_spacing=10))
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
    (page,) = lay_out(lines, Paper(line_spacing=10))
    above, below = rows_of(page, lines)
    assert below[-2, 1] - above[-1, 1] >= MIN_GAP * 10 - 1e-6


def test_usual_lines_stand_one_line_height_apart() -> None:
    lines = [loops(8), loops(8, tall=1), loops(8)]
    (page,) = lay_out(lines, Paper(line_spacing=14))
    baselines = [row[-1, 1] for row in rows_of(page, lines)]
    np.testing.assert_allclose(np.diff(baselines), 14, rtol=1e-6)


def test_an_empty_line_is_an_empty_row() -> None:
    (page,) = lay_out([loops(8), EMPTY, loops(8)], Paper(line_spacing=10))
    first, second = page.strokes[8], page.strokes[-1]
    assert second[0, 1] - first[0, 1] == pytest.approx(20)


@pytest.mark.parametrize("lines", [[], [EMPTY], [EMPTY, EMPTY]])
def test_no_ink_is_an_empty_page(lines: list[np.ndarray]) -> None:
    (page,) = lay_out(lines, Paper(margin=4))
    assert page.strokes == [] and page.width > 0 and page.height > 0


@pytest.mark.parametrize("points", [[[5, 5, 1]], [[0, 0, 0], [9, 0, 1]], [[0, 0, 0], [900, 1e-6, 1]]])
def test_a_dot_or_a_dash_alone_has_a_page(points: list[list[float]]) -> None:
    (page,) = lay_out([np.array(points, np.float32)], Paper(margin=4))
    assert np.isfinite(page.strokes[0]).all() and page.width < 3000


def test_ink_that_is_not_finite_is_named() -> None:
    with pytest.raises(ValueError, match="line 2"):
        lay_out([loops(3), loops(3) * np.nan])


@pytest.mark.parametrize(("letters", "x_height"), [(20, LARGEST), (48, None), (90, SMALLEST)])
def test_lines_fill_a_sheet_within_limits_of_their_size(letters: int, x_height: float | None) -> None:
    (page,) = lay_out([loops(letters)] * 3, Paper(200, 200, 20))
    width = np.ptp(np.concatenate(page.strokes)[:, 0])
    assert (width == pytest.approx(160)) == (letters >= 48)
    size = np.ptp(page.strokes[5][:, 1])
    assert size == pytest.approx(x_height, rel=0.1) if letters < 48 else size < LARGEST


@pytest.mark.parametrize("x_height", [3, None])
def test_where_a_line_is_too_wide_all_are_made_smaller(x_height: float | None) -> None:
    lines = [loops(8), loops(60), loops(8)]
    (page,) = lay_out(lines, Paper(100, 200, 10, x_height=x_height))
    sizes = [np.ptp(stroke[:, 1]) for stroke in page.strokes if len(stroke) > 1]
    assert max(sizes) == pytest.approx(min(sizes), rel=0.01) and max(sizes) < 2
    assert np.ptp(np.concatenate(page.strokes)[:, 0]) == pytest.approx(80)


@pytest.mark.parametrize("width", [None, 150.0])
@pytest.mark.parametrize(("align", "share"), [("left", 0.0), ("center", 0.5), ("right", 1.0)])
def test_lines_are_aligned_in_the_space_between_the_margins(width: float | None, align: Align, share: float) -> None:
    lines = [loops(8), loops(20)]
    (page,) = lay_out(lines, Paper(width, None, 10, x_height=3, align=align))
    for row in rows_of(page, lines):
        free = page.width - 20 - np.ptp(row[:, 0])
        assert row[:, 0].min() == pytest.approx(10 + share * free)


def test_lines_of_straight_paper_are_level() -> None:
    lines = [loops(18, slope=0.1), EMPTY, loops(3, slope=0.1), loops(16, slope=-0.05)]
    for straight, slopes in ((False, [0.1, 0.1, -0.05]), (True, [0.0] * 3)):
        (page,) = lay_out(lines, Paper(straight=straight))
        for line, slope in zip(page.lines, slopes, strict=True):
            bottoms = np.array([stroke[np.argmax(stroke[:, 1])] for stroke in line])
            assert np.polyfit(*bottoms.T, 1)[0] == pytest.approx(slope, abs=0.01)


def test_a_short_line_alone_is_not_turned() -> None:
    (level,), (plain,) = (lay_out([loops(8, slope=0.1)], Paper(straight=straight)) for straight in (True, False))
    np.testing.assert_allclose(np.concatenate(level.strokes), np.concatenate(plain.strokes), atol=1e-4)


@pytest.mark.parametrize("height", [None, 100.0])
def test_lines_keep_to_the_rules_of_ruled_paper(height: float | None) -> None:
    lines = [loops(8, tall=k % 3) for k in range(4)] + [EMPTY] + [loops(8)] * 8
    pages = lay_out(lines, Paper(150, height, 10, line_spacing=9, ruled=True))
    rules = [[rule[0, 1] for rule in page.rules] for page in pages]
    assert rules == ([[pytest.approx(10 + 9 * k) for k in range(1, 9)]] * 2 if height else rules)
    baselines = [[line[-1][0, 1] for line in page.lines] for page in pages]
    for page_baselines, page_rules in zip(baselines, rules, strict=True):
        assert all(min(abs(rule - base) for rule in page_rules) < 1e-6 for base in page_baselines)
    assert sum(map(len, baselines)) == len(lines) - 1 and len(pages) == (2 if height else 1)
    assert all(rule[:, 0].tolist() == [10, 140] for page in pages for rule in page.rules)


def test_a_rule_of_large_writing_is_on_the_page() -> None:
    (page,) = lay_out([loops(2)], Paper(200, 50, 5, x_height=30, ruled=True))
    assert [rule[0, 1] for rule in page.rules] == [45]


def test_a_ruled_slip_has_room_for_what_hangs_below_its_last_rule() -> None:
    tails = [[0, 0, 0], [0, 60, 1], [9, 0, 0], [9, 60, 1]]  # loops are 10 high
    (page,) = lay_out([np.concatenate([loops(8), tails])], Paper(x_height=8, ruled=True))
    assert page.height >= max(stroke[:, 1].max() for line in page.lines for stroke in line) + Paper().edge


@pytest.mark.parametrize("degrees", [-20.0, 15.0])
def test_ink_leans_by_the_papers_slant(degrees: float) -> None:
    lines = [loops(6, tall=2), loops(5)]
    plain, leaning = (lay_out(lines, Paper(slant=slant))[0] for slant in (0.0, degrees))
    for before, after in zip(plain.lines, leaning.lines, strict=True):
        x, y = np.concatenate(before).T
        shifted, same_y = np.concatenate(after).T
        np.testing.assert_allclose(np.ptp(same_y), np.ptp(y))
        lean = shifted - x + np.tan(np.radians(degrees)) * y
        np.testing.assert_allclose(lean, lean[0], atol=1e-9)
