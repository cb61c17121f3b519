"""The numbers of every line against a plain loop, and planted faults among sound lines, found with their reason."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_loader import survey as module
from data_loader.corpus import Corpus
from data_loader.formats.iam_ondb.reader import read_iam_ondb
from data_loader.formats.read_report import Report
from data_loader.survey import Numbers, line_chunks, odd_lines, survey, writer_counts
from ink.strokes import InkLine, pen_strokes
from tests.tiny import ink_line, write_corpus


def written(number: int, words: int = 5, *, writer: str = "w", size: float = 1.0, samples: int = 9) -> InkLine:
    """A line of words of four letters: zigzags `samples` points and about `size` wide, a stroke each."""
    rng = np.random.default_rng(number)
    strokes, x = [], 0.0
    for _ in range(words):
        for _ in range(4):
            wide = size * rng.uniform(0.8, 1.2)
            rise = size * np.where(np.arange(samples) % 2, 0, rng.uniform(1.8, 2.2))
            strokes.append(
                np.stack((x + np.linspace(0, wide, samples), rise, np.arange(samples) == samples - 1), axis=1)
            )
            x += wide + 0.1 * size
        x += 2 * size
    points = np.concatenate(strokes).astype(np.float32)
    return InkLine(
        f"{writer}-{number}", " ".join(["abcd"] * words), writer, "train", points, np.arange(len(points)) / 9
    )


def opened(folder: Path, lines: Iterable[InkLine]) -> Corpus:
    write_corpus(folder, lines)
    return Corpus(folder)


def sound(writer: str = "w", **how: float) -> list[InkLine]:
    """Thirty lines of one writer, of three to eight words."""
    return [written(number, 3 + number % 6, writer=writer, **how) for number in range(30)]  # type: ignore[arg-type]


def plain_numbers(line: InkLine, std: tuple[float, float]) -> dict[str, float]:
    """The numbers of one line that need no other line, the slow way."""
    xy = line.points[:, :2].astype(float)
    moves = [np.hypot(*((b - a) / std)) for a, b in pairwise(xy)]
    inside = [move for move, lift in zip(moves, line.points[:, 2], strict=False) if lift == 0]
    return {
        "points": len(xy),
        "strokes": len(pen_strokes(line.points)),
        "characters": len(line.text),
        "words": len(line.text.split()),
        "width": max(xy[:, 0]) - min(xy[:, 0]),
        "height": max(xy[:, 1]) - min(xy[:, 1]),
        "seconds": np.nan if line.times is None else max(line.times) - min(line.times),
        "longest jump": max(moves),
        "longest move with the pen down": max(inside, default=0),
        "points per character": len(xy) / len(line.text) if line.text else np.nan,
        "width per character": (max(xy[:, 0]) - min(xy[:, 0])) / len(line.text) if line.text else np.nan,
    }


@pytest.mark.parametrize("chunk", [1, 30, 1 << 19])
def test_numbers_are_those_of_a_plain_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(module, "CHUNK_POINTS", chunk)
    lines = [ink_line(n, points=2 + 5 * n, text="ab c" * (n % 4), writer=f"w{n % 2}") for n in range(8)]
    lines += [replace(ink_line(9), times=None), replace(ink_line(10), points=np.array([[5, 5, 1], [5, 5, 1]], "f4"))]
    lines[-1] = replace(lines[-1], times=np.zeros(2))
    corpus = opened(tmp_path / "c", lines)
    numbers = survey(corpus)
    for position, line in enumerate(lines):
        for name, value in plain_numbers(line, corpus.std(["train"])).items():
            assert np.allclose(numbers[name][position], value, rtol=1e-6, equal_nan=True), (position, name)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.integers(1, 20))
def test_chunks_are_whole_lines_in_order_and_within_the_limit(lengths: list[int], max_points: int) -> None:
    starts = np.append(0, np.cumsum(lengths))
    patch = pytest.MonkeyPatch()
    with patch.context() as context:
        context.setattr(module, "CHUNK_POINTS", max_points)
        chunks = list(line_chunks(starts))
    assert [line for first, last in chunks for line in range(first, last)] == list(range(len(lengths)))
    assert all(last == first + 1 or starts[last] - starts[first] <= max_points for first, last in chunks)


def test_ink_on_one_straight_line_has_numbers_too(tmp_path: Path) -> None:
    flat = [replace(ink_line(n), points=ink_line(n).points * np.array([1, 0, 1], np.float32)) for n in range(3)]
    assert np.isfinite(survey(opened(tmp_path / "c", flat))["longest jump"]).all()


def test_words_are_seen_by_the_gaps_whatever_the_order_of_the_strokes(tmp_path: Path) -> None:
    lines = [*sound(), *(written(n, 2, size=50, writer="big") for n in range(5))]
    back = replace(lines[0], id="back", points=np.concatenate(pen_parts(lines[0])[::-1]))
    line = replace(lines[0], id="one", text="abcd" * 3 + "ef")
    numbers = survey(opened(tmp_path / "c", [*lines, back, line]))
    assert (numbers["words seen"][:35] == numbers["words"][:35]).all()
    assert numbers["words seen"][35] == 3 and numbers["words seen per word"][36] == 3


def pen_parts(line: InkLine) -> list[np.ndarray]:
    return np.split(line.points, np.flatnonzero(line.points[:-1, 2]) + 1)


def lifted(line: InkLine, by: float) -> np.ndarray:
    """The points with the last stroke, of twenty points, `by` lower."""
    points = line.points.copy()
    points[-20:, 1] += by
    return points


def joined(line: InkLine) -> np.ndarray:
    points = line.points.copy()
    points[:-1, 2] = 0
    return points


FAULTS: dict[str, tuple[Callable[[InkLine], InkLine], str]] = {
    "text cut": (lambda line: replace(line, text=line.text[:9]), "points per character, usual are"),
    "ink cut": (
        lambda line: replace(line, points=np.r_[line.points[:26], line.points[-1:]], times=None),
        "points per character, usual are",
    ),
    "other text": (lambda line: replace(line, text=" ".join("abcdefghijklmnopqrst")), "words by the gaps in the ink 8"),
    "far mark": (lambda line: replace(line, points=lifted(line, 700)), "usual height: a stray mark"),
    "jump": (lambda line: replace(line, points=lifted(line, 700)), "a jump of"),
    "lifts lost": (lambda line: replace(line, points=joined(line)), "with the pen down: were points or a pen lift"),
    "two lines": (
        lambda line: replace(
            line, text=f"{line.text} {line.text}", points=np.tile(line.points, (9, 1)), times=None
        ),
        "points, usual are",
    ),
    "thin": (
        lambda line: replace(line, points=(line.points * (0.1, 1, 1)).astype(np.float32)),
        "does the text say more than the ink?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_the_oddest_line_with_its_reason(tmp_path: Path, name: str) -> None:
    fault, reason = FAULTS[name]
    lines = [*sound(), *sound("other", size=1.2, samples=20)]
    lines[47] = fault(lines[47])
    corpus = opened(tmp_path / "c", lines)
    odd = odd_lines(survey(corpus), corpus.index["writer"][:-1])
    assert odd[0].line == 47 and odd[0].deviations > 3
    assert any(reason in text for text in odd[0].reasons), odd[0].reasons


def test_each_hand_is_its_own_measure(tmp_path: Path) -> None:
    """A line that is usual with one writer is odd with another."""
    lines = [*sound("a", samples=9), *sound("b", samples=16), written(99, samples=16, writer="a")]
    corpus = opened(tmp_path / "c", lines)
    numbers = survey(corpus)
    assert [line.line for line in odd_lines(numbers, corpus.index["writer"][:-1])][:1] == [60]
    assert 60 not in [line.line for line in odd_lines(numbers, np.zeros(61, np.int64))]


def some_numbers(**columns: np.ndarray) -> Numbers:
    names = {measure.name for measure in module.MEASURES} | {"characters", "words", "words seen"}
    return {name: np.full(100, 20.0) for name in names} | columns


def test_lines_all_alike_have_no_odd_ones_and_short_texts_say_less() -> None:
    none = np.zeros(100, np.int64)
    assert odd_lines(some_numbers(), none) == []
    assert odd_lines(some_numbers(points=np.linspace(20, 20.5, 100)), none) == []
    values, characters = np.full(100, 20.0), np.full(100, 20.0)
    values[[3, 5]], characters[5] = 25, 1
    odd = odd_lines(some_numbers(**{"points per character": values, "characters": characters}), none)
    assert [line.line for line in odd] == [3]
    unknown = np.full(100, np.nan)
    assert odd_lines(some_numbers(**{"points per character": unknown, "width per character": unknown}), none) == []


def test_a_number_near_nothing_is_not_beyond_all_bounds() -> None:
    assert np.exp(module._log(np.array([0, 1e-9, 20, 20, 40, np.nan]))) == pytest.approx(
        [1, 1, 20, 20, 40, np.nan], nan_ok=True
    )
    assert np.isfinite(module._log(np.array([0.0, 0, 0, 5]))).all() and (module._log(np.zeros(3)) == 0).all()


def test_measures_take_turns_up_to_the_limit() -> None:
    values, jumps = np.full(100, 20.0), np.full(100, 20.0)
    values[:10], jumps[50:60] = np.arange(300, 400, 10), np.arange(40, 50)
    numbers = some_numbers(**{"points": values, "longest jump": jumps})
    order = [line.line for line in odd_lines(numbers, np.zeros(100, np.int64), max_lines=6)]
    assert order == [9, 59, 8, 58, 7, 57]
    assert len(odd_lines(numbers, np.zeros(100, np.int64))) == 20


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 9) | st.just(np.nan)), min_size=1, max_size=40))
def test_the_usual_is_the_writers_median_drawn_to_that_of_all(rows: list[tuple[int, float]]) -> None:
    groups, values = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    known = np.isfinite(values)
    usual = module._usual(values, groups)
    for group, got in zip(groups, usual, strict=True):
        own = values[known & (groups == group)]
        of_all = np.median(values[known]) if known.any() else 0
        wanted = (len(own) * np.median(own) + 3 * of_all) / (len(own) + 3) if len(own) else of_all
        assert got == pytest.approx(wanted)


def test_writers_are_counted_with_their_splits(tmp_path: Path) -> None:
    lines = [ink_line(1, points=5, writer="a"), ink_line(2, points=6, writer="b"), ink_line(3, points=7, writer="b")]
    corpus = opened(tmp_path / "c", [*lines, ink_line(4, points=8, writer="b", split="test")])
    assert writer_counts(corpus, 9) == [("b", "train, test", 3, 21), ("a", "train", 1, 5)]
    assert writer_counts(corpus, 1) == [("b", "train, test", 3, 21)]


@pytest.mark.slow
@pytest.mark.skipif("DUCTUS_DATA" not in os.environ, reason="the real data are not here: DUCTUS_DATA is not set")
def test_known_bad_lines_of_iam_ondb_are_among_the_first(tmp_path: Path) -> None:
    corpus = opened(tmp_path / "c", read_iam_ondb(Path(os.environ["DUCTUS_DATA"], "iam-ondb"), Report()))
    ids = [corpus.id(line.line) for line in odd_lines(survey(corpus), corpus.index["writer"][:-1])]
    assert {"n01-015z-04", "l07-851z-08", "m04-337z-04", "d03-100z-01"} <= set(ids[:10])
    assert {"h02-037-05", "h07-013-03"} <= set(ids[:40])
