"""A training that is made up, in a folder."""

from pathlib import Path
from typing import Any

import pytest

from tests.base.scripted import Scripted


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Run a scripted training in tmp_path / "run": the trainer."""
    (tmp_path / "run").mkdir()

    def go(*args: Any, **kwargs: Any) -> Scripted:
        trainer = Scripted(*args, **kwargs)
        trainer.train(tmp_path / "run", tmp_path / "log")
        return trainer

    return go
