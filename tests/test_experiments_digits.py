"""The subcommands of networks that write and read one character a drawing, from the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from data_loader.formats.jsonl import write_jsonl
from tests.tiny import ink_line, refused, tiny_config, write_corpus
from trainer.run import train


def run_of(folder: Path, arch: str) -> Path:
    return train(tiny_config(folder, folder / "saved", arch, trainer__epochs=1)).folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The run directories of a writer and a reader of tiny digits, and a file of ink."""
    folder = tmp_path_factory.mktemp("digits")
    lines = [ink_line(k, text=str(k % 3), split=("train", "valid")[k > 8]) for k in range(15)]
    write_corpus(folder / "tiny", lines)
    write_jsonl(lines[:2], folder / "ink.jsonl")
    runs = {"writer": run_of(folder, "ClassConditionalHandwriting"), "reader": run_of(folder, "StrokeClassifier")}
    return {**runs, "ink": folder / "ink.jsonl", "data": folder}


def test_a_digit_reader_is_measured_reads_and_judges_a_writer(
    runs: dict[str, Path], tmp_path: Path, experiments_cli: Callable[..., tuple[int, str, str]]
) -> None:
    def run(network: str, *arguments: object) -> tuple[int, str, str]:
        return experiments_cli("-r", runs[network], *arguments)

    assert run("reader", "evaluate", "--data-dir", str(runs["data"]))[0] == 0
    numbers = json.loads((tmp_path / "out" / "evaluate.json").read_text())
    assert numbers["n_lines"] == 6 and 0 <= numbers["accuracy_low"] <= numbers["accuracy"] <= 1
    assert "<svg" in (tmp_path / "out" / "evaluate.html").read_text()

    code, out, _ = run("reader", "read", str(runs["ink"]))
    assert code == 0 and all(row.split()[-1] in "012" for row in out.splitlines()) and out.count("\n") == 2
    assert "--beam" in refused(run("reader", "read", runs["ink"], "--beam", "3"))

    judged = ("legibility", "--reader", str(runs["reader"]), "--n", "6", "--bias", "0", "--data-dir", str(runs["data"]))
    assert run("writer", *judged)[0] == 0
    legibility = json.loads((tmp_path / "out" / "legibility.json").read_text())
    assert legibility["n_lines_real"] == 6 and [row["bias"] for row in legibility["biases"]] == [0.0]
    refused(run("reader", *judged))
