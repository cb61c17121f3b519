"""An object in a config that stands for a dataclass: checked with all the rest, then made into one."""

from dataclasses import dataclass
from typing import Any

import pytest

from parse_config import ConfigParser
from utils.errors import InputError
from utils.signature import argument_faults, constructed, matches


@dataclass(frozen=True, kw_only=True)
class Inner:
    size: float = 1.0
    pair: tuple[float, float] | None = None
    deeper: "Inner | None" = None

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError(f"size is {self.size}")


class Outer:
    def __init__(self, *, lr: float, inner: Inner | None = None, both: "Inner | int" = 3) -> None:
        self.lr, self.inner, self.both = lr, inner, both


@pytest.mark.parametrize("inner", [None, {}, {"size": 2}, {"pair": [1, 2.5], "deeper": {"size": 0}}])
def test_an_object_of_its_arguments_stands_for_a_dataclass(inner: Any) -> None:
    args = {"lr": 1, "inner": inner}
    assert argument_faults("a", Outer, args, ()) == []
    built = Outer(**constructed(Outer, args))
    if inner is None:
        assert built.inner is None
    else:
        deeper = Inner(size=0) if "deeper" in inner else None
        assert built.inner == Inner(**{**inner, "deeper": deeper})
    assert args == {"lr": 1, "inner": inner}, "the config stays as it was"


def test_every_fault_in_it_is_named_with_its_path() -> None:
    inner = {"siez": 1, "pair": [1], "deeper": {"size": True}}
    assert argument_faults("a", Outer, {"inner": inner, "both": "x"}, ()) == [
        "a.inner.siez: unknown key; did you mean size?",
        "a.inner.pair: expected list [number, number] or null, got [1]",
        "a.inner.deeper.size: expected number, got true",
        'a.both: expected object or integer, got "x"',
        "a.lr: missing",
    ]
    assert argument_faults("a", Outer, {"lr": 1, "inner": 2}, ()) == ["a.inner: expected object or null, got 2"]


def test_a_dataclass_matches_the_objects_that_make_one() -> None:
    assert matches({"size": 1}, Inner) and matches([{"size": 1}], list[Inner])
    assert not matches({"siez": 1}, Inner) and not matches(1, Inner) and not matches(None, Inner)


CATALOGUE = {"data_loader": {"Outer": Outer}}


def config(**args: Any) -> ConfigParser:
    return ConfigParser({"data_loader": {"type": "Outer", "args": {"lr": 1, **args}}}, "c.json")


def test_a_config_builds_it_and_refuses_its_values_in_one_line() -> None:
    assert config(inner={"size": 4}).build("data_loader", CATALOGUE).inner == Inner(size=4)
    with pytest.raises(InputError, match=r"^c\.json: data_loader\.args: size is -1$"):
        config(inner={"size": -1}).build("data_loader", CATALOGUE)


@pytest.mark.parametrize("given", [{}, {"inner": {}}, {"inner": {"size": 3}}])
def test_an_override_reaches_into_it(given: dict[str, Any]) -> None:
    changed = config(**given)
    changed.override("data_loader.args.inner.size", 5)
    assert changed["data_loader"]["args"] == {"lr": 1, "inner": {"size": 5}}


@pytest.mark.parametrize("path", ["inner.deeper.size", "inner..size", "inner.", "lr.size", ".size"])
def test_an_override_makes_up_no_more_than_that(path: str) -> None:
    changed = config()
    with pytest.raises(InputError, match="nothing to override at"):
        changed.override(f"data_loader.args.{path}", 5)
    assert changed["data_loader"]["args"].keys() <= {"lr", "inner"}
