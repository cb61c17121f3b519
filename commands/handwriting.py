"""The text that `write` and `animate` are given, its handwriting, and the choice among several writings of a line."""

import argparse
from pathlib import Path
from typing import get_args

from results.reading.decoding import Decoding
from results.reading.embedder import Embedder
from results.reading.reader import Reader
from results.roles import load_as
from results.trained import bundled
from results.writing.best_of import BestOf
from results.writing.lines import Style
from results.writing.styles import load_style
from results.writing.writer import Hands, Writer
from utils.errors import InputError


def add_text(parser: argparse.ArgumentParser) -> None:
    """Add the text, the handwriting that it is written in, and the choice among several writings of it."""
    parser.add_argument("text", nargs="?", help=r"what to write, or - for standard input; \n begins a new line")
    parser.add_argument("--file", metavar="FILE", help="write the text of a file, - for standard input")
    parser.add_argument(
        "--reflow",
        action="store_true",
        help="the text was broken at some width: write its paragraphs without these line breaks",
    )
    parser.add_argument(
        "--substitute", action="store_true", help="write what looks alike for characters that it cannot write"
    )
    add_hand(parser)
    parser.add_argument(
        "--hands",
        choices=get_args(Hands),
        help="without --style: one handwriting for all lines, or another one for each (one; without -r it is the "
        "bundled style that the seed picks)",
    )
    parser.add_argument(
        "--hand",
        type=Path,
        metavar="FILE",
        help="write in the handwriting that a file holds, see docs/my-hand.md",
    )
    parser.add_argument(
        "--reader", metavar="CHECKPOINT", help="the network that reads, for --best-of (default: the bundled one)"
    )
    parser.add_argument(
        "--data-dir", type=Path, default=Path("data"), help="folder of the prepared corpora (default: data)"
    )


def add_hand(parser: argparse.ArgumentParser) -> None:
    """Add the style that lines are written in, and the number of candidates of which the best is kept."""
    parser.add_argument(
        "--style",
        nargs="+",
        action="extend",
        default=[],
        metavar="SAMPLE",
        help="whose handwriting: a bundled style (1 to 12, free-1 to free-12), CORPUS:LINE_ID, or ink with its text; "
        "may be several",
    )
    parser.add_argument(
        "--best-of", type=int, metavar="K", help="write each line K times at once, word by word the most legible"
    )
    parser.add_argument(
        "--alike", action="store_true", help="with --best-of: of those read alike, keep the one most like the style"
    )


def styles_of(args: argparse.Namespace, network: Writer) -> list[Style | None]:
    """The styles that are named, or none."""
    return [load_style(network, sample, args.data_dir) for sample in args.style] or [None]


def best_of(args: argparse.Namespace, network: Writer, reader: Reader | None, decoding: Decoding) -> BestOf | None:
    """The choice among several writings of each line, by `reader` or the bundled one, if the command line asks for it.

    Raises InputError where --alike has nothing to choose from, or no style to compare with.
    """
    if args.best_of is None:
        if args.alike:
            raise InputError("--alike chooses among several writings: add --best-of K")
        return None
    if args.alike and not (args.style or network.own_line):
        raise InputError("--alike compares with a style: add --style, or leave --alike out")
    reader = reader or load_as(Reader, bundled("read lines"), args.device)
    embedder = load_as(Embedder, bundled("compare handwriting"), args.device) if args.alike else None
    return BestOf(reader, args.best_of, decoding, embedder)
