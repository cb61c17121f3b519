"""All benchmarks in one run, each against its baseline; prints the tables and writes them to docs/performance.md."""

import argparse
import datetime
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from benchmarks.reports import spread, table
from benchmarks.sampling import speeds
from benchmarks.training import POINTS_PER_CHARACTER, TIMED, operations_per_point
from data_loader import DATA_LOADERS
from model.kernels.lstm_sequence import can_be_packed, product_by
from trainer import TrainerSettings
from utils.device import keep_memory_small
from utils.timing import seconds_of

ROOT = Path(__file__).parent.parent
REPORT, MARK = ROOT / "docs" / "performance.md", "<!-- measured by make bench -->\n"
LENGTHS = (300, 600, 1_200, 2_400)
POINTS_AT_ONCE = TrainerSettings.points_at_once or 32_000
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def machine() -> str:
    """Return processor, threads, torch version and date as text."""
    cpu = platform.processor() or platform.machine()
    with open("/proc/cpuinfo") if Path("/proc/cpuinfo").exists() else tempfile.TemporaryFile("w+") as info:
        cpu = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), cpu)
    return f"{cpu}, {torch.get_num_threads()} threads, torch {torch.__version__}, {datetime.date.today()}"


def product_rate(dtype: torch.dtype, size: int = 2048) -> float:
    """Return the operations per second of a large matrix product, the best of several by torch and by oneDNN."""
    left, right = torch.randn(size, size).to(dtype), torch.randn(size, size).to(dtype)
    products = [
        partial(torch.mm, left, right),
        *([partial(product_by(right, size), left)] if can_be_packed(dtype) else []),
    ]
    return 2 * size**3 / min(seconds_of(product, torch.device("cpu")) for _ in range(10) for product in products)


class Measured(NamedTuple):
    """Points per second of training steps of ours and of the baseline, our peak GiB, and our arithmetic."""

    ours: list[float]
    plain: list[float]
    peak_gib: float
    precision: str
    kernels: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of a row; the ratio is the median of the ratios of steps that took turns."""
        rate = statistics.median(self.ours)
        ratio = statistics.median(ours / plain for ours, plain in zip(self.ours, self.plain, strict=True))
        characters = f"{rate / POINTS_PER_CHARACTER:,.0f}"
        return self.precision, spread(self.plain), spread(self.ours), f"{ratio:.2f}", characters, self.kernels


def steps(name: str, precision: str, repeats: int, *, points: int = 600, heads: int = 0) -> Measured:
    """Measure training steps of 64 lines, or of the POINTS_AT_ONCE that a training computes at once."""
    count = min(64, max(1, POINTS_AT_ONCE // points)) if heads else 64
    numbers = {"batch-size": count, "points": points, "heads": heads, "repeats": repeats}
    options = [f"--{option}={number}" for option, number in numbers.items()]
    command = [sys.executable, "-m", "benchmarks.training", name, precision, *options]
    ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return Measured(**json.loads(ran.stdout))


def training(repeats: int) -> Iterator[str]:
    """Yield the table of training speeds."""
    machine_rates = {name: product_rate(dtype) for name, dtype in PRECISIONS.items()}
    columns = ("precision", "plain", "ours", "ratio", "characters per second", "LSTM layers")
    rows: list[tuple[str, ...]] = [("64 lines of 600 points", *columns, "of the products' rate", "peak GiB")]
    for name in TIMED:
        for precision in PRECISIONS:
            measured = steps(name, precision, repeats)
            rate, operations = statistics.median(measured.ours), operations_per_point(name)
            share = f"{rate * operations / machine_rates[precision]:.0%}" if operations else "-"
            rows.append((name, *measured.cells, share, f"{measured.peak_gib:.2f}"))
    peak = steps("ConditionalHandwriting", "bfloat16", 1, points=1000).peak_gib
    product_rates = ", ".join(f"{name} {rate / 1e9:,.0f} GFLOP/s" for name, rate in machine_rates.items())
    yield from ("Training, points per second:", "", *table(*rows))
    yield f"The machine's own products (2048 x 2048 x 2048): {product_rates}."
    yield f"A conditional step of 64 lines of 1,000 points, all at once, peaks at {peak:.2f} GiB."
    yield ""
    yield from by_length(repeats)


def by_length(repeats: int) -> Iterator[str]:
    """Yield the table of training speeds with attention by the length of the lines, in the precision `auto`."""
    columns = ("precision", "plain", "ours", "ratio", "characters per second", "LSTM layers")
    rows: list[tuple[str, ...]] = [("4 heads of attention", "points per line", *columns, "peak GiB")]
    for name in ("UnconditionalHandwriting", "ConditionalHandwriting"):
        for points in LENGTHS if name == "ConditionalHandwriting" else (600,):
            measured = steps(name, "auto", repeats, points=points, heads=4)
            rows.append((name, f"{points:,}", *measured.cells, f"{measured.peak_gib:.2f}"))
    yield f"Training with attention, points per second; 64 lines, or as many as have {POINTS_AT_ONCE:,} points:"
    yield from ("", *table(*rows))


def writing(repeats: int) -> Iterator[str]:
    """Yield the table of writing speeds."""
    yield from ("Writing, points per second:", "", *table(*speeds(repeats)))
    taken = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            network = ["experiments.py", "-r", "saved/pretrained/conditional.pt"]
            command = [*network, "write", "The first line", "--out", folder]
            start = time.perf_counter()
            subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True)
            taken.append(time.perf_counter() - start)
    yield f"The first line of a fresh process, from the command to its pictures: {statistics.median(taken):.1f} s."
    yield ""


def loading(corpus: str, repeats: int) -> Iterator[str]:
    """Yield the speed of the loader."""
    start = time.perf_counter()
    loader = DATA_LOADERS["HandwritingDataLoader"](corpus=corpus, data_dir=str(ROOT / "data"), batch_size=64)
    opened, rates_of_epochs = time.perf_counter() - start, []
    for epoch in range(1, repeats + 1):
        start, real, padded = time.perf_counter(), 0, 0
        for batch in loader.at(epoch):
            real, padded = real + int(batch.stroke_mask.sum()), padded + batch.stroke_mask.numel()
        rates_of_epochs.append(real / (time.perf_counter() - start))
    padding = f"{1 - real / padded:.1%} padding at batch 64"
    yield f"Loading {corpus}: opened in {opened:.2f} s; {spread(rates_of_epochs)} points per second; {padding}."
    yield ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--corpus", help="a prepared corpus in data/ to time the loader with")
    args = parser.parse_args()
    keep_memory_small()
    corpus = args.corpus or ("iam-ondb" if (ROOT / "data" / "iam-ondb").exists() else "synthetic")
    report = [f"{machine()}. Median ± half the range of {args.repeats}.", ""]
    for part in (training(args.repeats), writing(args.repeats), loading(corpus, args.repeats)):
        for line in part:
            print(line, flush=True)
            report.append(line)
    REPORT.write_text(REPORT.read_text().split(MARK)[0] + MARK + "\n" + "\n".join(report).rstrip() + "\n")


if __name__ == "__main__":
    main()
