"""Work on the lines of a batch, shared among threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import torch

MIN_LINES = 8
"""Lines per thread from which on another thread is faster than none."""


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="lines")


def part_size(lines: int, together: int = 1) -> int:
    """Return the number of lines per thread, a multiple of those that belong together."""
    parts = max(1, min(torch.get_num_threads(), lines // MIN_LINES))
    return -(-lines // parts // together) * together


def threads_per_part(lines: int, together: int = 1) -> int:
    """Return the number of threads for each part of the lines, so that few lines use all of them too."""
    return max(1, torch.get_num_threads() // -(-lines // part_size(lines, together)))


def over_lines(work: Callable[[slice], None], lines: int, together: int = 1) -> None:
    """Do `work` on every thread's lines, its matrix products on that thread alone: there is nothing to wait for.

    `together` successive lines, counted from the first, are in one part.
    """
    threads, size = torch.get_num_threads(), part_size(lines, together)
    parts = [slice(first, min(first + size, lines)) for first in range(0, lines, size)]
    torch.set_num_threads(1)
    try:
        others = [_threads().submit(torch.no_grad()(work), part) for part in parts[1:]]
        work(parts[0])
        for other in others:
            other.result()
    finally:
        torch.set_num_threads(threads)
