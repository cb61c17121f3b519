"""Training by a made-up clock: rates against their closed forms, resumed bit for bit, in one process and in two."""

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import train as command_line
from base.base_trainer import BaseTrainer
from base.progress import Progress, stopwatch
from base.stopping import Interrupted
from base.time_limit import EXIT
from parse_config import ConfigParser
from tests.base.test_time_limit import Clock
from tests.tiny import assert_same, logged, run_dirs, stop_after
from tests.together import together
from trainer import Trainer
from trainer.optimization import Optimization
from trainer.run import train
from utils import distributed
from utils.checkpoint import load_checkpoint
from utils.errors import InputError

Tiny = Callable[..., ConfigParser]
STEPS, EPOCHS, LR = 5, 2, 0.01
"""Steps of an epoch, and the settings of the tiny config."""
STEP = 0.5
"""Seconds of a step by the made-up clock; validations and saves take no time."""


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Clock]:
    """A maker of clocks, of which the latest moves on with every step."""
    latest: list[Clock] = []
    after_step = BaseTrainer.after_step

    def later(trainer: BaseTrainer) -> None:
        for clock in latest[-1:]:
            clock.now += STEP
        after_step(trainer)

    def make() -> Clock:
        latest.append(Clock())
        return latest[-1]

    monkeypatch.setattr(BaseTrainer, "after_step", later)
    return make


def rates(run_dir: Path) -> list[float]:
    return [line["lr"] for line in logged(run_dir) if "lr" in line]


