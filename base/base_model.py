"""The interface of every model to the trainer."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from torch import nn

from base.batch import Batch


@dataclass(frozen=True)
class Sample:
    """A line that a network wrote or read, T points.

    strokes  (T, 3) float32, row 0 the start; in units of the std that the network was trained with
    weights  (T-1, U+1) attention weights of rows 1..T-1 over the U characters of the text and its end; or None
    stopped  True if the line ended by its own rule, False if it hit the point limit
    read     alphabet positions that were read, to which `weights` then belong; None for a line that was written
    """

    strokes: np.ndarray
    weights: np.ndarray | None
    stopped: bool
    read: list[int] | None = None

    @property
    def path(self) -> np.ndarray:
        """The place of the character (T-1,) that each row but the first attended to most; U of a row without attention.

        Of a line without weights it is empty.
        """
        if self.weights is None:
            return np.zeros(0, np.int64)
        return np.where(self.weights.any(1), self.weights.argmax(1), self.weights.shape[1] - 1)


class BaseModel(nn.Module, ABC):
    """A network that maps a `Batch` to the input of its loss and metrics.

    reads_text: True if it has to be given the text that it writes.
    """

    reads_text: ClassVar[bool] = False

    @abstractmethod
    def forward(self, batch: Batch) -> Any:
        """Return the input of the loss: for a writing network the `Mixture` of `batch.targets`."""

    def show(self, batch: Batch, seed: int) -> list[Sample]:
        """Return a sample for each line of `batch`, to follow the training; [] unless a model overrides it."""
        return []

    def character_axes(self) -> dict[str, tuple[int, int]]:
        """Weights that have a row or column for each character of the alphabet: by state-dict name (axis, first)."""
        return {}

    @property
    def num_parameters(self) -> int:
        """The number of trained weights."""
        return sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)
