"""Hands on the command line: made of a run by export, and written in."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tiny import refused, tiny_config
from trainer.run import train

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def learned(data_dir: Path, tiny_runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that began from the checkpoint writer.pt, which is in the folder of the run's folder."""
    folder = tmp_path_factory.mktemp("hand")
    shutil.copy(tiny_runs["ConditionalHandwriting"] / "best.pt", folder / "writer.pt")
    begin = {"trainer__epochs": 1, "init_from": str(folder / "writer.pt")}
    run = train(tiny_config(data_dir, folder / "saved", "ConditionalHandwriting", **begin)).folder
    return Path(shutil.copytree(run, folder / "run"))


def test_a_hand_is_exported_and_its_writing_says_whose_it_is(learned: Path, experiments_cli: Run) -> None:
    file = learned.parent / "ada.pt"
    for note in ("", " (written over)"):
        code, out, _ = experiments_cli("-r", learned, "export", file, "--hand", "Ada", "--strength", 0.9)
        assert code == 0 and out.endswith(f"MB, the hand of Ada{note}\n")
    for options in (["write", "ab", "--hand", file], ["-r", file, "write", "ab"]):
        code, out, _ = experiments_cli(*options)
        assert code == 0 and out.startswith("in the hand of Ada (must not be used to pass as them)\n")
    assert "in the hand of" not in experiments_cli("-r", learned, "write", "ab")[1]
    assert "ada.pt: is a hand already" in refused(experiments_cli("-r", file, "export", "again.pt", "--hand", "Bob"))


def test_both_ways_to_name_a_hand_take_the_same_options(learned: Path, experiments_cli: Run) -> None:
    file = learned.parent / "ada.pt"
    experiments_cli("-r", learned, "export", file, "--hand", "Ada")
    made = []
    for options in (["write", "ab", "--hand", file], ["-r", file, "write", "ab"]):
        fault = refused(experiments_cli(*options, "--hands", "each"))
        assert "a style or a hand is the handwriting of all lines; leave out --hands" in fault
        code, out, _ = experiments_cli(*options, "--best-of", 2, "--alike", "--out", f"{len(made)}.svg")
        assert code == 0 and "; likeness " in out
        made.append(Path(f"{len(made)}.svg").read_text())
    assert made[0] == made[1]


def test_what_is_no_hand_is_refused(learned: Path, experiments_cli: Run) -> None:
    network = learned.parent / "writer.pt"
    assert f"no hand; write with it by -r {network}" in refused(experiments_cli("write", "ab", "--hand", network))
    assert "run: is a folder; --hand takes a file" in refused(experiments_cli("write", "ab", "--hand", learned))
    assert "no such checkpoint" in refused(experiments_cli("write", "ab", "--hand", "none.pt"))


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["h.pt", "--strength", 0.5], "--strength is for a hand: add --hand NAME"),
        (["h.pt", "--hand", "Ada", "--bits", 8], "--bits is for a whole network"),
        (["h.txt"], "h.txt: a checkpoint is made; give it a name that ends in .pt"),
        (["h.txt", "--hand", "Ada"], "h.txt: a checkpoint is made"),
        (["h.pt", "--hand", ""], "the name of a hand is empty"),
        (["h.pt", "--hand", "Ada", "--strength", 0], "the strength of a hand is 0"),
    ],
)
def test_export_refuses_what_it_would_ignore(
    learned: Path, experiments_cli: Run, tmp_path: Path, options: list[str], fault: str
) -> None:
    assert fault in refused(experiments_cli("-r", learned, "export", *options))
    assert not [*tmp_path.glob("h.*")]
