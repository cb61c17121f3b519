"""Reading from the command line: files of ink in, rows, pictures and numbers out."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from data_loader.formats.inkml.export import write_inkml
from data_loader.formats.jsonl import write_jsonl
from data_loader.synthetic.lines import synthetic_lines
from experiments import load, read
from ink.strokes import InkLine
from model.language.training import train_language_model
from parse_config import ConfigParser
from render.ink.page import lay_out
from render.ink.svg import write_svg
from results.pages.reading import MARK
from tests.results.recognizers import STD, line_of, recognizer, straight_line
from tests.tiny import refused, tiny_config, write_corpus
from trainer.run import train
from utils.checkpoint import load_checkpoint, save_checkpoint

Run = Callable[..., tuple[int, str, str]]
LINES = [line_of("cabbage"), line_of("bed"), replace(line_of("face"), text="")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the corpus data/letters, and a recognizer of it as reader.pt."""
    folder = tmp_path_factory.mktemp("reading")
    lines = [line_of(text, split="train") for text in ("abcdefg", "ace", "bd")]
    lines += [line_of("cabbage", split="valid", writer="ann"), replace(line_of("deed", split="valid"), text="dead")]
    write_corpus(folder / "data" / "letters", lines)
    config = recognition(folder)
    run_dir = train(config).folder
    content = load_checkpoint(run_dir / "best.pt")
    facts = {**content["facts"], "std": STD}
    save_checkpoint(folder / "reader.pt", {**content, "model": recognizer().model.state_dict(), "facts": facts})
    return folder


def recognition(folder: Path) -> ConfigParser:
    """The config of a training of a network of the size of `recognizer`, that shows pictures."""
    changes = {"trainer__epochs": 1, "trainer__monitor": "min val_cer"}
    changes |= {"trainer__show_epochs": 1, "trainer__tensorboard": True, "data_loader__args__corpus": "letters"}
    args = recognizer().config["arch"]["args"]
    return tiny_config(folder / "data", folder / "saved", "Seq2SeqRecognizer", arch__args=args, **changes)


@pytest.fixture
def run(folder: Path, experiments_cli: Run) -> Run:
    """experiments.py with the recognizer and a command line, in an empty folder."""
    return lambda *arguments: experiments_cli("-r", folder / "reader.pt", *arguments)


@pytest.fixture
def ink(tmp_path: Path) -> Path:
    write_jsonl(LINES, tmp_path / "ink.jsonl")
    return tmp_path / "ink.jsonl"


def test_a_row_a_line_with_confidence_id_and_text(run: Run, ink: Path, tmp_path: Path) -> None:
    code, out, err = run("read", ink)
    assert code == 0 and err == ""
    rows = [row.split() for row in out.splitlines()]
    assert [[row[1], *row[2:]] for row in rows] == [
        ["cabbage-0", "CER", "0.0", "%", "cabbage"],
        ["bed-0", "CER", "0.0", "%", "bed"],
        ["face-0", "face"],
    ]
    assert all(0.5 < float(row[0]) <= 1 for row in rows)
    assert (
        len({row.index(text) for row, text in zip(out.splitlines(), (" cabbage", " bed", " face"), strict=True)}) == 1
    )
    assert list(tmp_path.iterdir()) == [ink]


def test_the_command_line_says_what_the_function_does(run: Run, ink: Path, folder: Path) -> None:
    for options, given in (([], {}), (["--beam", "3", "--ctc-weight", "1", "--length-bonus", "2"], (3, 1.0, 2.0))):
        keys = ("beam", "ctc_weight", "length_bonus")
        readings = read(load(folder / "reader.pt"), LINES, **dict(zip(keys, given, strict=False)))
        out = run("read", ink, *options)[1]
        assert [row.split()[-1] for row in out.splitlines()] == [reading.text for reading in readings]
        assert [row.split()[0] for row in out.splitlines()] == [f"{reading.confidence:.2f}" for reading in readings]


def test_a_language_model_comes_from_its_file(run: Run, ink: Path, folder: Path, tmp_path: Path) -> None:
    alphabet = load(folder / "reader.pt").facts["alphabet"]
    train_language_model(["cab", "bad", "bad"], alphabet).model.save(tmp_path / "lm.npz")
    rows = run("read", ink, "--lm", "lm.npz", "--lm-weight", "10")[1].splitlines()
    assert [row.split()[-1] for row in rows][1] == "bad"
    assert "ink.jsonl" in refused(run("read", ink, "--lm", ink))


