"""Arguments and steps of the subcommands that draw a figure: the line that it shows, and the files to save."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.common import add_out, loaded, save_figures, save_numbers
from data_loader.prepare import corpus_line
from results.figures.trace import Trace, followed, written
from results.writing.writer import Writer
from utils.arguments import seed_number
from utils.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure  # which takes a second to load

BIAS, SEED = 0.5, 1
Shown = tuple["Figure", dict[str, Any]]


def add_subject(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name one line: a text to be written, or a real line."""
    parser.add_argument("text", nargs="?", help="what the network is to write, one line")
    parser.add_argument("--bias", type=float, help=f"0 as varied as the data, higher more regular ({BIAS:g})")
    parser.add_argument("--seed", type=seed_number, help=f"the same seed gives the same line ({SEED})")
    parser.add_argument("--line", metavar="ID", help="instead of writing: this real line of a corpus, with its text")
    parser.add_argument("--corpus", help="prepared corpus of --line (default: the one it was trained on)")
    parser.add_argument(
        "--data-dir", type=Path, default=Path("data"), help="folder of the prepared corpora (default: data)"
    )
    add_out(parser)


def subject(args: argparse.Namespace, network: Writer) -> Trace:
    """The line that is named, as the network follows it; args.bias and args.seed are then those it was written with.

    Raises InputError where it is named in two ways.
    """
    if args.line is None:
        if args.corpus is not None:
            raise InputError("--corpus names the corpus of --line ID, which is not there")
        args.bias = BIAS if args.bias is None else args.bias
        args.seed = SEED if args.seed is None else args.seed
        return written(network, args.text, bias=args.bias, seed=args.seed)
    if (args.text, args.bias, args.seed) != (None, None, None):
        raise InputError("--line is a real line; leave out the text, --bias and --seed, which are for writing")
    return followed(network, corpus_line(args.corpus or network.corpus, args.line, args.data_dir))


def add_several(parser: argparse.ArgumentParser, biases: list[float]) -> None:
    """Add the text, the biases and the seed of several writings of one text."""
    parser.add_argument("text", nargs="?", help="what to write, one line; none where the network writes freely")
    shown = " ".join(f"{bias:g}" for bias in biases)
    parser.add_argument(
        "--bias",
        type=float,
        nargs="+",
        default=biases,
        help=f"0 as varied as the data, higher more regular (default: {shown})",
    )
    parser.add_argument("--seed", type=seed_number, default=SEED, help="the same seed gives the same lines (1)")
    add_out(parser)


def add_styles(parser: argparse.ArgumentParser, count: str | int) -> None:
    """Add the real lines in whose handwriting to write."""
    parser.add_argument(
        "--style",
        nargs=count,
        required=True,
        metavar="SAMPLE",
        help="whose handwriting: a bundled style (1 to 12, free-1 to free-12), CORPUS:LINE_ID, or a file of ink with "
        "its text",
    )
    parser.add_argument(
        "--data-dir", type=Path, default=Path("data"), help="folder of the prepared corpora (default: data)"
    )


def draw(args: argparse.Namespace, show: Callable[[Writer], Shown]) -> None:
    """Save what `show` makes of the network as SVG, PDF and PNG, and its numbers as JSON."""
    network = loaded(args, Writer)
    figure, numbers = show(network)
    save_figures(args, figure, (".svg", ".pdf", ".png"))
    save_numbers(args, {"checkpoint": str(network.path), **numbers})
