"""A limit to what a config may ask this machine's memory for."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MOST_WEIGHTS = 1_000
COPIES = 4
"""Of the weights in training: themselves, their gradients, and Adam's two moments."""


def memory() -> int:
    """Bytes of this machine's memory."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def weights_within_memory() -> Iterator[None]:
    """Within it a network that could not be trained in this machine's memory raises ValueError while it is made.

    Weights are counted as they are registered, those of a layer before a number is written into them: no more than a
    quarter of the memory is ever filled. Where nobody has imported torch, nobody makes weights.
    """
    if "torch" not in sys.modules:
        yield
        return
    from torch.nn.modules.module import register_module_parameter_registration_hook

    room, size, count = memory(), 0, 0

    def add(module: Any, name: str, weight: Any) -> None:
        nonlocal size, count
        size += 0 if weight is None else weight.numel() * weight.element_size()
        count += 1
        if size * COPIES > room or count > MOST_WEIGHTS:
            raise ValueError(
                f"too large to be trained here: {count:,} matrices or more, of {size / 1e9:,.1f} GB together, of which "
                f"{COPIES} copies must fit into {room / 1e9:,.1f} GB"
            )

    hook = register_module_parameter_registration_hook(add)
    try:
        yield
    finally:
        hook.remove()
