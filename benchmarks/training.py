"""Training steps timed: `python -m benchmarks.training MODEL PRECISION` prints its figures as JSON.

Each measurement has a process of its own, for its own peak of memory. In it, steps of ours and of the baseline take
turns, so that a machine that is busy for a while slows both down. "Ours" is what a training does: it has the choice
between kernels, and with the precision "auto" between precisions; the baseline is in the same precision.
"""

import argparse
import contextlib
import json
import resource
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import torch

from base.batch import Batch
from model import LOSSES, MODELS
from model.layers.recurrent import lstm_kernels
from model.layers.window import WindowLayer
from trainer.arithmetic import Arithmetic, alternatives, fastest_arithmetic
from utils.device import Precision, autocast, keep_memory_small

ALPHABET_SIZE, CHARACTERS = 80, 30
POINTS_PER_CHARACTER = 20
TIMED: dict[str, tuple[str, dict[str, Any]]] = {
    "UnconditionalHandwriting": ("NegativeLogLikelihood", {}),
    "ConditionalHandwriting": ("NegativeLogLikelihood", {"alphabet_size": ALPHABET_SIZE}),
    "Seq2SeqRecognizer": ("ReadingLoss", {"alphabet_size": ALPHABET_SIZE}),
}
"""Loss and sizes of each model that is timed."""


def lines(batch_size: int, points: int, characters: int = CHARACTERS) -> Batch:
    """Return lines of equal length with random strokes and texts; no padding, so every point counts."""
    torch.manual_seed(1)
    return Batch(
        strokes=torch.randn(batch_size, points + 1, 3),
        stroke_mask=torch.ones(batch_size, points + 1, dtype=torch.bool),
        text=torch.randint(ALPHABET_SIZE, (batch_size, characters)),
        char_mask=torch.ones(batch_size, characters, dtype=torch.bool),
    )


@contextlib.contextmanager
def baseline() -> Iterator[None]:
    """Run every recurrent layer within the block as torch does, and the layer with the window point by point."""
    with lstm_kernels("torch"), patch.object(WindowLayer, "sequence", None):
        yield


def network(name: str, device: torch.device, sizes: dict[str, Any]) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Return a new model on `device`, of these sizes beyond those of TIMED, and its loss."""
    torch.manual_seed(1)
    loss_name, given = TIMED[name]
    return MODELS[name](**given, **sizes).to(device), LOSSES[loss_name]()


def chosen(name: str, batch: Batch, precision: Precision, **sizes: Any) -> Arithmetic:
    """Return the arithmetic that a training takes here."""
    device = batch.strokes.device
    model, loss = network(name, device, sizes)
    return fastest_arithmetic(alternatives(precision, model, device), model, loss, batch)


def stepper(name: str, batch: Batch, precision: Precision, **sizes: Any) -> Callable[[], None]:
    """Return a function that does an optimizer step of a new model on the batch's device."""
    device = batch.strokes.device
    model, loss = network(name, device, sizes)
    optimizer = torch.optim.Adam(model.parameters())

    def step() -> None:
        with autocast(device, precision):
            output = model(batch)
        total, count = loss(output, batch)
        optimizer.zero_grad()
        (total / count).backward()
        optimizer.step()

    return step


def seconds_of(work: Callable[[], None], device: torch.device, repeats: int) -> list[float]:
    """Return the seconds of `work` until the device has done it, after a warm-up."""
    return [seconds_once(work, device) for _ in range(repeats + 1)][1:]


def seconds_once(work: Callable[[], None], device: torch.device) -> float:
    """Return the seconds by the clock until the device has done `work`."""
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def side_by_side(
    name: str, batch: Batch, precision: Precision, repeats: int, **sizes: Any
) -> tuple[Arithmetic, float, list[float], list[float]]:
    """Return what a training takes here, its peak in GiB, and the seconds of its steps and of the baseline's."""
    device, arithmetic = batch.strokes.device, chosen(name, batch, precision, **sizes)
    ours, plain = (stepper(name, batch, arithmetic.precision, **sizes) for _ in range(2))
    taken: tuple[list[float], list[float]] = [], []
    peak = 0.0
    for _ in range(repeats + 1):
        with lstm_kernels(arithmetic.kernels):
            taken[0].append(seconds_once(ours, device))
        peak = peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        with baseline():
            taken[1].append(seconds_once(plain, device))
    return arithmetic, peak, taken[0][1:], taken[1][1:]


def operations_per_point(name: str) -> float | None:
    """Return the operations of the matrix products, forward and backward; None if a point may not pass every weight."""
    if name == "Seq2SeqRecognizer":
        return None
    model = MODELS[name](**TIMED[name][1])
    return 6.0 * sum(weight.numel() for weight in model.parameters() if weight.dim() == 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=list(TIMED))
    parser.add_argument("precision", choices=["float32", "bfloat16", "auto"])
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--points", type=int, default=600)
    parser.add_argument("--heads", type=int, default=0, help="of the attention; 0 for none")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    keep_memory_small()
    sizes = {"attention_heads": args.heads} if args.heads else {}
    batch = lines(args.batch_size, args.points, max(1, args.points // POINTS_PER_CHARACTER))
    arithmetic, peak, *taken = side_by_side(args.model, batch, args.precision, args.repeats, **sizes)
    ours, plain = ([args.batch_size * args.points / seconds for seconds in each] for each in taken)
    print(json.dumps({"ours": ours, "plain": plain, "peak_gib": peak, **arithmetic._asdict()}))


if __name__ == "__main__":
    main()
