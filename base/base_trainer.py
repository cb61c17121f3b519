"""The frame of a training run: epochs, the best so far, early stopping, checkpoints, exact resuming."""

import math
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from base.progress import Clock, Progress
from base.run_settings import RunSettings
from logger.run_log import NoLog, RunLog, terminal
from utils import distributed
from utils.checkpoint import require_form, save_checkpoint
from utils.errors import InputError
from utils.files import keep_newest, remove_scratch
from utils.random_state import restore_rng, rng_state

STOPPED_BY_CALLER = 1_000
"""Reason for stopping where `should_stop` asks for it; above every signal's number."""


class Interrupted(Exception):
    """SIGINT or SIGTERM came; the run is saved."""


class Stopped(Exception):
    """The caller asked the run to stop; it is saved."""


class BaseTrainer(ABC):
    """Runs the epochs of a training; a subclass says what an epoch and a validation are.

    A run resumed from last.pt is, on a CPU, bit for bit the run that was never stopped: `state` holds all that the next
    step depends on. With several processes all do the same at the same time, and only rank 0 writes and reports.

    on_progress  called with a Progress in the thread of the training
    should_stop  called after every batch; once it is true the run is saved and stops
    """

    may_be_unset: tuple[str, ...] = ("best",)
    """Entries of a state that may be None."""

    def __init__(
        self,
        settings: RunSettings,
        steps_per_epoch: int,
        on_progress: Callable[[Progress], object] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.settings, self.steps_per_epoch = settings, steps_per_epoch
        self.on_progress, self.should_stop = on_progress if not distributed.rank() else None, should_stop
        self.direction, _, self.monitored = settings.monitor.partition(" ")
        self.epoch, self.batch, self.step = 1, 0, 0
        self.best: float | None = None
        self.epochs_since_best = 0
        self.log = terminal(0 if distributed.rank() else settings.verbosity)
        self.run_log: RunLog | NoLog = NoLog()
        self.stop_signal, self.is_stopped = 0, False

    @abstractmethod
    def train_epoch(self) -> dict[str, float]:
        """Train on the rest of the epoch, from `self.batch` on, and return its mean values."""

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """Return the values on the validation lines, their names beginning with "val_"."""

    @abstractmethod
    def content(self) -> dict[str, Any]:
        """Return what a checkpoint needs for sampling: config, facts, model."""

    def samples(self) -> list[Any]:
        """Return lines that the network writes or reads by now, after the validation of an epoch."""
        return []

    def train(self, checkpoint_dir: Path, log_dir: Path) -> dict[str, float]:
        """Run to the last epoch, an early stop, or until `should_stop`: the values of the last whole epoch.

        Raises Interrupted on SIGINT or SIGTERM, with everything saved; only the main thread gets signals.
        """
        settings = self.settings
        self.checkpoint_dir, self.saved_at = checkpoint_dir, time.monotonic()
        self.clock = Clock(settings.epochs * self.steps_per_epoch, self.step)
        distributed.on_rank_zero(lambda: self._open(log_dir))
        numbers: dict[str, float] = {}
        if self.epoch > settings.epochs:
            self.log.info(f"all {settings.epochs} epochs are done; to go on, ask for more with --epochs")
        try:
            with self._signals_caught():
                while self.epoch <= settings.epochs and not self.is_stuck:
                    numbers = self._one_epoch()
            if self.is_stuck:
                self.log.info(f"stopped early: {self.monitored} no better for {settings.early_stop} epochs")
        except Stopped as stop:
            self.is_stopped = True
            self.log.info(str(stop))
        finally:
            self.run_log.close()
        return numbers

    def _open(self, log_dir: Path) -> None:
        """Remove what a killed process left half written, and open the logs."""
        for folder in (self.checkpoint_dir, log_dir):
            remove_scratch(folder)
        tensorboard = self.settings.tensorboard
        self.run_log = RunLog(log_dir, tensorboard=tensorboard, step=self.step, epoch=self.epoch)

    @contextmanager
    def _signals_caught(self) -> Iterator[None]:
        # Python delivers signals to the main thread, and only it may install handlers.
        is_main = threading.current_thread() is threading.main_thread()
        numbers = (signal.SIGINT, signal.SIGTERM) if is_main else ()
        previous = {number: signal.signal(number, self._on_signal) for number in numbers}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _: object) -> None:
        self.stop_signal = number

    @property
    def is_stuck(self) -> bool:
        """True if the monitored value has not improved for `early_stop` epochs."""
        patience = self.settings.early_stop
        return patience is not None and self.epochs_since_best >= patience

    def _one_epoch(self) -> dict[str, float]:
        settings = self.settings
        numbers = self.train_epoch() | self.validate()
        self.run_log.scalars(self.step, {"epoch": self.epoch, **numbers})
        values = ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())
        elapsed = tqdm.format_interval(self.clock.seconds)
        self.log.info(f"epoch {self.epoch}: {values} ({elapsed} elapsed{self.time_left})")
        self.report(numbers, self.samples())
        better = self._is_better(numbers)
        self.epochs_since_best = 0 if better else self.epochs_since_best + 1
        finished, self.epoch, self.batch = self.epoch, self.epoch + 1, 0
        if better:
            self.save("best.pt")
        if finished % settings.save_period == 0 or finished == settings.epochs or self.is_stuck:
            self.save("last.pt")
        return numbers

    @property
    def time_left(self) -> str:
        """The time left of all epochs as text, such as ", 1:02:03 left in all"; empty before the first step."""
        seconds = self.clock.seconds_left(self.step)
        return "" if seconds is None else f", {tqdm.format_interval(seconds)} left in all"

    def report(self, numbers: dict[str, float], samples: list[Any]) -> None:
        """Call `on_progress`, where there is one."""
        if self.on_progress:
            left = self.clock.seconds_left(self.step)
            epochs = self.settings.epochs
            place = (self.epoch, epochs, self.step, epochs * self.steps_per_epoch)
            self.on_progress(Progress(*place, numbers, self.clock.seconds, left, samples))

    def _is_better(self, numbers: dict[str, float]) -> bool:
        if self.direction == "off":
            return True
        if self.monitored not in numbers:
            raise InputError(f"trainer.monitor: nothing is logged as {self.monitored}; there are {', '.join(numbers)}")
        value = numbers[self.monitored]
        sign = -1.0 if self.direction == "max" else 1.0
        better = math.isfinite(value) and (self.best is None or sign * value < sign * self.best)
        if better:
            self.best = value
        return better

    def after_step(self) -> None:
        """Call after every optimizer step: stop the run if it should stop, save when it is time."""
        minutes = self.stop_if_due()
        settings = self.settings
        if minutes > settings.save_minutes or (settings.save_steps and self.step % settings.save_steps == 0):
            self.save("last.pt")

    def stop_if_due(self) -> float:
        """Call after every batch of training and validation: the minutes since the last checkpoint.

        Once any process got a signal or should stop, all of them save and raise Interrupted or Stopped.
        """
        own_reason = self.stop_signal or (STOPPED_BY_CALLER if self.should_stop() else 0)
        reason, minutes = distributed.all_max(own_reason, (time.monotonic() - self.saved_at) / 60)
        if reason:
            path = self.save("last.pt")
            if reason == STOPPED_BY_CALLER:
                raise Stopped(f"stopped; go on with: --resume {path}")
            raise Interrupted(f"stopped by {signal.Signals(int(reason)).name}; go on with: --resume {path}")
        return minutes

    def save(self, name: str) -> Path:
        """Write a checkpoint and return its path."""
        path = self.checkpoint_dir / name
        content = {**self.content(), "training": self.state()}
        distributed.on_rank_zero(lambda: self._write(path, content))
        self.saved_at = time.monotonic()
        return path

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        save_checkpoint(path, content)
        if path.name == "last.pt" and self.settings.keep_last > 1:
            keep_newest(path, self.step, self.settings.keep_last)

    def state(self) -> dict[str, Any]:
        """All that the next step depends on, except the weights; plain data."""
        return {
            "epoch": self.epoch,
            "batch": self.batch,
            "step": self.step,
            "monitor": self.settings.monitor,
            "best": self.best,
            "epochs_since_best": self.epochs_since_best,
            **rng_state(),
            "other_rng": distributed.all_gather(rng_state())[1:],
        }

    def start(self, state: dict[str, Any] | None) -> None:
        """Resume from the `state` of a checkpoint, or begin with None; call once, before `train`.

        Raises ValueError where the state is damaged.
        """
        try:
            if state:
                own = {**self.state(), "best": 0.0}
                unset = [name for name in self.may_be_unset if state.get(name) is None]
                require_form(state, {name: part for name, part in own.items() if name not in unset})
                self.load_state(state)
            restore_rng([state, *state.get("other_rng", [])] if state else [], self.step)
        except KeyError as error:
            raise ValueError(f"the checkpoint's training state is not whole: it has no {error}") from None
        except (IndexError, AttributeError) as error:
            raise ValueError(f"the checkpoint's training state is not whole: {error}") from None

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a `state`, except its random generators."""
        self.epoch, self.batch, self.step = state["epoch"], state["batch"], state["step"]
        monitor = self.settings.monitor
        if state.get("monitor", monitor) == monitor:
            self.best, self.epochs_since_best = state["best"], state["epochs_since_best"]
