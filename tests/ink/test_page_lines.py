"""Pages become lines: made pages give back exactly the lines that they were made of, and real ones do in 99 of 100."""

import json
import os
import time
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from data_loader.formats.iam_ondb.reader import read_iam_ondb
from data_loader.formats.inkml.reader import read_inkml
from data_loader.formats.read_report import Report
from data_loader.synthetic.lines import synthetic_lines
from ink.geometry import mapped, rotation, stroke_bounds
from ink.page_lines import cut_into_lines, lines_of_strokes

REAL = pytest.mark.skipif("DUCTUS_DATA" not in os.environ, reason="the real data are not here: DUCTUS_DATA is not set")
Page = tuple[np.ndarray, np.ndarray]
"""Points (T, 3), and the true line (S,) of each stroke."""


@cache
def written(count: int = 12) -> list[np.ndarray]:
    """Lines of the built-in corpus by one writer."""
    return [line.points for line in synthetic_lines(num_writers=1, lines_per_writer=count, valid_writers=0)]


def page_of(lines: list[np.ndarray], pitch: float = 150, indent: float = 0) -> Page:
    """Lines set under each other, their first down-strokes on baselines `pitch` (1/40 x-heights) apart."""
    placed = []
    for number, points in enumerate(lines):
        x, y = indent * (number % 3) - points[0, 0], number * pitch - np.median(points[:, 1])
        placed.append(moved(points, x, y))
    return together(placed)


def moved(points: np.ndarray, x: float, y: float, scale: float = 1) -> np.ndarray:
    """The ink scaled and then moved."""
    return (points * [scale, scale, 1] + [x, y, 0]).astype(np.float32)


def together(lines: list[np.ndarray]) -> Page:
    """Lines as they are, and the true line of each stroke."""
    counts = [len(stroke_bounds(points)[0]) for points in lines]
    return np.concatenate(lines), np.repeat(np.arange(len(lines)), counts)


def reordered(page: Page, order: np.ndarray) -> Page:
    """The page with its strokes written in another order."""
    points, line = page
    first, last = stroke_bounds(points)
    return np.concatenate([points[first[s] : last[s] + 1] for s in order]), line[order]


def exact_lines(page: Page) -> int:
    """The number of lines that come back stroke for stroke."""
    points, true = page
    given = lines_of_strokes(points)
    return sum(len(set(given[true == n])) == 1 and set(true[given == given[true == n][0]]) == {n} for n in set(true))


def curved(points: np.ndarray, height: float) -> np.ndarray:
    """The page bent so that its middle is lower by a share of its width."""
    x = (points[:, 0] - points[:, 0].min()) / np.ptp(points[:, 0])
    return points + np.column_stack([0 * x, height * np.ptp(points[:, 0]) * np.sin(np.pi * x), 0 * x]).astype(
        np.float32
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda points: points,
        lambda points: mapped(points, rotation(0.3)),
        lambda points: mapped(points, rotation(-0.3)),
        lambda points: curved(points, 0.08),
        lambda points: curved(points, -0.08),
        lambda points: moved(points, 0, 0, 0.01),
        lambda points: moved(points, -5e5, 1e5, 300),
    ],
    ids=["level", "falling", "rising", "hanging", "arched", "tiny", "huge"],
)
def test_a_page_gives_back_its_lines_whatever_its_slope_curve_and_units(change: Callable) -> None:
    points, line = page_of(written(), indent=60)
    assert np.array_equal(lines_of_strokes(change(points)), line)


@pytest.mark.parametrize("pitch", [95, 110, 150, 400])
def test_lines_may_be_close_or_far_apart(pitch: float) -> None:
    points, line = page_of(written(), pitch)
    assert np.array_equal(lines_of_strokes(points), line)


def test_spacing_may_be_uneven() -> None:
    tops = (0, 120, 420, 550, 900, 1010)
    points, line = together([moved(points, 0, y) for points, y in zip(written(6), tops, strict=True)])
    assert np.array_equal(lines_of_strokes(points), line)


def test_marks_added_at_the_end_of_the_page_are_on_the_line_of_their_letter() -> None:
    points, line = page = page_of(written())
    first, last = stroke_bounds(points)
    size = np.array([np.ptp(points[a : b + 1, :2], axis=0).max() for a, b in zip(first, last, strict=True)])
    marks = np.flatnonzero(size < 20)
    assert len(marks) > 20, "the writer makes dots"
    late = reordered(page, np.append(np.setdiff1d(np.arange(len(line)), marks), marks))
    assert exact_lines(late) >= len(written()) - 1
    assert np.mean(lines_of_strokes(late[0]) == late[1]) > 0.995


@pytest.mark.parametrize("count", [5, 20])
def test_a_drawing_below_the_text_leaves_its_lines_as_they_are(count: int) -> None:
    lines = written(6)
    below = 6 * 150 + 100
    xy = np.array([[x * 8, below + 10 * n + 300 * (x % 2)] for n in range(count) for x in range(12)])
    drawing = np.column_stack([xy, np.arange(1, 12 * count + 1) % 12 == 0]).astype(np.float32)
    page, true = page_of(lines)
    given = lines_of_strokes(np.concatenate([page, drawing]))[: len(true)]
    assert all(len(set(given[true == n])) == 1 for n in range(6)) and len(set(given)) == 6


def test_the_order_of_reading_is_from_the_top_whatever_was_written_first() -> None:
    page = page_of(written())
    upward = reordered(page, np.argsort(-page[1], kind="stable"))
    assert np.array_equal(lines_of_strokes(upward[0]), upward[1])


