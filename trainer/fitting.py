"""A config's loss and metrics compared with the output of its network, before anything is built."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, get_type_hints

from model import LOSSES, METRICS, MODELS
from parse_config import ConfigParser
from utils.errors import InputError

MODEL_TYPES: Mapping[str, Any] = MODELS
LOSS_TYPES: Mapping[str, Any] = LOSSES
METRIC_TYPES: Mapping[str, Any] = METRICS


def require_fitting(config: ConfigParser) -> None:
    """Compare what a checked config's loss and metrics take, by their annotations, with what its network returns.

    Raises InputError naming one that is for other networks, or a metric that is logged by the name of another.
    """
    arch, loss, metrics = config["arch"]["type"], config["loss"]["type"], [entry["type"] for entry in config["metrics"]]
    returned = get_type_hints(MODEL_TYPES[arch].forward).get("return", Any)
    calls = {loss: LOSS_TYPES[loss].forward, **{kind: METRIC_TYPES[kind].__call__ for kind in metrics}}
    for kind, call in calls.items():
        taken = get_type_hints(call).get("output", Any)
        if Any not in (returned, taken) and not issubclass(returned, taken):
            raise InputError(f"{config.source}: {kind} is not for the output of {arch}; choose another loss or metric")
    for name, count in Counter(METRIC_TYPES[kind].name for kind in metrics).items():
        if count > 1:
            raise InputError(
                f"{config.source}: {count} metrics are logged as val_{name}; leave all but one of them out"
            )
