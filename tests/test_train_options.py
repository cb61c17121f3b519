"""Runs to find out what is wrong: a fast one, one on a single batch, one that is strictly deterministic."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from parse_config import ConfigParser
from tests.tiny import ARCHS, logged, run_dirs
from tests.trainer.test_non_finite import poison
from trainer import Trainer
from trainer.run import train
from utils.device import strictly_deterministic
from utils.errors import InputError

Tiny = Callable[..., ConfigParser]
Cli = Callable[..., tuple[int, str, str]]


def trained_on(monkeypatch: pytest.MonkeyPatch) -> list[list[tuple[str, ...]]]:
    """The lines of the batches of every step, as they come."""
    recorded: list[list[tuple[str, ...]]] = []
    one_step = Trainer._one_step

    def spied(trainer: Trainer, batches: Any) -> Any:
        recorded.append([batch.ids for batch in batches])
        return one_step(trainer, batches)

    monkeypatch.setattr(Trainer, "_one_step", spied)
    return recorded


@pytest.mark.parametrize("arch", ARCHS)
def test_a_fast_run_goes_through_everything_once_and_leaves_nothing(
    train_cli: Cli, config_file: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arch: str
) -> None:
    steps, saves = trained_on(monkeypatch), []
    save, validate, shown = Trainer.save, Trainer.validate, []

    def saving(trainer: Trainer, name: str) -> Path:
        saves.append(name)
        return save(trainer, name)

    def validating(trainer: Trainer) -> Any:
        shown.append(trainer._batches(trainer.valid_loader)[0])
        return validate(trainer)

    monkeypatch.setattr(Trainer, "save", saving)
    monkeypatch.setattr(Trainer, "validate", validating)
    path = config_file(arch, trainer__show_epochs=1, trainer__tensorboard=True, trainer__epochs=50)
    code, out, err = train_cli("-c", path, "--fast-dev-run")
    assert (code, err) == (0, "") and "one batch of training, one of validation" in out and "the run is deleted" in out
    assert len(steps) == 1 and shown == [1] and saves == ["best.pt", "last.pt"]
    assert os.listdir(tmp_path) == [path.name]


def test_a_fast_run_that_fails_leaves_nothing_either(
    train_cli: Cli, config_file: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config_file()
    poison(monkeypatch, 2)
    code, out, err = train_cli("-c", path, "--fast-dev-run")
    assert (
        (code, out) == (2, "")
        and "the validation loss is" in err
        and err.count("\n") == 1
        and os.listdir(tmp_path) == [path.name]
    )


def test_a_fast_run_is_no_resumption(train_cli: Cli, config_file: Any, tmp_path: Path) -> None:
    assert train_cli("-c", config_file(), "--epochs", 1)[0] == 0
    code, out, err = train_cli("--resume", run_dirs(tmp_path)[0], "--fast-dev-run")
    assert (code, out) == (2, "") and "use it with -c CONFIG" in err


def test_one_batch_is_learned_by_heart(train_cli: Cli, config_file: Any, tmp_path: Path, monkeypatch: Any) -> None:
    steps = trained_on(monkeypatch)
    still = {"lr_scheduler": {"type": "Constant", "args": {}}, "trainer__epochs": 12, "arch__args__dropout": 0.0}
    assert train_cli("-c", config_file(**still), "--overfit-one-batch")[0] == 0
    assert len(steps) == 60 and all(step == steps[0] for step in steps) and len(steps[0]) == 1
    epochs = [line for line in logged(run_dirs(tmp_path)[0]) if "epoch" in line]
    assert epochs[-1]["val_loss"] < epochs[0]["val_loss"] - 1
    assert epochs[-1]["val_loss"] == pytest.approx(epochs[-1]["loss"], abs=0.2), "it is validated on the same batch"


def test_a_limit_of_batches_holds_for_both_loaders_and_the_schedule(tiny: Tiny, monkeypatch: Any) -> None:
    steps = trained_on(monkeypatch)
    run_dir = train(tiny(trainer__max_batches=2, data_loader__args__batch_size=2)).folder
    assert len(steps) == 4 and steps[0] != steps[2]
    rates = [line["lr"] for line in logged(run_dir) if "lr" in line]
    whole = train(tiny(data_loader__args__batch_size=10)).folder
    assert rates == [line["lr"] for line in logged(whole) if "lr" in line], "of two steps an epoch"


def test_the_flags_are_short_for_keys(train_cli: Cli, config_file: Any) -> None:
    path = config_file()
    _, out, _ = train_cli("-c", path, "--check", "--deterministic", "--detect-anomaly", "--overfit-one-batch")
    for key in ("deterministic", "detect_anomaly", "overfit_one_batch"):
        assert f'"{key}": true' in out
    assert "deterministic" not in train_cli("-c", path, "--check")[1]


def test_a_deterministic_run_is_the_same_run_on_a_cpu_and_puts_things_back(tiny: Tiny, monkeypatch: Any) -> None:
    inside = []
    validate = Trainer.validate
    monkeypatch.setattr(
        Trainer,
        "validate",
        lambda trainer: inside.append(torch.are_deterministic_algorithms_enabled()) or validate(trainer),
    )
    runs = [train(tiny("ConditionalHandwriting", trainer__deterministic=on)).folder for on in (False, True)]
    assert inside == [False] * 2 + [True] * 2 and not torch.are_deterministic_algorithms_enabled()
    assert logged(runs[0]) == logged(runs[1])


def test_an_operation_that_is_not_deterministic_is_named_in_one_line() -> None:
    message = r"trainer\.deterministic: .* does not have a deterministic implementation"
    with pytest.raises(InputError, match=message), strictly_deterministic(True):
        torch.nn.functional.max_unpool1d(torch.rand(1, 1, 2), torch.tensor([[[0, 2]]]), 2)
    assert not torch.are_deterministic_algorithms_enabled()
    with pytest.raises(RuntimeError, match="mine"), strictly_deterministic(True):
        raise RuntimeError("mine")
