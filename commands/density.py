"""density: where the network expects each next point of a line."""

import argparse

from commands.figures import Shown, add_subject, draw, subject
from results.writing.writer import Writer

add_arguments = add_subject


def run(args: argparse.Namespace) -> None:
    """Draw the predicted densities, the pen lifts and the components' weights along a line."""

    def show(network: Writer) -> Shown:
        trace = subject(args, network)
        from results.figures.window_and_density import density  # matplotlib takes a second to load

        return density(trace, bias=args.bias or 0.0)

    draw(args, show)
