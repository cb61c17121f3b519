"""A GPU's steps read no value except for logs and saves, and still find every NaN that a CPU finds at once."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from base.batch import Batch, one_ahead
from logger.run_log import METRICS
from parse_config import ConfigParser
from tests.base.test_batch import batch_of
from tests.tiny import assert_same, run_dirs
from tests.trainer.test_non_finite import poison
from trainer import Trainer
from trainer.run import train
from utils.checkpoint import load_checkpoint
from utils.errors import InputError

Tiny = Callable[..., ConfigParser]
SGD = {"type": "SGD", "args": {"lr": 0.01}}
"""Adam counts its steps on the CPU, where a look costs nothing."""


@pytest.fixture
def lazily(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the trainer look at its numbers as rarely as on a GPU."""
    begin = Trainer.train

    def lazy(trainer: Trainer, *folders: Any) -> Any:
        trainer.watch.at_once = False
        return begin(trainer, *folders)

    monkeypatch.setattr(Trainer, "train", lazy)


class Looks(TorchDispatchMode):
    """Counts what would wait for a GPU: a tensor's number in Python, or a size that depends on values."""

    WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "_unique", "equal.default")

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += any(name in str(function) for name in self.WAITING)
        return function(*args, **(kwargs or {}))


def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that is filled with the reads of values in each training step, its log and save included."""
    counts: list[int] = []
    one_step, after_step = Trainer._one_step, Trainer.after_step
    mode = Looks()

    def stepping(trainer: Trainer, batches: Any) -> Any:
        mode.count = 0
        mode.__enter__()
        return one_step(trainer, batches)

    def afterwards(trainer: Trainer) -> None:
        after_step(trainer)
        mode.__exit__(None, None, None)
        counts.append(mode.count)

    monkeypatch.setattr(Trainer, "_one_step", stepping)
    monkeypatch.setattr(Trainer, "after_step", afterwards)
    return counts


@pytest.mark.usefixtures("lazily")
def test_between_two_lines_of_the_log_nothing_is_looked_at(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = looks(monkeypatch)
    changes = {"trainer__ema_decay": 0.9, "trainer__points_at_once": None, "trainer__accumulate_batches": 2}
    train(tiny(optimizer=SGD, trainer__log_steps=3, trainer__epochs=3, **changes))
    assert len(counts) == 9 and [count > 0 for count in counts] == [False, False, True] * 3


def test_on_a_cpu_every_step_is_looked_at(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = looks(monkeypatch)
    train(tiny(optimizer=SGD, trainer__log_steps=3, trainer__epochs=1))
    assert len(counts) == 5 and all(counts)


def test_looking_rarely_changes_no_number(tiny: Tiny, request: pytest.FixtureRequest) -> None:
    config = tiny(trainer__log_steps=2)
    at_once = train(config).folder
    request.getfixturevalue("lazily")
    rarely = train(config).folder
    assert_same(at_once, rarely, "last.pt")


@pytest.mark.usefixtures("lazily")
@pytest.mark.parametrize(
    ("call", "gradient", "message"),
    [
        (9, False, "the loss is nan in epoch 2 after step 6"),
        (9, True, "the gradient is nan in epoch 2 after step 6"),
        (7, False, "the validation loss is nan in epoch 1 after step 5"),
    ],
)
@pytest.mark.parametrize("changes", [{}, {"trainer__save_steps": 1}, {"trainer__log_steps": 1}])
def test_what_is_no_number_is_found_before_it_is_logged_or_saved(
    tiny: Tiny, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, call: int, gradient: bool, message: str, changes: Any
) -> None:
    recorded = poison(monkeypatch, call, gradient=gradient)
    with pytest.raises(InputError, match=message) as caught:
        train(tiny(trainer__epochs=3, **{"trainer__log_steps": 50, **changes}))
    assert all(line in str(caught.value) for line in recorded[0])
    (run_dir,) = run_dirs(tmp_path)
    for path in run_dir.glob("*.pt"):
        assert all(weight.isfinite().all() for weight in load_checkpoint(path)["model"].values())
    assert not any("NaN" in path.read_text() for path in tmp_path.rglob(METRICS))


def test_batches_are_on_their_way_one_before_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []

    def batches() -> Iterator[Batch]:
        for number in range(3):
            events.append(f"drawn {number}")
            yield batch_of([number + 1], [1])

    monkeypatch.setattr(Batch, "to", lambda batch, device: batch)
    for number, batch in enumerate(one_ahead(batches(), torch.device("cuda"))):
        assert batch.strokes.shape[1] == number + 1
        events.append(f"used {number}")
    assert events == ["drawn 0", "drawn 1", "used 0", "drawn 2", "used 1", "used 2"]
    on_cpu = list(itertools.islice(one_ahead(batches(), torch.device("cpu")), 1))
    assert len(on_cpu) == 1 and events[-1] == "drawn 0"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
def test_a_pinned_batch_is_the_same_batch() -> None:
    batch = batch_of([3, 2], [1, 2])
    pinned = batch.pin_memory()
    assert pinned.strokes.is_pinned() and torch.equal(pinned.text, batch.text) and pinned.ids == batch.ids
