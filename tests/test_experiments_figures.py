"""The figures of a writer from the command line: whole files, their numbers, and one line where it goes wrong."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from data_loader.corpus import Corpus
from tests.tiny import refused

Run = Callable[..., tuple[int, str, str]]
STYLES = ("--style", "tiny:{0}", "tiny:{1}")


@pytest.fixture(scope="module")
def ids(data_dir: Path) -> list[str]:
    """The ids of two lines of the tiny corpus."""
    corpus = Corpus(data_dir / "tiny")
    return [corpus.id(0), corpus.id(7)]


@pytest.fixture
def run(tiny_runs: dict[str, Path], ids: list[str], data_dir: Path, experiments_cli: Run) -> Run:
    """experiments.py with the conditional ("c") or unconditional ("u") network, in an empty folder."""
    runs = {name[0].lower(): folder for name, folder in tiny_runs.items()}

    def run(network: str, *arguments: str) -> tuple[int, str, str]:
        named = [argument.format(*ids) for argument in arguments]
        where = ["--data-dir", data_dir] if {"--line", "--style"} & set(named) else []
        return experiments_cli("-r", runs[network], *named, *where)

    return run


@pytest.mark.parametrize(
    ("network", "arguments", "key"),
    [
        ("c", ("window", "ab cd"), "points_per_character"),
        ("c", ("window", "--line", "{0}"), "backward_steps"),
        ("u", ("density", "--bias", "1"), "share_on_paper"),
        ("c", ("density", "--line", "{1}"), "mean_components"),
        ("c", ("bias-sweep", "ab", "--bias", "0", "1", "--n", "2"), "lines"),
        ("c", ("prime", "ab", *STYLES, "--bias", "1"), "styles"),
        ("u", ("interpolate", *STYLES, "--steps", "2"), "lines"),
    ],
)
def test_a_figure_is_three_whole_files_and_its_numbers(
    network: str, arguments: tuple[str, ...], key: str, run: Run, tmp_path: Path
) -> None:
    code, out, _ = run(network, *arguments)
    assert code == 0
    stem = tmp_path / "out" / arguments[0]
    assert {path.suffix for path in stem.parent.iterdir()} == {".svg", ".pdf", ".png", ".json"}
    assert ElementTree.parse(f"{stem}.svg").getroot().tag.endswith("svg")
    assert Path(f"{stem}.pdf").read_bytes().rstrip().endswith(b"%%EOF")
    Image.open(f"{stem}.png").load()
    numbers = json.loads(Path(f"{stem}.json").read_text())
    assert {key, "checkpoint", "inputs", "versions"} <= numbers.keys() and f"{arguments[0]}.json" in out
    if "--line" not in arguments:
        assert {"bias", "seed"} <= numbers["inputs"].keys()


def test_the_pen_at_work(run: Run, tmp_path: Path) -> None:
    assert run("c", "animate", "ab\ncd", "--speed", "4")[0] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["animate.gif", "animate.json", "animate.svg"]
    (page,) = json.loads((tmp_path / "out" / "animate.json").read_text())["pages"]
    assert page["seconds"] > 0 and page["strokes"] > 0


def test_the_pen_at_work_writes_what_write_does(
    experiments_cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("results.writing.writer.POINT_MARGIN", 0.1)
    (tmp_path / "text.txt").write_text("“ab”")
    options = ["--file", "text.txt", "--substitute", "--seed", "2"]
    code, out, err = experiments_cli("animate", *options, "--speed", "50")
    assert (code, err) == (0, "") and "in the bundled style 9;" in out and "'\"' for '“'" in out
    assert "seed 2: hit the limit of points before their end: '\"ab\"'" in out
    experiments_cli("write", *options, "-o", "still.svg")
    still, moving = (
        len(re.findall("<path", (tmp_path / name).read_text())) for name in ("still.svg", "out/animate.svg")
    )
    assert still == moving


def test_the_pen_at_work_on_ruled_paper(run: Run, tmp_path: Path) -> None:
    assert run("c", "animate", "ab", "--speed", "50", "--paper", "a6", "--ruled", "--color", "navy")[0] == 0
    picture = (tmp_path / "out" / "animate.svg").read_text()
    assert "2 ruling" in picture and 'stroke="#000080"' in picture and 'width="105.000mm"' in picture


@pytest.mark.parametrize(
    ("network", "arguments", "named"),
    [
        ("c", ("window",), "must be given a text to write"),
        ("u", ("window",), "no window"),
        ("c", ("density", "snow ☃"), "'☃' (U+2603)"),
        ("c", ("density", "--line", "none-such"), "no line 'none-such'"),
        ("c", ("window", "ab", "--line", "{0}"), "leave out the text"),
        ("c", ("window", "--line", "{0}", "--seed", "2"), "leave out the text"),
        ("c", ("window", "ab", "--corpus", "tiny"), "--line ID"),
        ("c", ("window", "ab " * 99), "a figure shows one line"),
        ("c", ("bias-sweep", "ab", "--bias", "-1"), "bias is -1.0"),
        ("c", ("bias-sweep", "ab", "--n", "0"), "n is 0"),
        ("c", ("prime", "ab", "--style", "tiny:none-such"), "no line 'none-such'"),
        ("c", ("interpolate", "ab", *STYLES, "--steps", "0"), "steps is 0"),
        ("u", ("interpolate", "ab", *STYLES), "leave the text out"),
        ("c", ("animate", "ab", "--speed", "0"), "speed is 0.0"),
    ],
)
def test_bad_input_gets_one_line(
    network: str, arguments: tuple[str, ...], named: str, run: Run, tmp_path: Path
) -> None:
    assert named in refused(run(network, *arguments))
    assert not list(tmp_path.iterdir())


def test_files_that_are_written_over_are_named_and_a_file_is_no_folder(run: Run, tmp_path: Path) -> None:
    assert "written over" not in run("c", "window", "ab")[1]
    assert run("c", "window", "ab")[1].count(" (written over)\n") == 4
    assert "names a file; several are made" in refused(run("c", "window", "ab", "-o", "figure.svg"))
    (tmp_path / "as.svg").mkdir()
    assert run("c", "window", "ab", "-o", "as.svg")[0] == 0
    assert {path.name for path in tmp_path.iterdir()} == {"out", "as.svg"}
