"""The fastest of several computations."""

import itertools
from collections.abc import Callable

import pytest
import torch

from utils import timing
from utils.timing import ROUNDS, fastest

CPU = torch.device("cpu")


class Computations:
    """Computations whose seconds, in turn, are those of a table; a clock that they move on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: dict[str, list[float]]) -> None:
        self.now, self.calls = 0.0, dict.fromkeys(seconds, 0)
        self.seconds = {name: itertools.cycle(values) for name, values in seconds.items()}
        for clock in ("perf_counter", "process_time"):
            monkeypatch.setattr(timing.time, clock, lambda: self.now)

    def of(self, name: str) -> Callable[[], None]:
        def compute() -> None:
            self.calls[name] += 1
            self.now += next(self.seconds[name])

        return compute


@pytest.mark.parametrize(
    ("first", "second", "fastest_name"),
    [
        ([1.0], [0.9], "second"),
        ([1.0], [0.97], "first"),  # less than its handicap
        ([9.0, 1, 1, 1, 1, 1], [0.98], "first"),  # a warm-up does not count
        ([1.0, 1, 5, 1, 5, 1], [0.98], "first"),  # nor does a machine that is busy now and then
        ([5.0, 1, 1, 1, 1, 1], [1.2, 3, 0.9, 0.9, 0.9, 3], "second"),
    ],
)
def test_the_smallest_median_wins(
    monkeypatch: pytest.MonkeyPatch, first: list[float], second: list[float], fastest_name: str
) -> None:
    computations = Computations(monkeypatch, {"first": first, "second": second})
    works = {name: computations.of(name) for name in ("first", "second")}
    assert fastest(works, {"first": 1.0, "second": 1.05}, CPU) == fastest_name
    assert computations.calls == {"first": ROUNDS + 1, "second": ROUNDS + 1}


def test_the_hopeless_are_not_timed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    computations = Computations(monkeypatch, {"fast": [1.0], "slow": [3.0]})
    works = {name: computations.of(name) for name in ("slow", "fast")}
    assert fastest(works, {"fast": 1.0, "slow": 1.0}, CPU) == "fast"
    assert computations.calls["slow"] == 2
