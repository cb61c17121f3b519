"""Letters with marks: the letter is written, and its marks stand over or under it at the end of the line."""

import numpy as np
import pytest

from base.base_model import Sample
from ink.alphabet import Alphabet
from results.writing.marks import bare, with_marks
from tests.results.writers import writer

WRITER = writer()
X_HEIGHT = 10.0
LETTERS = Alphabet("abcdei Mu")


def line(text: str, lean: float = 0.0) -> Sample:
    """A zigzag of three down-strokes for each letter, one x-height high and two wide, and the attention to it."""
    corners = []
    for place in range(len(text)):
        x = 2 * X_HEIGHT * place
        corners += [(x + step * 4, -X_HEIGHT if step % 2 == 0 else 0.0, step == 4) for step in range(5)]
    points = np.array(corners, np.float32)
    points[:, 0] += lean * points[:, 1]
    weights = np.repeat(np.eye(len(text) + 1, dtype=np.float32)[:-1], 5, axis=0)[1:]
    return Sample(WRITER.strokes(points), weights, True)


def marks_of(text: str, plain: str, lean: float = 0.0) -> tuple[np.ndarray, Sample, Sample]:
    old = line(plain, lean)
    new = with_marks(WRITER, old, text, X_HEIGHT, 3)
    start = np.array([-lean * X_HEIGHT, -X_HEIGHT, 0.0])  # a network's points begin at 0, 0
    return WRITER.points(new.strokes)[len(old.strokes) :] + start, old, new


def test_a_letter_that_the_alphabet_has_not_is_written_without_its_marks() -> None:
    assert bare("Mü bé ïc", LETTERS) == "Mu be ic"
    assert bare("aß \u0301 đ 한", LETTERS) == "aß \u0301 đ 한", "no letter with marks that can be drawn"
    assert bare("bé", Alphabet("beé")) == "bé", "a network that has learned it writes it itself"
    assert bare("ñ", LETTERS) == "ñ", "nor is its letter known"


@pytest.mark.parametrize(("character", "strokes", "is_over"), [("é", 1, True), ("ë", 2, True), ("ç", 1, False)])
def test_marks_stand_over_or_under_their_letter_at_the_end(character: str, strokes: int, is_over: bool) -> None:
    text, plain = f"da{character}c", "da" + bare(character, LETTERS) + "c"
    marks, old, new = marks_of(text, plain)
    np.testing.assert_array_equal(new.strokes[: len(old.strokes)], old.strokes)
    assert marks[:, 2].sum() == strokes and marks[-1, 2] == 1
    left, right = 2 * X_HEIGHT * 2, 2 * X_HEIGHT * 2 + 16
    assert ((left - 2 < marks[:, 0]) & (marks[:, 0] < right + 2)).all()
    inside = marks[:, 1].min() > -1.9 * X_HEIGHT and marks[:, 1].max() < 0.7 * X_HEIGHT
    assert inside and ((marks[:, 1] < -X_HEIGHT).all() if is_over else (marks[:, 1] > -1).all())
    assert new.weights is not None and old.weights is not None
    assert len(new.weights) == len(new.strokes) - 1 and (new.weights[len(old.weights) :].argmax(1) == 2).all()


def test_a_second_mark_stands_over_the_first_one() -> None:
    marks, *_ = marks_of("ế", "e")
    first, second = np.split(marks, np.flatnonzero(marks[:, 2] > 0.5)[:1] + 1)
    assert second[:, 1].max() < first[:, 1].min()


def test_marks_lean_as_the_line_does() -> None:
    upright, leaning = (marks_of("dácc", "dacc", lean)[0] for lean in (0.0, -0.5))
    shift = leaning[:, 0] - upright[:, 0]
    np.testing.assert_allclose(shift, -0.5 * upright[:, 1], atol=0.15 * X_HEIGHT)


def test_the_same_seed_draws_the_same_marks_and_a_text_without_any_stays() -> None:
    old = line("dab")
    first, again = (with_marks(WRITER, old, "däb", X_HEIGHT, 3).strokes for _ in range(2))
    other = with_marks(WRITER, old, "däb", X_HEIGHT, 4).strokes
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert with_marks(WRITER, old, "dab", X_HEIGHT, 3) is old


def test_a_writer_writes_the_letter_and_then_its_marks() -> None:
    plain, marked = (WRITER.write(text, seed=5) for text in ("dad bad", "däd bad"))
    assert marked.texts == ["däd bad"]
    np.testing.assert_array_equal(marked.lines[0][: len(plain.lines[0])], plain.lines[0])
    assert len(marked.lines[0]) > len(plain.lines[0])
    spelling = WRITER.spelling
    assert spelling.substitute("dä“") == ("dä“", {}) and spelling.substitute("dæ") == ("dae", {"æ": "ae"})
