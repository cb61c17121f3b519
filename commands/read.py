"""read: files of ink as text."""

import argparse
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from commands.common import add_decoding, decoding_argument, loaded, output_folder, save_numbers
from data_loader.cut_lines import cut_page
from data_loader.formats.ink_files import ink_of
from data_loader.formats.read_report import Report
from ink.strokes import InkLine
from model.reading.error_rates import character_edits, plain
from results.reading.lines import LineReading
from results.trained import TrainedModel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=".inkml, .jsonl, .jsonl.gz or .svg")
    parser.add_argument("--explain", action="store_true", help="draw which ink each character came from")
    parser.add_argument("--whole", action="store_true", help="do not cut ink of several lines into lines first")
    add_decoding(parser, tuned=True)
    parser.add_argument(
        "--out", type=Path, help="folder for read.json and the drawings (default: out, for drawings alone)"
    )


def run(args: argparse.Namespace) -> None:
    """Print and save what is read in ink, a row per line; with --explain draw which ink each character came from.

    Ink of several lines is cut into lines first, unless it is to be read as a whole.
    """
    network, report = loaded(args, TrainedModel), Report()
    network.require("read")
    decoding = decoding_argument(args, network)
    pages = ink_of(args.files, report)
    print(*report.summary(), sep="\n", end="\n" if report.summary() else "", file=sys.stderr)
    cut = network.can("read lines") and not args.whole
    lines = [cut_page(page) if cut else [page] for page in pages]
    readings = network.read([line for page_lines in lines for line in page_lines], **decoding)
    print("\n".join([*rows_of(readings), *rows_of_pages(pages, map(len, lines), readings)]))
    if args.out:
        rows = [{"id": read.line.id, "text": read.text, "confidence": read.confidence} for read in readings]
        save_numbers(args, {"n_lines": len(readings), "lines": rows}, shown=[])
    if args.explain:
        from results.figures.explained import save_explained  # matplotlib takes a second to load

        out = output_folder(args.out or Path("out"))
        for number, reading in enumerate(readings, 1):
            print(*save_explained(reading, out / f"reading-{number}"), sep="\n")


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


def rows_of_pages(pages: list[InkLine], counts: Iterable[int], readings: list[LineReading]) -> list[str]:
    """CER and id per page of several lines that has a transcription; `counts` are the pages' lines among `readings`."""
    remaining, rows = iter(readings), []
    for page, count in zip(pages, counts, strict=True):
        text = " ".join(reading.text for reading in islice(remaining, count))
        if count > 1 and page.text:
            cer = character_edits(plain(text), plain(page.text)) / max(1, len(plain(page.text)))
            rows.append(f"CER {100 * cer:5.1f} %  {page.id}, {count} lines")
    return rows
