"""The logs of a run: metrics.jsonl, TensorBoard events, and lines on the terminal."""

import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from utils.errors import InputError
from utils.files import atomic_path

LEVELS = {0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG}
METRICS = "metrics.jsonl"


def terminal(verbosity: int) -> logging.Logger:
    """Return the logger that prints on stderr: verbosity 0 prints warnings only, 1 the course of the run."""
    logger = logging.getLogger("ductus")
    logger.setLevel(LEVELS.get(verbosity, logging.DEBUG))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.handlers = [handler]
    logger.propagate = False
    return logger


class NoLog:
    """A log with the methods of a `RunLog` that writes nothing: for all processes of a training but rank 0."""

    def note(self, step: int, facts: dict[str, Any]) -> None: ...

    def scalars(self, step: int, values: dict[str, float]) -> None: ...

    def picture(self, step: int, name: str, image: np.ndarray) -> None: ...

    def close(self) -> None: ...


class RunLog(NoLog):
    """Scalars and pictures by optimizer step.

    A run resumed after `step` steps, in `epoch`, drops the lines that were logged later and appends to the rest. Every
    method raises InputError where the disk is full or the folder cannot be written to.
    """

    def __init__(self, folder: Path, *, tensorboard: bool, step: int, epoch: int) -> None:
        self.path = folder / METRICS
        self.board: Any = None  # a SummaryWriter
        with self._named_errors():
            folder.mkdir(parents=True, exist_ok=True)
            if self.path.exists():
                self._keep_until(step, epoch)
            if tensorboard:
                from torch.utils.tensorboard import SummaryWriter  # which takes a second to load

                threading.excepthook = _print_unless_os_error
                self.board = SummaryWriter(str(folder), purge_step=step + 1 if step else None)

    def _keep_until(self, step: int, epoch: int) -> None:
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        with atomic_path(self.path) as scratch:
            scratch.write_text("".join(line + "\n" for line in lines if _is_before(line, step, epoch)))

    def note(self, step: int, facts: dict[str, Any]) -> None:
        """Write one line to metrics.jsonl, whole or not at all."""
        line = (json.dumps({"step": step, **facts}) + "\n").encode()
        with self._named_errors(), open(self.path, "ab", buffering=0) as file:
            length = os.fstat(file.fileno()).st_size
            try:
                while line:
                    line = line[file.write(line) :]
            except OSError:
                os.ftruncate(file.fileno(), length)
                raise

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Write one line of numbers."""
        self.note(step, values)
        if self.board:
            with self._named_errors():
                for name, value in values.items():
                    self.board.add_scalar(name, value, step)

    def picture(self, step: int, name: str, image: np.ndarray) -> None:
        """Log an image (H, W, 3) uint8."""
        if self.board:
            with self._named_errors():
                self.board.add_image(name, image, step, dataformats="HWC")

    def close(self) -> None:
        """Flush and close."""
        if self.board:
            try:
                with self._named_errors():
                    self.board.close()
            finally:
                threading.excepthook = threading.__excepthook__

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InputError(f"cannot write {error.filename or self.path.parent}: {error.strerror}") from None


def _print_unless_os_error(thread: Any) -> None:
    """Print the traceback of a thread, but no OSError: TensorBoard re-raises its writer thread's on the next call."""
    if not isinstance(thread.exc_value, OSError):
        threading.__excepthook__(thread)


def _is_before(line: str, step: int, epoch: int) -> bool:
    """True if a line of metrics.jsonl is whole, of the first `step` steps, and of an epoch before `epoch`."""
    try:
        values = json.loads(line)
        return values["step"] <= step and values.get("epoch", 0) < epoch
    except (ValueError, LookupError, TypeError, AttributeError):
        return False


def log_folder(path: Path) -> Path | None:
    """Return the log folder of a checkpoint's run or of a run directory; None for a file that is in no run."""
    run = (path if path.is_dir() else path.parent).resolve()
    return run.parents[2] / "log" / run.parent.name / run.name if run.parent.parent.name == "models" else None
