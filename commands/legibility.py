"""legibility: how well what a network writes can be read, against bias or by kind of text."""

import argparse
from typing import Any

from commands.common import (
    add_corpus,
    add_decoding,
    add_out,
    decoding_options,
    loaded,
    output_folder,
    save_figures,
    save_numbers,
    save_text,
    splits_of,
)
from commands.handwriting import add_hand, best_of, styles_of
from results.measuring import digit_legibility
from results.measuring.by_kind import legibility_by_kind
from results.measuring.judged import Trial
from results.measuring.legibility import legibility
from results.measuring.texts import KINDS
from results.reading.decoding import Decoding
from results.roles import load
from results.tables import aligned
from results.trained import bundled
from results.writing.writer import Writer
from utils.arguments import seed_number
from utils.errors import InputError

TEXTS, TEXTS_PER_KIND, DIGITS = 200, 100, 2000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--reader", metavar="CHECKPOINT", help="the network that reads them (default: the bundled reader)"
    )
    parser.add_argument(
        "--kinds",
        nargs="*",
        choices=list(KINDS),
        metavar="KIND",
        help=f"write texts of kinds, all or some of {', '.join(KINDS)}, instead of a split's; --corpus adds real lines",
    )
    parser.add_argument("--n", type=int, help="how many texts (200; of each kind 100; digits 2000)")
    parser.add_argument(
        "--bias", type=float, nargs="+", help="0 as varied as the data, higher more regular (0 0.5 1; with --kinds 1)"
    )
    parser.add_argument(
        "--seed", type=seed_number, default=1, help="the same seed gives the same texts and the same lines (1)"
    )
    add_corpus(parser)
    add_hand(parser)
    add_decoding(parser, tuned=True)
    add_out(parser)


def run(args: argparse.Namespace) -> None:
    """Write texts of a split, read them back, print a table; save the numbers, a page of the worst lines, a figure."""
    network = loaded(args, Writer)
    args.reader = args.reader or bundled("read characters" if network.can("write characters") else "read lines")
    args.bias = args.bias or ([0.0, 0.5, 1.0] if args.kinds is None else [1.0])
    reader: Any = load(args.reader, args.device)
    if reader.can("read characters"):
        others = ("kinds", "style", "best_of", "alike", "beam", "lm")
        unused = [name for name in others if getattr(args, name) not in (None, False, [])]
        if unused:
            named = ", ".join("--" + name.replace("_", "-") for name in unused)
            raise InputError(f"{args.reader}: reads single characters, for which there is no {named}; leave it out")
        numbers = digit_legibility.digit_legibility(
            network,
            reader,
            n=DIGITS if args.n is None else args.n,
            biases=args.bias,
            seed=args.seed,
            corpus=args.corpus,
            splits=args.split,
            data_dir=args.data_dir,
        )
        _print(*digit_legibility.legibility_table(numbers))
        save_numbers(args, numbers, shown=[])
        return
    decoding = Decoding(**decoding_options(args))
    draw, styles = best_of(args, network, reader, decoding) or Writer.draw_lines, styles_of(args, network)
    if len(styles) > 1:
        raise InputError("legibility is measured in one --style at a time")
    trial = Trial(network, reader, styles[0], draw, decoding)
    options = {"biases": args.bias, "seed": args.seed, "corpus": args.corpus, "data_dir": args.data_dir}
    if args.kinds is None:
        _by_bias(args, trial, options)
    else:
        _by_kind(args, trial, options)


def _by_bias(args: argparse.Namespace, trial: Trial, options: dict[str, Any]) -> None:
    n = TEXTS if args.n is None else args.n
    measured = legibility(trial, n=n, splits=splits_of(args, trial.writer), **options)
    from results.pages.legibility import (  # matplotlib takes a second to load
        legibility_figure,
        legibility_page,
        legibility_table,
        misread_table,
    )

    print(f"judged by {trial.reader.path}")
    _print(*legibility_table(measured.numbers))
    _print(*misread_table(measured.numbers))
    save_numbers(args, measured.numbers, shown=[])
    save_text(output_folder(args.out) / "legibility.html", legibility_page(measured))
    save_figures(args, legibility_figure(measured.numbers))


def _by_kind(args: argparse.Namespace, trial: Trial, options: dict[str, Any]) -> None:
    n = TEXTS_PER_KIND if args.n is None else args.n
    measured = legibility_by_kind(trial, args.kinds, n=n, splits=args.split, **options)
    from results.pages.by_kind import by_kind_page, ends_table, kinds_table, remarks  # which loads matplotlib

    print(*remarks(measured.numbers), sep="\n")
    _print(*kinds_table(measured.numbers))
    _print(*ends_table(measured.numbers))
    save_numbers(args, measured.numbers, shown=[])
    save_text(output_folder(args.out) / "legibility.html", by_kind_page(measured))


def _print(header: list[str], rows: list[list[str]]) -> None:
    print(aligned([header, *rows]))
