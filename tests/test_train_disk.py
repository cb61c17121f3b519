"""A full disk, a limit on files and a folder that cannot be written to: one clear line, and nothing is lost."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from base.base_trainer import BaseTrainer
from tests.test_train import process
from tests.tiny import differences, logged, stop_after
from trainer.run import train
from utils.checkpoint import load_checkpoint

Cli = Callable[..., tuple[int, str, str]]
CHANGES = {"arch__args__dropout": 0.3, "trainer__epochs": 3, "trainer__save_steps": 2}


def mounted(*command: str) -> bool:
    return subprocess.run(["mount", *command], capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    place = tmp_path / "saved"
    place.mkdir()
    if not mounted("-t", "tmpfs", "-o", "size=1m", "none", str(place)):
        pytest.skip("may not mount a disk here; the limit on files stands for it")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[Callable[[bool], None]]:
    """Make the runs' folder read-only, or writable again."""
    place, by_mount = tmp_path / "saved", os.geteuid() == 0
    place.mkdir()
    if by_mount and not mounted("--bind", str(place), str(place)):
        pytest.skip("root may write anywhere, and may not mount here")

    def turn(locked: bool) -> None:
        if by_mount:
            assert mounted("-o", f"remount,bind,{'ro' if locked else 'rw'}", str(place))
        else:
            for folder in [place, *(path for path in place.rglob("*") if path.is_dir())]:
                folder.chmod(0o555 if locked else 0o755)

    yield turn
    turn(False)
    if by_mount:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def started(train_cli: Cli, config_file: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Start a run that is stopped after seven steps: its directory."""

    def start(**changes: Any) -> Path:
        with monkeypatch.context() as patch:
            stop_after(patch, 7)
            assert train_cli("-c", config_file(**CHANGES, **changes))[0] == 130
        (run_dir,) = (tmp_path / "saved" / "models" / "tiny").iterdir()
        return run_dir

    return start


def on_disk(run_dir: Path) -> dict[str, bytes]:
    """All that there is of a run but TensorBoard's events: bytes by path."""
    folder = run_dir.parents[2]
    files = [path for path in folder.rglob("*") if path.is_file() and "events" not in path.name]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if path.name != "ballast"}


def assert_refused(result: tuple[int, str, str], run_dir: Path, before: dict[str, bytes], why: str) -> None:
    """One line that names the file; the checkpoints as they were, the log no shorter, nothing half written."""
    code, out, err = result
    assert (code, out) == (2, "") and err.count("\n") == 1
    assert err.startswith(f"error: cannot write {run_dir.parents[2]}") and why in err
    after = on_disk(run_dir)
    assert after.keys() == before.keys() and not any(path.rsplit("/", 1)[1].startswith(".") for path in after)
    for path, content in before.items():
        assert after[path].startswith(content) if path.endswith("metrics.jsonl") else after[path] == content, path
        assert not path.endswith("metrics.jsonl") or after[path].endswith(b"\n")


def assert_goes_on(train_cli: Cli, tiny: Any, run_dir: Path, tmp_path: Path, **changes: Any) -> None:
    """The run is mended, and what it comes to is what the run comes to that never had such trouble."""
    assert train_cli("--resume", run_dir)[0] == 0
    whole_dir = train(tiny(**CHANGES, **changes, trainer__save_dir=str(tmp_path / "whole"))).folder
    assert logged(run_dir) == logged(whole_dir)
    for name in ("last.pt", "best.pt"):
        item, other = (load_checkpoint(folder / name) for folder in (run_dir, whole_dir))
        assert set(differences(item, other)) == {".config.trainer.save_dir"}


@pytest.mark.parametrize(("tensorboard", "room"), [(False, 0), (False, 16384), (True, 16384), (True, 4096)])
def test_a_full_disk(
    disk: Path, started: Any, train_cli: Cli, tiny: Any, tmp_path: Path, tensorboard: bool, room: int
) -> None:
    """The disk has space for the log, but not for a checkpoint, or for neither."""
    run_dir = started(trainer__tensorboard=tensorboard)
    before = on_disk(run_dir)
    with open(disk / "ballast", "wb", buffering=0) as ballast, pytest.raises(OSError, match="No space left"):
        while True:
            ballast.write(bytes(4096))
    os.truncate(disk / "ballast", (disk / "ballast").stat().st_size - room)
    for _ in range(2):
        assert_refused(train_cli("--resume", run_dir), run_dir, before, "No space left on device")
    (disk / "ballast").unlink()
    assert_goes_on(train_cli, tiny, run_dir, tmp_path, trainer__tensorboard=tensorboard)


@pytest.mark.slow
def test_a_limit_on_the_size_of_files(started: Any, train_cli: Cli, tiny: Any, tmp_path: Path) -> None:
    """A quota, in a process that the system limits to files smaller than a checkpoint."""
    run_dir = started()
    before, maximum = on_disk(run_dir), (run_dir / "last.pt").stat().st_size // 2
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (maximum, maximum))
    with process("--resume", run_dir, preexec_fn=limit) as running:
        out, err = running.communicate(timeout=120)
    assert_refused((running.returncode, out, err), run_dir, before, "last.pt: File too large")
    assert_goes_on(train_cli, tiny, run_dir, tmp_path)


def test_a_folder_that_is_read_only(
    lock: Any, started: Any, train_cli: Cli, config_file: Any, tiny: Any, tmp_path: Path
) -> None:
    run_dir = started()
    before = on_disk(run_dir)
    lock(True)
    assert_refused(train_cli("--resume", run_dir), run_dir, before, "")
    code, out, err = train_cli("-c", config_file())
    assert (code, out) == (2, "") and "trainer.save_dir: cannot make a run in" in err and err.count("\n") == 1
    lock(False)
    assert_goes_on(train_cli, tiny, run_dir, tmp_path)


@pytest.mark.parametrize("step", [9, 10])
def test_a_folder_that_becomes_read_only_on_the_way(
    lock: Any, started: Any, train_cli: Cli, tiny: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Before a line of the log, and before a checkpoint."""
    run_dir = started()
    before, after_step = on_disk(run_dir), BaseTrainer.after_step

    def locking(trainer: BaseTrainer) -> None:
        if trainer.step == step:
            before.update(on_disk(run_dir))
            lock(True)
        after_step(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(BaseTrainer, "after_step", locking)
        result = train_cli("--resume", run_dir)
    assert_refused(result, run_dir, before, "")
    lock(False)
    assert_goes_on(train_cli, tiny, run_dir, tmp_path)
