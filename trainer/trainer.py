"""The one training loop, for every model."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from base.base_data_loader import BaseDataLoader
from base.batch import Batch, one_ahead
from trainer.optimization import Numbers, Steps
from trainer.preview import preview
from trainer.sums import Sums, add, ratios
from utils import distributed
from utils.device import autocast, strictly_deterministic
from utils.errors import at_least
from utils.progress import progress


class Trainer(Steps):
    """Trains on a loader's batches and validates with metrics, epoch after epoch; what a step is stands in `Steps`.

    log_steps          steps between two lines of metrics.jsonl
    show_epochs        epochs between two pictures of samples in TensorBoard, 0 for none
    show_lines         how many samples
    max_batches        of an epoch and of a validation; null for all
    overfit_one_batch  train on the first batch again and again, and validate on it
    deterministic      refuse algorithms that do not always give the same bits; on a GPU slower
    """

    def __init__(
        self,
        *,
        metrics: list[Any],
        loader: BaseDataLoader,
        content: dict[str, Any],
        log_steps: int = 20,
        show_epochs: int = 1,
        show_lines: int = 4,
        max_batches: int | None = None,
        overfit_one_batch: bool = False,
        deterministic: bool = False,
        **steps: Any,
    ) -> None:
        at_least(1, log_steps=log_steps, show_lines=show_lines, max_batches=max_batches)
        at_least(0, show_epochs=show_epochs)
        self.metrics, self.loader, self.valid_loader = metrics, loader, loader.validation()
        self.fixed_content, self.deterministic = content, deterministic
        self.log_steps, self.show_epochs, self.show_lines = log_steps, show_epochs, show_lines
        self.max_batches, self.overfit_one_batch = max_batches, overfit_one_batch
        super().__init__(batches_an_epoch=min(len(loader), max_batches or len(loader)), **steps)

    def train(self, checkpoint_dir: Path, log_dir: Path) -> dict[str, float]:
        with strictly_deterministic(self.deterministic), torch.autograd.set_detect_anomaly(self.detect_anomaly):
            return super().train(checkpoint_dir, log_dir)

    def train_epoch(self) -> dict[str, float]:
        self.model.train()
        if self.batch == 0:
            self.sums = {}
        self.points, self.since = torch.zeros((), dtype=torch.float64, device=self.device), time.perf_counter()
        total, batches = self._batches(self.loader, self.batch)
        with progress(None, total, f"epoch {self.epoch}/{self.epochs}", "batch", start=self.batch) as bar:
            while some := list(itertools.islice(batches, self.accumulate_batches)):
                numbers = self._one_step(some)
                self._log(numbers, bar)
                bar.update(len(some))
                self.after_step()
        self.stop_at_fault()
        return ratios(self.sums)

    def _batches(self, loader: BaseDataLoader, first: int = 0) -> tuple[int, Iterator[Batch]]:
        """How many batches the epoch has, and those from `first` on, on the device."""
        total = min(len(loader), self.max_batches or len(loader))
        first = min(first, total)  # max_batches may have become less
        if self.overfit_one_batch:
            batch = next(iter(self.loader.at(1))).to(self.device)
            return total, itertools.repeat(batch, total - first)
        return total, one_ahead(itertools.islice(loader.at(self.epoch, first), total - first), self.device)

    def _log(self, numbers: Numbers, bar: Any) -> None:
        """Tell a step's numbers, and how many points a second there were since the last line of metrics.jsonl."""
        self.points += numbers.get("points", 0)
        is_time = self.step % self.log_steps == 0
        if not numbers or not (is_time or self.looks_at_once):
            return
        values = {
            "loss": float(numbers["nats"]) / float(numbers["count"]),
            "gradient_norm": float(numbers["gradient_norm"]),
            "lr": numbers["lr"],
            "points_per_second": float(self.points) / (time.perf_counter() - self.since),
        }
        bar.set_postfix(loss=f"{values['loss']:.3f}", points_s=f"{values['points_per_second']:,.0f}")
        if is_time:
            self.stop_at_fault()
            self.run_log.scalars(self.step, values)
            self.points, self.since = torch.zeros_like(self.points), time.perf_counter()

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        model = self.best_model.eval()
        none = torch.zeros(2, dtype=torch.float64, device=self.device)
        sums: Sums = {name: none for name in ("val_loss", *(f"val_{metric.name}" for metric in self.metrics))}
        total, batches = self._batches(self.valid_loader)
        for batch in progress(batches, total, "validation", "batch"):
            if batch.ids:
                with autocast(self.device, self.precision):
                    output = model(batch)
                nats, count = self.loss(output, batch)
                self.watch.add("validation loss", nats, batch.ids, self.epoch, self.step)
                add(sums, "val_loss", nats, count)
                for metric in self.metrics:
                    add(sums, f"val_{metric.name}", *metric(output, batch))
            if self.looks_at_once:
                self.stop_at_fault()
            self.leave_if_asked()
        self.stop_at_fault()
        if self.tensorboard and self.show_epochs and self.epoch % self.show_epochs == 0 and not distributed.rank():
            self._show()
        return ratios({name: distributed.all_sum(pair) for name, pair in sums.items()})

    def _show(self) -> None:
        """A few validation lines of middling length, as the model writes or reads them, to TensorBoard."""
        middle = self.valid_loader.at(self.epoch, len(self.valid_loader) // 2)
        batch = next(iter(middle))
        batch = batch.of(list(range(len(batch.strokes)))[: self.show_lines]).to(self.device)
        for index, image in enumerate(preview(self.best_model, batch, self.loader.facts)):
            self.run_log.picture(self.step, f"samples/{index + 1}", image)

    def save(self, name: str) -> Path:
        self.stop_at_fault()
        return super().save(name)

    def content(self) -> dict[str, Any]:
        return {**self.fixed_content, "facts": self.loader.facts, "model": self.best_model.state_dict()}

    def state(self) -> dict[str, Any]:
        return {**super().state(), "processes": self.loader.processes}
