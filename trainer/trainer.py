"""The one training loop, for every model."""

import math
import time
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from base.base_data_loader import BaseDataLoader
from base.base_model import BaseModel
from base.base_trainer import BaseTrainer
from base.batch import Batch
from model.kernels import kernels
from trainer.preview import preview
from utils.device import Precision, autocast, pick_precision
from utils.errors import InputError, at_least
from utils.progress import progress

Sums = dict[str, tuple[float, float]]
"""Of every number a sum and the count that it is to be divided by."""


class Trainer(BaseTrainer):
    """Trains a model on a loader's batches with a loss and metrics; knows no model by name.

    gradient_clip  largest norm of the gradient, null for none
    ema_decay      keep an exponential average of the weights, validate with it and ship it; null for none
    precision      of the matrix products: float32, bfloat16, or auto: what this machine is faster in
    points_at_once of a batch on a CPU, padding counted: a larger one is worked off in parts, whose gradients add up to
                   the same, so that long lines do not need more memory; null for all at once
    log_steps      steps between two lines of metrics.jsonl
    show_epochs    epochs between two pictures of samples in TensorBoard, 0 for none
    show_lines     how many samples
    """

    def __init__(
        self,
        *,
        model: BaseModel,
        loss: nn.Module,
        metrics: list[Any],
        optimizer: torch.optim.Optimizer,
        lr_scheduler: torch.optim.lr_scheduler.LRScheduler,
        loader: BaseDataLoader,
        device: torch.device,
        content: dict[str, Any],
        gradient_clip: float | None = 10.0,
        ema_decay: float | None = None,
        precision: Precision = "auto",
        points_at_once: int | None = 32_000,
        log_steps: int = 20,
        show_epochs: int = 1,
        show_lines: int = 4,
        **frame: Any,
    ) -> None:
        at_least(1, log_steps=log_steps, show_lines=show_lines, points_at_once=points_at_once)
        at_least(0, show_epochs=show_epochs)
        if gradient_clip is not None and gradient_clip <= 0:
            raise ValueError(f"gradient_clip is {gradient_clip}; it must be above 0, or null for none")
        if ema_decay is not None and not 0 < ema_decay < 1:
            raise ValueError(f"ema_decay is {ema_decay}; it must be between 0 and 1, or null for none")
        self.model, self.loss, self.metrics = model, loss, metrics
        self.optimizer, self.lr_scheduler, self.device = optimizer, lr_scheduler, device
        self.loader, self.valid_loader = loader, loader.validation()
        self.gradient_clip, self.precision, self.fixed_content = gradient_clip, precision, content
        self.points_at_once = points_at_once if device.type == "cpu" else None
        self.log_steps, self.show_epochs, self.show_lines = log_steps, show_epochs, show_lines
        self.average = AveragedModel(model, multi_avg_fn=_towards(ema_decay)) if ema_decay else None
        self.sums: Sums = {}
        super().__init__(**frame)
        self.precision = pick_precision(self.precision, device)
        self.log.info(f"on {device.type}, matrix products in {self.precision}{_without_a_compiler(device)}")

    @property
    def best_model(self) -> BaseModel:
        """The weights to validate and to ship: the average where there is one."""
        average: Any = self.average
        return average.module if average else self.model

    def train_epoch(self) -> dict[str, float]:
        self.model.train()
        sums = {} if self.batch == 0 else self.sums
        self.sums = sums
        batches = self.loader.at(self.epoch, self.batch)
        total = len(batches)
        with progress(None, total, f"epoch {self.epoch}/{self.epochs}", "step", start=self.batch) as bar:
            for batch in batches:
                started = time.perf_counter()
                numbers = self._one_step(batch.to(self.device))
                numbers["points_per_second"] = numbers.pop("points") / (time.perf_counter() - started)
                bar.set_postfix(loss=f"{numbers['loss']:.3f}", points_s=f"{numbers['points_per_second']:,.0f}")
                bar.update()
                if self.step % self.log_steps == 0:
                    self.run_log.scalars(self.step, numbers)
                self.after_step()
        return _ratios(self.sums)

    def _one_step(self, batch: Batch) -> dict[str, float]:
        loss = self._gradient(batch)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.gradient_clip or math.inf)
        self._require_finite(float(norm), "gradient", batch)
        lr = self.optimizer.param_groups[0]["lr"]
        self.optimizer.step()
        self.lr_scheduler.step()
        if self.average:
            self.average.update_parameters(self.model)
        self.step, self.batch = self.step + 1, self.batch + 1
        return {"loss": loss, "gradient_norm": float(norm), "lr": lr, "points": float(batch.stroke_mask.sum())}

    def _gradient(self, batch: Batch) -> float:
        """Set the gradients of the batch's mean loss, a part of the batch at a time: that loss."""
        self.optimizer.zero_grad()
        total = count = 0.0
        for part in batch.parts(self.points_at_once):
            with autocast(self.device, self.precision):
                output = self.model(part)
            nats, counted = self.loss(output, part)
            self._require_finite(float(nats.detach()), "loss", part)
            nats.backward()
            total, count = total + float(nats.detach()), count + float(counted)
            _add(self.sums, "loss", nats, counted)
            del output, nats
        if not count:
            raise InputError(
                f"there is nothing to learn from in the lines {', '.join(batch.ids[:8])}: have they a text?"
            )
        for parameter in self.model.parameters():
            if parameter.grad is not None:
                parameter.grad /= count
        return total / count

    def _require_finite(self, value: float, what: str, batch: Batch) -> None:
        if not math.isfinite(value):
            raise InputError(
                f"the {what} is {value} in epoch {self.epoch} after step {self.step} (lines {', '.join(batch.ids[:8])}"
                f"{' ...' if len(batch.ids) > 8 else ''}); the checkpoints in {self.checkpoint_dir} are from before. "
                "Try a lower optimizer.args.lr or trainer.gradient_clip, or look at these lines"
            )

    @torch.inference_mode()
    def validate(self) -> dict[str, float]:
        model = self.best_model.eval()
        sums: Sums = {}
        batches = self.valid_loader.at(self.epoch)
        for batch in progress(batches, len(batches), "validation", "batch"):
            batch = batch.to(self.device)
            with autocast(self.device, self.precision):
                output = model(batch)
            total, count = self.loss(output, batch)
            self._require_finite(float(total), "validation loss", batch)
            _add(sums, "val_loss", total, count)
            for metric in self.metrics:
                _add(sums, f"val_{metric.name}", *metric(output, batch))
            self.leave_if_asked()
        if self.tensorboard and self.show_epochs and self.epoch % self.show_epochs == 0:
            self._show()
        return _ratios(sums)

    def _show(self) -> None:
        """A few validation lines of middling length, as the model writes or reads them, to TensorBoard."""
        middle = self.valid_loader.at(self.epoch, len(self.valid_loader) // 2)
        batch = next(iter(middle))
        batch = batch.of(list(range(len(batch.strokes)))[: self.show_lines]).to(self.device)
        for index, image in enumerate(preview(self.best_model, batch, self.loader.facts)):
            self.run_log.picture(self.step, f"samples/{index + 1}", image)

    def content(self) -> dict[str, Any]:
        return {**self.fixed_content, "facts": self.loader.facts, "model": self.best_model.state_dict()}

    def state(self) -> dict[str, Any]:
        return {
            **super().state(),
            "optimizer": self.optimizer.state_dict(),
            "lr_scheduler": self.lr_scheduler.state_dict(),
            "sums": self.sums,
            "raw_model": self.model.state_dict() if self.average else None,
            "precision": {self.device.type: self.precision},
            "num_averaged": int(self.average.n_averaged) if self.average else 0,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.optimizer.load_state_dict(state["optimizer"])
        self.lr_scheduler.load_state_dict(state["lr_scheduler"])
        self.sums = state["sums"]
        if self.precision == "auto":
            self.precision = state.get("precision", {}).get(self.device.type, "auto")
        if self.average:
            self.average.module.load_state_dict(self.model.state_dict())
            self.average.n_averaged.fill_(state["num_averaged"])
        if state["raw_model"]:
            self.model.load_state_dict(state["raw_model"])


def _without_a_compiler(device: torch.device) -> str:
    """What to say where the kernels cannot be built."""
    without = device.type == "cpu" and kernels("lstm_sequence", torch.float32) is None
    return "; no C compiler was found (cc, or what CC names): with one it would be faster" if without else ""


def _towards(decay: float) -> Any:
    """An update of averages by their current values; the decay rises from 0.1, so that the start is forgotten."""

    @torch.no_grad()
    def update(averages: list[Tensor], currents: list[Tensor], num_averaged: Tensor) -> None:
        now = min(decay, (1 + int(num_averaged)) / (10 + int(num_averaged)))
        torch._foreach_lerp_(averages, currents, 1 - now)

    return update


def _add(sums: Sums, name: str, total: Tensor, count: Tensor) -> None:
    old_total, old_count = sums.get(name, (0.0, 0.0))
    sums[name] = (old_total + float(total.detach()), old_count + float(count))


def _ratios(sums: Sums) -> dict[str, float]:
    """Every sum by its count.

    Raises InputError where nothing was counted: a network that reads was given lines without a text.
    """
    empty = [name for name, (_, count) in sums.items() if not count]
    if empty:
        raise InputError(f"nothing was counted for {', '.join(empty)}: the lines have no text to learn or to compare")
    return {name: total / count for name, (total, count) in sums.items()}
