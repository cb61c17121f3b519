"""Each transformation against a closed form or a bound, and the corpus that is derived by them."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data_loader.synthetic.lines import synthetic_lines
from data_loader.transform import WORD_GAP, Transform, mean_step
from ink.geometry import MAX_POINTS, baseline, baseline_slope, mapped, rotation, shear, slant, stroke_bounds, x_height
from ink.strokes import InkLine, pen_strokes
from utils.errors import InputError

LINES = list(synthetic_lines(num_writers=3, lines_per_writer=2, valid_writers=0))


def line_of(*strokes: Any, times: np.ndarray | None = None, **fields: Any) -> InkLine:
    """A line of these strokes (n, 2)."""
    ink = [np.column_stack([stroke, np.arange(len(stroke)) == len(stroke) - 1]) for stroke in strokes]
    points = np.concatenate(ink).astype(np.float32)
    return InkLine(**{"id": "a", "text": "a", "writer": "w", "split": "", "points": points, "times": times} | fields)


def zigzag(count: int, *, height: float = 10.0, lean: float = 0.0, slope: float = 0.0) -> np.ndarray:
    """A stroke of `count` down-strokes of a height, leaning by x per y, on a baseline y = slope * x: (2 * count, 2)."""
    bottoms = np.column_stack([np.arange(count) * height, slope * np.arange(count) * height])
    tops = bottoms - [lean * height, height]
    return np.stack([tops, bottoms], 1).reshape(-1, 2)


@st.composite
def inks(draw: st.DrawFn) -> InkLine:
    """Any line: doubled points, dots, dashes, far away or tiny, with times that jump or without."""
    size = draw(st.integers(2, 40))
    points = np.zeros((size, 3), np.float32)
    points[:, :2] = draw(arrays(np.float32, (size, 2), elements=st.integers(-20, 20).map(float)))
    points[:, :2] *= draw(st.sampled_from([1e-3, 1.0, 5e4]))
    points[:, 2] = draw(arrays(np.bool_, size))
    points[-1, 2] = 1
    times = draw(arrays(np.float64, size, elements=st.floats(-5, 1e6))) if draw(st.booleans()) else None
    return InkLine("a", "a", "w", "", points, times)


@settings(max_examples=120)
@given(
    inks(),
    st.sampled_from(["resample_distance", "resample_seconds", "resample_pace", "simplify"]),
    st.sampled_from([0.01, 0.3, 10]),
    st.booleans(),
)
def test_any_ink_stays_ink(line: InkLine, kind: str, step: float, normalise: bool) -> None:
    transform = Transform(**{kind: step}, smooth=2.0, normalise_baseline=normalise, normalise_slant=normalise)
    if kind == "resample_seconds" and line.times is None:
        with pytest.raises(InputError, match="has no times"):
            transform.line(line)
        return
    result = transform.line(line)
    assert result.points.dtype == np.float32 and len(result.points) >= 2 and np.isfinite(result.points).all()
    assert set(np.unique(result.points[:, 2])) <= {0, 1} and result.points[-1, 2] == 1
    assert result.points[:, 2].sum() == line.points[:, 2].sum(), "as many strokes"
    assert (result.times is None) == (line.times is None)
    if result.times is not None:
        assert len(result.times) == len(result.points) and np.isfinite(result.times).all()
    if not normalise:
        for before, after in zip(stroke_bounds(line.points), stroke_bounds(result.points), strict=True):
            np.testing.assert_array_equal(line.points[before], result.points[after])
            if line.times is not None and result.times is not None:
                np.testing.assert_array_equal(line.times[before], result.times[after])


def test_nothing_is_done_by_default() -> None:
    line = LINES[0]
    assert Transform().settings == {} and Transform().line(line) == replace(line)
    assert next(iter(Transform().lines([line]))).points is line.points


@pytest.mark.parametrize("step", [0.05, 0.2, 1.0])
def test_resampling_by_distance_spaces_points_evenly_on_the_ink(step: float) -> None:
    line = LINES[1]
    result, unit = Transform(resample_distance=step).line(line), x_height(line.points)
    for before, after in zip(pen_strokes(line.points), pen_strokes(result.points), strict=True):
        arc = np.append(0, np.cumsum(np.linalg.norm(np.diff(before.astype(float), axis=0), axis=1)))
        count = max(1, round(arc[-1] / (step * unit))) if len(before) > 1 else 0
        expected = [
            [np.interp(at, arc, before[:, axis]) for axis in (0, 1)] for at in np.linspace(0, arc[-1], count + 1)
        ]
        np.testing.assert_allclose(after, expected, atol=1e-3 * unit)


def test_resampling_by_time_is_linear_between_the_points() -> None:
    times = np.array([0, 0.1, 0.4, 0.5, 2.0, 2.1])
    line = line_of([[0, 0], [10, 0], [40, 30], [50, 30]], [[60, 0], [70, 10]], times=times)
    result = Transform(resample_seconds=0.1).line(line)
    assert result.times is not None
    np.testing.assert_allclose(result.times, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 2.0, 2.1], atol=1e-12)
    expected = [[0, 0], [10, 0], [20, 10], [30, 20], [40, 30], [50, 30], [60, 0], [70, 10]]
    np.testing.assert_allclose(result.points[:, :2], expected, atol=1e-5)
    assert result.points[:, 2].tolist() == [0, 0, 0, 0, 0, 1, 0, 1]


def test_resampling_by_pace_keeps_the_pen_slow_where_it_was_slow() -> None:
    along = np.arange(0, 1, 1 / 32) ** 2  # ever faster
    slope = np.column_stack([along, along])
    line = line_of(4 * slope, 4 * slope[::-1] + (5, 0), [[9, 0]])
    mean = mean_step(line.points)
    for every in (2, 0.5):
        wanted = every * mean / x_height(line.points)
        result = Transform(resample_pace=wanted).line(line)
        for before, after in zip(pen_strokes(line.points)[:2], pen_strokes(result.points)[:2], strict=True):
            at = np.linspace(0, 31, round(31 / every) + 1)
            expected = [np.interp(at, np.arange(32), before[:, axis]) for axis in (0, 1)]
            np.testing.assert_allclose(after, np.transpose(expected), atol=1e-5)
    dots = line_of([[0, 0], [0, 0]], [[3, 0]])
    assert len(Transform(resample_pace=0.1).line(dots).points) == 3


def test_a_clock_that_jumps_within_a_stroke_does_not_flood_it_with_points() -> None:
    line = line_of([[0, 0], [1, 1], [2, 0]], times=np.array([0, 1e9, 1e9 + 0.1]))
    assert len(Transform(resample_seconds=0.01).line(line).points) == 111
    slow = line_of(zigzag(200), times=np.arange(400.0))
    assert len(Transform(resample_seconds=0.001).line(slow).points) <= MAX_POINTS + 1
    back = replace(line, times=np.array([5.0, 0.0, 0.1]))
    assert len(Transform(resample_seconds=0.01).line(back).points) == 11


@settings(max_examples=100)
@given(inks(), st.sampled_from([0.02, 0.3, 2.0]))
def test_simplification_leaves_every_point_within_the_tolerance(line: InkLine, tolerance: float) -> None:
    kept = Transform(simplify=tolerance).line(line).points
    limit = tolerance * x_height(line.points)
    for before, after in zip(pen_strokes(line.points), pen_strokes(kept), strict=True):
        for x, y in before.astype(float):
            distances = [distance(np.array([x, y]), *map(np.asarray, pair)) for pair in pairwise(after)]
            assert min(distances, default=0.0) <= limit * (1 + 1e-6)


def distance(point: np.ndarray, begin: np.ndarray, end: np.ndarray) -> float:
    chord = (end - begin).astype(float)
    share = np.clip((point - begin) @ chord / (chord @ chord), 0, 1) if chord.any() else 0.0
    return float(np.linalg.norm(point - begin - share * chord))


def douglas_peucker(xy: np.ndarray, tolerance: float) -> list[int]:
    """The plain recursion: kept positions."""
    far = [distance(point, xy[0], xy[-1]) for point in xy]
    k = int(np.argmax(far))
    if far[k] <= tolerance:
        return [0, len(xy) - 1]
    return [*douglas_peucker(xy[: k + 1], tolerance)[:-1], *[k + i for i in douglas_peucker(xy[k:], tolerance)]]


def test_simplification_is_that_of_douglas_and_peucker() -> None:
    for line in LINES:
        expected = []
        for stroke in pen_strokes(line.points):
            kept = douglas_peucker(stroke.astype(float), 0.05 * x_height(line.points)) if len(stroke) > 1 else [0]
            expected.append(stroke[kept])
        points = Transform(simplify=0.05).line(line).points
        assert len(points) < 0.8 * len(line.points)
        np.testing.assert_array_equal(points[:, :2], np.concatenate(expected))


def test_smoothing_keeps_straight_lines_and_takes_trembling_away() -> None:
    straight = np.column_stack([np.arange(60), 3 * np.arange(60)])
    np.testing.assert_allclose(Transform(smooth=2).line(line_of(straight)).points[:, :2], straight, atol=1e-4)
    trembling = straight + np.column_stack([np.zeros(60), 5.0 * (-1.0) ** np.arange(60)])
    calm = Transform(smooth=2).line(line_of(trembling)).points[10:-10, :2]
    np.testing.assert_allclose(calm, straight[10:-10], atol=0.05)


def test_smoothing_a_wave_gives_the_transfer_function_of_a_gaussian() -> None:
    sigma, omega, n = 3.0, 0.2, np.arange(400)
    wave = Transform(smooth=sigma).line(line_of(np.column_stack([n, 100 * np.sin(omega * n)])))
    gain = np.exp(-0.5 * (sigma * omega) ** 2)
    np.testing.assert_allclose(wave.points[50:-50, 1], 100 * gain * np.sin(omega * n)[50:-50], atol=0.1)


@pytest.mark.parametrize("lean", [-0.7, 0.0, 0.4])
def test_the_slant_of_a_zigzag_is_its_lean_and_is_taken_away(lean: float) -> None:
    line = line_of(zigzag(9, lean=lean))
    assert slant(line.points) == pytest.approx(lean, abs=1e-6)
    assert slant(Transform(normalise_slant=True).line(line).points) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.id)
@pytest.mark.parametrize("tangent", [-0.5, 0.3])
def test_slant_normalisation_undoes_any_shear(line: InkLine, tangent: float) -> None:
    leaning = replace(line, points=mapped(line.points, shear(tangent)))
    assert slant(leaning.points) == pytest.approx(slant(line.points) + tangent, abs=1e-4)
    upright = [Transform(normalise_slant=True).line(line_).points for line_ in (line, leaning)]
    np.testing.assert_allclose(np.diff(upright[0], axis=0), np.diff(upright[1], axis=0), atol=0.02)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.id)
def test_size_normalisation_makes_a_line_and_its_enlargement_alike(line: InkLine) -> None:
    large = replace(line, points=mapped(line.points, 7 * np.eye(2)))
    sized = [Transform(normalise_size=True).line(line_).points for line_ in (line, large)]
    assert x_height(sized[0]) == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(np.diff(sized[0], axis=0), np.diff(sized[1], axis=0), atol=1e-3)


@pytest.mark.parametrize(("width", "height", "size"), [(3, 8, 8), (8, 3, 4), (0, 5, 5), (6, 0, 3), (0, 0, 1)])
def test_a_character_is_scaled_to_its_height_and_resampled_in_it(width: float, height: float, size: float) -> None:
    line = line_of([(0, 0), (width, height)])
    scaled = Transform(normalise_height=True, resample_distance=0.1).line(line).points
    np.testing.assert_allclose(scaled[-1, :2] - scaled[0, :2], np.array([width, height]) / size, atol=1e-6)
    steps = np.hypot(*np.diff(scaled[:, :2], axis=0).T)
    assert not steps.any() if width == height == 0 else np.allclose(steps, 0.1, rtol=0.1)


def test_one_size_is_normalised_alone() -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        Transform(normalise_size=True, normalise_height=True)


@pytest.mark.parametrize("slope", [-0.2, 0.0, 0.1])
def test_the_baseline_of_a_zigzag_is_found_among_descenders_and_levelled(slope: float) -> None:
    ink = zigzag(20, slope=slope)
    ink[5::8, 1] += 8
    assert baseline_slope(line_of(ink).points) == pytest.approx(slope, abs=0.01)
    level = Transform(normalise_baseline=True).line(line_of(ink + np.array([1000, 500]))).points
    bottoms = np.delete(level[1::2, 1], np.arange(2, 20, 4))
    assert np.abs(bottoms).max() < 0.5


@pytest.mark.parametrize("degrees", [-8, 5])
def test_levelling_undoes_a_turn(degrees: float) -> None:
    for line in LINES:
        turned = replace(line, points=mapped(line.points, rotation(np.radians(degrees))))
        line_, other = (Transform(normalise_baseline=True).line(either).points for either in (line, turned))
        drift = np.abs((line_ - line_[0]) - (other - other[0]))[:, :2].max() / x_height(line.points)
        assert drift < 0.03 * np.ptp(line.points[:, 0]) / x_height(line.points)
        assert baseline(other) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("strokes", "slope"),
    [([zigzag(4, slope=0.3)], 0), ([zigzag(20, slope=0.6)], 0), ([zigzag(8, slope=0.1)] * 2, 0.1)],
    ids=["short", "steep", "written twice"],
)
def test_baseline_slopes(strokes: list[np.ndarray], slope: float) -> None:
    assert baseline_slope(line_of(*strokes).points) == pytest.approx(slope, abs=0.01 * bool(slope))


def test_the_x_height_follows_the_ink_and_not_its_place() -> None:
    assert x_height(line_of(zigzag(9, height=7.0)).points) == pytest.approx(7)
    for line in LINES:
        moved = (line.points + np.array([500, -900, 0])) * [3, 3, 1]
        assert x_height(moved) == pytest.approx(3 * x_height(line.points), rel=1e-3)
    assert x_height(line_of([[0, 0], [600, 0]]).points) == pytest.approx(1.2)
    assert x_height(line_of([[4, 4], [4, 4]]).points) == 1


WORDS = [
    replace(line_of(zigzag(3), zigzag(2), times=np.arange(10) / 10), id=str(n), text=f"w{n}", split="train")
    for n in range(5)
]


def test_words_are_joined_on_one_baseline_with_a_gap_between_them() -> None:
    moved = [replace(word, points=word.points + np.float32([7 * n, -90 * n, 0])) for n, word in enumerate(WORDS)]
    (first, second) = Transform(join_words=8).lines(moved)
    assert (first.id, first.text, second.text) == ("0+1+2", "w0 w1 w2", "w3 w4")
    assert first.split == "train" and first.writer == "w" and first.times is not None
    width = np.ptp(WORDS[0].points[:, 0]) + WORD_GAP * 10
    for n in range(3):
        word = first.points[10 * n : 10 * n + 10] - np.float32([n * width, 0, 0])
        np.testing.assert_allclose(word, first.points[:10], atol=1e-3)
    assert baseline(first.points) == 0 and (np.diff(first.times) > 0).all()
    np.testing.assert_array_equal(first.points[:10, 2], WORDS[0].points[:, 2])


def test_only_words_of_one_writer_split_and_unit_are_joined_and_none_is_lost() -> None:
    w = WORDS
    others = [replace(w[1], writer="v"), replace(w[2], split="valid"), replace(w[3], text=""), replace(w[4], unit="mm")]
    result = list(Transform(join_words=100).lines([w[0], *others, w[2], replace(w[3], times=None)]))
    assert sorted((line.writer, line.split, line.unit, line.text) for line in result) == [
        ("v", "train", "", "w1"),
        ("w", "train", "", ""),
        ("w", "train", "", "w0 w2 w3"),
        ("w", "train", "mm", "w4"),
        ("w", "valid", "", "w2"),
    ]
    assert next(line for line in result if " " in line.text).times is None


@settings(max_examples=100)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=20), st.integers(2, 60))
def test_joined_lines_hold_all_words_within_the_limit(sizes: list[int], limit: int) -> None:
    words = [replace(WORDS[0], id=str(n), text="x" * size) for n, size in enumerate(sizes)]
    lines = list(Transform(join_words=limit).lines(words))
    assert " ".join(line.text for line in lines) == " ".join(word.text for word in words)
    assert all(len(line.text) <= limit or " " not in line.text for line in lines)
    pairs = pairwise(lines)
    assert all(len(line_.text) + 1 + len(other.text.split()[0]) > limit for line_, other in pairs)
