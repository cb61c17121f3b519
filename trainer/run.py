"""Training as a library call: config -> check everything -> run directory -> objects -> Trainer.train().

from trainer.run import train
run = train(json.load(open("config_conditional.json")), on_progress=lambda report: print(report.step, report.loss))
print(run.folder / "best.pt", run.numbers["val_loss"])
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import torch

from base.base_data_loader import BaseDataLoader
from base.base_model import BaseModel
from base.progress import Progress, stopwatch
from data_loader import DATA_LOADERS
from logger.run_log import log_folder
from model import LOSSES, METRICS, MODELS
from parse_config import Catalogue, ConfigParser, make_run_dir
from trainer import OPTIMIZERS, SCHEDULES, Optimization, Trainer, TrainerSettings
from trainer.fitting import require_fitting
from trainer.optimization import weights_to_train
from utils import distributed
from utils.character_weights import with_alphabet
from utils.checkpoint import load_checkpoint, load_shared_parts, load_weights, require_facts
from utils.device import keep_memory_small, pick_device
from utils.errors import InputError
from utils.files import sole_owner
from utils.run_folders import checkpoint_of
from utils.signature import accepted

CATALOGUE: Catalogue = {
    "arch": MODELS,
    "data_loader": DATA_LOADERS,
    "loss": LOSSES,
    "metrics": METRICS,
    "optimizer": OPTIMIZERS,
    "lr_scheduler": SCHEDULES,
    "trainer": TrainerSettings,
}
RESERVED = {
    "arch": {"alphabet_size", "mean_points_per_char"},
    "data_loader": {"seed", "processes"},
    "metrics": {"alphabet"},
    "optimizer": {"params", "capturable", "differentiable"},
    "lr_scheduler": {"optimizer", "steps_per_epoch", "epochs"},
}
"""Arguments that the framework fills in or leaves at torch's default, and that a config must not have."""


class Run(NamedTuple):
    """The outcome of a training.

    folder   its directory, with best.pt, last.pt and config.json
    numbers  loss and validation values of the last epoch that ended; {} if there was none
    stopped  True if `should_stop` ended it; train(resume=run.folder) goes on
    """

    folder: Path
    numbers: dict[str, float]
    stopped: bool


def train(
    config: ConfigParser | Mapping[str, Any] | None = None,
    *,
    resume: str | Path | None = None,
    init_from: str | Path | None = None,
    minutes: float | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] | None = None,
) -> Run:
    """Train as the config says, or go on with a run.

    config       plain data as in a config file, or a ConfigParser; with `resume` by default the run's own
    resume       a checkpoint or run directory (its last.pt) to go on from
    init_from    a checkpoint or run directory (its best.pt) whose weights a new run starts from (the config's)
    minutes      in place of trainer.minutes: a resumed run begins its schedule anew and goes on for so long; without
                 it, a run that was stopped goes on with the minutes that it had left
    on_progress  called with a Progress after every step whose values are read (on a GPU every log_steps), and with
                 samples after every epoch; in the thread that called `train`
    should_stop  called after every batch; once it is true the run is saved as at SIGTERM and returns. The `is_set` of
                 a threading.Event, which the callback or another thread sets, will do
    clock        seconds since the start of the time that the minutes limit; by default since this call

    May be called in any thread; signals are caught in the main one alone, where SIGINT and SIGTERM save the run and
    raise base.stopping.Interrupted. Seeds torch's generator, which is this process's.

    Raises InputError for all that a user can fix, before a run directory is made wherever it can be known before.
    """
    if resume is not None and init_from is not None:
        raise InputError("a run that is resumed goes on with its own weights; give resume or init_from")
    clock = clock or stopwatch()
    resume = checkpoint_of(Path(resume).resolve(), "last.pt") if resume else None
    if not isinstance(config, ConfigParser):
        config = ConfigParser(config, "config") if config else ConfigParser(resumed_config(resume), str(resume))
    if minutes is not None:
        config = ConfigParser(config.resolved, config.source)
        config.override("trainer.minutes", minutes)
    if init_from is not None:
        config = ConfigParser({**config.resolved, "init_from": str(init_from)}, config.source)
    check(config)
    source = resume or (checkpoint_of(Path(config["init_from"]), "best.pt") if config["init_from"] else None)
    origin = Origin(source, is_resumed=source is resume) if source else None
    if origin and origin.state and minutes is not None:
        origin.state = {**origin.state, "time": None, "epochs_since_best": 0}
    trainer = build_trainer(config, origin, on_progress, should_stop, clock)
    trainer.prepare()
    folders = run_dirs_of(resume) if resume else distributed.on_rank_zero(lambda: make_run_dir(config))
    trainer.log.info(f"run directory: {folders[0]}")
    with owned(folders[0], origin):
        return Run(folders[0], trainer.train(*folders), trainer.is_stopped)


