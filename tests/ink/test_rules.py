"""Rules and frames on a page are no writing, and all that people write is."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from data_loader.cut_lines import lines_of_page
from data_loader.synthetic.lines import synthetic_lines
from ink.page_lines import cut_into_lines
from ink.rules import cut_writing, written_rows
from ink.strokes import InkLine

LINES = list(synthetic_lines(num_writers=1, lines_per_writer=3, valid_writers=0))
LONG = [np.concatenate([line.points, line.points + np.float32([680, 0, 0])]) for line in LINES]
PAGE = np.concatenate([line + np.float32([0, 150 * n, 0]) for n, line in enumerate(LONG)])
LEFT, TOP, RIGHT, BOTTOM = [*(PAGE[:, :2].min(0) - 40), *(PAGE[:, :2].max(0) + 40)]


def drawn(*corners: tuple[float, float]) -> np.ndarray:
    """A stroke (n, 3) from corner to corner, as a hand draws it: it trembles."""
    sides = [np.linspace(begin, end, 50) for begin, end in pairwise(corners)]
    xy = np.concatenate(sides) + np.random.default_rng(1).normal(0, 0.5, (50 * len(sides), 2))
    return np.column_stack([xy, np.arange(len(xy)) == len(xy) - 1]).astype(np.float32)


FRAME = drawn((LEFT, TOP), (RIGHT, TOP), (RIGHT, BOTTOM), (LEFT, BOTTOM), (LEFT, TOP))
RULES = [drawn((LEFT, y), (RIGHT, y + 5)) for y in np.linspace(TOP, BOTTOM, 5)]


@pytest.mark.parametrize("others", [[FRAME], RULES, [FRAME, *RULES]])
def test_a_page_with_rules_and_frames_has_the_lines_that_it_has_without(others: list[np.ndarray]) -> None:
    cuts = cut_writing(np.concatenate([*others, PAGE]))
    before = sum(map(len, others))
    for rows, expected in zip(cuts, cut_into_lines(PAGE), strict=True):
        assert np.array_equal(rows, expected + before)


def test_writing_underlines_and_dashes_are_kept() -> None:
    word = PAGE[:, 0].min() + np.ptp(PAGE[:, 0]) / 8
    underline = drawn((PAGE[:, 0].min(), 20), (word, 20))
    for points in (PAGE, np.concatenate([PAGE, underline]), np.concatenate([RULES[0], RULES[1]]), LONG[0]):
        assert len(written_rows(points)) == len(points)


def test_a_line_in_a_frame_is_that_line_and_has_its_name() -> None:
    page = InkLine("page", "text", "", "", np.concatenate([FRAME, LONG[0]]))
    (line,) = lines_of_page(page, cut_writing(page.points))
    assert (line.id, line.text) == ("page", "text") and np.array_equal(line.points, LONG[0])
    alone = replace(page, points=LONG[0])
    assert lines_of_page(alone, cut_writing(alone.points)) == [alone]
