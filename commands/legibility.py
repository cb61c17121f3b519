"""legibility: how well what a network writes can be read, against bias."""

import argparse
from typing import Any

from commands.common import (
    add_corpus,
    add_decoding,
    add_out,
    decoding_options,
    loaded,
    output_folder,
    save_numbers,
    save_text,
    splits_of,
)
from commands.write import add_hand, best_of, styles_of
from results.measuring import digit_legibility
from results.measuring.legibility import legibility
from results.reading.decoding import Decoding
from results.roles import load
from results.tables import aligned
from results.writing.writer import Writer
from utils.errors import InputError

TEXTS, DIGITS = 200, 2000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reader", metavar="CHECKPOINT", required=True, help="the recognizer that reads them")
    parser.add_argument("--n", type=int, help="texts, a random sample (default: 200), or digits (2000)")
    parser.add_argument("--bias", type=float, nargs="+", default=[0.0, 0.5, 1.0], help="(default: 0 0.5 1)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same texts and the same lines")
    add_corpus(parser)
    add_hand(parser)
    add_decoding(parser, tuned=True)
    add_out(parser)


def run(args: argparse.Namespace) -> None:
    """Write texts of a split, read them back, print a table; save the numbers, a page of the worst lines, a figure."""
    network = loaded(args, Writer)
    reader: Any = load(args.reader, args.device)
    if reader.can("read characters"):
        n = DIGITS if args.n is None else args.n
        numbers = digit_legibility.digit_legibility(
            network, reader, n=n, biases=args.bias, seed=args.seed, data_dir=args.data_dir
        )
        _print(*digit_legibility.legibility_table(numbers))
        save_numbers(args, numbers, shown=[])
        return
    decoding = Decoding(**decoding_options(args))
    draw, styles = best_of(args, reader, decoding), styles_of(args, network)
    if len(styles) > 1:
        raise InputError("legibility is measured in one --style at a time")
    measured = legibility(
        network,
        reader,
        n=TEXTS if args.n is None else args.n,
        biases=args.bias,
        seed=args.seed,
        corpus=args.corpus,
        splits=splits_of(args, network),
        data_dir=args.data_dir,
        style=styles[0],
        draw=draw,
        decoding=decoding,
    )
    from render.figures.figure import save_figure  # matplotlib takes a second to load
    from results.pages.legibility import legibility_figure, legibility_page, legibility_table, misread_table

    _print(*legibility_table(measured.numbers))
    _print(*misread_table(measured.numbers))
    save_numbers(args, measured.numbers, shown=[])
    out = output_folder(args.out)
    save_text(out / "legibility.html", legibility_page(measured))
    for suffix in (".svg", ".png"):
        save_figure(legibility_figure(measured.numbers), out / f"legibility{suffix}")
        print(out / f"legibility{suffix}")


def _print(header: list[str], rows: list[list[str]]) -> None:
    print(aligned([header, *rows]))
