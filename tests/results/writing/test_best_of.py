"""The best of several writings of a line, as a stub reader judges them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from base.base_model import Sample
from ink.strokes import InkLine, points_to_strokes
from model.writing.record import Selection
from results import write
from results.reading.embedder import Embedder
from results.reading.lines import LineReading
from results.reading.reader import Reader
from results.writing.best_of import SEED_STEP, BestOf, Rank, beginning, likenesses, position, read_back
from results.writing.lines import SEEDS_PER_WRITING, Style
from results.writing.writer import Writer
from tests.results.recognizers import line_of, recognizer
from tests.results.writers import writer
from utils.errors import InputError

READ = {11: ("cab", 0.2), 12: ("cad", 0.9), 13: ("cab", 0.7), 14: ("cab", 0.7), 15: ("", 0.0)}
"""Text and confidence that are read in a line, by its number of points."""


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[object]]:
    """The arguments of a stub that draws lines of 12, 13, 14, 15, 11, 12 points and so on."""
    request: dict[str, list[object]] = {}

    def draw(
        _: object, texts: list[str], seeds: list[int], bias: float, style: object, *, selection: Selection
    ) -> list[Sample]:
        request.update(texts=list(texts), seeds=list(seeds), rest=[bias, style, selection.candidates])
        return [Sample(np.ones((11 + (i + 1) % 5, 3), np.float32), None, True) for i in range(len(texts))]

    monkeypatch.setattr(Writer, "draw_lines", draw)
    monkeypatch.setattr(Reader, "read", lambda _, lines, __: [reading(line) for line in lines])
    return request


def reading(line: InkLine) -> LineReading:
    return LineReading(line, *READ[len(line.points)], [])


def test_the_lowest_cer_then_the_surest_then_the_shortest_is_kept(drawn: dict[str, list[object]]) -> None:
    """The candidates have 12 to 15 and 11 points, for "cab" and for "cad"."""
    best = BestOf(recognizer(), 5)
    kept = best(writer(), ["cab", "cad"], [7, 8], 0.25)
    assert [len(first.strokes) for first in kept] == [13, 12]
    assert drawn["texts"] == ["cab"] * 5 + ["cad"] * 5 and drawn["rest"] == [0.25, None, 5]
    assert drawn["seeds"] == [seed + k * SEED_STEP for seed in (7, 8) for k in range(5)]
    numbers = best.numbers()
    assert [line["kept"] for line in numbers["lines"]] == [2, 1]
    assert [line["cer_first"] for line in numbers["lines"]] == [pytest.approx(1 / 3), 0]
    assert (numbers["n_lines"], numbers["cer_first"], numbers["cer_kept"]) == (2, pytest.approx(1 / 6), 0)


def test_among_those_read_best_the_most_alike_is_kept(
    drawn: dict[str, list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The candidates have 12 to 15 and 11 points; the stub finds ink the more alike the more points it has, to 14."""
    angles = {11: 0.4, 12: 0.0, 13: 0.3, 14: 0.2, 15: 0.1, 20: 0.0}

    def embed(_: object, lines: list[InkLine]) -> np.ndarray:
        return np.array([[np.cos(angles[len(line.points)]), np.sin(angles[len(line.points)])] for line in lines])

    monkeypatch.setattr(Embedder, "embed", embed)
    style = Style("s", "bad", np.ones((20, 3), np.float32))
    model: Any = None
    best = BestOf(recognizer(), 5, embedder=Embedder(model, {}, {}, Path("alike.pt")))
    kept = best(writer(), ["cab", "cad"], [7, 8], 0.25, style)
    assert [len(first.strokes) for first in kept] == [14, 12], "13 and 14 are read right, and 14 is more alike"
    numbers = best.numbers()
    assert [line["alike_kept"] for line in numbers["lines"]] == pytest.approx([np.cos(0.2), 1], abs=1e-4)
    assert numbers["alike_first"] == pytest.approx(1) and numbers["alike_kept"] == pytest.approx(
        (np.cos(0.2) + 1) / 2, abs=1e-4
    )
    assert [len(first.strokes) for first in best(writer(), ["cab"], [7], 0.25)] == [13], "no style to be like"
    nothing = Sample(np.array([[0, 0, 1]], np.float32), None, False)
    assert likenesses(best.embedder, writer(), [nothing], style) == [-1]  # type: ignore[arg-type]


