"""The roles of trained networks, and `load`, which opens a checkpoint as the role that its network has."""

from pathlib import Path
from typing import Any, TypeVar

from model import METRICS, MODELS
from model.reading.classifier import StrokeClassifier
from model.reading.embedding import HandwritingEmbedding
from model.reading.recognizer import Seq2SeqRecognizer
from model.writing.class_conditional import ClassConditionalHandwriting
from model.writing.sampling import HandwritingModel
from parse_config import Catalogue, ConfigParser
from results.reading.classifier import Classifier
from results.reading.embedder import Embedder
from results.reading.reader import Reader
from results.trained import TrainedModel
from results.writing.digits import CharacterWriter
from results.writing.writer import Writer
from utils.checkpoint import load_checkpoint, load_weights, require_facts
from utils.device import pick_device
from utils.errors import InputError
from utils.run_folders import checkpoint_of, newest_run

ROLES: dict[type, type[TrainedModel[Any]]] = {
    ClassConditionalHandwriting: CharacterWriter,
    HandwritingModel: Writer,
    Seq2SeqRecognizer: Reader,
    StrokeClassifier: Classifier,
    HandwritingEmbedding: Embedder,
}
"""Roles by the class of the network, of which the first that fits counts. A network of another class has no verbs."""
Role = TypeVar("Role", bound=TrainedModel[Any])


def load(path: str | Path, device: str = "auto", base: str | Path | None = None) -> TrainedModel[Any]:
    """Open a checkpoint, or the best one of a run directory: a `Writer`, `Reader`, `Classifier` or `Embedder`.

    It is ready to be used; no corpus is needed. Of a folder of runs it is the newest. `base` is the checkpoint that one
    which holds a difference alone, such as a hand, is added to; None: the file that it names, see `load_checkpoint`.

    Raises InputError where the file is no checkpoint, or does not fit its own config or its base.
    """
    path = newest_run(Path(path))
    checkpoint = load_checkpoint(
        checkpoint_of(path, "best.pt"), None if base is None else checkpoint_of(Path(base), "best.pt")
    )
    config, facts = ConfigParser(checkpoint["config"], str(path)), checkpoint["facts"]
    require_facts(facts, path)
    catalogue: Catalogue = {"arch": MODELS, "metrics": METRICS}  # metrics, because trainer.monitor may name one
    config.check(catalogue, {"arch": {"alphabet_size", "mean_points_per_char"}, "metrics": {"alphabet"}})
    model = config.build("arch", catalogue, alphabet_size=len(facts["alphabet"]))
    load_weights(model, checkpoint["model"], path)
    return in_role(model.to(pick_device(device)).eval(), facts, config.resolved, path)


def in_role(model: Any, facts: dict[str, Any], config: dict[str, Any], path: Path) -> TrainedModel[Any]:
    """The network in the role that its class has; see `TrainedModel` for the arguments."""
    role = next((role for kind, role in ROLES.items() if isinstance(model, kind)), TrainedModel)
    return role(model, facts, config, path)


def load_as(role: type[Role], path: str | Path, device: str = "auto", base: str | Path | None = None) -> Role:
    """Open a checkpoint as `load` does, where a role is needed: `load_as(Reader, path)`.

    Raises InputError where the network has another role.
    """
    network = load(path, device, base)
    if not isinstance(network, role):
        for ability in role.abilities:
            network.require(ability)
        raise InputError(f"{network.path}: {network.arch} {network.does}; it is no {role.__name__}")
    return network
