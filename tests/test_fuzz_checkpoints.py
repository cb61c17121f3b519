"""Checkpoints with anything in them: each is used, or refused in one line, without a trace left."""

import copy
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import experiments
import train
from model.language.ngram import load_language_model
from parse_config import ConfigParser
from results import load, write
from tests.data_loader.formats.mutate import few_or_many, mutants
from tests.tiny import Payload, differences, run_main
from trainer import run
from utils.checkpoint import load_checkpoint, save_checkpoint
from utils.errors import InputError

SECONDS = 10.0
Cli = Callable[..., tuple[int, str, str]]
VALUES = (
    *(None, True, 0, 1, -1, 10**6, 10**9, 10**12, 2**63, 0.5, -1.5, 1e308, float("nan"), float("inf")),
    *("", "x", "../..", "a\0b", [], {}, [[]], [1.0, 2.0], {"type": "x", "args": {}}, "x" * 5000),
)


@pytest.fixture
def checkpoint(tiny: Callable[..., ConfigParser], tmp_path: Path) -> Path:
    """The last.pt of a tiny run of one epoch of a network that reads text, asked for two."""
    args = {"arch__args__hidden_size": 4, "arch__args__num_layers": 1, "trainer__max_batches": 1, "trainer__epochs": 1}
    config = tiny("ConditionalHandwriting", **args, trainer__ema_decay=0.5)
    path = run.train(config).folder / "last.pt"
    content = load_checkpoint(path)
    content["config"]["trainer"]["epochs"] = 2
    save_checkpoint(path, content)
    return path


def one_line(error: InputError) -> str:
    """The message: one line, or the faults of a config, one line each."""
    first, *faults = str(error).splitlines()
    assert not faults or first.endswith("in the config")
    assert all(len(line) < 1500 for line in (first, *faults)), first
    return first


def written(path: Path) -> bool:
    """Whether a line can be written with a checkpoint, else it is refused; neither takes long."""
    started = time.process_time()
    try:
        loaded = load(path, "cpu")
        text = "".join(c for c in "a b" if c in loaded.facts["alphabet"]).strip()
        write(loaded, text if loaded.model.reads_text else None)
    except InputError as error:
        one_line(error)
        return False
    finally:
        assert time.process_time() - started < SECONDS
    return True


def resumed(path: Path, cli: Cli) -> bool:
    """Whether a run goes on from a checkpoint; else one line tells why, and no file has changed."""
    started, before = time.process_time(), {file: file.read_bytes() for file in path.parent.iterdir()}
    code, _, err = cli("--resume", path)
    assert time.process_time() - started < SECONDS
    if code:
        assert code == 2 and err.startswith("error: ") and "Traceback" not in err, err
        one_line(InputError(err))
        assert {file: file.read_bytes() for file in path.parent.iterdir()} == before
    return not code


def changed(value: Any, rng: random.Random, depth: int = 0) -> Any:
    """A tree of plain data and tensors with one thing in it changed, preferably deep down."""
    if isinstance(value, torch.Tensor):
        kinds = [value[:0], value * float("nan"), value.int(), value.half(), value.flatten(), value.unsqueeze(0)]
        return rng.choice([*kinds, None, 1.5, value.expand(3, *value.shape)])
    if not isinstance(value, dict | list | tuple) or not value or rng.random() < 0.05 * depth:
        return rng.choice(VALUES)
    items = dict(value) if isinstance(value, dict) else list(value)
    key: Any = rng.choice(list(items) if isinstance(items, dict) else range(len(items)))
    kind = rng.random()
    if kind < 0.15:
        del items[key]
    elif kind < 0.2 and isinstance(items, dict):
        items["new"] = items.pop(key)
    else:
        items[key] = changed(items[key], rng, depth + 1)
    return tuple(items) if isinstance(value, tuple) else items


