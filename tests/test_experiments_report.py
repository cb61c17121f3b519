"""A report of a run, and a page that compares runs: they show what was logged and measured, and stand alone."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments import evaluate, load
from logger.run_log import METRICS
from results.pages.measured_sections import LineSample, evaluation_section
from tests.render.web.test_html import Outline
from tests.results.recognizers import ALPHABET, line_of
from tests.test_experiments_read import recognition
from tests.tiny import logged, refused, tiny_config, write_corpus
from trainer.run import train

Run = Callable[..., tuple[int, str, str]]
LETTERS = ("abcdefg", "ace", "bd", "cab", "gage", "bead", "fade", "egg")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Runs of all kinds of network on the corpora data/letters and data/digits, and the folder that they are in."""
    folder = tmp_path_factory.mktemp("report")
    lines = [line_of(text, split="train") for text in LETTERS]
    lines += [line_of(text, seed=1, split="valid", writer=text) for text in LETTERS]
    write_corpus(folder / "data" / "letters", lines)
    digits = [line_of(letter, seed, split=split) for split in ("train", "valid") for seed in (1, 2) for letter in "abc"]
    write_corpus(folder / "data" / "digits", digits)
    shown = {"trainer__tensorboard": True, "trainer__show_epochs": 1, "trainer__show_lines": 2}
    paths = {"folder": folder}
    for arch in ("ConditionalHandwriting", "UnconditionalHandwriting"):
        config = tiny_config(folder / "data", folder / "saved", arch, data_loader__args__corpus="letters", **shown)
        paths[arch] = train(config).folder
    paths["Seq2SeqRecognizer"] = train(recognition(folder)).folder
    for arch in ("ClassConditionalHandwriting", "StrokeClassifier"):
        changes = {"trainer__epochs": 1, "data_loader__args__corpus": "digits"}
        paths[arch] = train(tiny_config(folder / "data", folder / "saved", arch, **changes)).folder
    return paths


@pytest.fixture
def run(runs: dict[str, Path], experiments_cli: Run, tmp_path: Path) -> Run:
    """experiments.py with a command line, in an empty folder but for the corpora."""
    (tmp_path / "data").symlink_to(runs["folder"] / "data")
    return experiments_cli