def test_tuning_searches_with_the_settings_that_are_named(run: Run, folder: Path, tmp_path: Path) -> None:
    train_language_model(["cab", "bad"], load(folder / "reader.pt").facts["alphabet"]).model.save(tmp_path / "lm.npz")
    command = ("tune", "--lm", "lm.npz", "--data-dir", folder / "data", "--beam", "2")
    code, out, err = run(*command)
    assert (code, err) == (0, "") and out.startswith("CER")
    assert json.loads((tmp_path / "out" / "tune.json").read_text())["n_lines"] == 2
    for option, number, message in (
        ("--lines", 0, "it must be 1 or more"),
        ("--beam", 0, "beam is 0"),
        ("--ctc-weight", 7, "ctc_weight is 7.0"),
    ):
        assert message in refused(run(*command, option, number))


def test_inkml_and_svg_are_read_too_and_several_files(run: Run, ink: Path, tmp_path: Path) -> None:
    write_inkml(LINES[:1], tmp_path / "inkml")
    (inkml,) = (tmp_path / "inkml").iterdir()
    (page,) = lay_out([LINES[1].points])
    write_svg(tmp_path / "page.SVG", page)
    code, out, _ = run("read", inkml, tmp_path / "page.SVG", ink)
    assert code == 0 and len(out.splitlines()) == 5
    assert out.splitlines()[0].split()[1:] == ["cabbage-0", "CER", "0.0", "%", "cabbage"]
    assert out.splitlines()[1].split()[1] == "page"


def test_files_that_cannot_be_read_are_named_and_the_others_read(run: Run, ink: Path, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_jsonl(LINES[:1], tmp_path / folder / "ink.jsonl")
    files = ["a/ink.jsonl", "none.svg", "b/ink.jsonl"]
    code, out, err = run("read", *files, "--json")
    assert code == 2 and err == "error: none.svg: no such file\n"
    assert [page["file"] for page in json.loads(out)["pages"]] == [files[0], files[2]]
    assert run("read", "none.svg", "none.inkml")[::2] == (2, err + err.replace("svg", "inkml"))


def test_a_page_is_read_line_by_line_and_whole_if_asked(run: Run, tmp_path: Path) -> None:
    lines = [line.points for line in synthetic_lines(num_writers=1, lines_per_writer=3, valid_writers=0)]
    points = np.concatenate([line + np.array([0, 150 * n, 0]) for n, line in enumerate(lines)]).astype(np.float32)
    write_jsonl([InkLine("page", "bed face", "", "", points), LINES[0]], tmp_path / "page.jsonl")
    code, out, _ = run("read", "page.jsonl", "--out", "numbers")
    assert code == 0
    assert [row.split()[1] for row in out.splitlines()[:4]] == ["page-1", "page-2", "page-3", "cabbage-0"]
    assert out.splitlines()[4].startswith("CER") and out.splitlines()[4].endswith("page, 3 lines")
    assert json.loads((tmp_path / "numbers" / "read.json").read_text())["lines"][0]["id"] == "page-1"
    rule = np.float32([[0, 60, 0], [1500, 62, 1]])
    write_jsonl(
        [InkLine("page", "bed face", "", "", np.concatenate([rule, points])), LINES[0]], tmp_path / "rule.jsonl"
    )
    assert run("read", "rule.jsonl") == (0, out.rpartition("numbers")[0], "left out, rules and frames: 1 (page)\n")
    rows = run("read", "page.jsonl", "--whole")[1].splitlines()
    assert [row.split()[1] for row in rows] == ["page", "cabbage-0"]


def test_a_line_that_was_left_out_is_named(run: Run, ink: Path) -> None:
    ink.write_text(ink.read_text() + '{"strokes": [[[0, 0], [1, "x"]]]}\n')
    code, out, err = run("read", ink)
    assert code == 0 and len(out.splitlines()) == 3
    assert "left out" in err and err.count("\n") == 1


def test_explain_draws_every_line(run: Run, ink: Path, tmp_path: Path) -> None:
    code, out, _ = run("read", ink, "--explain", "--out", "here")
    names = {f"reading-{number}.{suffix}" for number in (1, 2, 3) for suffix in ("png", "svg")}
    assert code == 0 and {path.name for path in (tmp_path / "here").iterdir()} == names | {"read.json"}
    saved = json.loads((tmp_path / "here" / "read.json").read_text())
    assert [line["text"] for line in saved["lines"]] == ["cabbage", "bed", "face"] and saved["n_lines"] == 3
    assert saved["inputs"]["explain"] is True and saved["versions"]["torch"]
    assert all(f"here/{name}" in out for name in names)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["read", "nowhere.jsonl"], "nowhere.jsonl: no such file"),
        (["read", "ink.txt"], "ink is read from files that end in .inkml, .jsonl"),
        (["read", "empty.svg"], "empty.svg"),
        (["read", "."], ".: is a folder; name the files in it, such as *.inkml"),
        (["read", "ink.jsonl", "--lm", "german"], "german: no such language model; bundled are english, language"),
        (["read", "ink.jsonl", "--lm-weight", "1"], "name it with --lm"),
        (["read", "dot.jsonl"], "dot.jsonl"),
        (["read", "ink.jsonl", "--beam", "0"], "beam is 0"),
        (["read", "ink.jsonl", "--lm", "nowhere.npz"], "nowhere.npz"),
        (["evaluate", "--beam", "1000"], "beam is 1000"),
        (["evaluate", "--corpus", "nowhere"], "no prepared corpus"),
        (["evaluate", "--batch-size", "0"], "batch size is 0"),
        (["write", "abc"], "try -r saved/pretrained/writer-iam.pt"),
        ([], "try -r saved/pretrained/writer-iam.pt"),
    ],
)
def test_bad_input_gets_one_line(run: Run, ink: Path, tmp_path: Path, arguments: list[str], named: str) -> None:
    for name, text in {"ink.txt": "", "empty.svg": "", "dot.jsonl": '{"strokes": [[[0, 0]]]}'}.items():
        (tmp_path / name).write_text(text)
    before = sorted(tmp_path.iterdir())
    assert named in refused(run(*arguments))
    assert sorted(tmp_path.iterdir()) == before


