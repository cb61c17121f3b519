"""Every config trained, validated, resumed, and written from or read with; then where the time of a step goes."""

import json
import math
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from benchmarks.gpu_course import watched
from benchmarks.random_corpus import random_line, write_random_corpus
from benchmarks.reports import table
from parse_config import ConfigParser
from results.reading.classifier import Classifier
from results.reading.embedder import Embedder
from results.reading.reader import Reader
from results.roles import load
from results.writing.writer import Writer
from trainer.run import CATALOGUE, RESERVED, build_trainer, train

ROOT = Path(__file__).parent.parent
CONFIGS = sorted(path.name for path in ROOT.glob("config_*.json") if '"init_from"' not in path.read_text())
"""The configs of networks that are trained from the beginning."""
LINES_PER_EPOCH = 9223
"""Lines of IAM-OnDB's training splits."""
PRECISIONS = {"float32": "highest", "tf32": "high", "bfloat16": "highest"}
"""Precisions of a training's products, and torch's of those in float32: "high" rounds them to TF32, as cuDNN does."""
SLOW_WARNING = "contiguous chunk"
"""Part of what cuDNN warns of where a layer's weights are apart in memory."""


class Sizes(NamedTuple):
    """The sizes of a trial.

    lines       of the corpora of every config
    points      per line, on the average
    characters  per line
    batches     per epoch
    compared    lines per step of the trainings whose steps are timed alone too, the second in all precisions
    changes     of a network's arguments, by name, where it has them
    """

    lines: int
    points: int
    characters: int
    batches: int
    compared: tuple[int, int]
    changes: dict[str, Any]


FULL = Sizes(480, 620, 30, 10, (64, 256), {})
TINY = Sizes(40, 40, 5, 2, (4, 6), {"hidden_size": 8, "hidden_sizes": 4, "decoder_size": 8, "attention_heads": 1})