def differing(item: Any, other: Any, path: str = "") -> str:
    """Return the place where two trees differ first, and its value in the second."""
    if isinstance(item, dict) and isinstance(other, dict) and item.keys() == other.keys():
        return next((actual for key in item if (actual := differing(item[key], other[key], f"{path}.{key}"))), "")
    if isinstance(item, list | tuple) and isinstance(other, list | tuple) and len(item) == len(other):
        return next((actual for i in range(len(item)) if (actual := differing(item[i], other[i], f"{path}.{i}"))), "")
    return f"{path}={str(other)[:200]}" if differences(item, other) else ""


@pytest.mark.parametrize("part", ["config", "model", "training"])
def test_no_script_runs_what_is_in_a_checkpoint(
    checkpoint: Path, config_file: Any, tmp_path: Path, monkeypatch: Any, capsys: Any, part: str
) -> None:
    planted = tmp_path / "planted"
    torch.save({**load_checkpoint(checkpoint), part: Payload(planted)}, checkpoint)
    before = set(tmp_path.rglob("*"))
    config = config_file("ConditionalHandwriting")
    for script, arguments in (
        (train, ["--resume", checkpoint]),
        (train, ["-c", config, "--init-from", checkpoint]),
        (experiments, ["-r", checkpoint, "write", "a", "--out", tmp_path / "out"]),
        (experiments, ["-r", checkpoint, "evaluate", "--out", tmp_path / "out"]),
        (experiments, ["-r", checkpoint, "export", tmp_path / "half.pt"]),
    ):
        code, out, err = run_main(script, [str(word) for word in arguments], monkeypatch, capsys)
        assert (code, out) == (2, "") and err.count("\n") == 1 and "'posix system', which is not run" in err
    assert set(tmp_path.rglob("*")) == before | {config} and not planted.exists()


def test_no_array_file_runs_what_is_in_it(tmp_path: Path) -> None:
    planted, path = tmp_path / "planted", tmp_path / "language.npz"
    np.savez(path, format=np.array([Payload(planted)], object), alphabet=np.zeros(1, np.int32))
    with pytest.raises(InputError, match="damaged or not a language model"):
        load_language_model(path)
    assert not planted.exists()
    np.load(path, allow_pickle=True)["format"]
    assert planted.exists(), "the payload works where it is let"


def test_sizes_that_do_not_fit_are_named_of_both(checkpoint: Path, config_file: Any, train_cli: Cli) -> None:
    config = config_file("ConditionalHandwriting", arch__args__num_layers=1)
    code, _, err = train_cli("-c", config, "--init-from", checkpoint)
    assert (
        code == 2 and err.count("\n") == 1 and "the checkpoint's arch and the config's differ: hidden_size 4, 16" in err
    )


@few_or_many(60, 3000)
def test_damaged_checkpoints(checkpoint: Path, train_cli: Cli, count: int) -> None:
    """Damaged files: nearly all are refused; what is loaded after all can be used."""
    path = checkpoint
    whole, used = path.read_bytes(), 0
    for number, data in enumerate(mutants(whole, count)):
        path.write_bytes(data)
        used += written(path)
        if number % 10 == 0:
            resumed(path, train_cli)
    path.write_bytes(whole)
    assert used < count / 2 and written(path) and resumed(path, train_cli)


@few_or_many(15, 200)
def test_checkpoints_of_other_values(checkpoint: Path, train_cli: Cli, count: int) -> None:
    """Sound files with something else in them, in the parts for writing and in those for going on."""
    path, rng = checkpoint, random.Random(1)
    content = load_checkpoint(path)
    outcomes = []
    for _ in range(count):
        part = rng.choice(["config", "facts", "model", "training", "training", "training"])
        other = {**content, part: changed(copy.deepcopy(content[part]), rng)}
        try:
            for file in path.parent.glob("*.pt"):
                file.unlink()
            save_checkpoint(path, {key: value for key, value in other.items() if key != "format_version"})
            outcomes.append((written(path), resumed(path, train_cli)))
        except Exception as error:
            raise AssertionError(f"{part}: {differing(content[part], other[part])}") from error
    assert {use for use, _ in outcomes} == {on for _, on in outcomes} == {True, False}
