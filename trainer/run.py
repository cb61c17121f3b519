"""Training as a library call: config -> check everything -> run directory -> objects -> Trainer.train()."""

import math
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from base.base_data_loader import BaseDataLoader
from base.base_model import BaseModel
from data_loader import DATA_LOADERS
from logger.run_log import log_folder
from model import LOSSES, METRICS, MODELS
from parse_config import Catalogue, ConfigParser, make_run_dir
from trainer import OPTIMIZERS, SCHEDULES, Trainer
from utils import distributed
from utils.checkpoint import load_checkpoint, load_shared_parts, load_weights, require_facts
from utils.device import keep_memory_small, pick_device
from utils.errors import InputError
from utils.files import sole_owner
from utils.signature import accepted

CATALOGUE: Catalogue = {
    "arch": MODELS,
    "data_loader": DATA_LOADERS,
    "loss": LOSSES,
    "metrics": METRICS,
    "optimizer": OPTIMIZERS,
    "lr_scheduler": SCHEDULES,
    "trainer": Trainer,
}
RESERVED = {
    "arch": {"alphabet_size", "mean_points_per_char"},
    "data_loader": {"seed", "processes"},
    "metrics": {"alphabet"},
    "optimizer": {"params"},
    "lr_scheduler": {"optimizer", "steps_per_epoch", "epochs"},
    "trainer": {"model", "loss", "metrics", "optimizer", "lr_scheduler", "loader", "device", "content", "resume"}
    | {"batches_an_epoch"},
}
"""What the framework fills in itself, and a config must not."""


def train(
    config: ConfigParser, *, resume: Path | None = None, init_from: Path | None = None
) -> tuple[Path, dict[str, float]]:
    """Train as the config says, or go on from the checkpoint `resume`: the run's directory, the last epoch's numbers.

    Raises InputError for all that a user can mend, before a run directory is made wherever it can be known before.
    """
    config.check(CATALOGUE, RESERVED)
    old_path = resume or init_from
    old = load_checkpoint(old_path) if old_path else None
    state = old["training"] if resume and old else None
    keep_memory_small()
    device = pick_device(config["device"])
    torch.manual_seed(config["seed"])
    shares = state.get("processes", 1) if state else distributed.world_size()
    with distributed.rank_zero_first():
        loader = config.build("data_loader", CATALOGUE, seed=config["seed"], processes=shares)
    if old and old_path:
        read_as_before(loader, old["facts"], config["arch"]["type"], old_path, resumed=resume is not None)
    facts = {"alphabet_size": len(loader.facts["alphabet"]), **loader.facts}
    model = config.build("arch", CATALOGUE, **facts).to(device)
    unshared: list[str] = []
    if old and resume:
        load_weights(model, old["model"], resume)
    elif old and init_from:
        unshared = load_shared_parts(model, old["model"], init_from, (old["config"]["arch"], config["arch"]))
    trainer = build_trainer(config, model, loader, device, state)
    folders = run_dirs_of(resume) if resume else distributed.on_rank_zero(lambda: make_run_dir(config))
    say = trainer.log.info
    say(f"{config['arch']['type']}: {model.num_parameters:,} parameters, {steps_of(config, loader):,} steps an epoch")
    if max(loader.processes, distributed.world_size()) > 1:
        say(f"{distributed.world_size()} processes for steps of {loader.processes} times the batch size")
    say(f"run directory: {folders[0]}")
    if unshared:
        say(f"not in both the checkpoint and this network: {', '.join(unshared)}")
    for rule, count in loader.left_out.items():
        say(f"left out of training by {rule}: {count:,} lines")
    with nullcontext() if distributed.rank() else sole_owner(folders[0]):
        return folders[0], trainer.train(*folders)


def read_as_before(
    loader: BaseDataLoader, facts: dict[str, Any], arch: str, checkpoint: Path, *, resumed: bool
) -> None:
    """Have the corpus read with the alphabet of a checkpoint's network, if that reads text at all.

    Raises InputError where the alphabet does not cover the corpus, or a run is to go on with a corpus that changed.
    """
    require_facts(facts, checkpoint)
    if accepted(MODELS[arch], {"alphabet_size": 0}):
        loader.read_with(facts["alphabet"])
    if resumed and facts["std"] != loader.facts["std"]:
        raise InputError(f"{checkpoint}: the corpus {facts['corpus']} is not what it was; use -c with --init-from")


def build_trainer(
    config: ConfigParser, model: BaseModel, loader: BaseDataLoader, device: torch.device, state: dict[str, Any] | None
) -> Trainer:
    """The trainer of a model with its optimizer, schedule, loss and metrics, gone on to `state`; touches no disk."""
    optimizer = config.build("optimizer", CATALOGUE, params=list(model.parameters()))
    steps, epochs = steps_of(config, loader), config["trainer"]["epochs"]
    scheduler = config.build("lr_scheduler", CATALOGUE, optimizer=optimizer, steps_per_epoch=steps, epochs=epochs)
    return config.build(
        "trainer",
        CATALOGUE,
        model=model,
        loss=config.build("loss", CATALOGUE),
        metrics=config.build("metrics", CATALOGUE, alphabet=loader.facts["alphabet"]),
        optimizer=optimizer,
        lr_scheduler=scheduler,
        loader=loader,
        device=device,
        content={"config": config.resolved},
        resume=state,
    )


def steps_of(config: ConfigParser, loader: BaseDataLoader) -> int:
    """How many optimizer steps an epoch has."""
    batches = min(len(loader), config["trainer"].get("max_batches") or len(loader))
    return math.ceil(batches / max(1, config["trainer"].get("accumulate_batches", 1)))


def run_dirs_of(checkpoint: Path) -> tuple[Path, Path]:
    """The directories of the run that a checkpoint is in: saved/models/<name>/<run> and saved/log/<name>/<run>.

    Raises InputError where the checkpoint is in no run.
    """
    logs = log_folder(checkpoint)
    if logs is None:
        raise InputError(
            f"{checkpoint}: lies in no run directory <save_dir>/models/<name>/<run>, so its logs are not to be found; "
            f"put it back there, or start a new run with -c CONFIG --init-from {checkpoint}"
        )
    return checkpoint.parent, logs


def checkpoint_of(path: Path, name: str) -> Path:
    """The checkpoint `path`, or the one called `name` in the run directory `path`."""
    return path / name if path.is_dir() else path


def resumed_config(path: Path) -> dict[str, Any]:
    """The config of a checkpoint that a run can go on from.

    Raises InputError where it holds weights alone, or where its run was stopped before it had saved anything.
    """
    if not path.exists() and path.with_name("config.json").exists():
        names = sorted(other.name for other in path.parent.glob("*.pt"))
        there = f"there is {', '.join(names)}" if names else "the run had saved nothing yet"
        raise InputError(f"{path}: no such checkpoint; {there}; start again with -c {path.with_name('config.json')}")
    content = load_checkpoint(path)
    if "training" not in content:
        raise InputError(f"{path}: weights alone, nothing to resume; start a new run with -c CONFIG --init-from {path}")
    return content["config"]
