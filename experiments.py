"""The command line of trained networks: they write a text, or freely, read ink, and are measured and shown.

from experiments import load
load("saved/pretrained/conditional.pt").write("good morning", bias=0.5).save("morning.svg")
readings = load("saved/pretrained/recognition.pt").read(lines)
"""

if __name__ == "__main__":
    from utils.packages import end_at_interrupt, require_packages

    end_at_interrupt()
    require_packages()

import argparse

from commands import COMMANDS
from commands.common import add_network, require_place
from results import evaluate, load, read, write
from utils.command_line import Parser
from utils.errors import one_line_errors
from utils.version import add_version

__all__ = ["evaluate", "load", "read", "write"]


def parse_arguments() -> argparse.Namespace:
    """The command line; without a subcommand the network shows what it does: it writes."""
    parser = Parser(
        description="Write, read and measure with a trained network. SUBCOMMAND --help says more. Without a subcommand "
        "the network shows what it does: it writes.",
        example='python experiments.py write "good morning" --bias 1',
    )
    add_network(parser, default=None)
    add_version(parser)
    commands = parser.add_subparsers(dest="command", title="subcommands", metavar="SUBCOMMAND")
    for name, command in COMMANDS.items():
        example = f"python experiments.py {name} {command.example}"
        about = f"{command.help[0].upper()}{command.help[1:]}.".replace("%%", "%")
        subparser = commands.add_parser(name, help=command.help, description=about, example=example)
        command.module.add_arguments(subparser)
        add_network(subparser)
    args = parser.parse_args()
    first = args.command is None
    if first:
        options = ["-r", args.resume] if args.resume is not None else []
        args = parser.parse_args([*options, "--device", args.device, "write"])
    args.first = first
    return args


@one_line_errors
def main() -> None:
    args = parse_arguments()
    if getattr(args, "out", None):
        require_place(args.out)
    COMMANDS[args.command].module.run(args)


if __name__ == "__main__":
    main()
