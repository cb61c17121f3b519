"""Training by the clock, on a clock that is made up: it ends in time, annealed, validated and saved."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from base.base_trainer import BaseTrainer
from base.stopping import Interrupted
from base.time_limit import EXIT, MARGIN, PER_START, TimeLimit
from tests.base.scripted import Scripted
from tests.base.test_base_trainer import epochs_logged, step_of, training_of
from utils.checkpoint import load_checkpoint

PATIENT = [1.0] * 1000
"""Validations without a better one."""


class Clock:
    """A clock that is moved by hand."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Timed(Scripted):
    """A training whose steps, validations of four batches and saves take as long as given: numbers, or by the time."""

    def __init__(self, *, step: Any = 1.0, validation: Any = 4.0, save: Any = 0.0, **others: Any) -> None:
        self.costs = {"step": step, "validation": validation, "save": save}
        self.progress: list[float] = []
        self.validated_at: list[int] = []
        super().__init__(others.pop("script", PATIENT), **others)

    def spend(self, part: str, share: float = 1.0) -> None:
        clock, cost = self.limit.clock, self.costs[part]
        assert isinstance(clock, Clock)
        clock.now += share * (cost(clock.now) if callable(cost) else cost)

    def after_step(self) -> None:
        self.progress.append(self.limit.progress)
        self.spend("step")
        super().after_step()

    def expected_validation(self) -> float:
        cost = self.costs["validation"]
        return cost(0) if callable(cost) else cost

    def validate(self) -> dict[str, float]:
        for _ in range(4):
            self.spend("validation", 0.25)
            self.stop_if_due()
        self.validated_at.append(self.step)
        return super().validate()

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        self.spend("save")
        super()._write(path, content)


@pytest.fixture
def timed(tmp_path: Path) -> Callable[..., Timed]:
    """Run a timed training in tmp_path / "run": the trainer."""
    (tmp_path / "run").mkdir()

    def go(now: float = 0.0, **kwargs: Any) -> Timed:
        trainer = Timed(clock=Clock(now), **kwargs)
        trainer.prepare()
        trainer.train(tmp_path / "run", tmp_path / "log")
        return trainer

    return go


def later(first: float, second: float, change: float) -> Callable[[float], float]:
    """Return the cost that is `first` until the time of the change, and `second` then."""
    return lambda now: first if now < change else second


MACHINES: dict[str, dict[str, Any]] = {
    "nine minutes": {"minutes": 9},
    "a tenth of a second per step": {"minutes": 1, "step": 0.1, "validation": 0.3},
    "an epoch longer than the minutes": {"minutes": 0.25, "step": 4.0, "validation": 2.0},
    "a slow start": {"minutes": 1, "now": 20.0},
    "slow saves": {"minutes": 1, "save": 3.0},
    "it becomes slower": {"minutes": 2, "step": later(1.0, 5.0, 60)},
    "it becomes faster": {"minutes": 2, "step": later(5.0, 0.5, 60)},
    "a first step that compiles": {"minutes": 0.5, "step": later(9.0, 0.5, 1), "validation": 1.0},
    "validations become slower": {"minutes": 2, "validation": later(2.0, 4.5, 40)},
}


@pytest.mark.parametrize("name", MACHINES)
def test_a_training_ends_in_time_annealed_validated_and_saved(tmp_path: Path, timed: Any, name: str) -> None:
    trainer = timed(**MACHINES[name])
    limit, seconds = trainer.limit, 60 * MACHINES[name]["minutes"]
    longest, ending = max(limit.durations["step"]), EXIT + PER_START * MACHINES[name].get("now", 0)
    assert limit.used <= seconds - ending
    unused = MARGIN * limit.duration("validation") + 2 * MARGIN * limit.duration("save") + 2 * longest
    assert limit.used >= seconds - ending - unused, "hardly any time is left over"
    assert trainer.progress[2:] == sorted(trainer.progress[2:]) or "becomes" in name
    assert trainer.progress[0] == 0 and trainer.progress[-1] == 1, "from the first rate to the last"
    assert trainer.validated_at[-1] == trainer.step == step_of(tmp_path, "last.pt")
    state = training_of(tmp_path)
    assert state["time"]["is_over"] and state["step"] == trainer.step
    assert step_of(tmp_path, "best.pt") == trainer.validated_at[0]


def test_progress_is_the_time_over_that_until_the_last_step(timed: Any) -> None:
    trainer = timed(minutes=1, step=1.0, validation=0.0)
    last = 60 - EXIT - 2
    assert trainer.progress == pytest.approx([min(1, step / last) for step in range(len(trainer.progress))])
    assert len(trainer.progress) == 59


def test_an_epoch_that_the_minutes_cut_is_logged_as_its_share_and_goes_on(tmp_path: Path, timed: Any) -> None:
    """Epochs of three steps of 2 s, in 15 s: validated after the first, and after two steps more."""
    whole = timed(minutes=0.25, step=2.0, validation=0.5)
    assert whole.validated_at == [3, 6] and epochs_logged(tmp_path) == [1, 2]
    trainer = timed(minutes=0.2, step=2.0, validation=0.5, resume=training_of(tmp_path) | {"time": None})
    assert trainer.step == 10 and trainer.batch == 1 and trainer.epoch == 4
    assert epochs_logged(tmp_path) == [1, 2, 3, pytest.approx(3 + 1 / 3)]
    timed(minutes=0.2, step=2.0, validation=0.5, resume=training_of(tmp_path) | {"time": None})
    assert epochs_logged(tmp_path) == [1, 2, 3, pytest.approx(3 + 1 / 3), 4, pytest.approx(4 + 2 / 3)]


