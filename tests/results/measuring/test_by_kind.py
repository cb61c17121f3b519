"""Legibility by kind of text, of a writer that hands out the ink of letters."""

from pathlib import Path

import numpy as np
import pytest

from base.base_model import Sample
from ink.strokes import points_to_strokes
from results.measuring.by_kind import LegibilityByKind, legibility_by_kind
from results.measuring.judged import Trial
from results.pages.by_kind import by_kind_page, ends_table, kinds_table, remarks
from tests.results.recognizers import line_of, recognizer
from tests.results.writers import writer
from tests.tiny import write_corpus
from utils.errors import InputError


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus whose split `words` has lower-case lines, and whose split `train` has one more."""
    folder = tmp_path_factory.mktemp("data")
    lines = [line_of(text, split="words", id=text) for text in ("cab", "fed", "bad")]
    write_corpus(folder / "letters", [*lines, line_of("gag", split="train")])
    return folder


def measured(**options: object) -> LegibilityByKind:
    seeds: list[int] = []

    def draw(_: object, texts: list[str], line_seeds: list[int], *__: object) -> list[Sample]:
        """The letters of each text; the second line has lost its last one, and hit its limit of points."""
        seeds.extend(line_seeds)
        shown = [text.replace(" ", "")[: -1 if place == 1 else None] for place, text in enumerate(texts)]
        inks = [line_of(text, place).points for place, text in enumerate(shown)]
        return [
            Sample(points_to_strokes(ink, (5.0, 4.0)), np.zeros((len(ink) - 1, 1), np.float32), place != 1)
            for place, ink in enumerate(inks)
        ]

    result = legibility_by_kind(Trial(writer(), recognizer(), draw=draw), n=4, **options)  # type: ignore[arg-type]
    assert len({*seeds[:4]}) == 4 and seeds == seeds[:4] * len(result.written)
    return result


def test_counts_of_known_lines(data_dir: Path) -> None:
    result = measured(corpus="letters", data_dir=data_dir, biases=[0.5, 1.0])
    rows = {(row["bias"], row["kind"]): row for row in result.numbers["rows"]}
    assert [*rows] == [(bias, kind) for bias in (0.5, 1.0) for kind in ("lower", "all")]
    row = rows[0.5, "lower"]
    assert row["lines"] == 4 and row["capped"] == 0.25
    assert row["misread_by_place"]["last"] == {"characters": 4, "misread": 1, "share": 0.25}
    assert {end: part["misread"] for end, part in row["misread_by_place"]["by_end"].items()} == {"d": 1}
    assert rows[1.0, "all"] == {**row, "bias": 1.0, "kind": "all"}
    real = result.numbers["real"]
    assert [*real] == ["lower"] and real["lower"]["lines"] == 3 and real["lower"]["cer"] < 0.2
    assert {line.reading.true for line in result.real["lower"]} == {"cab", "fed", "bad"}
    by_split = measured(corpus="letters", data_dir=data_dir, splits=["train"])
    assert [line.reading.true for line in by_split.real["lower"]] == ["gag"]


def test_tables_and_page_show_them(data_dir: Path) -> None:
    numbers = measured(corpus="letters", data_dir=data_dir).numbers
    header, rows = kinds_table(numbers)
    assert [row[0] for row in rows] == ["lower case, bias 1", "all, bias 1"]
    assert {len(row) for row in rows} == {len(header)} == {12}
    assert len(kinds_table(measured().numbers)[0]) == 8
    assert ends_table(numbers)[1] == [["bias 1", *[""] * 9]]
    named = remarks(numbers)
    assert "taught.pt" in named[0] and "writer's alphabet: h i j k" in named[1] and "numbers, dates" in named[2]
    result = measured()
    page = by_kind_page(result)
    assert page.startswith("<!DOCTYPE html>") and page.count("<figure") >= 1 and "hit the point limit" in page


def test_a_kind_without_its_characters_is_refused_where_nothing_is_left() -> None:
    with pytest.raises(InputError, match="too few characters"):
        measured(kinds=["numbers"])
