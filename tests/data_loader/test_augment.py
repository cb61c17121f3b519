"""Augmentation: each change of the ink within its bounds."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_loader.augment import Augment
from data_loader.synthetic.lines import synthetic_lines
from ink.geometry import smoothed, x_height
from ink.strokes import pen_strokes
from tests.data_loader.test_transform import inks

LINES = list(synthetic_lines(num_writers=3, lines_per_writer=2, valid_writers=0))
LINE = LINES[0]


def augmented(seed: int = 0, line=LINE, **settings):
    return Augment(**settings)(line.points, line.text, np.random.default_rng(seed))


@settings(max_examples=120)
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
