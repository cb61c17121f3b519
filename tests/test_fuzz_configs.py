"""Configs of any shape, and any value in a config: each is run, or refused in an InputError, without a trace left."""

import copy
import itertools
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parse_config import ConfigParser
from tests.catalogue import CATALOGUE, GOOD, RESERVED, parser
from tests.data_loader.formats.mutate import few_or_many, mutants
from tests.tiny import ARCHS
from trainer import Trainer, run
from utils.errors import InputError
from utils.signature import dataclass_of, named_parameters

ROOT = Path(__file__).parent.parent
CONFIGS = sorted(ROOT.glob("config_*.json"))
SECONDS = 5.0

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


@settings(max_examples=200)
@given(values | st.dictionaries(sections, values, max_size=6))
def test_any_data_as_a_config_pass_or_are_an_input_error(config: Any) -> None:
    only_input_errors(config)
    if isinstance(config, dict):
        only_input_errors({**GOOD, **config})


@settings(max_examples=200)
@given(st.lists(st.sampled_from(["0", "1"]) | sections | keys, min_size=1, max_size=4).map(".".join), values)
def test_any_override_is_made_or_an_input_error(path: str, value: Any) -> None:
    config = parser()
    try:
        config.override(path, value)
        config.check(CATALOGUE, RESERVED)
    except InputError:
        pass


@settings(max_examples=200)
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


def refused_or_right(data: bytes, path: Path) -> bool:
    """Whether this file is a config that the scripts take; else its faults are told, each in one line."""
    path.write_bytes(data)
    started = time.process_time()
    try:
        ConfigParser.from_file(path).check(run.CATALOGUE, run.RESERVED)
    except InputError as error:
        first, *faults = str(error).split("\n  ")
        assert first.startswith(f"{path}: ") and not any("\n" in line for line in (first, *faults))
        assert bool(faults) == first.endswith("in the config")
        return False
    finally:
        assert time.process_time() - started < SECONDS
    return True


WHOLE = b'{"name": "x", "arch": %b}'
FILES = {
    "10 MB": WHOLE % (b'"' + b"x" * 10_000_000 + b'"'),
    "many keys": b"{" + b", ".join(b'"k%d": %d' % (i, i) for i in range(60_000)) + b"}",
    "deep objects": WHOLE % (b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "unclosed": b"[" * 500_000,
    "long fraction": WHOLE % (b"0." + b"7" * 100_000),
    "half a character": WHOLE % rb'{"type": "\ud800", "args": {"\udfff": "\ud800"}}',
    "UTF-16": json.dumps(GOOD).encode("utf-16"),
    "UTF-32": json.dumps(GOOD).encode("utf-32-le"),
    "zeros": b"\0" * 1000,
    "control characters": WHOLE % b'"\x1b[2J\r\n"',
    "key of control characters": rb'{"\u001b[2J\r\n": 1}',
}


@pytest.mark.parametrize("data", FILES.values(), ids=FILES.keys())
def test_a_hostile_file_is_refused(tmp_path: Path, data: bytes) -> None:
    assert not refused_or_right(data, tmp_path / "c.json")


def changed(value: Any, rng: random.Random) -> Any:
    """A tree of plain data with one thing changed somewhere: left out, of another type, of another key."""
    if not isinstance(value, dict | list) or not value or rng.random() < 0.15:
        return rng.choice(HOSTILE)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    new, key, kind = copy.copy(value), rng.choice(keys), rng.random()
    if kind < 0.2:
        del new[key]
    elif kind < 0.3 and isinstance(new, dict):
        new[key[::-1]] = new.pop(key)
    else:
        new[key] = changed(value[key], rng)
    return new


HOSTILE = (
    *(None, True, False, 0, 1, -1, 3, 10**6, 10**9, 10**12, 10**30, -(10**30), 0.5, -0.5, 1e-320, 1e308, -1e308),
    *("", "x", "NaN", "Infinity", "../..", "a\0b", "\ud800", "x" * 5000, [], {}, [[]], [1], ["train"], [10**12], [-1]),
    *({"type": "x"}, {"a": {"b": []}}),
)


def changed_config(rng: random.Random) -> bytes:
    """A config that ships, with something in it changed."""
    value = json.loads(rng.choice(CONFIGS).read_bytes())
    for _ in range(rng.choice((1, 1, 3))):
        value = changed(value, rng)
    return json.dumps(value).encode()


@few_or_many(100, 1000)
def test_damaged_and_changed_configs(tmp_path: Path, count: int) -> None:
    """Damaged and changed copies of the configs that ship: some are right, most are refused."""
    rng = random.Random(1)
    damaged = itertools.chain.from_iterable(mutants(path.read_bytes(), count // len(CONFIGS)) for path in CONFIGS)
    passed = sum(refused_or_right(data, tmp_path / "c.json") for data in damaged)
    assert passed < count
    passed = sum(refused_or_right(changed_config(rng), tmp_path / "c.json") for _ in range(count))
    assert 0 < passed < count / 2


def places(section: str, constructor: Any) -> Iterator[str]:
    """The path of every argument of a constructor, and of those of a dataclass that one may be."""
    prefix = section if section == "trainer" else f"{section}.args"
    for name, parameter in named_parameters(constructor).items():
        if name in run.RESERVED.get(section, set()) | {"processes"}:
            continue
        yield f"{prefix}.{name}"
        made = dataclass_of(parameter.annotation)
        yield from (f"{prefix}.{name}.{inner}" for inner in (named_parameters(made) if made else ()))


def cases(config: ConfigParser) -> list[tuple[str, Any]]:
    """Every argument of a config's sections with every hostile value."""
    paths = ["name", "seed", "device", "metrics", "loss", "arch", "trainer"]
    for section, choices in run.CATALOGUE.items():
        if section != "metrics":
            paths += places(section, choices[config[section]["type"]] if section != "trainer" else choices)
    return list(itertools.product(paths, HOSTILE))


def runs_or_is_refused(config: ConfigParser, path: str, value: Any, saved: Path) -> bool:
    """Whether all is built with this value; else one InputError tells why and no run directory is there."""
    started, before = time.process_time(), set(saved.rglob("*"))
    try:
        config.override(path, value)
        run.train(config)
    except InputError as error:
        faults = str(error).splitlines()
        assert len(faults) == 1 or faults[0].endswith("in the config"), str(error)
        assert all(len(line) < 6000 for line in faults) and set(saved.rglob("*")) == before
        return False
    finally:
        assert time.process_time() - started < SECONDS, f"{path}={str(value)[:50]}"
    return True


@pytest.fixture
def built_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Trainings end when all is built, and no path leads out of the test's folder."""
    monkeypatch.setattr(Trainer, "train", lambda *_: {})
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@few_or_many(20, 400)
def test_hostile_values_are_refused_before_anything_is_made(
    tiny: Any, tmp_path: Path, built_only: None, count: int
) -> None:
    outcomes = []
    run.train(tiny())
    for arch in ARCHS:
        for path, value in random.Random(2).sample(cases(tiny(arch)), count):
            try:
                outcomes.append(runs_or_is_refused(tiny(arch), path, value, tmp_path))
            except Exception as error:
                raise AssertionError(f"{arch}: {path}={str(value)[:60]!r}") from error
    assert 0.02 < sum(outcomes) / len(outcomes) < 0.5
