"""The training loop of every model."""

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from base.base_data_loader import BaseDataLoader
from base.base_model import BaseModel
from base.base_trainer import BaseTrainer
from base.batch import Batch, one_ahead
from base.progress import Progress
from trainer.nan_watch import Fault, Moment
from trainer.optimization import Numbers, Optimization, set_training_mode
from trainer.preview import Preview, pictures, previews
from trainer.settings import TrainerSettings
from trainer.sums import Sums, add, ratios
from utils import distributed
from utils.device import strictly_deterministic
from utils.errors import InputError
from utils.progress import progress


class Trainer(BaseTrainer):
    """Trains on a loader's batches by an `Optimization`, and validates with metrics, epoch after epoch.

    A GPU's NaN or infinity is noticed when values are next logged or saved, so that no step waits for the GPU; a CPU's,
    and with skip_non_finite or detect_anomaly a GPU's too, in its own step.
    """

    settings: TrainerSettings
    may_be_unset = (*BaseTrainer.may_be_unset, "raw_model", "weight_noise")

    def __init__(
        self,
        settings: TrainerSettings,
        *,
        optimization: Optimization,
        metrics: list[Any],
        loader: BaseDataLoader,
        config: dict[str, Any],
        on_progress: Callable[[Progress], object] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(settings, optimization.steps_per_epoch, on_progress, should_stop, clock)
        self.optimization, self.config = optimization, config
        self.metrics, self.loader, self.valid_loader = metrics, loader, loader.validation()
        self.device, self.watch = optimization.device, optimization.watch
        self.validates = len(self.valid_loader) > 0
        self.sums, self.skipped = Sums(), 0
        self.step_done: torch.cuda.Event | None = None
        if not self.validates and self.monitored.startswith("val_"):
            raise InputError(f'trainer.monitor is {settings.monitor!r}, and no lines are validated; set it to "off"')
        _, slash, corpus = self.monitored.partition("/")
        if slash and corpus not in self.valid_loader.batch_sources:
            known = ", ".join(dict.fromkeys(self.valid_loader.batch_sources)) or "no corpus by itself"
            raise InputError(f"trainer.monitor is {settings.monitor!r}, and validation has {known}")

    def prepare(self) -> None:
        self.log.info(self.optimization.settle_arithmetic(lambda: next(iter(self.loader.at(1)))))
        super().prepare()

    def train(self, checkpoint_dir: Path, log_dir: Path) -> dict[str, float]:
        settings = self.settings
        with strictly_deterministic(settings.deterministic), torch.autograd.set_detect_anomaly(settings.detect_anomaly):
            return super().train(checkpoint_dir, log_dir)

    @property
    def moment(self) -> Moment:
        """Epoch and step by now."""
        return Moment(self.epoch, self.step)

    def train_epoch(self) -> dict[str, float]:
        set_training_mode(self.optimization.model)
        if self.batch == 0:
            self.sums = {}
        self.points, self.since = torch.zeros((), dtype=torch.float64, device=self.device), time.perf_counter()
        total, batches = self._batches(self.loader, self.batch)
        name = f"epoch {self.epoch}" if self.limit.exists else f"epoch {self.epoch}/{self.settings.epochs}"
        with progress(None, total, name, "batch", start=self.batch) as bar:
            while not self.limit.is_up and (some := list(itertools.islice(batches, self.settings.accumulate_batches))):
                numbers = self._one_step(some)
                self._log(numbers, bar)
                bar.update(len(some))
                self.after_step()
        self.stop_at_fault()
        self.epoch_share = min(1.0, self.batch / total)
        return ratios(self.sums)

    def _batches(self, loader: BaseDataLoader, first: int = 0) -> tuple[int, Iterator[Batch]]:
        """Return the number of batches in the epoch, and those from `first` on, on the device."""
        total = min(len(loader), self.settings.max_batches or len(loader))
        first = min(first, total)  # max_batches may have become less
        if self.settings.overfit_one_batch:
            batch = next(iter(self.loader.at(1))).to(self.device)
            return total, itertools.repeat(batch, total - first)
        return total, one_ahead(itertools.islice(loader.at(self.epoch, first), total - first), self.device)

    def _one_step(self, batches: list[Batch]) -> Numbers:
        """Move the weights; nothing to log where a NaN or infinity is skipped."""
        if self.limit.exists:
            self.optimization.set_rate(self.share_done)
        outcome = self.optimization.step(batches, self.moment)
        self._stay_near_gpu()
        limit = self.settings.skip_non_finite
        if isinstance(outcome, Fault) and self.skipped >= limit:
            raise self._ended_by(outcome)
        self.step, self.batch = self.step + 1, self.batch + len(batches)
        if isinstance(outcome, Fault):
            self.skipped += 1
            self.log.warning(f"skipped step {self.step}, {self.skipped} of at most {limit}: {outcome}")
            self.run_log.note(self.step, {"skipped": self.skipped, "why": str(outcome)})
            return {}
        add(self.sums, "loss", outcome["nats"], outcome["count"])
        return outcome

    def _stay_near_gpu(self) -> None:
        """Wait for the step before where the time is limited, so that a GPU has one step to do at most.

        Otherwise the clock would be read long before the steps are done, up to the next log.
        """
        if self.limit.exists and self.device.type == "cuda":
            if self.step_done:
                self.step_done.synchronize()
            self.step_done = torch.cuda.Event()
            self.step_done.record()

    def _log(self, numbers: Numbers, bar: Any) -> None:
        """Show and report a step's values, and the points per second since the last line of metrics.jsonl."""
        self.points += numbers.get("points", 0)
        is_time = self.step % self.settings.log_steps == 0
        if not numbers or not (is_time or self.watch.at_once):
            return
        values = {
            "loss": float(numbers["nats"]) / float(numbers["count"]),
            "gradient_norm": float(numbers["gradient_norm"]),
            "lr": numbers["lr"],
            "points_per_second": float(self.points) / (time.perf_counter() - self.since),
        }
        rate = f"{values['points_per_second']:,.0f} points/s"
        bar.set_postfix_str(f"loss {values['loss']:.3f}, {rate}{self.time_left}")
        if is_time:
            self.stop_at_fault()
            self.run_log.scalars(self.step, values)
            self.points, self.since = torch.zeros_like(self.points), time.perf_counter()
        self.report(values, [])

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        model = self.optimization.best_model.eval()
        total, batches = self._batches(self.valid_loader)
        sources = [f"/{name}" for name in self.valid_loader.batch_sources[:total]] or [""] * total
        names = ["val_loss", *(f"val_{metric.name}" for metric in self.metrics)]
        zero = torch.zeros(2, dtype=torch.float64, device=self.device)
        sums: Sums = {name + source: zero for source in ("", *dict.fromkeys(sources)) for name in names}
        for batch, source in zip(progress(batches, total, "validation", "batch"), sources, strict=True):
            if batch.ids:
                pairs = self._pairs(model, batch)
                self.watch.add("validation loss", pairs[0][0], batch.ids, self.moment)
                for name, pair in zip(names, pairs, strict=True):
                    for place in {"", source}:
                        add(sums, name + place, *pair)
            if self.watch.at_once:
                self.stop_at_fault()
            self.stop_if_due()
        self.stop_at_fault()
        return ratios({name: distributed.all_sum(pair) for name, pair in sums.items()})

    def _pairs(self, model: BaseModel, batch: Batch) -> list[tuple[Tensor, Tensor]]:
        """Return sum and count of the loss and of each metric."""
        with self.optimization.arithmetic_on_device():
            output = model(batch)
        return [self.optimization.loss(output, batch), *(metric(output, batch) for metric in self.metrics)]

    @torch.inference_mode()
    def expected_validation(self) -> float:
        """Return as many times the seconds of a batch of middling length as there are batches."""
        if not self.validates:
            return 0.0
        model = self.optimization.best_model.eval()
        total, _ = self._batches(self.valid_loader)
        seconds = 0.0
        for _ in range(2):  # the first time compiles
            start = self.limit.clock()
            batch = next(iter(self.valid_loader.at(self.epoch, total // 2))).to(self.device)
            for value, _ in self._pairs(model, batch):
                float(value)  # waits for a GPU
            seconds = self.limit.clock() - start
        return seconds * total

    @torch.inference_mode()
    def samples(self) -> list[Preview]:
        """A few lines of middling length, to validate if there are some, as the model writes or reads them.

        TensorBoard gets pictures.
        """
        settings = self.settings
        is_due = settings.show_epochs and self.epoch % settings.show_epochs == 0 and not distributed.rank()
        if not is_due or not (settings.tensorboard or self.on_progress):
            return []
        loader = self.valid_loader if self.validates else self.loader
        batch = next(iter(loader.at(self.epoch, len(loader) // 2)))
        batch = batch.of(list(range(len(batch.strokes)))[: settings.show_lines]).to(self.device)
        lines = previews(self.optimization.best_model, batch, self.loader.facts)
        if settings.tensorboard:
            for number, image in enumerate(pictures(lines), 1):
                self.run_log.picture(self.step, f"samples/{number}", image)
        return lines

    def save(self, name: str) -> Path:
        self.stop_at_fault()
        return super().save(name)

    def stop_at_fault(self) -> None:
        """Raise InputError where a value since the last check is NaN or infinite."""
        fault = self.watch.fault()
        if fault:
            raise self._ended_by(fault)

    def _ended_by(self, fault: Fault) -> InputError:
        return InputError(
            f"{fault}; the checkpoints in {self.checkpoint_dir} are from before. "
            "Try a lower optimizer.args.lr or trainer.gradient_clip, or look at these lines"
            + (f" ({self.skipped} steps were skipped before)" if self.skipped else "")
        )

    def content(self) -> dict[str, Any]:
        model = self.optimization.best_model
        return {"config": self.config, "facts": self.loader.facts, "model": model.state_dict()}

    def state(self) -> dict[str, Any]:
        return {
            **super().state(),
            **self.optimization.state(),
            "sums": {name: tuple(pair.tolist()) for name, pair in self.sums.items()},
            "skipped": self.skipped,
            "processes": self.loader.processes,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.optimization.load_state(state)
        for name, pair in state["sums"].items():
            self.sums[name] = torch.tensor(pair, dtype=torch.float64, device=self.device).reshape(2)
        self.skipped = int(state.get("skipped", 0))
