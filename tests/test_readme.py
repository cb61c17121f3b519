"""The README names files, options and keys that exist."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

import train
from tests.tiny import run_main
from trainer import TrainerSettings
from utils.signature import named_parameters

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = "\n".join(re.findall(r"```bash\n(.*?)```", README, re.S)).replace("\\\n", " ")
NEW_RUNS = [line for line in BLOCKS.splitlines() if line.startswith("python train.py -c")]


@pytest.mark.parametrize("command", NEW_RUNS)
def test_every_new_run_of_the_readme_passes_the_check(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    arguments = shlex.split(command, comments=True)[2:]
    code, out, err = run_main(train, [*arguments, "--check"], monkeypatch, capsys)
    assert (code, err) == (0, "") and '"arch"' in out


def test_there_are_such_runs() -> None:
    assert len(NEW_RUNS) >= 3


def test_every_trainer_key_stands_in_the_table() -> None:
    table = "\n".join(line for line in README.splitlines() if line.startswith("| `"))
    keys = set(named_parameters(TrainerSettings))
    assert {key for key in keys if f"`{key}`" not in table and f"`trainer.{key}`" not in table} == set()


def test_every_picture_is_there() -> None:
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README)
    assert pictures and all((ROOT / picture).is_file() for picture in pictures)


def test_make_help_lists_what_the_readme_names() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in {*re.findall(r"make ([a-z-]+)", BLOCKS), "lint", "test-all", "bench"}:
        assert f"make {target} " in listed
