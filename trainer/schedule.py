"""Learning rate schedules. They step after every optimizer step; their arguments are in epochs."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from utils.errors import at_least


class Constant(LambdaLR):
    """The optimizer's own learning rate, after a linear warm-up.

    warmup_epochs: epochs in which the rate rises from 0 to the optimizer's own.
    """

    def __init__(self, *, optimizer: Optimizer, steps_per_epoch: int, warmup_epochs: float = 0.0) -> None:
        at_least(0, warmup_epochs=warmup_epochs)
        warmup = warmup_epochs * steps_per_epoch
        super().__init__(optimizer, lambda step: _warm(step, warmup))


class WarmupCosine(LambdaLR):
    """Linear warm-up, then half a cosine down to the last epoch.

    warmup_epochs: epochs in which the rate rises from 0 to the optimizer's own.
    final_ratio: share of the rate that is left at the end.
    """

    def __init__(
        self,
        *,
        optimizer: Optimizer,
        steps_per_epoch: int,
        epochs: int,
        warmup_epochs: float = 0.0,
        final_ratio: float = 0.01,
    ) -> None:
        at_least(0, warmup_epochs=warmup_epochs, final_ratio=final_ratio)
        warmup, last = warmup_epochs * steps_per_epoch, epochs * steps_per_epoch

        def factor(step: int) -> float:
            done = min(1.0, max(0.0, (step - warmup) / max(1.0, last - warmup)))
            return _warm(step, warmup) * (final_ratio + (1 - final_ratio) * 0.5 * (1 + math.cos(math.pi * done)))

        super().__init__(optimizer, factor)


class StepDecay(LambdaLR):
    """The learning rate times `gamma` after every `every_epochs`, after a linear warm-up.

    every_epochs: epochs between two steps of the rate.
    gamma: factor of each step, 1 or less.
    warmup_epochs: epochs in which the rate rises from 0 to the optimizer's own.
    """

    def __init__(
        self,
        *,
        optimizer: Optimizer,
        steps_per_epoch: int,
        every_epochs: float,
        gamma: float = 0.5,
        warmup_epochs: float = 0.0,
    ) -> None:
        at_least(0, warmup_epochs=warmup_epochs, gamma=gamma)
        if gamma > 1:
            raise ValueError(f"gamma is {gamma}; it must be 1 or less")
        if not every_epochs * steps_per_epoch >= 1:
            raise ValueError(f"every_epochs is {every_epochs}, less than one of {steps_per_epoch} steps per epoch")
        warmup, every = warmup_epochs * steps_per_epoch, every_epochs * steps_per_epoch
        super().__init__(optimizer, lambda step: _warm(step, warmup) * gamma ** math.floor(step / every))


def _warm(step: int, warmup_steps: float) -> float:
    return min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0


SCHEDULES = {"Constant": Constant, "WarmupCosine": WarmupCosine, "StepDecay": StepDecay}
