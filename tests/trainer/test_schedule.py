"""Learning rates against their closed forms; a schedule steps after every optimizer step."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from trainer.schedule import SCHEDULES, Constant, StepDecay, WarmupCosine

LR, STEPS, EPOCHS = 0.3, 8, 5


def rates(schedule: type, **args: Any) -> list[float]:
    """The rate of every step of a run."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    given = {"epochs": EPOCHS} if schedule is WarmupCosine else {}
    scheduler = schedule(optimizer=optimizer, steps_per_epoch=STEPS, **given, **args)
    actual = []
    for _ in range(STEPS * EPOCHS):
        actual.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return actual


def half_wave(done: float, final: float) -> float:
    return final + (1 - final) * (1 + math.cos(math.pi * done)) / 2


FORMULAS: dict[str, tuple[type, dict[str, float], Callable[[int], float]]] = {
    "constant": (Constant, {}, lambda step: 1.0),
    "constant after a warm-up": (Constant, {"warmup_epochs": 1.5}, lambda step: min(1, (step + 1) / 12)),
    "cosine": (WarmupCosine, {"final_ratio": 0.1}, lambda step: half_wave(step / (STEPS * EPOCHS), 0.1)),
    "cosine after a warm-up": (
        WarmupCosine,
        {"warmup_epochs": 1.0, "final_ratio": 0.02},
        lambda step: min(1, (step + 1) / 8) * half_wave(max(0, step - 8) / 32, 0.02),
    ),
    "steps": (StepDecay, {"every_epochs": 2}, lambda step: 0.5 ** (step // 16)),
    "steps of half an epoch": (StepDecay, {"every_epochs": 0.5, "gamma": 0.1}, lambda step: 0.1 ** (step // 4)),
    "steps after a warm-up": (
        StepDecay,
        {"every_epochs": 1, "warmup_epochs": 1},
        lambda step: min(1, (step + 1) / 8) * 0.5 ** (step // 8),
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_rates_are_those_of_the_closed_form(name: str) -> None:
    schedule, args, formula = FORMULAS[name]
    assert rates(schedule, **args) == pytest.approx([LR * formula(step) for step in range(STEPS * EPOCHS)])


def test_a_warm_up_starts_above_zero_and_ends_at_the_full_rate() -> None:
    actual = rates(Constant, warmup_epochs=1)
    assert actual[0] == pytest.approx(LR / STEPS) and actual[STEPS - 2] < LR and actual[STEPS - 1] == pytest.approx(LR)


def test_cosine_stays_at_its_end_when_a_run_goes_on_longer() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=LR)
    scheduler = WarmupCosine(optimizer=optimizer, steps_per_epoch=2, epochs=2, final_ratio=0.5)
    for _ in range(9):
        optimizer.step()
        scheduler.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(LR * 0.5)


def test_a_warm_up_as_long_as_the_run_or_longer_is_no_fault() -> None:
    for warmup in (EPOCHS, 2 * EPOCHS):
        actual = rates(WarmupCosine, warmup_epochs=warmup)
        assert all(0 < rate <= LR for rate in actual) and actual == sorted(actual)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_parameter_group_follows(name: str) -> None:
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": rate} for rate in (1.0, 0.1)]
    optimizer = torch.optim.SGD(groups)
    args = {"WarmupCosine": {"epochs": 3}, "StepDecay": {"every_epochs": 1}}.get(name, {})
    scheduler = SCHEDULES[name](optimizer=optimizer, steps_per_epoch=2, **args)
    for _ in range(3):
        optimizer.step()
        scheduler.step()
    item, other = (group["lr"] for group in optimizer.param_groups)
    assert item == pytest.approx(10 * other)


@pytest.mark.parametrize(
    ("schedule", "args"),
    [
        (Constant, {"warmup_epochs": -1}),
        (WarmupCosine, {"warmup_epochs": -0.5}),
        (WarmupCosine, {"final_ratio": -0.1}),
        (StepDecay, {"every_epochs": 0}),
        (StepDecay, {"every_epochs": -1}),
        (StepDecay, {"every_epochs": 0.01}),
        (StepDecay, {"every_epochs": 1, "gamma": -1}),
        (StepDecay, {"every_epochs": 1, "gamma": 2}),
    ],
)
def test_what_would_make_a_rate_negative_or_no_number_is_refused(schedule: type, args: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(reversed(args))):
        rates(schedule, **args)
