"""A config: every fault is found before anything is made, all at once, with its place; nothing else ever escapes."""

import argparse
import copy
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Union

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parse_config import ConfigParser, add_arguments, from_args, make_run_dir
from utils.errors import InputError
from utils.strict_json import parse_json, plain_copy

if TYPE_CHECKING:
    from nowhere import Tensor


class Opaque:
    pass


class Net:
    def __init__(
        self,
        *,
        alphabet_size: int,
        hidden_size: int,
        dropout: float = 0.0,
        layers: int | None = None,
        sizes: list[int] = [],  # noqa: B006
        span: tuple[float, float] = (0.0, 1.0),
        cell: 'Literal["lstm", "gru"]' = "lstm",
        order: Literal[0, 1] = 0,
        peephole: "bool" = False,
        extra: dict[str, int] | None = None,
        hook: "Tensor | None" = None,
        names: Sequence[str] = (),
        file: Path | None = None,
        hooks: list[Opaque] = [],  # noqa: B006
        opaque: Opaque | None = None,
        implicit: int = None,  # noqa: RUF013
        free=None,
    ) -> None:
        if hidden_size <= 0:
            raise ValueError(f"hidden_size must be above 0, got {hidden_size}")
        self.alphabet_size, self.hidden_size, self.sizes = alphabet_size, hidden_size, sizes
        sizes.append(0)


class Loader:
    def __init__(self, *, corpus: str, batch_size: int = 64, data_dir: str = "data", num_workers: int = 0) -> None:
        self.corpus, self.batch_size = corpus, batch_size


class Adam:
    def __init__(self, params: Any, lr: Union[float, Opaque] = 1e-3) -> None:  # noqa: UP007
        self.params, self.lr = params, lr


class Warmup:
    def __init__(self, optimizer: Any, steps: int) -> None:
        self.optimizer, self.steps = optimizer, steps


class Loss:
    pass


class Nats:
    name = "nats_per_line"


class Reading:
    def __init__(self, *, greedy: bool = False) -> None:
        self.greedy = greedy


class Cer(Reading):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)


class Trainer:
    def __init__(
        self, model: Any, *, epochs: int, save_dir: str = "saved", monitor: str = "off", early_stop: int = 10
    ) -> None:
        self.model, self.epochs = model, epochs


CATALOGUE = {
    "arch": {"Net": Net},
    "data_loader": {"Loader": Loader},
    "optimizer": {"Adam": Adam},
    "loss": {"Loss": Loss},
    "metrics": {"Nats": Nats, "Cer": Cer},
    "lr_scheduler": {"Warmup": Warmup},
    "trainer": Trainer,
}
RESERVED = {"arch": {"alphabet_size"}, "optimizer": {"params"}, "lr_scheduler": {"optimizer"}, "trainer": {"model"}}
GOOD: dict[str, Any] = {
    "name": "tiny",
    "arch": {"type": "Net", "args": {"hidden_size": 8}},
    "data_loader": {"type": "Loader", "args": {"corpus": "synthetic"}},
    "optimizer": {"type": "Adam", "args": {"lr": 0.001}},
    "loss": {"type": "Loss", "args": {}},
    "metrics": [{"type": "Nats", "args": {}}],
    "lr_scheduler": {"type": "Warmup", "args": {"steps": 5}},
    "trainer": {"epochs": 2, "monitor": "min val_loss"},
}


def parser(**changes: Any) -> ConfigParser:
    """GOOD with dotted paths (dots written as __) set to other values."""
    config = ConfigParser(GOOD, "c.json")
    for path, value in changes.items():
        config.override(path.replace("__", "."), value)
    return config


def faults(config: ConfigParser) -> list[str]:
    """The fault lines of a check, [] when it passes; the first line must count them."""
    try:
        config.check(CATALOGUE, RESERVED)
    except InputError as error:
        first, *lines = str(error).split("\n  ")
        assert first == f"c.json: {len(lines)} fault{'s' if len(lines) > 1 else ''} in the config"
        return lines
    return []


def without(*keys: str) -> ConfigParser:
    return ConfigParser({key: value for key, value in GOOD.items() if key not in keys}, "c.json")


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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(GOOD))
    return path


def command_line(*words: str, resumed: dict[str, Any] | None = None) -> ConfigParser:
    arguments = argparse.ArgumentParser()
    add_arguments(arguments)
    return from_args(arguments.parse_args(words), resumed)


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
def test_set_takes_json_or_a_bare_string(file: Path, assignment: str, value: Any) -> None:
    node: Any = command_line("-c", str(file), "--set", assignment).resolved
    for part in assignment.partition("=")[0].split("."):
        node = node[int(part) if isinstance(node, list) else part]
    assert node == value and type(node) is type(value)


def test_the_short_forms_and_the_last_of_two_wins(file: Path) -> None:
    words = ["--lr=0.5", "--batch-size=3", "--epochs=4", "--corpus=12", "--device=cpu", "--set=trainer.epochs=5"]
    config = command_line("--config", str(file), *words, "--seed=6", "--set", "optimizer.args.lr=1", "--lr=0.25")
    assert config["optimizer"]["args"]["lr"] == 0.25
    assert config["data_loader"]["args"] == {"corpus": "12", "batch_size": 3}
    assert (config["trainer"]["epochs"], config["device"], config["seed"]) == (5, "cpu", 6)


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


