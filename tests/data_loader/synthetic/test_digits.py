"""Digits: the built-in corpus of them, and training on some of a corpus's classes."""

from pathlib import Path

import numpy as np
import pytest

from data_loader.data_loaders import HandwritingDataLoader
from data_loader.prepare import BUILT_IN, open_corpus
from data_loader.synthetic.digits import FORMS, curve, glyph, synthetic_digits
from ink.strokes import InkLine, pen_strokes
from tests.tiny import ink_line, write_corpus
from utils.errors import InputError


@pytest.fixture(scope="module")
def lines() -> list[InkLine]:
    return list(synthetic_digits(num_writers=30, valid_writers=3))


def as_bytes(**arguments: int) -> list[bytes]:
    corpus = synthetic_digits(num_writers=2, times_each=1, valid_writers=1, **arguments)
    return [line.text.encode() + line.points.tobytes() + line.times.tobytes() for line in corpus]


def test_same_seed_same_bytes_and_another_seed_other_digits():
    assert as_bytes(seed=7) == as_bytes(seed=7)
    assert not set(as_bytes(seed=7)) & set(as_bytes(seed=8))


def test_every_writer_makes_every_digit_as_often_and_the_last_writers_are_for_validation(lines):
    assert len({line.id for line in lines}) == len(lines) == 600
    for number in range(30):
        own = [line for line in lines if line.writer == f"w{number:03d}"]
        assert sorted(line.text for line in own) == sorted("0123456789" * 2)
        assert {line.split for line in own} == {"valid" if number >= 27 else "train"}
    alone = list(synthetic_digits(num_writers=1, valid_writers=0))
    assert all(np.array_equal(a.points, b.points) for a, b in zip(alone, lines, strict=False))


def test_ink_lines_keep_their_contract(lines):
    for line in lines:
        assert line.points.dtype == np.float32 and 2 <= len(line.points) == len(line.times) < 80
        assert set(np.unique(line.points[:, 2])) <= {0, 1} and line.points[-1, 2] == 1
        assert line.times[0] == 0 and (np.diff(line.times) > 0).all()


@pytest.mark.parametrize("digit", FORMS)
def test_every_form_of_a_digit_occurs(lines, digit):
    """Every digit has all its forms, by their number of strokes."""
    strokes = {len(pen_strokes(line.points)) for line in lines if line.text == digit}
    assert strokes == {form.count("|") + 1 for form in FORMS[digit]}


def test_a_writer_makes_a_digit_in_one_way_and_others_make_it_otherwise(lines):
    sevens = [line for line in lines if line.text == "7"]
    by_writer = [{len(pen_strokes(line.points)) for line in sevens if line.writer == f"w{n:03d}"} for n in range(30)]
    assert all(len(strokes) == 1 for strokes in by_writer)
    assert {1, 2} == set().union(*by_writer)


def test_digits_are_higher_than_wide_and_stand_as_they_are_read(lines):
    """A 7 has its bar at the top, a 6 its ring at the bottom: y grows downward."""
    for line in lines:
        xy = line.points[:, :2]
        height = np.ptp(xy[:, 1])
        if line.text == "7":
            assert xy[0, 1] < xy[:, 1].min() + 0.35 * height
        if line.text == "6":
            assert xy[len(xy) // 2 :, 1].mean() > xy[: len(xy) // 4, 1].mean()
    assert (
        np.median([np.ptp(line.points[:, 1]) / np.ptp(line.points[:, 0]) for line in lines if line.text != "1"]) > 1.2
    )


def test_a_curve_goes_through_its_knots_and_is_straight_between_knots_in_line():
    knots = np.array([[0, 0], [1, 0], [2, 0], [3, 1.0]])
    points = curve(knots, steps=4)
    assert np.array_equal(points[::4], knots) and len(points) == 13
    assert (points[:5, 1] == 0).all() and (np.diff(points[:, 0]) > 0).all()
    assert np.array_equal(curve(knots[:1]), knots[:1])


def test_a_corner_is_kept_and_strokes_are_parted():
    made = glyph("0,200 0,0 / 100,0 | 50,100 60,100")
    corner, bar = made.strokes
    assert (corner[:9, 0] == 0.2).all() and (corner[9:, 1] == 0).all() and len(corner) == 18
    assert bar[[0, -1]].round(6).tolist() == [[0.7, 1.0], [0.8, 1.0]]
    assert made.width == pytest.approx(1.4)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A corpus of the digits 1, 2, 3 and "a" to train on, of 1 and 2 to validate."""
    train = [ink_line(k, text="123a"[k % 4]) for k in range(12)]
    valid = [ink_line(100 + k, text="12"[k % 2], split="valid") for k in range(4)]
    write_corpus(tmp_path / "digits", [*train, *valid])
    return tmp_path


def loader(data_dir: Path, **arguments) -> HandwritingDataLoader:
    return HandwritingDataLoader(corpus="digits", data_dir=str(data_dir), **arguments)


def texts_of(batches, alphabet: str) -> set[str]:
    return {alphabet[position] for batch in batches.at(1) for position in batch.text[:, 0].tolist()}


@pytest.mark.parametrize("digits", [[2], [1, 2], ["2", "1"]])
def test_only_the_digits_named_are_trained_and_validated(data_dir, digits):
    some, whole = loader(data_dir, digits=digits), loader(data_dir)
    wanted = {str(digit) for digit in digits}
    assert texts_of(some, "123a") == texts_of(some.validation(), "123a") == wanted
    assert texts_of(whole, "123a") == set("123a") and texts_of(whole.validation(), "123a") == set("12")


def test_alphabet_and_std_stay_those_of_the_corpus(data_dir):
    some, whole = loader(data_dir, digits=[2]), loader(data_dir)
    assert [some.facts[key] for key in ("alphabet", "std")] == [whole.facts[key] for key in ("alphabet", "std")]


@pytest.mark.parametrize(
    ("digits", "message"), [([1, 7], "no line of train is 7"), ([3], "no line of valid is 3"), ([], "is such a digit")]
)
def test_a_digit_without_lines_is_named(data_dir, digits, message):
    with pytest.raises(InputError, match=message) as error:
        loader(data_dir, digits=digits)
    assert "\n" not in str(error.value)


def test_the_built_in_corpus_is_made_when_it_is_opened(tmp_path, monkeypatch):
    monkeypatch.setitem(BUILT_IN, "synthetic-digits", lambda: synthetic_digits(num_writers=2, valid_writers=1))
    corpus = open_corpus("synthetic-digits", tmp_path)
    assert (len(corpus), corpus.alphabet.characters, corpus.card["source"]) == (40, "0123456789", "synthetic-digits")
    monkeypatch.setitem(BUILT_IN, "synthetic-digits", lambda: pytest.fail("it is there"))
    assert len(open_corpus("synthetic-digits", tmp_path)) == 40
