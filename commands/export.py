"""export: weights alone, to be shipped or to begin a new run from."""

import argparse
from pathlib import Path

from commands.common import loaded
from utils.checkpoint import save_checkpoint
from utils.files import file_hash


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path)
    parser.add_argument("--half", action="store_true", help="in half precision, half the size")


def run(args: argparse.Namespace) -> None:
    """Write what is needed to use the network and nothing else: no optimizer, no training state."""
    network = loaded(args)
    weights = network.model.state_dict()
    if args.half:
        weights = {name: tensor.half() for name, tensor in weights.items()}
    network.config["trainer"].pop("save_dir", None)  # of this machine, and of no use on another
    save_checkpoint(args.file, {"config": network.config, "facts": network.facts, "model": weights})
    print(f"{args.file}: {args.file.stat().st_size / 1e6:.1f} MB, sha256 {file_hash(args.file)}")
