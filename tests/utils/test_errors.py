"""A script that its user stops ends quietly where what reads its output has had enough."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
from utils.errors import one_line_errors
one_line_errors(lambda: [print("a line") for _ in range(200_000)])()
"""


def test_a_closed_pipe_ends_a_script_without_a_word() -> None:
    root = Path(__file__).parents[2]
    script = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root, text=True
    )
    assert script.stdout is not None and script.stderr is not None
    assert script.stdout.readline() == "a line\n"
    script.stdout.close()
    assert script.stderr.read() == "" and script.wait(timeout=60) == 0
    script.stderr.close()
