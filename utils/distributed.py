"""Several processes that train one network together, as torchrun starts them; without it, one process of rank 0.

Tensors on the CPU are exchanged by gloo, those on a GPU by NCCL, and nothing in this file waits for a GPU.
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
_reported: list[dist.Store] = []


@contextmanager
def process_group() -> Iterator[None]:
    """Join the processes that torchrun started into one group within the block; does nothing in a single process."""
    if not all(name in os.environ for name in STARTED_BY_TORCHRUN):
        yield
        return
    store, rank, world_size = next(dist.rendezvous("env://"))
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    dist.init_process_group(backend, store=dist.PrefixStore("group", store), rank=rank, world_size=world_size)
    _reported.append(dist.PrefixStore("reported", store))
    try:
        yield
    finally:
        _reported.clear()
        dist.destroy_process_group()


def rank() -> int:
    """Return the number of this process, from 0; rank 0 writes and prints for all."""
    return dist.get_rank() if dist.is_initialized() else 0


def world_size() -> int:
    """Return the number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


def is_first_to_report(message: str) -> bool:
    """True for the first process to report this message, so that it is printed once."""
    return not _reported or _reported[0].add(message, 1) == 1


@contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except RuntimeError:
        raise InputError("another process of this training has ended; its last message says why") from None


def all_max(*values: float) -> list[float]:
    """Return the largest of each of these numbers over all processes."""
    if world_size() == 1:
        return list(values)
    largest = torch.tensor(values, dtype=torch.float64)
    with _together():
        dist.all_reduce(largest, dist.ReduceOp.MAX)
    return largest.tolist()


def all_gather(value: T) -> list[T]:
    """Return the values of all processes, by rank."""
    if world_size() == 1:
        return [value]
    values: list[T] = [value] * world_size()
    with _together():
        dist.all_gather_object(values, value)
    return values


def all_sum(tensor: Tensor) -> Tensor:
    """Return the sum of a tensor over all processes, in place."""
    if world_size() > 1:
        with _together():
            dist.all_reduce(tensor)
    return tensor


def sum_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace every gradient by its sum over all processes, in one all-reduce of one flat buffer.

    A parameter without a gradient on any process keeps none. DistributedDataParallel would send the gradients in pieces
    during the backward pass, but its mean over processes is not the mean over points where shares are unequal, and no
    process may have an empty share. The one buffer takes a small part of a step's time (see docs/scaling.md).
    """
    if world_size() == 1:
        return
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    has_gradient = all_max(*(parameter.grad is not None for parameter in trained))
    trained = [parameter for parameter, is_present in zip(trained, has_gradient, strict=True) if is_present]
    if not trained:
        return
    grads = [torch.zeros_like(weight) if weight.grad is None else weight.grad for weight in trained]
    flat = all_sum(torch.cat([grad.flatten() for grad in grads]))
    for parameter, part in zip(trained, flat.split([weight.numel() for weight in trained]), strict=True):
        parameter.grad = part.view_as(parameter)


def on_rank_zero(work: Callable[[], T]) -> T:
    """Do `work` on rank 0 alone and return its result on all processes; an error of it is raised on all."""
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
    """Have rank 0 go through the block before all others, so that they find the files that it makes."""
    if rank():
        all_max(0)
    try:
        yield
    finally:
        if rank() == 0:
            all_max(0)
