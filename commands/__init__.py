"""The subcommands of experiments.py, one file each: its arguments, and what it does."""

import argparse
from collections.abc import Callable
from typing import NamedTuple

from commands import (
    animate,
    bias_sweep,
    compare,
    density,
    evaluate,
    export,
    interpolate,
    legibility,
    prime,
    read,
    report,
    tune,
    window,
    write,
)


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
    "legibility": Command(
        "how well a recognizer reads what is written, beside real lines", legibility.add_arguments, legibility.run
    ),
    "window": Command("figure: where it looks in its text while it writes", window.add_arguments, window.run),
    "density": Command("figure: where it expects each next point", density.add_arguments, density.run),
    "bias-sweep": Command("figure: a text at several biases", bias_sweep.add_arguments, bias_sweep.run),
    "prime": Command("figure: a text in the hands of real lines", prime.add_arguments, prime.run),
    "interpolate": Command("figure: a text in hands between two real ones", interpolate.add_arguments, interpolate.run),
    "animate": Command("the pen at work, as GIF and SVG", animate.add_arguments, animate.run),
    "report": Command("all about a run on one web page", report.add_arguments, report.run),
    "compare": Command("runs side by side on one web page", compare.add_arguments, compare.run),
    "tune": Command("which say a language model should have, on a split to validate on", tune.add_arguments, tune.run),
    "export": Command("weights alone, to be shipped or to begin a new run from", export.add_arguments, export.run),
}
