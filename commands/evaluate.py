"""evaluate: how good a network is, on a split of a corpus."""

import argparse
from collections.abc import Callable
from typing import Any

from commands.common import (
    add_corpus,
    add_decoding,
    add_out,
    decoding_argument,
    loaded,
    output_folder,
    save_figures,
    save_numbers,
    save_text,
)
from results.measuring.likelihood import CorpusPredicted
from results.measuring.likelihood_scores import likelihood_table
from results.pages.classification import classification_page
from results.pages.reading import reading_page
from results.reading.classifying import CorpusClassified
from results.reading.corpus import CorpusRead
from results.trained import TrainedModel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--batch-size", type=int, default=64, help="lines at once (64)")
    add_corpus(parser)
    add_decoding(parser, tuned=True)
    add_out(parser)


def run(args: argparse.Namespace) -> None:
    """Measure on a split, print a table, save the numbers; with a page of what was misread, or a figure of nats."""
    network = loaded(args, TrainedModel)
    measured = network.evaluate(
        args.corpus,
        args.split,
        data_dir=args.data_dir,
        batch_size=args.batch_size,
        **decoding_argument(args, network),
    )
    made: dict[str, Any] = {"checkpoint": str(network.path)}
    if network.can("read lines"):
        made["lm"] = str(args.lm) if args.lm else None
    PRESENT[type(measured)](args, measured, made | measured.numbers)


def _present_reading(args: argparse.Namespace, measured: CorpusRead, numbers: dict[str, Any]) -> None:
    save_numbers(args, numbers)
    save_text(output_folder(args.out) / "evaluate.html", reading_page(measured, numbers))


def _present_classes(args: argparse.Namespace, measured: CorpusClassified, numbers: dict[str, Any]) -> None:
    save_numbers(args, numbers)
    save_text(output_folder(args.out) / "evaluate.html", classification_page(measured, numbers))


def _present_likelihood(args: argparse.Namespace, _: CorpusPredicted, numbers: dict[str, Any]) -> None:
    from results.figures.evaluation import density_figure  # matplotlib takes a second to load

    print(likelihood_table(numbers))
    save_numbers(args, numbers, shown=["checkpoint"])
    save_figures(args, density_figure(numbers))


PRESENT: dict[type, Callable[[argparse.Namespace, Any, dict[str, Any]], None]] = {
    CorpusRead: _present_reading,
    CorpusClassified: _present_classes,
    CorpusPredicted: _present_likelihood,
}
"""Functions that show what `evaluate` found, by its kind."""
