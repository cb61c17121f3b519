"""Legibility in closed form: of a writer that hands out real lines."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from base.base_model import Sample
from ink.strokes import InkLine, points_to_strokes
from results import read
from results.measuring.judged import Trial
from results.measuring.legibility import DIVERSE_SEEDS, Legibility, legibility
from results.pages.legibility import legibility_figure, legibility_page, legibility_table
from results.reading.scores import ReadLine, scores
from results.writing.lines import SEEDS_PER_WRITING
from results.writing.styles import style_of
from tests.results.recognizers import POINTS_A_LETTER, line_of, recognizer
from tests.results.writers import writer
from tests.tiny import write_corpus
from utils.errors import InputError

TEXTS = ["cab", "faced", "bag", "edge", "dad"]
LINES = [line_of(text, seed, split="valid", id=text) for seed, text in enumerate(TEXTS)]
TRAIN = [line_of("ace", split="train")]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    others = [line_of("gag", split="valid", id="unknown", **{}), line_of("abc", split="valid", id="none")]
    odd = [InkLine(line.id, text, "", "valid", line.points) for line, text in zip(others, ["g§g", " "], strict=True)]
    write_corpus(folder / "letters", [*TRAIN, *LINES, *odd])
    return folder


Calls = list[tuple[list[str], list[int], float, object]]


def as_real(calls: Calls, spoilt: str = "") -> Callable[..., list[Sample]]:
    """A `Draw` that gives the real line of each text, looked at letter by letter; that of `spoilt` twice and capped."""

    def draw(_: object, texts: list[str], seeds: list[int], bias: float, style: object = None) -> list[Sample]:
        calls.append((texts, seeds, bias, style))
        return [line(text) for text in texts]

    def line(text: str) -> Sample:
        shown = text * 2 if text == spoilt else text
        ink = line_of(shown, TEXTS.index(text)).points
        at = (np.arange(1, len(ink)) // POINTS_A_LETTER).clip(0, len(text) - 1)
        weights = np.eye(len(text) + 1, dtype=np.float32)[at]
        return Sample(points_to_strokes(ink, (5.0, 4.0)), weights, text != spoilt)

    return draw


def measured(data_dir: Path, **options: object) -> Legibility:
    options = {"biases": [0.5, 0.0], "n": 9, "data_dir": data_dir, **options}
    how = {name: options.pop(name) for name in ("style", "draw", "decoding") if name in options}
    return legibility(Trial(writer(), recognizer(), **how), **options)  # type: ignore[arg-type]


def test_real_ink_is_as_legible_as_real_ink_and_has_no_variety(data_dir: Path) -> None:
    numbers = measured(data_dir, draw=as_real([])).numbers
    by_hand = scores([ReadLine(line.line.id, "", line.line.text, line.text) for line in read(recognizer(), LINES)])
    assert (numbers["n_lines"], numbers["left_out"], numbers["splits"]) == (5, 2, ["valid"])
    assert numbers["cer_real"] == by_hand["cer"] < 0.1
    for row, bias in zip(numbers["rows"], [0.5, 0.0], strict=True):
        assert row["bias"] == bias and row["diversity"] == 0 and row["diversity_to_bias_0"] is None
        assert {name: row[name] for name in ("cer", "cer_low", "cer_high", "failed")} == {
            name: numbers[f"{name}_real"] for name in ("cer", "cer_low", "cer_high", "failed")
        }
        assert row["misread"] == numbers["misread_real"]
        assert row["misread"]["small letters"]["characters"] == sum(map(len, TEXTS))
        assert row["points_per_character"] == numbers["points_per_character_real"] == POINTS_A_LETTER


def test_shares_of_failed_lines_and_their_union(data_dir: Path) -> None:
    """One line of five says its text twice and is capped; the others say it once."""
    row = measured(data_dir, draw=as_real([], spoilt="edge")).numbers["rows"][0]
    assert row["misread"]["digits"]["share"] is None
    assert (row["capped"], row["over_half"], row["repeated"], row["skipped"], row["failed"]) == (0.2, 0.2, 0.2, 0, 0.2)
    assert row["cer"] == pytest.approx(4 / sum(map(len, TEXTS)), abs=0.1)


def test_which_lines_are_written_from_which_seeds(data_dir: Path) -> None:
    calls: Calls = []
    style = style_of(writer(), LINES[0])
    result = measured(data_dir, draw=as_real(calls), n=3, seed=2, style=style)
    first, half, *rest = calls
    assert sorted(set(first[0])) == sorted(first[0]) and set(first[0]) < set(TEXTS) and len(first[0]) == 3
    assert first[1] == half[1] == [2 * SEEDS_PER_WRITING + line for line in range(3)]
    assert [line[2] for line in calls] == [0.5, 0.0, 0.0, 0.5] and all(line[3] is style for line in calls)
    assert rest[0][0] == [text for text in first[0] for _ in range(DIVERSE_SEEDS)]
    assert len({*first[1], *rest[0][1]}) == 3 + 3 * DIVERSE_SEEDS
    again: Calls = []
    measured(data_dir, draw=as_real(again), n=3, seed=3)
    assert again[0][0] != first[0] or again[0][1] != first[1]
    assert [line.reading.true for line in result.written[0.5]] == first[0] and result.numbers["style"] == "cab"


def test_a_network_writes_reads_and_shows_its_worst(data_dir: Path) -> None:
    result = measured(data_dir, n=2)
    row = result.numbers["rows"][0]
    assert 0 <= row["cer_low"] <= row["cer"] <= row["cer_high"] and row["diversity"] > 0
    assert result.numbers["rows"][1]["diversity_to_bias_0"] == 1
    header, rows = legibility_table(result.numbers)
    assert [line[0] for line in rows] == ["real", "bias 0.5", "bias 0"] and set(map(len, rows)) == {len(header)}
    page = legibility_page(result)
    assert all(line.reading.true in page for line in result.written[0.5]) and page.count("<figure") >= 2
    figure = legibility_figure(result.numbers)
    _, curve = (line.get_xydata() for line in figure.axes[0].lines[:2])  # the first is that of the real lines
    np.testing.assert_array_equal(curve, [(line["bias"], line["cer"]) for line in result.numbers["rows"][::-1]])


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"biases": []}, "name at least one"),
        ({"biases": [1.0, 1.0]}, "each once"),
        ({"biases": [-1.0]}, "bias is -1.0"),
        ({"n": 0}, "n is 0"),
        ({"splits": ["test"]}, "no split test"),
        ({"corpus": "nowhere"}, "no prepared corpus"),
    ],
)
def test_what_cannot_be_measured(options: dict[str, object], named: str, data_dir: Path) -> None:
    with pytest.raises(InputError, match=named):
        measured(data_dir, **options)


def test_kinds_of_networks(data_dir: Path) -> None:
    with pytest.raises(InputError, match="writes freely"):
        legibility(Trial(writer(free=True), recognizer()), data_dir=data_dir)
    with pytest.raises(InputError, match="does not read"):
        legibility(Trial(writer(), writer()), data_dir=data_dir)
