"""What a run leaves to look at: metrics.jsonl, TensorBoard events, and lines on the terminal."""

import json
import logging
import sys
from pathlib import Path

import numpy as np
from torch.utils.tensorboard import SummaryWriter

from utils.files import atomic_path

LEVELS = {0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG}
METRICS = "metrics.jsonl"


def terminal(verbosity: int) -> logging.Logger:
    """The logger that speaks on stderr: verbosity 0 is quiet, 1 says what happens."""
    logger = logging.getLogger("ductus")
    logger.setLevel(LEVELS.get(verbosity, logging.DEBUG))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.handlers = [handler]
    logger.propagate = False
    return logger


class RunLog:
    """Scalars and pictures by optimizer step.

    A run that goes on after `step` steps, in `epoch`, drops what was logged later and writes on behind the rest.
    """

    def __init__(self, folder: Path, *, tensorboard: bool, step: int, epoch: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / METRICS
        if self.path.exists():
            self._keep_until(step, epoch)
        self.board = SummaryWriter(str(folder), purge_step=step + 1 if step else None) if tensorboard else None

    def _keep_until(self, step: int, epoch: int) -> None:
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        with atomic_path(self.path) as scratch:
            scratch.write_text("".join(line + "\n" for line in lines if _is_before(line, step, epoch)))

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """Write one line of numbers."""
        with open(self.path, "a") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")
        if self.board:
            for name, value in values.items():
                self.board.add_scalar(name, value, step)

    def picture(self, step: int, name: str, image: np.ndarray) -> None:
        """Show an image (H, W, 3) uint8."""
        if self.board:
            self.board.add_image(name, image, step, dataformats="HWC")

    def close(self) -> None:
        """Write out what is still held back."""
        if self.board:
            self.board.close()


def _is_before(line: str, step: int, epoch: int) -> bool:
    """Whether a line of metrics.jsonl is of the first `step` steps and of no epoch from `epoch` on, and is whole."""
    try:
        values = json.loads(line)
        return values["step"] <= step and values.get("epoch", 0) < epoch
    except (ValueError, LookupError, TypeError, AttributeError):
        return False
