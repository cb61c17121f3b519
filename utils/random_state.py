"""The state of a process's random generators: saved in checkpoints, restored when a run is resumed."""

from typing import Any

import torch

from utils import distributed


def rng_state() -> dict[str, Any]:
    """The state of this process's random generators, of the CPU and of its GPU."""
    return {
        "rng": torch.get_rng_state(),
        "cuda_rng": [torch.cuda.get_rng_state()] if torch.cuda.is_available() else [],
    }


def restore_rng(states: list[dict[str, Any]], step: int) -> None:
    """Continue with this process's own of the `rng_state`s of all processes, by rank.

    A process that has none, because a run goes on with more of them, is seeded unlike all others.
    """
    rank = distributed.rank()
    if rank < len(states):
        torch.set_rng_state(states[rank]["rng"])
        if torch.cuda.is_available() and states[rank]["cuda_rng"]:
            torch.cuda.set_rng_state(states[rank]["cuda_rng"][0])
    elif rank:
        torch.manual_seed(torch.initial_seed() + 1_000_003 * rank + step)
