"""The files of `write`: which there are, which are written over, and which are left as they were."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.tiny import refused

Run = Callable[..., tuple[int, str, str]]
LINES = "\\n".join(["ab"] * 5)


@pytest.fixture
def write(tiny_runs: dict[str, Path], experiments_cli: Run) -> Run:
    """`experiments.py write` with a tiny network, in an empty folder."""
    return partial(experiments_cli, "-r", tiny_runs["ConditionalHandwriting"], "write")


def made(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_only_what_is_written_over_is_named_so(write: Run, tmp_path: Path) -> None:
    (tmp_path / "m.svg").touch()
    (tmp_path / "m-2.svg").touch()
    code, out, _ = write("ab", "--n", "2", "-o", "m.svg")
    assert code == 0 and made(tmp_path) == {"m.svg", "m-1.svg", "m-2.svg"}
    assert "m-1.svg\n" in out and "m-2.svg (written over)\n" in out and "m.svg (" not in out
    assert (tmp_path / "m.svg").read_text() == ""


def test_pages_of_an_earlier_writing_are_named(write: Run, tmp_path: Path) -> None:
    sheet = ["--paper", "100x50", "--line-spacing", "12", "-o", "st.svg"]
    assert "earlier" not in write(LINES, *sheet)[1]
    pages = made(tmp_path)
    assert len(pages) > 1 and "st-page1.svg" in pages
    out = write("ab", *sheet)[1]
    assert out.count(": of an earlier writing, left as it was") == len(pages) and made(tmp_path) == {*pages, "st.svg"}
    out = write(LINES, *sheet)[1]
    assert out.count("(written over)") == len(pages) and "st.svg: of an earlier writing" in out


def test_pictures_of_several_are_numbered_in_a_folder(write: Run, tmp_path: Path) -> None:
    for _ in range(2):
        assert write("ab", "--bias", "0", "1")[0] == 0
    assert made(tmp_path / "out") == {"styles.svg", "styles.png", "styles-2.svg", "styles-2.png"}
    for note in ("b.pdf\n", "b.pdf (written over)\n"):
        assert write("ab", "--bias", "0", "1", "-o", "b.pdf")[1] == note
    assert (tmp_path / "b.pdf").read_bytes().startswith(b"%PDF")


def test_the_moving_pen_is_next_to_the_file_that_is_named(write: Run, tmp_path: Path) -> None:
    assert write("ab", "--animate", "-o", "m.svg")[0] == 0
    assert made(tmp_path) == {"m.svg", "m.gif", "m.animated.svg"}
    assert write("ab", "-o", "out/.animated.svg")[0] == 0 and made(tmp_path / "out") == {".animated.svg"}


def test_a_folder_may_have_a_dot(write: Run, tmp_path: Path) -> None:
    (tmp_path / "my.letters").mkdir()
    for folder in ("my.letters", "bias0.5"):
        assert write("ab", "-o", folder)[0] == 0
        assert "writing-1.svg" in made(tmp_path / folder)


def test_a_file_of_a_plotter_is_made_alone(write: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.paper.require_vpype", lambda: None)
    monkeypatch.setattr("results.writing.lines.write_plot", lambda path, page, machine: path.touch())
    code, out, _ = write("ab", "--machine", "grbl-servo", "-o", "ab.gcode")
    assert code == 0 and out.startswith("ab.gcode\n")
    assert made(tmp_path) == {"ab.gcode"}


@pytest.mark.parametrize(
    ("command", "out"), [("write", "taken/a.svg"), ("write", "taken"), ("evaluate", "taken/deep/folder")]
)
def test_where_nothing_can_be_made_is_refused_before_any_work(
    experiments_cli: Run, tmp_path: Path, command: str, out: str
) -> None:
    (tmp_path / "taken").touch()
    text = ["ab"] if command == "write" else []
    assert "choose another --out" in refused(experiments_cli("-r", "no-such-network.pt", command, *text, "--out", out))
    assert made(tmp_path) == {"taken"}
