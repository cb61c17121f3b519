"""A NaN or infinite loss or gradient is reported with its lines, skipped as often as allowed, never masked."""

import copy
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from base.stopping import Interrupted
from model.loss import NegativeLogLikelihood
from parse_config import ConfigParser
from tests.tiny import assert_same, differences, logged, run_dirs, stop_after
from trainer import Trainer
from trainer.run import train
from utils.checkpoint import load_checkpoint
from utils.errors import InputError

Tiny = Callable[..., ConfigParser]
NAN = float("nan")


class Spoiled(torch.autograd.Function):
    """The identity, with a gradient of NaN."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x * 1

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return grad * NAN


def poison(
    monkeypatch: pytest.MonkeyPatch, *calls: int, value: float = NAN, gradient: bool = False
) -> list[tuple[str, ...]]:
    """Have the loss of certain batches of the run, or their gradient, be `value`: where their lines will be found."""
    recorded, right, number = [], NegativeLogLikelihood.forward, itertools.count(1)

    def forward(loss: Any, output: Any, batch: Any) -> Any:
        total, count = right(loss, output, batch)
        if next(number) not in calls:
            return total, count
        recorded.append(batch.ids)
        return Spoiled.apply(total) if gradient else total * value, count

    monkeypatch.setattr(NegativeLogLikelihood, "forward", forward)
    return recorded


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize(
    ("call", "label"), [(9, "the loss is"), (13, "the validation loss is"), (6, "the validation loss is")]
)
def test_a_loss_of_nan_or_inf_stops_the_run_with_its_lines(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int, label: str, value: float
) -> None:
    """Five batches of training and two of validation make an epoch."""
    recorded = poison(monkeypatch, call, value=value)
    with pytest.raises(InputError, match=label) as caught:
        train(tiny(trainer__epochs=3))
    assert all(line in str(caught.value) for line in recorded[0]) and "\n" not in str(caught.value)
    files = sorted(path.name for path in (tmp_path / "saved" / "models").rglob("*.pt"))
    assert files == (["best.pt", "last.pt"] if call > 7 else [])
    for path in (tmp_path / "saved" / "models").rglob("*.pt"):
        content = load_checkpoint(path)
        assert content["training"]["step"] == 5, "the good epoch before"
        assert all(weight.isfinite().all() for weight in content["model"].values())


def test_a_gradient_of_nan_stops_the_run_before_it_is_used(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, 1, gradient=True)
    with pytest.raises(InputError, match="the gradient is nan in epoch 1 after step 0"):
        train(tiny())


def test_of_a_large_batch_eight_lines_are_named(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = poison(monkeypatch, 1)
    with pytest.raises(InputError) as caught:
        train(tiny(data_loader__args__batch_size=12))
    assert [line in str(caught.value) for line in recorded[0]] == [True] * 8 + [False] * 4


class Spy:
    """Records a trainer's weights and optimizer before and after each of its steps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.states: list[list[Any]] = []
        one_step = Trainer._one_step

        def spied(trainer: Trainer, batches: Any) -> Any:
            if not self.states:
                self.states.append(self.state(trainer))
            numbers = one_step(trainer, batches)
            self.states.append(self.state(trainer))
            return numbers

        monkeypatch.setattr(Trainer, "_one_step", spied)

    @staticmethod
    def state(trainer: Trainer) -> list[Any]:
        optimization = trainer.optimization
        parts = (optimization.model, optimization.optimizer, optimization.lr_scheduler, optimization.best_model)
        return copy.deepcopy([dict(part.state_dict()) for part in parts])  # type: ignore[attr-defined]

    def still_steps(self) -> list[int]:
        """Return the steps that changed nothing."""
        pairs = itertools.pairwise(self.states)
        return [step for step, pair in enumerate(pairs, 1) if differences(*pair) == []]


@pytest.mark.parametrize("gradient", [False, True])
def test_a_skipped_step_changes_nothing_and_is_logged(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], gradient: bool
) -> None:
    """Five batches of training and two of validation make an epoch."""
    recorded, spy = poison(monkeypatch, 2, 8, gradient=gradient), Spy(monkeypatch)
    run_dir = train(tiny(trainer__skip_non_finite=2, trainer__ema_decay=0.8, trainer__epochs=2)).folder
    assert spy.still_steps() == [2, 6]
    notes = {line["step"]: line for line in logged(run_dir) if "skipped" in line}
    label = "gradient" if gradient else "loss"
    assert [notes[step]["skipped"] for step in (2, 6)] == [1, 2] and len(notes) == 2
    assert notes[6]["why"].startswith(f"the {label} is nan in epoch 2 after step 5 (lines ")
    message = capfd.readouterr().err.splitlines()
    assert len(message) == 2 and message[0].startswith("skipped step 2, 1 of at most 2: ")
    for line, note, ids in zip(message, notes.values(), recorded, strict=True):
        assert all(name in line and name in note["why"] for name in ids)
    steps = {line["step"]: line["loss"] for line in logged(run_dir) if "lr" in line}
    assert sorted(steps) == [1, 3, 4, 5, 7, 8, 9, 10], "there is no loss of theirs"
    assert all(line["loss"] < 100 for line in logged(run_dir) if "epoch" in line)
    content = load_checkpoint(run_dir / "last.pt")
    assert content["training"]["skipped"] == 2 and all(w.isfinite().all() for w in content["model"].values())


def test_one_more_than_allowed_ends_the_run_also_after_a_resumption(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny(trainer__skip_non_finite=2)
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        poison(patch, 1, 3)
        stop_after(patch, 4)
        train(config)
    (run_dir,) = run_dirs(tmp_path)
    poison(monkeypatch, 1)
    with pytest.raises(InputError, match=r"the loss is nan in epoch 1 after step 4 .*2 steps were skipped before"):
        train(config, resume=run_dir / "last.pt")


def test_a_run_that_skips_steps_is_resumed_bit_for_bit(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny(trainer__skip_non_finite=2, arch__args__dropout=0.3)
    with monkeypatch.context() as patch:
        poison(patch, 2, 4)
        whole_dir = train(config).folder
    for step, calls in ((2, (2,)), (10, (2,))):
        with monkeypatch.context() as patch:
            poison(patch, *calls)
            if step == 2:
                stop_after(patch, step)
                with pytest.raises(Interrupted):
                    train(config)
                (run_dir,) = set(run_dirs(tmp_path)) - {whole_dir}
            else:
                train(config, resume=run_dir / "last.pt")
    assert_same(run_dir, whole_dir, "last.pt")


def test_a_validation_loss_of_nan_is_never_skipped(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch, 6)
    with pytest.raises(InputError, match="the validation loss is nan"):
        train(tiny(trainer__skip_non_finite=9))


def test_only_the_micro_batch_with_a_nan_is_named(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = poison(monkeypatch, 2)
    with pytest.raises(InputError) as caught:
        train(tiny(trainer__points_at_once=1))
    assert f"(lines {recorded[0][0]});" in str(caught.value), "and no other line"


@pytest.mark.parametrize("gradient", [False, True])
def test_detect_anomaly_names_the_operation(tiny: Tiny, monkeypatch: pytest.MonkeyPatch, gradient: bool) -> None:
    recorded = poison(monkeypatch, 3, gradient=gradient)
    with (
        pytest.warns(UserWarning, match="Error detected in"),
        pytest.raises(InputError, match=r"Function '\w+Backward\w*' returned nan values") as caught,
    ):
        train(tiny(trainer__detect_anomaly=True))
    assert all(line in str(caught.value) for line in recorded[0]) and "\n" not in str(caught.value)
    assert not torch.is_anomaly_enabled()
