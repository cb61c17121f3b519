"""make hands a text to the scripts as it was typed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = "it costs $50, $(HOME) & $$2 'so'"


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize("target", ["write", "demo"])
@pytest.mark.parametrize("where", ["argument", "environment"])
def test_a_text_keeps_its_dollar_signs(target: str, where: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / ".venv").mkdir()
    for name in ("requirements.txt", "requirements-dev.txt", ".venv/.ready"):
        (tmp_path / name).touch()
    words, environment = ([f"TEXT={TEXT}"], {}) if where == "argument" else ([], {"TEXT": TEXT})
    command = ["make", "-s", target, "PY=echo", *words]
    printed = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=True, env=os.environ | environment
    ).stdout
    assert f" write {TEXT} --" in printed
