"""read: files of ink as text."""

import argparse
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from commands.common import (
    add_decoding,
    decoding_argument,
    folder_name,
    loaded,
    output_folder,
    print_made,
    save_numbers,
)
from data_loader.formats.ink_files import ink_of
from data_loader.formats.read_report import Report
from ink.strokes import InkLine
from model.reading.error_rates import character_edits, plain
from results.reading.classifier import require_single_characters
from results.reading.lines import LineReading
from results.reading.page import PageReading, PagesRead, read_pages
from results.reading.reader import Reader
from results.trained import TrainedModel, bundled
from utils.errors import InputError

ALTERNATIVES = 3
"""Other texts of a word's ink that are named."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="files that end in .xopp, .inkml, .svg, .excalidraw, .jsonl or .jsonl.gz",
    )
    parser.add_argument("--json", action="store_true", help="print every line and word with its ink as JSON")
    parser.add_argument("--draw", action="store_true", help="draw each page with what was read to its right")
    parser.add_argument("--explain", action="store_true", help="draw which ink each character came from")
    parser.add_argument("--whole", action="store_true", help="do not cut ink of several lines into lines first")
    add_decoding(parser, tuned=True)
    parser.add_argument(
        *("-o", "--out"), type=folder_name, help="folder for read.json and drawings (default: out, for drawings alone)"
    )


def run(args: argparse.Namespace) -> None:
    """Print and save what is read in ink, a row per line; draw each page with it, or each line with its characters.

    Ink of several lines is cut into lines first, unless it is to be read as a whole. Without a checkpoint the bundled
    reader reads. Files and lines that cannot be read are named, the others are read, and the exit code is then 2.
    """
    args.resume = args.resume or bundled("read lines")
    network, report = loaded(args, TrainedModel), Report()
    network.require("read")
    if isinstance(network, Reader):
        args.spacings = args.spacings or network.spacings
    options: dict[str, Any] = {**decoding_argument(args, network)}
    if network.can("read lines") and (args.json or args.out):
        options["alternatives"] = ALTERNATIVES
    pages, files = _pages_of(args.files, network, report)
    print(*report.summary(), sep="\n", end="\n" if report.summary() else "", file=sys.stderr)
    read = read_pages(network, pages, whole=args.whole, **options)
    for page in read.pages:
        if page.left_out:
            print(f"left out, rules and frames: {page.left_out} ({page.page.id})", file=sys.stderr)
    numbers = {"checkpoint": str(network.path), **read.numbers}
    numbers["pages"] = [page | {"file": str(file)} for page, file in zip(numbers["pages"], files, strict=True)]
    if args.json:
        print(json.dumps(numbers, indent=1, ensure_ascii=False))
    else:
        print("\n".join([*rows_of(read.readings), *rows_of_pages(read.pages)]))
    with contextlib.redirect_stdout(sys.stderr if args.json else sys.stdout):
        if args.out:
            save_numbers(args, numbers, shown=[])
        if args.draw or args.explain:
            _draw(args, read)
    for fault in read.faults:
        print(f"error: {fault}", file=sys.stderr)
    if read.faults or {*files} != {*args.files}:
        raise SystemExit(2)


def _pages_of(paths: list[Path], network: TrainedModel[Any], report: Report) -> tuple[list[InkLine], list[Path]]:
    """Return the pages of all files that can be read, and the file of each; print why others cannot.

    Raises SystemExit where there is none.
    """
    pages: list[InkLine] = []
    files: list[Path] = []
    for path in paths:
        try:
            some = ink_of([path], of_file := Report())
            if network.can("read characters"):
                require_single_characters(network, some)
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            continue
        report.add(of_file)
        pages, files = pages + some, files + [path] * len(some)
    if not pages:
        raise SystemExit(2)
    return pages, files


def _draw(args: argparse.Namespace, read: PagesRead) -> None:
    from results.figures.explained import save_explained, save_page_reading  # matplotlib takes a second to load

    out = output_folder(args.out or Path("out"))
    before = {*out.iterdir()}
    for number, page in enumerate(read.pages if args.draw else [], 1):
        print_made(save_page_reading(page, out / f"page-{number}"), before)
    for number, reading in enumerate(read.readings if args.explain else [], 1):
        print_made(save_explained(reading, out / f"reading-{number}"), before)


def rows_of(readings: list[LineReading]) -> list[str]:
    """Confidence, id and text per line; before the text its CER, where any line has a transcription of its own."""
    widest = max((len(reading.line.id) for reading in readings), default=0)
    transcribed = any(reading.line.text for reading in readings)
    rows = []
    for reading in readings:
        true, text = plain(reading.line.text), plain(reading.text)
        cer = f"CER {100 * character_edits(text, true) / len(true):5.1f} %" if true else ""
        column = f"{cer:11}  " * transcribed
        rows.append(f"{reading.confidence:.2f}  {reading.line.id:{widest}}  {column}{reading.text}")
    return rows


def rows_of_pages(pages: list[PageReading]) -> list[str]:
    """CER and id per page of several lines that has a transcription."""
    rows = []
    for read in pages:
        if len(read.rows) > 1 and read.page.text:
            true, text = plain(read.page.text), plain(" ".join(read.text.split("\n")))
            cer = character_edits(text, true) / max(1, len(true))
            rows.append(f"CER {100 * cer:5.1f} %  {read.page.id}, {len(read.rows)} lines")
    return rows
