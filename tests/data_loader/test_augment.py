"""Augmentation: each change within its bounds, the text following the ink."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_loader.augment import Augment, words_of_strokes
from data_loader.synthetic.lines import synthetic_lines
from data_loader.transform import Transform
from ink.geometry import stroke_bounds, x_height
from ink.strokes import pen_strokes
from tests.data_loader.test_transform import inks

LINES = list(synthetic_lines(num_writers=3, lines_per_writer=2, valid_writers=0))
LINE = LINES[0]


def augmented(seed: int = 0, line=LINE, **settings):
    return Augment(**settings)(line.points, line.text, np.random.default_rng(seed))


@settings(max_examples=120, deadline=None)
@given(inks(), st.text("ab ", max_size=9), st.integers(0, 99), st.sampled_from([0.0, 0.5, 0.9]))
def test_any_ink_stays_ink(line, text: str, seed: int, share: float) -> None:
    augment = Augment(
        scale=share, shear=2, rotate=180, jitter=share, bend=share / 2, speed=share, crop_words=(1, share)
    )
    before = line.points.copy()
    points, cut = augment(line.points, text, np.random.default_rng(seed))
    assert points.dtype == np.float32 and len(points) >= 2 and np.isfinite(points).all()
    assert points[-1, 2] == 1 and set(np.unique(points[:, 2])) <= {0, 1}
    assert cut in text and (cut == text or points[:, 2].sum() < line.points[:, 2].sum())
    np.testing.assert_array_equal(line.points, before)


def test_nothing_is_done_by_default() -> None:
    points, text = augmented()
    assert points is LINE.points and text is LINE.text


def linear_map(seed: int, **settings) -> np.ndarray:
    """The matrix (2, 2) that took the line's offsets to those augmented."""
    points, text = augmented(seed, **settings)
    assert text == LINE.text
    np.testing.assert_array_equal(points[:, 2], LINE.points[:, 2])
    before, after = (np.diff(ink[:, :2].astype(float), axis=0) for ink in (LINE.points, points))
    matrix, residuals, _, _ = np.linalg.lstsq(before, after, rcond=None)
    assert residuals.max() < 1e-3
    return matrix.T


def test_scaling_changes_width_and_height_apart_within_bounds() -> None:
    maps = np.array([linear_map(seed, scale=0.2) for seed in range(200)])
    assert np.abs(maps[:, [0, 1], [1, 0]]).max() < 1e-5
    factors = maps[:, [0, 1], [0, 1]]
    assert factors.min() > 0.799 and factors.max() < 1.201
    np.testing.assert_allclose(factors.mean(0), 1, atol=0.03)
    np.testing.assert_allclose(factors.std(0), 0.4 / np.sqrt(12), atol=0.02)
    assert abs(np.corrcoef(factors.T)[0, 1]) < 0.2


def test_shearing_moves_x_by_y_within_bounds() -> None:
    maps = np.array([linear_map(seed, shear=0.3) for seed in range(200)])
    np.testing.assert_allclose(maps[:, [0, 1, 1], [0, 0, 1]], [[1, 0, 1]] * 200, atol=1e-5)
    assert -0.301 < maps[:, 0, 1].min() < -0.2 and 0.2 < maps[:, 0, 1].max() < 0.301


def test_rotating_turns_within_bounds_and_keeps_sizes() -> None:
    maps = np.array([linear_map(seed, rotate=5) for seed in range(200)])
    np.testing.assert_allclose(maps @ maps.transpose(0, 2, 1), np.tile(np.eye(2), (200, 1, 1)), atol=1e-4)
    angles = np.degrees(np.arctan2(maps[:, 1, 0], maps[:, 0, 0]))
    assert -5.001 < angles.min() < -4 and 4 < angles.max() < 5.001