def test_evaluate_puts_numbers_and_a_page(run: Run, folder: Path, tmp_path: Path) -> None:
    code, out, _ = run("evaluate", "--data-dir", folder / "data", "--beam", "2")
    numbers = json.loads((tmp_path / "out" / "evaluate.json").read_text())
    assert code == 0 and (numbers["n_lines"], numbers["splits"], numbers["beam"]) == (2, ["valid"], 2)
    assert numbers["cer"] == numbers["cer_raw"] == pytest.approx(1 / 11)
    assert numbers["cer_low"] <= numbers["cer"] <= numbers["cer_high"] and numbers["wer"] == 0.5
    assert numbers["confusion"] == [{"true": "a", "read": "e", "count": 1, "of": 3}]
    assert numbers["checkpoint"].endswith("reader.pt") and {"seconds", "lines_per_second", "lm"} <= numbers.keys()
    page = (tmp_path / "out" / "evaluate.html").read_text()
    assert f"de{MARK}a</mark>d\nde{MARK}e</mark>d" in page
    assert "out/evaluate.html" in out and f"{numbers['cer']:.4f}" in out


def test_a_training_shows_what_is_read(folder: Path) -> None:
    events = (folder / "saved" / "log" / "tiny").glob("*/events.*")
    assert sum(path.read_bytes().count(b"samples/1") for path in events) == 1


def test_json_names_every_word_with_its_ink(run: Run, ink: Path, tmp_path: Path) -> None:
    code, out, _ = run("read", ink, "--json")
    content = json.loads(out)
    assert code == 0 and list(tmp_path.iterdir()) == [ink]
    assert content["n_lines"] == 3 and content["checkpoint"].endswith("reader.pt")
    assert content["characters_per_second"] > 0 and content["points_per_second"] > 0
    assert [page["id"] for page in content["pages"]] == ["cabbage-0", "bed-0", "face-0"]
    for line, source in zip(content["lines"], LINES, strict=True):
        assert set(line) == {"id", "page", "text", "confidence", "box", "words"} and line["page"] == source.id
        (word,) = line["words"]
        assert set(word) == {"text", "confidence", "box", "strokes", "alternatives"} and word["box"] == line["box"]
        assert word["strokes"] == [{"stroke": n, "first": 0, "last": 7} for n in range(len(line["text"]))]
        assert all(set(other) == {"text", "confidence"} for other in word["alternatives"])
    code, printed, messages = run("read", ink, "--json", "--explain", "--out", "here")
    saved = json.loads((tmp_path / "here" / "read.json").read_text())
    assert json.loads(printed)["lines"] == saved["lines"] == content["lines"] and "reading-3.png" in messages


