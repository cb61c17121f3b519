"""alike: how often what is written in a writer's style is taken for that writer's, compared with real lines."""

import argparse

from commands.common import add_corpus, add_out, add_sampling, loaded, save_numbers
from results.measuring import likeness
from results.reading.embedder import Embedder
from results.roles import load_as
from results.tables import aligned
from results.trained import bundled
from results.writing.writer import Writer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--embedder", metavar="CHECKPOINT", help="the network that tells handwriting apart (default: the bundled one)"
    )
    parser.add_argument("--n", type=int, default=likeness.JUDGED, help="lines to judge of each writer (%(default)s)")
    parser.add_argument("--writers", type=int, default=likeness.WRITERS, help="writers to tell apart (%(default)s)")
    add_corpus(parser)
    add_sampling(parser, bias=1.0)
    add_out(parser)


def run(args: argparse.Namespace) -> None:
    """Write lines in the style of writers of a split, and print who they are taken for; save the numbers."""
    network = loaded(args, Writer)
    network.require("write lines")
    embedder = load_as(Embedder, args.embedder or bundled("compare handwriting"), args.device)
    corpus = args.corpus or network.corpus
    lines = likeness.writers_apart(
        corpus,
        args.split,
        writers=args.writers,
        judged=args.n,
        seed=args.seed,
        data_dir=args.data_dir,
        alphabet=network.alphabet.characters,
    )
    options = {"bias": args.bias, "seed": args.seed, "same_units": corpus == network.corpus}
    numbers = likeness.likeness(embedder, network, lines, **options)
    rows = [
        [name, *(f"{shares[kind]:.0%}" for kind in ("real", "written"))]
        for name, shares in numbers["by_writer"].items()
    ]
    total = ["all", f"{numbers['rate_real']:.1%}", f"{numbers['rate_written']:.1%}"]
    print(aligned([["writer", "real lines", "written lines"], *rows, total]))
    print(f"written lines are given to their writer {numbers['ratio']:.2f} times as often as real ones")
    save_numbers(args, numbers, shown=[])
