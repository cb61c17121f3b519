"""How a model's weights move: one optimizer step after the other, on any number of processes."""

import math
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from base.base_model import BaseModel
from base.base_trainer import BaseTrainer
from base.batch import Batch
from model.kernels.build import kernels
from trainer.sums import Fault, Sums, Watch, add
from trainer.weight_average import WeightAverage
from trainer.weight_noise import WeightNoise
from utils import distributed
from utils.checkpoint import require_own_state
from utils.device import Precision, autocast, pick_precision
from utils.errors import InputError, at_least

Numbers = dict[str, Any]
"""What there is to log of a step; what was computed is still on the device: () tensors."""


class Steps(BaseTrainer):
    """Takes steps against the gradient of a loss; knows no model by name.

    gradient_clip       largest norm of the gradient, null for none
    accumulate_batches  of the loader, that make one step: the same as one batch of all their lines
    weight_noise        deviation of every weight at the start of learning it, see trainer.weight_noise; null for none
    ema_decay           keep an exponential average of the weights, validate with it and ship it; null for none
    precision           of the matrix products: float32, bfloat16, or auto: what this machine is faster in
    points_at_once      of a batch on a CPU, padding counted: a larger one is worked off in parts, whose gradients add
                        up to the same, so that long lines do not need more memory; null for all at once
    skip_non_finite     steps with a loss or gradient that is no number that a run may leave out, each of them told; the
                        next one ends it. Where a step is left out weights, optimizer and schedule stay as they are
    detect_anomaly      have torch name the operation whose gradient is no number; slow

    On a GPU a number that is none is seen when next something is logged or saved, so that no step waits for the GPU;
    with skip_non_finite or detect_anomaly, as on a CPU, in its own step.

    The gradient of a step is that of the mean over all that its batches count, on all processes together.
    """

    may_be_unset = ("best", "raw_model", "weight_noise")

    def __init__(
        self,
        *,
        model: BaseModel,
        loss: nn.Module,
        optimizer: torch.optim.Optimizer,
        lr_scheduler: torch.optim.lr_scheduler.LRScheduler,
        device: torch.device,
        batches_an_epoch: int,
        gradient_clip: float | None = 10.0,
        accumulate_batches: int = 1,
        weight_noise: float | None = None,
        ema_decay: float | None = None,
        precision: Precision = "auto",
        points_at_once: int | None = 32_000,
        skip_non_finite: int = 0,
        detect_anomaly: bool = False,
        **frame: Any,
    ) -> None:
        at_least(1, accumulate_batches=accumulate_batches, points_at_once=points_at_once)
        at_least(0, skip_non_finite=skip_non_finite)
        if gradient_clip is not None and gradient_clip <= 0:
            raise ValueError(f"gradient_clip is {gradient_clip}; it must be above 0, or null for none")
        if weight_noise is not None and weight_noise <= 0:
            raise ValueError(f"weight_noise is {weight_noise}; it must be above 0, or null for none")
        if ema_decay is not None and not 0 < ema_decay < 1:
            raise ValueError(f"ema_decay is {ema_decay}; it must be between 0 and 1, or null for none")
        self.model, self.loss, self.device = model, loss, device
        self.optimizer, self.lr_scheduler = optimizer, lr_scheduler
        self.gradient_clip, self.accumulate_batches = gradient_clip, accumulate_batches
        self.points_at_once = points_at_once if device.type == "cpu" else None
        self.skip_non_finite, self.skipped, self.detect_anomaly = skip_non_finite, 0, detect_anomaly
        self.looks_at_once = device.type == "cpu" or skip_non_finite > 0 or detect_anomaly
        self.noise = WeightNoise(model, weight_noise, torch.initial_seed()) if weight_noise else None
        self.steps_an_epoch = math.ceil(batches_an_epoch / accumulate_batches)
        self.average = WeightAverage(model, ema_decay) if ema_decay else None
        self.precision, self.sums, self.watch = precision, Sums(), Watch()
        super().__init__(**frame)
        self.precision = distributed.on_rank_zero(lambda: pick_precision(self.precision, device))
        self.log.info(f"on {device.type}, matrix products in {self.precision}{_without_a_compiler(device)}")

    @property
    def best_model(self) -> BaseModel:
        """The weights to validate and to ship: the average where there is one."""
        return self.average.model if self.average else self.model

    def _one_step(self, batches: list[Batch]) -> Numbers:
        """Move the weights; nothing to log where they had to stay."""
        lr = self.optimizer.param_groups[0]["lr"]
        numbers = self._gradient(batches)
        fault = self.watch.fault() if self.looks_at_once else None
        if fault and self.skipped >= self.skip_non_finite:
            raise self._ended_by(fault)
        self.step, self.batch = self.step + 1, self.batch + len(batches)
        if fault:
            self.skipped += 1
            self.log.warning(f"left out step {self.step}, {self.skipped} of at most {self.skip_non_finite}: {fault}")
            self.run_log.note(self.step, {"skipped": self.skipped, "why": str(fault)})
            return {}
        add(self.sums, "loss", numbers["nats"], numbers["count"])
        self.optimizer.step()
        self.lr_scheduler.step()
        if self.noise:
            self.noise.step(lr)
        if self.average:
            self.average.update(self.model)
        return {**numbers, "lr": lr}

    def _gradient(self, batches: list[Batch]) -> Numbers:
        """Set the gradients of the mean loss over these batches on all processes, and have its norm watched."""
        self.optimizer.zero_grad()
        sums = torch.zeros(3, dtype=torch.float64, device=self.device)
        with self.noise.drawn(self.step) if self.noise else nullcontext():
            for batch in batches:
                for part in batch.parts(self.points_at_once):
                    sums += self._backward(part)
        nats, count, points = distributed.all_sum(sums)
        ids = tuple(line for batch in batches for line in batch.ids)
        if self.looks_at_once and not count:
            raise InputError(f"there is nothing to learn from in the lines {', '.join(ids[:8])}: have they a text?")
        distributed.sum_gradients(self.model.parameters())
        for parameter in self.model.parameters():
            if parameter.grad is not None:
                parameter.grad /= count
        if self.noise:
            self.noise.add_gradients(count * self.steps_an_epoch)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.gradient_clip or math.inf)
        self.watch.add("gradient", norm, ids, self.epoch, self.step)
        return {"nats": nats, "count": count, "points": points, "gradient_norm": norm}

    def _backward(self, part: Batch) -> Tensor:
        """Add the gradients of a part's summed loss to those there are: loss, its count and points, float64 (3,)."""
        with autocast(self.device, self.precision):
            output = self.model(part)
        nats, count = self.loss(output, part)
        if not self.looks_at_once or self.detect_anomaly or nats.isfinite():
            try:
                nats.backward()
            except RuntimeError as error:
                if not (self.detect_anomaly and "nan values" in str(error)):
                    raise
                found = f"gradient, as torch says that {str(error).splitlines()[0].rstrip('.')},"
                self.watch.add(found, torch.full_like(nats, math.nan), part.ids, self.epoch, self.step)
        self.watch.add("loss", nats, part.ids, self.epoch, self.step)
        return torch.stack([number.detach().double() for number in (nats, count, part.stroke_mask.sum())])

    def stop_at_fault(self) -> None:
        """Raise InputError where a number since the last look was none."""
        fault = self.watch.fault()
        if fault:
            raise self._ended_by(fault)

    def _ended_by(self, fault: Fault) -> InputError:
        return InputError(
            f"{fault}; the checkpoints in {self.checkpoint_dir} are from before. "
            "Try a lower optimizer.args.lr or trainer.gradient_clip, or look at these lines"
            + (f" ({self.skipped} steps were left out before)" if self.skipped else "")
        )

    def state(self) -> dict[str, Any]:
        return {
            **super().state(),
            "optimizer": self.optimizer.state_dict(),
            "lr_scheduler": self.lr_scheduler.state_dict(),
            "sums": {name: tuple(pair.tolist()) for name, pair in self.sums.items()},
            "skipped": self.skipped,
            "weight_noise": self.noise.state() if self.noise else None,
            "raw_model": self.model.state_dict() if self.average else None,
            "precision": {self.device.type: self.precision},
            "num_averaged": self.average.count if self.average else 0,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.optimizer.load_state_dict(state["optimizer"])
        require_own_state(self.optimizer)
        self.lr_scheduler.load_state_dict(state["lr_scheduler"])
        for name, pair in state["sums"].items():
            self.sums[name] = torch.tensor(pair, dtype=torch.float64, device=self.device).reshape(2)
        self.skipped = int(state.get("skipped", 0))
        if self.precision == "auto":
            self.precision = state.get("precision", {}).get(self.device.type, "auto")
        if self.average:
            self.average.model.load_state_dict(self.model.state_dict())
            self.average.count = int(state["num_averaged"])
        if self.noise and state.get("weight_noise"):
            self.noise.load_state(state["weight_noise"])
        if state["raw_model"]:
            self.model.load_state_dict(state["raw_model"])


def _without_a_compiler(device: torch.device) -> str:
    """What to say where the kernels cannot be built."""
    without = device.type == "cpu" and kernels("lstm_sequence", torch.float32) is None
    return "; no C compiler was found (cc, or what CC names): with one it would be faster" if without else ""
