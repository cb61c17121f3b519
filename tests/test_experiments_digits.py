"""The subcommands of networks that write and read one character a drawing, from the command line."""

import json
from pathlib import Path

import pytest

import experiments
from data_loader.formats.jsonl import write_jsonl
from parse_config import ConfigParser
from tests.tiny import ink_line, run_main, tiny_config, write_corpus
from trainer.run import train

WRITER = ("ClassConditionalHandwriting", {"hidden_size": 8, "num_mixtures": 2})
READER = ("StrokeClassifier", {"hidden_size": 8, "num_layers": 1})


def config_of(folder: Path, arch: tuple[str, dict[str, int]]) -> ConfigParser:
    config = tiny_config(folder, folder / "saved", "UnconditionalHandwriting", trainer__epochs=1)
    config.override("arch", {"type": arch[0], "args": arch[1]})
    if arch is READER:
        config.override("loss", {"type": "ClassificationLoss", "args": {}})
        config.override("metrics", [{"type": "Accuracy", "args": {}}])
    return config


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The run directories of a writer and a reader of tiny digits, and a file of ink."""
    folder = tmp_path_factory.mktemp("digits")
    lines = [ink_line(k, text=str(k % 3), split=("train", "valid")[k > 8]) for k in range(15)]
    write_corpus(folder / "tiny", lines)
    write_jsonl(lines[:2], folder / "ink.jsonl")
    return {
        "writer": train(config_of(folder, WRITER)).folder,
        "reader": train(config_of(folder, READER)).folder,
        "ink": folder / "ink.jsonl",
        "data": folder,
    }


def test_a_digit_reader_is_measured_reads_and_judges_a_writer(
    runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def run(network: str, *arguments: str) -> tuple[int, str, str]:
        return run_main(experiments, ["-r", str(runs[network]), *arguments], monkeypatch, capsys)

    assert run("reader", "evaluate", "--data-dir", str(runs["data"]))[0] == 0
    numbers = json.loads((tmp_path / "out" / "evaluate.json").read_text())
    assert numbers["n_lines"] == 6 and 0 <= numbers["accuracy_low"] <= numbers["accuracy"] <= 1
    assert "<svg" in (tmp_path / "out" / "evaluate.html").read_text()

    code, out, _ = run("reader", "read", str(runs["ink"]))
    assert code == 0 and all(row.split()[-1] in "012" for row in out.splitlines()) and out.count("\n") == 2
    code, _, error = run("reader", "read", str(runs["ink"]), "--beam", "3")
    assert (code, error.count("\n")) == (2, 1) and "--beam" in error

    judged = ("legibility", "--reader", str(runs["reader"]), "--n", "6", "--bias", "0", "--data-dir", str(runs["data"]))
    assert run("writer", *judged)[0] == 0
    legibility = json.loads((tmp_path / "out" / "legibility.json").read_text())
    assert legibility["n_lines_real"] == 6 and [row["bias"] for row in legibility["biases"]] == [0.0]
    code, _, error = run("reader", *judged)
    assert (code, error.count("\n")) == (2, 1)
