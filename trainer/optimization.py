"""Optimizer steps: gradient of a loss over batches and processes, weight noise, weight average."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from base.base_model import BaseModel
from base.batch import Batch
from model.kernels import build
from trainer.arithmetic import FEW_STEPS, Arithmetic, alternatives, fastest_arithmetic
from trainer.nan_watch import Fault, Moment, Watch
from trainer.settings import TrainerSettings
from trainer.weight_average import WeightAverage
from trainer.weight_noise import WeightNoise
from utils import distributed
from utils.checkpoint import require_own_state
from utils.errors import InputError

Numbers = dict[str, Any]
"""Values of a step to log: tensors () on the device, and lr."""


class Optimization:
    """A model with its loss, optimizer and schedule, whose weights move by `step`; knows no model by name.

    The gradient of a step is that of the mean over all that its batches count, on all processes together.
    """

    def __init__(
        self,
        settings: TrainerSettings,
        *,
        model: BaseModel,
        loss: nn.Module,
        optimizer: torch.optim.Optimizer,
        lr_scheduler: torch.optim.lr_scheduler.LRScheduler,
        device: torch.device,
        steps_per_epoch: int,
    ) -> None:
        self.settings, self.steps_per_epoch = settings, steps_per_epoch
        self.model, self.loss, self.device = model, loss, device
        self.optimizer, self.lr_scheduler = optimizer, lr_scheduler
        self.points_at_once = settings.points_at_once if device.type == "cpu" else None
        self.watch = Watch(device.type == "cpu" or settings.skip_non_finite > 0 or settings.detect_anomaly)
        noise, decay = settings.weight_noise, settings.ema_decay
        self.noise = WeightNoise(model, noise, torch.initial_seed()) if noise else None
        self.average = WeightAverage(model, decay) if decay else None
        self.arithmetic: Arithmetic | None = None

    @property
    def best_model(self) -> BaseModel:
        """The weights to validate and to save: the average if there is one."""
        return self.average.model if self.average else self.model

    def settle_arithmetic(self, first_batch: Callable[[], Batch]) -> str:
        """Decide in which precision and by whose kernels, unless a resumed run has; returns a line to log.

        Measures on the first batch; not for a short training, nor for one whose bits must not depend on a measurement.
        """
        if self.arithmetic is None:
            self.arithmetic = distributed.on_rank_zero(lambda: self._measured(first_batch))
        precision, kernels = self.arithmetic
        text = f"on {self.device.type}, matrix products in {precision}"
        if self.device.type == "cpu" and build.kernels("lstm_sequence", torch.float32) is None:
            return text + "; no C compiler was found (cc, or what CC names): with one it would be faster"
        return text + ("; LSTM layers by torch's kernels, faster here than ours" if kernels == "torch" else "")

    def _measured(self, first_batch: Callable[[], Batch]) -> Arithmetic:
        """Return the fastest arithmetic where there is a choice that is worth timing, else the default."""
        choices, settings = alternatives(self.settings.precision, self.model, self.device), self.settings
        steps = settings.epochs * self.steps_per_epoch
        if len(choices) == 1 or steps < FEW_STEPS or settings.deterministic:
            return choices[0]
        largest_part = first_batch().to(self.device).parts(self.points_at_once)[0]
        set_training_mode(self.model)
        return fastest_arithmetic(choices, self.model, self.loss, largest_part)

    def arithmetic_on_device(self) -> AbstractContextManager[None]:
        """Compute in this arithmetic within the block."""
        assert self.arithmetic, "settle_arithmetic comes first"
        return self.arithmetic.on(self.device)

    def set_rate(self, progress: float) -> None:
        """Set the learning rate of the next step to that of the schedule where this share of its epochs is done."""
        step = progress * self.settings.epochs * self.steps_per_epoch
        scheduler = self.lr_scheduler
        assert isinstance(scheduler, LambdaLR)
        groups = self.optimizer.param_groups
        for group, rate, factor in zip(groups, scheduler.base_lrs, scheduler.lr_lambdas, strict=True):
            group["lr"] = float(rate) * factor(step)  # type: ignore[arg-type]  # steps may be fractions

    def step(self, batches: list[Batch], moment: Moment) -> Numbers | Fault:
        """Move the weights once and return the values to log, or the fault for which they stayed."""
        lr = self.optimizer.param_groups[0]["lr"]
        numbers = self._gradient(batches, moment)
        fault = self.watch.fault() if self.watch.at_once else None
        if fault:
            return fault
        with self.arithmetic_on_device():
            self.optimizer.step()
        self.lr_scheduler.step()
        if self.noise:
            self.noise.step(lr)
        if self.average:
            self.average.update(self.model)
        return {**numbers, "lr": lr}

    def _gradient(self, batches: list[Batch], moment: Moment) -> Numbers:
        """Set the gradients of the mean loss over these batches on all processes, and watch its norm."""
        self.optimizer.zero_grad()
        sums = torch.zeros(3, dtype=torch.float64, device=self.device)
        with self.noise.drawn(moment.step) if self.noise else nullcontext():
            for batch in batches:
                for part in batch.parts(self.points_at_once):
                    sums += self._backward(part, moment)
        nats, count, points = distributed.all_sum(sums)
        ids = tuple(line for batch in batches for line in batch.ids)
        if self.watch.at_once and not count:
            raise InputError(f"there is nothing to learn from in the lines {', '.join(ids[:8])}: have they a text?")
        # Losses are sums. Only now is the count of all processes known, so here they become the gradient of the mean.
        distributed.sum_gradients(self.model.parameters())
        grads = [parameter.grad for parameter in self.model.parameters() if parameter.grad is not None]
        if grads:
            torch._foreach_div_(grads, count.to(grads[0].dtype))
        if self.noise:
            self.noise.add_gradients(count * self.steps_per_epoch)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.gradient_clip or math.inf)
        self.watch.add("gradient", norm, ids, moment)
        return {"nats": nats, "count": count, "points": points, "gradient_norm": norm}

    def _backward(self, part: Batch, moment: Moment) -> Tensor:
        """Add the gradients of a micro-batch's summed loss; returns loss, its count and points, float64 (3,)."""
        with self.arithmetic_on_device():
            output = self.model(part)
        nats, count = self.loss(output, part)
        anomalies = self.settings.detect_anomaly
        if not self.watch.at_once or anomalies or nats.isfinite():
            try:
                nats.backward()
            except RuntimeError as error:
                if not (anomalies and "nan values" in str(error)):
                    raise
                name = f"gradient, as torch says that {str(error).splitlines()[0].rstrip('.')},"
                self.watch.add(name, torch.full_like(nats, math.nan), part.ids, moment)
        self.watch.add("loss", nats, part.ids, moment)
        return torch.stack([number.detach().double() for number in (nats, count, part.stroke_mask.sum())])

    def state(self) -> dict[str, Any]:
        """All that the next step depends on, except the weights to save; plain data."""
        return {
            "optimizer": self.optimizer.state_dict(),
            "lr_scheduler": self.lr_scheduler.state_dict(),
            "weight_noise": self.noise.state() if self.noise else None,
            "raw_model": self.model.state_dict() if self.average else None,
            "precision": {self.device.type: self.arithmetic.precision} if self.arithmetic else {},
            "lstm_kernels": {self.device.type: self.arithmetic.kernels} if self.arithmetic else {},
            "num_averaged": self.average.count if self.average else 0,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a `state`; the model has the saved weights already."""
        self.optimizer.load_state_dict(state["optimizer"])
        require_own_state(self.optimizer)
        self.lr_scheduler.load_state_dict(state["lr_scheduler"])
        precision, kernels = (state.get(key, {}).get(self.device.type) for key in ("precision", "lstm_kernels"))
        if precision:
            wanted = self.settings.precision
            self.arithmetic = Arithmetic(precision if wanted == "auto" else wanted, kernels or "ours")
        if self.average:
            self.average.model.load_state_dict(self.model.state_dict())
            self.average.count = int(state["num_averaged"])
        if self.noise and state.get("weight_noise"):
            self.noise.load_state(state["weight_noise"])
        if state["raw_model"]:
            self.model.load_state_dict(state["raw_model"])


def weights_to_train(model: nn.Module, parts: list[str] | None) -> list[nn.Parameter]:
    """Return the weights of these parts of a network, None for all of it; the others get no gradients from now on.

    Raises InputError where there is no such part.
    """
    known = dict(model.named_children())
    unknown = [part for part in parts or () if part not in known]
    if unknown:
        raise InputError(f"trainer.train_only has {', '.join(unknown)}; this network has {', '.join(known)}")
    model.requires_grad_(parts is None)
    for part in parts or ():
        known[part].requires_grad_()
    return [weight for weight in model.parameters() if weight.requires_grad]


def set_training_mode(model: nn.Module) -> None:
    """Set the model to training, but modules of weights that are not trained to evaluation: faster, without dropout."""
    model.train()
    for module in model.modules():
        weights = list(module.parameters())
        if weights and not any(weight.requires_grad for weight in weights):
            module.eval()
