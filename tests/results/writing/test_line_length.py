"""The length of lines, by paper and handwriting."""

import pytest

from render.ink.paper import Paper
from results.writing.line_length import line_length
from results.writing.lines import Style
from tests.render.some_ink import loops
from tests.results.writers import writer


def test_the_width_of_a_styles_characters_counts() -> None:
    network = writer(chars_per_line=38)
    wide, narrow = (Style("loops", "a" * count, network.strokes(loops(20))) for count in (10, 20))
    lengths = [line_length(network, "bad", Paper.sheet("a5"), style) for style in (wide, None, narrow)]
    assert lengths == [pytest.approx(118.4 / 2.8 / width, abs=1) for width in (2.2, 1.4, 1.1)]


@pytest.mark.parametrize(("size", "length"), [(None, 38), (5, 22)])
def test_a_long_text_is_in_lines_that_fit_a4_and_a_short_one_is_as_wide_as_it_is(size: float, length: int) -> None:
    network, paper = writer(chars_per_line=38), Paper(x_height=size)
    assert line_length(network, "bad " * 130, paper) == length
    assert line_length(network, "bad " * 90, paper) == 38


def test_free_writing_has_no_length() -> None:
    assert line_length(writer(free=True), None, Paper()) is None
