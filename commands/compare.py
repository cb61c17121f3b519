"""compare: runs side by side."""

import argparse
from typing import Any

from commands.common import add_out, add_sampling, cell, output_folder, save_numbers, save_text
from results.pages.comparison import compare
from results.roles import load
from results.runs.run import run_of
from results.tables import aligned
from utils.errors import InputError
from utils.progress import progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="runs, folders of runs (the newest of each), or checkpoints"
    )
    parser.add_argument("--text", help="what each writes (default: a short sentence)")
    add_sampling(parser)
    add_out(parser)


def run(args: argparse.Namespace) -> None:
    """Print a table; write compare.html, which opens without a network, and compare.json with the numbers."""
    if args.resume:
        raise InputError("compare takes its runs one after the other: leave -r out")
    runs = [run_of(load(path, args.device)) for path in progress(args.runs, len(args.runs), "opening", "run")]
    numbers, page = compare(runs, text=args.text, bias=args.bias, seed=args.seed)
    print(aligned(_rows(numbers["runs"])))
    save_text(output_folder(args.out) / "compare.html", page)
    save_numbers(args, numbers, shown=[])


def _rows(runs: list[dict[str, Any]]) -> list[list[str]]:
    """A column per run, a row for each number that any of them has."""
    keys = dict.fromkeys(key for run in runs for key, value in run.items() if isinstance(value, int | float | str))
    return [[key.replace("_", " "), *(cell(run.get(key)) for run in runs)] for key in keys if key != "checkpoint"]
