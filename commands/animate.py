"""animate: the pen at work."""

import argparse
from pathlib import Path

from commands.common import add_out, add_sampling, output_folder, print_made, save_numbers
from commands.handwriting import add_text
from commands.paper import add_paper, left_over, paper_of, pen_of
from commands.write import name_capped, name_choices, write_copies
from results.writing.animation import require_speed, save_animation
from results.writing.lines import require_sane
from utils.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_text(parser)
    parser.add_argument("--speed", type=float, default=1.0, help="2 is twice as fast as a person (default: 1)")
    add_sampling(parser)
    add_paper(parser)
    add_out(parser)


def run(args: argparse.Namespace) -> None:
    """Write a text as `write` does, and save the pen at work as GIF and as an SVG that plays in a browser."""
    require_speed(args.speed)
    require_sane(args.bias, args.seed)
    paper, pen = paper_of(args), pen_of(args)
    if len(args.style) > 1:
        raise InputError("the pen is shown at work in one --style")
    network, (writing,), draw = write_copies(args, args.bias)
    out = output_folder(args.out)
    before = {*out.iterdir()}
    pages = save_animation(writing.pages(paper), out / "animate", speed=args.speed, pen=pen)
    for page in pages:
        print_made(map(Path, page["files"]), before)
    made = [Path(file) for page in pages for file in page["files"]]
    for path in left_over(out / "animate", (".gif", ".svg"), made, before):
        print(f"{path}: of an earlier writing, left as it was")
    name_capped(writing, args.seed)
    choices = name_choices(draw) if draw else {}
    numbers = {"checkpoint": str(network.path), "stopped_by_itself": writing.stopped, "pages": pages}
    save_numbers(args, numbers | choices)
