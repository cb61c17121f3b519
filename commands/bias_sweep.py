"""bias-sweep: one text at several biases."""

import argparse

from commands.figures import Shown, add_several, draw
from results.writing.writer import Writer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--n", type=int, default=2, help="how many times at each bias (default: 2)")
    add_several(parser, [0.0, 0.5, 1.0, 2.0])


def run(args: argparse.Namespace) -> None:
    """Draw a text written at several biases, a bias below the other."""

    def show(network: Writer) -> Shown:
        from results.figures.bias_and_style import bias_sweep  # matplotlib takes a second to load

        return bias_sweep(network, args.text, biases=args.bias, seed=args.seed, n=args.n)

    draw(args, show)
