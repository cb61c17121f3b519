"""Pages become lines with their shares of the text: by line breaks, by what a network reads, by the lines' sizes."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import prepare_data
from data_loader.corpus import Corpus
from data_loader.cut_lines import (
    cut_page,
    cut_pages,
    share_text,
    shared_by_reading,
    shared_by_size,
)
from data_loader.formats.jsonl import write_jsonl
from data_loader.formats.read_report import Report
from data_loader.prepare import prepare
from data_loader.synthetic.lines import synthetic_lines
from ink.strokes import InkLine
from tests.tiny import run_main
from utils.errors import InputError

TEXTS = ["Once upon a time there was", "a king who had three sons and", "one of them went out"]


@cache
def lines_of(count: int = 5) -> list[InkLine]:
    return list(synthetic_lines(num_writers=1, lines_per_writer=count, valid_writers=0))


def page_of(lines: list[InkLine], name: str = "page") -> InkLine:
    """The lines under each other, with their texts as a single one."""
    points = np.concatenate([line.points + np.array([0, 150 * n, 0]) for n, line in enumerate(lines)]).astype(
        np.float32
    )
    text = " ".join(line.text for line in lines)
    return replace(lines[0], id=name, text=text, points=points, times=np.arange(len(points)) / 60)


def test_a_page_becomes_lines_with_names_and_times_of_their_own() -> None:
    page = page_of(lines_of())
    lines = cut_page(page)
    assert [line.id for line in lines] == [f"page-{n}" for n in range(1, 6)]
    assert all(line.writer == page.writer and line.split == page.split and line.text == "" for line in lines)
    assert [len(line.points) for line in lines] == [len(line.points) for line in lines_of()]
    assert all(
        line.times is not None and line.times[0] == 0 and line.times[1] == pytest.approx(1 / 60) for line in lines
    )


def test_a_page_of_one_line_is_that_line() -> None:
    page = lines_of()[0]
    assert cut_page(page)[0] is page and next(cut_pages([page], Report())) is page


def test_rules_are_in_no_line() -> None:
    page = page_of(lines_of(3))
    rule = np.array([[x, 100 + x / 400, x == 3000] for x in range(0, 3001, 20)], np.float32)
    ruled = replace(page, points=np.concatenate([rule, page.points]), times=None)
    lines = list(cut_pages([replace(ruled, text="Once\nupon a\ntime")], report := Report()))
    assert [len(line.points) for line in lines] == [len(line.points) for line in lines_of(3)]
    assert "page without its rules and frames: 1 (page)" in report.summary()


def test_line_breaks_decide_where_there_are_as_many_as_in_the_ink() -> None:
    lines = cut_page(page_of(lines_of(3)))
    assert share_text("  Once \n\nupon a\ntime ", lines) == ["Once", "upon a", "time"]


def with_errors(text: str, rng: np.random.Generator) -> str:
    """The text with every eighth character wrong, missing or doubled, as a network may read it."""
    return "".join(str(rng.choice(["", c + c, "x"])) if rng.random() < 1 / 8 else c for c in text)


def test_a_reading_with_errors_shares_out_the_text_as_it_was_written() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        shares = shared_by_reading(" ".join(TEXTS).split(), [with_errors(text, rng) for text in TEXTS])
        assert shares == TEXTS


def test_a_share_far_from_its_reading_is_doubtful_and_the_others_are_kept() -> None:
    assert shared_by_reading(" ".join(TEXTS).split(), [TEXTS[0], "zzz zzz zzzz zzz zzzzzz zz zz", TEXTS[2]]) == [
        TEXTS[0],
        None,
        TEXTS[2],
    ]


@pytest.mark.parametrize("readings", [["", "", ""], ["x" * 500] * 3, [TEXTS[0] * 9, "", ""]])
def test_readings_that_fit_nowhere_are_all_doubtful(readings: list[str]) -> None:
    assert shared_by_reading(" ".join(TEXTS).split(), readings) == [None] * 3


def test_a_text_of_fewer_words_than_lines_is_doubtful() -> None:
    assert share_text("Once upon", cut_page(page_of(lines_of(3)))) == [None] * 3


def test_sizes_share_out_words_whose_ends_are_far_apart_and_doubt_others() -> None:
    half = lines_of()[0]
    assert shared_by_size(["incomprehensible", "incomprehensible"], [half, half]) == ["incomprehensible"] * 2
    assert shared_by_size(["a"] * 20, [half, half]) == [None, None]
    assert shared_by_size(["one", "incomprehensible", "two"], [half, half]) == [None, None]


def test_what_is_left_out_is_counted() -> None:
    report = Report()
    page = page_of(lines_of())
    read = [line.text for line in lines_of()]
    read[2] = "?"
    lines = list(cut_pages([page, lines_of()[0]], report, lambda _: read))
    assert [line.id for line in lines] == ["page-1", "page-2", "page-4", "page-5", lines_of()[0].id]
    assert [line.text for line in lines] == [line.text for line in [*lines_of()[:2], *lines_of()[3:], lines_of()[0]]]
    assert report.num_dropped == 1 and "left out, line of a doubtful text: 1 (page-3)" in report.summary()
    assert "page cut into lines: 1 (page)" in report.summary()


def test_drawings_without_text_are_lines_without_text() -> None:
    page = replace(page_of(lines_of()), text="")
    report = Report()
    assert [line.text for line in cut_pages([page], report)] == [""] * 5 and not report.num_dropped


Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    """prepare_data.py jsonl on a file of a page and a line, with more arguments: exit code, stdout, stderr."""
    write_jsonl([page_of(lines_of()), replace(lines_of()[0], split="valid")], tmp_path / "pages.jsonl")

    def run(*arguments: str) -> tuple[int, str, str]:
        command = [
            "jsonl",
            str(tmp_path / "pages.jsonl"),
            "--data-dir",
            str(tmp_path),
            "--split-by",
            "line",
            *arguments,
        ]
        return run_main(prepare_data, command, monkeypatch, capsys)

    return run


def test_the_command_line_cuts_pages_by_a_reader(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare_data, "load_as", lambda *_: None)
    monkeypatch.setattr(prepare_data, "texts_read_by", lambda _: lambda lines: [line.text for line in lines_of()])
    code, out, _ = cli("--cut-lines", "--reader", "reader.pt")
    assert code == 0 and "page cut into lines: 1 (page)" in out
    corpus = Corpus(tmp_path / "jsonl")
    assert [corpus.text(n) for n in range(len(corpus) - 1)] == [line.text for line in lines_of()]
    assert "pages cut into lines" in corpus.card["how_made"]


def test_pages_stay_whole_by_default(cli: Cli, tmp_path: Path) -> None:
    assert cli()[0] == 0
    assert len(Corpus(tmp_path / "jsonl")) == 2


def test_a_reader_without_pages_to_cut_is_refused(cli: Cli, tmp_path: Path) -> None:
    code, _, err = cli("--reader", "reader.pt")
    assert code == 2 and "--cut-lines" in err and err.count("\n") == 1 and not (tmp_path / "jsonl").exists()


def test_a_reader_that_is_not_there_is_named(cli: Cli, tmp_path: Path) -> None:
    code, _, err = cli("--cut-lines", "--reader", str(tmp_path / "none.pt"))
    assert code == 2 and "none.pt" in err and err.count("\n") == 1 and not (tmp_path / "jsonl").exists()


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (TEXTS, ""),
        (TEXTS[:2], "--texts has 2 lines, and the ink 3 lines"),
        ([*TEXTS, "more"], "--texts has 4 lines, and the ink 3 lines"),
    ],
)
def test_texts_that_were_copied_are_given_to_the_lines_of_ink(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    texts: list[str],
    message: str,
) -> None:
    page = replace(page_of(lines_of(3)), text="")
    write_jsonl([page], tmp_path / "ink.jsonl")
    (tmp_path / "prompts.txt").write_text("\n\n".join(texts) + "\n", encoding="utf-8")
    words = ["jsonl", str(tmp_path / "ink.jsonl"), "--name", "mine", "--data-dir", str(tmp_path), "--cut-lines"]
    words += ["--texts", str(tmp_path / "prompts.txt"), "--valid-share", "0.3"]
    code, _, err = run_main(prepare_data, words, monkeypatch, capsys)
    if message:
        assert code == 2 and message in err and not (tmp_path / "mine").exists()
    else:
        corpus = Corpus(tmp_path / "mine")
        assert [corpus.text(line) for line in range(len(corpus))] == texts


def test_texts_of_windows_with_tabs_go_to_files_by_their_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ink").mkdir()
    for n, line in zip((10, 9, 1), lines_of(3), strict=True):
        write_jsonl([replace(line, text="")], tmp_path / "ink" / f"page{n}.jsonl")
    (tmp_path / "prompts.txt").write_text("one\nni\tne \nten\n", encoding="utf-8-sig")
    words = ["jsonl", str(tmp_path / "ink"), "--name", "mine", "--data-dir", str(tmp_path), "--valid-share", "0.3"]
    code, out, err = run_main(prepare_data, [*words, "--texts", str(tmp_path / "prompts.txt")], monkeypatch, capsys)
    corpus = Corpus(tmp_path / "mine")
    assert code == 0 and "in this order: page1.jsonl, page9.jsonl, page10.jsonl" in out, err
    texts = {len(corpus.points(line)): corpus.text(line) for line in range(3)}
    assert [texts[len(line.points)] for line in lines_of(3)] == ["ten", "ni ne", "one"]


def test_ink_that_says_what_it_is_takes_no_other_texts(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "prompts.txt").write_text("other\n" * 6, encoding="utf-8")
    code, _, err = cli("--cut-lines", "--texts", str(tmp_path / "prompts.txt"))
    assert code == 2 and "page: has a text of its own" in err and err.count("\n") == 1


def test_pages_that_lose_all_their_lines_name_the_reasons(tmp_path: Path) -> None:
    write_jsonl([replace(page_of(lines_of()), text="two words")], tmp_path / "page.jsonl")
    with pytest.raises(
        InputError, match="not one line in it can be used; line of a doubtful text, without --reader: 5"
    ):
        prepare("jsonl", tmp_path / "page.jsonl", tmp_path / "made", Report(), cut_lines=True)
