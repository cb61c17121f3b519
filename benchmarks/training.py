"""Training steps timed: `python -m benchmarks.training MODEL plain|ours PRECISION` prints its figures as JSON.

Each measurement has a process of its own, for its own peak of memory.
"""

import argparse
import contextlib
import json
import resource
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import PropertyMock, patch

import torch

from base.batch import Batch
from model import LOSSES, MODELS
from model.layers.recurrent import RecurrentLayer
from model.layers.window import WindowLayer
from utils.device import Precision, autocast, keep_memory_small

ALPHABET_SIZE, CHARACTERS = 80, 30
TIMED: dict[str, tuple[str, dict[str, Any]]] = {
    "UnconditionalHandwriting": ("NegativeLogLikelihood", {}),
    "ConditionalHandwriting": ("NegativeLogLikelihood", {"alphabet_size": ALPHABET_SIZE}),
    "Seq2SeqRecognizer": ("ReadingLoss", {"alphabet_size": ALPHABET_SIZE}),
}
"""Loss and sizes of each model that is timed."""


def lines(batch_size: int, points: int) -> Batch:
    """Return lines of equal length with random strokes and texts; no padding, so every point counts."""
    torch.manual_seed(1)
    return Batch(
        strokes=torch.randn(batch_size, points + 1, 3),
        stroke_mask=torch.ones(batch_size, points + 1, dtype=torch.bool),
        text=torch.randint(ALPHABET_SIZE, (batch_size, CHARACTERS)),
        char_mask=torch.ones(batch_size, CHARACTERS, dtype=torch.bool),
    )


@contextlib.contextmanager
def baseline() -> Iterator[None]:
    """Run every recurrent layer within the block as torch does, and the layer with the window point by point."""
    in_torch = patch.object(RecurrentLayer, "runs_as_sequence", PropertyMock(return_value=False))
    with in_torch, patch.object(WindowLayer, "sequence", None):
        yield


def seconds_of_steps(name: str, batch: Batch, precision: Precision, repeats: int) -> list[float]:
    """Return the seconds of optimizer steps on the batch's device, after a warm-up."""
    torch.manual_seed(1)
    device, (loss_name, sizes) = batch.strokes.device, TIMED[name]
    model, loss = MODELS[name](**sizes).to(device), LOSSES[loss_name]()
    optimizer = torch.optim.Adam(model.parameters())

    def step() -> None:
        with autocast(device, precision):
            output = model(batch)
        total, count = loss(output, batch)
        optimizer.zero_grad()
        (total / count).backward()
        optimizer.step()

    return seconds_of(step, device, repeats)


def seconds_of(work: Callable[[], None], device: torch.device, repeats: int) -> list[float]:
    """Return the seconds of `work` until the device has done it, after a warm-up."""
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


def operations_per_point(name: str) -> float | None:
    """Return the operations of the matrix products, forward and backward; None if a point may not pass every weight."""
    if name == "Seq2SeqRecognizer":
        return None
    model = MODELS[name](**TIMED[name][1])
    return 6.0 * sum(weight.numel() for weight in model.parameters() if weight.dim() == 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=list(TIMED))
    parser.add_argument("variant", choices=["plain", "ours"])
    parser.add_argument("precision", choices=["float32", "bfloat16"])
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--points", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    keep_memory_small()
    batch = lines(args.batch_size, args.points)
    with baseline() if args.variant == "plain" else contextlib.nullcontext():
        seconds = seconds_of_steps(args.model, batch, args.precision, args.repeats)
    rates = [args.batch_size * args.points / taken for taken in seconds]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"rates": rates, "peak_gib": peak}))


if __name__ == "__main__":
    main()
