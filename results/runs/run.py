"""A run for reports: its network, the state of its training, its log, and how its config differs from others."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logger.run_log import log_folder
from parse_config import ConfigParser
from results.runs.history import Row, RunHistory, run_history
from results.trained import TrainedModel
from utils.checkpoint import load_checkpoint
from utils.errors import InputError
from utils.run_folders import checkpoint_of

HOUSE = Path(__file__).parents[2]
ABSENT = "–"
Change = tuple[str, ...]
"""A config's key, and its value in each of some configs as JSON; `ABSENT` where it is not given."""


@dataclass(frozen=True)
class Run:
    """A network, the file of its weights, the state of its training (None: weights alone), and its log."""

    network: Any
    file: Path
    training: dict[str, Any] | None
    history: RunHistory

    @property
    def name(self) -> str:
        """<name>/<run> of a run directory, with the file where it is not the best one; else the file's name."""
        folder = self.file.resolve().parent
        if folder.parent.parent.name != "models":
            return self.file.name
        return "/".join([folder.parent.name, folder.name, *([self.file.name] * (self.file.name != "best.pt"))])

    @property
    def best(self) -> Row | None:
        """The best epoch that was logged, by the monitor of the training."""
        return self.history.best(self.monitor)

    @property
    def monitor(self) -> str:
        """The monitor of the training: "min" or "max" and a number's name, or "off"."""
        return str(self.network.config["trainer"].get("monitor", "min val_loss"))

    def numbers(self) -> dict[str, Any]:
        """Return the numbers of a run; None for those that were not logged."""
        steps, epochs, best = self.history.steps, self.history.epochs, self.best or {}
        speeds = sorted(row["points_per_second"] for row in steps if "points_per_second" in row)
        last = max((row["step"] for row in [*steps, *epochs]), default=None)
        return {
            "run": self.name,
            "checkpoint": str(self.file),
            "arch": self.network.arch,
            "corpus": self.network.corpus,
            "parameters": self.network.model.num_parameters,
            "steps": None if last is None else int(last),
            "epochs": max(map(_epoch, epochs), default=None),
            "hours": self.history.hours,
            "points_per_second": speeds[len(speeds) // 2] if speeds else None,
            "monitor": self.monitor,
            "best_epoch": _epoch(best) if best else None,
            "best_step": int(best["step"]) if best else None,
            **{f"best_{name}": best[name] for name in self.history.names if name in best},
        }


def _epoch(row: Row) -> float:
    """Return the epochs that were done by a row of the log: a whole number, but where time was up within an epoch."""
    epoch = round(row["epoch"], 2)
    return int(epoch) if epoch.is_integer() else epoch


def run_of(network: TrainedModel[Any]) -> Run:
    """The run that a network comes from; a log that is not there or damaged is a remark of its history."""
    file = checkpoint_of(network.path, "best.pt")
    return Run(network, file, load_checkpoint(file).get("training"), run_history(log_folder(file)))


def leaves(config: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Return every value of a config by its dotted path; a list is one value."""
    values: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, dict) and value:
            values |= leaves(value, f"{path}{key}.")
        else:
            values[f"{path}{key}"] = value
    return values


def changes(*configs: dict[str, Any]) -> list[Change]:
    """Return every key whose value is not the same in all of the configs."""
    values = [leaves(config) for config in configs]
    keys = dict.fromkeys(key for config in values for key in config)
    rows = {key: [config.get(key, ABSENT) for config in values] for key in keys}
    return [(key, *map(_shown, row)) for key, row in rows.items() if any(value != row[0] for value in row)]


def _shown(value: Any) -> str:
    return ABSENT if value is ABSENT else json.dumps(value, ensure_ascii=False)


def changes_from_house(config: dict[str, Any]) -> tuple[str | None, list[Change]]:
    """Return the project's config of the same architecture with the fewest differences, and these."""
    near: list[tuple[str, list[Change]]] = []
    for path in sorted(HOUSE.glob("config_*.json")):
        try:
            other = ConfigParser.from_file(path).resolved
            if other["arch"]["type"] == config["arch"]["type"]:
                near.append((path.name, changes(config, other)))
        except (InputError, LookupError, TypeError, AttributeError):
            continue  # a config that somebody is writing
    return min(near, key=lambda item: len(item[1]), default=(None, []))
