"""A config: every fault is found before anything is made, all at once, with its place."""

import copy
from typing import Any

import pytest

from parse_config import ConfigParser
from tests.catalogue import CATALOGUE, GOOD, Nats, faults, parser, without
from utils.errors import InputError


def test_a_good_config_passes_and_gets_the_top_level_defaults() -> None:
    config = without("metrics")
    assert faults(config) == []
    assert config.resolved == {
        **{key: GOOD[key] for key in GOOD if key != "metrics"},
        "metrics": [],
        "seed": 1,
        "device": "auto",
    }
    config.resolved["arch"]["args"]["hidden_size"] = 99
    assert config["arch"]["args"]["hidden_size"] == 8


ONE_FAULT = {
    "unknown key": ("arch.args.hiden_size", 9, "arch.args.hiden_size: unknown key; did you mean hidden_size?"),
    "nothing near": ("optimizer.args.zzz", 9, "optimizer.args.zzz: unknown key; there is: lr"),
    "behind kwargs": (
        "metrics.0",
        {"type": "Cer", "args": {"gredy": True}},
        "metrics.0.args.gredy: unknown key; did you mean greedy?",
    ),
    "reserved": ("arch.args.alphabet_size", 9, "arch.args.alphabet_size: is filled in by the framework; leave it out"),
    "trainer key": ("trainer.epoch", 3, "trainer.epoch: unknown key; did you mean epochs?"),
    "bool as int": ("arch.args.hidden_size", True, "arch.args.hidden_size: expected integer, got true"),
    "float as int": ("arch.args.hidden_size", 8.0, "arch.args.hidden_size: expected integer, got 8.0"),
    "int as bool": ("arch.args.peephole", 1, "arch.args.peephole: expected true or false, got 1"),
    "bool as float": ("arch.args.dropout", False, "arch.args.dropout: expected number, got false"),
    "beyond float": ("arch.args.dropout", 10**400, f"arch.args.dropout: expected number, got 1{'0' * 56}..."),
    "not optional": ("arch.args.hidden_size", None, "arch.args.hidden_size: expected integer, got null"),
    "optional": ("arch.args.layers", "4", 'arch.args.layers: expected integer or null, got "4"'),
    "list item": ("arch.args.sizes", [1, True], "arch.args.sizes: expected list of integer, got [1, true]"),
    "no list": ("arch.args.names", "ab", 'arch.args.names: expected list of string, got "ab"'),
    "tuple length": ("arch.args.span", [1], "arch.args.span: expected list [number, number], got [1]"),
    "choice": ("arch.args.cell", "rnn", 'arch.args.cell: expected one of "lstm", "gru", got "rnn"'),
    "choice of int": ("arch.args.order", True, "arch.args.order: expected one of 0, 1, got true"),
    "list of objects": ("arch.args.hooks", 5, "arch.args.hooks: expected list of any value, got 5"),
    "case": ("optimizer.args.LR", 1, "optimizer.args.LR: unknown key; did you mean lr?"),
    "dict value": ("arch.args.extra", {"a": "b"}, 'arch.args.extra: expected object or null, got {"a": "b"}'),
    "tensor or float": ("optimizer.args.lr", "5e", 'optimizer.args.lr: expected number, got "5e"'),
    "path": ("arch.args.file", 3, "arch.args.file: expected string or null, got 3"),
    "type": ("arch.type", "net", 'arch.type: unknown type "net"; did you mean Net?'),
    "far type": ("metrics.0.type", "Zzzzzz", 'metrics.0.type: unknown type "Zzzzzz"; there is: Nats, Cer'),
    "type of type": ("loss.type", ["Loss"], 'loss.type: expected string, got ["Loss"]'),
    "section": ("loss", 3, 'loss: expected {"type": ..., "args": {...}}, got 3'),
    "third key": ("loss", {"type": "Loss", "args": {}, "x\ny": 1}, 'loss."x\\ny": unknown key; only type and args'),
    "no args": ("loss", {"type": "Loss"}, "loss.args: missing"),
    "no type": ("loss", {"args": {}}, "loss.type: missing"),
    "args": ("loss.args", [], "loss.args: expected object, got []"),
    "missing arg": ("lr_scheduler.args", {}, "lr_scheduler.args.steps: missing"),
    "metrics": ("metrics", {}, "metrics: expected list, got {}"),
    "trainer": ("trainer", None, "trainer: expected object, got null"),
    "monitor mode": (
        "trainer.monitor",
        "val_loss",
        'trainer.monitor: expected "off", "min NAME" or "max NAME", got "val_loss"',
    ),
    "monitor name": (
        "trainer.monitor",
        "min val_nats_per_lin",
        'trainer.monitor: nothing is logged as "val_nats_per_lin"; did you mean val_nats_per_line?',
    ),
    "monitor type": ("trainer.monitor", 1, "trainer.monitor: expected string, got 1"),
    "folder": ("name", "../x", 'name: expected a folder name of letters, digits and - _ . up to 100, got "../x"'),
    "slash": ("name", "a/b", 'name: expected a folder name of letters, digits and - _ . up to 100, got "a/b"'),
    "unhashable": ("metrics.0.type", {}, "metrics.0.type: expected string, got {}"),
    "dots": ("name", "..", 'name: expected a folder name of letters, digits and - _ . up to 100, got ".."'),
    "seed": ("seed", True, "seed: expected integer from 0 to 2**32 - 1, got true"),
    "negative seed": ("seed", -1, "seed: expected integer from 0 to 2**32 - 1, got -1"),
    "device": ("device", "gpu", 'device: expected one of auto, cpu, cuda, got "gpu"'),
}


