"""Lines of one kind of text each, composed of the ink of writers held back, to measure how well each kind is read."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from data_loader.compose import Compose, ComposedCorpus
from data_loader.composed_text import MONTHS
from data_loader.corpus_writer import CorpusWriter
from data_loader.line_choice import splits_to_use
from data_loader.prepare import open_corpus
from data_loader.sources import Visit
from ink.strokes import InkLine
from utils.errors import InputError
from utils.progress import progress

TRIES = 200
"""Lines composed for each that is wanted, at most: many writers drew no digits, and their lines are left out."""
WORDS = (2, 6)
"""Fewest and largest number of words of a line."""
NUMBERS = re.compile(r"[\d,.$%:()#/+= -]+")
DATES = re.compile(rf"(?:[\d/.,\- ]|{'|'.join(MONTHS)})+")
"""The texts of numbers and dates; a writer without the characters for one wrote something else in its place."""
KINDS: dict[str, tuple[str, float, Callable[[str], bool]]] = {
    "words": ("words", 0.0, lambda text: text.replace(" ", "").isalpha()),
    "numbers": ("numbers", 0.0, lambda text: all(map(_has_digit, text.split())) and bool(NUMBERS.fullmatch(text))),
    "dates": ("dates", 0.0, lambda text: _has_digit(text) and bool(DATES.fullmatch(text))),
    "capitals": ("capitals", 0.0, lambda text: text.isupper() and not _has_digit(text)),
    "punctuation": ("words", 1.0, lambda text: sum(map(_is_mark, text)) >= len(text.split())),
}
"""The kind of composed line, the share of words with marks, and whether a text is of the kind, by name."""


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _is_mark(character: str) -> bool:
    return not character.isalnum() and character != " "


def kinds_of_text(words: str, characters: str, data_dir: Path, per_kind: int, seed: int) -> Iterator[InkLine]:
    """Yield lines of every kind, its name as their split: of the words and characters of the writers held back.

    words, characters  names of prepared corpora of words, whose validation splits name the writers, and of characters

    Raises InputError where these writers' ink cannot make enough lines of a kind.
    """
    corpus = open_corpus(words, data_dir)
    train, valid = splits_to_use(corpus, None, None)
    for kind, (composed, punctuation, is_of_kind) in KINDS.items():
        compose = Compose(words=WORDS, kinds={composed: 1.0}, characters=characters, punctuation=punctuation)
        source = ComposedCorpus(corpus, train, valid, data_dir, compose, None, None).lines_held_back()
        count = 0
        for number in range(TRIES * per_kind):
            repeat, place = divmod(number, len(source.lengths))
            name, points, text = source.line(place, Visit(seed, repeat))
            if is_of_kind(text):
                writer = name.removesuffix(f"-composed-{place}")
                yield InkLine(f"{kind}-{count}", text, writer, kind, points, unit=corpus.card["unit"])
                count += 1
            if count == per_kind:
                break
        else:
            raise InputError(f"{corpus.folder}: its writers held back gave {count} lines of {kind}, not {per_kind}")


def prepare_kinds(words: str, characters: str, folder: Path, per_kind: int = 250, seed: int = 1) -> dict[str, Any]:
    """Write the lines of `kinds_of_text` to the corpus `folder`, next to those that they are made of: its card."""
    with CorpusWriter(folder) as writer:
        lines = kinds_of_text(words, characters, folder.parent, per_kind, seed)
        for line in progress(lines, per_kind * len(KINDS), "composing lines"):
            writer.add(line)
        how_made = f"composed of {words} and {characters}, seed {seed}"
        return writer.finish(source="compose", how_made=how_made, report={})
