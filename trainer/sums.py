"""A training's numbers while they are on its device, and whether they are finite.

To read a number of a GPU is to wait for all that is queued there: sums and norms stay tensors until somebody looks.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from utils import distributed
from utils.errors import InputError

Sums = dict[str, Tensor]
"""Of every number a sum and the count that it is to be divided by: float64 (2,)."""


def add(sums: Sums, name: str, total: Tensor, count: Tensor) -> None:
    """Add a sum and its count to those of this name."""
    pair = torch.stack([total.detach().double(), count.to(total.device, torch.float64)])
    sums[name] = sums[name] + pair if name in sums else pair


def ratios(sums: Sums) -> dict[str, float]:
    """Every sum by its count.

    Raises InputError where nothing was counted: a network that reads was given lines without a text.
    """
    pairs = {name: pair.tolist() for name, pair in sums.items()}
    empty = [name for name, (_, count) in pairs.items() if not count]
    if empty:
        raise InputError(f"nothing was counted for {', '.join(empty)}: the lines have no text to learn or to compare")
    return {name: total / count for name, (total, count) in pairs.items()}


class Fault(NamedTuple):
    """A number that is none, after how many steps of which epoch, and the lines that it came from."""

    epoch: int
    step: int
    what: str
    value: float
    ids: tuple[str, ...]

    def __str__(self) -> str:
        lines = ", ".join(self.ids[:8]) + (" ..." if len(self.ids) > 8 else "")
        return f"the {self.what} is {self.value} in epoch {self.epoch} after step {self.step} (lines {lines})"


class Watch:
    """Numbers that must be finite, to be looked at together."""

    def __init__(self) -> None:
        self.seen: list[tuple[Fault, Tensor]] = []

    def add(self, what: str, value: Tensor, ids: tuple[str, ...], epoch: int, step: int) -> None:
        """Keep a number () until the next look."""
        self.seen.append((Fault(epoch, step, what, 0.0, ids), value.detach()))

    def fault(self) -> Fault | None:
        """The first number since the last look that is not finite, on any process: the same on all of them.

        The lines of a gradient are those of all processes.
        """
        mine = self._own_fault()
        if not distributed.all_max(mine is not None)[0]:
            return None
        faults = [fault for fault in distributed.all_gather(mine) if fault]
        first = min(faults, key=lambda fault: (fault.epoch, fault.step, fault.what == "gradient"))
        ids = [line for fault in faults if fault[:3] == first[:3] for line in fault.ids]
        return first._replace(ids=tuple(ids))

    def _own_fault(self) -> Fault | None:
        seen, self.seen = self.seen, []
        if not seen:
            return None
        values = torch.stack([value.double() for _, value in seen])
        bad = (~values.isfinite()).nonzero().flatten().tolist()
        return seen[bad[0]][0]._replace(value=float(values[bad[0]])) if bad else None
