"""The frame of a training run: epochs, the best so far, early stop, checkpoints, going on exactly where it stopped."""

import math
import os
import re
import signal
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import torch

from logger.run_log import NoLog, RunLog, terminal
from utils import distributed
from utils.checkpoint import require_form, save_checkpoint
from utils.errors import InputError, at_least
from utils.files import remove_scratch


class Interrupted(Exception):
    """SIGINT or SIGTERM came; the run is saved."""


class BaseTrainer(ABC):
    """Runs epochs from 1 to `epochs`.

    last.pt is written every `save_period` epochs, `save_steps` steps and `save_minutes` minutes and on SIGINT or
    SIGTERM, best.pt whenever the monitored value gets better. With `keep_last` above 1 the so many last.pt that were
    written last are last-<step>.pt too. A run that goes on from last.pt is, on a CPU, bit for bit the run that was
    never stopped: `state` holds all that the next step depends on.

    Of several processes all do the same at the same time; only the first one writes.
    """

    may_be_unset: tuple[str, ...] = ("best",)
    """What of a state can be None in one run and not in another."""

    def __init__(
        self,
        *,
        resume: dict[str, Any] | None,
        epochs: int,
        save_dir: str = "saved",
        save_period: int = 1,
        save_steps: int | None = None,
        save_minutes: float = 10.0,
        keep_last: int = 1,
        monitor: str = "min val_loss",
        early_stop: int | None = None,
        tensorboard: bool = True,
        verbosity: int = 1,
    ) -> None:
        at_least(1, epochs=epochs, save_period=save_period, early_stop=early_stop)
        at_least(1, save_steps=save_steps, keep_last=keep_last)
        at_least(0, save_minutes=save_minutes)
        self.epochs, self.early_stop, self.tensorboard = epochs, early_stop, tensorboard
        self.save_period, self.save_steps, self.save_minutes = save_period, save_steps, save_minutes
        self.keep_last = keep_last
        self.monitor = monitor
        self.direction, _, self.monitored = monitor.partition(" ")
        self.epoch, self.batch, self.step = 1, 0, 0
        self.best: float | None = None
        self.epochs_since_best = 0
        self.log = terminal(0 if distributed.rank() else verbosity)
        self.stop_signal: int | None = None
        try:
            if resume:
                own = {**self.state(), "best": 0.0}
                unset = [name for name in self.may_be_unset if resume.get(name) is None]
                require_form(resume, {name: part for name, part in own.items() if name not in unset})
                self.load_state(resume)
            _draw_from([resume, *resume.get("other_rng", [])] if resume else [], self.step)
        except KeyError as error:
            raise ValueError(f"the checkpoint's training state is not whole: it has no {error}") from None
        except (IndexError, AttributeError) as error:
            raise ValueError(f"the checkpoint's training state is not whole: {error}") from None

    @abstractmethod
    def train_epoch(self) -> dict[str, float]:
        """Train on the rest of the epoch, from `self.batch` on: its numbers."""

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """The numbers on the validation lines, each name with "val_" before it."""

    @abstractmethod
    def content(self) -> dict[str, Any]:
        """What a checkpoint needs for sampling: config, facts, model."""

    def train(self, checkpoint_dir: Path, log_dir: Path) -> dict[str, float]:
        """Run to the last epoch, or to an early stop: the last epoch's numbers.

        Raises Interrupted on SIGINT or SIGTERM, with everything saved.
        """
        self.checkpoint_dir, self.saved_at = checkpoint_dir, time.monotonic()
        self.run_log: RunLog | NoLog = NoLog()
        distributed.on_rank_zero(lambda: self._open(log_dir))
        numbers: dict[str, float] = {}
        previous = {number: signal.signal(number, self._ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
        if self.epoch > self.epochs:
            self.log.info(f"all {self.epochs} epochs are done; to go on, ask for more with --epochs")
        try:
            while self.epoch <= self.epochs and not self.is_stuck:
                numbers = self._one_epoch()
            if self.is_stuck:
                self.log.info(f"stopped early: {self.monitored} no better for {self.early_stop} epochs")
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
            self.run_log.close()
        return numbers

    def _open(self, log_dir: Path) -> None:
        """Clear away what a process that was killed had half written, and open the logs."""
        for folder in (self.checkpoint_dir, log_dir):
            remove_scratch(folder)
        self.run_log = RunLog(log_dir, tensorboard=self.tensorboard, step=self.step, epoch=self.epoch)

    @property
    def is_stuck(self) -> bool:
        """Whether the monitored value has not got better for `early_stop` epochs."""
        return self.early_stop is not None and self.epochs_since_best >= self.early_stop

    def _one_epoch(self) -> dict[str, float]:
        numbers = self.train_epoch() | self.validate()
        self.run_log.scalars(self.step, {"epoch": self.epoch, **numbers})
        self.log.info(f"epoch {self.epoch}: " + ", ".join(f"{name} {value:.4g}" for name, value in numbers.items()))
        better = self._is_better(numbers)
        self.epochs_since_best = 0 if better else self.epochs_since_best + 1
        finished, self.epoch, self.batch = self.epoch, self.epoch + 1, 0
        if better:
            self.save("best.pt")
        if finished % self.save_period == 0 or finished == self.epochs or self.is_stuck:
            self.save("last.pt")
        return numbers

    def _is_better(self, numbers: dict[str, float]) -> bool:
        if self.direction == "off":
            return True
        if self.monitored not in numbers:
            raise InputError(f"trainer.monitor: no number {self.monitored}; there are {', '.join(numbers)}")
        value = numbers[self.monitored]
        sign = -1.0 if self.direction == "max" else 1.0
        better = math.isfinite(value) and (self.best is None or sign * value < sign * self.best)
        if better:
            self.best = value
        return better

    def after_step(self) -> None:
        """Called after every optimizer step: leave when a signal has come, save when it is time."""
        minutes = self.leave_if_asked()
        if minutes > self.save_minutes or (self.save_steps and self.step % self.save_steps == 0):
            self.save("last.pt")

    def leave_if_asked(self) -> float:
        """Called after every batch of training and validation: the minutes since the last checkpoint.

        Where a signal has come to any process, all of them save and raise Interrupted.
        """
        stop, minutes = distributed.all_max(self.stop_signal or 0, (time.monotonic() - self.saved_at) / 60)
        if stop:
            path = self.save("last.pt")
            raise Interrupted(f"stopped by {signal.Signals(int(stop)).name}; go on with: --resume {path}")
        return minutes

    def _ask_to_stop(self, number: int, _: object) -> None:
        self.stop_signal = number

    def save(self, name: str) -> Path:
        """Write a checkpoint: its path."""
        path = self.checkpoint_dir / name
        content = {**self.content(), "training": self.state()}
        distributed.on_rank_zero(lambda: self._write(path, content))
        self.saved_at = time.monotonic()
        return path

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        save_checkpoint(path, content)
        if path.name == "last.pt" and self.keep_last > 1:
            _keep(path, self.step, self.keep_last)

    def state(self) -> dict[str, Any]:
        """All that the next step depends on, beside the weights; plain data."""
        return {
            "epoch": self.epoch,
            "batch": self.batch,
            "step": self.step,
            "monitor": self.monitor,
            "best": self.best,
            "epochs_since_best": self.epochs_since_best,
            **rng_state(),
            "other_rng": distributed.all_gather(rng_state())[1:],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from `state`; the random draws are taken care of."""
        self.epoch, self.batch, self.step = state["epoch"], state["batch"], state["step"]
        if state.get("monitor", self.monitor) == self.monitor:
            self.best, self.epochs_since_best = state["best"], state["epochs_since_best"]


def rng_state() -> dict[str, Any]:
    """Where this process's random draws are, on the CPU and on its GPU."""
    return {
        "rng": torch.get_rng_state(),
        "cuda_rng": [torch.cuda.get_rng_state()] if torch.cuda.is_available() else [],
    }


def _draw_from(states: list[dict[str, Any]], step: int) -> None:
    """Go on with this process's own of these `rng_state`s; one that has none draws what no other does."""
    number = distributed.rank()
    if number < len(states):
        torch.set_rng_state(states[number]["rng"])
        if torch.cuda.is_available() and states[number]["cuda_rng"]:
            torch.cuda.set_rng_state(states[number]["cuda_rng"][0])
    elif number:
        torch.manual_seed(torch.initial_seed() + 1_000_003 * number + step)


def _keep(last: Path, step: int, number: int) -> None:
    """Give `last` the name last-<step>.pt too; of these names keep the `number` that were written last."""
    kept = last.with_name(f"last-{step}.pt")
    kept.unlink(missing_ok=True)
    os.link(last, kept)
    names = [path for path in last.parent.iterdir() if re.fullmatch(r"last-\d+\.pt", path.name)]
    for path in sorted(names, key=lambda path: (path.stat().st_mtime_ns, len(path.name), path.name))[:-number]:
        path.unlink()