def check(config: ConfigParser) -> None:
    """Check all of a config that can be known before anything is built; raises InputError naming what is wrong."""
    config.check(CATALOGUE, RESERVED)
    require_fitting(config)


class Origin:
    """The checkpoint that a training starts from: its path and content, and the training state if its run goes on."""

    def __init__(self, path: Path, is_resumed: bool) -> None:
        self.path, self.is_resumed = path, is_resumed
        self.written_at = path.stat().st_mtime_ns if path.exists() else None
        self.content = load_checkpoint(path)
        self.state: dict[str, Any] | None = self.content.get("training") if is_resumed else None
        if is_resumed and self.state is None:
            raise InputError(f"{path}: holds weights alone, so its run cannot go on; begin a new one with init_from")

    def require_unchanged(self) -> None:
        """Raise InputError where the run went on, in another process that was ending, after its state was read."""
        if self.is_resumed and self.path.stat().st_mtime_ns != self.written_at:
            raise InputError(f"{self.path}: another process went on with this run meanwhile; resume it again")


@contextmanager
def owned(folder: Path, origin: Origin | None) -> Iterator[None]:
    """Have no other process train in the folder of a run within the block; rank 0 sees to it for all."""
    with nullcontext() if distributed.rank() else sole_owner(folder):
        if origin and not distributed.rank():
            origin.require_unchanged()
        yield


def build_trainer(
    config: ConfigParser,
    origin: Origin | None,
    on_progress: Callable[[Progress], object] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] | None = None,
) -> Trainer:
    """Return the trainer of a checked config, ready to start or to go on; writes nothing to the disk."""
    keep_memory_small()
    settings, device = config.build("trainer", CATALOGUE), pick_device(config["device"])
    torch.manual_seed(config["seed"])
    state = origin.state if origin else None
    shares = state.get("processes", 1) if state else distributed.world_size()
    with distributed.rank_zero_first():  # it may have to draw or convert the corpus
        loader = config.build("data_loader", CATALOGUE, seed=config["seed"], processes=shares)
    if origin:
        read_as_before(loader, config["arch"]["type"], origin)
    facts = {"alphabet_size": len(loader.facts["alphabet"]), **loader.facts}
    model = config.build("arch", CATALOGUE, **facts).to(device)
    notes = load_origin(model, config, origin, loader.facts["alphabet"]) if origin else []
    trainer = Trainer(
        settings,
        optimization=optimization_of(config, settings, model, loader, device),
        metrics=config.build("metrics", CATALOGUE, alphabet=loader.facts["alphabet"]),
        loader=loader,
        config=config.resolved,
        on_progress=on_progress,
        should_stop=should_stop,
        clock=clock,
    )
    try:
        trainer.start(state)
    except (TypeError, ValueError, OverflowError, RuntimeError, MemoryError) as error:
        assert origin is not None
        raise InputError(f"{origin.path}: {' '.join(str(error).split())[:1000]}") from error
    announce(trainer, config["arch"]["type"], notes)
    return trainer


def read_as_before(loader: BaseDataLoader, arch: str, origin: Origin) -> None:
    """Have the corpus read as a checkpoint's network does: with its alphabet, if it reads text, and in its units.

    A new run on old weights has the corpus's new characters too. Raises InputError where a run is to go on with a
    corpus that changed, or that the alphabet does not cover.
    """
    facts, path = origin.content["facts"], origin.path
    require_facts(facts, path)
    reads_text = bool(accepted(MODELS[arch], {"alphabet_size": 0}))
    if not origin.is_resumed:
        loader.start_from(facts, reads_text=reads_text)
        return
    if reads_text:
        loader.read_with(facts["alphabet"])
    if facts.get("own_std", facts["std"]) != loader.facts["std"]:
        raise InputError(f"{path}: the corpus {facts['corpus']} is not what it was; use -c with --init-from")
    loader.go_on(facts)