@pytest.mark.parametrize(("path", "value", "line"), ONE_FAULT.values(), ids=ONE_FAULT.keys())
def test_one_fault_is_one_line(path: str, value: Any, line: str) -> None:
    assert faults(parser(**{path: value})) == [line]


def test_a_missing_and_an_unknown_section() -> None:
    config = {("optimiser" if key == "optimizer" else key): value for key, value in GOOD.items()}
    assert faults(ConfigParser(config, "c.json")) == [
        "optimiser: unknown section; did you mean optimizer?",
        "optimizer: missing",
    ]


@pytest.mark.parametrize("key", ["name", "arch", "data_loader", "optimizer", "loss", "trainer"])
def test_a_required_section_must_be_there(key: str) -> None:
    assert faults(without(key)) == [f"{key}: missing"]


def test_all_faults_are_reported_at_once() -> None:
    config = copy.deepcopy(GOOD)
    config["name"] = ""
    config["arch"]["args"] = {"hiden_size": 8, "dropout": "much"}
    config["data_loader"]["type"] = "Lader"
    config["metrics"].append({"type": "Nats", "args": {"x": 1}})
    config["trainer"] = {"monitor": "min val_lss"}
    places = [line.split(": ")[0] for line in faults(ConfigParser(config, "c.json"))]
    assert sorted(places) == [
        "arch.args.dropout",
        "arch.args.hidden_size",
        "arch.args.hiden_size",
        "data_loader.type",
        "metrics.1.args.x",
        "name",
        "trainer.epochs",
        "trainer.monitor",
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("arch.args.dropout", 1),
        ("arch.args.layers", None),
        ("arch.args.sizes", [1, 2]),
        ("arch.args.span", [0, 0.5]),
        ("arch.args.cell", "gru"),
        ("arch.args.peephole", True),
        ("arch.args.extra", {"a": 1}),
        ("arch.args.hook", "anything, for its type is known to type checkers only"),
        ("arch.args.names", ["a"]),
        ("arch.args.file", "a/b"),
        ("arch.args.opaque", "from text"),
        ("arch.args.implicit", None),
        ("arch.args.free", {"any": ["thing"]}),
        ("metrics.0", {"type": "Cer", "args": {"greedy": True}}),
        ("trainer.monitor", "max val_nats_per_line"),
        ("trainer.monitor", "min loss"),
        ("trainer.monitor", "off"),
        ("device", "cuda"),
    ],
)
def test_a_fitting_value_is_no_fault(path: str, value: Any) -> None:
    assert faults(parser(**{path: value})) == []


def test_a_metric_without_a_name_logs_as_its_type() -> None:
    config = parser(metrics=[{"type": "Cer", "args": {}}], trainer__monitor="min val_Cer")
    assert faults(config) == []
    config.override("metrics", [])
    assert faults(config) == ['trainer.monitor: nothing is logged as "val_Cer"; there is: val_loss, loss']


def test_build_gives_what_the_constructor_takes_and_keeps_the_config_as_it_was() -> None:
    config = parser(arch__args__sizes=[4])
    net = config.build("arch", CATALOGUE, alphabet_size=70, unknown_to_net=1)
    assert (net.alphabet_size, net.hidden_size, net.sizes) == (70, 8, [4, 0])
    assert config["arch"]["args"]["sizes"] == [4]
    assert config.build("optimizer", CATALOGUE, params=[1]).params == [1]
    assert config.build("trainer", CATALOGUE, model=net, alphabet_size=70).model is net
    assert [type(metric) for metric in config.build("metrics", CATALOGUE)] == [Nats]
    assert without("lr_scheduler").build("lr_scheduler", CATALOGUE, optimizer=None) is None


def test_a_constructors_refusal_names_the_section() -> None:
    with pytest.raises(InputError, match=r"^c\.json: arch\.args: hidden_size must be above 0, got -1$"):
        parser(arch__args__hidden_size=-1).build("arch", CATALOGUE, alphabet_size=70)
