"""window: the part of its text that the network attends to while it writes a line."""

import argparse

from commands.figures import Shown, add_subject, draw, subject
from results.writing.writer import Writer

add_arguments = add_subject


def run(args: argparse.Namespace) -> None:
    """Draw the window's heat map next to the line, and save how it moved."""

    def show(network: Writer) -> Shown:
        trace = subject(args, network)
        from results.figures.window_and_density import window  # matplotlib takes a second to load

        return window(trace)

    draw(args, show)