class Trial:
    """Trials on a device with corpora and runs in a folder, until the time is up.

    corpus   the name of a prepared corpus in data_dir for the configs of lines; None for random lines
    faults   what went wrong, by what was tried
    """

    def __init__(
        self, sizes: Sizes, device: str, folder: Path, minutes: float, data_dir: Path | None, corpus: str | None
    ) -> None:
        self.sizes, self.device, self.folder, self.until = sizes, device, folder, time.monotonic() + 60 * minutes
        self.data_dir, self.corpus = data_dir or folder / "data", corpus if data_dir else None
        self.faults: dict[str, str] = {}
        self.first_step: float | None = None

    def config(self, name: str, **changes: Any) -> ConfigParser:
        """Return the config of a file, changed for a short training; a double underscore stands for a dot."""
        content = json.loads((ROOT / name).read_text())
        own = content["arch"]["args"]
        for key, value in self.sizes.changes.items():
            if key in own:
                own[key] = [value] * len(own[key]) if isinstance(own[key], list) else value
        args = content["data_loader"]["args"]
        of_digits = args["corpus"] == "synthetic-digits"
        args["data_dir"] = str(self.folder / "data" if of_digits or not self.corpus else self.data_dir)
        args["corpus"] = "synthetic-digits" if of_digits else self.corpus or "synthetic"  # of a mixture too
        short = {"epochs": 2, "max_batches": self.sizes.batches, "show_lines": 2, "log_steps": self.sizes.batches}
        content["trainer"].update(short, save_dir=str(self.folder / "saved"), tensorboard=False, verbosity=0)
        content.update(device=self.device)
        if self.sizes.changes:
            args["batch_size"] = 4
        config = ConfigParser(content, name)
        for path, value in changes.items():
            config.override(path.replace("__", "."), value)
        return config

    def attempt(self, name: str, work: Callable[[], list[str]]) -> list[str]:
        """Return what `work` does, or [] where it goes wrong or the time is up, which is noted by the name."""
        if time.monotonic() > self.until:
            self.faults[name] = "not tried: the time is up"
            return []
        done: list[str] = []
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                done = work()
            except Exception as error:
                traceback.print_exc()
                self.faults[name] = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
        for warning in warned:
            if SLOW_WARNING in str(warning.message):
                self.faults.setdefault(name, str(warning.message)[:160])
        return done

    def table(self, head: tuple[str, ...], trials: Mapping[str, Callable[[], list[str]]]) -> Iterator[str]:
        """Yield a table of what each trial did, and whether it went well."""
        rows: list[tuple[str, ...]] = [(*head, "")]
        for name, work in trials.items():
            cells = self.attempt(name, work) or ["-"] * (len(head) - 1)
            rows.append((name, *cells, self.faults.get(name, "ok")))
        yield from table(*rows)

    def run_of(self, name: str) -> list[str]:
        """Train by a config, validate, resume, write or read: time per step, points per second, loss, what was done."""
        with watched() as course:
            first = train(self.config(name))
            self.first_step = self.first_step or course.first_step
            resumed = train(self.config(name, trainer__epochs=3), resume=first.folder)
        epoch = course.epochs[1]  # the second: in the first graphs are captured
        if not math.isfinite(resumed.numbers["val_loss"]):
            raise ArithmeticError(f"the validation loss is {resumed.numbers['val_loss']}")
        loss = f"{resumed.numbers['val_loss']:.3f}"
        return [f"{epoch.milliseconds:.1f}", f"{epoch.rate:,.0f}", loss, self.used(first.folder)]

    def used(self, run: Path) -> str:
        """Write, read or embed with the best checkpoint of a run; return which of these, and how fast."""
        start, network = time.monotonic(), load(run, self.device)
        if isinstance(network, Writer):
            text = "".join(filter(str.isalnum, network.characters))[:2] if network.reads_text else None
            count = sum(map(len, network.write(text).lines))
            return f"wrote {count} points at {count / (time.monotonic() - start):,.0f} a second"
        lines = [random_line(number, "", self.sizes.points // 2, "a") for number in range(2)]
        if isinstance(network, Embedder):
            return f"embedded {len(network.embed(lines))} lines in {time.monotonic() - start:.1f} s"
        assert isinstance(network, Reader | Classifier)
        return f"read {len(network.read(lines))} lines in {time.monotonic() - start:.1f} s"

    def compared(self, name: str, lines: int, precision: str) -> list[str]:
        """Train with this many lines per step: its time really and alone, their ratio, points per second, an epoch."""
        changes = {"corpus": "many", "data_dir": str(self.folder / "data"), "batch_size": lines}
        changes = {f"data_loader__args__{key}": value for key, value in changes.items()}
        changes["trainer__precision"] = "bfloat16" if precision == "bfloat16" else "float32"
        with watched(alone=True) as course, float32_products(PRECISIONS[precision]):
            train(self.config(name, trainer__show_epochs=0, **changes))
        epoch = course.epochs[-1]
        alone, ratio = 1000 * epoch.alone / epoch.steps, f"{epoch.seconds / epoch.alone:.2f}"
        seconds = math.ceil(LINES_PER_EPOCH / lines) * epoch.milliseconds / 1000
        return [f"{epoch.milliseconds:.1f}", f"{alone:.1f}", ratio, f"{epoch.rate:,.0f}", f"{seconds:.1f}"]

    def precisions(self, name: str) -> list[str]:
        """Return a line with what `precision: auto` chooses, measured three times."""
        config = self.config(name, trainer__epochs=100)
        config.check(CATALOGUE, RESERVED)
        trainer = build_trainer(config, None)
        chosen = []
        for _ in range(3):
            trainer.optimization.arithmetic = None
            trainer.optimization.settle_arithmetic(lambda: next(iter(trainer.loader.at(1))))
            chosen.append(str(trainer.optimization.arithmetic and trainer.optimization.arithmetic.precision))
        return [f"precision: auto, measured three times: {', '.join(chosen)}.", ""]

    def parts(self, name: str) -> list[str]:
        """Return the lines of a table of the parts of a step."""
        with watched(profiled=True) as course:
            # few steps, because a profile has an event for every kernel
            train(self.config(name, trainer__ema_decay=0.99, trainer__max_batches=3, trainer__show_epochs=0))
        rows = [(label, f"{cpu:.2f}", f"{gpu:.2f}") for label, cpu, gpu in course.epochs[-1].parts]
        return list(table(("a step", "ms of the CPU", "ms of the GPU's kernels"), *rows))


@contextmanager
def float32_products(precision: str) -> Iterator[None]:
    """Have a GPU's products in float32 be in torch's `precision` within the block."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def everything(trial: Trial) -> Iterator[str]:
    """Yield the tables of a trial, line by line."""
    sizes, data = trial.sizes, trial.folder / "data"
    write_random_corpus(data / "synthetic", sizes.lines, sizes.points, sizes.characters)
    write_random_corpus(data / "synthetic-digits", sizes.lines, min(60, sizes.points), 1)
    trials = {name: partial(trial.run_of, name) for name in CONFIGS}
    yield from trial.table(("config", "ms per step", "points per second", "val_loss", "then"), trials)
    if trial.first_step:
        yield f"The first step was done {trial.first_step:.1f} s after the start of the process."
        yield ""
    lines = max(sizes.compared) * (sizes.batches * 9 // 8 + 1)
    write_random_corpus(data / "many", lines, sizes.points, sizes.characters)
    trials = {
        f"{config}, {lines} lines per step, {precision}": partial(trial.compared, config, lines, precision)
        for config in ("config_conditional.json", "config_unconditional.json")
        for lines, precision in [(sizes.compared[0], "float32"), *((sizes.compared[1], each) for each in PRECISIONS)]
    }
    columns = ("ms per step", "its steps alone", "ratio", "points per second", f"s per {LINES_PER_EPOCH:,} lines")
    yield from trial.table(("training", *columns), trials)
    yield from trial.attempt("precision: auto", partial(trial.precisions, "config_conditional.json"))
    yield from trial.attempt("parts of a step", partial(trial.parts, "config_conditional.json"))
    yield from (f"WRONG: {name}: {fault}" for name, fault in trial.faults.items())


def try_everything(
    sizes: Sizes, device: str, minutes: float, data_dir: Path | None = None, corpus: str | None = None
) -> int:
    """Print the tables of a trial; return 1 where anything is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(sizes, device, Path(folder), minutes, data_dir, corpus)
        for line in everything(trial):
            print(line, flush=True)
    return 1 if trial.faults else 0
