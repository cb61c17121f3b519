"""Augmentation: each change within its bounds, the text following the ink."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_loader.augment import Augment
from data_loader.augment_words import words_of_strokes
from data_loader.synthetic.lines import synthetic_lines
from data_loader.transform import Transform
from ink.geometry import baseline, smoothed, stroke_bounds, x_height
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
        scale=share,
        shear=2,
        rotate=180,
        jitter=share,
        bend=share / 2,
        speed=share,
        crop_words=(1, share),
        words=share / 2,
        marks=share,
        lifts=share / 9,
        smooth=share,
        grid=share / 2,
    )
    before = line.points.copy()
    points, cut = augment(line.points, text, np.random.default_rng(seed))
    assert points.dtype == np.float32 and len(points) >= 2 and np.isfinite(points).all()
    assert points[-1, 2] == 1 and set(np.unique(points[:, 2])) <= {0, 1}
    assert cut in text
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


def letters_and_marks():
    """Two words of two letters each, a dot over the first letter and a bar over the third; the marks written first."""
    bars = [np.array([[x, -10, 0], [x, -5, 0], [x, 0, 1]], np.float32) for x in (0, 4, 30, 34)]
    dot, bar = np.array([[1, -14, 1]], np.float32), np.array([[28, -13, 0], [31, -13, 0], [33, -13, 1]], np.float32)
    return bars, dot, bar


def test_marks_come_after_their_letter_or_their_word_in_either_direction() -> None:
    bars, dot, bar = letters_and_marks()
    line, counts = replace(LINE, points=np.concatenate([dot, bar, *bars]), text="ab cd"), Counter()
    turned = np.column_stack([bar[::-1, :2], bar[:, 2]])
    orders = {
        "letter": [bars[0], dot, bars[1], bars[2], "bar", bars[3]],
        "word": [bars[0], bars[1], dot, bars[2], bars[3], "bar"],
    }
    expected = {
        (name, n): np.concatenate([drawn if isinstance(part, str) else part for part in parts]).tobytes()
        for name, parts in orders.items()
        for n, drawn in enumerate((bar, turned))
    }
    names = {ink: name for name, ink in expected.items()} | {line.points.tobytes(): ("as it was", 0)}
    for seed in range(2000):
        counts[names[augmented(seed, line, marks=0.8)[0].tobytes()]] += 1
    shares = {"letter": 0.4, "word": 0.4}
    for (name, _), count in counts.items():
        assert count == pytest.approx(2000 * (shares[name] / 2 if name in shares else 0.2), rel=0.25)
    assert len(counts) == 5


def test_periods_hyphens_and_long_strokes_are_no_marks() -> None:
    bars, _, _ = letters_and_marks()
    others = [[[9, 0, 1]], [[14, -5, 0], [17, -5, 1]], [[0, -14, 0], [40, -14, 1]], [[6, -20, 0], [6, -8, 1]]]
    ink = np.concatenate([*(np.array(stroke, np.float32) for stroke in others), *bars])
    for seed in range(20):
        np.testing.assert_array_equal(augmented(seed, replace(LINE, points=ink), marks=1.0)[0], ink)


def test_short_lifts_are_drawn_through_and_as_many_strokes_cut() -> None:
    through = cut = short = 0
    steps = np.linalg.norm(np.diff(LINE.points[:, :2], axis=0), axis=1)
    lift = LINE.points[:-1, 2] > 0.5
    is_short = lift & (steps <= 0.5 * x_height(LINE.points))
    for seed in range(200):
        points, _ = augmented(seed, lifts=0.3)
        at = [int(np.flatnonzero((points[:, :2] == row[:2]).all(1))[0]) for row in LINE.points]
        assert (np.diff(at) > 0).all(), "every point is kept, in its order"
        after = points[at[:-1], 2] > 0.5
        added = np.diff(at) > 1
        assert not (lift & ~is_short & ~after).any() and not (added & ~(is_short & ~after)).any()
        through, cut, short = through + (lift & ~after).sum(), cut + (after & ~lift).sum(), short + is_short.sum()
        between = np.delete(points, at, axis=0)
        assert (between[:, 2] == 0).all()
    assert through == pytest.approx(0.3 * short, rel=0.1) and cut == pytest.approx(0.3 * short, rel=0.1)


def test_a_lift_drawn_through_gets_evenly_spaced_points() -> None:
    up, down = [[0, y, 0] for y in range(10)], [[3, 9 - y, 0] for y in range(10)]
    up[-1][2] = down[-1][2] = 1
    points, _ = augmented(0, replace(LINE, points=np.array(up + down, np.float32)), lifts=1.0)
    np.testing.assert_array_equal(points[9:13, :2], [[0, 9], [1, 9], [2, 9], [3, 9]])
    assert len(points) == 22 and points[9, 2] == points[10, 2] == points[11, 2] == 0


def test_words_change_size_height_and_distance_within_bounds() -> None:
    line, sizes = next(words_of_many())
    ends = np.cumsum([0, *sizes])
    base, unit = baseline(line.points), x_height(line.points)
    factors, heights, gaps = [], [], []
    for seed in range(200):
        points, _ = augmented(seed, line, words=0.2)
        rights = lefts = None
        for i, j in pairwise(ends):
            before, after = line.points[i:j, :2].astype(float), points[i:j, :2].astype(float)
            factor = np.ptp(after[:, 0]) / np.ptp(before[:, 0])
            height = (after[0, 1] - base) - factor * (before[0, 1] - base)
            moved = (before - [before[:, 0].min(), base]) * factor + [after[:, 0].min(), base + height]
            np.testing.assert_allclose(after, moved, atol=1e-3 * unit)
            if rights is not None:
                gaps.append((after[:, 0].min() - rights) / (before[:, 0].min() - lefts))
            rights, lefts = after[:, 0].max(), before[:, 0].max()
            factors.append(factor)
            heights.append(height / unit)
    for values, center in ((factors, 1), (heights, 0), (gaps, 1)):
        assert np.abs(np.array(values) - center).max() < 0.2001
        assert np.std(values) == pytest.approx(0.4 / np.sqrt(12), rel=0.1)


def test_a_grid_rounds_every_point_by_half_its_step_at_most() -> None:
    unit, steps = x_height(LINE.points), []
    for seed in range(100):
        points = augmented(seed, grid=0.2)[0][:, :2].astype(float)
        moved = np.abs(points - LINE.points[:, :2]).max()
        steps.append(2 * moved / unit)
        step = (np.random.default_rng(seed).random() * 0.2) * unit
        places = (points - points[0]) / step
        np.testing.assert_allclose(places, np.rint(places), atol=1e-2)
    assert max(steps) < 0.2001 and max(steps) > 0.15


def test_smoothing_is_that_of_the_transform_by_up_to_as_many_points() -> None:
    for seed in range(5):
        sigma = max(1.5 * np.random.default_rng(seed).random(), 0.1)
        np.testing.assert_array_equal(augmented(seed, smooth=1.5)[0], smoothed(LINE.points, sigma))
