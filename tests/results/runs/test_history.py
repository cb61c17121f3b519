"""A log comes back as it was written; damage is named, and the rest is kept."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from logger.run_log import METRICS, RunLog, log_folder
from results.runs.history import PNG, RunHistory, event_files, run_history


def log_of(folder: Path, step: int = 0, epoch: int = 1) -> RunLog:
    return RunLog(folder, tensorboard=True, step=step, epoch=epoch)


def picture(shade: int) -> np.ndarray:
    return np.full((4, 6, 3), shade, np.uint8)


def shades(pngs: list[bytes]) -> list[int]:
    return [np.array(Image.open(io.BytesIO(png)))[0, 0, 0] for png in pngs]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The log of three epochs of two steps with two pictures each, stopped in the third and gone on after step 4."""
    log = log_of(tmp_path)
    for step in range(1, 6):
        log.scalars(step, {"loss": step / 8, "lr": 0.1})
        if step % 2 == 0:
            log.scalars(step, {"epoch": step // 2, "loss": 1.0, "val_loss": 5.0 - step, "val_cer": step / 10})
            for n in (1, 2):
                log.picture(step, f"samples/{n}", picture(10 * step + n))
    log.picture(5, "samples/1", picture(99))
    log.close()
    log = log_of(tmp_path, step=4, epoch=3)
    for step in (5, 6):
        log.scalars(step, {"loss": step / 4, "lr": 0.1})
    log.note(6, {"skipped": 1, "why": "the loss is nan"})
    log.scalars(6, {"epoch": 3, "loss": 1.0, "val_loss": float("nan"), "val_cer": 0.3})
    log.picture(6, "samples/10", picture(8))
    log.picture(6, "samples/2", picture(7))
    log.close()
    return tmp_path


def test_numbers_pictures_and_times_are_those_that_were_logged(folder: Path) -> None:
    history = run_history(folder)
    assert history.remarks == [] and history.names == ["loss", "val_loss", "val_cer"]
    losses = history.curve("loss")
    assert losses.x.tolist() == [1, 2, 3, 4, 5, 6]
    assert losses.y.tolist() == [0.125, 0.25, 0.375, 0.5, 1.25, 1.5]
    assert history.curve("val_cer", "epochs").y.tolist() == [0.2, 0.4, 0.3]
    assert {step: shades(pngs) for step, pngs in history.pictures.items()} == {2: [21, 22], 4: [41, 42], 6: [7, 8]}
    times = [history.seconds[step] for step in range(1, 7)]
    assert times == sorted(times) and times[0] >= 0 and times[-1] < 60
    assert history.hours == times[-1] / 3600
    by_hours = history.curve("val_cer", "epochs", by_hours=True)
    assert by_hours.x.tolist() == [history.seconds[step] / 3600 for step in (2, 4, 6)]


def test_a_pause_between_two_starts_is_no_work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = iter({"first": (100.0, [(1, 103.0), (2, 110.0), (3, 120.0)]), "then": (9000.0, [(3, 9002.0)])}.values())

    def events(_: Path) -> tuple[float, list[tuple[int, float, bytes | None]]]:
        start, times = next(work)
        return start, [(step, wall, None) for step, wall in times]

    monkeypatch.setattr("results.runs.history._events", events)
    assert run_history(folder).seconds == {1: 3.0, 2: 10.0, 3: 12.0}


def test_the_best_epoch_is_that_of_what_was_watched(folder: Path) -> None:
    history = run_history(folder)
    epochs = {monitor: history.best(monitor) for monitor in ("min val_loss", "max val_cer", "min val_cer", "off")}
    assert {monitor: row["epoch"] for monitor, row in epochs.items() if row} == {
        "min val_loss": 2,  # the third is NaN
        "max val_cer": 2,
        "min val_cer": 1,
        "off": 3,
    }
    assert history.best("min val_wer") is None and RunHistory().best("off") is None


def test_damaged_lines_are_named_and_the_others_kept(folder: Path) -> None:
    whole = run_history(folder)
    lines = (folder / METRICS).read_bytes().splitlines()
    bad = [b"\xff\xfe", b"[1]", b"{}", b'{"step": "7"}', b'{"step": 1e400}', b'{"step": 1.5, "loss": 2}', b"[" * 5000]
    (folder / METRICS).write_bytes(b"\n".join([lines[0], *bad, *lines[1:]]) + b'\n{"step": 7, "lo')
    history = run_history(folder)
    assert (history.steps, history.epochs[:2]) == (whole.steps, whole.epochs[:2])
    (remark,) = history.remarks
    assert METRICS in remark and f"8 of its {len(lines) + 8} lines" in remark and "line 2 first" in remark


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "text", "no png"])
def test_damaged_events_leave_the_numbers_whole(folder: Path, damage: str) -> None:
    first, then = event_files(folder)
    data = first.read_bytes()
    at = data.index(PNG)
    first.write_bytes(
        {
            "cut": data[: len(data) // 2],
            "noise": data[:400] + bytes(range(256)) + data[656:],
            "empty": b"",
            "text": b"what is this " * 99,
            "no png": data[:at] + b"GIF" + data[at + 3 :],
        }[damage]
    )
    history = run_history(folder)
    assert len(history.steps) == 7 and len(history.epochs) == 3
    assert shades(history.pictures[6]) == [7, 8] and then.exists()
    assert all(png.startswith(PNG) for pngs in history.pictures.values() for png in pngs)
    untimed = [row["step"] for row in history.steps if row["step"] not in history.seconds]
    remarks = [f"{len(untimed)} of the 7 steps" in remark for remark in history.remarks if "lack the times" in remark]
    assert untimed and remarks == [True]


def test_event_files_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = [f"events.out.tfevents.{time}.host.7.{number}" for time, number in ((99, 3), (100, 9), (100, 10))]
    for name in names:
        (tmp_path / name).touch()
    assert [path.name for path in event_files(tmp_path)] == names


def test_a_checkpoint_without_logs_has_an_empty_history_and_a_lost_log_is_named(tmp_path: Path) -> None:
    for folder in (None, tmp_path / "nowhere"):
        assert run_history(folder) == RunHistory()
    (remark,) = run_history(tmp_path).remarks
    assert METRICS in remark and "No such file" in remark
    assert run_history(tmp_path).hours is None


def test_the_logs_are_next_to_the_run(tmp_path: Path) -> None:
    run = tmp_path / "saved" / "models" / "name" / "run"
    run.mkdir(parents=True)
    (run / "best.pt").touch()
    assert log_folder(run) == log_folder(run / "best.pt") == tmp_path / "saved" / "log" / "name" / "run"
    assert log_folder(tmp_path / "best.pt") is None


def test_a_log_that_somebody_writes_to_is_read_as_far_as_it_is(tmp_path: Path) -> None:
    log = log_of(tmp_path)
    log.scalars(1, {"loss": 0.5})
    assert [json.loads(line)["loss"] for line in (tmp_path / METRICS).read_text().splitlines()] == [0.5]
    assert run_history(tmp_path).curve("loss").y.tolist() == [0.5]
    log.close()


def test_an_epoch_that_the_clock_cut_short_is_no_damage(folder: Path) -> None:
    with open(folder / METRICS, "ab") as file:
        file.write(b'{"step": 99, "epoch": 3.4, "val_loss": -7}\n')
    history = run_history(folder)
    best = history.best("min val_loss")
    assert not history.remarks and best is not None and best["epoch"] == 3.4
