"""A real training that is killed with SIGKILL again and again ends as the one that never was."""

import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from logger.run_log import METRICS
from tests.test_train import process
from tests.tiny import assert_same, run_dirs
from utils.checkpoint import load_checkpoint
from utils.files import SCRATCH

KILLS, IN_A_SAVE, STEPS = 25, 5, 300


class Victim:
    """The run that is killed: what of it is on the disk."""

    def __init__(self, tmp_path: Path, whole_dir: Path) -> None:
        self.tmp_path, self.whole_dir = tmp_path, whole_dir

    @property
    def run_dir(self) -> Path | None:
        """The newest of the killed runs."""
        return max(set(run_dirs(self.tmp_path)) - {self.whole_dir}, default=None)

    @property
    def is_saved(self) -> bool:
        return self.run_dir is not None and (self.run_dir / "last.pt").exists()

    @property
    def is_in_a_save(self) -> bool:
        return self.run_dir is not None and any(SCRATCH.fullmatch(path.name) for path in self.run_dir.iterdir())

    def lines(self) -> int:
        """Return the number of lines of metrics.jsonl."""
        if self.run_dir is None:
            return 0
        path = self.tmp_path / "saved" / "log" / "tiny" / self.run_dir.name / METRICS
        return path.read_bytes().count(b"\n") if path.exists() else 0


def wait(running: subprocess.Popen[str], until: Callable[[], bool]) -> None:
    while not until():
        assert running.poll() is None, running.communicate()
        time.sleep(0.0003)


def live_until_killed(running: subprocess.Popen[str], victim: Victim, rng: random.Random, how: str) -> None:
    """Wait for a moment of this kind: after any time, after some steps, or, after some steps, in a save."""
    if how == "any time":
        time.sleep(rng.uniform(0, 2.5))
        return
    time.sleep(0.5)
    until = victim.lines() + rng.randint(1, 14)
    wait(running, lambda: victim.lines() >= until)
    if how == "in a save":
        wait(running, lambda: victim.is_in_a_save)
    else:
        time.sleep(rng.uniform(0, 0.03))


@pytest.mark.slow
def test_a_process_killed_at_25_random_moments_ends_as_if_it_never_was(
    config_file: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "/no/such/compiler")  # half a second less for each of them
    changes = {"arch__args__dropout": 0.3, "trainer__ema_decay": 0.8, "trainer__save_steps": 1}
    config = config_file(trainer__epochs=STEPS // 5, trainer__keep_last=3, **changes)
    with process("-c", config) as whole:
        assert whole.communicate(timeout=300)[1] == "" and whole.returncode == 0
    (whole_dir,) = run_dirs(tmp_path)
    victim, rng, kills, in_a_save, from_nothing = Victim(tmp_path, whole_dir), random.Random(1), 0, 0, 0
    while kills < KILLS or in_a_save < IN_A_SAVE:
        assert kills < 2 * KILLS, "hardly any kill fell into a save"
        arguments = ("--resume", victim.run_dir) if victim.is_saved else ("-c", config)
        with process(*arguments) as running:
            live_until_killed(running, victim, rng, rng.choice(["any time", "some steps", "in a save", "in a save"]))
            running.kill()
        assert running.returncode == -9
        kills, in_a_save = kills + 1, in_a_save + victim.is_in_a_save
        from_nothing += not victim.is_saved
    assert victim.run_dir is not None
    reached = load_checkpoint(victim.run_dir / "last.pt")["training"]["step"]
    print(f"{kills} kills, {in_a_save} in a save, {from_nothing} before the first one; {reached} of {STEPS} steps")
    with process("--resume", victim.run_dir) as last:
        assert last.communicate(timeout=300)[1] == "" and last.returncode == 0
    # no step twice, none missing
    assert_same(victim.run_dir, whole_dir, "last.pt", "best.pt", f"last-{STEPS - 1}.pt")
    names = [sorted(path.name for path in folder.iterdir()) for folder in (victim.run_dir, whole_dir)]
    assert names[0] == names[1] and len(names[0]) == 6


def test_a_run_killed_before_its_first_save_says_what_to_do(train_cli: Any, config_file: Any, tmp_path: Path) -> None:
    assert train_cli("-c", config_file(), "--epochs", 1)[0] == 0
    (run_dir,) = run_dirs(tmp_path)
    (run_dir / "last.pt").unlink()
    assert f"it has best.pt; start again with -c {run_dir / 'config.json'}" in train_cli("--resume", run_dir)[2]
    (run_dir / "best.pt").unlink()
    code, out, err = train_cli("--resume", run_dir)
    assert (code, out) == (2, "") and "had saved nothing yet; start again with -c" in err and err.count("\n") == 1
    assert train_cli("-c", run_dir / "config.json")[0] == 0
