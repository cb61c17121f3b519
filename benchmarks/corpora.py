"""Prepared corpora side by side: their lines, writers, characters by kind, points per character, and how they are read.

python -m benchmarks.corpora unipen-texts unipen-words --reader saved/pretrained/recognition.pt
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.corpus import Corpus
from data_loader.line_choice import splits_to_use
from data_loader.prepare import open_corpus
from data_loader.transform import Transform
from ink.strokes import InkLine
from model.reading.error_rates import character_edits, plain
from results.reading.reader import Reader
from results.roles import load_as
from utils.errors import one_line_errors

KINDS: dict[str, Callable[[str], bool]] = {
    "lower case": lambda character: character.islower(),
    "capitals": lambda character: character.isupper(),
    "digits": lambda character: character.isascii() and character.isdigit(),
    "marks": lambda character: not character.isalnum() and not character.isspace(),
}
READING = Transform(normalise_baseline=True, normalise_size=True, resample_distance=0.25)
"""The representation of a reader: x-height 1, a level baseline, points 0.25 x-heights apart."""
COLUMNS = ["corpus", "lines", "writers", *KINDS, "points per character", "at x-height 1", "CER"]


def held_back_lines(corpus: Corpus, count: int, seed: int) -> list[InkLine]:
    """Return at most `count` of the lines to validate on that have a text, at random from a seed."""
    held_back = splits_to_use(corpus, None, None)[1]
    numbers = [int(line) for line in corpus.lines_of(held_back) if corpus.text(int(line)).strip()]
    chosen = np.random.default_rng(seed).permutation(len(numbers))[:count]
    return [corpus.line(numbers[i]) for i in np.sort(chosen)]


def points_per_character(lines: list[InkLine]) -> float:
    """The points of lines per character of their texts."""
    return sum(len(line.points) for line in lines) / sum(len(line.text) for line in lines)


def error_rate(reader: Reader, lines: list[InkLine]) -> float:
    """The reader's character error rate (CER) over lines: edits per character of the texts, read greedily."""
    texts = [plain(line.text) for line in lines]
    readings = [plain(reading.text) for reading in reader.read(lines)]
    edits = sum(character_edits(read, true) for read, true in zip(readings, texts, strict=True))
    return edits / sum(map(len, texts))


def row(name: str, data_dir: Path, reader: Reader | None, count: int, seed: int) -> dict[str, Any]:
    """Return a corpus's row of the table."""
    corpus = open_corpus(name, data_dir)
    card, lines = corpus.card, held_back_lines(corpus, count, seed)
    characters = {kind: sum(n for c, n in card["characters"].items() if KINDS[kind](c)) for kind in KINDS}
    return {
        "corpus": name,
        "lines": f"{card['lines']:,}",
        "writers": f"{len(corpus.writers_of(corpus.split_names)):,}",
        **{kind: f"{number:,}" for kind, number in characters.items()},
        "points per character": f"{points_per_character(lines):.1f}",
        "at x-height 1": f"{points_per_character([READING.line(line) for line in lines]):.1f}",
        "CER": f"{100 * error_rate(reader, lines):.1f} % of {len(lines)}" if reader else "",
    }


@one_line_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", metavar="NAME", help="prepared corpora")
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="where the corpora are (default: data)")
    parser.add_argument("--reader", type=Path, metavar="CHECKPOINT", help="read held-back lines with it")
    parser.add_argument("--lines", type=int, default=500, help="lines per corpus for the last three columns (500)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random choice of these lines")
    args = parser.parse_args()
    reader = load_as(Reader, args.reader) if args.reader else None
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    for name in args.names:
        cells = row(name, args.data_dir, reader, args.lines, args.seed)
        print(f"| {' | '.join(cells[column] for column in COLUMNS)} |")


if __name__ == "__main__":
    main()