@pytest.mark.parametrize("shift", [0, 70])
def test_columns_are_read_one_after_the_other(shift: float) -> None:
    lines = written()
    left, right = page_of(lines[:6]), page_of(lines[6:])
    right_ink = moved(right[0], left[0][:, 0].max() - right[0][:, 0].min() + 600, shift)
    true = np.append(left[1], right[1] + 6)
    assert np.array_equal(lines_of_strokes(np.concatenate([left[0], right_ink])), true)


def test_a_title_over_columns_is_read_first_and_a_line_below_last() -> None:
    lines = written()
    left, right = page_of(lines[:5])[0], page_of(lines[5:10])[0]
    right = moved(right, left[:, 0].max() - right[:, 0].min() + 600, 0)
    across = np.concatenate([lines[10], moved(lines[11], np.ptp(lines[10][:, 0]) + 60, 0)])
    across = moved(across, -across[:, 0].min(), -np.median(across[:, 1]))
    given = lines_of_strokes(np.concatenate([moved(across, 0, -300), left, right, moved(across, 0, 900)]))
    count = len(stroke_bounds(across)[0])
    assert given.max() == 11 and (given[:count] == 0).all() and (given[-count:] == 11).all()


@pytest.mark.parametrize("number", range(12))
def test_a_line_alone_is_one_line_with_all_its_rows(number: int) -> None:
    points = written()[number]
    assert [rows.tolist() for rows in cut_into_lines(points)] == [list(range(len(points)))]


def test_one_very_long_line_is_one_line() -> None:
    ends = np.cumsum([0, *(np.ptp(points[:, 0]) + 60 for points in written())])
    line = [moved(points, x - points[:, 0].min(), 0) for points, x in zip(written(), ends[:-1], strict=True)]
    assert len(cut_into_lines(np.concatenate(line))) == 1


def test_a_single_word_on_the_last_line_is_a_line() -> None:
    word = written()[3]
    pause = np.flatnonzero((np.diff(word[:, 0]) > 40) & (word[:-1, 2] > 0))[0]
    points, line = page_of([*written()[:3], word[: pause + 1]])
    assert np.array_equal(lines_of_strokes(points), line)


@pytest.mark.parametrize(
    "points",
    [
        [[0, 0, 0], [1, 1, 1]],
        [[0, 0, 1], [0, 0, 1]],
        [[0, 0, 0], [5, 0, 1]],
        [[0, 5, 0], [0, 0, 1]],
        [[0, 0, 0], [0, 5, 0]],
        [[1e6, 0, 0], [-1e6, 5, 0], [3, 3, 1]],
    ],
)
def test_ink_that_is_no_text_is_one_line(points: list[list[float]]) -> None:
    array = np.array(points, np.float32)
    assert [rows.tolist() for rows in cut_into_lines(array)] == [list(range(len(points)))]


@pytest.mark.parametrize("count", [2, 50, 3000])
def test_every_row_is_on_one_line_of_any_ink(count: int) -> None:
    rng = np.random.default_rng(count)
    points = (rng.normal(size=(count, 3)) * 1000).astype(np.float32)
    points[:, 2] = rng.random(count) < 0.2
    kept, lines = points.copy(), cut_into_lines(points)
    assert np.array_equal(points, kept)
    assert np.array_equal(np.sort(np.concatenate(lines)), np.arange(count))
    assert all(len(rows) and (np.diff(rows) > 0).all() for rows in lines)


def test_the_size_of_a_page_has_no_limit_and_its_time_grows_in_proportion() -> None:
    seconds = []
    for copies in (3, 12):
        points, line = page_of(written() * copies)
        begin = time.process_time()
        assert np.array_equal(lines_of_strokes(points), line)
        seconds.append((time.process_time() - begin) / len(line))
    assert seconds[1] < 8 * seconds[0] and seconds[0] < 1e-3, "0.05 s for 1000 strokes, where nothing else runs"


@REAL
@pytest.mark.slow
def test_imadocsen_has_the_lines_that_a_person_counted() -> None:
    """160 of 837 sentences, drawn at random, were counted by eye on pictures before the algorithm ran on them.

    The first 100 were there while its constants were chosen, the last 60 were drawn afterwards.
    """
    counted = json.loads(Path(__file__).with_name("imadocsen_lines.json").read_text(encoding="utf-8"))
    source = Path(os.environ["DUCTUS_DATA"], "imadocsen", "sentences.tar.gz")
    sentences = {line.id: line.points for line in read_inkml(source, Report())}
    wrong = [name for name, count in counted.items() if len(cut_into_lines(sentences[name])) != count]
    assert len(counted) == 160 and len(wrong) <= 1, wrong


@REAL
@pytest.mark.slow
def test_iam_forms_give_back_their_lines() -> None:
    """Every fifth form with its lines in their own places, and every line alone."""
    forms: dict[str, list[np.ndarray]] = defaultdict(list)
    lines = sorted(read_iam_ondb(Path(os.environ["DUCTUS_DATA"], "iam-ondb"), Report()), key=lambda line: line.id)
    for line in lines:
        forms[line.id.rpartition("-")[0]].append(line.points)
    chosen = list(forms.values())[::5]
    exact = sum(exact_lines(together(form)) for form in chosen)
    count = sum(map(len, chosen))
    assert count > 2000 and exact >= 0.99 * count, f"{exact} of {count}"
    alone = sum(lines_of_strokes(points).max() == 0 for form in chosen for points in form)
    assert alone >= 0.995 * count, f"{alone} of {count}"
