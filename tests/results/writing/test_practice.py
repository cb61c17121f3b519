"""Practice lines: a person's line with what was written behind it, where that is read as it was asked for."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from base.base_model import Sample
from data_loader.corpus import Corpus
from ink.geometry import baseline
from ink.strokes import InkLine, points_to_strokes
from results.reading.lines import LineReading
from results.reading.reader import Reader
from results.writing import practice
from results.writing.best_of import BestOf
from results.writing.lines import Style
from results.writing.practice import practice_lines
from results.writing.writer import Writer
from tests.results.recognizers import STD, line_of, recognizer
from tests.results.writers import writer
from tests.tiny import write_corpus
from utils.errors import InputError

BOX = np.array([[0, 0, 0], [3, 0, 0], [3, -5, 0], [0, -5, 0], [0, 0, 1]], np.float32)
"""Ink of every text that is written."""


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corpus:
    """Lines of two writers; what is written is a box, which is read as its text where that has no d."""
    wanted: list[str] = []

    def draw(
        _: Writer, texts: Sequence[str], seeds: Sequence[int], bias: float, style: Style | None, **__: object
    ) -> list[Sample]:
        wanted[:] = texts
        return [Sample(points_to_strokes(BOX, STD), None, True) for _ in texts]

    def read(_: Reader, lines: Sequence[InkLine], __: object) -> list[LineReading]:
        return [
            LineReading(line, "f" if "d" in text else text, 1.0, []) for line, text in zip(lines, wanted, strict=True)
        ]

    monkeypatch.setattr(Writer, "draw_lines", draw)
    monkeypatch.setattr(Reader, "read", read)
    monkeypatch.setattr(practice, "CHARACTERS", (3, 45))
    lines = [
        InkLine(f"{n}", text, f"w{n % 2}", "train", line_of(text).points)
        for n, text in enumerate(["abc", "cab", "face"])
    ]
    write_corpus(tmp_path / "letters", lines)
    return Corpus(tmp_path / "letters")


def made(corpus: Corpus, count: int = 160) -> list[InkLine]:
    choose = BestOf(recognizer(), 1)
    return list(practice_lines(writer(), choose, corpus, ["train"], count, bias=0.5, seed=2))


def test_a_line_is_a_persons_and_behind_it_what_was_read_as_asked(corpus: Corpus) -> None:
    lines = made(corpus)
    people = {corpus.text(n): corpus.line(n) for n in range(3)}
    assert len({line.id for line in lines}) == 160 and {line.split for line in lines} == {"train"}
    behind = [line for line in lines if line.text.split(" ")[0] in people and len(line.points) > len(BOX)]
    alone = [line for line in lines if len(line.points) == len(BOX)]
    assert len(behind) + len(alone) == 160 and 8 <= len(alone) <= 80
    assert {line.writer for line in alone} == {""}
    for line in behind:
        first, _, text = line.text.partition(" ")
        person = people[first]
        count = len(person.points)
        assert "d" not in text and line.writer == person.writer
        np.testing.assert_allclose(
            np.diff(line.points[:count, :2], axis=0), np.diff(person.points[:, :2], axis=0), atol=1e-4
        )
        np.testing.assert_allclose(np.diff(line.points[count:, :2], axis=0), np.diff(BOX[:, :2], axis=0), atol=1e-4)
        gap = line.points[count:, 0].min() - line.points[:count, 0].max()
        assert gap > 0
        assert baseline(line.points[count:]) == pytest.approx(baseline(line.points[:count]), abs=1e-3)


def test_the_same_seed_makes_the_same_lines(corpus: Corpus) -> None:
    for first, second in zip(made(corpus, 5), made(corpus, 5), strict=True):
        assert first.text == second.text
        np.testing.assert_array_equal(first.points, second.points)


def test_a_network_that_writes_nothing_legible_is_refused(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reader, "read", lambda _, lines, __: [LineReading(line, "?", 1.0, []) for line in lines])
    monkeypatch.setattr(practice, "MAX_FAILURES", 3)
    with pytest.raises(InputError, match=r"behind 3 lines of .*letters, .*read nothing as asked"):
        made(corpus, 1)
