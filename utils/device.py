"""Where and how precisely to compute."""

import contextlib
import ctypes
from typing import Literal

import torch

from utils.errors import InputError

Precision = Literal["float32", "bfloat16"]
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
ONE_GIB = 1 << 30


def pick_device(name: str) -> torch.device:
    """The device called "cpu", "cuda" or "auto" (cuda where there is one).

    Raises InputError where it is not to be had.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError('device: "cuda" is asked for and this machine has none; use "cpu" or "auto"')
    return torch.device(name)


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """Within it matrix products run in `precision`; weights, states and losses stay float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def keep_freed_memory() -> None:
    """Have glibc keep what is freed instead of giving it back: page faults cost a third of a training step on a CPU.

    Does nothing where the C library has no mallopt.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, ONE_GIB)
        libc.mallopt(M_TRIM_THRESHOLD, 2 * ONE_GIB - 1)
