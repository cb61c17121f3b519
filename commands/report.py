"""report: all about a run on one page."""

import argparse
import shlex
import sys

from commands.common import add_corpus, add_out, loaded, output_folder, save_numbers, save_text
from results.pages.measured_sections import LineSample
from results.pages.report import ReportOptions, report
from results.roles import load
from results.runs.run import run_of
from results.trained import TrainedModel
from utils.arguments import seed_number
from utils.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--text", help="what the network writes on the page (default: a short sentence)")
    parser.add_argument(
        "--seed", type=seed_number, default=1, help="the same seed gives the same writing and the same random lines (1)"
    )
    parser.add_argument("--lines", type=int, default=200, help="how many random lines to measure on (200)")
    parser.add_argument("--all", action="store_true", help="measure on all lines of the splits")
    parser.add_argument(
        "--reader", metavar="CHECKPOINT", help="a network that reads: judges how legibly this one writes"
    )
    add_corpus(parser)
    add_out(parser)


def run(args: argparse.Namespace) -> None:
    """Write report.html, which opens without a network, and report.json with its numbers."""
    if args.lines < 1:
        raise InputError(f"--lines is {args.lines}; it must be 1 or more")
    opened = run_of(loaded(args, TrainedModel))
    sample = LineSample(
        args.corpus or opened.network.corpus,
        args.split,
        args.data_dir,
        None if args.all else args.lines,
        args.seed,
    )
    numbers, page = report(
        opened,
        ReportOptions(
            text=args.text,
            seed=args.seed,
            sample=sample,
            required=args.corpus is not None or args.split is not None,
            reader=load(args.reader, args.device) if args.reader else None,
            made_by=shlex.join(["python", "experiments.py", *sys.argv[1:]]),
        ),
    )
    save_text(output_folder(args.out) / "report.html", page)
    save_numbers(args, numbers, shown=[name for name, value in numbers.items() if isinstance(value, int | float | str)])