def load_origin(model: BaseModel, config: ConfigParser, origin: Origin, alphabet: str) -> list[str]:
    """Put a checkpoint's weights into the model, a character's with that character; returns sentences for the log.

    Raises InputError where they do not fit.
    """
    weights, known = origin.content["model"], origin.content["facts"]["alphabet"]
    if origin.is_resumed:
        load_weights(model, weights, origin.path)
        return []
    axes, notes = model.character_axes(), []
    archs = (origin.content["config"]["arch"], config["arch"])
    weights = with_alphabet(weights, model.state_dict(), axes, known, alphabet)
    unshared = load_shared_parts(model, weights, origin.path, archs)
    if unshared:
        notes.append(f"not in both the checkpoint and this network: {', '.join(unshared)}")
    for label, some, others in (
        ("characters new to the network", alphabet, known),
        ("characters of the checkpoint that are dropped", known, alphabet),
    ):
        names = [repr(character) for character in some if character not in others]
        if axes and names:
            notes.append(f"{label}: {' '.join(names)}")
    return notes


def optimization_of(
    config: ConfigParser, settings: TrainerSettings, model: BaseModel, loader: BaseDataLoader, device: torch.device
) -> Optimization:
    """Return the optimization of a model: its loss, optimizer and schedule."""
    steps = steps_per_epoch(settings, loader)
    optimizer = config.build("optimizer", CATALOGUE, params=weights_to_train(model, settings.train_only))
    schedule = {"optimizer": optimizer, "steps_per_epoch": steps, "epochs": settings.epochs}
    return Optimization(
        settings,
        model=model,
        loss=config.build("loss", CATALOGUE),
        optimizer=optimizer,
        lr_scheduler=config.build("lr_scheduler", CATALOGUE, **schedule),
        device=device,
        steps_per_epoch=steps,
    )


def steps_per_epoch(settings: TrainerSettings, loader: BaseDataLoader) -> int:
    """Return the number of optimizer steps in an epoch."""
    batches = min(len(loader), settings.max_batches or len(loader))
    return math.ceil(batches / settings.accumulate_batches)


def announce(trainer: Trainer, arch: str, notes: list[str]) -> None:
    """Log the sizes of a training that is about to begin, the `notes`, and the lines that it does not use."""
    loader, info = trainer.loader, trainer.log.info
    parameters = trainer.optimization.model.num_parameters
    info(f"{arch}: {parameters:,} parameters, {trainer.steps_per_epoch:,} steps per epoch")
    if max(loader.processes, distributed.world_size()) > 1:
        info(f"{distributed.world_size()} processes for steps of {loader.processes} times the batch size")
    for note in (*notes, *loader.notes):
        info(note)
    for rule, count in loader.left_out.items():
        info(f"left out of training by {rule}: {count:,} lines")


def run_dirs_of(checkpoint: Path) -> tuple[Path, Path]:
    """Return the directories of a checkpoint's run: saved/models/<name>/<run> and saved/log/<name>/<run>.

    Raises InputError where the checkpoint is in no run.
    """
    logs = log_folder(checkpoint)
    if logs is None:
        raise InputError(
            f"{checkpoint}: is in no run directory <save_dir>/models/<name>/<run>, so its logs cannot be found; "
            f"put it back there, or start a new run with -c CONFIG --init-from {checkpoint}"
        )
    return checkpoint.parent, logs


def resumed_config(path: Path | None) -> dict[str, Any]:
    """Return the config of a checkpoint that a run can go on from.

    Raises InputError where it holds weights alone, or where its run was stopped before it had saved anything.
    """
    if path is None:
        raise InputError("a training needs a config, or a run to resume")
    if not path.exists() and path.with_name("config.json").exists():
        names = sorted(other.name for other in path.parent.glob("*.pt"))
        others = f"it has {', '.join(names)}" if names else "the run had saved nothing yet"
        raise InputError(f"{path}: no such checkpoint; {others}; start again with -c {path.with_name('config.json')}")
    content = load_checkpoint(path)
    if "training" not in content:
        raise InputError(f"{path}: weights alone, nothing to resume; start a new run with -c CONFIG --init-from {path}")
    return content["config"]
