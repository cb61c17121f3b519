"""The log of a run: its numbers step by step, its pictures, and the time that it took."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from logger.run_log import METRICS
from render.web.charts import Curve

PNG = b"\x89PNG\r\n\x1a\n"
PICTURES = "samples/"
Row = dict[str, float]


@dataclass
class RunHistory:
    """Numbers, pictures and time of a run, as far as they were logged and can still be read.

    steps     rows of metrics.jsonl while training, each with its step
    epochs    rows of whole epochs
    pictures  PNGs by the step that they were shown after
    seconds   of work by step, pauses between two starts left out; from TensorBoard's events
    remarks   what could not be read
    """

    steps: list[Row] = field(default_factory=list)
    epochs: list[Row] = field(default_factory=list)
    pictures: dict[int, list[bytes]] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def curve(self, name: str, of: str = "steps", *, called: str = "", by_hours: bool = False) -> Curve:
        """Return a number by step, or by hours of work, of the rows `of`, "steps" or "epochs", that have it."""
        rows = [row for row in getattr(self, of) if name in row and (not by_hours or row["step"] in self.seconds)]
        x = [self.seconds[int(row["step"])] / 3600 if by_hours else row["step"] for row in rows]
        return Curve(called or name, np.array(x, float), np.array([row[name] for row in rows], float), of == "epochs")

    @property
    def names(self) -> list[str]:
        """The names of the numbers that epochs have, in order of appearance."""
        return [name for name in dict.fromkeys(name for row in self.epochs for name in row) if name not in _PLACES]

    @property
    def hours(self) -> float | None:
        """The hours of work until the last step; None where no time was logged."""
        return max(self.seconds.values()) / 3600 if self.seconds else None

    def best(self, monitor: str) -> Row | None:
        """Return the best epoch by a monitor, "min val_loss" or "max ..."; for "off" the last one."""
        direction, _, name = monitor.partition(" ")
        if direction == "off":
            return self.epochs[-1] if self.epochs else None
        rows = [row for row in self.epochs if np.isfinite(row.get(name, np.nan))]
        sign = -1.0 if direction == "max" else 1.0
        return min(rows, key=lambda row: sign * row[name], default=None)


_PLACES = ("step", "epoch")


def run_history(folder: Path | None) -> RunHistory:
    """Return all that can be read of the logs in a folder, with `remarks` on damage; nothing if there is no folder."""
    history = RunHistory()
    if folder is None or not folder.is_dir():
        return history
    _read_metrics(folder / METRICS, history)
    for path in event_files(folder):
        _read_events(path, history)
    steps = [int(row["step"]) for row in history.steps]
    untimed = [step for step in steps if step not in history.seconds]
    if history.seconds and untimed:
        lost = f"{len(untimed):,} of the {len(steps):,} steps that were logged, step {untimed[0]:,} first"
        history.remarks.append(f"{folder}: TensorBoard's files lack the times of {lost}; hours may be too few.")
    return history


def _read_metrics(path: Path, history: RunHistory) -> None:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        history.remarks.append(f"{path}: cannot be read ({error.strerror}), hence no curves.")
        return
    rows = {number: row for number, line in enumerate(lines, 1) if (row := _row(line))}
    damaged = [number for number in range(1, len(lines) + 1) if number not in rows]
    if damaged:
        history.remarks.append(
            f"{path}: {len(damaged):,} of its {len(lines):,} lines are damaged and left out, line {damaged[0]} first."
        )
    for row in sorted(rows.values(), key=lambda row: row["step"]):
        (history.epochs if "epoch" in row else history.steps).append(row)


def event_files(folder: Path) -> list[Path]:
    """Return TensorBoard's files in the order of their beginning: names end in time, host, process and number."""
    return sorted(
        folder.glob("events.out.tfevents.*"),
        key=lambda path: [int(part) for part in path.name.split(".") if part.isdecimal()],
    )


def _row(line: bytes) -> Row | None:
    """Return the numbers of a line of metrics.jsonl; None if it is damaged."""
    try:
        values = json.loads(line)
        row = {name: float(value) for name, value in values.items() if type(value) in (int, float)}
    except (ValueError, AttributeError, RecursionError, OverflowError):
        return None
    step, epoch = row.get("step", -1.0), row.get("epoch", 0.0)  # a training by the clock may end within an epoch
    return row if 0 <= step < 1e15 and step == int(step) and 0 <= epoch < 1e15 else None


def _read_events(path: Path, history: RunHistory) -> None:
    """Add the pictures and times of a TensorBoard file, in place of those of older files from its first step on."""
    try:
        start, events = _events(path)
    except Exception as error:  # a damaged file may make its reader raise anything
        history.remarks.append(f"{path}: damaged ({type(error).__name__}), its pictures and times are left out.")
        return
    first = min((step for step, _, _ in events), default=None)
    if first is None:
        return
    for old in (history.pictures, history.seconds):
        for step in [step for step in old if step >= first]:
            del old[step]
    earlier = max(history.seconds.values(), default=0.0)
    for step, wall, picture in events:
        if picture is None:
            history.seconds[step] = earlier + max(wall - start, 0.0)
        elif picture.startswith(PNG):
            history.pictures.setdefault(step, []).append(picture)
        else:
            history.remarks.append(f"{path}: a picture of step {step} is not a PNG and left out.")


def _events(path: Path) -> tuple[float, list[tuple[int, float, bytes | None]]]:
    """Return the start time of a file, and its events: step, wall time, PNG or None; pictures in order of names."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # takes a second to load

    read = EventAccumulator(str(path), size_guidance={"scalars": 0, "images": 0}).Reload()
    events: list[tuple[int, float, bytes | None]] = []
    for tag in read.Tags()["scalars"]:
        events += [(event.step, event.wall_time, None) for event in read.Scalars(tag)]
    for tag in sorted((tag for tag in read.Tags()["images"] if tag.startswith(PICTURES)), key=_place):
        events += [(event.step, event.wall_time, event.encoded_image_string) for event in read.Images(tag)]
    return float(read.FirstEventTimestamp()), events


def _place(tag: str) -> tuple[int, str]:
    number = tag.removeprefix(PICTURES)
    return (int(number) if number.isdecimal() else 0, tag)
