"""Several processes that train one network together, as torchrun starts them; without it one process, the first of one.

What is small and on the CPU travels by gloo, what is on a GPU by NCCL, and nothing here waits for a GPU.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from utils.errors import InputError

T = TypeVar("T")
STARTED_BY_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
_said: list[dist.Store] = []


@contextmanager
def process_group() -> Iterator[None]:
    """Within it the processes that torchrun started are one training; does nothing in a process alone."""
    if not all(name in os.environ for name in STARTED_BY_TORCHRUN):
        yield
        return
    store, rank, world_size = next(dist.rendezvous("env://"))
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    dist.init_process_group(backend, store=dist.PrefixStore("group", store), rank=rank, world_size=world_size)
    _said.append(dist.PrefixStore("said", store))
    try:
        yield
    finally:
        _said.clear()
        dist.destroy_process_group()


def rank() -> int:
    """Which of the processes this is, from 0: the first one writes and speaks for all."""
    return dist.get_rank() if dist.is_initialized() else 0


def world_size() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first_to_report(message: str) -> bool:
    """Whether no other process has asked this about the same message: what all have to say is said once."""
    return not _said or _said[0].add(message, 1) == 1


@contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except RuntimeError:
        raise InputError("another process of this training has ended; what it said last tells why") from None


def all_max(*values: float) -> list[float]:
    """The largest of each of these numbers over all processes."""
    if world_size() == 1:
        return list(values)
    largest = torch.tensor(values, dtype=torch.float64)
    with _together():
        dist.all_reduce(largest, dist.ReduceOp.MAX)
    return largest.tolist()


def all_gather(value: T) -> list[T]:
    """Every process's `value`, on all of them."""
    if world_size() == 1:
        return [value]
    values: list[T] = [value] * world_size()
    with _together():
        dist.all_gather_object(values, value)
    return values


def all_sum(tensor: Tensor) -> Tensor:
    """The sum of a tensor over all processes."""
    if world_size() > 1:
        with _together():
            dist.all_reduce(tensor)
    return tensor


def sum_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Make every gradient its sum over all processes, in one all-reduce of one flat buffer.

    A parameter that no process has a gradient of keeps none. DistributedDataParallel would send the gradients in pieces
    while the backward still runs. Its mean over processes is not the mean over points where shares are unequal, it
    cannot have a process whose share is empty, and the whole buffer travels in a small part of a step's time (see
    docs/scaling.md): one buffer is exact and short.
    """
    if world_size() == 1:
        return
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    has_one = all_max(*(parameter.grad is not None for parameter in trained))
    trained = [parameter for parameter, some in zip(trained, has_one, strict=True) if some]
    if not trained:
        return
    grads = [torch.zeros_like(one) if one.grad is None else one.grad for one in trained]
    flat = all_sum(torch.cat([grad.flatten() for grad in grads]))
    for parameter, part in zip(trained, flat.split([one.numel() for one in trained]), strict=True):
        parameter.grad = part.view_as(parameter)


def on_rank_zero(work: Callable[[], T]) -> T:
    """What `work` gives on the first process, where alone it is done; what it raises there is raised on all."""
    if world_size() == 1:
        return work()
    outcome: list[object] = [None, None]
    if rank() == 0:
        try:
            outcome[0] = work()
        except (InputError, OSError) as error:
            outcome[1] = error
    with _together():
        dist.broadcast_object_list(outcome)
    if isinstance(outcome[1], Exception):
        raise outcome[1]
    return outcome[0]  # type: ignore[return-value]


@contextmanager
def rank_zero_first() -> Iterator[None]:
    """The first process goes through it before all others: what it makes on the disk is there for them."""
    if rank():
        all_max(0)
    try:
        yield
    finally:
        if rank() == 0:
            all_max(0)
