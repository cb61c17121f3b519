"""The command line of train.py on what an earlier run left: --resume and --init-from."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import differences, ink_line, logged, refused, run_dirs, write_corpus
from utils.checkpoint import load_checkpoint, save_checkpoint
from utils.files import sole_owner

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def finished(train_cli: Cli, config_file: Any, tmp_path: Path) -> Path:
    """The directory of a run of one epoch."""
    assert train_cli("-c", config_file(), "--epochs", 1)[0] == 0
    return run_dirs(tmp_path)[0]


@pytest.mark.parametrize("place", ["", "last.pt", "best.pt"])
def test_resume_goes_on_in_the_same_directory(train_cli: Cli, finished: Path, tmp_path: Path, place: str) -> None:
    code, out, _ = train_cli("--resume", finished / place, "--epochs", 2)
    assert code == 0 and str(finished / "best.pt") in out and run_dirs(tmp_path) == [finished]
    assert [line["epoch"] for line in logged(finished) if "epoch" in line] == [1, 2]
    assert load_checkpoint(finished / "last.pt")["config"]["trainer"]["epochs"] == 2


def test_resume_finds_its_logs_from_a_relative_path(
    train_cli: Cli, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished)
    assert train_cli("--resume", ".", "--epochs", 2)[0] == 0
    assert [line["epoch"] for line in logged(finished) if "epoch" in line] == [1, 2]


def test_resume_refuses_what_would_make_it_another_run(train_cli: Cli, finished: Path) -> None:
    assert "optimizer.args.lr cannot change with --resume" in refused(train_cli("--resume", finished, "--lr", 0.1))
    assert "exclude each other" in refused(train_cli("--resume", finished, "--init-from", finished / "best.pt"))


def test_an_empty_name_of_a_checkpoint_is_refused(train_cli: Cli, experiments_cli: Cli, config_file: Any) -> None:
    assert "no such checkpoint" in refused(train_cli("--resume", ""))
    code, _, err = train_cli("-c", config_file(), "--init-from", "")
    assert code == 2 and 'init_from: expected the path of a checkpoint, got ""' in err
    assert "no such checkpoint" in refused(experiments_cli("-r", "", "write", "abc"))


def test_a_run_that_another_process_trains_cannot_be_resumed(train_cli: Cli, finished: Path, monkeypatch: Any) -> None:
    before = (finished / "last.pt").stat().st_mtime_ns
    monkeypatch.setattr("trainer.run.sole_owner", partial(sole_owner, patience=0.0))
    with sole_owner(finished):
        assert "another process is at work there" in refused(train_cli("--resume", finished, "--epochs", 9))
    assert (finished / "last.pt").stat().st_mtime_ns == before
    assert train_cli("--resume", finished)[0] == 0


def test_what_another_process_saved_while_this_one_waited_for_it_is_not_lost(
    train_cli: Cli, finished: Path, monkeypatch: Any
) -> None:
    @contextmanager
    def other_saves(folder: Path) -> Iterator[None]:
        content = load_checkpoint(folder / "last.pt")
        save_checkpoint(folder / "last.pt", {**content, "training": {**content["training"], "step": 99}})
        yield

    monkeypatch.setattr("trainer.run.sole_owner", other_saves)
    assert "resume it again" in refused(train_cli("--resume", finished, "--epochs", 2))
    assert load_checkpoint(finished / "last.pt")["training"]["step"] == 99


def test_weights_alone_cannot_be_resumed(train_cli: Cli, finished: Path) -> None:
    content = load_checkpoint(finished / "best.pt")
    del content["training"]
    save_checkpoint(finished / "weights.pt", content)
    message = refused(train_cli("--resume", finished / "weights.pt"))
    assert "weights alone" in message and f"--init-from {finished / 'weights.pt'}" in message


def test_a_checkpoint_outside_a_run_directory_cannot_be_resumed(train_cli: Cli, finished: Path, tmp_path: Path) -> None:
    moved = (finished / "last.pt").rename(tmp_path / "last.pt")
    before = sorted(tmp_path.rglob("*"))
    assert "in no run directory" in refused(train_cli("--resume", moved, "--epochs", 2))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_checkpoint_whose_weights_are_another_models_cannot_be_resumed(train_cli: Cli, finished: Path) -> None:
    content = load_checkpoint(finished / "last.pt")
    content["config"]["arch"]["args"]["hidden_size"] = 20
    save_checkpoint(finished / "last.pt", content)
    assert "weights of another model" in refused(train_cli("--resume", finished))


def test_a_damaged_checkpoint_cannot_be_resumed(train_cli: Cli, finished: Path) -> None:
    os.truncate(finished / "last.pt", 999)
    assert "damaged" in refused(train_cli("--resume", finished))
    (finished / "last.pt").unlink()
    assert "no such checkpoint" in refused(train_cli("--resume", finished))


def test_init_from_is_a_new_run_on_old_weights(
    train_cli: Cli, finished: Path, config_file: Any, tmp_path: Path
) -> None:
    path = config_file(optimizer={"type": "SGD", "args": {"lr": 1e-30}})
    code, _, _ = train_cli("-c", path, "--init-from", finished / "best.pt", "--epochs", 1)
    (new,) = set(run_dirs(tmp_path)) - {finished}
    item, other = (load_checkpoint(run_dir / "best.pt") for run_dir in (new, finished))
    assert code == 0 and differences(item["model"], other["model"]) == []
    assert item["training"]["step"] == 5 and [line["step"] for line in logged(new)] == [1, 2, 3, 4, 5, 5]


@pytest.mark.parametrize(
    ("arch", "message"),
    [("ConditionalHandwriting", "weights of another model"), ("UnconditionalHandwriting", "weights of another model")],
)
def test_init_from_another_model_is_refused(
    train_cli: Cli, finished: Path, config_file: Any, tmp_path: Path, arch: str, message: str
) -> None:
    path = config_file(arch, arch__args__hidden_size=12)
    assert message in refused(train_cli("-c", path, "--init-from", finished / "best.pt"))
    assert run_dirs(tmp_path) == [finished]


@pytest.mark.parametrize("arch", ["ConditionalHandwriting", "UnconditionalHandwriting"])
def test_init_from_another_alphabet(train_cli: Cli, config_file: Any, tmp_path: Path, arch: str) -> None:
    """A network that reads text knows old and new characters then; another never had any."""
    for name, text in (("item", "abc"), ("two", "xyz"), ("three", "ca")):
        write_corpus(tmp_path / name, [ink_line(1, text=text), ink_line(2, text=text, split="valid")])

    def run(corpus: str, *more: Any) -> Path:
        before = set(run_dirs(tmp_path))
        changes = {"data_loader__args__corpus": corpus, "data_loader__args__data_dir": str(tmp_path)}
        assert train_cli("-c", config_file(arch, trainer__epochs=1, **changes), *more)[0] == 0
        (run_dir,) = set(run_dirs(tmp_path)) - before
        return run_dir

    first = run("item")
    alphabets = ["abcxyz", "abc"] if arch == "ConditionalHandwriting" else ["xyz", "ac"]
    for corpus, alphabet in zip(("two", "three"), alphabets, strict=True):
        assert load_checkpoint(run(corpus, "--init-from", first) / "best.pt")["facts"]["alphabet"] == alphabet
