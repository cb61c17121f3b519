"""The version is written once, in pyproject.toml; scripts print it and checkpoints carry it."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch

import experiments
import prepare_data
import train
from tests.tiny import run_main
from utils.checkpoint import load_checkpoint
from utils.version import version

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("script", [train, experiments, prepare_data])
def test_every_script_prints_it(script: Any, monkeypatch: Any, capsys: Any) -> None:
    assert run_main(script, ["--version"], monkeypatch, capsys) == (0, f"Ductus {version()}\n", "")


def test_a_checkpoint_without_version_opens(tmp_path: Path) -> None:
    torch.save({"format_version": 1, "config": {}, "facts": {}, "model": {}}, tmp_path / "old.pt")
    assert "version" not in load_checkpoint(tmp_path / "old.pt")


def test_the_citation_names_the_same_version() -> None:
    (cited,) = re.findall(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited == version()


def test_the_package_list_names_every_package_and_script() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert {name.rstrip("*") for name in tools["packages"]["find"]["include"]} == packages
    assert set(tools["py-modules"]) == {path.stem for path in ROOT.glob("*.py")}