def test_jitter_is_gaussian_in_shares_of_the_median_move() -> None:
    noise = np.concatenate([(augmented(seed, jitter=0.1)[0] - LINE.points)[:, :2] for seed in range(50)])
    moves = [np.linalg.norm(np.diff(stroke, axis=0), axis=1) for stroke in pen_strokes(LINE.points)]
    np.testing.assert_allclose(noise.std(0), 0.1 * np.median(np.concatenate(moves)), rtol=0.03)
    assert np.abs(noise.mean(0)).max() < 0.02 * noise.std()


def test_bending_moves_neighbours_alike_by_shares_of_the_x_height() -> None:
    moves = np.stack([(augmented(seed, bend=0.05)[0] - LINE.points) for seed in range(300)])
    np.testing.assert_allclose(moves[..., :2].std((0, 1)), 0.05 * x_height(LINE.points), rtol=0.1)
    assert (moves[..., 2] == 0).all()
    steps = np.linalg.norm(np.diff(LINE.points[:, :2], axis=0), axis=1)
    strain = np.linalg.norm(np.diff(moves[..., :2], axis=1), axis=2)[:, steps > 0] / steps[steps > 0]
    numbers = 2 * np.pi * np.linspace(0.5, 1.5, 999)  # of the waves, in radians an x-height
    assert np.sqrt(np.square(strain).mean()) == pytest.approx(0.05 * np.sqrt(np.square(numbers).mean()), rel=0.15)


def test_reordering_keeps_the_strokes_and_draws_all_orders_and_directions_alike() -> None:
    ink = np.array([[0, 0, 0], [1, 5, 1], [2, 0, 1], [3, 0, 0], [4, 4, 0], [5, 1, 1]], np.float32)
    line, counts = replace(LINE, points=ink), Counter()
    for seed in range(4000):
        points, _ = augmented(seed, line, reorder=0.5)
        strokes = [tuple(stroke[:, 0].tolist()) for stroke in pen_strokes(points)]
        assert sorted(min(stroke, stroke[::-1]) for stroke in strokes) == [(0, 1), (2,), (3, 4, 5)]
        counts[tuple(strokes)] += 1
    as_it_was = counts.pop(((0, 1), (2,), (3, 4, 5)))
    assert as_it_was == pytest.approx(2000 + 2000 / 24, rel=0.1)
    assert len(counts) == 23 and min(counts.values()) > 50 and max(counts.values()) < 125


def test_speed_changes_the_points_along_a_stroke_and_not_the_ink() -> None:
    shares = []
    for seed in range(20):
        points, _ = augmented(seed, speed=0.3)
        for before, after in zip(pen_strokes(LINE.points), pen_strokes(points), strict=True):
            at = np.linspace(0, len(before) - 1, len(after))
            expected = np.stack([np.interp(at, np.arange(len(before)), before[:, axis]) for axis in (0, 1)], 1)
            np.testing.assert_allclose(after, expected, atol=1e-3)
            np.testing.assert_array_equal(after[[0, -1]], before[[0, -1]])
            shares += [(len(before) - 1) / (len(after) - 1)] if len(before) > 25 else []
    assert 0.68 < min(shares) < 0.8 and 1.2 < max(shares) < 1.33


def words_of_many(count: int = 4):
    """Lines whose words are known: short lines joined; with the number of points of each word."""
    texts = ["the", "pen", "writes", "what", "was", "never", "written", "before"]
    pieces = [replace(line, text=texts[n % 8]) for n, line in enumerate(ROUND_WORDS)]
    for first in range(0, len(pieces) - count, 3):
        chosen = [replace(piece, writer="w", split="s") for piece in pieces[first : first + count]]
        (line,) = Transform(join_words=1000).lines(chosen)
        yield line, [len(piece.points) for piece in chosen]


