"""Overrides of a config by the command line, and those that it refuses."""

import argparse
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from parse_config import add_arguments
from tests.catalogue import CATALOGUE, GOOD, RESERVED, command_line, faults, parser, without
from utils.errors import InputError


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("optimizer.argz.lr", 'optimizer.argz.lr: nothing to override at "argz"; did you mean args?'),
        ("optimiser.args.lr", 'optimiser.args.lr: nothing to override at "optimiser"; did you mean optimizer?'),
        ("optimizer.tpe", 'optimizer.tpe: nothing to override at "tpe"; did you mean type?'),
        ("metrics.1.type", 'metrics.1.type: nothing to override at "1"; there is: 0'),
        ("metrics.-1", 'metrics.-1: nothing to override at "-1"; there is: 0'),
        ("optimizer.args.lr.x", 'optimizer.args.lr.x: nothing to override at "x"; there is: nothing to choose from'),
        ("sed", 'sed: nothing to override at "sed"; did you mean seed?'),
        ("trainer.", 'trainer.: nothing to override at ""; there is: epochs, monitor'),
    ],
)
def test_an_override_must_lead_somewhere(path: str, text: str) -> None:
    config = parser()
    with pytest.raises(InputError) as caught:
        config.override(path, 1)
    assert str(caught.value) == text
    assert config.resolved == parser().resolved


def test_an_override_may_add_an_argument_or_an_optional_section() -> None:
    config = without("lr_scheduler")
    config.override("data_loader.args.batch_size", 7)
    config.override("lr_scheduler", GOOD["lr_scheduler"])
    assert faults(config) == []
    assert config.build("data_loader", CATALOGUE).batch_size == 7


def test_an_override_of_args_that_are_no_object_leads_nowhere() -> None:
    with pytest.raises(InputError, match=r"^loss\.args\.x: nothing to override"):
        parser(loss__args=[], loss__args__x=1)


def test_an_override_copies_its_value_and_refuses_what_json_has_not() -> None:
    value = {"a": 1}
    config = parser(arch__args__extra=value)
    value["a"] = 2
    assert config["arch"]["args"]["extra"] == {"a": 1}
    with pytest.raises(InputError, match=r"^optimizer\.args\.lr: not plain JSON data"):
        config.override("optimizer.args.lr", float("nan"))


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("optimizer.args.lr=5e-4", 5e-4),
        ("arch.args.hidden_size=12", 12),
        ("arch.args.peephole=true", True),
        ("arch.args.layers=null", None),
        ("arch.args.sizes=[1, 2]", [1, 2]),
        ('arch.args.extra={"a": 3}', {"a": 3}),
        ("data_loader.args.corpus=iam_ondb", "iam_ondb"),
        ('data_loader.args.corpus="12"', "12"),
        ("data_loader.args.data_dir=a=b", "a=b"),
        ("data_loader.args.data_dir=", ""),
        ("optimizer.args.lr=NaN", "NaN"),
        ("optimizer.args.lr=1e999", "1e999"),
        ("metrics.0.type=Cer", "Cer"),
    ],
)
def test_set_takes_json_or_a_bare_string(good_file: Path, assignment: str, value: Any) -> None:
    node: Any = command_line("-c", str(good_file), "--set", assignment).resolved
    for part in assignment.partition("=")[0].split("."):
        node = node[int(part) if isinstance(node, list) else part]
    assert node == value and type(node) is type(value)


def test_the_short_forms_and_the_last_of_two_wins(good_file: Path) -> None:
    words = [
        "--lr=0.5",
        "--batch-size=3",
        "--epochs=4",
        "--minutes=9",
        "--corpus=12",
        "--device=cpu",
        "--set=trainer.epochs=5",
    ]
    config = command_line("--config", str(good_file), *words, "--seed=6", "--set", "optimizer.args.lr=1", "--lr=0.25")
    assert config["optimizer"]["args"]["lr"] == 0.25
    assert config["data_loader"]["args"] == {"corpus": "12", "batch_size": 3}
    assert (config["trainer"]["epochs"], config["device"], config["seed"]) == (5, "cpu", 6)
    assert config["trainer"]["minutes"] == 9


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "one of the arguments -c/--config -r/--resume is required"),
        (["-c", "a", "-r", "b"], "not allowed with argument"),
        (["-c", "a", "--set", "lr"], "expected PATH=VALUE"),
        (["-c", "a", "--set", "=1"], "expected PATH=VALUE"),
        (["-c", "a", "--lr", "x"], "invalid float value: 'x'"),
        (["-c", "a", "--seed", "1.5"], "invalid int value: '1.5'"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(words: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        command_line(*words)
    assert left.value.code == 2
    assert text in capsys.readouterr().err


def test_the_verbs_reach_the_caller() -> None:
    arguments = argparse.ArgumentParser()
    add_arguments(arguments)
    args = arguments.parse_args(["-c", "a", "--init-from", "b", "--check"])
    assert (args.config, args.resume, args.init_from, args.check) == ("a", None, "b", True)


def test_a_resumed_run_takes_its_config_from_the_checkpoint() -> None:
    words = ["--epochs", "9", "--device", "cpu", "--set", "data_loader.args.num_workers=1"]
    config = command_line("-r", "run", *words, "--set", "data_loader.args.data_dir=d", resumed=GOOD)
    assert (config["trainer"]["epochs"], config["device"], config.source) == (9, "cpu", "run")
    assert config["data_loader"]["args"] == {"corpus": "synthetic", "num_workers": 1, "data_dir": "d"}
    assert GOOD["trainer"]["epochs"] == 2


@pytest.mark.parametrize(
    "words", [["--lr", "1"], ["--seed", "2"], ["--set", "trainer=1"], ["--set", "devices=1"], ["--corpus", "x"]]
)
def test_a_resumed_run_stays_the_same_run(words: list[str]) -> None:
    with pytest.raises(InputError, match=r"cannot change with --resume.*-c CONFIG --init-from CHECKPOINT"):
        command_line("-r", "run", *words, resumed=GOOD)


@pytest.mark.parametrize(("value", "is_right"), [("best.pt", True), (None, True), (3, False), (["a"], False)])
def test_a_config_may_say_which_weights_a_run_begins_from(value: Any, is_right: bool) -> None:
    config = parser()
    assert config["init_from"] is None
    config.override("init_from", value)
    with nullcontext() if is_right else pytest.raises(InputError, match="init_from: expected the path"):
        config.check(CATALOGUE, RESERVED)
        assert config["init_from"] == value


def test_resume_and_init_from_exclude_each_other() -> None:
    with pytest.raises(InputError, match="exclude each other"):
        command_line("-r", "run", "--init-from", "x", resumed=GOOD)
