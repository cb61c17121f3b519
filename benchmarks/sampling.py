"""Writing timed: points per second of many lines at once, the model's own step and the compiled sampler."""

import contextlib
import time
from unittest.mock import patch

import torch

from benchmarks.training import TIMED, lines
from model import MODELS
from model.writing import compiled
from model.writing.sampling import HandwritingModel, sample

LINES = (1, 8, 32, 64)


def endless(name: str) -> HandwritingModel:
    """Return a writing network that never comes to the end of its text."""
    torch.manual_seed(1)
    model = MODELS[name](**TIMED[name][1])
    if isinstance(model, MODELS["ConditionalHandwriting"]):
        model.window_layer.window.linear.bias.data[2 * model.window_layer.num_components :] = -8.0
    assert isinstance(model, HandwritingModel)
    return model


def rates(model: HandwritingModel, count: int, *, plain: bool, points: int, repeats: int) -> list[float]:
    """Return points per second of `count` lines, after a warm-up; a single line is written on one thread."""
    batch, taken = lines(count, 2), []
    variant = patch.object(compiled, "can_run", return_value=False) if plain else contextlib.nullcontext()
    threads = torch.get_num_threads()
    torch.set_num_threads(1 if count == 1 else threads)
    with variant:
        for _ in range(repeats + 1):
            start = time.perf_counter()
            sample(model, batch, seeds=list(range(count)), max_points=[points] * count)
            taken.append(time.perf_counter() - start)
    torch.set_num_threads(threads)
    return [count * (points - 1) / seconds for seconds in taken[1:]]
