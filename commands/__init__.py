"""The subcommands of experiments.py, one file each: its arguments, and what it does."""

import argparse
from collections.abc import Callable
from typing import NamedTuple

from commands import evaluate, export, read, tune, write


class Command(NamedTuple):
    """A line of help, what adds the arguments to a parser, and what is done with them."""

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]


COMMANDS = {
    "write": Command("write a text, or freely, as SVG and PNG", write.add_arguments, write.run),
    "read": Command("read ink: InkML, jsonl or SVG", read.add_arguments, read.run),
    "evaluate": Command(
        "error rates of a reader, nats per line of a writer, on a split", evaluate.add_arguments, evaluate.run
    ),
    "tune": Command("which say a language model should have, on a split to validate on", tune.add_arguments, tune.run),
    "export": Command("weights alone, to be shipped or to begin a new run from", export.add_arguments, export.run),
}