def page_of(folder: Path, name: str = "report") -> Outline:
    """The page, of which nothing runs and nothing is fetched."""
    text = (folder / "out" / f"{name}.html").read_text()
    outline = Outline(text)
    tags = {tag for tag, _ in outline.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed", "form", "a", "base", "image", "use"}
    for tag, attrs in outline.tags:
        assert not any(key.startswith("on") or "href" in key for key in attrs)
        assert (attrs.get("src") or "data:image/png;base64,").startswith("data:image/png;base64,") or tag != "img"
    assert not re.search(r"https?:|url\(|@import", text)
    return outline


def numbers_of(folder: Path, name: str = "report") -> dict[str, Any]:
    return json.loads((folder / "out" / f"{name}.json").read_text())


ARCHS = {
    "ConditionalHandwriting": ("What it writes", "Where it attends and what it expects", "nats per line"),
    "UnconditionalHandwriting": ("What it writes", "Where it attends and what it expects", "nats per line"),
    "ClassConditionalHandwriting": ("What it writes", "nats per line"),
    "Seq2SeqRecognizer": ("Which ink each character was read from", "words"),
    "StrokeClassifier": ("right",),
}


@pytest.mark.parametrize("arch", ARCHS)
def test_a_report_of_every_kind_of_network(arch: str, runs: dict[str, Path], run: Run, tmp_path: Path) -> None:
    code, _, err = run("-r", runs[arch], "report", "--lines", "3")
    assert (code, err) == (0, "") and {path.name for path in (tmp_path / "out").iterdir()} == {
        "report.html",
        "report.json",
    }
    outline, numbers = page_of(tmp_path), numbers_of(tmp_path)
    for wanted in (*ARCHS[arch], "Curves", "Evaluation", "Config", f"3 lines of valid of {numbers['corpus']}", arch):
        assert wanted in outline.text
    epochs = [row for row in logged(runs[arch]) if "epoch" in row]
    best = min(row["val_loss"] for row in epochs)
    if numbers["monitor"] == "min val_loss":
        assert numbers["best_val_loss"] == best and f"best: {best:.4g}" in outline.text
    for row in epochs:
        assert f"validation: {row['val_loss']:.6g} at {row['step']}" in outline.text
    assert numbers["evaluation"]["n_lines"] == 3 and numbers["evaluation"]["of_lines"] > 3
    pictures = sum("src" in attrs for _, attrs in outline.tags)
    assert pictures == {"ConditionalHandwriting": 2 + 4, "UnconditionalHandwriting": 1 + 4, "Seq2SeqRecognizer": 5}.get(
        arch, 0
    )


def nats_by_writer(numbers: dict[str, Any]) -> dict[str, float]:
    return {group["writer"]: group["nats_per_line"] for group in numbers["by_writer"]}


def test_a_sample_of_lines_is_measured_as_they_are_among_all(runs: dict[str, Path]) -> None:
    network = load(runs["ConditionalHandwriting"])
    sample = LineSample("letters", ["valid"], runs["folder"] / "data", None, 1)
    whole, (_, remark, _) = evaluation_section(network, sample)
    assert whole["n_lines"] == whole["of_lines"] == 8 and "all" in remark
    direct = evaluate(network, None, ["valid"], sample.data_dir, 4)
    assert whole["nats_per_line"] == pytest.approx(direct["nats_per_line"], rel=1e-5)
    by_writer = nats_by_writer(whole)
    drawn = set()
    for seed in (1, 2):
        some, _ = evaluation_section(network, replace(sample, n=3, seed=seed))
        nats = nats_by_writer(some)
        assert nats == pytest.approx({name: by_writer[name] for name in nats}, rel=1e-4)
        assert some["nats_per_line"] == pytest.approx(sum(nats.values()) / 3, rel=1e-4)
        drawn.add(tuple(nats))
    assert len(drawn) == 2 and set(map(len, drawn)) == {3}


def test_results_of_graves_are_shown_next_to_those_of_all_lines_only(runs: dict[str, Path], tmp_path: Path) -> None:
    card = tmp_path / "iam" / "card.json"
    write_corpus(card.parent, [line_of(text, split="testset_v") for text in LETTERS])
    card.write_text(card.read_text().replace('"source": "test"', '"source": "iam-ondb"'))
    network, sample = load(runs["ConditionalHandwriting"]), LineSample("iam", ["testset_v"], tmp_path, None, 1)
    for n, shown in (None, True), (7, False):
        numbers, (_, _, body) = evaluation_section(network, replace(sample, n=n))
        assert bool(numbers["graves_2013"]) == ("Graves" in body) == shown


def test_a_bare_checkpoint_has_no_empty_sections(runs: dict[str, Path], run: Run, tmp_path: Path) -> None:
    shutil.copy(runs["ConditionalHandwriting"] / "best.pt", tmp_path / "bare.pt")
    (tmp_path / "data").unlink()
    assert run("-r", "bare.pt", "report", "--text", "a bad cab")[0] == 2  # no blank in its alphabet
    code, _, err = run("-r", "bare.pt", "report", "--text", "abc", "--reader", runs["Seq2SeqRecognizer"])
    text = page_of(tmp_path).text
    assert (code, err) == (0, "") and text.count("Left out: data/letters: no prepared corpus") == 2
    assert "Curves" not in text and "While it trained" not in text
    assert "evaluation" not in numbers_of(tmp_path) and numbers_of(tmp_path)["steps"] is None
    assert (tmp_path / "out" / "report.html").stat().st_size < 1_000_000


def test_a_reader_measures_how_legible_a_network_writes(runs: dict[str, Path], run: Run, tmp_path: Path) -> None:
    for writer, reader, wanted in (
        ("ConditionalHandwriting", "Seq2SeqRecognizer", "cer_real"),
        ("ClassConditionalHandwriting", "StrokeClassifier", "accuracy_real"),
    ):
        assert run("-r", runs[writer], "report", "--lines", "2", "--reader", runs[reader])[0] == 0
        assert wanted in numbers_of(tmp_path)["legibility"] and "bias 0.5" in page_of(tmp_path).text


def test_damaged_logs_are_named(runs: dict[str, Path], run: Run, tmp_path: Path) -> None:
    shutil.copytree(runs["folder"] / "saved", tmp_path / "saved")
    path = tmp_path / runs["UnconditionalHandwriting"].relative_to(runs["folder"])
    log = tmp_path / "saved" / "log" / path.parent.name / path.name
    (log / METRICS).write_text((log / METRICS).read_text()[:-20] + "\n")
    for events in log.glob("events*"):
        events.write_bytes(b"damaged")
    assert run("-r", path, "report", "--lines", "1")[0] == 0
    text = page_of(tmp_path).text
    assert (
        f"{METRICS}: 1 of its" in text
        and "are damaged and left out" in text
        and "its pictures and times are left out" in text
    )
    (log / METRICS).unlink()
    assert run("-r", path, "report", "--lines", "1")[0] == 0
    assert "cannot be read" in page_of(tmp_path).text


def test_hostile_names_are_text(runs: dict[str, Path], run: Run, tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>&\"'"
    home = tmp_path / "saved" / "models" / evil / "run"
    shutil.copytree(runs["ConditionalHandwriting"], home)
    content = torch.load(home / "best.pt", weights_only=True)
    content["config"]["trainer"]["monitor"] = "min val_loss"
    content["config"]["data_loader"]["args"][evil] = evil
    torch.save(content, home / "best.pt")
    assert run("-r", home, "report", "--lines", "1")[0] == 0
    assert evil in page_of(tmp_path).text
    assert run("compare", home, runs["ConditionalHandwriting"])[0] == 0
    assert evil in page_of(tmp_path, "compare").text


def test_runs_of_all_kinds_compared(runs: dict[str, Path], run: Run, tmp_path: Path) -> None:
    paths = [runs[arch] for arch in ARCHS]
    code, out, err = run("compare", *paths, "--bias", "1")
    text, numbers = page_of(tmp_path, "compare").text, numbers_of(tmp_path, "compare")
    assert (code, err) == (0, "") and all(arch in out and arch in text for arch in ARCHS)
    assert [row["arch"] for row in numbers["runs"]] == list(ARCHS)
    names = [row["run"] for row in numbers["runs"]]
    assert numbers["config"]["arch.type"] == {name: f'"{arch}"' for name, arch in zip(names, ARCHS, strict=True)}
    assert numbers["config"]["metrics"][names[-1]] == '[{"type": "Accuracy", "args": {}}]'
    assert "losses of different kinds" in text and "trainer.epochs" in text and "optimizer.args.lr" not in text
    for row, path in zip(numbers["runs"], paths, strict=True):
        epochs = [line for line in logged(path) if "epoch" in line]
        assert row["epochs"] == len(epochs) and f"{row['run']}: {epochs[-1]['val_loss']:.6g}" in text
    writing = {row["arch"]: row["writing"] for row in numbers["runs"]}
    assert writing["Seq2SeqRecognizer"] is None and writing["ConditionalHandwriting"]["text"] == ALPHABET
    assert writing["ClassConditionalHandwriting"]["text"] == "abc"
    assert writing["UnconditionalHandwriting"]["points"] > 0


def test_of_two_checkpoints_of_one_name_both_files_are_named(runs: dict[str, Path], run: Run, tmp_path: Path) -> None:
    files = [tmp_path / folder / "same.pt" for folder in ("a", "b")]
    for file in files:
        file.parent.mkdir()
        shutil.copy(runs["ConditionalHandwriting"] / "best.pt", file)
    assert f"same.pt: two runs have this name ({files[0]}, {files[1]})" in refused(run("compare", *files))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["report"], "no checkpoint is named"),
        (["-r", "writer", "report", "--lines", "0"], "--lines is 0"),
        (["-r", "writer", "report", "--corpus", "nowhere"], "no prepared corpus"),
        (["-r", "writer", "report", "--split", "test"], "no split test"),
        (["-r", "writer", "report", "--reader", "gone.pt"], "gone.pt"),
        (["-r", "reader", "report", "--text", "abc"], "leave out --text"),
        (["-r", "free", "report", "--text", "abc"], "takes no text"),
        (["compare", "writer"], "name 2 to 20 runs"),
        (["compare", "writer", "writer"], "two runs have this name"),
        (["compare", "writer", "gone.pt"], "gone.pt"),
        (["-r", "writer", "compare", "writer", "reader"], "leave -r out"),
        (["compare", "writer", "reader", "--text", "hello"], "'h'"),
        (["compare", "reader", "free", "--text", "abc"], "none of these runs writes a given text"),
    ],
)
def test_bad_input_gets_one_line(
    runs: dict[str, Path], run: Run, arguments: list[str], named: str, tmp_path: Path
) -> None:
    kinds = {"writer": "ConditionalHandwriting", "free": "UnconditionalHandwriting", "reader": "Seq2SeqRecognizer"}
    assert named in refused(run(*[runs[kinds[word]] if word in kinds else word for word in arguments]))
    assert not (tmp_path / "out").exists()


def test_lines_that_were_joined_to_train_on_are_measured_joined(runs: dict[str, Path]) -> None:
    alone, network = load(runs["ConditionalHandwriting"]), load(runs["ConditionalHandwriting"])
    network.facts["transform"] = {"join_words": 60}
    sample = LineSample("letters", ["train"], runs["folder"] / "data", 1, 1)
    corpus, _, lines, of_lines = sample.draw(network)
    assert of_lines < sample.draw(alone)[3] and " " in corpus.text(lines[0])
