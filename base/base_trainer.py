"""The frame of a training run: epochs, the best so far, early stopping, checkpoints, exact resuming."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tqdm import tqdm

from base.progress import Clock, Progress, stopwatch
from base.run_settings import RunSettings
from base.stopping import OutOfTime, Stopped, StopRequest, stopped
from base.time_limit import TimeLimit
from logger.run_log import NoLog, RunLog, terminal
from utils import distributed
from utils.checkpoint import require_form, save_checkpoint
from utils.errors import InputError
from utils.files import keep_newest, remove_scratch
from utils.random_state import restore_rng, rng_state


class BaseTrainer(ABC):
    """Runs the epochs of a training; a subclass says what an epoch and a validation are.

    A run resumed from last.pt is, on a CPU, bit for bit the run that was never stopped: `state` holds all that the next
    step depends on. With several processes all do the same at the same time, and only rank 0 writes and reports; its
    clock decides when the time is up.

    on_progress  called with a Progress in the thread of the training
    should_stop  called after every batch; once it is true the run is saved and stops
    clock        seconds since the start of the time that settings.minutes limits; None for the clock from now on
    """

    may_be_unset: tuple[str, ...] = ("best", "time")  # entries of a state that may be None
    validates = True  # False where there are no lines to validate: then an epoch counts by its training alone

    def __init__(
        self,
        settings: RunSettings,
        steps_per_epoch: int,
        on_progress: Callable[[Progress], object] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] | None = None,
    ) -> None:
        max_steps = (settings.max_epochs or math.inf) * steps_per_epoch
        self.limit = TimeLimit(settings.minutes, clock or stopwatch(), max_steps)
        self.settings, self.steps_per_epoch = settings, steps_per_epoch
        self.on_progress = on_progress if not distributed.rank() else None
        self.direction, _, self.monitored = settings.monitor.partition(" ")
        self.epoch, self.batch, self.step, self.epoch_share = 1, 0, 0, 1.0
        self.best: float | None = None
        self.epochs_since_best = 0
        self.log = terminal(0 if distributed.rank() else settings.verbosity)
        self.run_log: RunLog | NoLog = NoLog()
        self.stop, self.is_stopped = StopRequest(should_stop), False

    @abstractmethod
    def train_epoch(self) -> dict[str, float]:
        """Train on the epoch from `self.batch` on, to its end or until `limit.is_up`, and return its mean values.

        Leaves in `epoch_share` the share of the epoch's batches that it has been trained on.
        """

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """Return the values on the validation lines, their names beginning with "val_"."""

    @abstractmethod
    def content(self) -> dict[str, Any]:
        """Return what a checkpoint needs for sampling: config, facts, model."""

    def expected_validation(self) -> float:
        """Return an estimate of the seconds that a validation takes, before there was one."""
        return 0.0

    def samples(self) -> list[Any]:
        """Return lines that the network writes or reads by now, after an epoch."""
        return []

    def prepare(self) -> None:
        """Begin to count the time, once before `train`; raises InputError where it is not enough for a step."""
        self.limit.begin(self.step, self.expected_validation, self.log.info)

    def train(self, checkpoint_dir: Path, log_dir: Path) -> dict[str, float]:
        """Run to the last epoch, an early stop, the end of the minutes or until `should_stop`: the last epoch's values.

        Raises Interrupted on SIGINT or SIGTERM, with everything saved; only the main thread gets signals.
        """
        settings = self.settings
        self.checkpoint_dir, self.saved_at = checkpoint_dir, time.monotonic()
        self.clock = Clock(settings.epochs * self.steps_per_epoch, self.step)
        distributed.on_rank_zero(lambda: self._open(log_dir))
        numbers: dict[str, float] = {}
        if self.is_done:
            self.log.info(f"this run is done; go on with more --{'minutes' if self.limit.exists else 'epochs'}")
        try:
            with self.stop:
                while not self.is_done and not self.is_stuck:
                    numbers = self._one_epoch()
            if self.is_stuck:
                worse = f"{self.monitored} no better for {settings.early_stop} epochs"
                self.log.info(f"stopped early: {worse}; to go on, --set trainer.early_stop=null, or --minutes")
        except Stopped as stop:
            self.is_stopped = True
            self.log.info(str(stop))
        finally:
            self.run_log.close()
        return numbers

    @property
    def is_done(self) -> bool:
        """True after the last epoch, or at the end of the minutes."""
        return self.limit.is_over if self.limit.exists else self.epoch > self.settings.epochs

    def _open(self, log_dir: Path) -> None:
        """Remove what a killed process left half written, and open the logs."""
        for folder in (self.checkpoint_dir, log_dir):
            remove_scratch(folder)
        tensorboard = self.settings.tensorboard
        self.run_log = RunLog(log_dir, tensorboard=tensorboard, step=self.step, epoch=self.epoch)

    @property
    def is_stuck(self) -> bool:
        """True if the monitored value has not improved for `early_stop` epochs."""
        patience = self.settings.early_stop
        return patience is not None and self.epochs_since_best >= patience

    def _one_epoch(self) -> dict[str, float]:
        self.limit.start_step()
        numbers = self.train_epoch()
        is_whole = self.epoch_share == 1
        done = self.epoch if is_whole else self.epoch - 1 + self.epoch_share
        numbers |= (measured := self._validation())
        self.run_log.scalars(self.step, {"epoch": done, **numbers})
        is_measured = bool(measured) or not self.validates
        values = ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())
        elapsed = f"{tqdm.format_interval(self.clock.seconds)} elapsed{self.time_left}"
        self.log.info(f"epoch {done:.4g}: {values} ({elapsed})")
        self.report(numbers, self._samples() if is_measured else [])
        self.limit.read()
        self.limit.is_over = self.limit.is_up or self.limit.share_of_steps(self.step) == 1
        self._save_epoch(numbers, is_whole, is_measured)
        return numbers

    def _validation(self) -> dict[str, float]:
        """Return the values of a validation; {} where there is no time for it, or nothing to validate."""
        if self.validates and distributed.on_rank_zero(lambda: self.limit.allows_validation):
            with suppress(OutOfTime), self.limit.measured("validation"):
                return self.validate()
        if self.validates and self.limit.is_up:
            self.log.warning("there was no time for a validation at the end")
        return {}

    def _samples(self) -> list[Any]:
        start = self.limit.clock()
        lines = self.samples() if self.limit.allows_samples else []
        if lines:
            self.limit.took("samples", self.limit.clock() - start)
        return lines

    def _save_epoch(self, numbers: dict[str, float], is_whole: bool, is_validated: bool) -> None:
        """Count a whole epoch, and save as its numbers and the settings want it.

        Weights that could not be validated at the end of the time are the best only where no others were.
        """
        settings, finished, is_over = self.settings, self.epoch, self.limit.is_over
        better = self._is_better(numbers) if is_validated else is_over and self.best is None
        if is_validated:
            self.epochs_since_best = 0 if better else self.epochs_since_best + 1
        if is_whole:
            self.epoch, self.batch = self.epoch + 1, 0
        if better:
            self.save("best.pt")
        is_period = is_validated and (finished % settings.save_period == 0 or finished == settings.epochs)
        if is_period or is_over or self.is_stuck:
            self.save("last.pt")

    @property
    def share_done(self) -> float:
        """The share of a training of limited time that is done, 0 to 1, by its clock or its `max_epochs`."""
        return max(self.limit.progress, self.limit.share_of_steps(self.step))

    @property
    def time_left(self) -> str:
        """The time left of all epochs or minutes, as in ", 1:02:03 left in all"; empty where it is not known yet."""
        seconds = self.seconds_left
        return "" if seconds is None else f", {tqdm.format_interval(seconds)} left in all"

    @property
    def seconds_left(self) -> float | None:
        """The time left of the minutes, or an estimate of that of all epochs; None before the first step."""
        return self.limit.left if self.limit.exists else self.clock.seconds_left(self.step)

    def report(self, numbers: dict[str, float], samples: list[Any]) -> None:
        """Call `on_progress`, where there is one."""
        if self.on_progress:
            epochs = None if self.limit.exists else self.settings.epochs
            steps = epochs and epochs * self.steps_per_epoch
            done = min(1.0, self.step / steps) if steps else self.share_done
            place = (self.epoch, epochs, self.step, steps, done)
            self.on_progress(Progress(*place, numbers, self.clock.seconds, self.seconds_left, samples))

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
        self.limit.end_step()
        minutes = self._stop_if_due()
        settings = self.settings
        is_unmeasured = self.limit.exists and not self.limit.durations["save"]
        is_due = minutes > settings.save_minutes or is_unmeasured
        if is_due or (settings.save_steps and self.step % settings.save_steps == 0):
            self.save("last.pt")
            self.limit.read()
            self.limit.start_step()

    def stop_if_due(self) -> None:
        """Call after every batch of validation: stop the run if it should stop.

        Raises OutOfTime where the time left is needed to save.
        """
        self._stop_if_due()
        if self.limit.is_late:
            raise OutOfTime

    def _stop_if_due(self) -> float:
        """Read the clock and return the minutes since the last checkpoint.

        Once any process got a signal or should stop, all of them save and raise Interrupted or Stopped.
        """
        reason, minutes = self.limit.read(self.stop.reason, (time.monotonic() - self.saved_at) / 60)
        if reason:
            raise stopped(reason, self.save("last.pt"))
        return minutes

    def save(self, name: str) -> Path:
        """Write a checkpoint and return its path."""
        path = self.checkpoint_dir / name
        with self.limit.measured("save"):
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
            "time": self.limit.state(),
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
        if state.get("monitor", self.settings.monitor) == self.settings.monitor:
            self.best, self.epochs_since_best = state["best"], state["epochs_since_best"]
        if self.limit.exists and state.get("time"):
            self.limit.load_state(state["time"])
