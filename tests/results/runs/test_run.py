"""Numbers of a run, and differences of configs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import results.runs.run
from results import load
from results.runs.run import ABSENT, changes, changes_from_house, run_of
from tests.tiny import tiny_config
from trainer.run import train
from utils.checkpoint import load_checkpoint

HOUSE = Path(__file__).parents[3]


def test_configs_differ_where_a_value_does() -> None:
    first = {"a": 1, "b": {"c": 2.0, "d": [1, 2], "same": "x"}, "empty": {}}
    second = {"a": 1.0, "b": {"c": 3, "d": [1], "e": None, "same": "x"}, "empty": {}}
    assert changes(first, second) == [("b.c", "2.0", "3"), ("b.d", "[1, 2]", "[1]"), ("b.e", ABSENT, "null")]
    assert changes(first, second, first)[0] == ("b.c", "2.0", "3", "2.0") and changes(first, first) == []


@pytest.mark.parametrize("path", sorted(HOUSE.glob("config_*.json")), ids=lambda path: path.name)
def test_a_config_of_the_house_is_nearest_to_itself(path: Path) -> None:
    config = {"seed": 1, "device": "auto", **json.loads(path.read_text())}
    assert changes_from_house(config) == (path.name, [])
    config["optimizer"]["args"]["lr"] = 12.5
    name, ((key, value, _), *more) = changes_from_house(config)
    assert (name, key, value, more) == (path.name, "optimizer.args.lr", "12.5", [])


def test_no_config_is_near_to_a_strange_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert changes_from_house({"arch": {"type": "Strange"}}) == (None, [])
    (tmp_path / "config_broken.json").write_text('{"arch": [')
    (tmp_path / "config_odd.json").write_text('{"arch": []}')
    monkeypatch.setattr(results.runs.run, "HOUSE", tmp_path)
    assert changes_from_house({"arch": {"type": "Strange"}}) == (None, [])


def test_the_numbers_of_a_run_are_those_of_its_log(data_dir: Path, tmp_path: Path) -> None:
    config = tiny_config(data_dir, tmp_path / "saved", "ConditionalHandwriting", trainer__tensorboard=True)
    run_dir, last, _ = train(config)
    run = run_of(load(run_dir))
    numbers, best = run.numbers(), load_checkpoint(run_dir / "best.pt")["training"]["best"]
    assert numbers["best_val_loss"] == best <= last["val_loss"]
    assert (numbers["epochs"], numbers["steps"], numbers["arch"]) == (2, 10, "ConditionalHandwriting")
    assert numbers["parameters"] == sum(weights.numel() for weights in run.network.model.parameters())
    assert numbers["hours"] > 0 and numbers["points_per_second"] > 0
    rows = [{"step": step, "epoch": epoch} for step, epoch in ((3, 0.6), (5, 1.0), (10, 2.0), (11, 2.2))]
    by_the_clock = replace(run, history=replace(run.history, epochs=rows)).numbers()
    assert (by_the_clock["epochs"], by_the_clock["steps"]) == (2.2, 11)
    assert run.name == f"tiny/{run_dir.name}"
    assert run_of(load(run_dir / "last.pt")).name == f"tiny/{run_dir.name}/last.pt"
    bare = tmp_path / "bare.pt"
    bare.write_bytes((run_dir / "best.pt").read_bytes())
    alone = run_of(load(bare))
    assert alone.name == "bare.pt" and alone.best is None and alone.numbers()["steps"] is None
