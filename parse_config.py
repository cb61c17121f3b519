"""JSON file -> checked config -> objects. Reading and checking make no directory and import no torch."""

import argparse
import contextlib
import copy
import itertools
import json
import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from utils.errors import InputError
from utils.memory_limit import weights_within_memory
from utils.signature import accepted, argument_faults, constructed, did_you_mean, label
from utils.strict_json import parse_json, plain_copy, read_json, shown

Constructor = Callable[..., Any]
# section -> {type name: constructor}, or the one constructor of a flat section such as trainer
Catalogue = Mapping[str, Mapping[str, Constructor] | Constructor]

REQUIRED = ("name", "arch", "data_loader", "optimizer", "loss", "lr_scheduler", "trainer")
DEFAULTS = {"metrics": [], "seed": 1, "device": "auto"}
OPTIONAL = ("init_from",)  # a checkpoint or run directory whose weights a new run starts from
KEYS = (*REQUIRED, *DEFAULTS, *OPTIONAL)
DEVICES = ("auto", "cpu", "cuda")
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
RESUMABLE = re.compile(r"trainer\.(?!save_dir$).+|data_loader\.args\.(data_dir|num_workers)|device")


class ConfigParser:
    """A config as a tree of plain data that can be overridden, checked against constructors, and built.

    `source` names the config in messages. `config["arch"]` gives a section.

    Raises InputError where the config is not a JSON object.
    """

    def __init__(self, config: Mapping[str, Any], source: str) -> None:
        if not isinstance(config, Mapping):
            raise InputError(f"{source}: expected an object at the top level, got {type(config).__name__}")
        self.source = source
        try:
            self._config: dict[str, Any] = plain_copy({**config})
        except InputError as error:
            raise InputError(f"{source}: {error}") from None
        for key, value in DEFAULTS.items():
            self._config.setdefault(key, copy.deepcopy(value))

    @classmethod
    def from_file(cls, path: str | Path) -> "ConfigParser":
        """Return the config in a JSON file.

        Raises:
            InputError: the file cannot be read, or is not strict JSON with an object at the top.
        """
        return cls(read_json(path), str(path))

    def __getitem__(self, key: str) -> Any:
        return self._config[key] if key not in OPTIONAL else self._config.get(key)

    @property
    def resolved(self) -> dict[str, Any]:
        """A copy of the whole config, with overrides and the defaults of the top level, to print or save."""
        return copy.deepcopy(self._config)

    def override(self, path: str, value: Any) -> None:
        """Set the value at a dotted path such as optimizer.args.lr or metrics.0.type.

        A key of `trainer`, of `args` and of an object in `args` may be new: `check` knows whether it exists.

        Raises:
            InputError: the path names nothing in the config, or the value is not plain JSON data.
        """
        node: Any = self._config
        *parents, last = path.split(".")
        try:
            value = plain_copy(value)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None
        for above, part in zip(["", *parents], parents, strict=False):
            may_be_new = above == "args" and part and last and isinstance(node, dict)
            node = node.setdefault(part, {}) if may_be_new else node[_key(node, part, path)]
        may_be_new = last in KEYS if not parents else "args" in parents[-2:] or parents[-1] == "trainer"
        node[last if last and may_be_new and isinstance(node, dict) else _key(node, last, path)] = value

    def check(self, catalogue: Catalogue, reserved: Mapping[str, Collection[str]] | None = None) -> None:
        """Compare every section with its constructor's signature.

        `reserved` names, by section, the parameters that the framework fills in. A metric class logs as its
        attribute `name`; trainer.monitor may be val_loss, loss, or val_<name> of a metric of this config.

        Raises:
            InputError: its first line gives the source and the number of faults, then comes one line per fault.
        """
        faults = self._top_level_faults()
        for section, choices in catalogue.items():
            if section not in self._config:
                continue
            entry, filled_in = self._config[section], (reserved or {}).get(section, ())
            if section != "metrics":
                faults += _section_faults(section, entry, choices, filled_in)
            elif isinstance(entry, list):
                for i, item in enumerate(entry):
                    faults += _section_faults(f"{section}.{i}", item, choices, filled_in)
            else:
                faults.append(f"{section}: expected list, got {shown(entry)}")
        faults += self._monitor_faults(catalogue.get("metrics", {}))
        if faults:
            count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
            raise InputError("\n  ".join([f"{self.source}: {count} in the config", *faults]))

    def build(self, section: str, catalogue: Catalogue, **given: Any) -> Any:
        """The section's object, constructed from its args and those of `given` that the constructor takes.

        A list for metrics; None for a section that the config leaves out.

        Raises InputError where the constructor refuses a value.
        """
        entry, choices = self._config.get(section), catalogue[section]
        if isinstance(entry, list):
            return [self._construct(f"{section}.{i}", item, choices, given) for i, item in enumerate(entry)]
        return None if entry is None else self._construct(section, entry, choices, given)

    def _construct(
        self, path: str, entry: Any, choices: Mapping[str, Constructor] | Constructor, given: Mapping[str, Any]
    ) -> Any:
        if isinstance(choices, Mapping):
            constructor, args, path = choices[entry["type"]], entry["args"], f"{path}.args"
        else:
            constructor, args = choices, entry
        try:
            with weights_within_memory():
                return constructor(**constructed(constructor, args) | accepted(constructor, given))
        except (TypeError, ValueError, OverflowError, RuntimeError, MemoryError, OSError) as error:
            raise InputError(f"{self.source}: {path}: {' '.join(str(error).split())[:1000]}") from error

    def _top_level_faults(self) -> list[str]:
        config = self._config
        faults = [f"{label(key)}: unknown section; {did_you_mean(key, KEYS)}" for key in config if key not in KEYS]
        faults += [f"{key}: missing" for key in REQUIRED if key not in config]
        name, seed, device = config.get("name", "-"), config["seed"], config["device"]
        if "name" in config and not (isinstance(name, str) and SAFE_NAME.fullmatch(name)):
            faults.append(f"name: expected a folder name of letters, digits and - _ . up to 100, got {shown(name)}")
        if type(seed) is not int or not 0 <= seed < 2**32:
            faults.append(f"seed: expected integer from 0 to 2**32 - 1, got {shown(seed)}")
        if device not in DEVICES:
            faults.append(f"device: expected one of {', '.join(DEVICES)}, got {shown(device)}")
        if not isinstance(self["init_from"], str | None) or self["init_from"] == "":
            faults.append(f"init_from: expected the path of a checkpoint, got {shown(self['init_from'])}")
        return faults

    def _monitor_faults(self, metrics: Any) -> list[str]:
        trainer, listed = self._config.get("trainer"), self._config["metrics"]
        monitor = trainer.get("monitor") if isinstance(trainer, dict) else None
        if not isinstance(monitor, str) or monitor == "off":
            return []
        types = [item.get("type") for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
        names = ["val_loss", "loss"]
        names += [f"val_{getattr(metrics[t], 'name', t)}" for t in types if isinstance(t, str) and t in metrics]
        mode, _, name = monitor.partition(" ")
        if mode not in ("min", "max"):
            return [f'trainer.monitor: expected "off", "min NAME" or "max NAME", got {shown(monitor)}']
        if name.partition("/")[0] not in names:  # what follows is a corpus of a mixture, which the trainer knows
            return [f"trainer.monitor: nothing is logged as {shown(name)}; {did_you_mean(name, names)}"]
        return []


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add -c, -r, --init-from, the overrides, and --check to a parser."""
    verb = parser.add_mutually_exclusive_group(required=True)
    verb.add_argument("-c", "--config", metavar="CONFIG", help="begin a new run of this config")
    text = "continue a run: its folder, a folder of runs (its newest), or a checkpoint in it"
    verb.add_argument("-r", "--resume", metavar="RUN", help=text)
    parser.add_argument("--init-from", metavar="CHECKPOINT", help="with -c: begin with this checkpoint's weights")
    parser.add_argument("--check", action="store_true", help="check the config, print all of it, and stop")

    def add_override(flag: str, parse: Callable[[str], tuple[str, Any]], metavar: str, text: str) -> None:
        parser.add_argument(flag, dest="overrides", action="append", default=[], type=parse, metavar=metavar, help=text)

    add_override("--set", _assignment, "PATH=VALUE", "change a value, as in optimizer.args.lr=5e-4; may be repeated")
    for flag, path, kind, metavar in (
        ("--lr", "optimizer.args.lr", float, "LR"),
        ("--batch-size", "data_loader.args.batch_size", int, "N"),
        ("--epochs", "trainer.epochs", int, "N"),
        ("--minutes", "trainer.minutes", float, "N"),
        ("--corpus", "data_loader.args.corpus", str, "NAME"),
        ("--device", "device", str, "|".join(DEVICES)),
        ("--seed", "seed", int, "N"),
    ):
        add_override(flag, _value_of(path, kind), metavar, f"short for --set {path}={metavar}")


def from_args(args: argparse.Namespace, resumed: Mapping[str, Any] | None = None) -> ConfigParser:
    """Return the config that the command line describes, overridden but not yet checked.

    It comes from the file of -c or, with --resume, is `resumed`: the config that the checkpoint carries.

    Raises InputError for --resume with --init-from or an override that would make it another run, a bad file or path.
    """
    if args.resume is None:
        config = ConfigParser.from_file(args.config)
    elif args.init_from is not None:
        raise InputError("--resume and --init-from exclude each other: for a new run on old weights use -c CONFIG")
    else:
        refused = [path for path, _ in args.overrides if not RESUMABLE.fullmatch(path)]
        if refused:
            raise InputError(
                f"{', '.join(refused)} cannot change with --resume, only trainer.*, data_loader.args.data_dir, "
                "data_loader.args.num_workers and device; for other changes: -c CONFIG --init-from CHECKPOINT"
            )
        assert resumed is not None, "--resume needs the checkpoint's config"
        config = ConfigParser(resumed, args.resume)
    for path, value in args.overrides:
        config.override(path, value)
    return config


def make_run_dir(config: ConfigParser, run: str | None = None) -> tuple[Path, Path]:
    """Make the checkpoint and log directories of a new run of a checked config, config.json in the first.

    They are <save_dir>/models/<name>/<run> and <save_dir>/log/<name>/<run>. A run is named by the time unless `run`
    is given, with _2, _3, ... added when the name is taken.

    Raises:
        InputError: `run` is no safe folder name, or the place cannot be written to.
    """
    run = datetime.now().strftime("%m%d_%H%M%S") if run is None else run
    if not SAFE_NAME.fullmatch(run):
        raise InputError(f"run name: expected letters, digits and - _ . up to 100, got {shown(run)}")
    save_dir, name = Path(config["trainer"].get("save_dir", "saved")), config["name"]
    text = json.dumps(config.resolved, indent=2) + "\n"
    try:
        checkpoint_dir, log_dir = _claim(save_dir / "models" / name, save_dir / "log" / name, run)
        (checkpoint_dir / "config.json").write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"trainer.save_dir: cannot make a run in {save_dir}: {reason}") from None
    return checkpoint_dir, log_dir


def _claim(models: Path, logs: Path, run: str) -> tuple[Path, Path]:
    """Make both directories under the first free name, so that runs of the same second never share a directory."""
    models.mkdir(parents=True, exist_ok=True)
    logs.mkdir(parents=True, exist_ok=True)
    for n in itertools.count(1):
        checkpoint_dir, log_dir = (parent / (run if n == 1 else f"{run}_{n}") for parent in (models, logs))
        if log_dir.exists():
            continue
        with contextlib.suppress(FileExistsError):
            checkpoint_dir.mkdir()
            break
    log_dir.mkdir()
    return checkpoint_dir, log_dir


def _section_faults(
    path: str, entry: Any, choices: Mapping[str, Constructor] | Constructor, reserved: Collection[str]
) -> list[str]:
    if not isinstance(choices, Mapping):
        return argument_faults(path, choices, entry, reserved)
    if not isinstance(entry, dict):
        return [f'{path}: expected {{"type": ..., "args": {{...}}}}, got {shown(entry)}']
    faults = [f"{path}.{label(key)}: unknown key; only type and args" for key in entry if key not in ("type", "args")]
    faults += [f"{path}.{key}: missing" for key in ("type", "args") if key not in entry]
    kind = entry.get("type", "")
    if not isinstance(kind, str):
        faults.append(f"{path}.type: expected string, got {shown(kind)}")
    elif kind in choices:
        faults += argument_faults(f"{path}.args", choices[kind], entry["args"], reserved) if "args" in entry else []
    elif "type" in entry:
        faults.append(f"{path}.type: unknown type {shown(kind)}; {did_you_mean(kind, choices)}")
    return faults


def _key(node: Any, part: str, path: str) -> str | int:
    """Return the dict key or list index that a part of an override's path names."""
    places = [*node] if isinstance(node, dict) else [*map(str, range(len(node)))] if isinstance(node, list) else []
    if part in places:
        return part if isinstance(node, dict) else int(part)
    raise InputError(f"{label(path)}: nothing to override at {shown(part)}; {did_you_mean(part, places)}")


def _assignment(text: str) -> tuple[str, Any]:
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise argparse.ArgumentTypeError(f"expected PATH=VALUE, as in optimizer.args.lr=5e-4, got {shown(text)}")
    try:
        return path, parse_json(value)
    except InputError:
        return path, value


def _value_of(path: str, kind: type) -> Callable[[str], tuple[str, Any]]:
    def parse(text: str) -> tuple[str, Any]:
        return path, kind(text)

    parse.__name__ = kind.__name__  # argparse names it: "invalid float value"
    return parse
