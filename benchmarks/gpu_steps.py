"""Training steps on a GPU, compared with torch's bare LSTM and a lower bound.

The lower bound of a step that goes from point to point: a product with a layer's recurrent weights and a cell, one
after the other in a CUDA graph, for every point of every layer, forward and backward.
"""

import math
import statistics
from collections.abc import Iterator
from typing import get_args

import torch
from torch import Tensor, nn

from base.batch import Batch
from benchmarks.reports import table
from benchmarks.training import baseline, lines, seconds_of, stepper
from model.kernels.window_graph import lstm_forward, run
from utils.device import Precision, autocast

LINES = 9223
"""Size of an epoch: the lines of IAM-OnDB's training splits."""
CHUNKS = 20
"""Number of chunks timed together, so that waiting for the device does not count."""
NAMES = ("UnconditionalHandwriting", "ConditionalHandwriting")


def bare_step(batch: Batch, precision: Precision, repeats: int, size: int = 400, layers: int = 3) -> float:
    """Return the seconds of `nn.LSTM` alone, forward and backward."""
    device = batch.strokes.device
    lstm = nn.LSTM(3, size, layers, batch_first=True).to(device)

    def step() -> None:
        with autocast(device, precision):
            hiddens, _ = lstm(batch.inputs)
        lstm.zero_grad()
        hiddens.float().square().mean().backward()

    return statistics.median(seconds_of(step, device, repeats))


def shortest_chunk(ahead: Tensor, hidden: Tensor, cell: Tensor, weight: Tensor) -> tuple[Tensor, ...]:
    """Return h and c after the points of `ahead` (C, B, 4H): one product and one cell per point."""
    for now in ahead:
        _, cell, hidden = lstm_forward(now, torch.mm(hidden.to(weight.dtype), weight).to(cell.dtype), cell)
    return hidden, cell


@torch.no_grad()
def shortest_step(batch: Batch, precision: Precision, repeats: int, size: int = 400, layers: int = 3) -> float:
    """Return the lower bound in seconds: points x layers x 2 of the smallest possible step."""
    device, count, points = batch.strokes.device, len(batch.strokes), 32
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    ahead, weight = torch.zeros(points, count, 4 * size, device=device), torch.zeros(size, 4 * size, device=device)
    state = torch.zeros(count, size, device=device)

    def chunks() -> None:
        for _ in range(CHUNKS):
            run(shortest_chunk, ahead, state, state, weight.to(dtype))

    per_point = statistics.median(seconds_of(chunks, device, repeats)) / (CHUNKS * points)
    return per_point * batch.inputs.shape[1] * layers * 2


def step_of(name: str, batch: Batch, precision: Precision, repeats: int) -> float:
    """Return the median seconds of a network's optimizer steps."""
    return statistics.median(seconds_of(stepper(name, batch, precision), batch.strokes.device, repeats))


def report(batch: Batch, precision: Precision, repeats: int) -> Iterator[str]:
    """Yield the table of a precision."""
    epoch = math.ceil(LINES / len(batch.strokes))
    bare, floor = bare_step(batch, precision, repeats), shortest_step(batch, precision, repeats)
    rows = [
        (
            "3 x 400",
            "ms per step",
            "of bare nn.LSTM's speed",
            "times the lower bound",
            f"s per epoch of {LINES:,} lines",
        )
    ]
    taken = {name: step_of(name, batch, precision, repeats) for name in NAMES}
    with baseline():
        plain = step_of(NAMES[1], batch, precision, repeats)
    seconds_of_each = {"the lower bound": floor, "bare nn.LSTM": bare, **taken, "Conditional, point by point": plain}
    for name, seconds in seconds_of_each.items():
        share, above = f"{bare / seconds:.0%}", f"{seconds / floor:.1f}"
        rows.append((name, f"{1000 * seconds:.1f}", share, above, f"{seconds * epoch:.1f}"))
    yield from (f"{precision}:", "", *table(*rows))
    yield f"A conditional step takes {taken[NAMES[1]] / taken[NAMES[0]]:.2f} unconditional steps."
    yield ""


def reports(lines_per_step: int, points: int, repeats: int) -> Iterator[str]:
    """Yield the tables of both precisions, of lines of this many points."""
    batch = lines(lines_per_step, points).to(torch.device("cuda"))
    yield f"{lines_per_step} lines of {points} points."
    yield ""
    for precision in get_args(Precision)[1:]:
        yield from report(batch, precision, repeats)
