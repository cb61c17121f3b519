"""Shared fixtures: one thread, and a tiny corpus that is drawn once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import settings

import experiments
import train
from data_loader.synthetic.lines import synthetic_lines
from parse_config import ConfigParser
from tests.catalogue import GOOD
from tests.tiny import ARCHS, run_main, thinned, tiny_config, write_corpus
from trainer import run

settings.register_profile("no deadline", deadline=None)  # a busy machine is slow, not wrong
settings.load_profile("no deadline")


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Small sizes are fastest on one core, and sums come out the same bit for bit."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the corpus "tiny": 18 lines of three writers to train on and 6 of a fourth to validate."""
    folder = tmp_path_factory.mktemp("data")
    lines = synthetic_lines(num_writers=4, lines_per_writer=6, valid_writers=1)
    write_corpus(folder / "tiny", map(thinned, lines))
    return folder


@pytest.fixture
def tiny(data_dir: Path, tmp_path: Path) -> Callable[..., ConfigParser]:
    """A maker of configs for trainings on the tiny corpus, with runs under tmp_path / "saved"."""

    def make(arch: str = "UnconditionalHandwriting", **changes: object) -> ConfigParser:
        return tiny_config(data_dir, tmp_path / "saved", arch, **changes)

    return make


@pytest.fixture
def train_cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run train.py with a command line: exit code, stdout, stderr."""
    return lambda *arguments: run_main(train, [str(argument) for argument in arguments], monkeypatch, capsys)


@pytest.fixture
def experiments_cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """Run experiments.py with a command line in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: run_main(experiments, [str(argument) for argument in arguments], monkeypatch, capsys)


@pytest.fixture(scope="session")
def tiny_runs(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The run directories of trainings of one epoch of networks that write lines, by architecture."""
    saved = tmp_path_factory.mktemp("saved")
    return {name: run.train(tiny_config(data_dir, saved, name, trainer__epochs=1)).folder for name in ARCHS}


@pytest.fixture
def good_file(tmp_path: Path) -> Path:
    """The config GOOD of tests/catalogue.py as a file, alone in its folder."""
    (tmp_path / "c.json").write_text(json.dumps(GOOD))
    return tmp_path / "c.json"


@pytest.fixture
def config_file(tiny: Callable[..., ConfigParser], tmp_path: Path) -> Callable[..., Path]:
    """Write a tiny config to a file: its path."""

    def write(*args: Any, **changes: Any) -> Path:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(tiny(*args, **changes).resolved))
        return path

    return write
