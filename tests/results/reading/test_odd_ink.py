"""Odd ink: far too long, not finite, without extent; it has a reading, or one line that says why not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from results import read
from results.reading.page import read_pages
from tests.results.recognizers import RESAMPLED, line_of, recognizer, straight_line
from utils.errors import InputError


def test_a_very_long_line_is_refused_or_read_where_resampling_makes_it_short() -> None:
    line = straight_line(50_000)
    with pytest.raises(InputError, match=r"^straight: 50,000 points are more than the 10,000"):
        read(recognizer(), [line])
    crowded = replace(line, points=line.points / np.float32([500, 1, 1]))
    crowded.points[:, 1] = 20 * np.sin(np.arange(50_000) / 3000)
    (reading,) = read(recognizer(transform={"resample_distance": 0.1}), [crowded])
    assert max(max(character.points, default=0) for character in reading.characters) > 10_000


def with_value(value: float, column: int) -> np.ndarray:
    points = line_of("ab").points.copy()
    points[3, column] = value
    return points


@pytest.mark.parametrize(
    ("points", "named"),
    [
        (np.zeros((0, 3), np.float32), "two or more points"),
        (np.ones((1, 3), np.float32), "two or more points"),
        (np.ones((5, 2), np.float32), "two or more points"),
        (with_value(np.nan, 0), "not finite"),
        (with_value(np.inf, 1), "not finite"),
        (with_value(np.nan, 2), "not finite"),
        (with_value(1e20, 0), "not finite"),
    ],
)
def test_ink_that_cannot_be_read_is_named(points: np.ndarray, named: str) -> None:
    lines = [line_of("ab"), replace(line_of("c"), id="bad", points=points)]
    with pytest.raises(InputError, match=f"^bad: .*{named}") as error:
        read(recognizer(transform=RESAMPLED), lines)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("ctc_weight", [0.0, 1.0])
@pytest.mark.parametrize("transform", [{}, RESAMPLED, {"normalise_slant": True, "simplify": 0.1}])
def test_odd_ink_has_a_defined_reading(ctc_weight: float, transform: dict) -> None:
    dot = replace(line_of("a"), points=np.array([[7, 7, 0], [7, 7, 1]], np.float32))
    flat = replace(dot, points=np.array([[-1e6, 0, 0], [1e6, 0, 1]], np.float32))
    for reading in read(recognizer(ctc_weight, transform), [dot, flat]):
        assert 0 <= reading.confidence <= 1


NUMBERS = st.floats(-2e6, 2e6, width=32) | st.sampled_from([0.0, 1.0, 1e-30, np.nan, np.inf])


@settings(max_examples=60)
@given(
    arrays(np.float32, st.tuples(st.integers(0, 12), st.just(2)), elements=NUMBERS),
    st.lists(st.booleans(), min_size=12, max_size=12),
    st.sampled_from([{}, RESAMPLED, {"smooth": 2, "normalise_slant": True, "simplify": 0.1}]),
)
def test_any_ink_has_a_reading_or_one_line_that_says_why_not(xy: np.ndarray, ends: list, transform: dict) -> None:
    line = replace(line_of("a"), points=np.column_stack([xy, ends[: len(xy)]]).astype(np.float32))
    try:
        (reading,) = read(recognizer(transform=transform), [line])
    except InputError as error:
        assert "\n" not in str(error)
        assert len(xy) < 2 or not (np.abs(xy) <= 1e6).all() or "more than the" in str(error)
    else:
        assert 0 <= reading.confidence <= 1 and len(reading.characters) == len(reading.text)


def test_boxes_have_the_digits_of_the_pages_size() -> None:
    line = line_of("cabbage")
    boxes = []
    for scale in (1e-6, 1.0):
        page = replace(line, points=line.points * np.float32([scale, scale, 1]))
        (read_line,) = read_pages(recognizer(transform=RESAMPLED), [page]).numbers["lines"]
        boxes.append(np.array(list(read_line["box"].values())) / scale)
    assert np.allclose(*boxes, rtol=1e-3, atol=1e-3 * np.ptp(boxes[1]))


def test_faults_of_one_line_do_not_take_the_others() -> None:
    bad = replace(line_of("c"), id="bad", points=with_value(np.nan, 0))
    read_lines = read_pages(recognizer(), [line_of("ab"), bad, line_of("bed")], whole=True)
    assert [reading.text for reading in read_lines.readings] == ["ab", "", "bed"]
    (fault,) = read_lines.faults
    assert fault.startswith("bad: ") and "not finite" in fault
    with pytest.raises(InputError, match=r"^bad: .*not finite"):
        read_pages(recognizer(), [bad, bad], whole=True)
