"""The subcommands of networks that write, from the command line and from Python."""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import experiments
from experiments import evaluate, load, write
from model import METRICS
from parse_config import ConfigParser
from tests.tiny import run_main
from trainer.run import train

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def runs(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The run directories of two tiny trainings."""
    from tests.tiny import ARCHS, tiny_config

    saved = tmp_path_factory.mktemp("saved")
    return {name: train(tiny_config(data_dir, saved, name, trainer__epochs=1)).folder for name in ARCHS}


@pytest.fixture
def conditional(runs: dict[str, Path]) -> Path:
    return runs["ConditionalHandwriting"]


@pytest.fixture
def unconditional(runs: dict[str, Path]) -> Path:
    return runs["UnconditionalHandwriting"]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """experiments.py with a command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(checkpoint: Path, *arguments: str) -> tuple[int, str, str]:
        return run_main(experiments, ["-r", str(checkpoint), *arguments], monkeypatch, capsys)

    return run


def test_a_text_becomes_an_svg_and_a_png(conditional: Path, run: Run, tmp_path: Path) -> None:
    code, out, _ = run(conditional, "write", "any text", "--out", "here", "--seed", "7")
    assert code == 0
    assert {path.name for path in (tmp_path / "here").iterdir()} == {"writing-7.svg", "writing-7.png"}
    assert "here/writing-7.svg" in out


def test_animate_adds_the_pen_at_work(conditional: Path, run: Run, tmp_path: Path) -> None:
    assert run(conditional, "write", "ab", "--animate")[0] == 0
    suffixes = {"".join(path.suffixes) for path in (tmp_path / "out").iterdir()}
    assert suffixes == {".svg", ".png", ".gif", ".animated.svg"}


def test_n_writings_have_n_seeds(conditional: Path, run: Run, tmp_path: Path) -> None:
    assert run(conditional, "write", "ab", "--n", "3", "--seed", "5")[0] == 0
    pictures = [(tmp_path / "out" / f"writing-{seed}.svg").read_text() for seed in (5, 6, 7)]
    assert len(set(pictures)) == 3


def test_the_same_seed_gives_the_same_line_whatever_else_is_written(conditional: Path) -> None:
    loaded = load(conditional)
    alone, among = write(loaded, "ab", seed=3)[0], write(loaded, "ab", seed=2, n=3)[1]
    assert np.allclose(alone.lines[0], among.lines[0], atol=1e-3)
    assert not np.array_equal(alone.lines[0], write(loaded, "ab", seed=4)[0].lines[0])


def test_without_a_subcommand_a_network_writes(
    conditional: Path, unconditional: Path, run: Run, tmp_path: Path
) -> None:
    for checkpoint in (conditional, unconditional):
        assert run(checkpoint)[0] == 0
        (tmp_path / "out" / "writing-1.png").unlink()


def test_free_writing_is_as_long_as_a_usual_line(unconditional: Path) -> None:
    loaded = load(unconditional)
    writing = write(loaded)[0]
    assert len(writing.lines[0]) == loaded.facts["points_per_line"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["write", "snow ☃"], "'☃' (U+2603)"),
        (["write", ""], "the text is empty"),
        (["write", " \n "], "the text is empty"),
        (["write"], "must be given a text to write"),
        (["write", "ab", "--bias", "-1"], "bias is -1.0"),
        (["write", "ab", "--bias", "nan"], "bias is nan"),
        (["write", "ab", "--seed", "99999999999999999999"], "seed is 99999999999999999999"),
        (["evaluate", "--batch-size", "0"], "batch size is 0"),
        (["write", "ab", "--n", "0"], "n is 0"),
        (["evaluate", "--corpus", "nowhere"], "no prepared corpus"),
    ],
)
def test_bad_input_gets_one_line(conditional: Path, run: Run, arguments: list[str], named: str, tmp_path: Path) -> None:
    code, _, err = run(conditional, *arguments)
    assert code == 2
    assert named in err and err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_network_that_writes_freely_takes_no_text(unconditional: Path, run: Run) -> None:
    code, _, err = run(unconditional, "write", "ab")
    assert code == 2 and "takes no text" in err


def test_a_file_that_is_no_checkpoint(run: Run, tmp_path: Path) -> None:
    (tmp_path / "no.pt").write_text("no")
    code, _, err = run(tmp_path / "no.pt")
    assert code == 2 and "no.pt" in err and err.count("\n") == 1


