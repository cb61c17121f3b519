"""A config, and constructors of every kind of argument for it: what the tests of configs share."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Union

from parse_config import ConfigParser, add_arguments, from_args
from utils.errors import InputError

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


def command_line(*words: str, resumed: dict[str, Any] | None = None) -> ConfigParser:
    """The config that a command line asks for."""
    arguments = argparse.ArgumentParser()
    add_arguments(arguments)
    return from_args(arguments.parse_args(words), resumed)
