"""The time since this process was started, the loading of torch included."""

import os
import time
from pathlib import Path

LONGEST_START = 600.0
"""Age in seconds of a process that was not started for the work that imports this file, or has no clock to trust."""


def _age() -> float:
    """Return the seconds since this process was started, 0 where the system does not say; Linux does."""
    try:
        after_name = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        started = int(after_name[19]) / os.sysconf("SC_CLK_TCK")  # field 22 of proc(5): after the boot
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0
    return age if 0 <= age < LONGEST_START else 0.0


_STARTED = time.monotonic() - _age()


def seconds_of_process() -> float:
    """Return the seconds since this process was started, or since this file was loaded where the system is silent."""
    return time.monotonic() - _STARTED