def so_far(path: list[int], points: int) -> Sample:
    """A candidate of which each character in `path` was attended to for two points, the pen lifted after each."""
    rows = [place for place in path for _ in range(2)]
    strokes = np.ones((points, 3), np.float32)
    strokes[::2, 2] = 0
    return Sample(strokes[: len(rows) + 1], np.eye(12, dtype=np.float32)[rows], False)


def test_candidates_that_are_misread_go_on_from_one_that_is_read_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six candidates of "cab dad fed", of which most have come to the third word; another text is at its first."""
    ahead = [*range(9)]
    candidates = {
        "first": (ahead, "cab did"),
        "wrong": (ahead, "cab did"),
        "right": (ahead, "cab dad"),
        "slow": ([0, 1, 2, 3, 4, 5], ""),
        "sure": (ahead, "cab dad"),
        "worse": (ahead, "cb did"),
    }

    def ranks(_: object, __: object, drawn: list[Sample], texts: list[str], ___: object) -> list[Rank]:
        assert texts == ["cab dad"] * 5 and [len(line.strokes) for line in drawn] == [16] * 5, (
            "whole strokes up to the second space"
        )
        names = [name for name, (path, _) in candidates.items() if path == ahead]
        edits = {"first": 1, "wrong": 1, "right": 0, "sure": 0, "worse": 2}
        return [Rank(edits[name], 0, -0.9 if name == "sure" else -0.5, 17) for name in names]

    monkeypatch.setattr(BestOf, "_ranks", ranks)
    best = BestOf(recognizer(), 6)
    samples = [so_far(path, 40) for path, _ in candidates.values()]
    texts, fresh = ["cab dad fed", "faced"], [so_far([0, 1], 40)] * 6
    places = best._going_on(writer(), texts, None, range(12), [*samples, *fresh])
    names = [*candidates]
    assert [names[place] for place in places[:6]] == ["first", "sure", "right", "slow", "sure", "right"]
    assert places[6:] == [*range(6, 12)]


def test_a_candidate_that_is_stuck_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow ones are let be; their own words are not compared with more words of others."""
    ahead, stuck, slow = [*range(11)], [0, 1], [0, 1, 2, 3, 4]
    monkeypatch.setattr(BestOf, "_ranks", lambda _, __, drawn, *___: [Rank(3, 0, 0, 1)] * len(drawn))
    monkeypatch.setattr("results.writing.best_of.STUCK", 4)
    samples = [so_far(path, 40) for path in (ahead, stuck, slow, ahead, ahead)]
    assert BestOf(recognizer(), 5)._going_on(writer(), ["cab dad fed"], None, range(5), samples) == [0, 0, 2, 3, 4]


def test_nothing_is_read_where_nothing_can_be_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a whole word is written, and of the last candidate that is still being written."""
    monkeypatch.delattr(BestOf, "_ranks")
    best, empty = BestOf(recognizer(), 2), Sample(np.zeros((1, 3), np.float32), None, False)
    assert best._going_on(writer(), ["cab dad"], None, [0, 1], [so_far([0, 1], 40), empty]) == [0, 1]
    assert best._going_on(writer(), ["cab dad"], None, [1], [so_far([0, 1, 2, 3, 4, 5], 40)]) == [0]


def test_a_line_has_come_to_its_end_where_no_character_has_any_weight() -> None:
    """Past the text the window's weights can be zero, all of them."""
    sample = so_far([0, 1, 2, 3, 4, 5], 40)
    assert sample.weights is not None and position(sample) == 5
    sample.weights[-3:] = 0
    assert position(sample) == 11 and len(beginning(sample, 4).strokes) == 10
    assert len(beginning(so_far([5, 6], 40), 4).strokes) == 1, "nothing of it was written"


