"""The progress of a training: reported to its caller, and the time that it has left."""

import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Progress:
    """A report on a running training.

    epoch, epochs  the current epoch, counted from 1, and the number of epochs
    step, steps    optimizer steps so far, and those of all epochs
    numbers        "loss" (nats per target) and the other values logged at this step; after an epoch the means over it
                   and the validation's, which begin with "val_"
    seconds        time since this process began to train
    seconds_left   estimate of the time to the last epoch's end; None before the first step
    samples        after an epoch of trainer.show_epochs: lines that the network writes or reads by now
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    numbers: dict[str, float]
    seconds: float
    seconds_left: float | None
    samples: list[Any] = field(default_factory=list)

    @property
    def loss(self) -> float:
        """The training loss, nats per target."""
        return self.numbers["loss"]


class Clock:
    """Time elapsed and left of `total` steps, of which `first` were done before the clock was started."""

    def __init__(self, total: int, first: int) -> None:
        self.total, self.first, self.started = total, first, time.monotonic()

    @property
    def seconds(self) -> float:
        """Time since the start."""
        return time.monotonic() - self.started

    def seconds_left(self, step: int) -> float | None:
        """Estimate of the time for the remaining steps, at the mean rate since the start; None before the first."""
        done = step - self.first
        return self.seconds * max(0, self.total - step) / done if done > 0 else None
