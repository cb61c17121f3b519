import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    "script",
    [
        ["train.py"],
        ["experiments.py", "write", "hi"],
        ["prepare_data.py"],
        ["-m", "studio"],
        ["-m", "benchmarks.digits"],
    ],
)
def test_a_python_without_packages_says_in_one_line_what_to_do(script: list[str]) -> None:
    bare = [sys.executable, "-S", "-E", *script]  # -S: no site-packages
    done = subprocess.run(bare, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert "torch" in done.stderr and "source .venv/bin/activate" in done.stderr
