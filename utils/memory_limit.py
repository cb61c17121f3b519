"""Reject networks too large to be trained in this machine's memory."""

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MAX_MATRICES = 1_000
COPIES = 4
"""Copies of the weights in training: themselves, their gradients, and Adam's two moments."""


def memory() -> float:
    """Return the bytes of this machine's memory; infinitely many where the system does not tell, such as Windows."""
    if not hasattr(os, "sysconf"):
        return math.inf
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def weights_within_memory() -> Iterator[None]:
    """Raise ValueError while a network is built in the block that could not be trained in this machine's memory.

    Weights are counted as they are registered, those of a layer before they are written to: no more than a quarter of
    the memory is ever filled. Where torch has not been imported, no weights are made.
    """
    if "torch" not in sys.modules:
        yield
        return
    from torch.nn.modules.module import register_module_parameter_registration_hook

    limit, size, count = memory(), 0, 0

    def add(module: Any, name: str, weight: Any) -> None:
        nonlocal size, count
        size += 0 if weight is None else weight.numel() * weight.element_size()
        count += 1
        if size * COPIES > limit or count > MAX_MATRICES:
            raise ValueError(
                f"too large to be trained here: {count:,} matrices or more, of {size / 1e9:,.1f} GB together, of which "
                f"{COPIES} copies must fit into {limit / 1e9:,.1f} GB"
            )

    hook = register_module_parameter_registration_hook(add)
    try:
        yield
    finally:
        hook.remove()
