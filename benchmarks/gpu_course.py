"""The course of a training's epochs: their time, that of their steps alone, and the parts of a step by a profiler."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils.data.dataloader import _BaseDataLoaderIter

from base.batch import Batch, one_ahead
from model.kernels.window_graph import GraphedSequence
from model.layers.recurrent import SkipStack
from model.layers.self_attention import SelfAttention
from model.layers.window import WindowLayer
from model.loss import NegativeLogLikelihood
from model.writing.mixture_density import MixtureDensity
from trainer.nan_watch import Fault
from trainer.optimization import Optimization
from trainer.trainer import Trainer
from trainer.weight_average import WeightAverage
from utils.process_clock import seconds_of_process

PARTS: dict[str, tuple[Any, str]] = {
    "loader": (_BaseDataLoaderIter, "__next__"),
    "copies to the GPU": (Batch, "to"),
    "window layer": (WindowLayer, "forward"),
    "layers above": (SkipStack, "forward"),
    "of these attention": (SelfAttention, "forward"),
    "mixture density": (MixtureDensity, "forward"),
    "loss": (NegativeLogLikelihood, "forward"),
    "backward pass": (Tensor, "backward"),
    "of this the window layer": (GraphedSequence, "backward"),
    "clipping": (nn.utils, "clip_grad_norm_"),
    "average": (WeightAverage, "update"),
    "logging": (Trainer, "_log"),
}
"""Parts of a training step with a writing network, and the functions that they are."""
LABELS = {**{label: label for label in PARTS}, "optimizer": "Optimizer.step#Muon.step"}
"""Labels of all parts in a profile; torch has its own for an optimizer."""
Row = tuple[str, float, float]
"""A part of a step, and its milliseconds of the CPU and of the GPU's kernels that it launched."""


@dataclass
class Epoch:
    """An epoch of a training.

    seconds  from its first batch to the last step's end on the device
    alone    of the same steps one after the other, their batches on the device already
    parts    rows of a profiled epoch
    """

    steps: int = 0
    points: float = 0.0
    seconds: float = 0.0
    alone: float = 0.0
    parts: list[Row] = field(default_factory=list)

    @property
    def milliseconds(self) -> float:
        """Time per step."""
        return 1000 * self.seconds / max(1, self.steps)

    @property
    def rate(self) -> float:
        """Real points per second."""
        return self.points / max(1e-9, self.seconds)


@dataclass
class Course:
    """The epochs of trainings within a block, and the seconds from the process's start to the end of the first step."""

    epochs: list[Epoch] = field(default_factory=list)
    first_step: float | None = None


def wait_for(device: torch.device) -> None:
    """Wait until a GPU has done its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def watched(alone: bool = False, profiled: bool = False) -> Iterator[Course]:
    """Watch the trainings within the block; the last epoch of each is profiled, or its steps are timed alone too."""
    course, train_epoch, step = Course(), Trainer.train_epoch, Optimization.step
    points: list[Tensor] = []

    def counted(optimization: Optimization, batches: list[Batch], *place: Any) -> Any:
        outcome = step(optimization, batches, *place)
        if not isinstance(outcome, Fault):
            points.append(outcome["points"])
        if course.first_step is None:
            wait_for(optimization.device)
            course.first_step = seconds_of_process()
        return outcome

    def timed(trainer: Trainer) -> dict[str, float]:
        points.clear()
        is_last = trainer.epoch == trainer.settings.epochs
        with profiler() if profiled and is_last else nullcontext() as events:
            wait_for(trainer.device)
            start = time.perf_counter()
            numbers = train_epoch(trainer)
            wait_for(trainer.device)
            epoch = Epoch(len(points), float(sum(points)), time.perf_counter() - start)
        if alone and is_last:
            epoch.alone = seconds_alone(trainer, epoch.steps)
        if events is not None:
            epoch.parts = rows(events, epoch)
        course.epochs.append(epoch)
        return numbers

    with patch.object(Trainer, "train_epoch", timed), patch.object(Optimization, "step", counted):
        yield course


def seconds_alone(trainer: Trainer, count: int) -> float:
    """Return the seconds of the first steps of the epoch once more, each batch on the device before the first."""
    batches = list(one_ahead(itertools.islice(trainer.loader.at(trainer.epoch), count), trainer.device))
    wait_for(trainer.device)
    start = time.perf_counter()
    for batch in batches:
        trainer.optimization.step([batch], trainer.moment)
    wait_for(trainer.device)
    return time.perf_counter() - start


@contextmanager
def profiler() -> Iterator[profile]:
    """Profile the block, with the functions of PARTS by their names."""
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if torch.cuda.is_available() else [])]
    with ExitStack() as stack:
        for label, (owner, name) in PARTS.items():
            is_static = isinstance(owner.__dict__.get(name), staticmethod)
            function = labelled(label, getattr(owner, name))
            stack.enter_context(patch.object(owner, name, staticmethod(function) if is_static else function))
        yield stack.enter_context(profile(activities=activities))


def labelled(label: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function`, called under a label of the profiler's."""

    def call(*args: Any, **kwargs: Any) -> Any:
        with record_function(label):
            return function(*args, **kwargs)

    return call


def rows(events: profile, epoch: Epoch) -> list[Row]:
    """Return the parts of a profiled step, all kernels, and the time by the clock."""
    averages, per_step = events.key_averages(), 1e3 * max(1, epoch.steps)  # from microseconds to milliseconds
    cpu = {event.key: event for event in averages if event.device_type == DeviceType.CPU}
    parts = [
        (part, cpu[label].cpu_time_total / per_step, cpu[label].device_time_total / per_step)
        for part, label in LABELS.items()
        if label in cpu
    ]
    kernels = [event for event in averages if event.device_type != DeviceType.CPU and not event.is_user_annotation]
    total = sum(event.self_device_time_total for event in kernels) / per_step
    return [*parts, ("all kernels", 0.0, total), ("by the clock", epoch.milliseconds, epoch.milliseconds)]