def word(letters: int, lift: int):
    """A made-up word: loops a letter, pen lifted after every `lift` letters, a dot over the first one set last."""
    t = np.arange(24) / 24 * 2 * np.pi
    ink = []
    for n in range(letters):
        loop = np.column_stack([10 * n + 5 - 5 * np.cos(t), 10 * np.sin(t), np.zeros(24)])
        loop[-1, 2] = (n + 1) % lift == 0 or n == letters - 1
        ink.append(loop)
    return np.concatenate([*ink, [[5, -18, 0], [6, -18, 1]]]).astype(np.float32)


SIZES = [3, 3, 6, 4, 3, 5, 7, 6]
ROUND_WORDS = [replace(LINE, id=str(n), points=word(SIZES[n % 8], 1 + n % 3), text="x", times=None) for n in range(40)]


def test_words_are_separated_as_the_truth_has_them() -> None:
    for line, sizes in words_of_many():
        words_found = words_of_strokes(line.points, line.text.split(" "))
        first, last = stroke_bounds(line.points)
        assert words_found is not None
        np.testing.assert_array_equal(np.repeat(words_found, last - first + 1), np.repeat(np.arange(4), sizes))


def test_a_crop_is_a_run_of_whole_words_with_their_own_ink() -> None:
    counts = set()
    for line, sizes in words_of_many():
        words, ends = line.text.split(" "), np.cumsum([0, *sizes])
        runs = {" ".join(words[i:j]): (i, j) for i in range(4) for j in range(i + 1, 5)}
        for seed in range(20):
            points, text = augmented(seed, line, crop_words=(1.0, 0.4))
            i, j = runs[text]
            np.testing.assert_array_equal(points, line.points[ends[i] : ends[j]])
            assert len(text) >= 0.4 * len(line.text)
            counts.add((i, j))
    assert counts >= {(0, 2), (1, 3), (2, 4), (0, 3), (1, 4), (0, 4)}


def test_crops_come_as_often_as_set() -> None:
    line, _ = next(words_of_many())
    cut = [augmented(seed, line, crop_words=(0.3, 0.1))[1] != line.text for seed in range(400)]
    assert 0.2 < np.mean(cut) < 0.32


def test_where_gaps_do_not_tell_the_words_nothing_is_cut() -> None:
    line, _ = next(words_of_many())
    words = line.text.split(" ")
    even = line.points.copy()
    even[:, 0] = np.arange(len(even))
    assert words_of_strokes(even, words) is None, "no gap is wider than another"
    assert words_of_strokes(line.points, [*words, "more"]) is None, "a word has no ink of its own"
    assert words_of_strokes(line.points, words[:-1]) is None, "there is ink of one more word"
    assert words_of_strokes(line.points, ["a", *words[1:-1], "disproportionately"]) is None, (
        "widths do not suit the words"
    )
    assert (
        words_of_strokes(line.points, ["the", "", "pen", "writes"]) is None
        and words_of_strokes(line.points, ["one"]) is None
    )
    narrow = line.points.copy()
    first, last = stroke_bounds(narrow)
    words_found = words_of_strokes(narrow, words)
    narrow[:, 0] -= np.repeat(words_found, last - first + 1) * 1.4 * x_height(line.points)
    assert words_of_strokes(narrow, words) is None, "words all but touch"


@pytest.mark.parametrize(("inner", "known"), [(6, True), (7, False)])
def test_gaps_between_words_must_be_much_wider_than_those_within(inner: int, known: bool) -> None:
    lefts = np.cumsum([0, 10 + inner, 10 + 10, 10 + inner])
    points = np.concatenate([word(1, 1)[:24] + np.float32([left, 0, 0]) for left in lefts])
    words_found = words_of_strokes(points, ["ab", "cd"])
    assert words_found is None if not known else words_found.tolist() == [0, 0, 1, 1]


def test_a_crop_is_never_a_single_point() -> None:
    dots = replace(LINE, points=np.array([[0, 0, 1], [90, 0, 1]], np.float32), text="a b")
    for seed in range(20):
        points, text = augmented(seed, dots, crop_words=(1.0, 0.0))
        assert len(points) == 2 and text == "a b"
