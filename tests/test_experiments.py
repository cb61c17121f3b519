"""The subcommands of networks that write, from the command line and from Python."""

import io
import json
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from experiments import evaluate, load, write
from model import METRICS
from parse_config import ConfigParser
from results.writing.styles import seeded_style
from tests.tiny import logged, refused

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def conditional(tiny_runs: dict[str, Path]) -> Path:
    return tiny_runs["ConditionalHandwriting"]


@pytest.fixture
def unconditional(tiny_runs: dict[str, Path]) -> Path:
    return tiny_runs["UnconditionalHandwriting"]


@pytest.fixture
def run(experiments_cli: Run) -> Run:
    """Run experiments.py with a checkpoint and a command line."""
    return lambda checkpoint, *arguments: experiments_cli("-r", checkpoint, *arguments)


def test_a_text_becomes_an_svg_and_a_png(conditional: Path, run: Run, tmp_path: Path) -> None:
    code, out, _ = run(conditional, "write", "any text", "--out", "here", "--seed", "7")
    assert code == 0
    assert {path.name for path in (tmp_path / "here").iterdir()} == {"writing-7.svg", "writing-7.png"}
    assert "here/writing-7.svg" in out


def test_without_a_network_and_a_style_the_seed_picks_one_of_the_bundled(experiments_cli: Run, tmp_path: Path) -> None:
    pictures = []
    for number, options in enumerate(
        (["--seed", "2"], ["--seed", "2", "--style", "9"], ["--seed", "2", "--hands", "one"])
    ):
        code, out, _ = experiments_cli("write", "ab", "--out", f"{number}", *options)
        assert code == 0 and ("in the bundled style 9" in out) == (number == 0)
        pictures.append((tmp_path / f"{number}" / "writing-2.svg").read_text())
    assert pictures[0] == pictures[1] != pictures[2]
    assert "'☃'" in refused(experiments_cli("write", "☃"))
    assert sorted(int(seeded_style(seed)) for seed in range(12)) == [*range(1, 13)]


def test_each_copy_is_in_the_style_of_its_own_seed(experiments_cli: Run, tmp_path: Path) -> None:
    assert "in the bundled styles 8, 9;" in experiments_cli("write", "ab", "--n", "2", "-o", "two")[1]
    assert "in the bundled style 9;" in experiments_cli("write", "ab", "--seed", "2", "-o", "one")[1]
    assert (tmp_path / "two/writing-2.svg").read_text() == (tmp_path / "one/writing-2.svg").read_text()


def test_an_empty_text_is_refused_before_anything_is_printed(experiments_cli: Run) -> None:
    code, out, err = experiments_cli("write", " ")
    assert (code, out) == (2, "") and "the text is empty" in err


def test_animate_adds_the_pen_at_work(conditional: Path, run: Run, tmp_path: Path) -> None:
    assert run(conditional, "write", "ab", "--animate")[0] == 0
    suffixes = {"".join(path.suffixes) for path in (tmp_path / "out").iterdir()}
    assert suffixes == {".svg", ".png", ".gif", ".animated.svg"}