def test_resume_and_init_from_exclude_each_other() -> None:
    with pytest.raises(InputError, match="exclude each other"):
        command_line("-r", "run", "--init-from", "x", resumed=GOOD)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'{"a": 1,\n "b" 2}', "not JSON at 2:6: Expecting ':' delimiter"),
        (b"", "not JSON at 1:1"),
        (b"[1]", "expected an object at the top level, got list"),
        (b'{"a": {"lr": 1, "lr": 2}}', 'the key "lr" is given twice'),
        (b'{"a": NaN}', "NaN is not a finite number"),
        (b'{"a": -Infinity}', "-Infinity is not a finite number"),
        (b'{"a": 1e999}', "1e999 is not a finite number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a whole number with too many digits"),
        (b'{"a": "' + b"x" * (1 << 20) + b'"}', "larger than 1048576 bytes"),
        (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", "nested deeper than 32"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper than 32"),
        (b'{"a": "\xff"}', "not UTF-8 text (byte 7)"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_bad_file_is_named_with_the_reason(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        ConfigParser.from_file(path)
    assert str(caught.value).startswith(f"{path}: {text}")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: cannot be read: No such file"):
        ConfigParser.from_file(tmp_path / "none.json")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        ConfigParser.from_file(tmp_path)
    with pytest.raises(InputError, match="cannot be read: embedded null byte"):
        ConfigParser.from_file("a\0b")


def test_a_byte_order_mark_and_nesting_at_the_limit_are_read(tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    path.write_bytes(b'\xef\xbb\xbf{"name": ' + b"[" * 31 + b"]" * 31 + b"}")
    assert ConfigParser.from_file(path).source == str(path)
    with pytest.raises(InputError, match="nested deeper than 32"):
        parse_json("[" * 33 + "]" * 33)
    with pytest.raises(InputError, match="nested deeper than 32"):
        plain_copy(json.loads("[" * 33 + "]" * 33))


def test_parsing_and_checking_touch_no_disk(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    config = command_line("-c", file.name, "--set", "trainer.save_dir=made", "--lr", "1")
    config.check(CATALOGUE, RESERVED)
    assert config.resolved["trainer"]["save_dir"] == "made"
    assert list(file.parent.iterdir()) == [file]


def test_importing_it_needs_no_torch() -> None:
    code = "import sys, parse_config; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=False).returncode == 0


def test_a_run_directory_is_new_each_time_and_holds_the_config(tmp_path: Path) -> None:
    config = parser(trainer__save_dir=str(tmp_path / "saved"))
    models, logs = (tmp_path / "saved" / kind / "tiny" for kind in ("models", "log"))
    assert make_run_dir(config, "one") == (models / "one", logs / "one")
    assert json.loads((models / "one" / "config.json").read_text()) == config.resolved
    assert ConfigParser.from_file(models / "one" / "config.json").resolved == config.resolved
    (logs / "one_2").mkdir()
    (models / "one_3").mkdir()
    assert make_run_dir(config, "one") == (models / "one_4", logs / "one_4")
    assert logs.joinpath("one_4").is_dir() and not models.joinpath("one_2").exists()
    first, second = make_run_dir(config)[0].name, make_run_dir(config)[0].name
    assert first != second
    assert len(first) == len("1120_193512") and first.replace("_", "").isdecimal()


def test_a_run_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InputError, match=r"trainer\.save_dir: cannot make a run in .*taken: Not a directory"):
        make_run_dir(parser(trainer__save_dir=str(tmp_path / "taken")))
    with pytest.raises(InputError, match="embedded null byte"):
        make_run_dir(parser(trainer__save_dir="a\0b"))
    with pytest.raises(InputError, match="run name"):
        make_run_dir(parser(trainer__save_dir=str(tmp_path)), "../up")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
keys = st.sampled_from(["type", "args", "lr", "hidden_size", "monitor", "epochs"]) | st.text(max_size=5)
names = st.sampled_from(["Net", "Adam", "Nats", "Cer", "Loss", "min val_loss"])
values = st.recursive(
    scalars | names, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)
sections = st.sampled_from([*GOOD, "seed", "device"]) | st.text(max_size=5)


def only_input_errors(config: Any) -> None:
    try:
        ConfigParser(config, "c.json").check(CATALOGUE, RESERVED)
    except InputError as error:
        assert "\n\n" not in str(error)


@settings(max_examples=200, deadline=None)
@given(values | st.dictionaries(sections, values, max_size=6))
def test_any_data_as_a_config_pass_or_are_an_input_error(config: Any) -> None:
    only_input_errors(config)
    if isinstance(config, dict):
        only_input_errors({**GOOD, **config})


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["0", "1"]) | sections | keys, min_size=1, max_size=4).map(".".join), values)
def test_any_override_is_made_or_an_input_error(path: str, value: Any) -> None:
    config = parser()
    try:
        config.override(path, value)
        config.check(CATALOGUE, RESERVED)
    except InputError:
        pass


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,0e9NaI\\u', max_size=40).map(str.encode))
def test_any_bytes_as_a_file_are_read_or_an_input_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.json"
    path.write_bytes(data)
    try:
        config = ConfigParser.from_file(path)
    except InputError as error:
        assert str(error).startswith(f"{path}: ")
    else:
        assert isinstance(json.loads(data.decode("utf-8-sig")), dict) and config["seed"] is not None
