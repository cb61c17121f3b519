"""characters: each character that a network writes, in words where people put it, and how often it is read."""

import argparse
from pathlib import Path

from commands.common import add_out, add_sampling, file_name, loaded, save_figures, save_numbers
from commands.handwriting import add_hand, best_of, styles_of
from results.measuring.by_kind import unknown_remarks
from results.measuring.characters import ENOUGH, characters, save_read_right
from results.reading.decoding import GREEDY
from results.reading.reader import Reader
from results.roles import load_as
from results.tables import aligned
from results.trained import bundled
from results.writing.writer import Writer
from utils.errors import InputError

MISREADINGS = 4
"""Readings of a misread character that are printed, at most."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--reader", metavar="CHECKPOINT", help="the network that reads them (default: the bundled reader)"
    )
    parser.add_argument("--n", type=int, default=20, help="how many texts to write for each character (20)")
    add_sampling(parser, bias=1.0)
    parser.add_argument(
        "--drawn", action="store_true", help="draw the signs that `write` draws because the network hardly knows them"
    )
    parser.add_argument(
        "--save-to",
        type=file_name,
        metavar="NEW.pt",
        help="write the network with the rates as facts; `write` then names characters that are seldom read right",
    )
    add_hand(parser)
    parser.add_argument(
        "--data-dir", type=Path, default=Path("data"), help="folder of the prepared corpora (default: data)"
    )
    add_out(parser)


def run(args: argparse.Namespace) -> None:
    """Write texts for every character, read them, print a table; save the numbers, and a sheet as SVG and PNG."""
    if args.drawn and args.save_to:
        raise InputError("--save-to keeps how the network itself writes; leave --drawn out")
    network = loaded(args, Writer)
    args.reader = args.reader or bundled("read lines")
    reader = load_as(Reader, args.reader, args.device)
    styles = styles_of(args, network)
    if len(styles) > 1:
        raise InputError("characters are judged in one --style at a time")
    draw = best_of(args, network, reader, GREEDY)
    given = {"n": args.n, "bias": args.bias, "seed": args.seed, "style": styles[0], "draw": draw}
    judged = characters(network, reader, **given, is_finished=args.drawn)
    from results.figures.characters import characters_figure  # matplotlib takes a second to load

    print(f"Written by {network.path}, judged by {reader.path}.", *unknown_remarks(judged.numbers), sep="\n")
    counts = judged.numbers["characters"]
    if args.drawn:
        print(f"Drawn: {' '.join(judged.numbers['drawn']) or 'none'}")
    rows = [[name, f"{part['right']} of {part['tried']}", _misread(part["read_as"])] for name, part in counts.items()]
    print(aligned([["character", "right", "read as"], *rows]))
    enough = sum(part["right"] >= ENOUGH * part["tried"] for part in counts.values())
    print(f"{enough} of {len(counts)} characters are right in {100 * ENOUGH:.0f} % of their texts or more")
    save_numbers(args, judged.numbers, shown=[])
    if args.save_to:
        save_read_right(network, args.save_to, judged.numbers)
        print(args.save_to)
    save_figures(args, characters_figure(judged))


def _misread(read_as: dict[str, int]) -> str:
    """Return what a character was read as most often."""
    names = {"": "nothing", " ": "space"}
    return ", ".join(f"{names.get(text, text)} {count}" for text, count in list(read_as.items())[:MISREADINGS])
