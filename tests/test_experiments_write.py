"""Styles, the best of several, and legibility, from the command line."""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from commands.paper import given_text
from data_loader.formats.jsonl import write_jsonl
from model.writing.conditional import ConditionalHandwriting
from tests.results.recognizers import ALPHABET, line_of, recognizer
from tests.results.writers import writer
from tests.test_experiments_read import recognition
from tests.tiny import refused, tiny_config, write_corpus
from utils.checkpoint import load_checkpoint, save_checkpoint

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the corpus data/letters, a network that writes, writer.pt, and one that reads, reader.pt."""
    folder = tmp_path_factory.mktemp("writing")
    lines = [line_of(text, split="train") for text in ("abcdefg", "ace", "bd", "feg")]
    write_corpus(folder / "data" / "letters", [*lines, line_of("cab", split="valid"), line_of("deed", split="valid")])
    facts = {**writer().facts, "alphabet": ALPHABET, "mean_points_per_char": 8.0}
    config = tiny_config(folder / "data", folder, "ConditionalHandwriting", data_loader__args__corpus="letters")
    model = ConditionalHandwriting(alphabet_size=len(ALPHABET), **config.resolved["arch"]["args"])
    for name, made_by, weights in (
        ("writer.pt", config, model.state_dict()),
        ("reader.pt", recognition(folder), recognizer().model.state_dict()),
    ):
        save_checkpoint(folder / name, {"config": made_by.resolved, "facts": facts, "model": weights})
    return folder


@pytest.fixture
def run(folder: Path, experiments_cli: Run) -> Run:
    """experiments.py with the writer and a command line, "reader.pt" and "data" standing for those of `folder`."""
    known = {"reader.pt": folder / "reader.pt", "data": folder / "data"}
    return lambda *words: experiments_cli("-r", folder / "writer.pt", *(known.get(word, word) for word in words))


def made(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_style_changes_the_writing(run: Run, tmp_path: Path) -> None:
    write_jsonl([line_of("bag")], tmp_path / "ink.jsonl")
    for number, style in enumerate(([], ["--style", "letters:ace-0"], ["--style", "ink.jsonl"])):
        assert run("write", "dad", *style, "--data-dir", "data", "--out", f"out{number}")[0] == 0
    pictures = {(tmp_path / f"out{number}" / "writing-1.svg").read_text() for number in range(3)}
    assert len(pictures) == 3


def test_several_styles_or_biases_make_one_picture(run: Run, tmp_path: Path) -> None:
    styles = ["--style", "letters:ace-0", "--style", "letters:bd-0", "--data-dir", "data"]
    assert run("write", "dad", *styles, "--bias", "0", "1")[0] == 0
    assert made(tmp_path / "out") == {"styles.svg", "styles.png"}
    picture = (tmp_path / "out" / "styles.svg").read_text()
    assert picture.count("bias 0") == picture.count("bias 1") == 2 and "ace-0: ace" in picture


def test_the_best_of_several_says_what_was_gained(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("write", "dad", "--n", "2", "--best-of", "3", "--reader", "reader.pt")
    numbers = json.loads((tmp_path / "out" / "write.json").read_text())
    assert code == 0 and out.count("of the first") == 2 and "cer_kept" in out
    assert numbers["n_lines"] == 2 and numbers["best_of"] == 3 and numbers["cer_kept"] <= numbers["cer_first"]
    assert [line["text"] for line in numbers["lines"]] == ["dad", "dad"] and numbers["inputs"]["best_of"] == 3
    code, _, err = run("write", "dad", "--best-of", "2", "--reader", "reader.pt", "--out", "letters/page.svg")
    assert (code, err) == (0, "") and made(tmp_path / "letters") == {"page.svg", "write.json"}


def test_the_best_of_several_may_be_chosen_by_its_likeness_to_a_style(run: Run, tmp_path: Path) -> None:
    style = ("--style", "letters:ace-0", "--data-dir", "data")
    code, out, err = run("write", "dad", "--best-of", "3", "--alike", *style)
    numbers = json.loads((tmp_path / "out" / "write.json").read_text())
    assert (code, err) == (0, "") and "; likeness " in out and -1 <= numbers["alike_kept"] <= 1
    assert numbers["n_lines"] == 1, "read by the bundled reader, as none is named"


def test_legibility_leaves_a_table_numbers_a_page_and_a_figure(run: Run, tmp_path: Path) -> None:
    options = ["--reader", "reader.pt", "--bias", "0", "2", "--n", "2", "--data-dir", "data"]
    code, out, _ = run("legibility", *options, "--best-of", "2", "--style", "letters:ace-0")
    assert code == 0 and "bias 2" in out and "real" in out
    assert made(tmp_path / "out") == {f"legibility.{kind}" for kind in ("json", "html", "svg", "png")}
    numbers = json.loads((tmp_path / "out" / "legibility.json").read_text())
    assert [row["bias"] for row in numbers["rows"]] == [0, 2] and numbers["splits"] == ["valid"]
    assert numbers["style"] == "ace-0" and numbers["n_lines"] == 2 and numbers["inputs"]["best_of"] == 2
    assert (tmp_path / "out" / "legibility.html").read_text().startswith("<!DOCTYPE html>")


def test_legibility_by_kind_leaves_a_table_numbers_and_a_page(run: Run, folder: Path, tmp_path: Path) -> None:
    options = ["--kinds", "lower", "numbers", "--reader", "reader.pt", "--n", "2", "--data-dir", "data"]
    code, out, _ = run("legibility", *options, "--corpus", "letters")
    assert code == 0 and f"judged by {folder / 'reader.pt'}" in out and "lower case, bias 1" in out
    assert "Left out for want of characters: numbers." in out
    assert made(tmp_path / "out") == {"legibility.json", "legibility.html"}
    numbers = json.loads((tmp_path / "out" / "legibility.json").read_text())
    assert [(row["kind"], row["lines"]) for row in numbers["rows"]] == [("lower", 2), ("all", 2)]
    assert numbers["real"]["lower"]["lines"] == 2 and numbers["inputs"]["kinds"] == ["lower", "numbers"]


def test_characters_leave_a_table_numbers_and_a_sheet(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("characters", "--reader", "reader.pt", "--n", "2")
    assert code == 0 and "Left out, not in the writer's alphabet: h i j" in out and "of 7 characters are right" in out
    assert made(tmp_path / "out") == {f"characters.{kind}" for kind in ("json", "svg", "png")}
    numbers = json.loads((tmp_path / "out" / "characters.json").read_text())
    assert "".join(numbers["characters"]) == ALPHABET and numbers["inputs"]["n"] == 2


def test_what_is_seldom_read_right_is_named_before_it_is_written(
    run: Run, experiments_cli: Run, tmp_path: Path
) -> None:
    assert run("characters", "--reader", "reader.pt", "--n", "2", "--save-to", "rated.pt")[0] == 0
    content = load_checkpoint(tmp_path / "rated.pt")
    numbers = json.loads((tmp_path / "out" / "characters.json").read_text())["characters"]
    shares = {name: part["right"] / 2 for name, part in numbers.items()}
    assert content["facts"]["read_right"] == shares and content["model"]
    assert "no folder gone" in refused(run("characters", "--reader", "reader.pt", "--save-to", "gone/rated.pt"))
    assert "leave --drawn out" in refused(run("characters", "--drawn", "--save-to", "drawn.pt"))
    content["facts"]["read_right"] = {"a": 0.25, "b": 0.5}
    save_checkpoint(tmp_path / "rated.pt", content)
    code, out, _ = experiments_cli("-r", tmp_path / "rated.pt", "write", "cab")
    assert code == 0 and out.startswith("may be illegible: 'a' (25 % read right)\n")


def test_signs_that_are_drawn_are_named(folder: Path, experiments_cli: Run, tmp_path: Path) -> None:
    content = load_checkpoint(folder / "writer.pt")
    content["facts"]["alphabet"] = " abcdef"
    save_checkpoint(tmp_path / "spaced.pt", content)
    run = partial(experiments_cli, "-r", tmp_path / "spaced.pt")
    code, out, _ = run("write", "bad@cab €", "-o", "signs.svg")
    assert code == 0 and out.startswith("drawn in place of an 'a' that the network writes: @ €\n")
    assert (tmp_path / "signs.svg").is_file()
    assert "Drawn: none" in run("characters", "--reader", folder / "reader.pt", "--n", "1", "--drawn")[1]


def test_what_was_hardly_learned_is_named_before_it_is_written(
    folder: Path, experiments_cli: Run, tmp_path: Path
) -> None:
    content = load_checkpoint(folder / "writer.pt")
    content["facts"]["characters"] = {"a": 99, "b": 30, "c": 29}
    save_checkpoint(tmp_path / "rare.pt", content)
    run = partial(experiments_cli, "-r", tmp_path / "rare.pt", "write")
    warning = "may be illegible"
    assert warning not in run("ab")[1]
    code, out, _ = run("dcab")
    assert (
        code == 0
        and f"{warning}: 'd' (0 drawings), 'c' (29 drawings)" in out.splitlines()[0]
        and "--substitute" not in out
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ink.alphabet.STAND_INS", {"d": "ab"})
        assert "; --substitute writes" in run("bd")[1]
        assert "written instead: 'ab' for 'd'" in (out := run("bd", "--substitute")[1]) and warning not in out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["write", "dad", "--alike"], "add --best-of K"),
        (["write", "dad", "--best-of", "3", "--alike"], "add --style"),
        (["write", "dad", "--reader", "reader.pt"], "--best-of K"),
        (["write", "dad", "--best-of", "101", "--reader", "reader.pt"], "best of 101"),
        (["write", "dad", "--style", "nothing"], "no bundled styles"),
        (["write", "dad", "--style", "letters:zz", "--data-dir", "data"], "no line 'zz'"),
        (["write", "dad", "--bias", "0", "1", "--n", "2", "--animate"], "plain picture; leave out --n, --animate"),
        (["write", "dad", "--style", "1", "2", "--paper", "a5", "--ruled"], "leave out --paper, --ruled"),
        (["write", "dad", "--bias", "0", "1", "--machine", "grbl-servo", "--color", "red"], "--color, --machine"),
        (["write", "dad", "--bias", "0", "1", "-o", "dad.gif"], "a file ends in .svg, .png, .pdf here"),
        (["write", "dad", "--style", "letters:ace-0", "--hands", "each"], "leave out --hands"),
        (["animate", "dad", "--style", "letters:ace-0", "--hands", "one"], "leave out --hands"),
        (["write", "dad", "--n", "3", "--seed", "4294967295"], "seed is 4294967295; it must be from 0 to 2**32 - 3"),
        (["write", "--bias", "1", "dad"], "'dad'; put a text before --bias"),
        (["legibility", "--reader", "gone.pt"], "gone.pt"),
        (["legibility", "--reader", "reader.pt", "--n", "0", "--data-dir", "data"], "n is 0"),
    ],
)
def test_bad_input_gets_one_line(
    run: Run, arguments: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("results.writing.styles.BUNDLED", tmp_path / "none.jsonl")
    assert named in refused(run(*arguments))
    assert not list(tmp_path.iterdir())


def test_a_text_longer_than_any_file_name_is_a_text() -> None:
    text = "ab " * 5000
    assert given_text(argparse.Namespace(text=text, file=None, reflow=False)) == text