def test_pages_of_an_earlier_animation_are_named(conditional: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "animate-page2.gif").touch()
    assert "animate-page2.gif: of an earlier writing, left as it was" in run(conditional, "animate", "ab")[1]


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
        assert (tmp_path / "out" / "writing-1.png").is_file()
        shutil.rmtree(tmp_path / "out")


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
        (["report", "--seed", "-1"], "seed is -1"),
        (["write", "ab", "--out", "taken"], "taken"),
        (["-r", "taken"], "taken"),
        (["-r", "free", "write", "ab"], "takes no text"),
        (["evaluate", "--batch-size", "0"], "batch size is 0"),
        (["write", "ab", "--n", "0"], "n is 0"),
        (["write", "æ"], "add --substitute"),
        (["write", "☃", "--substitute"], "leave it out"),
        (["write", "☃☂", "--substitute"], "leave them out"),
        (["write", "--style", "4", "ab"], "before --style"),
        (["write", "ab", "--file", "x"], "two texts"),
        (["write", "--file", "gone.txt"], "gone.txt: No such file"),
        (["write", "ab", "--paper", "b5"], "'b5' is unknown"),
        (["write", "ab", "--pen", "0"], "pen width is 0"),
        (["write", "ab", "--color", "blau"], "'blau' is unknown"),
        (["write", "ab", "--machine", "axi"], "machine 'axi'"),
        (["write", "ab", "-o", "ab.jpg"], "ab.jpg: a file ends in .animated.svg, .svg, .png, .gif, .pdf here"),
        (["write", "ab", "-o", "ab.gcode"], "a plotter's needs --machine NAME"),
        (["write", "ab" + "\\nab" * 12, "--margin", "120"], "no space between margins"),
        (["write", "\x07 \t"], "leave it out"),
        (["animate", "ab ☃"], "'☃' (U+2603)"),
        (["animate", "ab", "--bias", "-1"], "bias is -1.0"),
        (["animate", "ab", "--style", "2", "4"], "one --style"),
        (["evaluate", "--corpus", "nowhere"], "no prepared corpus"),
    ],
)
def test_bad_input_gets_one_line(
    conditional: Path, unconditional: Path, run: Run, arguments: list[str], named: str, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file, no checkpoint and no folder")
    (tmp_path / "free").symlink_to(unconditional)
    assert named in refused(run(conditional, *arguments))
    assert {path.name for path in tmp_path.iterdir()} == {"taken", "free"}


def test_substitutes_are_named(conditional: Path, run: Run) -> None:
    code, out, _ = run(conditional, "write", "æ ª", "--substitute")
    assert code == 0
    assert "'ae' for 'æ', 'a' for 'ª'" in out


def test_letters_with_marks_need_no_substitute(conditional: Path, run: Run) -> None:
    code, out, _ = run(conditional, "write", "à c\u0301", "--substitute")
    assert code == 0 and "instead" not in out


def test_lines_of_a_text_are_lines_of_the_writing(conditional: Path) -> None:
    writing = write(load(conditional), "ab\n\ncd")[0]
    assert writing.texts == ["ab", "", "cd"] and [len(line) > 0 for line in writing.lines] == [True, False, True]


def test_a_text_comes_from_a_file_from_standard_input_or_with_line_breaks(
    conditional: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "letter.txt").write_text("\ufeffab\n\ncd\n", encoding="utf-8")
    typed = io.TextIOWrapper(io.BytesIO(b"ab\n\ncd"))
    monkeypatch.setattr("sys.stdin", typed)
    for number, words in enumerate((["ab\\n\\ncd"], ["--file", "letter.txt"], ["-"])):
        assert run(conditional, "write", *words, "-o", f"{number}.svg")[0] == 0
    assert len({(tmp_path / f"{number}.svg").read_text() for number in range(3)}) == 1
    assert "--file letter.txt" in run(conditional, "write", "letter.txt")[2]


def test_no_writing_is_overwritten_but_the_file_that_is_named(conditional: Path, run: Run, tmp_path: Path) -> None:
    run(conditional, "write", "ab")
    first = (tmp_path / "out" / "writing-1.svg").read_bytes()
    code, out, _ = run(conditional, "write", "cd", "--n", "2")
    assert code == 0 and "writing-1 is there already; this is writing-2" in out
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {f"writing-{k}.{suffix}" for k in (1, 2, 3) for suffix in ("svg", "png")}
    assert (tmp_path / "out" / "writing-1.svg").read_bytes() == first
    (tmp_path / "gap").mkdir()
    (tmp_path / "gap" / "writing-2.svg").touch()
    assert (
        "writing-2 is there already; this is writing-3" in run(conditional, "write", "cd", "--n", "2", "-o", "gap")[1]
    )
    run(conditional, "write", "ab", "--out", "hi.svg")
    assert "hi.svg (written over)" in run(conditional, "write", "cd", "--out", "hi.svg")[1]
    assert not (tmp_path / "hi.png").exists()


def test_paper_and_pen_are_those_that_are_named(conditional: Path, run: Run, tmp_path: Path) -> None:
    options = ["--paper", "100x50", "--margin", "5", "--size", "2", "--ruled", "--pen", "0.3", "--color", "navy"]
    assert run(conditional, "write", "ab\n\ncd", *options, "--polyline", "-o", "a.svg")[0] == 0
    svg = (tmp_path / "a.svg").read_text()
    assert 'width="100.000mm" height="50.000mm"' in svg and 'stroke="#000080" stroke-width="0.3"' in svg
    assert (
        "2 ruling" in svg and svg.count('<g class="line">') == 2 and "C" not in "".join(re.findall(' d="(.*?)"', svg))
    )
    assert run(conditional, "write", "ab", "--filled", "-o", "a.svg")[0] == 0
    assert 'fill="#1a1a2e"' in (tmp_path / "a.svg").read_text()


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
    numbers, row = evaluate(load(conditional), "tiny", ["valid"], data_dir, 3), logged(conditional)[-1]
    assert numbers["nats_per_line"] == pytest.approx(row["val_nats_per_line"], rel=1e-5)
    assert numbers["nats_per_point"] == pytest.approx(row["val_loss"], rel=1e-5)
    assert METRICS["NatsPerLine"].name == "nats_per_line"


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
    assert "weights of another model" in refused(run(tmp_path / "other.pt"))


@pytest.mark.parametrize("name", ["-r", "--resume", "--checkpoint"])
def test_the_checkpoint_and_the_device_are_named_before_or_after_the_subcommand(
    conditional: Path, tmp_path: Path, experiments_cli: Run, name: str
) -> None:
    network, text = [name, str(conditional), "--device", "cpu"], ["write", "ab"]
    assert experiments_cli(*network, *text)[0] == 0
    before = (tmp_path / "out" / "writing-1.svg").read_bytes()
    shutil.rmtree(tmp_path / "out")
    assert experiments_cli(*text, *network)[0] == 0
    assert (tmp_path / "out" / "writing-1.svg").read_bytes() == before