def test_the_first_candidate_is_the_line_that_is_written_without_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others go on from another one; how well a line is read is any number that its strokes give."""
    drawn: list[Sample] = []
    draw_lines = Writer.draw_lines

    def draw(*args: Any, **options: Any) -> list[Sample]:
        drawn[:] = draw_lines(*args, **options)
        return drawn

    def ranks(_: object, __: object, lines: list[Sample], *___: object) -> list[Rank]:
        return [Rank(int(abs(line.strokes[:, :2]).sum() * 1000) % 7, 0, 0, 1) for line in lines]

    monkeypatch.setattr(Writer, "draw_lines", draw)
    monkeypatch.setattr(BestOf, "_ranks", ranks)
    monkeypatch.setattr("results.writing.best_of.EVERY", 10)
    loaded, texts, seeds = writer(), ["dad cab fad", "cab ace dad"], [5, 6]
    BestOf(recognizer(), 4)(loaded, texts, seeds, 0.5)
    chosen = [line.strokes for line in drawn]
    each = [(text, seed + k * SEED_STEP) for text, seed in zip(texts, seeds, strict=True) for k in range(4)]
    alone = [draw_lines(loaded, [text], [seed], 0.5)[0].strokes for text, seed in each]
    same = [np.array_equal(first, other) for first, other in zip(chosen, alone, strict=True)]
    assert same[0] and same[4] and not all(same)


def test_one_candidate_is_written_without_a_choice() -> None:
    loaded, best = writer(), BestOf(recognizer(), 1)
    plain, chosen = write(loaded, "dad\ncab", seed=3), write(loaded, "dad\ncab", seed=3, draw=best)
    for first, second in zip(plain[0].lines, chosen[0].lines, strict=True):
        np.testing.assert_array_equal(first, second)
    assert [line["text"] for line in best.chosen] == ["dad", "cab"]


def test_candidates_have_random_numbers_of_their_own() -> None:
    loaded = writer()
    seeds = [3 * SEEDS_PER_WRITING + k * SEED_STEP for k in range(4)]
    lines = loaded.draw_lines(["dad"] * 4, seeds, 0.0)
    assert len({first.strokes.tobytes() for first in lines}) == 4
    assert len({k * SEED_STEP % 2**32 for k in range(100)}) == 100, "of a seed torch takes the lower 32 bits"


def test_written_ink_is_read_as_real_ink_and_no_ink_as_nothing() -> None:
    lines = [line_of("cab"), line_of("faced")]
    drawn = [Sample(points_to_strokes(line.points, (5.0, 4.0)), None, True) for line in lines]
    nothing = Sample(np.array([[0, 0, 1]], np.float32), None, False)
    far = Sample(np.array([[0, 0, 0], [1e9, 0, 1]], np.float32), None, False)
    readings = read_back(recognizer(), writer(), [drawn[0], nothing, far, drawn[1]])
    assert [text for text, _ in readings] == ["cab", "", "", "faced"]
    assert [confidence > 0 for _, confidence in readings] == [True, False, False, True]
    assert read_back(recognizer(), writer(), [nothing]) == [("", 0.0)]


def test_what_cannot_be_chosen_from() -> None:
    with pytest.raises(InputError, match="best of 0"):
        BestOf(recognizer(), 0)
    with pytest.raises(InputError, match="does not read"):
        BestOf(writer(), 2)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no text to choose"):
        write(writer(free=True), draw=BestOf(recognizer(), 2))
    with pytest.raises(InputError, match="x-height of 1"):
        read_back(recognizer(), writer(transform={"normalise_size": True}), [])
