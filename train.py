"""The command line of training: start a run of a config, or resume one; trainer/run.py does the work."""

if __name__ == "__main__":
    from utils.packages import end_at_interrupt, require_packages

    end_at_interrupt()
    require_packages()

import argparse
import json
import sys
import tempfile
from pathlib import Path

from base.stopping import Interrupted
from data_loader.prepare import BUILT_IN
from parse_config import ConfigParser, add_arguments, from_args
from trainer.run import check, resumed_config, train
from utils import distributed
from utils.checkpoint import load_checkpoint
from utils.command_line import Parser
from utils.errors import InputError, one_line_errors
from utils.files import near_name
from utils.process_clock import seconds_of_process
from utils.run_folders import checkpoint_of
from utils.version import add_version


def parse_args() -> argparse.Namespace:
    """Return the parsed command line."""
    parser = Parser(
        description="Train a network: start a run of a config, or resume a run.",
        example="python train.py -c config_conditional.json --minutes 9",
    )
    add_arguments(parser)
    add_version(parser)
    for key, text in (
        ("overfit_one_batch", "train on the first batch again and again, a check that the network can memorise it"),
        ("detect_anomaly", "have torch name the operation whose gradient is NaN; slow"),
        ("deterministic", "refuse algorithms that do not always give the same bits"),
    ):
        flag, const = f"--{key.replace('_', '-')}", (f"trainer.{key}", True)
        parser.add_argument(flag, dest="overrides", action="append_const", const=const, help=text)
    text = "with -c: run a batch of training and a batch of validation, save, then delete the run"
    parser.add_argument("--fast-dev-run", action="store_true", help=text)
    return parser.parse_args()


def missing_corpora(config: ConfigParser) -> list[Path]:
    """Return the folders of the corpora that a checked config names and that are not there, the built-in ones aside."""
    args = config["data_loader"]["args"]
    corpora = [args] if isinstance(args["corpus"], str) else args["corpus"]
    composed = [entry["compose"].get("characters") for entry in corpora if entry.get("compose")]
    names = {*(entry["corpus"] for entry in corpora), *composed} - {None, *BUILT_IN}
    return [folder for name in sorted(names) if not (folder := Path(args.get("data_dir", "data"), name)).is_dir()]


def run(args: argparse.Namespace, scratch: Path) -> None:
    """Do what the command line asks for; a --fast-dev-run is made in the folder `scratch`."""
    if args.fast_dev_run:
        if args.resume is not None:
            raise InputError("--fast-dev-run makes a run of its own: use it with -c CONFIG, not with --resume")
        small = {"epochs": 1, "max_batches": 1, "log_steps": 1, "minutes": None, "save_dir": str(scratch)}
        args.overrides += [(f"trainer.{key}", value) for key, value in small.items()]
    resume = checkpoint_of(Path(args.resume).resolve(), "last.pt") if args.resume is not None else None
    config = from_args(args, resumed_config(resume) if resume else None)
    check(config)
    message = json.dumps(config.resolved, indent=2)
    if args.check:
        for folder in missing_corpora(config):
            print(f"note: {folder}: no prepared corpus; a training needs it{near_name(folder)}", file=sys.stderr)
    else:
        minutes = [value for path, value in args.overrides if path == "trainer.minutes"][-1:]
        folder = train(
            config,
            resume=resume,
            init_from=args.init_from,
            minutes=minutes[0] if minutes else None,
            clock=seconds_of_process,
        ).folder
        message = f"the best checkpoint is {folder / 'best.pt'}"
        if args.fast_dev_run:
            load_checkpoint(folder / "last.pt")
            message = "one batch of training, one of validation and their checkpoints went well; the run is deleted"
    if not distributed.rank():
        print(message)


@one_line_errors
def main() -> None:
    args = parse_args()
    with distributed.process_group(), tempfile.TemporaryDirectory() as scratch:
        try:
            run(args, Path(scratch))
        except Interrupted as stop:
            if not distributed.rank():
                print(stop)
            raise SystemExit(130) from None
        except InputError as error:
            if distributed.is_first_to_report(str(error)):
                raise
            raise SystemExit(2) from None


if __name__ == "__main__":
    main()
