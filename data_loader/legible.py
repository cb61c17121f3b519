"""A corpus without the lines that are read as another text: careless ink, and transcriptions that are not of their ink.

A network that reads forgives such lines; one that writes learns to write like them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

from data_loader.corpus import Corpus
from data_loader.corpus_writer import CorpusWriter
from data_loader.formats.read_report import Report
from utils.errors import InputError
from utils.progress import progress

MAX_CER = 0.15
"""Edits per character of its text, at most, with which a line is read that stays."""
LOOK_ALIKES = "0oO", "1lI|i/\\", "ij", "sS5", "2zZ", "uvUV", "tT+", "9gq", "6bG"
"""Characters that nobody tells apart where they are drawn alone."""


def prepare_legible(
    corpus: Corpus, folder: Path, readings: Mapping[int, str], reader: str, report: Report, max_cer: float = MAX_CER
) -> dict[str, Any]:
    """Write the corpus without its illegible lines to `folder`, in place of an older one, and return its card.

    readings  what a network reads, by the position of the line; lines without a reading stay
    reader    the network, for the card
    report    names the lines that are left out, by split
    max_cer   see `is_legible`

    Raises InputError where no line stays, `max_cer` is negative, or `folder` is the corpus's own or cannot be written.
    """
    if not max_cer >= 0:
        raise InputError(f"the largest CER is {max_cer}; it must be 0 or more")
    if folder == corpus.folder:
        raise InputError(f"{folder}: is the corpus itself; choose another name")
    alone = all(len(corpus.text(place)) == 1 for place in readings)
    with CorpusWriter(folder) as writer:
        for place in progress(range(len(corpus)), len(corpus), f"writing {folder.name}"):
            line, reading = corpus.line(place), readings.get(place)
            if reading is None or is_legible(line.text, reading, max_cer, alone=alone):
                writer.add(line)
            else:
                report.dropped(f"illegible, of {line.split}", line.id, f"its text is {line.text!r}, read {reading!r}")
        rule = "as another character" if alone else f"with a CER over {max_cer:g}"
        how_made = f"{corpus.card['how_made']}, split {corpus.card['how_split']}, without what {reader} reads {rule}"
        return writer.finish(source=corpus.card["source"], how_made=how_made, report=report.as_dict())


def is_legible(text: str, reading: str, max_cer: float = MAX_CER, *, alone: bool = False) -> bool:
    """True if a line's reading has at most `max_cer` edits per character of its text; letters' case does not count.

    Of characters drawn `alone`, marks are legible, and letters and digits that are read as themselves or look-alikes.
    """
    if not alone:
        return Levenshtein.distance(text.lower(), reading.lower()) <= max_cer * max(len(text), 1)
    look_alikes = len(reading) == 1 and any(text in group and reading in group for group in LOOK_ALIKES)
    return not text.isalnum() or text.lower() == reading.lower() or look_alikes
