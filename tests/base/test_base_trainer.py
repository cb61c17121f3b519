"""The frame of a run with a made-up training in it: what is best, when it stops, what it saves, how it goes on."""

import json
import math
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from base.stopping import Interrupted
from logger.run_log import METRICS
from tests.base.scripted import STEPS, Scripted
from utils.checkpoint import load_checkpoint
from utils.errors import InputError


def step_of(folder: Path, name: str) -> int:
    return int(load_checkpoint(folder / "run" / name)["model"]["step"])


def training_of(folder: Path) -> dict[str, Any]:
    return load_checkpoint(folder / "run" / "last.pt")["training"]


def epochs_logged(folder: Path) -> list[int]:
    lines = [json.loads(line) for line in (folder / "log" / METRICS).read_text().splitlines()]
    return [line["epoch"] for line in lines if "epoch" in line]


@pytest.mark.parametrize(
    ("monitor", "best_epoch"), [("min val_loss", 3), ("max val_loss", 2), ("max val_cer", 3), ("off", 5)]
)
def test_best_is_the_best_epoch_and_last_the_last(tmp_path: Path, run: Any, monitor: str, best_epoch: int) -> None:
    run([3.0, 5.0, 1.0, 1.0, 2.0], monitor=monitor)
    assert step_of(tmp_path, "best.pt") == best_epoch * STEPS
    assert step_of(tmp_path, "last.pt") == 5 * STEPS
    assert sorted(os.listdir(tmp_path / "run")) == ["best.pt", "last.pt"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_never_best(tmp_path: Path, run: Any, value: float) -> None:
    trainer = run([value, 4.0, value, 5.0])
    assert trainer.best == 4.0 and step_of(tmp_path, "best.pt") == 2 * STEPS


def test_a_monitor_that_nothing_is_logged_as_is_an_error_with_the_names_there_are(run: Any) -> None:
    with pytest.raises(InputError, match="nothing is logged as val_wer; there are loss, val_loss, val_cer"):
        run([1.0], monitor="min val_wer")


def test_a_run_stops_when_it_has_not_got_better_for_so_long(tmp_path: Path, run: Any) -> None:
    trainer = run([3.0, 1.0, 2.0, 1.0, 1.5, 0.0], early_stop=3, save_period=100)
    assert epochs_logged(tmp_path) == [1, 2, 3, 4, 5] and trainer.epoch == 6
    assert step_of(tmp_path, "last.pt") == 5 * STEPS, "saved although its period is not over"
    again = run([3.0, 1.0, 2.0, 1.0, 1.5, 0.0], early_stop=3, resume=training_of(tmp_path))
    assert again.saves == [] and epochs_logged(tmp_path) == [1, 2, 3, 4, 5], "it has stopped"
    patient = run([3.0, 1.0, 2.0, 1.0, 1.5, 0.0], early_stop=4, resume=training_of(tmp_path))
    assert patient.best == 0.0 and epochs_logged(tmp_path) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("script", "settings"),
    [
        ([5.0, 6.0, 4.0, 6.0, 3.0, 6.0], {"early_stop": 2}),
        ([1.0] * 6, {}),
        ([1.0] * 6, {"monitor": "off", "early_stop": 1}),
    ],
    ids=["getting better starts the patience anew", "no early stop", "no monitor"],
)
def test_a_run_that_does_not_stop_early(tmp_path: Path, run: Any, script: list[float], settings: Any) -> None:
    run(script, **settings)
    assert epochs_logged(tmp_path) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("settings", "epochs", "steps"),
    [
        ({"save_period": 2}, 5, [6, 12, 15]),
        ({"save_minutes": 0}, 2, [1, 2, 3, 3, 4, 5, 6, 6]),
        ({"save_steps": 2, "save_period": 100}, 3, [2, 4, 6, 8, 9]),
    ],
)
def test_last_is_written_as_often_as_set_and_at_the_end(run: Any, settings: Any, epochs: int, steps: list[int]) -> None:
    saves = run([float(n) for n in range(epochs)], **settings).saves
    assert [step for name, step in saves if name == "last.pt"] == steps
    assert [step for name, step in saves if name == "best.pt"] == [3]


@pytest.mark.parametrize("signal_at", [1, 4, 6, 6.5, 9.5])
def test_a_signal_ends_a_run_saved_and_it_goes_on_where_it_was(tmp_path: Path, run: Any, signal_at: float) -> None:
    """A whole number is in a step, a half one in the validation after it."""
    script = [3.0, 1.0, 2.0]
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted) as caught:
        run(script, signal_at=signal_at)
    assert str(tmp_path / "run" / "last.pt") in str(caught.value)
    assert ("SIGINT" if signal_at % 1 else "SIGTERM") in str(caught.value)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    assert step_of(tmp_path, "last.pt") == math.floor(signal_at)
    resumed = run(script, resume=training_of(tmp_path))
    assert (resumed.step, resumed.epoch, resumed.best) == (9, 4, 1.0)
    assert step_of(tmp_path, "best.pt") == 6 and epochs_logged(tmp_path) == [1, 2, 3]


def test_a_run_that_died_after_its_validation_logs_that_epoch_once(
    tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(trainer: Scripted, numbers: dict[str, float]) -> bool:
        raise MemoryError

    with monkeypatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr(Scripted, "_is_better", dies)
        run([3.0, 1.0], save_minutes=0)
    assert epochs_logged(tmp_path) == [1]
    run([3.0, 1.0], resume=training_of(tmp_path))
    assert epochs_logged(tmp_path) == [1, 2]


def test_a_finished_run_that_goes_on_does_nothing_and_one_with_more_epochs_does_those(tmp_path: Path, run: Any) -> None:
    run([2.0, 1.0])
    assert run([2.0, 1.0], resume=training_of(tmp_path)).saves == []
    assert run([2.0, 1.0, 0.0, 3.0], resume=training_of(tmp_path)).best == 0.0
    assert epochs_logged(tmp_path) == [1, 2, 3, 4]


def test_another_monitor_starts_its_own_best(tmp_path: Path, run: Any) -> None:
    run([2.0, 5.0])
    trainer = run([2.0, 5.0, 1.0], resume=training_of(tmp_path), monitor="max val_loss")
    assert trainer.best == 1.0 and step_of(tmp_path, "best.pt") == 9


def test_a_state_that_is_not_whole_is_refused() -> None:
    with pytest.raises(ValueError, match="has no 'step'"):
        Scripted([1.0], resume={"epoch": 1, "batch": 0})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("save_period", 0), ("early_stop", 0), ("early_stop", -1), ("save_minutes", -1)),
        *(("save_steps", 0), ("keep_last", 0), ("keep_last", -1)),
    ],
)
def test_numbers_that_make_no_sense_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}"):
        Scripted([1.0], **{name: value})
    with pytest.raises(ValueError, match="epochs is 0"):
        Scripted([])
