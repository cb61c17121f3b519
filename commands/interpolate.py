"""interpolate: a text in handwriting between that of two real lines."""

import argparse

from commands.common import add_out, add_sampling
from commands.figures import Shown, add_styles, draw
from results.writing.styles import load_style
from results.writing.writer import Writer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="?", help="what to write, one line; none where the network writes freely")
    parser.add_argument("--steps", type=int, default=5, help="lines from the first style to the second (default: 5)")
    add_styles(parser, 2)
    add_sampling(parser, bias=0.75)
    add_out(parser)


def run(args: argparse.Namespace) -> None:
    """Draw a text in handwriting that goes from that of one real line to that of another."""

    def show(network: Writer) -> Shown:
        first, last = (load_style(network, sample, args.data_dir) for sample in args.style)
        from results.figures.bias_and_style import interpolate  # matplotlib takes a second to load

        return interpolate(network, args.text, (first, last), steps=args.steps, bias=args.bias, seed=args.seed)

    draw(args, show)
