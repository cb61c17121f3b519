"""The fastest of several computations that do the same, by measurement."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import torch

T = TypeVar("T")
ROUNDS = 5
"""Number of times that each computation is timed, after a warm-up."""
HOPELESS = 2.0
"""Multiple of the shortest time from which on a computation is not timed again."""


def fastest(computations: Mapping[T, Callable[[], object]], handicaps: Mapping[T, float], device: torch.device) -> T:
    """Return the key of the computation with the smallest median time, multiplied by its handicap.

    They take turns, so that a machine that is busy for a while slows all of them down.
    """
    taken: dict[T, list[float]] = {key: [] for key in computations}
    for turn in range(ROUNDS + 1):
        for key, seconds in taken.items():
            seconds.append(handicaps[key] * seconds_of(computations[key], device))
        if turn:
            limit = HOPELESS * min(map(min, taken.values()))
            taken = {key: seconds for key, seconds in taken.items() if min(seconds) <= limit}
    return min(taken, key=lambda key: statistics.median(taken[key][1:]))


def seconds_of(computation: Callable[[], object], device: torch.device) -> float:
    """Return the seconds until the device has done a computation.

    One thread of a CPU is timed by what it computes, so that other programs on its core do not count. With more threads
    that would count their waiting.
    """
    is_one_thread = device.type == "cpu" and torch.get_num_threads() == 1
    clock = time.process_time if is_one_thread else time.perf_counter
    start = clock()
    computation()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return clock() - start
