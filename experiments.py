"""What a trained checkpoint can do: write a text, or freely; read ink; measure and show itself.

from experiments import load, read, write
writing = write(load("saved/pretrained/conditional.pt"), "any text", bias=0.5)
readings = read(load("saved/models/recognition/..."), lines)
"""

import argparse

from commands import COMMANDS
from results import load, read, write
from results.measuring.likelihood import evaluate
from utils.errors import one_line_errors

__all__ = ["evaluate", "load", "read", "write"]


def parse_arguments() -> argparse.Namespace:
    """The command line; without a subcommand the network shows what it does: it writes."""
    parser = argparse.ArgumentParser(description="What a trained checkpoint can do.")
    parser.add_argument("-r", "--resume", metavar="CHECKPOINT", help="checkpoint, or run directory")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    commands = parser.add_subparsers(dest="command")
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=command.help))
    args = parser.parse_args()
    first = args.command is None
    if first:
        options = ["-r", args.resume] if args.resume else []
        args = parser.parse_args([*options, "--device", args.device, "write"])
    args.first = first
    return args


@one_line_errors
def main() -> None:
    args = parse_arguments()
    COMMANDS[args.command].run(args)


if __name__ == "__main__":
    main()
