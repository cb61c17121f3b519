"""A sweep: what is varied is parsed, every combination is trained, and what goes wrong is said."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks import sweep
from benchmarks.sweep import label_of, picture, report, varied
from parse_config import ConfigParser
from tests.tiny import run_main


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b=1,10,2e-3", [1, 10, 0.002]),
        ("a.b=lstm,gru", ["lstm", "gru"]),
        ("a.b=SGD", ["SGD"]),
        ("a.b=null,0.5,lots", [None, 0.5, "lots"]),
        ("a.b=[1,2],[3]", [[1, 2], [3]]),
        ('a.b={"rotate":5},null', [{"rotate": 5}, None]),
    ],
)
def test_values_are_json_or_bare_strings(text: str, values: list) -> None:
    assert varied(text) == [("a.b", value) for value in values]


@pytest.mark.parametrize("text", ["a.b", "=1,2", "a.b="])
def test_what_is_no_path_with_values_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="PATH=VALUE,VALUE"):
        varied(text)


@pytest.fixture
def swept(
    tiny: Callable[..., ConfigParser], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> Callable[..., tuple[int, str, str]]:
    """Run the sweep of a tiny config with these arguments, into tmp_path / "out"."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(tiny(trainer__epochs=1).resolved))
    common = ["-c", str(path), "--out", str(tmp_path / "out")]
    return lambda *arguments: run_main(sweep, [*common, *arguments], monkeypatch, capsys)


def test_every_combination_is_trained_and_a_failure_is_reported(swept: Callable, tmp_path: Path) -> None:
    code, out, err = swept(
        *("--vary", "arch.args.cell=lstm,gru", "--vary", "optimizer.args.lr=0.01,1e30"), "--text", "a", "b"
    )
    assert (code, err) == (0, "")
    table = (tmp_path / "out" / "sweep.md").read_text()
    assert table in out and (tmp_path / "out" / "sweep.png").stat().st_size > 1000
    rows = table.splitlines()
    assert rows[0] == "|  | loss | nats per line | seconds |"
    assert [row.split("|")[1].strip() for row in rows[2:6]] == [
        "cell lstm, lr 0.01",
        "cell lstm, lr 1e+30",
        "cell gru, lr 0.01",
        "cell gru, lr 1e+30",
    ]
    losses = [row.split("|")[2].strip() for row in rows[2:6]]
    assert losses[1] == losses[3] == "-" and losses[0] != losses[2] and "-" not in (losses[0], losses[2])
    assert sum("the gradient is" in row or "the loss is" in row for row in rows[6:]) == 2
    assert len(list((tmp_path / "out" / "models" / "tiny").glob("*/best.pt"))) == 2


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--vary", "arch.args.cells=lstm"], "arch.args.cells: unknown"),
        (["--vary", "nothing=1"], "nothing to override"),
        (["--vary", "optimizer.args.lr=1e30,1e29"], "no run came to its end"),
        (["--vary", "seed=1", "--init-from", "old.pt"], "a sweep is of new runs"),
        ([], "--vary"),
    ],
)
def test_bad_input_is_named(swept: Callable, arguments: list[str], named: str) -> None:
    code, _, err = swept(*arguments)
    assert code == 2 and named in err


def test_check_lists_the_runs_and_makes_nothing(swept: Callable, tmp_path: Path) -> None:
    code, out, _ = swept("--vary", "optimizer.type=SGD,Adam", "--vary", "seed=1,2", "--check")
    runs = [f"optimizer {name}, seed {seed}" for name in ("SGD", "Adam") for seed in (1, 2)]
    assert (code, out.splitlines()) == (0, runs) and not (tmp_path / "out").exists()


def test_a_run_without_a_number_has_a_dash() -> None:
    values = [[("a.type", "A")], [("b.c.d", [1])]]
    table = report([(values[0], {"val_loss": 1.0, "seconds": 2}, ""), (values[1], {"seconds": 1}, "broke")])
    assert table.splitlines()[2:] == ["| a A | 1.000 | 2 |", "| d [1] | - | 1 |", "", "d [1]: broke"]
    assert label_of([*values[0], *values[1]]) == "a A, d [1]"


def test_the_picture_has_a_row_for_each_run_even_one_that_wrote_nothing() -> None:
    ink = np.array([[0, 0, 0], [5, 5, 1]], np.float32)
    figure = picture([[ink, ink], [], [ink]], ["a", "b", "c"])
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["a", "b", "c"]
    assert len(axes.collections[0].get_segments()) == 3
