"""The most memory that a process held at once. (`ru_maxrss` of a child begins at its parent's.)"""

import re
from pathlib import Path

SELF = Path("/proc/self")


def peak_kib() -> int:
    """The most resident memory of this process since it began, or since `forget_peak`, in KiB."""
    peak = re.search(r"VmHWM:\s*(\d+) kB", (SELF / "status").read_text())
    assert peak
    return int(peak[1])


def forget_peak() -> None:
    """Let the peak begin anew at what is resident now (proc(5), clear_refs)."""
    (SELF / "clear_refs").write_text("5")
