"""The progress of a training: reported to its caller, and the time that it has left."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Progress:
    """A report on a running training.

    epoch, epochs  the current epoch, counted from 1, and the number of epochs; None where trainer.minutes is the limit
    step, steps    optimizer steps so far, and those of all epochs; None where trainer.minutes is the limit
    done           the share of the training that is done, by steps or by time: 0 to 1
    numbers        "loss" (nats per target) and the other values logged at this step; after an epoch the means over it
                   and the validation's, which begin with "val_"
    seconds        time since this process began to train
    seconds_left   estimate of the time to the last epoch's end, None before the first step; with trainer.minutes what
                   is left of them
    samples        after an epoch of trainer.show_epochs: lines that the network writes or reads by now
    """

    epoch: int
    epochs: int | None
    step: int
    steps: int | None
    done: float
    numbers: dict[str, float]
    seconds: float
    seconds_left: float | None
    samples: list[Any] = field(default_factory=list)

    @property
    def loss(self) -> float:
        """The training loss, nats per target."""
        return self.numbers["loss"]


def stopwatch() -> Callable[[], float]:
    """Return a clock of the seconds since this call."""
    started = time.monotonic()
    return lambda: time.monotonic() - started


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
