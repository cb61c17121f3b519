"""The arithmetic of a training, by measurement: the precision of its products and the kernels of its LSTM layers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from base.batch import Batch
from model.layers.recurrent import LSTMKernels, RecurrentLayer, lstm_kernels
from utils.device import Precision, autocast
from utils.timing import fastest

LARGEST_SAMPLE = {"cpu": 2_048, "cuda": 65_536}
"""Points that are timed at once, by device: all lines of a batch, their beginnings alone where that is more."""
FEW_STEPS = 50
"""Optimizer steps of a training that is over before it is worth timing anything."""
HANDICAPS = {"float32": 1.0, "bfloat16": 1.15, "ours": 1.0, "torch": 1.03}
"""Factors on the time of a precision and of the LSTM's kernels, so that a small gain or a busy machine changes nothing.

float32 is more exact than bfloat16. Between kernels it is nothing but the noise of a measurement.
"""


class Arithmetic(NamedTuple):
    """The precision of matrix products, and whose kernels run the LSTM layers without a window on a CPU."""

    precision: Precision = "float32"
    kernels: LSTMKernels = "ours"

    @contextmanager
    def on(self, device: torch.device) -> Iterator[None]:
        """Compute like this within the block."""
        with autocast(device, self.precision), lstm_kernels(self.kernels):
            yield

    @property
    def handicap(self) -> float:
        """The factor on its time."""
        return HANDICAPS[self.precision] * HANDICAPS[self.kernels]


def alternatives(precision: Precision, model: nn.Module, device: torch.device) -> list[Arithmetic]:
    """Return the arithmetics between which a model has the choice, the default first; builds the kernels of all."""
    precisions: list[Precision] = ["float32", "bfloat16"] if precision == "auto" else [precision]
    choices = []
    for each in precisions:
        with autocast(device, each):
            has_kernels = any(isinstance(layer, RecurrentLayer) and layer.runs_as_sequence for layer in model.modules())
        choices += [Arithmetic(each, "ours"), *([Arithmetic(each, "torch")] if has_kernels else [])]
    return choices


def fastest_arithmetic(
    choices: list[Arithmetic], model: nn.Module, loss: Callable[..., tuple[Tensor, Tensor]], batch: Batch
) -> Arithmetic:
    """Return the fastest arithmetic for the beginnings of a batch's lines, forward and backward.

    Takes no random numbers, and leaves no gradients.
    """
    device, sample = batch.strokes.device, beginnings(batch)

    def run(arithmetic: Arithmetic) -> None:
        with arithmetic.on(device):
            output = model(sample)
        loss(output, sample)[0].backward()
        model.zero_grad()

    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        computations = {choice: lambda choice=choice: run(choice) for choice in choices}
        return fastest(computations, {choice: choice.handicap for choice in choices}, device)


def beginnings(batch: Batch) -> Batch:
    """Return the same share of every line's points and characters, LARGEST_SAMPLE points in all at most."""
    lines, points = batch.stroke_mask.shape
    share = min(1.0, LARGEST_SAMPLE[batch.strokes.device.type] / (lines * points))
    points, characters = (max(2, int(share * length)) for length in (points, batch.text.shape[1]))
    return Batch(
        batch.strokes[:, :points],
        batch.stroke_mask[:, :points],
        batch.text[:, :characters],
        batch.char_mask[:, :characters],
        batch.ids,
        batch.writers,
    )
