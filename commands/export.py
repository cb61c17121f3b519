"""export: weights alone, to publish or to begin a new run from; of a hand what it changed alone."""

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from commands.common import loaded
from results.roles import load
from results.trained import TrainedModel
from trainer.hand import LINES_FOR_ALL, save_hand
from utils.checkpoint import save_checkpoint
from utils.errors import InputError
from utils.files import file_hash
from utils.rounded_weights import rounded
from utils.run_folders import without_folders

MEASURED = ("calibration", "read_right")
"""Facts that were measured of the weights of a network; its mean with another has none."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="the file to write, ending in .pt")
    parser.add_argument(
        "--bits",
        type=int,
        choices=(8, 16, 32),
        help="bits per weight (32); 8 makes the file a quarter as large",
    )
    parser.add_argument(
        "--mean-with",
        type=Path,
        metavar="CHECKPOINT",
        help="write the mean of the weights and of those of another run of the same network",
    )
    parser.add_argument(
        "--share", type=float, metavar="S", help="with --mean-with: how much of the mean is the network's own (0.5)"
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
    weights, facts = network.model.state_dict(), network.facts
    if args.mean_with is not None:
        weights = _mean(network, load(args.mean_with, args.device), 0.5 if args.share is None else args.share)
        facts = {name: fact for name, fact in facts.items() if name not in MEASURED}
    args.file.parent.mkdir(parents=True, exist_ok=True)
    content = {"config": without_folders(network.config), "facts": facts, "model": weights}
    if args.bits == 8:
        content["model"], content["scales"] = rounded(weights)
    elif args.bits == 16:
        content["model"] = {name: tensor.half() for name, tensor in weights.items()}
    save_checkpoint(args.file, content)
    print(f"{args.file}: {args.file.stat().st_size / 1e6:.1f} MB, sha256 {file_hash(args.file)}{note}")


def _mean(network: TrainedModel[Any], other: TrainedModel[Any], share: float) -> dict[str, Tensor]:
    """Return the mean of the weights of two runs, of which `share` is the first's.

    Raises InputError where the runs are not of one network and one unit of ink.
    """
    own, others = network.model.state_dict(), other.model.state_dict()
    same = {
        "weights": [{name: weight.shape for name, weight in weights.items()} for weights in (own, others)],
        **{fact: [network.facts[fact], other.facts[fact]] for fact in ("alphabet", "std")},
    }
    differ = [name for name, (first, second) in same.items() if first != second]
    if differ:
        raise InputError(f"{other.path}: other {differ[0]} than {network.path} has; a mean is of runs of one network")
    return {
        name: torch.lerp(others[name], weight, share) if weight.is_floating_point() else weight
        for name, weight in own.items()
    }


def _require_fitting(args: argparse.Namespace) -> None:
    """Raise InputError where the file is not named as a checkpoint, or an option is for another kind of file."""
    if args.file.suffix != ".pt":
        raise InputError(f"{args.file}: a checkpoint is made; give it a name that ends in .pt")
    if args.hand is None and args.strength is not None:
        raise InputError("--strength is for a hand: add --hand NAME, or leave --strength out")
    if args.hand is not None and args.bits is not None:
        raise InputError("--bits is for a whole network, and a hand is small: leave --bits out, or --hand")
    if args.hand is not None and args.mean_with is not None:
        raise InputError("--mean-with is for a whole network: leave it out, or --hand")
    if args.share is not None and args.mean_with is None:
        raise InputError("--share is for a mean: add --mean-with CHECKPOINT, or leave --share out")
    if args.share is not None and not 0 <= args.share <= 1:
        raise InputError(f"--share is {args.share:g}; it must be from 0 to 1")
