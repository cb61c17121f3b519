"""Writings as pages: the size of ink, with and without letters."""

import numpy as np
import pytest

from render.ink.page import Page
from render.ink.paper import X_HEIGHT
from results.writing.lines import Style, Writing
from tests.render.some_ink import loops
from tests.results.writers import writer

DASHES = np.array([[0, 0.02, 0], [0.7, 0, 1], [2, 0, 0], [2.7, 0.03, 1]], np.float32)
LETTERS = loops(8, size=1)


def width(page: Page) -> float:
    return float(np.ptp(np.concatenate(page.strokes)[:, 0]))


@pytest.mark.parametrize("text", ["- -", "=", ":", "..."])
def test_ink_without_letters_has_the_size_of_its_writers(text: str) -> None:
    (page,) = Writing([text], [DASHES], [], 1.0).pages()
    assert width(page) == pytest.approx(2.7 * X_HEIGHT)


def test_lines_without_letters_have_no_say_in_the_size_of_others() -> None:
    (page,) = Writing(["eeeeeeee.", "", "- -"], [LETTERS, LETTERS[:0], DASHES], []).pages()
    assert np.ptp(page.strokes[5][:, 1]) == pytest.approx(X_HEIGHT, rel=0.1)


@pytest.mark.parametrize(
    ("texts", "unit", "expected"),
    [
        (["joy"], 0.5, 0.5),
        (["joy", "2026"], 0.5, 0.5),
        (["joy"], None, 1.0),
        (["joy to you all!"], 0.5, 1.0),
        (["joy to", "you all"], 0.5, 1.0),
        ([""], 0.5, 1.0),
    ],
)
def test_few_letters_have_the_size_of_their_style(texts: list[str], unit: float | None, expected: float) -> None:
    assert Writing(texts, [LETTERS] * len(texts), [], unit).x_height == pytest.approx(expected, rel=0.1)


def test_a_writer_knows_the_size_of_what_it_writes() -> None:
    assert writer(transform={"normalise_size": True}).write("a", seed=1).unit == 1
    network = writer()
    assert network.write("a", seed=1).unit is None
    style = Style("loops", "abcd", network.strokes(loops(8, size=13)))
    assert network.write("a", seed=1, style=style).unit == pytest.approx(13, rel=0.1)
