"""tune: the weight of a language model and the length bonus in reading."""

import argparse

from commands.common import add_corpus, add_decoding, add_out, language_model, loaded, save_numbers
from results.reading.decoding import Decoding
from results.reading.reader import Reader
from results.reading.tuning import tune_on_corpus
from results.tables import aligned


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lines", type=int, default=400, help="how many random lines to read (400)")
    add_corpus(parser)
    add_decoding(parser, tuned=False)
    add_out(parser)


def run(args: argparse.Namespace) -> None:
    """Print error rates by the language model's weight and the length bonus, the best first."""
    decoding = Decoding(args.beam, language_model(args.lm), ctc_weight=args.ctc_weight)
    reader = loaded(args, Reader)
    rates, count = tune_on_corpus(reader, args.corpus, args.split, args.data_dir, decoding, args.lines)
    cells = [[f"{100 * cer:.2f} %", f"{weight:g}", f"{bonus:g}"] for (weight, bonus), cer in rates.items()]
    print(aligned([["CER", "--lm-weight", "--length-bonus"], *cells]))
    rows = [{"cer": cer, "lm_weight": weight, "length_bonus": bonus} for (weight, bonus), cer in rates.items()]
    save_numbers(args, {"n_lines": count, "rates": rows}, shown=[])