def test_a_validation_that_would_leave_no_time_for_a_step_waits_for_the_end(tmp_path: Path, timed: Any) -> None:
    trainer = timed(minutes=0.5, step=1.0, validation=4.0)
    assert trainer.validated_at[-1] == trainer.step and trainer.progress[-1] == 1
    gaps = [after - before for before, after in zip(trainer.validated_at, trainer.validated_at[1:], strict=False)]
    assert all(gap >= 3 for gap in gaps[:-1]) and len(trainer.validated_at) >= 2


@pytest.mark.parametrize(
    ("validation", "validated"),
    [(18.0, 0), (later(2.0, 1000.0, 10), 1)],
    ids=["longer than half of the time", "the last takes for ever"],
)
def test_weights_that_cannot_be_validated_are_saved_in_time(
    tmp_path: Path, timed: Any, validation: Any, validated: int
) -> None:
    trainer = timed(minutes=0.5, validation=validation, save=0.5)
    assert len(trainer.validated_at) == validated and step_of(tmp_path, "last.pt") == trainer.step
    assert step_of(tmp_path, "best.pt") == (trainer.validated_at[0] if validated else trainer.step)
    if not validated:
        assert trainer.limit.used <= 30 - EXIT and trainer.progress[-1] == 1


def test_a_run_stopped_in_its_time_goes_on_with_that_left(tmp_path: Path, timed: Any) -> None:
    """Its progress is, bit for bit, that of the run which was never stopped; a step takes longer and longer."""
    costs = {"step": lambda now: 0.5 + now // 1 / 64, "minutes": 1, "validation": 1.0}
    whole = timed(**costs)
    expected = load_checkpoint(tmp_path / "run" / "last.pt")["training"]
    (tmp_path / "log" / "metrics.jsonl").unlink()
    parts, resume = [], None
    for step in (4, 5, 17, -1):
        before = resume["time"]["used"] if resume else 0.0
        shifted = costs | {"step": lambda now, before=before: 0.5 + (before + now) // 1 / 64}
        try:
            trainer = timed(**shifted, resume=resume, signal_at=step)
            parts += trainer.progress
        except Interrupted:
            resume = training_of(tmp_path)
            parts = whole.progress[: resume["step"]]
    assert parts == whole.progress
    assert training_of(tmp_path)["time"] == expected["time"] and training_of(tmp_path)["step"] == expected["step"]


def test_a_run_whose_time_is_over_does_nothing_until_it_has_more(tmp_path: Path, timed: Any) -> None:
    step = timed(minutes=1).step
    assert timed(minutes=1, resume=training_of(tmp_path)).saves == []
    again = timed(minutes=1, resume=training_of(tmp_path) | {"time": None})
    assert again.step > step and again.progress[0] == 0 and again.progress[-1] == 1


def test_a_run_killed_in_its_last_validation_does_that_alone(tmp_path: Path, timed: Any, monkeypatch: Any) -> None:
    def killed(trainer: Timed) -> dict[str, float]:
        if trainer.limit.is_up:
            signal.raise_signal(signal.SIGTERM)
        return validate(trainer)

    validate = Timed.validate
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(Timed, "validate", killed)
        timed(minutes=0.5)
    step = training_of(tmp_path)["step"]
    trainer = timed(minutes=0.5, resume=training_of(tmp_path))
    assert trainer.validated_at == [step] == [trainer.step] and trainer.progress == []
    assert training_of(tmp_path)["time"]["is_over"]


def test_a_run_that_gets_no_better_stops_before_its_minutes_are_over(timed: Any) -> None:
    assert timed(minutes=60, early_stop=2).step == 9


def test_without_minutes_the_clock_changes_nothing(tmp_path: Path, timed: Any) -> None:
    trainer = timed(now=1e9, script=[1.0, 2.0], validation=1e6)
    assert trainer.step == 6 and set(trainer.progress) == {0.0} and training_of(tmp_path)["time"] is None


@pytest.mark.parametrize("change", [{"used": -1.0}, {"step": [float("nan")]}, {"save": ["x"]}, {"begun_at": 1e999}])
def test_a_damaged_time_is_refused(change: dict[str, Any]) -> None:
    limit = TimeLimit(1, Clock())
    state = limit.state()
    assert state is not None
    with pytest.raises(ValueError, match="its time is not what it should be"):
        limit.load_state(state | change)


@pytest.mark.parametrize("minutes", [0, -1.5])
def test_minutes_that_are_none_are_refused(minutes: float) -> None:
    with pytest.raises(ValueError, match=f"minutes is {minutes}; it must be above 0"):
        Scripted([1.0], minutes=minutes)
    assert issubclass(Scripted, BaseTrainer)


def test_after_a_slow_start_a_validation_that_would_take_most_of_the_rest_is_left_out() -> None:
    limit, messages = TimeLimit(3, lambda: 76.0), list[str]()
    limit.begin(0, lambda: 70.0, messages.append)
    assert messages == ["104 of 180 s are left to train, validate and save"]
    assert limit.training_until == limit.last_save_at > 150 and not limit.allows_validation
