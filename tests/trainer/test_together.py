"""Training on two processes is training on one with batches twice as large, and stops, saves and goes on like it."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from base.stopping import Interrupted
from parse_config import ConfigParser
from tests.tiny import assert_same, ink_line, logged, run_dirs, stop_after, tiny_config, write_corpus
from tests.together import together
from tests.trainer.test_non_finite import poison
from trainer import Trainer
from trainer.run import CATALOGUE, train
from utils import distributed
from utils.checkpoint import load_checkpoint
from utils.errors import InputError
from utils.random_state import restore_rng, rng_state

Uneven = Callable[..., ConfigParser]


@pytest.fixture
def uneven(tmp_path: Path) -> Uneven:
    """A maker of configs for a corpus of 13 + 5 lines: the last of four batches has one line, none for the second."""
    lines = [ink_line(n, points=12 + 3 * n, split="train" if n < 13 else "valid") for n in range(18)]
    write_corpus(tmp_path / "data" / "tiny", lines)

    def make(arch: str = "UnconditionalHandwriting", **changes: Any) -> ConfigParser:
        constant = {"lr_scheduler": {"type": "Constant", "args": {}}}
        return tiny_config(tmp_path / "data", tmp_path / "saved", arch, **constant, **changes)

    return make


def train_on(tmp_path: Path, number: int, config: ConfigParser, resume: Path | None = None) -> Path:
    """The directory of a run, or its end, on so many processes."""
    outcomes = together(tmp_path, lambda: train(config, resume=resume), number)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    assert all(outcome == outcomes[0] for outcome in outcomes), "all know the same numbers"
    return outcomes[0][0]


def assert_about_the_same(item: Path, other: Path) -> None:
    for line, same in zip(logged(item), logged(other), strict=True):
        assert line == pytest.approx(same, rel=2e-4)
    weights, others = (load_checkpoint(folder / "last.pt")["model"] for folder in (item, other))
    for name, weight in weights.items():
        torch.testing.assert_close(weight, others[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("arch", "changes"), [("UnconditionalHandwriting", {"trainer__points_at_once": 30}), ("ConditionalHandwriting", {})]
)
def test_two_processes_are_one_with_batches_twice_as_large(
    uneven: Uneven, tmp_path: Path, arch: str, changes: dict[str, Any]
) -> None:
    def config(batch_size: int) -> ConfigParser:
        return uneven(arch, data_loader__args__batch_size=batch_size, trainer__ema_decay=0.5, **changes)

    two = train_on(tmp_path, 2, config(2))
    assert_about_the_same(two, train(config(4)).folder)
    assert len(run_dirs(tmp_path)) == 2 and sorted(path.name for path in two.iterdir()) == [
        "best.pt",
        "config.json",
        "last.pt",
    ]


def test_accumulated_steps_and_a_limit_of_batches(uneven: Uneven, tmp_path: Path) -> None:
    changes = {"trainer__accumulate_batches": 2, "trainer__max_batches": 3}
    two = train_on(tmp_path, 2, uneven(data_loader__args__batch_size=2, **changes))
    assert_about_the_same(two, train(uneven(data_loader__args__batch_size=4, **changes)).folder)


def test_a_run_goes_on_from_two_processes_to_one_and_back(uneven: Uneven, tmp_path: Path, monkeypatch: Any) -> None:
    """It keeps the size of its steps, and stops in the middle of epochs."""
    config = uneven(data_loader__args__batch_size=2, trainer__epochs=3)
    stops, run_dir = ((2, 3), (1, 6), (2, 9)), None
    for number, step in stops:
        with monkeypatch.context() as patch, pytest.raises(Interrupted):
            stop_after(patch, step)
            train_on(tmp_path, number, config, resume=run_dir and run_dir / "last.pt")
        (run_dir,) = run_dirs(tmp_path)
        assert load_checkpoint(run_dir / "last.pt")["training"]["processes"] == 2
    assert run_dir is not None
    train_on(tmp_path, 1, config, resume=run_dir / "last.pt")
    assert_about_the_same(run_dir, train(uneven(data_loader__args__batch_size=4, trainer__epochs=3)).folder)


def test_shares_are_disjoint_and_cover_every_batch(uneven: Uneven, tmp_path: Path) -> None:
    def shares() -> list[tuple[str, ...]]:
        loader = uneven().build("data_loader", CATALOGUE, seed=1, processes=2)
        return [batch.ids for batch in (*loader.at(1), *loader.validation().at(1))]

    first, second = together(tmp_path, shares)
    whole = shares()
    for item, other, both in zip(first, second, whole, strict=True):
        assert len(item) - len(other) in (0, 1) and sorted(item + other) == sorted(both)


@pytest.mark.parametrize("states", [0, 1])
def test_a_process_without_a_state_of_its_own_draws_what_no_other_does(tmp_path: Path, states: int) -> None:
    def draws() -> list[float]:
        torch.manual_seed(7)
        restore_rng([rng_state()] * states, step=0)
        return torch.rand(3).tolist()

    first, second, third = together(tmp_path, draws, number=3)
    assert first == draws() and first != second and second != third and third != first


def test_each_process_draws_its_own_and_goes_on_with_it_bit_for_bit(
    uneven: Uneven, tmp_path: Path, monkeypatch: Any
) -> None:
    config = uneven(data_loader__args__batch_size=2, arch__args__dropout=0.4, trainer__epochs=3)
    whole = train_on(tmp_path, 2, config)
    state = load_checkpoint(whole / "last.pt")["training"]
    assert len(state["other_rng"]) == 1 and not torch.equal(state["rng"], state["other_rng"][0]["rng"])
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        stop_after(patch, 6)
        train_on(tmp_path, 2, config)
    (run_dir,) = set(run_dirs(tmp_path)) - {whole}
    assert train_on(tmp_path, 2, config, resume=run_dir / "last.pt") == run_dir
    assert_same(run_dir, whole, "last.pt")


@pytest.mark.parametrize("where", ["step", "validation"])
def test_a_signal_to_one_process_stops_all(uneven: Uneven, tmp_path: Path, monkeypatch: Any, where: str) -> None:
    one_step, validate = Trainer._one_step, Trainer.validate

    def stopping(trainer: Trainer, batches: Any) -> Any:
        if where == "step" and distributed.rank() == 1 and trainer.step == 4:
            signal.raise_signal(signal.SIGTERM)
        return one_step(trainer, batches)

    def validating(trainer: Trainer) -> Any:
        if where == "validation" and distributed.rank() == 1:
            signal.raise_signal(signal.SIGTERM)
        return validate(trainer)

    monkeypatch.setattr(Trainer, "_one_step", stopping)
    monkeypatch.setattr(Trainer, "validate", validating)
    outcomes = together(tmp_path, lambda: train(uneven(data_loader__args__batch_size=2)))
    (run_dir,) = run_dirs(tmp_path)
    assert [type(outcome) for outcome in outcomes] == [Interrupted] * 2
    assert {str(outcome) for outcome in outcomes} == {
        f"stopped by SIGTERM; go on with: python train.py --resume {run_dir / 'last.pt'}"
    }
    assert load_checkpoint(run_dir / "last.pt")["training"]["step"] == (5 if where == "step" else 4)


@pytest.mark.parametrize("gradient", [False, True])
def test_all_leave_out_the_same_step_and_name_the_lines_of_it(
    uneven: Uneven, tmp_path: Path, monkeypatch: Any, gradient: bool
) -> None:
    config = uneven(data_loader__args__batch_size=2, trainer__skip_non_finite=1)

    def work() -> Any:
        recorded = poison(monkeypatch, 3, gradient=gradient) if distributed.rank() == 1 else []
        return train(config).numbers, recorded

    (numbers, _), (same, recorded) = together(tmp_path, work)
    assert numbers == same
    (run_dir,) = run_dirs(tmp_path)
    (note,) = [line for line in logged(run_dir) if "skipped" in line]
    label = "gradient" if gradient else "loss"
    assert note["step"] in (3, 4) and f"the {label} is nan in epoch 1" in note["why"]
    assert all(line in note["why"] for line in recorded[0])
    with pytest.raises(InputError, match=f"the {label} is nan"):
        config.override("trainer.skip_non_finite", 0)
        raise together(tmp_path, work)[0]


def test_a_save_that_fails_ends_all(uneven: Uneven, tmp_path: Path, monkeypatch: Any) -> None:
    def full(*_: Any) -> None:
        assert distributed.rank() == 0
        raise InputError("cannot write last.pt: No space left on device")

    monkeypatch.setattr("base.base_trainer.save_checkpoint", full)
    outcomes = together(tmp_path, lambda: train(uneven(trainer__save_steps=2)))
    assert [str(outcome) for outcome in outcomes] == ["cannot write last.pt: No space left on device"] * 2
