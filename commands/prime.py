"""prime: a text in the handwriting of real lines."""

import argparse

from commands.figures import Shown, add_several, add_styles, draw
from results.writing.styles import load_style
from results.writing.writer import Writer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_styles(parser, "+")
    add_several(parser, [0.5, 1.0])


def run(args: argparse.Namespace) -> None:
    """Draw real lines, and under each a text in its handwriting at several biases."""

    def show(network: Writer) -> Shown:
        styles = [load_style(network, sample, args.data_dir) for sample in args.style]
        from results.figures.bias_and_style import prime  # matplotlib takes a second to load

        return prime(network, args.text, styles, biases=args.bias, seed=args.seed)

    draw(args, show)
