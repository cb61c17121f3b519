"""The benchmark of hands: its nats are those of a network's own density, its people have lines enough."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import my_hand
from benchmarks.my_hand import nats_per_character, share_of_own, summary
from benchmarks.my_hand_people import Source, people_of
from data_loader.synthetic.lines import synthetic_lines
from ink.strokes import InkLine
from parse_config import ConfigParser
from results.roles import load_as
from results.writing.styles import style_of
from results.writing.writer import Writer
from tests.tiny import thinned, write_corpus
from trainer.run import train


@pytest.fixture
def writer(tiny: Callable[..., ConfigParser]) -> Writer:
    transform = {"normalise_baseline": True, "normalise_size": True}
    run = train(tiny("ConditionalHandwriting", trainer__epochs=1, data_loader__args__transform=transform))
    return load_as(Writer, run.folder, "cpu")


def test_nats_are_those_of_an_evaluation_and_change_behind_a_style(writer: Writer, tmp_path: Path) -> None:
    lines = [replace(thinned(line), split="valid") for line, _ in zip(synthetic_lines(), range(4), strict=False)]
    write_corpus(tmp_path / "four", lines)
    numbers = writer.evaluate("four", ["valid"], data_dir=tmp_path).numbers
    characters = sum(len(line.text) for line in lines)
    nats = nats_per_character(writer, lines)
    assert nats == pytest.approx(4 * numbers["nats_per_line"] / characters, rel=1e-4)
    assert nats_per_character(writer, lines, style_of(writer, lines[0])) != pytest.approx(nats, rel=1e-3)


def test_people_have_enough_lines_and_are_not_judged_by_texts_that_they_learn(writer: Writer, tmp_path: Path) -> None:
    lines = [thinned(line) for line, _ in zip(synthetic_lines(), range(12), strict=False)]
    few = [replace(line, id=f"few-{n}", writer="few") for n, line in enumerate(lines[:3])]
    enough = [replace(line, id=f"enough-{n}", writer="enough") for n, line in enumerate(lines)]
    write_corpus(tmp_path / "people", [*few, *enough])
    source = Source("people", learned=5, judged=2, shortest=1)
    (person,) = people_of(source, writer, tmp_path)
    assert person.name == "enough" and len(person.learned) == 5
    assert ids(person.alike) == ids(person.judged)
    assert not {line.text for line in person.learned} & {line.text for line in person.judged}
    (more,) = people_of(source, writer, tmp_path, alike=4)
    assert ids(more.learned) == ids(person.learned) and ids(more.alike)[:2] == ids(person.judged)
    assert len(set(ids(more.alike))) == 4
    assert not {line.text for line in more.learned} & {line.text for line in more.alike}


def ids(lines: list[InkLine]) -> list[str]:
    return [line.id for line in lines]


def test_the_table_has_a_row_for_each_number_of_lines() -> None:
    keys = ["base", "base_primed", "hand", "hand_primed", "hand_best", "hand_best_judge"]
    numbers = {f"{measure}_{key}": 0.5 for measure in ("nats", "cer") for key in keys}
    real, written = [[1.0, 0.0], [0.0, 1.0]], [[0.9, 0.1]]
    rows: list[dict[str, Any]] = [
        {
            "lines": count,
            "strength": 0.5,
            "cpu_seconds": 9.0,
            "peak_mib": 100.0,
            "embeddings": [
                {"known": known, "real": real, "written": written, "best": written},
                {"known": known, "real": real, "written": real, "best": real},
            ],
            **numbers,
        }
        for count, known in ((15, [1.0, 0.0]), (1, [1.0, 0.0]), (15, [0.0, 1.0]))
    ]
    both = [row for row in rows if row["lines"] == 15]
    assert [share_of_own(both, judge, kind) for judge in (0, 1) for kind in ("real", "written")] == [0.5] * 4
    assert share_of_own(rows[:1], 0, "real") == 1.0
    table = list(summary(rows))
    assert [row.split(" | ")[:3] for row in table[2:4]] == [["| 1", "0.5", "1"], ["| 15", "0.5", "2"]]
    assert "own best" in table[0] and "own best judge" in table[0]
    assert "50.0 %" in table[2] and my_hand.TEXTS