SHAPES: dict[str, tuple[dict[str, Any], Callable[[float], float]]] = {
    "Constant": ({"warmup_epochs": 0.5}, lambda epoch: min(1, (epoch + 1 / STEPS) / 0.5)),
    "WarmupCosine": (
        {"warmup_epochs": 0.4, "final_ratio": 0.1},
        lambda epoch: (
            min(1, (epoch + 1 / STEPS) / 0.4)
            * (0.1 + 0.9 * (1 + math.cos(math.pi * max(0, epoch - 0.4) / (EPOCHS - 0.4))) / 2)
        ),
    ),
    "StepDecay": ({"every_epochs": 0.5}, lambda epoch: 0.5 ** math.floor(epoch / 0.5)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_rates_are_those_of_the_schedule_laid_over_the_time(tiny: Tiny, clocks: Any, name: str) -> None:
    args, shape = SHAPES[name]
    run = train(tiny(lr_scheduler={"type": name, "args": args}, trainer__minutes=0.2), clock=clocks())
    until = 12 - EXIT
    steps = int(until / STEP)
    progress = [min(1, number * STEP / (until - 2 * STEP)) for number in range(steps)]
    assert progress[-1] == 1
    expected = [LR * shape(done * EPOCHS) for done in progress]
    assert rates(run.folder) == pytest.approx(expected)
    epochs = [line["epoch"] for line in logged(run.folder) if "epoch" in line]
    assert epochs == [*range(1, steps // STEPS + 1), *([steps / STEPS] if steps % STEPS else [])]
    assert run.numbers["val_loss"] == next(line["val_loss"] for line in reversed(logged(run.folder)))


def test_a_run_stopped_in_its_time_is_bit_for_bit_the_run_that_never_was(
    tiny: Tiny, clocks: Any, monkeypatch: Any
) -> None:
    config = tiny(arch__args__dropout=0.3, trainer__ema_decay=0.8, trainer__minutes=0.15)
    whole = train(config, clock=clocks()).folder
    run_dir = None
    for step in (1, 4, STEPS + 1):
        with monkeypatch.context() as patch, pytest.raises(Interrupted):
            stop_after(patch, step)
            train(config, clock=clocks(), resume=run_dir)
        (run_dir,) = {*whole.parent.iterdir()} - {whole}
        assert load_checkpoint(run_dir / "last.pt")["training"]["time"]["used"] == step * STEP
    train(resume=run_dir, clock=clocks())
    assert run_dir is not None
    assert_same(run_dir, whole)


def test_a_run_goes_on_for_as_many_minutes_more(tiny: Tiny, clocks: Any) -> None:
    first = train(tiny(trainer__minutes=0.1), clock=clocks())
    before = (first.folder / "last.pt").read_bytes()
    assert train(resume=first.folder, clock=clocks()).numbers == {}
    assert (first.folder / "last.pt").read_bytes() == before, "its time is over"
    train(resume=first.folder, minutes=0.1, clock=clocks())
    lrs = rates(first.folder)
    half = len(lrs) // 2
    assert lrs[:half] == lrs[half:] and lrs[half - 1] == pytest.approx(0.01 * LR), "annealed twice"
    assert load_checkpoint(first.folder / "last.pt")["training"]["step"] == len(lrs) == 2 * half
    epochs = [line["epoch"] for line in logged(first.folder) if "epoch" in line]
    assert epochs == sorted(set(epochs)) and epochs[-1] == len(lrs) / STEPS


def test_a_run_by_epochs_goes_on_by_minutes_and_back(tiny: Tiny, clocks: Any) -> None:
    run_dir = train(tiny()).folder
    train(resume=run_dir, minutes=0.1, clock=clocks())
    lrs = rates(run_dir)
    assert lrs[EPOCHS * STEPS] < LR and lrs[EPOCHS * STEPS + 1] == pytest.approx(LR, rel=0.1)
    config = ConfigParser(load_checkpoint(run_dir / "last.pt")["config"], "resumed")
    config.override("trainer.minutes", None)
    config.override("trainer.epochs", 5)
    train(config, resume=run_dir)
    assert logged(run_dir)[-1]["epoch"] == 5


def test_a_run_that_stopped_early_goes_on_by_minutes(tiny: Tiny, clocks: Any) -> None:
    run_dir = train(tiny(trainer__epochs=9, trainer__early_stop=1, trainer__monitor="max val_loss")).folder
    before = len(rates(run_dir))
    assert before < 9 * STEPS, "its loss falls, so it stops early"
    train(resume=run_dir, minutes=0.1, clock=clocks())
    assert len(rates(run_dir)) > before


def test_reports_give_the_share_done_and_the_time_left(tiny: Tiny, clocks: Any) -> None:
    reports: list[Progress] = []
    train(tiny(trainer__minutes=0.1), clock=clocks(), on_progress=reports.append)
    assert {(report.epochs, report.steps) for report in reports} == {(None, None)}
    done = [report.done for report in reports]
    assert done == sorted(done) and done[0] == 0 and done[-1] == 1
    left = [report.seconds_left for report in reports if "val_loss" not in report.numbers]
    assert left == [6 - STEP * number for number in range(len(left))]


def test_the_clock_of_the_first_process_decides_for_all(tiny: Tiny, tmp_path: Path, clocks: Any) -> None:
    alone = train(tiny(trainer__minutes=0.1), clock=clocks()).folder  # batches of 4
    config = tiny(trainer__minutes=0.1, data_loader__args__batch_size=2)

    def work() -> Any:
        clock = clocks()
        return train(config, clock=(lambda: 1e6) if distributed.rank() else clock)

    first, second = together(tmp_path, work)
    assert first == second
    (run_dir,) = set(run_dirs(tmp_path)) - {alone}
    assert rates(run_dir) == rates(alone)
    assert load_checkpoint(run_dir / "last.pt")["training"]["time"]["is_over"]


@pytest.mark.parametrize("minutes", [0, -1, "9"])
def test_minutes_that_make_no_sense_are_refused(tiny: Tiny, tmp_path: Path, minutes: Any) -> None:
    with pytest.raises(InputError, match="minutes"):
        train(tiny(), minutes=minutes)
    assert not (tmp_path / "saved").exists()


def test_minutes_that_the_start_has_used_up_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="of 60 s the start took 70 s, and the end needs"):
        train(tiny(), minutes=1, clock=lambda: 70.0)
    assert not (tmp_path / "saved").exists()


def test_a_validation_is_estimated_before_the_first(tiny: Tiny, monkeypatch: Any) -> None:
    """One of its two batches is tried twice; the first try takes 5 s here, the second 2."""
    clock, costs = Clock(), iter([5.0, 2.0, *[0.0] * 1000])
    pairs = Trainer._pairs

    def slowly(trainer: Trainer, *args: Any) -> Any:
        clock.now += next(costs)
        return pairs(trainer, *args)

    monkeypatch.setattr(Trainer, "_pairs", slowly)
    estimates: list[float] = []
    monkeypatch.setattr(
        BaseTrainer, "_one_epoch", lambda trainer: estimates.append(trainer.limit.duration("validation")) or 1 / 0
    )
    with pytest.raises(ZeroDivisionError):
        train(tiny(), minutes=9, clock=clock)
    assert estimates == [4.0]


@pytest.mark.slow
def test_the_command_line_ends_in_time(train_cli: Any, config_file: Any, tmp_path: Path, monkeypatch: Any) -> None:
    args, shape = SHAPES["WarmupCosine"]
    config = config_file(lr_scheduler={"type": "WarmupCosine", "args": args})
    shares: list[float] = []
    set_rate = Optimization.set_rate

    def recorded(optimization: Optimization, share: float) -> None:
        shares.append(share)
        set_rate(optimization, share)

    monkeypatch.setattr(Optimization, "set_rate", recorded)
    for words in (["-c", config, "--minutes", 0.15], ["--resume", tmp_path, "--minutes", 0.1]):
        start = time.monotonic()
        monkeypatch.setattr(command_line, "seconds_of_process", stopwatch())
        arguments = [run_dirs(tmp_path)[0] if word == tmp_path else word for word in words]
        code, _, err = train_cli(*arguments)
        assert code == 0, err
        assert time.monotonic() - start < 60 * float(words[-1])
        (run_dir,) = run_dirs(tmp_path)
        assert rates(run_dir)[-1] == pytest.approx(LR * shape(shares[-1] * EPOCHS))
        assert shares[-1] > 0.9, "by this clock the last step begins at 1 only where all steps take equally long"
        assert logged(run_dir)[-1]["val_loss"]
