"""Signs: a stand-in is written, taken out and drawn over, and what follows is moved up to the sign."""

import numpy as np
import pytest

from base.base_model import Sample
from ink.geometry import stroke_bounds
from results.writing.shapes import MOST_LEAN
from results.writing.signs import GAP, SIGNS, spelled, with_signs
from tests.results.writers import writer

WRITER = writer()
X_HEIGHT, ADVANCE, WIDTH = 10.0, 20.0, 16.0
"""Height of a letter of `line`, distance from a letter to the next, and width of a letter."""


def line(written: str, attended: dict[int, int] | None = None, lean: float = 0.0) -> Sample:
    """A stroke with two upright down-strokes for each letter, none for a space, and the attention to it.

    attended  letters that the network attends to while it writes others
    """
    corners, places = [], []
    for place, letter in enumerate(written):
        for step in range(5 * (letter != " ")):
            corners.append((ADVANCE * place + step // 2 * WIDTH / 2, -X_HEIGHT if step % 2 == 0 else 0.0, step == 4))
            places.append((attended or {}).get(place, place))
    points = np.array(corners, np.float32)
    points[:, 0] += lean * points[:, 1]
    return Sample(WRITER.strokes(points), np.eye(len(written) + 1, dtype=np.float32)[places][1:], True)


def strokes_of(sample: Sample, start: float = 0.0) -> list[np.ndarray]:
    """The strokes (n, 2) of a line that begins at x = `start`, at the top of a letter."""
    points = WRITER.points(sample.strokes) + np.array([start, -X_HEIGHT, 0])
    return [points[first : last + 1, :2] for first, last in zip(*stroke_bounds(points), strict=True)]


@pytest.mark.parametrize(
    ("text", "written", "places"),
    [
        ("me@x", "me a x", [0, 1, 2, 2, 2, 3]),
        ("5 % of", "5 a of", [0, 1, 2, 3, 4, 5]),
        ("@%b", "a a b", [0, 0, 1, 1, 2]),
        ("a @", "a a", [0, 1, 2]),
        ("@", "a", [0]),
        ("ab", "ab", [0, 1]),
    ],
)
def test_a_sign_is_spelled_as_a_word_of_its_own(text: str, written: str, places: list[int]) -> None:
    assert spelled(text, "@%") == (written, places)


def test_another_letter_takes_its_place_where_that_is_known() -> None:
    assert spelled("b@", "@", "e") == ("b e", [0, 1, 1])


@pytest.mark.parametrize(("text", "before", "after"), [("ab@cd", 2, 2), ("@c", 0, 1), ("ab@", 2, 0)])
def test_a_sign_takes_the_place_of_its_stand_in(text: str, before: int, after: int) -> None:
    old = line(spelled(text, "@")[0])
    new = with_signs(WRITER, old, text, "@", X_HEIGHT, 3)
    given, drawn = strokes_of(old), strokes_of(new)
    assert len(drawn) == before + 1 + after and new.weights is not None
    for stroke, own in zip(drawn[:before], given, strict=False):
        np.testing.assert_allclose(stroke, own, atol=1e-4)
    sign = drawn[before]
    if before:
        assert sign[:, 0].min() - drawn[before - 1][:, 0].max() == pytest.approx(GAP * X_HEIGHT, abs=1e-3)
    for stroke, own in zip(drawn[before + 1 :], given[before + 1 :], strict=True):
        np.testing.assert_allclose(stroke - stroke[0], own - own[0], atol=1e-4)
    if after:
        assert drawn[before + 1][:, 0].min() - sign[:, 0].max() == pytest.approx(GAP * X_HEIGHT, abs=1e-3)
    lowest = sign[:, 1].max() - (0 if before else drawn[1][:, 1].max())  # a line begins at 0, 0 wherever it is
    assert lowest == pytest.approx(0.2 * X_HEIGHT, abs=0.12 * X_HEIGHT), "the @ reaches below the baseline"
    shown = new.weights.argmax(1)
    assert len(new.weights) == len(new.strokes) - 1 and new.weights.shape[1] == len(text) + 1
    assert (shown == text.index("@")).sum() == len(sign) - (before == 0)


def test_spaces_of_the_text_stay_as_wide_as_they_were_written() -> None:
    drawn = strokes_of(with_signs(WRITER, line("ab a cd"), "ab % cd", "%", X_HEIGHT, 3))
    edges = [(stroke[:, 0].min(), stroke[:, 0].max()) for stroke in drawn]
    sign = np.array(edges[2:5])
    wide = 2 * ADVANCE - WIDTH
    assert sign.min() - edges[1][1] == pytest.approx(wide, abs=1e-3)
    assert edges[5][0] - sign.max() == pytest.approx(wide, abs=1e-3)


def test_each_of_two_signs_is_drawn() -> None:
    drawn = strokes_of(with_signs(WRITER, line("a a a b"), "a=@b", "=@", X_HEIGHT, 3))
    assert len(drawn) == 1 + 2 + 1 + 1
    assert drawn[2][:, 0].max() < drawn[3][:, 0].min() and drawn[3][:, 0].max() < drawn[4][:, 0].min()


def test_ink_of_a_letter_stays_where_the_attention_is_early_or_late() -> None:
    expected = strokes_of(with_signs(WRITER, line("ab a cd"), "ab@cd", "@", X_HEIGHT, 3))
    for attended in ({1: 2}, {5: 3}, {5: 4}, {0: 1}):
        drawn = strokes_of(with_signs(WRITER, line("ab a cd", attended), "ab@cd", "@", X_HEIGHT, 3))
        assert len(drawn) == len(expected)
        for stroke, own in zip(drawn, expected, strict=True):
            np.testing.assert_allclose(stroke, own, atol=1e-3)


def test_a_dot_over_the_part_before_is_no_part_of_the_sign() -> None:
    plain = line("ab a cd")
    points = WRITER.points(plain.strokes)
    assert plain.weights is not None
    dot = np.array([[ADVANCE + 5, -X_HEIGHT, 0], [ADVANCE + 6, -X_HEIGHT, 1]], np.float32)
    attended = np.eye(8, dtype=np.float32)[[3, 3]]  # the second "a"
    weights = np.insert(plain.weights, 9, attended, axis=0)
    dotted = Sample(WRITER.strokes(np.insert(points, 10, dot, axis=0)), weights, True)
    drawn = strokes_of(with_signs(WRITER, dotted, "ab@cd", "@", X_HEIGHT, 3))
    assert len(drawn) == 6 and drawn[2][0, 0] == pytest.approx(ADVANCE + 5, abs=1e-3)


def test_a_sign_whose_letter_was_not_written_is_drawn_all_the_same() -> None:
    (sign, *letters) = strokes_of(with_signs(WRITER, line("a x", {0: 2}), "@x", "@", X_HEIGHT, 3))
    assert len(letters) == 2 and letters[0][:, 0].min() > sign[:, 0].max()
    start = Sample(np.zeros((1, 3), np.float32), np.zeros((0, 4), np.float32), True)
    assert with_signs(WRITER, start, "@x", "@", X_HEIGHT, 3) is start


@pytest.mark.parametrize("seed", range(20))
def test_any_attention_gives_a_line_with_all_of_its_signs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(10, 0.1), size=59).astype(np.float32)
    strokes = np.column_stack([rng.normal(size=(60, 2)), rng.random(60) < 0.2]).astype(np.float32)
    new = with_signs(WRITER, Sample(strokes, weights, False), "a@ b%|", "@%|", None, seed)
    assert np.isfinite(new.strokes).all() and new.weights is not None
    assert new.weights.shape == (len(new.strokes) - 1, 7)
    assert {1, 4, 5} <= {*new.path.tolist()}


def test_a_sign_leans_as_the_line_does() -> None:
    upright, leaning = (
        strokes_of(with_signs(WRITER, line("ab a", lean=lean), "ab|", "|", X_HEIGHT, 3), -lean * X_HEIGHT)[-1]
        for lean in (0.0, -0.5)
    )
    np.testing.assert_allclose(leaning[:, 0] - upright[:, 0], -0.5 * upright[:, 1], atol=1e-2)
    assert MOST_LEAN > 0.5


def test_the_same_seed_draws_the_same_sign_and_a_text_without_any_stays() -> None:
    old = line("a a b")
    first, again, other = (with_signs(WRITER, old, "a@b", "@", X_HEIGHT, seed).strokes for seed in (3, 3, 4))
    assert np.array_equal(first, again) and not np.array_equal(first[10:15], other[10:15])
    assert with_signs(WRITER, line("ab"), "ab", "@", X_HEIGHT, 3).strokes.shape == line("ab").strokes.shape
    free = Sample(old.strokes, None, True)
    assert with_signs(WRITER, free, "a@b", "@", X_HEIGHT, 3) is free


@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_is_of_the_size_of_a_character(sign: str) -> None:
    *_, letter = strokes_of(with_signs(WRITER, line("ab a c"), f"ab{sign}c", sign, X_HEIGHT, 3))
    drawn = np.concatenate(strokes_of(with_signs(WRITER, line("ab a c"), f"ab{sign}c", sign, X_HEIGHT, 3))[2:-1])
    width, height = np.ptp(drawn, axis=0) / X_HEIGHT
    assert 0.05 < max(width, height) < 2.8 and width < 1.4
    assert drawn[:, 1].min() / X_HEIGHT > -2.2 and drawn[:, 1].max() / X_HEIGHT < 0.8
    assert letter[:, 0].min() > drawn[:, 0].max()
