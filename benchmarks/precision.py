"""A comparison of bfloat16 with float32: `python -m benchmarks.precision` runs the same short trainings in both.

Every seed gives a network and an order of lines; each is trained in every variant in turn. Prints validation nats
per line and their difference from float32, paired by seed.
"""

import argparse
import contextlib
import itertools
import math
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import nn

from base.base_data_loader import BaseDataLoader
from base.batch import Batch
from benchmarks.__main__ import ROOT, machine
from benchmarks.reports import table
from benchmarks.training import baseline
from data_loader import DATA_LOADERS
from model import LOSSES, MODELS
from utils.device import Precision, autocast, keep_memory_small
from utils.errors import InputError, one_line_errors
from utils.progress import progress

VARIANTS: dict[str, tuple[Precision, Callable[[], contextlib.AbstractContextManager[None]]]] = {
    "float32": ("float32", contextlib.nullcontext),
    "bfloat16": ("bfloat16", contextlib.nullcontext),
    "float32, baseline": ("float32", baseline),
}
LR, CLIP = 4e-3, 2.0


def nats_after(loader: BaseDataLoader, steps: int, sizes: dict[str, int], seed: int, precision: Precision) -> float:
    """Return validation nats per line of the conditional network after `steps` steps on a CPU, from this seed."""
    torch.manual_seed(seed)
    facts = {
        "alphabet_size": len(loader.facts["alphabet"]),
        "mean_points_per_char": loader.facts["mean_points_per_char"],
    }
    model, loss = MODELS["ConditionalHandwriting"](**sizes, **facts), LOSSES["NegativeLogLikelihood"]()

    def nats_of(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        with autocast(torch.device("cpu"), precision):
            output = model(batch)
        return loss(output, batch)

    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    falling = torch.optim.lr_scheduler.LinearLR(
        optimizer, 1.0, 0.0, steps
    )  # to 0, or the noise of the last steps would hide the difference
    epochs = (loader.at(epoch) for epoch in itertools.count(1))
    for batch in itertools.islice(itertools.chain.from_iterable(epochs), steps):
        total, count = nats_of(batch)
        optimizer.zero_grad()
        (total / count).backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        falling.step()
    with torch.inference_mode():
        sums = [(float(nats_of(batch)[0]), len(batch.ids)) for batch in loader.validation().at(1)]
    nats, lines = (sum(column) for column in zip(*sums, strict=True))
    return nats / lines


def mean_and_error(numbers: list[float]) -> str:
    """Format the mean and its standard error."""
    return f"{statistics.mean(numbers):.2f} ± {statistics.stdev(numbers) / math.sqrt(len(numbers)):.2f}"


def report(nats: dict[str, list[float]]) -> Iterator[str]:
    """Yield the table of the results `nats`: for each variant a number per seed."""
    rows = [("trained in", "nats per line", "spread over seeds", "minus float32, by seed")]
    for variant, results in nats.items():
        differences = [nat - other for nat, other in zip(results, nats["float32"], strict=True)]
        difference = "" if variant == "float32" else mean_and_error(differences)
        rows.append((variant, f"{statistics.mean(results):.2f}", f"{statistics.stdev(results):.2f}", difference))
    yield from table(*rows)


@one_line_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", default="synthetic", help="a corpus in data/")
    parser.add_argument("--data-dir", type=Path, default=ROOT / "data")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=150, help="of 16 lines")
    parser.add_argument("--hidden-size", type=int, default=128)
    parser.add_argument("--num-layers", type=int, default=1)
    parser.add_argument("--max-points", type=int, default=260, help="longer lines are not trained on")
    args = parser.parse_args()
    if args.seeds < 2:
        raise InputError(f"--seeds is {args.seeds}; for a spread there must be 2 or more")
    keep_memory_small()
    sizes = {"hidden_size": args.hidden_size, "num_layers": args.num_layers}
    nats: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    runs = [(seed, variant) for seed in range(1, args.seeds + 1) for variant in VARIANTS]
    for seed, variant in progress(runs, len(runs), "trainings", "training"):
        rules = {"batch_size": 16, "max_points": args.max_points, "seed": seed}
        loader = DATA_LOADERS["HandwritingDataLoader"](corpus=args.corpus, data_dir=str(args.data_dir), **rules)
        precision, context = VARIANTS[variant]
        with context():
            nats[variant].append(nats_after(loader, args.steps, sizes, seed, precision))
    setting = (
        f"{args.corpus}, {args.num_layers} x {args.hidden_size}, {args.steps} steps of 16 lines, {args.seeds} seeds"
    )
    print(f"{machine()}; {setting}.\n")
    print("\n".join(report(nats)))


if __name__ == "__main__":
    main()