def test_a_page_is_drawn_with_what_was_read_next_to_it(run: Run, tmp_path: Path) -> None:
    lines = [line.points for line in synthetic_lines(num_writers=1, lines_per_writer=3, valid_writers=0)]
    points = np.concatenate([line + np.array([0, 150 * n, 0]) for n, line in enumerate(lines)]).astype(np.float32)
    write_jsonl([InkLine("page", "", "", "", points)], tmp_path / "page.jsonl")
    assert "out/page-1.svg" in run("read", "page.jsonl", "--draw")[1]
    drawing = (tmp_path / "out" / "page-1.svg").read_text()
    words = [
        word["text"] for line in json.loads(run("read", "page.jsonl", "--json")[1])["lines"] for word in line["words"]
    ]
    assert words and all(f">{word}</text>" in drawing for word in words) and "90 % sure or more" in drawing


def test_a_calibration_is_fitted_to_half_of_the_writers_and_kept_in_a_new_checkpoint(
    run: Run, folder: Path, tmp_path: Path, experiments_cli: Run
) -> None:
    lines = [
        replace(line_of(text, n, split="valid"), writer=f"w{n}") for n in range(4) for text in ("bed", "face", "ad")
    ]
    write_corpus(tmp_path / "data" / "four", [*lines, line_of("ace", split="train")])
    code, out, err = run("calibrate", "new.pt", "--corpus", "four", "--split", "valid")
    assert code == 0, err
    old, new = load_checkpoint(folder / "reader.pt"), load_checkpoint(tmp_path / "new.pt")
    numbers = json.loads((tmp_path / "out" / "calibrate.json").read_text())
    words = numbers["words"]
    assert new["facts"].pop("calibration")["ink"]["words"] == [words["shift"], words["scale"]]
    assert new["facts"] == old["facts"] and all(
        torch.equal(new["model"][name], old["model"][name]) for name in old["model"]
    )
    assert (numbers["writers_fitted_to"], numbers["writers_measured_on"]) == (2, 2)
    assert words["after"]["count"] == 6 and "ECE before" in out and "new.pt: sha256" in out
    assert {"calibrate.png", "calibrate.svg"} <= {path.name for path in (tmp_path / "out").iterdir()}
    write_jsonl(LINES[:1], tmp_path / "one.jsonl")
    readers = (folder / "reader.pt", "new.pt")
    before, after = (experiments_cli("-r", reader, "read", "--json", "one.jsonl")[1] for reader in readers)
    assert json.loads(before)["lines"][0]["confidence"] != json.loads(after)["lines"][0]["confidence"]
    assert "no folder gone" in refused(run("calibrate", "gone/new.pt", "--corpus", "four", "--split", "valid"))
    assert "known writers" in refused(run("calibrate", "new.pt", "--corpus", "four", "--split", "train"))


def test_without_a_checkpoint_the_bundled_reader_reads(experiments_cli: Run, ink: Path) -> None:
    code, out, err = experiments_cli("read", ink, "--json")
    assert code == 0, err
    assert json.loads(out)["checkpoint"].endswith("saved/pretrained/reader.pt")


def test_a_reader_of_single_characters_refuses_a_line_and_names_one_that_reads_it(
    experiments_cli: Run, ink: Path
) -> None:
    digits = Path(__file__).parents[1] / "saved" / "pretrained" / "digit_recognition.pt"
    message = refused(experiments_cli("-r", digits, "read", ink))
    assert "cabbage-0: this ink is more than a character" in message and "reader.pt" in message


@pytest.mark.slow
def test_a_written_letter_is_read_in_the_lines_that_it_was_written_in(experiments_cli: Run, tmp_path: Path) -> None:
    letter = Path(__file__).parent.parent / "docs" / "letter.txt"
    assert experiments_cli("write", "--file", letter, "--style", "4", "-o", "letter.svg")[0] == 0
    written = (tmp_path / "letter.svg").read_text().count('<g class="line">')
    _, out, _ = experiments_cli("read", "letter.svg")
    assert len(out.splitlines()) == written >= 12


def test_faults_of_lines_and_files_are_named_each_with_its_own(run: Run, tmp_path: Path) -> None:
    write_jsonl([replace(straight_line(20_000), text=""), replace(line_of("bed"), text="")], tmp_path / "long.jsonl")
    for name in ("one", "two"):
        (tmp_path / f"{name}.inkml").write_text(f"<{name}/>")
    code, out, err = run("read", "long.jsonl", "one.inkml", "two.inkml", "--whole")
    assert code == 2 and [row.split()[1:] for row in out.splitlines()] == [["straight"], ["bed-0", "bed"]]
    first, second, third = (row for row in err.splitlines() if row.startswith("error: "))
    assert "one.inkml" in first and "two.inkml" not in first and "two.inkml" in second and "one.inkml" not in second
    assert third.startswith("error: straight: 20,000 points are more than the 10,000")
