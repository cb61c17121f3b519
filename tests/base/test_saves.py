"""When a run saves, what it keeps, and that a process that is killed leaves nothing behind that stays."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from base import base_trainer
from tests.base.scripted import Scripted
from utils.checkpoint import load_checkpoint


def steps_of(folder: Path) -> dict[str, int]:
    """The checkpoints of a run by name, and the step that each is of."""
    return {path.name: int(load_checkpoint(path)["model"]["step"]) for path in (folder / "run").glob("*.pt")}


def test_a_run_goes_on_from_a_save_by_step(tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(trainer: Scripted) -> None:
        if trainer.step == 5:
            raise MemoryError
        after_step(trainer)

    after_step = base_trainer.BaseTrainer.after_step
    with monkeypatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr(Scripted, "after_step", dies)
        run([3.0, 1.0], save_steps=2)
    assert steps_of(tmp_path) == {"best.pt": 3, "last.pt": 4}
    resumed = run([3.0, 1.0], save_steps=2, resume=load_checkpoint(tmp_path / "run" / "last.pt")["training"])
    assert resumed.saves == [("last.pt", 6), ("best.pt", 6), ("last.pt", 6)]


def test_the_last_k_are_kept_and_the_best_is_never_lost(tmp_path: Path, run: Any) -> None:
    (tmp_path / "run" / "last-mine.pt").write_bytes(b"a user's")
    (tmp_path / "run" / "last-good.pt").mkdir()
    run([0.0, 2.0, 3.0, 4.0], save_steps=1, keep_last=3)
    (tmp_path / "run" / "last-good.pt").rmdir()
    (tmp_path / "run" / "last-mine.pt").unlink()
    assert steps_of(tmp_path) == {"best.pt": 3, "last.pt": 12, "last-12.pt": 12, "last-11.pt": 11, "last-10.pt": 10}
    assert os.path.samefile(tmp_path / "run" / "last.pt", tmp_path / "run" / "last-12.pt"), "no more of the disk"


def test_the_last_k_are_those_written_last_also_after_going_back(tmp_path: Path, run: Any) -> None:
    run([1.0, 1.0, 1.0], keep_last=3)
    assert steps_of(tmp_path).keys() == {"best.pt", "last.pt", "last-3.pt", "last-6.pt", "last-9.pt"}
    state = load_checkpoint(tmp_path / "run" / "last-3.pt")["training"]
    run([1.0, 1.0], keep_last=2, save_steps=1, resume=state)
    assert steps_of(tmp_path).keys() == {"best.pt", "last.pt", "last-5.pt", "last-6.pt"}


def test_what_a_killed_process_had_half_written_is_cleared_away(tmp_path: Path, run: Any) -> None:
    run([1.0])
    stale = [tmp_path / "run" / ".last.0a1b2c3d.pt", tmp_path / "log" / ".metrics.ffffffff.jsonl"]
    others = [tmp_path / "run" / ".notes.txt", tmp_path / "run" / ".cafe", tmp_path / "log" / "a.0a1b2c3d.pt"]
    for path in (*stale, *others):
        path.write_bytes(b"half")
    run([1.0, 2.0], resume=load_checkpoint(tmp_path / "run" / "last.pt")["training"])
    assert [path.exists() for path in (*stale, *others)] == [False] * 2 + [True] * 3


def test_a_checkpoint_is_on_the_disk_before_its_name_is_and_the_name_before_the_run_goes_on(
    tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state after a power cut depends on the order of these calls alone."""
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace

    def fsynced(number: int) -> None:
        calls.append(f"fsync {os.path.basename(os.readlink(f'/proc/self/fd/{number}'))}")
        fsync(number)

    def replaced(source: Path, target: Path) -> None:
        calls.append(f"replace {Path(source).name} {Path(target).name}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", fsynced)
    monkeypatch.setattr(os, "replace", replaced)
    run([1.0], monitor="off")
    for name, (first, second, third) in zip(("best", "last"), (calls[:3], calls[3:]), strict=True):
        scratch = first.removeprefix("fsync ")
        assert scratch.startswith(f".{name}.") and (second, third) == (f"replace {scratch} {name}.pt", "fsync run")


def test_draws_go_on_where_they_were(tmp_path: Path, run: Any) -> None:
    torch.manual_seed(3)
    run([1.0])
    expected = torch.rand(3)
    torch.manual_seed(4)
    run([1.0], resume=load_checkpoint(tmp_path / "run" / "last.pt")["training"])
    assert torch.equal(torch.rand(3), expected)
