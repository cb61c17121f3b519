"""Trainings of the studio: one at a time in processes of their own, which may be stopped, fail or be killed."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from studio.training import LOG, Trainings

REPORT = "import json, os, sys, time\ndef report(*what): print(json.dumps(what), flush=True)\n"
END = 'report("end", {"stopped": False, "seconds": 1, "notes": []})'
WAITS = f'{REPORT}report("progress", {{"done": 0.5, "seconds_left": 9}}); stopped = sys.stdin.read() == ""\n'
STOPS = f'{WAITS}report("end", {{"stopped": stopped, "seconds": 1, "notes": []}})'
PROGRAMS = {
    "good": f'{REPORT}report("sample", {{"path": "M0 0"}}); {END}',
    "refused": f'{REPORT}report("error", "too few lines")',
    "broken": f"{REPORT}raise KeyError",
    "halved": f'{REPORT}print("[\\"prog", end="", flush=True); os._exit(1)',
    "waits": STOPS,
    "deaf": f"{REPORT}report('progress', {{'done': 0.1, 'seconds_left': 1}}); time.sleep(60)",
}
"""Trainings that end in ways of their own."""


def run(work: Callable[[Trainings], Awaitable[None]], tmp_path: Path) -> None:
    """Run a test in an event loop, with trainings of PROGRAMS, whose folders are there."""

    async def main() -> None:
        for name in PROGRAMS:
            (tmp_path / name).mkdir()
        trainings = Trainings(lambda name: tmp_path / name, lambda name: ["-c", PROGRAMS[name]])
        await work(trainings)
        await trainings.close()
        assert trainings.row == []

    asyncio.run(main())


async def until(trainings: Trainings, name: str, **values: Any) -> dict[str, Any]:
    for _ in range(3000):
        state = trainings.states.get(name, {})
        if values.items() <= state.items():
            return state
        await asyncio.sleep(0.01)
    raise AssertionError(f"{name} is {trainings.states.get(name)}, not {values}")


@pytest.mark.parametrize(
    ("name", "state", "error"),
    [
        ("good", "learned", None),
        ("refused", "failed", "too few lines"),
        ("broken", "failed", "from outside"),
        ("halved", "failed", "from outside"),
    ],
)
def test_a_training_ends_and_the_next_begins(name: str, state: str, error: str | None, tmp_path: Path) -> None:
    async def work(trainings: Trainings) -> None:
        trainings.start(name)
        end = await until(trainings, name, state=state)
        assert error is None or error in end["error"]
        trainings.start("good")
        assert (await until(trainings, "good", state="learned"))["notes"] == []

    run(work, tmp_path)
    assert ("KeyError" in (tmp_path / name / LOG).read_text()) == (name == "broken")


def test_one_trains_at_a_time_and_the_others_know_how_many_are_ahead(tmp_path: Path) -> None:
    async def work(trainings: Trainings) -> None:
        trainings.start("waits")
        trainings.start("good")
        trainings.start("good")
        trainings.start("refused")
        assert trainings.states["refused"] == {"state": "waiting", "ahead": 2}
        await until(trainings, "waits", state="learning", done=0.5)
        assert [trainings.states[name]["ahead"] for name in ("good", "refused")] == [1, 2]
        await trainings.stop("good")
        assert trainings.states["good"]["state"] == "stopped" and trainings.states["refused"]["ahead"] == 1
        await trainings.stop("waits")
        assert trainings.states["waits"] == {"state": "stopped"}
        await until(trainings, "refused", state="failed")

    run(work, tmp_path)


def test_a_killed_training_is_told_and_one_that_does_not_stop_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.training.PATIENCE", 0.2)

    async def work(trainings: Trainings) -> None:
        trainings.start("deaf")
        await until(trainings, "deaf", state="learning", done=0.1)
        assert trainings.process
        os.kill(trainings.process.pid, signal.SIGKILL)
        assert "sentences are kept" in (await until(trainings, "deaf", state="failed"))["error"]
        trainings.start("deaf")
        await until(trainings, "deaf", state="learning", done=0.1)
        await trainings.stop("deaf")
        assert trainings.states["deaf"] == {"state": "stopped"}

    run(work, tmp_path)


def test_a_training_that_is_stopped_at_once_does_not_begin(tmp_path: Path) -> None:
    async def work(trainings: Trainings) -> None:
        trainings.start("waits")
        await trainings.stop("waits")
        assert trainings.states["waits"]["state"] == "stopped"
        trainings.start("good")
        await until(trainings, "good", state="learned")

    run(work, tmp_path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    async def work(trainings: Trainings) -> None:
        trainings.start("gone")
        assert "No such file" in (await until(trainings, "gone", state="failed"))["error"]

    run(work, tmp_path)
