"""What the tests share: one thread, and a tiny corpus that is drawn once."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from data_loader.formats.synthetic import synthetic_lines
from parse_config import ConfigParser
from tests.tiny import thinned, tiny_config, write_corpus


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
