"""The command line of prepare_data.py: a raw data set becomes a corpus whole, or not at all."""

import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import prepare_data
from data_loader import prepare
from data_loader.corpus import Corpus
from data_loader.prepare import PRACTICE
from data_loader.synthetic.digits import synthetic_digits
from data_loader.synthetic.lines import synthetic_lines
from ink.strokes import InkLine
from model.language.ngram import load_language_model
from results.trained import BUNDLED, FOLDER
from tests.data_loader.formats.mini_iam import MiniIam
from tests.tiny import assert_same_ink, ink_line, refused, run_main, write_corpus
from utils.files import file_hash

Cli = Callable[..., tuple[int, str, str]]
LINES = {"a01-000u-01", "a01-000u-02", "a01-000u-03", "b02-001z-01", "b02-001z-02", "c03-002-01"}


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    """Run prepare_data.py with a command line and tmp_path / "data": exit code, stdout, stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        command = [*map(str, arguments), "--data-dir", str(tmp_path / "data")]
        return run_main(prepare_data, command, monkeypatch, capsys)

    return run


@pytest.fixture
def iam(tmp_path: Path) -> Path:
    return MiniIam().write_archives(tmp_path / "raw")


def ids(folder: Path) -> set[str]:
    return {line.id for line in lines_of(folder)}


@pytest.mark.parametrize("below", [None, ""])
def test_archives_and_trees_become_a_corpus(cli: Cli, tmp_path: Path, below: str | None) -> None:
    raw = MiniIam()
    source = raw.write_archives(tmp_path / "raw") if below is None else raw.write_tree(tmp_path / "raw", below)
    code, out, err = cli("iam-ondb", source)
    assert (code, err) == (0, "")
    data = tmp_path / "data"
    assert out.startswith("iam-ondb: 6 lines, 24 points") and f"prepared in {data / 'iam-ondb'}; look at it" in out
    assert out.endswith(f"python prepare_data.py look iam-ondb --data-dir {data}\n")
    assert "listed form without ink: 1 (z99-999z)" in out, "oddities are told"
    assert ids(tmp_path / "data" / "iam-ondb") == LINES and os.listdir(tmp_path / "data") == ["iam-ondb"]
    card = Corpus(tmp_path / "data" / "iam-ondb").card
    assert card["source"] == "iam-ondb" and {name: part["lines"] for name, part in card["splits"].items()} == {
        "trainset": 3,
        "testset_v": 2,
        "testset_f": 1,
    }
    assert "listed form without ink" in card["report"]["noted"]


def test_a_name_of_ones_own(cli: Cli, iam: Path, tmp_path: Path) -> None:
    assert cli("iam-ondb", iam, "--name", "mine")[0] == 0
    assert os.listdir(tmp_path / "data") == ["mine"] and Corpus(tmp_path / "data" / "mine").card["name"] == "mine"


def test_preparing_again_gives_the_same_bytes(cli: Cli, iam: Path, tmp_path: Path) -> None:
    hashes = []
    for _ in range(2):
        assert cli("iam-ondb", iam)[0] == 0
        hashes.append(Corpus(tmp_path / "data" / "iam-ondb").card["sha256"])
    assert hashes[0] == hashes[1] and os.listdir(tmp_path / "data") == ["iam-ondb"]


@pytest.mark.parametrize("older", [True, False])
@pytest.mark.parametrize("damage", ["missing", "no archive", "archive cut short", "no lines", "text file"])
def test_a_bad_source_leaves_everything_as_it_was(
    cli: Cli, iam: Path, tmp_path: Path, damage: str, older: bool
) -> None:
    if older:
        assert cli("iam-ondb", iam)[0] == 0
    archive = iam / "lineStrokes-all.tar.gz"
    if damage == "missing":
        iam = iam / "nowhere"
    elif damage == "no archive":
        archive.unlink()
    elif damage == "archive cut short":
        os.truncate(archive, archive.stat().st_size // 2)
    elif damage == "no lines":
        MiniIam(ink={}).write_archives(iam)
    else:
        iam = iam / "trainset.txt"
    assert str(iam) in refused(cli("iam-ondb", iam)) or damage == "no lines"
    if older:
        assert os.listdir(tmp_path / "data") == ["iam-ondb"] and ids(tmp_path / "data" / "iam-ondb") == LINES
    else:
        assert not (tmp_path / "data").exists() or os.listdir(tmp_path / "data") == []


def test_a_folder_that_is_no_corpus_is_not_replaced(cli: Cli, iam: Path, tmp_path: Path) -> None:
    assert "cannot be the name of a corpus" in refused(cli("iam-ondb", iam, "--name", "../raw"))
    assert sorted(os.listdir(tmp_path / "raw"))[-1] == "trainset.txt"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["iam-ondb"], "required: source"),
        (["iam-offdb", "x"], "there is no 'iam-offdb'; did you mean iam-ondb?"),
        (["iam-ondb", "x", "--labels", "y"], "there is no option --labels"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(cli: Cli, tmp_path: Path, words: list[str], message: str) -> None:
    code, _, err = cli(*words)
    assert code == 2 and err.count("\n") == 1 and message in err and not (tmp_path / "data").exists()


def lines_of(folder: Path) -> list[InkLine]:
    corpus = Corpus(folder)
    return [corpus.line(line) for line in range(len(corpus))]


@pytest.mark.parametrize("target", ["lines.jsonl", "lines.jsonl.gz", "inkml"])
def test_what_loses_nothing_comes_back_the_same(cli: Cli, tmp_path: Path, target: str) -> None:
    lines = [replace(ink_line(n, text="Wörter, zwei", split=split), unit="mm") for n in (1, 2) for split in "ab"]
    lines += [replace(ink_line(9, text=""), unit="mm", writer="", times=None)]
    write_corpus(tmp_path / "data" / "mine", lines)
    format_name = target.partition(".")[2].removesuffix(".gz") or target
    code, out, err = cli("export", "mine", tmp_path / target, "--format", format_name)
    assert (code, err) == (0, "") and out == f"5 lines in {tmp_path / target}\n"
    assert cli(format_name, tmp_path / target, "--name", "again")[0] == 0
    assert_same_ink(*(lines_of(tmp_path / "data" / name) for name in ("mine", "again")))


def test_strokes_npy_comes_back_with_its_ink_and_text(cli: Cli, tmp_path: Path) -> None:
    write_corpus(tmp_path / "data" / "mine", [ink_line(n, text=f"text {n}") for n in range(5)])
    assert cli("export", "mine", tmp_path / "npy", "--format", "strokes-npy")[0] == 0
    assert sorted(os.listdir(tmp_path / "npy")) == ["sentences.txt", "strokes-py3.npy"]
    assert cli("strokes-npy", tmp_path / "npy", "--split-by", "order", "--valid-share", "0.4")[0] == 0
    corpus = Corpus(tmp_path / "data" / "strokes-npy")
    assert {name: part["lines"] for name, part in corpus.card["splits"].items()} == {"train": 3, "valid": 2}
    for line in range(5):
        assert corpus.text(line) == f"text {line}"
        np.testing.assert_array_equal(np.diff(corpus.points(line), axis=0), np.diff(ink_line(line).points, axis=0))


def test_export_writes_the_splits_given_and_never_over_a_file(cli: Cli, tmp_path: Path) -> None:
    write_corpus(tmp_path / "data" / "mine", [ink_line(1), ink_line(2, split="valid")])
    assert cli("export", "mine", tmp_path / "out.jsonl", "--split", "valid")[0] == 0
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 1
    assert "is there already" in refused(cli("export", "mine", tmp_path / "out.jsonl"))
    assert "no split test; it has train, valid" in refused(cli("export", "mine", tmp_path / "x", "--split", "test"))


def test_a_sound_corpus_is_said_to_be_and_a_damaged_one_is_refused(cli: Cli, tmp_path: Path) -> None:
    write_corpus(tmp_path / "data" / "mine", [ink_line(1), ink_line(2, split="valid")])
    code, out, err = cli("check", "mine")
    assert (code, err) == (0, "") and out.endswith(f"{tmp_path / 'data' / 'mine'}: valid\n")
    with open(tmp_path / "data" / "mine" / "texts.bin", "r+b") as file:
        file.write(b"c")
    code, out, err = cli("check", "mine")
    assert code == 2 and "texts.bin" in out and "prepare it again" in err and err.count("\n") == 1
    assert "texts.bin" in refused(cli("look", "mine", "--out", tmp_path / "page.html"))
    assert not (tmp_path / "page.html").exists()


def test_the_ink_is_read_and_compared_with_its_text(cli: Cli, tmp_path: Path) -> None:
    sound, swapped = [
        line for line in synthetic_lines(num_writers=1, lines_per_writer=20, valid_writers=0) if len(line.text) > 12
    ][:2]
    write_corpus(tmp_path / "data" / "mine", [sound, replace(swapped, id="swapped", text=sound.text)])
    code, out, err = cli("check", "mine", "--ink")
    assert (code, err) == (0, "") and out.splitlines()[-1].endswith("mine: valid")
    notes = [line for line in out.splitlines() if line.startswith("note: line")]
    assert len(notes) == 1 and notes[0].startswith(f"note: line swapped: its text is {sound.text!r}, and it reads ")
    assert "note: written never (a hand" in out and "reads" not in cli("check", "mine")[1]
    assert "no such checkpoint" in refused(cli("check", "mine", "--ink", "--reader", tmp_path / "none.pt"))


def test_lines_with_the_text_of_others_are_left_out_of_a_legible_corpus(cli: Cli, tmp_path: Path) -> None:
    first, swapped, valid = [
        line for line in synthetic_lines(num_writers=1, lines_per_writer=20, valid_writers=0) if len(line.text) > 12
    ][:3]
    swapped, valid = replace(swapped, id="swapped", text=first.text), replace(valid, split="valid", text=first.text)
    write_corpus(tmp_path / "data" / "mine", [first, swapped, valid])
    code, out, err = cli("legible", "mine")
    assert (code, err) == (0, "") and "left out, illegible, of train: 1 (swapped)" in out
    assert ids(tmp_path / "data" / "mine-legible") == {first.id, valid.id}
    assert file_hash(FOLDER / BUNDLED["read lines"]) in Corpus(tmp_path / "data" / "mine-legible").card["how_made"]
    assert cli("legible", "mine", "--splits", "train", "valid", "--max-cer", 9, "--name", "all")[0] == 0
    assert ids(tmp_path / "data" / "all") == {first.id, "swapped", valid.id}
    assert "no split test" in refused(cli("legible", "mine", "--splits", "test"))


def test_digits_are_left_out_by_a_reader_of_digits(cli: Cli, tmp_path: Path) -> None:
    digits = {line.text: line for line in synthetic_digits(num_writers=1, times_each=1, valid_writers=0)}
    eight, three = digits["8"], digits["3"]
    mislabelled = replace(eight, id="mislabelled", text="1")
    write_corpus(tmp_path / "data" / "mine", [eight, three, mislabelled, replace(three, id="valid", split="valid")])
    reader = FOLDER / BUNDLED["read characters"]
    code, out, err = cli("legible", "mine", "--reader", reader)
    assert (code, err) == (0, "") and "left out, illegible, of train: 1 (mislabelled)" in out
    assert ids(tmp_path / "data" / "mine-legible") == {eight.id, three.id, "valid"}


@pytest.mark.slow
def test_the_bundled_writer_practises_behind_peoples_lines(cli: Cli, tmp_path: Path) -> None:
    lines = list(synthetic_lines(num_writers=2, lines_per_writer=6, valid_writers=1))
    write_corpus(tmp_path / "data" / "mine", lines)
    code, out, err = cli("practice", "mine", "--lines", 6, "--bias", 1)
    assert (code, err) == (0, "") and "mine-practice: 6 lines" in out
    made = Corpus(tmp_path / "data" / "mine-practice")
    assert file_hash(FOLDER / "writer-iam.pt") in made.card["how_made"] and made.card["source"] == PRACTICE
    assert any(made.text(n).startswith(line.text.split()[0]) for n in range(6) for line in lines)
    assert "lines is 0" in refused(cli("practice", "mine", "--lines", 0))


def test_prompts_are_printed_or_saved(cli: Cli, tmp_path: Path) -> None:
    code, out, err = cli("prompts", "--n", 5)
    sentences = out.splitlines()
    assert code == 0 and len(sentences) == 5 and err.startswith("5 sentences, ") and "\nnever: " in err
    code, out, err = cli("prompts", "--n", 5, "--out", tmp_path / "prompts.txt")
    assert (code, err) == (0, "") and out.endswith(f"saved as {tmp_path / 'prompts.txt'}\n")
    assert (tmp_path / "prompts.txt").read_text(encoding="utf-8").splitlines() == sentences
    code, out, _ = cli("prompts", "-r", Path("saved/pretrained/digits.pt").absolute())
    assert code == 0 and {*"".join(out.split())} == {*"0123456789"}
    assert "it must be 1 or more" in refused(cli("prompts", "--n", 0))
    assert "not allowed with" in refused(cli("prompts", "--alphabet", "ab", "-r", "x.pt"))


def test_the_page_shows_lines_numbers_and_what_was_noted(cli: Cli, tmp_path: Path, iam: Path) -> None:
    assert cli("iam-ondb", iam)[0] == 0
    code, out, err = cli("look", "iam-ondb", "--out", tmp_path / "deep" / "page.html")
    assert (code, err) == (0, "") and str(tmp_path / "deep" / "page.html") in out
    page = (tmp_path / "deep" / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 6 and "a01-000u-01" in page and "listed form without ink" in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "") and "<script" not in page


def test_rare_characters_are_named(cli: Cli, tmp_path: Path) -> None:
    write_corpus(tmp_path / "data" / "mine", [ink_line(n, text="aaaaaaaaaab") for n in range(2)])
    assert cli("export", "mine", tmp_path / "o.jsonl")[0] == 0
    assert "characters that occur less than 10 times: 'b' 2\n" in cli("jsonl", tmp_path / "o.jsonl")[1]


def test_the_built_in_corpus_is_drawn_and_made_only_where_it_is_not_there(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(prepare.BUILT_IN, "synthetic", lambda: iter([ink_line(1), ink_line(2, split="valid")]))
    code, out, _ = cli("synthetic")
    assert code == 0 and out.startswith("synthetic: 2 lines, 40 points, 2 characters")
    monkeypatch.setitem(prepare.BUILT_IN, "synthetic", lambda: pytest.fail("it is there"))
    assert len(prepare.open_corpus("synthetic", tmp_path / "data")) == 2


def test_the_built_in_corpus_is_made_when_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(prepare.BUILT_IN, "synthetic", lambda: iter([ink_line(1)]))
    assert len(prepare.open_corpus("synthetic", tmp_path / "data")) == 1


def test_a_corpus_that_was_opened_is_one_that_was_prepared(tmp_path: Path) -> None:
    write_corpus(tmp_path / "mine", [ink_line(1)])
    assert prepare.open_corpus("mine", tmp_path).id(0) == "train-1"


def test_a_language_model_learns_from_several_corpora_and_files_but_not_from_texts_to_be_measured(
    cli: Cli, tmp_path: Path
) -> None:
    def corpus(name: str, **texts: list[str]) -> None:
        lines = [(text, split) for split, of_split in texts.items() for text in of_split]
        write_corpus(tmp_path / "data" / name, [ink_line(n, text=t, split=s) for n, (t, s) in enumerate(lines)])

    corpus("first", train=["abba", "abab", "baba"], valid=["abba", "bab"])
    corpus("second", train=["cab", "abba"], valid=["ccc"])
    (tmp_path / "more.txt").write_text("abc\nabba\n")

    def learned(*options: str) -> str:
        code, out, err = cli("language-model", "first", *options, "--out", tmp_path / "lm.npz")
        assert code == 0, err
        return out

    out = learned()
    assert out.startswith("3 lines, 12 characters")
    model = load_language_model(tmp_path / "lm.npz")
    nats, count = model.nats(["abba", "bab"])
    assert f"perplexity {math.exp(nats / count):.2f} per character of first, valid" in out and model.alphabet == "ab"
    everything = (str(tmp_path / "more.txt"), "--corpus", "second")
    assert learned(*everything).startswith("7 lines, 26 characters")
    assert load_language_model(tmp_path / "lm.npz").alphabet == "abc"
    assert learned(*everything, "--unseen").startswith("4 lines, 14 characters"), "abba is measured on"
    learned("--min-count", "3")
    assert [len(level.keys) for level in load_language_model(tmp_path / "lm.npz").levels][:2] == [1, 3]
    learned("--min-count", "6")
    assert [len(level.keys) for level in load_language_model(tmp_path / "lm.npz").levels] == [1, 2]
    assert "perplexity" not in learned("--split", "train", "valid")
