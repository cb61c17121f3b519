"""Writing timed: `python -m benchmarks.sampling` prints points per second of many lines at once.

"plain" is the model's own step, "ours" the compiled sampler.
"""

import argparse
import contextlib
import statistics
import time
from collections.abc import Iterator
from unittest.mock import patch

import torch

from benchmarks.reports import spread, table
from benchmarks.training import POINTS_PER_CHARACTER, TIMED, lines
from model import MODELS
from model.writing import compiled
from model.writing.sampling import HandwritingModel, sample

LINES = (1, 8, 32, 64)


def endless(name: str, heads: int = 0) -> HandwritingModel:
    """Return a writing network, with attention of so many heads, that never comes to the end of its text."""
    torch.manual_seed(1)
    model = MODELS[name](**TIMED[name][1], **({"attention_heads": heads} if heads else {}))
    if isinstance(model, MODELS["ConditionalHandwriting"]):
        model.window_layer.window.linear.bias.data[2 * model.window_layer.num_components :] = -8.0
    assert isinstance(model, HandwritingModel)
    return model


def rates(model: HandwritingModel, count: int, *, plain: bool, points: int, repeats: int) -> list[float]:
    """Return points per second of `count` lines, after a warm-up; one line is plain on one thread, the faster way."""
    batch, taken = lines(count, 2), []
    variant = patch.object(compiled, "can_run", return_value=False) if plain else contextlib.nullcontext()
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if plain and count == 1 else threads)
    with variant:
        for _ in range(repeats + 1):
            start = time.perf_counter()
            sample(model, batch, seeds=list(range(count)), max_points=[points] * count)
            taken.append(time.perf_counter() - start)
    torch.set_num_threads(threads)
    return [count * (points - 1) / seconds for seconds in taken[1:]]


def speeds(repeats: int, points: int = 300) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table of writing speeds, the head first."""
    yield "3 x 400", "heads", "lines", "plain", "ours", "ratio", "characters per second"
    for name in ("UnconditionalHandwriting", "ConditionalHandwriting"):
        for heads in (0, 4):
            model = endless(name, heads)
            for count in LINES:
                baseline, ours = (
                    rates(model, count, plain=plain, points=points, repeats=repeats) for plain in (True, False)
                )
                rate = statistics.median(ours)
                ratio = f"{rate / statistics.median(baseline):.1f}"
                cells = spread(baseline), spread(ours), ratio, f"{rate / POINTS_PER_CHARACTER:,.0f}"
                yield name, str(heads), str(count), *cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--points", type=int, default=300, help="points per line")
    args = parser.parse_args()
    for line in table(*speeds(args.repeats, args.points)):
        print(line)


if __name__ == "__main__":
    main()
