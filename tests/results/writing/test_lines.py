"""Writings as pages: the size of ink, with and without letters."""

import numpy as np
import pytest

from base.base_model import Sample
from render.ink.page import Page
from render.ink.paper import X_HEIGHT, Paper
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


HANGING = {"j", "y"}


def word(text: str) -> tuple[np.ndarray, Sample]:
    """A down-stroke of 10 points for each letter, which hangs 1 below the baseline or stands on it, and its sample."""
    ends = [1.0 if letter in HANGING else 0.0 for letter in text]
    ink = np.array([(x, y, 0) for x, end in enumerate(ends) for y in np.linspace(-1, end, 10)], np.float32)
    ink[9::10, 2] = 1
    attended = np.eye(len(text) + 1, dtype=np.float32).repeat(10, 0)[: len(ink)]
    return ink, Sample(ink, np.roll(attended, 2, axis=0)[1:], True)  # the attention comes a little late


@pytest.mark.parametrize("text", ["joy", "jay", "yo"])
def test_a_word_of_hanging_letters_stands_on_the_rule_by_the_others(text: str) -> None:
    ink, sample = word(text)
    (page,) = Writing([text], [ink], [sample], 1.0).pages(Paper(60, 20, 2, ruled=True))
    letter = page.strokes[[character in HANGING for character in text].index(False)]
    assert min(abs(rule[0, 1] - letter[:, 1].max()) for rule in page.rules) < 1e-6


def test_no_letter_of_a_long_line_tells_its_baseline_alone() -> None:
    texts = ["joyful and joyous", "", "yy", "joy"]
    (long, first), (hanging, second), (short, third) = word(texts[0]), word(texts[2]), word(texts[3])
    writing = Writing(texts, [long, long[:0], hanging, short], [first, second, third])
    assert [len(rows) for rows in writing.standing] == [0, 0, 0, 1]
    assert short[writing.standing[3][0], 1] == pytest.approx(0, abs=0.2)
    free = Writing(["joy"], [short], [Sample(short, None, True)])
    assert [len(rows) for rows in free.standing] == [0]
