"""The device and the precision to compute in."""

import contextlib
import ctypes
import os
from collections.abc import Iterator
from typing import Literal

import torch

from utils.errors import InputError

Precision = Literal["auto", "float32", "bfloat16"]
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
MIB = 1 << 20
SHAPES = 16


def pick_device(name: str) -> torch.device:
    """Return the device called "cpu", "cuda" or "auto" (cuda if there is a GPU).

    Each process that torchrun started has a GPU of its own. Raises InputError where there is none.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cpu":
        return torch.device(name)
    if not torch.cuda.is_available():
        raise InputError('device: "cuda", but this machine has none; use "cpu" or "auto"')
    number = int(os.environ.get("LOCAL_RANK", "0"))
    if number >= torch.cuda.device_count():
        raise InputError(f"device: {torch.cuda.device_count()} GPUs for more processes; start one for each GPU")
    torch.cuda.set_device(number)
    return torch.device(name, number)


@contextlib.contextmanager
def strictly_deterministic(on: bool) -> Iterator[None]:
    """Make an algorithm that does not always give the same bits an error within the block, where `on`.

    Raises InputError where there is no deterministic algorithm.
    """
    before = torch.are_deterministic_algorithms_enabled()
    if on:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # required by cuBLAS
        torch.use_deterministic_algorithms(True)
    try:
        yield
    except RuntimeError as error:
        if on and "deterministic" in str(error):
            raise InputError(f"trainer.deterministic: {str(error).split('.')[0]}") from None
        raise
    finally:
        torch.use_deterministic_algorithms(before)


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """Run matrix products within the block in `precision`; weights, states and losses stay float32."""
    assert precision != "auto", "trainer.arithmetic settles it first"
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def keep_memory_small() -> None:
    """Call once, before the first matrix product: keeps a training's memory flat, at little cost in speed.

    oneDNN and torch's layer above it cache up to 1024 shapes of product each, and hardly two batches have the same
    shape. A cached shape takes 40 KB, but it lies in the heap behind the buffers of its first product, whose memory
    glibc then holds though it is free: 3.6 MiB per shape were measured in bfloat16. glibc shall return blocks of 8 MiB
    and more at once and keep up to 64 MiB of smaller ones, because page faults cost. Does nothing where the C library
    has no mallopt.
    """
    for cache in ("LRU_CACHE_CAPACITY", "ONEDNN_PRIMITIVE_CACHE_CAPACITY"):
        os.environ.setdefault(cache, str(SHAPES))
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, 8 * MIB)
        libc.mallopt(M_TRIM_THRESHOLD, 64 * MIB)
