"""Progress bars: rates in units per second, however slow, and nothing where stderr is no terminal."""

import io
import re
import sys

import pytest

from utils.progress import progress


class Terminal(io.StringIO):
    """A terminal that keeps what is printed."""

    def isatty(self) -> bool:
        return True


def printed(monkeypatch: pytest.MonkeyPatch, total: int | None, unit: str, seconds: float) -> str:
    """Return the last state of a bar that took this long for three items."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress(None, total, "working", unit) as bar:
        bar.start_t -= seconds
        bar.update(3)
    text = sys.stderr.getvalue()  # type: ignore[attr-defined]
    return text.rpartition("\r")[2].strip()


@pytest.mark.parametrize(
    ("total", "unit", "seconds", "pattern"),
    [
        (3, "batch", 6, r"working: 100%\|.*\| 3/3 \[00:06<00:00, +0\.50 batches/s\]"),
        (3, "line", 1, r"working: 100%\|.*\| 3/3 \[00:01<00:00, +\d\.\d\d lines/s\]"),
        (None, "search", 6, r"working: 3 searches \[00:06, +0\.50 searches/s\]"),
    ],
)
def test_a_rate_has_its_unit_per_second(
    monkeypatch: pytest.MonkeyPatch, total: int | None, unit: str, seconds: float, pattern: str
) -> None:
    text = printed(monkeypatch, total, unit, seconds)
    assert re.fullmatch(pattern, text), text


def test_nothing_is_printed_where_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress("abc", 3, "working")) == ["a", "b", "c"]
    assert capsys.readouterr().err == ""
