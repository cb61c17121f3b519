"""What a run leaves to look at: metrics.jsonl, TensorBoard events, and lines on the terminal."""

import json
import logging
import sys
from pathlib import Path

import numpy as np
from torch.utils.tensorboard import SummaryWriter

LEVELS = {0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG}
METRICS = "metrics.jsonl"


def terminal(verbosity: int) -> logging.Logger:
    """The logger that speaks on stderr: 0 warnings, 1 progress, 2 everything."""
    logger = logging.getLogger("ductus")
    logger.setLevel(LEVELS.get(verbosity, logging.DEBUG))
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
    logger.propagate = False
    return logger


class RunLog:
    """Scalars and pictures by optimizer step; a resumed run writes on behind `step`, what came after it is dropped."""

    def __init__(self, folder: Path, *, tensorboard: bool, step: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / METRICS
        self._forget_after(step)
        self.board = SummaryWriter(str(folder), purge_step=step + 1 if step else None) if tensorboard else None

    def _forget_after(self, step: int) -> None:
        if self.path.exists():
            kept = [line for line in self.path.read_text().splitlines(True) if _step_of(line) <= step]
            self.path.write_text("".join(kept))

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


def _step_of(line: str) -> float:
    """The step of a line of metrics.jsonl; a line cut short by a crash counts as after everything."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")
