"""A trained network from its checkpoint, with all that using it takes; no corpus is needed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base.base_model import BaseModel
from model import METRICS, MODELS
from parse_config import Catalogue, ConfigParser
from utils.checkpoint import load_checkpoint, load_weights, require_facts
from utils.device import pick_device


@dataclass(frozen=True)
class Loaded:
    """A trained network and what it must know of its data: alphabet, std, points per character, ..."""

    model: BaseModel
    facts: dict[str, Any]
    config: dict[str, Any]
    path: Path


def load(path: str | Path, device: str = "auto") -> Loaded:
    """The network of a checkpoint, ready to be used; no corpus is needed.

    Raises InputError where the file is no checkpoint, or does not fit its own config.
    """
    path = Path(path)
    checkpoint = load_checkpoint(path / "best.pt" if path.is_dir() else path)
    config, facts = ConfigParser(checkpoint["config"], str(path)), checkpoint["facts"]
    require_facts(facts, path)
    catalogue: Catalogue = {"arch": MODELS, "metrics": METRICS}  # the metrics as trainer.monitor may name one
    config.check(catalogue, {"arch": {"alphabet_size", "mean_points_per_char"}, "metrics": {"alphabet"}})
    model = config.build("arch", catalogue, alphabet_size=len(facts["alphabet"]))
    load_weights(model, checkpoint["model"], path)
    return Loaded(model.to(pick_device(device)).eval(), facts, config.resolved, path)
