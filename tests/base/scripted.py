"""A training that is made up: what its frame does with it can be told beforehand."""

import signal
from pathlib import Path
from typing import Any

import torch

from base.base_trainer import BaseTrainer
from base.run_settings import RunSettings

STEPS = 3


class Scripted(BaseTrainer):
    """Epochs of three steps; epoch n validates to the n-th number of the script; its one weight is the step."""

    def __init__(
        self, script: list[float], *, signal_at: float = -1, resume: Any = None, clock: Any = None, **settings: Any
    ) -> None:
        run_settings = RunSettings(epochs=len(script), tensorboard=False, verbosity=0, **settings)
        super().__init__(run_settings, STEPS, clock=clock)
        self.script, self.signal_at = script, signal_at
        self.saves: list[tuple[str, int]] = []
        self.start(resume)

    def train_epoch(self) -> dict[str, float]:
        while self.batch < STEPS and not self.limit.is_up:
            self.step, self.batch = self.step + 1, self.batch + 1
            if self.step == self.signal_at:
                signal.raise_signal(signal.SIGTERM)
            self.after_step()
        self.epoch_share = self.batch / STEPS
        return {"loss": 1.0}

    def validate(self) -> dict[str, float]:
        if self.step + 0.5 == self.signal_at:
            signal.raise_signal(signal.SIGINT)
        self.stop_if_due()
        return {"val_loss": self.script[self.epoch - 1], "val_cer": -self.script[self.epoch - 1]}

    def content(self) -> dict[str, Any]:
        return {"config": {}, "facts": {}, "model": {"step": torch.tensor(self.step)}}

    def save(self, name: str) -> Path:
        self.saves.append((name, self.step))
        return super().save(name)
