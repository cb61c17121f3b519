"""Several processes that train together, forked from the test so that they have its patches."""

import multiprocessing
import os
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from utils import distributed

torch.distributed.is_available()  # the children should not be the first to load it


def together(folder: Path, work: Callable[[], Any], number: int = 2) -> list[Any]:
    """Return the result of `work`, or the error that it ends with, in each of `number` processes of one training."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    context = multiprocessing.get_context("fork")
    places = [folder / f"outcome-{rank}" for rank in range(number)]
    children = [
        context.Process(target=_child, args=(work, rank, number, port, place)) for rank, place in enumerate(places)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
        child.kill()
    assert [child.exitcode for child in children] == [0] * number
    return [torch.load(place, weights_only=False) for place in places]


def _child(work: Callable[[], Any], rank: int, number: int, port: int, place: Path) -> None:
    settings = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": number, "MASTER_PORT": port}
    os.environ.update({name: str(value) for name, value in settings.items()}, MASTER_ADDR="127.0.0.1")
    torch.set_num_threads(1)
    with distributed.process_group():
        try:
            outcome = work()
        except Exception as error:
            traceback.print_exc()
            outcome = error
        torch.save(outcome, place)
        distributed.all_max(0)
