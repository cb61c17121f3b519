"""Sums and counts of losses and metrics, kept on the device that they were computed on.

Reading a number of a GPU waits for all work queued there, so sums stay tensors until they are logged or saved.
"""

import torch
from torch import Tensor

from utils.errors import InputError

Sums = dict[str, Tensor]
"""A sum and the count to divide it by for each name: float64 (2,)."""


def add(sums: Sums, name: str, total: Tensor, count: Tensor) -> None:
    """Add a sum and its count to those of this name, on whose device they are kept, wherever a metric computed them."""
    device = sums[name].device if name in sums else total.device
    # a number of the CPU goes along with the GPU's work; one of the GPU has to be there before it is added on the CPU
    goes_along = device.type != "cpu"
    pair = torch.stack([part.detach().to(device, torch.float64, goes_along) for part in (total, count)])
    sums[name] = sums[name] + pair if name in sums else pair


def ratios(sums: Sums) -> dict[str, float]:
    """Divide every sum by its count.

    Raises InputError where nothing was counted: a network that reads was given lines without a text.
    """
    pairs = {name: pair.tolist() for name, pair in sums.items()}
    empty = [name for name, (_, count) in pairs.items() if not count]
    if empty:
        raise InputError(f"nothing was counted for {', '.join(empty)}: the lines have no text to learn or to compare")
    return {name: total / count for name, (total, count) in pairs.items()}
