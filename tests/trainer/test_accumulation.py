"""Steps of several batches are steps of one larger batch, and count as one for schedules, logs and saves."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from base.stopping import Interrupted
from parse_config import ConfigParser
from tests.tiny import assert_same, logged, run_dirs, stop_after
from tests.trainer.test_trainer import plain_loop
from trainer.run import train
from utils.checkpoint import load_checkpoint

Tiny = Callable[..., ConfigParser]


@pytest.mark.parametrize("together", [2, 3, 9])
def test_accumulated_batches_are_a_larger_batch(tiny: Tiny, together: int) -> None:
    """The last step of an epoch of five batches gets the rest."""
    schedule = {"type": "StepDecay", "args": {"every_epochs": 1}}
    config = tiny(trainer__accumulate_batches=together, lr_scheduler=schedule, data_loader__args__batch_size=4)
    run_dir = train(config).folder
    content, (weights, _, losses) = load_checkpoint(run_dir / "last.pt"), plain_loop(config, None, together)
    for name, weight in content["model"].items():
        torch.testing.assert_close(weight, weights[name], rtol=1e-4, atol=1e-5)
    per_epoch = -(-5 // together)
    assert content["training"]["step"] == 2 * per_epoch
    steps = [line for line in logged(run_dir) if "lr" in line]
    assert [line["step"] for line in steps] == list(range(1, 2 * per_epoch + 1))
    assert [line["loss"] for line in steps] == pytest.approx(losses, rel=1e-4), "over all points of the step"


def test_a_run_goes_on_between_accumulated_steps(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny(trainer__accumulate_batches=2, arch__args__dropout=0.3, trainer__epochs=3)
    whole = train(config).folder
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        stop_after(patch, 5)
        train(config)
    (run_dir,) = set(run_dirs(tmp_path)) - {whole}
    assert load_checkpoint(run_dir / "last.pt")["training"]["batch"] == 4
    train(config, resume=run_dir / "last.pt")
    assert_same(run_dir, whole, "last.pt")
