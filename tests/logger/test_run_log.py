"""The logs of a run, and of a run that is resumed."""

import json
import os
import resource
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from logger.run_log import METRICS, RunLog, terminal
from utils.errors import InputError


def lines(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]


def events(folder: Path) -> EventAccumulator:
    accumulator = EventAccumulator(str(folder))
    accumulator.Reload()
    return accumulator


def new(folder: Path, tensorboard: bool = False) -> RunLog:
    return RunLog(folder, tensorboard=tensorboard, step=0, epoch=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The log of a run of two epochs of two steps and a third that was cut off after its second step."""
    log = new(tmp_path / "log")
    for epoch in (1, 2, 3):
        for step in (2 * epoch - 1, 2 * epoch):
            log.scalars(step, {"loss": step / 8})
        if epoch < 3:
            log.scalars(2 * epoch, {"epoch": epoch, "val_loss": 0.1})
    return tmp_path / "log"


def test_scalars_are_lines_at_once_that_lose_no_digit(tmp_path: Path) -> None:
    log = new(tmp_path / "a" / "b")
    log.scalars(1, {"loss": 1 / 3, "lr": 1e-300})
    log.scalars(2, {"epoch": 1, "val_loss": -0.1})
    assert lines(tmp_path / "a" / "b") == [
        {"step": 1, "loss": 1 / 3, "lr": 1e-300},
        {"step": 2, "epoch": 1, "val_loss": -0.1},
    ]


@pytest.mark.parametrize(
    ("step", "epoch", "kept"), [(0, 1, 0), (1, 1, 1), (2, 2, 3), (3, 2, 4), (4, 2, 5), (4, 3, 6), (6, 3, 8)]
)
def test_a_run_that_goes_on_drops_what_came_after(folder: Path, step: int, epoch: int, kept: int) -> None:
    """At step 4 of epoch 2 it was killed after its validation, which comes again."""
    before = lines(folder)
    log = RunLog(folder, tensorboard=False, step=step, epoch=epoch)
    assert lines(folder) == before[:kept]
    log.scalars(step + 1, {"loss": 9.0})
    assert lines(folder) == [*before[:kept], {"step": step + 1, "loss": 9.0}]
    assert os.listdir(folder) == [METRICS]


@pytest.mark.parametrize("cut", range(1, 27))
def test_a_line_cut_short_is_dropped_and_the_next_stands_alone(folder: Path, cut: int) -> None:
    whole = (folder / METRICS).read_bytes()
    (folder / METRICS).write_bytes(whole[:-cut])
    log = RunLog(folder, tensorboard=False, step=6, epoch=3)
    log.scalars(7, {"loss": 1.0})
    actual = lines(folder)
    assert actual[-1] == {"step": 7, "loss": 1.0} and actual[-2]["step"] in (5, 6)


@pytest.mark.parametrize("rubbish", [b"\0\0\0\0", b"\xff\xfe{", b"5", b"[]", b"{}", b'{"step": "2"}', b"null"])
def test_rubbish_lines_are_dropped(folder: Path, rubbish: bytes) -> None:
    before = lines(folder)
    with open(folder / METRICS, "ab") as file:
        file.write(rubbish + b"\n")
    RunLog(folder, tensorboard=False, step=6, epoch=3)
    assert lines(folder) == before


def test_a_line_that_does_not_fit_on_the_disk_is_not_half_there(folder: Path) -> None:
    """The system takes ten bytes of it before it refuses the rest."""
    before, log = (folder / METRICS).read_bytes(), RunLog(folder, tensorboard=False, step=6, epoch=3)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, limits[1]))
    try:
        with pytest.raises(InputError, match=r"cannot write .*: File too large"):
            log.scalars(7, {"loss": 1.0})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (folder / METRICS).read_bytes() == before
    log.scalars(7, {"loss": 1.0})
    assert lines(folder)[-1] == {"step": 7, "loss": 1.0}


def test_events_are_written_with_tensorboard_on(tmp_path: Path) -> None:
    log = new(tmp_path, tensorboard=True)
    log.scalars(3, {"loss": 0.25, "val_loss": 0.5})
    log.picture(3, "samples/1", np.full((4, 6, 3), 9, np.uint8))
    log.close()
    read = events(tmp_path)
    assert [(event.step, event.value) for event in read.Scalars("loss")] == [(3, 0.25)]
    assert read.Tags()["images"] == ["samples/1"]
    assert (read.Images("samples/1")[0].height, read.Images("samples/1")[0].width) == (4, 6)


def test_events_after_the_step_are_forgotten_by_a_run_that_goes_on(tmp_path: Path) -> None:
    log = new(tmp_path, tensorboard=True)
    for step in (1, 2, 3):
        log.scalars(step, {"loss": 1.0})
    log.close()
    log = RunLog(tmp_path, tensorboard=True, step=2, epoch=1)
    log.scalars(3, {"loss": 2.0})
    log.close()
    assert [(event.step, event.value) for event in events(tmp_path).Scalars("loss")] == [(1, 1), (2, 1), (3, 2)]


def test_no_events_are_written_with_tensorboard_off(tmp_path: Path) -> None:
    log = new(tmp_path)
    log.scalars(1, {"loss": 1.0})
    log.picture(1, "samples/1", np.zeros((4, 4, 3), np.uint8))
    log.close()
    assert os.listdir(tmp_path) == [METRICS]


@pytest.mark.parametrize(("verbosity", "shown"), [(0, "w"), (1, "iw"), (2, "diw")])
def test_the_terminal_prints_by_verbosity(capsys: pytest.CaptureFixture[str], verbosity: int, shown: str) -> None:
    logger = terminal(verbosity)
    assert terminal(verbosity) is logger
    logger.debug("d")
    logger.info("i")
    logger.warning("w")
    captured = capsys.readouterr()
    assert captured.err == "".join(f"{line}\n" for line in shown) and captured.out == ""
    assert not logger.propagate, "a host's root logger would say it twice"
