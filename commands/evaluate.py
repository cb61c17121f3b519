"""evaluate: how good a network is, on a split of a corpus."""

import argparse
from typing import Any

from commands.common import (
    add_corpus,
    add_decoding,
    add_out,
    decoding_options,
    loaded,
    output_folder,
    save_numbers,
    save_text,
    splits_of,
)
from model.reading.classifier import StrokeClassifier
from model.reading.recognizer import Seq2SeqRecognizer
from results.measuring.likelihood import evaluate
from results.measuring.likelihood_scores import density_table
from results.pages.classification import classification_page
from results.pages.reading import reading_page
from results.reading.classifying import classify_corpus
from results.reading.corpus import read_corpus
from results.reading.lines import Decoding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--batch-size", type=int, default=64)
    add_corpus(parser)
    add_decoding(parser, tuned=True)
    add_out(parser)


def run(args: argparse.Namespace) -> None:
    """Measure on a split, print a table, save the numbers; with a page of what was misread, or a figure of nats."""
    network = loaded(args)
    made = {"checkpoint": str(network.path)}
    where = (args.corpus, splits_of(args, network), args.data_dir, args.batch_size)
    if isinstance(network.model, Seq2SeqRecognizer):
        decoding = Decoding(**decoding_options(args))
        found = read_corpus(network, *where, decoding)
        numbers = made | {"lm": str(args.lm) if args.lm else None} | decoding.settings | found.numbers()
        save_numbers(args, numbers)
        save_text(output_folder(args.out) / "evaluate.html", reading_page(found, numbers))
    elif isinstance(network.model, StrokeClassifier):
        classified = classify_corpus(network, *where)
        numbers = made | classified.numbers()
        save_numbers(args, numbers)
        save_text(output_folder(args.out) / "evaluate.html", classification_page(classified, numbers))
    else:
        digits = network.config["data_loader"]["args"].get("digits")
        _evaluate_writer(args, made | evaluate(network.model, network.facts, *where, digits))


def _evaluate_writer(args: argparse.Namespace, numbers: dict[str, Any]) -> None:
    from render.figures.figure import save_figure  # matplotlib takes a second to load
    from results.figures.evaluation import density_figure

    print(density_table(numbers))
    save_numbers(args, numbers, shown=["checkpoint"])
    for suffix in (".svg", ".png"):
        path = output_folder(args.out) / f"evaluate{suffix}"
        save_figure(density_figure(numbers), path)
        print(path)
