"""What the trainer asks of every model."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from base.batch import Batch


@dataclass(frozen=True)
class Sample:
    """A line that a network wrote or read.

    strokes  (T, 3) float32, row 0 the start; in units of the std that the network was trained with
    weights  (T-1, U+1) what it looked at in its text of U characters, and at its end, for each of rows 1..T-1; or None
    stopped  True: it ended by its own rule; False: a cap ended it
    read     the alphabet positions that were read, to which `weights` then belong; None of a line that was written
    """

    strokes: np.ndarray
    weights: np.ndarray | None
    stopped: bool
    read: list[int] | None = None


class BaseModel(nn.Module, ABC):
    """A network from a `Batch` to whatever its loss and metrics read."""

    @abstractmethod
    def forward(self, batch: Batch) -> Any:
        """The output for the loss: for a generator the `Mixture` of `batch.targets`."""

    def show(self, batch: Batch, seed: int) -> list[Sample]:
        """Something to look at while training for each line of `batch`; nothing unless a model overrides it."""
        return []

    def character_axes(self) -> dict[str, tuple[int, int]]:
        """Weights that have a row or column for each character of the alphabet: by state-dict name (axis, first)."""
        return {}

    @property
    def num_parameters(self) -> int:
        """How many numbers are trained."""
        return sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)
