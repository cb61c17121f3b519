"""A corpus, configs and trainings so small that a test can run them."""

import json
import os
import signal
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from data_loader.corpus_writer import CorpusWriter
from ink.strokes import InkLine
from logger.run_log import METRICS
from parse_config import ConfigParser
from trainer import Trainer
from utils.checkpoint import load_checkpoint

ARCHS = {
    "UnconditionalHandwriting": {"hidden_size": 16, "num_layers": 2, "num_mixtures": 3},
    "ConditionalHandwriting": {
        **{"hidden_size": 16, "num_layers": 2, "num_mixtures": 3},
        **{"num_window_components": 2, "line_end": True},
    },
}
KINDS: dict[str, tuple[dict[str, Any], str, str]] = {
    **{arch: (args, "NegativeLogLikelihood", "NatsPerLine") for arch, args in ARCHS.items()},
    "ClassConditionalHandwriting": ({"hidden_size": 8, "num_mixtures": 2}, "NegativeLogLikelihood", "NatsPerLine"),
    "Seq2SeqRecognizer": (
        {"hidden_sizes": [4], "joins": [1], "ctc_weight": 1.0},
        *("ReadingLoss", "CharacterErrorRate"),
    ),
    "StrokeClassifier": ({"hidden_size": 8}, "ClassificationLoss", "Accuracy"),
    "HandwritingEmbedding": (
        {"hidden_sizes": [6], "joins": [2], "embedding_size": 6},
        *("ContrastiveLoss", "NearestWriter"),
    ),
}
"""Arguments of every network, its loss and its metric."""
TIMINGS = ("points_per_second",)


def write_corpus(folder: Path, lines: Iterable[InkLine]) -> dict[str, Any]:
    """Write lines as the prepared corpus `folder`: its card."""
    with CorpusWriter(folder) as writer:
        for line in lines:
            writer.add(line)
        return writer.finish(source="test", how_made="by a test", report={})


def ink_line(number: int, *, points: int = 20, text: str = "ab", split: str = "train", writer: str = "w") -> InkLine:
    """A line of random ink of its own, on whole numbers, with a pen lift every seven points."""
    rng = np.random.default_rng(number)
    ink = np.zeros((points, 3), np.float32)
    ink[:, :2] = rng.integers(-9, 10, (points, 2)).cumsum(0)
    ink[6::7, 2] = 1
    ink[-1, 2] = 1
    return InkLine(f"{split}-{number}", text, writer, split, ink, np.arange(points) / 64)


def assert_same_ink(lines: Iterable[InkLine], others: Iterable[InkLine]) -> None:
    """Lines are equal in everything, their numbers bit for bit."""
    for line, other in zip(lines, others, strict=True):
        for field in ("id", "text", "writer", "split", "unit"):
            assert getattr(line, field) == getattr(other, field), field
        np.testing.assert_array_equal(line.points, other.points, strict=True)
        np.testing.assert_equal(line.times, other.times)


def thinned(line: InkLine) -> InkLine:
    """Every eighth point of a line and the ends of its pen strokes: a small part of the work."""
    keep = np.flatnonzero((np.arange(len(line.points)) % 8 == 0) | (line.points[:, 2] > 0))
    assert line.times is not None
    return replace(line, points=line.points[keep], times=line.times[keep])


def tiny_config(data_dir: Path, save_dir: Path, arch: str, **changes: Any) -> ConfigParser:
    """A config of a training that takes about a second; a double underscore in a change's name stands for a dot."""
    args, loss, metric = KINDS[arch]
    loading = {"lines_per_writer": 2} if loss == "ContrastiveLoss" else {}
    config = ConfigParser(
        {
            "name": "tiny",
            "device": "cpu",
            "arch": {"type": arch, "args": dict(args)},
            "data_loader": {
                "type": "HandwritingDataLoader",
                "args": {"corpus": "tiny", "data_dir": str(data_dir), "batch_size": 4, **loading},
            },
            "optimizer": {"type": "Adam", "args": {"lr": 0.01}},
            "loss": {"type": loss, "args": {}},
            "metrics": [{"type": metric, "args": {}}],
            "lr_scheduler": {"type": "WarmupCosine", "args": {"warmup_epochs": 0.5}},
            "trainer": {
                "epochs": 2,
                "save_dir": str(save_dir),
                "tensorboard": False,
                "precision": "float32",
                "log_steps": 1,
                "show_epochs": 0,
                "verbosity": 0,
            },
        },
        "tiny.json",
    )
    for path, value in changes.items():
        config.override(path.replace("__", "."), value)
    return config


def run_main(
    module: Any, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """Run a script's `main` with a command line: exit code, stdout, stderr."""
    monkeypatch.setattr(sys, "argv", [f"{module.__name__}.py", *arguments])
    capsys.readouterr()
    code = 0
    try:
        module.main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    return (code, *capsys.readouterr())


def refused(result: tuple[int, str, str]) -> str:
    """Return the one line with which a script ended with code 2; it printed nothing else."""
    code, out, err = result
    assert code == 2 and out == "" and err.startswith("error: ") and err.count("\n") == 1, result
    return err


def stop_after(monkeypatch: pytest.MonkeyPatch, step: int, number: int = signal.SIGTERM) -> None:
    """Have this process sent a signal while the step that makes it `step` is running; a training catches it."""
    one_step = Trainer._one_step

    def stopping(trainer: Trainer, batch: Any) -> Any:
        numbers = one_step(trainer, batch)
        if trainer.step == step:
            signal.raise_signal(number)
        return numbers

    monkeypatch.setattr(Trainer, "_one_step", stopping)


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return (os.system, (f"touch {self.target}",))


def run_dirs(tmp_path: Path) -> list[Path]:
    """The directories of all tiny runs under tmp_path / "saved"."""
    return sorted((tmp_path / "saved" / "models" / "tiny").glob("*"))


def logged(run_dir: Path) -> list[dict[str, Any]]:
    """The lines of a run's metrics.jsonl, without its timings."""
    path = run_dir.parents[2] / "log" / run_dir.parent.name / run_dir.name / METRICS
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [{name: value for name, value in line.items() if name not in TIMINGS} for line in lines]


def assert_same(run_dir: Path, whole: Path, *names: str) -> None:
    """Two runs logged the same, and their checkpoints (last.pt, best.pt or those named) are equal bit for bit."""
    assert logged(run_dir) == logged(whole)
    for name in names or ("last.pt", "best.pt"):
        assert differences(load_checkpoint(run_dir / name), load_checkpoint(whole / name)) == []


def differences(item: Any, other: Any, path: str = "") -> list[str]:
    """Return the places where two trees of plain data and tensors are not equal bit for bit."""
    if isinstance(item, dict) and isinstance(other, dict):
        places = [f"{path}.{key}: on one side only" for key in item.keys() ^ other.keys()]
        return places + [
            place for key in item.keys() & other.keys() for place in differences(item[key], other[key], f"{path}.{key}")
        ]
    if isinstance(item, list | tuple) and isinstance(other, list | tuple) and len(item) == len(other):
        return [
            place for i, pair in enumerate(zip(item, other, strict=True)) for place in differences(*pair, f"{path}.{i}")
        ]
    if isinstance(item, torch.Tensor) and isinstance(other, torch.Tensor):
        return [] if item.dtype == other.dtype and torch.equal(item, other) else [path]
    return [] if type(item) is type(other) and item == other else [path]
