"""Augmentation by pen strokes: marks written later, lifts drawn through, strokes cut."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from ink.geometry import x_height
from tests.data_loader.test_augment import LINE, augmented


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
