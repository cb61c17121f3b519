"""Training points per second: the plain way (nn.LSTM, the window layer point by point) beside ours, in one run."""

import argparse
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import PropertyMock, patch

import torch

from base.batch import Batch
from model import MODELS, NegativeLogLikelihood
from model.recurrent import RecurrentLayer
from utils.device import Precision, autocast, keep_freed_memory

ALPHABET_SIZE, CHARACTERS = 80, 30


def lines(batch_size: int, points: int) -> Batch:
    """Lines of equal length: random strokes and texts; no padding, so every point counts."""
    torch.manual_seed(1)
    return Batch(
        strokes=torch.randn(batch_size, points + 1, 3),
        stroke_mask=torch.ones(batch_size, points + 1, dtype=torch.bool),
        text=torch.randint(ALPHABET_SIZE, (batch_size, CHARACTERS)),
        char_mask=torch.ones(batch_size, CHARACTERS, dtype=torch.bool),
    )


@contextmanager
def plain_way() -> Iterator[None]:
    """Within it every recurrent layer runs as torch runs it."""
    with patch.object(RecurrentLayer, "runs_as_sequence", PropertyMock(return_value=False)):
        yield


def seconds_of_steps(name: str, batch: Batch, precision: Precision, repeats: int) -> list[float]:
    """What optimizer steps took, a warm-up left out."""
    torch.manual_seed(1)
    sizes = {"alphabet_size": ALPHABET_SIZE} if name == "ConditionalHandwriting" else {}
    model, loss = MODELS[name](**sizes), NegativeLogLikelihood()
    optimizer = torch.optim.Adam(model.parameters())
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        with autocast(torch.device("cpu"), precision):
            output = model(batch)
        total, count = loss(output, batch)
        optimizer.zero_grad()
        (total / count).backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--points", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    keep_freed_memory()
    batch = lines(args.batch_size, args.points)
    precisions: tuple[Precision, ...] = ("float32", "bfloat16")
    print(f"{torch.get_num_threads()} threads, batch {args.batch_size}, {args.points} points a line, 3 x 400")
    print(f"{'model':26} {'precision':10} {'plain':>10} {'ours':>10}  points/s (median of {args.repeats})")
    for name in MODELS:
        for precision in precisions:
            with plain_way():
                plain = seconds_of_steps(name, batch, precision, args.repeats)
            ours = seconds_of_steps(name, batch, precision, args.repeats)
            rates = [args.batch_size * args.points / statistics.median(taken) for taken in (plain, ours)]
            print(f"{name:26} {precision:10} {rates[0]:10,.0f} {rates[1]:10,.0f}  {rates[1] / rates[0]:.2f} times")


if __name__ == "__main__":
    main()
