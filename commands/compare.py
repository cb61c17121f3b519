"""compare: runs side by side."""

import argparse
from typing import Any

from commands.common import add_out, add_sampling, output_folder, save_numbers, save_text
from results.pages.comparison import compare
from results.roles import load
from results.runs.run import run_of
from utils.errors import InputError
from utils.progress import progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", metavar="RUN", help="run directories or checkpoints")
    parser.add_argument("--text", help="what each writes (default: a short sentence)")
    add_sampling(parser)
    add_out(parser)


def run(args: argparse.Namespace) -> None:
    """Print a table; write compare.html, which opens without a network, and compare.json with the numbers."""
    if args.resume:
        raise InputError("compare takes its runs one after the other: leave -r out")
    runs = [run_of(load(path, args.device)) for path in progress(args.runs, len(args.runs), "opening", "run")]
    numbers, page = compare(runs, text=args.text, bias=args.bias, seed=args.seed)
    print("\n".join(_rows(numbers["runs"])))
    save_text(output_folder(args.out) / "compare.html", page)
    save_numbers(args, numbers, shown=[])


def _rows(runs: list[dict[str, Any]]) -> list[str]:
    """A column for each run, a row for each of the numbers that one has."""
    keys = dict.fromkeys(key for one in runs for key, value in one.items() if isinstance(value, int | float | str))
    columns = [[key.replace("_", " ") for key in keys if key != "checkpoint"]]
    columns += [[_short(one.get(key)) for key in keys if key != "checkpoint"] for one in runs]
    widths = [max(map(len, column)) for column in columns]
    rows = zip(*columns, strict=True)
    return ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]


def _short(value: Any) -> str:
    return "" if value is None else f"{value:,.4f}" if isinstance(value, float) else str(value)