def test_an_output_folder_that_cannot_be(conditional: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    code, _, err = run(conditional, "write", "ab", "--out", "taken")
    assert code == 2 and "taken" in err


def test_substitutes_are_named(conditional: Path, run: Run) -> None:
    code, out, _ = run(conditional, "write", "à â", "--substitute")
    assert code == 0
    assert "'a' for 'à', 'a' for 'â'" in out


def test_a_line_break_begins_a_new_line(conditional: Path) -> None:
    assert write(load(conditional), "ab\ncd")[0].texts == ["ab", "cd"]


def test_an_empty_line_stays_empty(conditional: Path) -> None:
    writing = write(load(conditional), "ab\n\ncd")[0]
    assert [len(line) > 0 for line in writing.lines] == [bool(text) for text in writing.texts]


@pytest.mark.slow
def test_ten_thousand_characters_become_pages(conditional: Path, run: Run, tmp_path: Path) -> None:
    text = "handwriting " * 833
    assert run(conditional, "write", text)[0] == 0
    pages = list((tmp_path / "out").glob("writing-1-page*.svg"))
    assert len(pages) > 1


def test_evaluate_counts_every_line_and_point(conditional: Path, run: Run, data_dir: Path, tmp_path: Path) -> None:
    assert run(conditional, "evaluate", "--data-dir", str(data_dir), "--split", "train", "valid")[0] == 0
    numbers = json.loads((tmp_path / "out" / "evaluate.json").read_text())
    card = json.loads((data_dir / "tiny" / "card.json").read_text())
    assert numbers["n_lines"] == card["lines"]
    assert numbers["n_points"] == card["points"] - card["lines"]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"evaluate.json", "evaluate.svg", "evaluate.png"}


def test_evaluate_agrees_with_validation(conditional: Path, data_dir: Path) -> None:
    loaded = load(conditional)
    numbers = evaluate(loaded, "tiny", ["valid"], data_dir, 3)
    rows = [json.loads(row) for row in _metrics(conditional).read_text().splitlines()]
    assert numbers["nats_per_line"] == pytest.approx(rows[-1]["val_nats_per_line"], rel=1e-5)
    assert numbers["nats_per_point"] == pytest.approx(rows[-1]["val_loss"], rel=1e-5)
    assert METRICS["NatsPerLine"].name == "nats_per_line"


def _metrics(run_dir: Path) -> Path:
    return run_dir.parents[2] / "log" / run_dir.parent.name / run_dir.name / "metrics.jsonl"


def test_iam_ondb_is_measured_in_the_frozen_units(conditional: Path, data_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(data_dir / "tiny", tmp_path / "tiny")
    card_path = tmp_path / "tiny" / "card.json"
    card_path.write_text(json.dumps(json.loads(card_path.read_text()) | {"source": "iam-ondb"}))
    loaded = load(conditional)
    own = evaluate(loaded, "tiny", ["valid"], data_dir, 4)
    frozen = evaluate(loaded, "tiny", ["valid"], tmp_path, 4)
    x, y = loaded.facts["std"]
    shift = math.log(x / 41.954) + math.log(y / 37.124)
    assert frozen["unit"] == [41.954, 37.124]
    assert frozen["nats_per_point"] - own["nats_per_point"] == pytest.approx(shift, abs=1e-6)


def test_a_checkpoint_whose_config_is_of_another_model(conditional: Path, tmp_path: Path, run: Run) -> None:
    content = torch.load(conditional / "best.pt", weights_only=True)
    config = ConfigParser(content["config"], "best.pt")
    config.override("arch.args.hidden_size", 17)
    torch.save({**content, "config": config.resolved}, tmp_path / "other.pt")
    code, _, err = run(tmp_path / "other.pt")
    assert code == 2 and "weights of another model" in err and err.count("\n") == 1


@pytest.mark.parametrize(("bits", "error"), [(16, 1e-3), (8, 0.02)])
def test_export_holds_weights_alone_and_smaller_ones_still_write(
    conditional: Path, run: Run, tmp_path: Path, bits: int, error: float
) -> None:
    assert run(conditional, "export", "whole.pt")[0] == 0
    assert run(conditional, "export", "small.pt", "--bits", str(bits))[0] == 0
    content = torch.load(tmp_path / "small.pt", weights_only=True)
    assert "training" not in content and "save_dir" not in content["config"]["trainer"]
    kinds = {tensor.dtype for tensor in content["model"].values()}
    assert kinds == ({torch.float16} if bits == 16 else {torch.float16, torch.int8})
    whole, small = (load(tmp_path / name).model.state_dict() for name in ("whole.pt", "small.pt"))
    assert all(torch.equal(whole[name], tensor) for name, tensor in load(conditional).model.state_dict().items())
    assert all(torch.allclose(whole[name], small[name], atol=error) for name in whole)
    assert run(tmp_path / "small.pt", "write", "ab")[0] == 0


@pytest.mark.parametrize("name", ["-r", "--resume", "--checkpoint"])
def test_the_checkpoint_and_the_device_are_named_before_or_after_the_subcommand(
    conditional: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    network, text = [name, str(conditional), "--device", "cpu"], ["write", "ab"]
    assert run_main(experiments, [*network, *text], monkeypatch, capsys)[0] == 0
    before = (tmp_path / "out" / "writing-1.svg").read_bytes()
    (tmp_path / "out" / "writing-1.svg").unlink()
    assert run_main(experiments, [*text, *network], monkeypatch, capsys)[0] == 0
    assert (tmp_path / "out" / "writing-1.svg").read_bytes() == before
