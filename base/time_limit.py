"""The minutes that a training may take: the share of them that is used, and when the end has to begin."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from utils import distributed
from utils.errors import InputError

REMEMBERED = {"step": 16, "validation": 3, "samples": 3, "save": 3}
"""Number of the latest durations that are kept, by the part of a training that they are of."""
MARGIN = 1.25
"""Factor by which a part may take longer than it did before."""
EXIT, PER_START = 1.0, 1 / 3
"""Seconds that a process needs to end once all is saved, and the share of its start's seconds that comes on top."""


class TimeLimit:
    """A limit on the time of a training, from the start of its process to its end, and what its parts took so far.

    Training ends early enough for a validation, samples and two checkpoints of the durations measured before. A
    validation that would need more than half of the time after the start is not planned for.

    minutes   the time there is, None for no limit
    clock     seconds since the start, whatever it is counted from
    max_steps  steps after which it ends at the latest
    progress  the share of the training that was done when the clock was read, 0 to 1
    is_up     True if a step more would have ended too late
    is_late   True if it was time to save
    is_over   True once the training has ended in time
    first_step  step of the training at which the time began to count
    """

    def __init__(self, minutes: float | None, clock: Callable[[], float], max_steps: float = math.inf) -> None:
        self.seconds, self.max_steps = math.inf if minutes is None else 60 * minutes, max_steps
        self.clock = clock
        self.used_before, self.begun_at, self.is_over = 0.0, 0.0, False
        self.durations: dict[str, list[float]] = {part: [] for part in REMEMBERED}
        self.progress, self.is_up, self.is_late, self.first_step = 0.0, False, False, 0

    @property
    def exists(self) -> bool:
        """True if the time is limited."""
        return self.seconds < math.inf

    @property
    def used(self) -> float:
        """Seconds used so far, those before the run was resumed included."""
        return self.used_before + self.clock()

    @property
    def left(self) -> float:
        """Seconds left, 0 where there are none."""
        return max(0.0, self.seconds - self.used)

    def begin(self, step: int, expected_validation: Callable[[], float], log: Callable[[str], object]) -> None:
        """Begin to count the time of a new training at this step, or go on with that of a resumed one.

        Raises InputError where a new training has no time for a step.
        """

        def begin() -> None:
            if not self.durations["validation"]:
                self.took("validation", expected_validation())
            if not self.used_before:
                self.begun_at = self.used
                if self.begun_at >= self.training_until:
                    needed = f"{self.begun_at:.0f} s, and the end needs {self.seconds - self.training_until:.0f} s"
                    raise InputError(f"trainer.minutes: of {self.seconds:.0f} s the start took {needed}; give it more")
            if not self.is_over:
                log(f"{self.left:.0f} of {self.seconds:.0f} s are left to train, validate and save")

        if not self.used_before:
            self.first_step = step
        if self.exists:
            distributed.on_rank_zero(begin)
        self.read()

    def read(self, *values: float) -> list[float]:
        """Read the clock of rank 0, which decides for all; returns the largest of each of these values by the way.

        All processes must read it at the same time.
        """
        is_up = self.used + self.duration("step") > self.training_until
        own = (0.0, 0.0, 0.0) if distributed.rank() else (self._progress, is_up, self.used > self.last_save_at)
        self.progress, up, late, *largest = distributed.all_max(*own, *values)
        self.is_up, self.is_late = bool(up), bool(late)
        return largest

    def share_of_steps(self, step: int) -> float:
        """Return the share of `max_steps` that was done since the time began to count, 0 to 1."""
        return min(1.0, (step - self.first_step) / self.max_steps)

    @contextmanager
    def measured(self, part: str) -> Iterator[None]:
        """Measure the block's duration as one of this part's."""
        start = self.clock()
        yield
        self.took(part, self.clock() - start)

    def start_step(self) -> None:
        """Begin to measure a step."""
        self.step_started_at = self.clock()

    def end_step(self) -> None:
        """Measure a step, and begin to measure the next."""
        self.took("step", self.clock() - self.step_started_at)
        self.start_step()

    def took(self, part: str, seconds: float) -> None:
        """Remember a duration of this part."""
        self.durations[part] = [*self.durations[part], seconds][-REMEMBERED[part] :]

    def duration(self, part: str) -> float:
        """Return the longest duration of a part of late in seconds, 0 if there was none.

        A step's is the second longest: the first step of a process compiles, and should not count for sixteen.
        """
        known = sorted(self.durations[part])
        return known[-2] if part == "step" and len(known) > 1 else known[-1] if known else 0.0

    @property
    def saves(self) -> float:
        """Seconds that best.pt and last.pt may take together."""
        return 2 * MARGIN * self.duration("save")

    @property
    def last_save_at(self) -> float:
        """Time at which saving has to begin."""
        return self.seconds - EXIT - PER_START * self.begun_at - self.saves

    @property
    def half(self) -> float:
        """Half of the seconds after the start."""
        return max(0.0, self.seconds - self.begun_at) / 2

    @property
    def training_until(self) -> float:
        """Time at which training has to end, for a validation and samples if they fit into `half`."""
        for parts in (("validation", "samples"), ("validation",)):
            seconds = MARGIN * sum(map(self.duration, parts))
            if seconds <= self.half:
                return self.last_save_at - seconds
        return self.last_save_at

    @property
    def _progress(self) -> float:
        """The share of the training that is done, from 0 at its first step to 1 at the beginning of its last."""
        # The last step begins later than two steps before the end, for `is_up` allows no other.
        last = self.training_until - 2 * self.duration("step")
        return min(1.0, max(0.0, self.used - self.begun_at) / (last - self.begun_at)) if last > self.begun_at else 1.0

    @property
    def allows_validation(self) -> bool:
        """True if a validation fits before the end, and either is the last or leaves time for a step after it."""
        seconds = self.duration("validation")
        if self.is_up:
            return self.used + seconds <= self.last_save_at
        end = self.used + MARGIN * (seconds + self.duration("samples")) + self.saves + self.duration("step")
        return MARGIN * seconds <= self.half and end <= self.training_until

    @property
    def allows_samples(self) -> bool:
        """True if samples fit before the end; at the end only where their duration is known."""
        fits = self.used + self.duration("samples") <= self.last_save_at
        return fits and (bool(self.durations["samples"]) or not self.is_up)

    def state(self) -> dict[str, Any] | None:
        """The time used and the durations; None without a limit."""
        if not self.exists:
            return None
        used = {name: getattr(self, name) for name in ("used", "begun_at", "is_over", "first_step")}
        return {**used, **{part: [*known] for part, known in self.durations.items()}}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a `state`; raises ValueError where it holds what is no duration."""
        self.used_before, self.begun_at, self.is_over = state["used"], state["begun_at"], state["is_over"]
        self.first_step = state.get("first_step", 0)  # which older runs do not have
        self.durations = {part: [*state[part]][-count:] for part, count in REMEMBERED.items()}
        numbers = [
            self.used_before,
            self.begun_at,
            self.first_step,
            *(value for known in self.durations.values() for value in known),
        ]
        if not all(type(value) in (int, float) and 0 <= value < math.inf for value in numbers):
            raise ValueError("the checkpoint's training state is not whole: its time is not what it should be")
