"""export: weights alone, to publish or to begin a new run from; of a hand what it changed alone."""

import argparse
from pathlib import Path

from commands.common import loaded
from results.trained import TrainedModel
from trainer.hand import LINES_FOR_ALL, save_hand
from utils.checkpoint import save_checkpoint
from utils.errors import InputError
from utils.files import file_hash
from utils.rounded_weights import rounded
from utils.run_folders import without_folders


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="the file to write, ending in .pt")
    parser.add_argument(
        "--bits",
        type=int,
        choices=(8, 16, 32),
        help="bits per weight (32); 8 makes the file a quarter as large",
    )
    parser.add_argument(
        "--hand",
        metavar="NAME",
        help="write a run of config_my_hand.json as a small file, with the name of whose handwriting it is",
    )
    parser.add_argument(
        "--strength",
        type=float,
        help="with --hand: how much of what was learned the file has, 1 for all; less is more legible, less alike "
        f"(1, from fewer than {LINES_FOR_ALL} lines of several words less)",
    )


def run(args: argparse.Namespace) -> None:
    """Write what is needed to use the network and nothing else: no optimizer, no training state."""
    _require_fitting(args)
    network = loaded(args, TrainedModel)
    note = " (written over)" if args.file.exists() else ""
    if args.hand is not None:
        strength = save_hand(network.path, args.file, args.hand, args.strength)
        print(f"{args.file}: {args.file.stat().st_size / 1e6:.2f} MB, the hand of {args.hand}{note}")
        if args.strength is None and strength < 1:
            print(f"strength {strength:g}: all of what so few lines of several words teach is hardly legible")
        return
    args.file.parent.mkdir(parents=True, exist_ok=True)
    weights = network.model.state_dict()
    content = {"config": without_folders(network.config), "facts": network.facts, "model": weights}
    if args.bits == 8:
        content["model"], content["scales"] = rounded(weights)
    elif args.bits == 16:
        content["model"] = {name: tensor.half() for name, tensor in weights.items()}
    save_checkpoint(args.file, content)
    print(f"{args.file}: {args.file.stat().st_size / 1e6:.1f} MB, sha256 {file_hash(args.file)}{note}")


def _require_fitting(args: argparse.Namespace) -> None:
    """Raise InputError where the file is not named as a checkpoint, or an option is for another kind of file."""
    if args.file.suffix != ".pt":
        raise InputError(f"{args.file}: a checkpoint is made; give it a name that ends in .pt")
    if args.hand is None and args.strength is not None:
        raise InputError("--strength is for a hand: add --hand NAME, or leave --strength out")
    if args.hand is not None and args.bits is not None:
        raise InputError("--bits is for a whole network, and a hand is small: leave --bits out, or --hand")
