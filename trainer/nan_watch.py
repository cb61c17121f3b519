"""Detection of NaN and infinite losses and gradients, with the lines that caused them."""

from typing import NamedTuple

import torch
from torch import Tensor

from utils import distributed


class Moment(NamedTuple):
    """A point in a training: the epoch, from 1, and the number of steps before."""

    epoch: int
    step: int


class Fault(NamedTuple):
    """A NaN or infinity: where in training it appeared, and which lines caused it."""

    moment: Moment
    name: str
    value: float
    ids: tuple[str, ...]

    def __str__(self) -> str:
        lines = ", ".join(self.ids[:8]) + (" ..." if len(self.ids) > 8 else "")
        epoch, step = self.moment
        return f"the {self.name} is {self.value} in epoch {epoch} after step {step} (lines {lines})"


class Watch:
    """Scalars that must be finite, checked together.

    at_once  check in every step. Each check waits for the device, so a GPU does so only before logs and saves.
    """

    def __init__(self, at_once: bool) -> None:
        self.at_once = at_once
        self.pending: list[tuple[Fault, Tensor]] = []

    def add(self, name: str, value: Tensor, ids: tuple[str, ...], moment: Moment) -> None:
        """Keep a scalar () for the next check."""
        self.pending.append((Fault(moment, name, 0.0, ids), value.detach()))

    def fault(self) -> Fault | None:
        """Return the first scalar since the last check that is not finite, on any process: the same on all of them.

        The lines of a gradient are those of all processes.
        """
        own = self._own_fault()
        if not distributed.all_max(own is not None)[0]:
            return None
        faults = [fault for fault in distributed.all_gather(own) if fault]
        # A NaN loss makes a NaN gradient: of one step the loss is the cause.
        first = min(faults, key=lambda fault: (fault.moment, fault.name == "gradient"))
        ids = [line for fault in faults if fault[:2] == first[:2] for line in fault.ids]
        return first._replace(ids=tuple(ids))

    def _own_fault(self) -> Fault | None:
        pending, self.pending = self.pending, []
        if not pending:
            return None
        values = torch.stack([value.double() for _, value in pending])
        bad = (~values.isfinite()).nonzero().flatten().tolist()
        return pending[bad[0]][0]._replace(value=float(values[bad[0]])) if bad else None
