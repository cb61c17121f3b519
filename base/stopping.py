"""Reasons for a training to stop before its end: a signal, its caller, the time."""

import shlex
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

BY_CALLER = 1_000
"""Reason for stopping where `should_stop` asks for it; above every signal's number."""


class Interrupted(Exception):
    """SIGINT or SIGTERM came; the run is saved."""


class Stopped(Exception):
    """The caller asked the run to stop; it is saved."""


class OutOfTime(Exception):
    """The time left is needed to save."""


class StopRequest:
    """The wish of a caller or, within the block, of SIGINT or SIGTERM that a training stops; it is noted alone."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self.should_stop, self.signal = should_stop, 0

    def __enter__(self) -> None:
        # Python delivers signals to the main thread, and only it may install handlers.
        is_main = threading.current_thread() is threading.main_thread()
        numbers = (signal.SIGINT, signal.SIGTERM) if is_main else ()
        self.previous = {number: signal.signal(number, self._on_signal) for number in numbers}

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self.previous.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _: object) -> None:
        self.signal = number

    @property
    def reason(self) -> int:
        """The number of the signal that came, or BY_CALLER; 0 if nobody wants to stop."""
        return self.signal or (BY_CALLER if self.should_stop() else 0)


def stopped(reason: float, saved: Path) -> Interrupted | Stopped:
    """Return the exception for a reason to stop, once the run is saved."""
    command = f"python train.py --resume {shlex.quote(str(saved))}"
    if reason == BY_CALLER:
        return Stopped(f"stopped; go on with: {command}")
    return Interrupted(f"stopped by {signal.Signals(int(reason)).name}; go on with: {command}")
