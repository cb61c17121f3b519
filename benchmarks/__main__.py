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
from pathlib import Path

import torch
import torch.nn.functional as F

from benchmarks.sampling import LINES, endless, rates
from benchmarks.training import TIMED, operations_per_point
from data_loader import DATA_LOADERS
from utils.device import keep_memory_small

ROOT = Path(__file__).parent.parent
REPORT, MARK = ROOT / "docs" / "performance.md", "<!-- measured by make bench -->\n"
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def spread(numbers: list[float]) -> str:
    """Format the median of numbers and half of their range."""
    return f"{statistics.median(numbers):,.0f} ± {(max(numbers) - min(numbers)) / 2:,.0f}"


def table(*rows: tuple[str, ...]) -> Iterator[str]:
    """Yield the rows as Markdown, the first being the head."""
    yield "| " + " | ".join(rows[0]) + " |"
    yield "|---" * len(rows[0]) + "|"
    yield from ("| " + " | ".join(row) + " |" for row in rows[1:])
    yield ""


def machine() -> str:
    """Return processor, threads, torch version and date as text."""
    cpu = platform.processor() or platform.machine()
    with open("/proc/cpuinfo") if Path("/proc/cpuinfo").exists() else tempfile.TemporaryFile("w+") as info:
        cpu = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), cpu)
    return f"{cpu}, {torch.get_num_threads()} threads, torch {torch.__version__}, {datetime.date.today()}"


def product_rate(dtype: torch.dtype, size: int = 2048) -> float:
    """Return the operations per second of a large matrix product, the best of several."""
    left, right = torch.randn(size, size).to(dtype), torch.randn(size, size).to(dtype)
    taken = []
    for _ in range(10):
        start = time.perf_counter()
        F.linear(left, right)
        taken.append(time.perf_counter() - start)
    return 2 * size**3 / min(taken)


def step(name: str, variant: str, precision: str, points: int, repeats: int) -> tuple[list[float], float]:
    """Return points per second and peak GiB of training steps of 64 lines, in a process of their own."""
    options = ["--points", str(points), "--repeats", str(repeats)]
    command = ["-m", "benchmarks.training", name, variant, precision, *options]
    ran = subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True, text=True)
    measured = json.loads(ran.stdout)
    return measured["rates"], measured["peak_gib"]


def training(repeats: int) -> Iterator[str]:
    """Yield the table of training speeds."""
    machine_rates = {name: product_rate(dtype) for name, dtype in PRECISIONS.items()}
    rows = [("64 lines of 600 points", "precision", "plain", "ours", "ratio", "of the products' rate", "peak GiB")]
    for name in TIMED:
        for precision in PRECISIONS:
            (plain, _), (ours, peak) = (step(name, variant, precision, 600, repeats) for variant in ("plain", "ours"))
            rate, operations = statistics.median(ours), operations_per_point(name)
            share = f"{rate * operations / machine_rates[precision]:.0%}" if operations else "-"
            ratio = f"{rate / statistics.median(plain):.2f}"
            rows.append((name, precision, spread(plain), spread(ours), ratio, share, f"{peak:.2f}"))
    _, peak = step("ConditionalHandwriting", "ours", "bfloat16", 1000, 1)
    product_rates = ", ".join(f"{name} {rate / 1e9:,.0f} GFLOP/s" for name, rate in machine_rates.items())
    yield from ("Training, points per second:", "", *table(*rows))
    yield f"The machine's own products (2048 x 2048 x 2048): {product_rates}."
    yield f"A conditional step of 64 lines of 1,000 points, all at once, peaks at {peak:.2f} GiB."
    yield ""


def writing(repeats: int) -> Iterator[str]:
    """Yield the table of writing speeds."""
    rows = [("3 x 400", "lines", "plain", "ours", "ratio")]
    for name in ("UnconditionalHandwriting", "ConditionalHandwriting"):
        model = endless(name)
        for count in LINES:
            baseline, ours = (rates(model, count, plain=plain, points=300, repeats=repeats) for plain in (True, False))
            ratio = f"{statistics.median(ours) / statistics.median(baseline):.1f}"
            rows.append((name, str(count), spread(baseline), spread(ours), ratio))
    yield from ("Writing, points per second:", "", *table(*rows))
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
