"""Scripts that are stopped, by a pipe that has had enough or by Ctrl-C, end without a traceback."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
from utils.errors import one_line_errors
one_line_errors(lambda: [print("a line") for _ in range(200_000)])()
"""

INTERRUPTED = """
import os, signal
from utils.errors import one_line_errors
from utils.packages import end_at_interrupt
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background begins without it
end_at_interrupt()
interrupt = lambda: os.kill(os.getpid(), signal.SIGINT)
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


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [("interrupt()", -signal.SIGINT, ""), ("one_line_errors(interrupt)()", 130, "stopped by Ctrl-C\n")],
)
def test_ctrl_c_ends_a_script_in_its_imports_and_in_its_main(line: str, code: int, message: str) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", INTERRUPTED + line], cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", message)
