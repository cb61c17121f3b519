"""calibrate: confidence that means something, fitted to some writers and measured on others."""

import argparse

from commands.common import (
    add_corpus,
    add_decoding,
    add_out,
    decoding_options,
    file_name,
    loaded,
    output_folder,
    save_figures,
    save_numbers,
)
from results.reading.calibrating import calibrated, save_calibrated
from results.reading.decoding import Decoding
from results.reading.reader import Reader
from results.tables import aligned
from utils.files import file_hash


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=file_name, help="the checkpoint to write, with the calibration; it may be the one that reads"
    )
    add_corpus(parser)
    add_decoding(parser, tuned=True)
    add_out(parser)


def run(args: argparse.Namespace) -> None:
    """Read a split, fit confidence to half of its writers, print its error on the others; write a new checkpoint."""
    reader = loaded(args, Reader)
    read = reader.evaluate(args.corpus, args.split, data_dir=args.data_dir, decoding=Decoding(**decoding_options(args)))
    result = calibrated(read)
    rows = [["", "read", "right", "ECE before", "after", "shift", "scale"]]
    for unit in result.maps:
        part = result.numbers[unit]
        after, before = part["after"], part["before"]
        errors = [f"{100 * some['ece']:.1f} %" for some in (before, after)]
        shares = [f"{after['count']:,}", f"{100 * after['right']:.1f} %"]
        rows.append([unit, *shares, *errors, f"{part['shift']:.2f}", f"{part['scale']:.2f}"])
    print(aligned(rows))
    output_folder(args.out)  # refused before a checkpoint is written
    save_calibrated(reader.path, args.file, result)
    print(f"{args.file}: sha256 {file_hash(args.file)}")
    about = {"checkpoint": str(reader.path), "corpus": read.name, "splits": read.splits}
    save_numbers(args, {**about, **result.numbers}, shown=[])
    from render.figures.reliability import reliability_figure  # matplotlib takes a second to load

    save_figures(args, reliability_figure([(unit, result.numbers[unit]["after"]) for unit in result.maps]))
