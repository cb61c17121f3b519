"""The time and memory that a corpus of a million lines takes to write, to open and to load from.

python -m benchmarks.million               # about 600 MB in a temporary folder, deleted again
python -m benchmarks.million --folder F    # keeps the corpus F/million, and uses it as it is if it exists
"""

import argparse
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.batching import LengthSampler
from data_loader.corpus import Corpus
from data_loader.corpus_check import check_corpus
from data_loader.corpus_writer import CorpusWriter
from data_loader.data_loaders import HandwritingDataLoader
from ink.strokes import InkLine
from results.pages.corpus import write_corpus_page
from utils.progress import progress

NAME, BATCH = "million", 64
WORDS = ["the", "pen", "writes", "what", "was", "never", "written", "before", "on", "any", "paper"]
AT_ONCE = 10_000


def pen_paths(count: int) -> Iterator[InkLine]:
    """Lines of random ink, 20 to 40 points each, with a few words, by 1,000 writers; every 50th is for validation."""
    rng = np.random.default_rng(1)
    for first in range(0, count, AT_ONCE):
        moves = rng.integers(-9, 10, (AT_ONCE, 40, 2))
        lengths, words = rng.integers(20, 41, AT_ONCE), rng.integers(0, len(WORDS), (AT_ONCE, 3))
        for row in range(min(AT_ONCE, count - first)):
            points = np.zeros((lengths[row], 3), np.float32)
            points[:, :2] = moves[row, : lengths[row]].cumsum(0)
            points[9::10, 2] = points[-1, 2] = 1
            number = first + row
            text = " ".join(WORDS[word] for word in words[row])
            split = "train" if number % 50 else "valid"
            yield InkLine(f"line-{number}", text, f"writer-{number % 1000}", split, points, None)


def memory() -> dict[str, float]:
    """Return MB of this process: its own, and pages of mapped files, which the system takes back when it needs them."""
    status = Path("/proc/self/status").read_text()
    sizes = {name: int(re.findall(rf"{name}:\s+(\d+)", status)[0]) / 1e3 for name in ("RssAnon", "RssFile")}
    return {"own": sizes["RssAnon"], "files": sizes["RssFile"]}


def write(folder: Path, count: int) -> dict[str, float]:
    """Seconds to write the corpus `folder`, and the memory at the end of it."""
    started, before = time.perf_counter(), memory()["own"]
    with CorpusWriter(folder) as writer:
        for line in progress(pen_paths(count), count, "writing"):
            writer.add(line)
        kept = memory()["own"] - before
        writer.finish(source="benchmarks.million", how_made="at random", report={})
    size = sum(path.stat().st_size for path in folder.iterdir())
    return {"write, s": time.perf_counter() - started, "kept while writing, MB": kept, "on the disk, MB": size / 1e6}


def load(folder: Path, batches: int) -> dict[str, float]:
    """Seconds to the first batch, memory there and after `batches` batches, and points per second."""
    before, started = memory()["own"], time.perf_counter()
    Corpus(folder)
    numbers = {"open, s": time.perf_counter() - started}
    loader = HandwritingDataLoader(corpus=folder.name, data_dir=str(folder.parent), batch_size=BATCH)
    epoch = iter(loader.at(1))
    next(epoch)
    numbers["open again to first batch, s"] = time.perf_counter() - started
    numbers["own after start, MB"] = memory()["own"] - before
    started, points = time.perf_counter(), 0
    for number, batch in enumerate(progress(islice(epoch, batches), batches, "loading", "batch"), 1):
        points += int(batch.stroke_mask.sum())
        if number in (batches // 4, batches):
            numbers[f"own after {number:,} batches, MB"] = memory()["own"] - before
    numbers["mapped files then, MB"] = memory()["files"]
    numbers["points/s, one process"] = points / (time.perf_counter() - started)
    return numbers


def judge(folder: Path) -> dict[str, float]:
    """Seconds of `prepare_data.py check` and `look`, and their memory."""
    numbers: dict[str, float] = {}
    for name, work in (
        ("check", lambda: check_corpus(folder)),
        ("look", lambda: write_corpus_page(folder, folder.parent / "look.html", 1)),
    ):
        before, started = memory()["own"], time.perf_counter()
        work()
        numbers |= {f"{name}, s": time.perf_counter() - started, f"{name}, MB": memory()["own"] - before}
    return numbers


def shuffle(count: int) -> dict[str, float]:
    """Seconds and memory of an epoch's order of `count` lines."""
    lengths = np.random.default_rng(1).integers(20, 41, count)
    before, started = memory()["own"], time.perf_counter()
    batches = LengthSampler(lengths, BATCH, seed=1).batches(1)
    seconds, held = time.perf_counter() - started, memory()["own"] - before
    return {f"order of {count:,} lines, s": seconds, f"{len(batches):,} batches, MB": held}


def alone(work: Callable[..., Any], *arguments: Any) -> Any:
    """Return the result of `work` in a process of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="folder in which the corpus is made and kept")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--batches", type=int, default=2_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (args.folder or Path(scratch)) / NAME
        jobs: list[tuple[Any, ...]] = [] if folder.exists() else [(write, folder, args.lines)]
        jobs += [(load, folder, args.batches), (judge, folder), (shuffle, args.lines), (shuffle, 10 * args.lines)]
        for job in jobs:
            for name, value in alone(*job).items():
                print(f"{name:36} {value:14,.2f}", flush=True)


if __name__ == "__main__":
    main()
