"""animate: the pen at work."""

import argparse
from pathlib import Path

from commands.common import add_out, add_sampling, loaded, output_folder, print_made, save_numbers
from commands.paper import add_paper, paper_of, pen_of
from results.writing.animation import require_speed, save_animation
from results.writing.writer import Writer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="?", help=r"what to write; \n begins a new line")
    parser.add_argument("--speed", type=float, default=1.0, help="2 is twice as fast as a person (default: 1)")
    add_sampling(parser)
    add_paper(parser)
    add_out(parser)


def run(args: argparse.Namespace) -> None:
    """Write a text, and save the pen at work as GIF and as an SVG that plays in a browser."""
    require_speed(args.speed)
    paper, pen = paper_of(args), pen_of(args)
    network = loaded(args, Writer)
    length = paper.chars_per_line(network.chars_per_line) if network.reads_text else None
    text = None if args.text is None else args.text.replace("\\n", "\n")
    writing = network.write(text, bias=args.bias, seed=args.seed, chars_per_line=length)
    out = output_folder(args.out)
    before = {*out.iterdir()}
    pages = save_animation(writing.pages(paper), out / "animate", speed=args.speed, pen=pen)
    for page in pages:
        print_made(map(Path, page["files"]), before)
    save_numbers(args, {"checkpoint": str(network.path), "stopped_by_itself": writing.stopped, "pages": pages})
