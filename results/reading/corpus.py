"""A trained network that reads, measured on a split of a corpus: numbers, and a page to look at."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rapidfuzz.distance import Levenshtein

from data_loader.corpus import Corpus
from data_loader.line_choice import splits_to_use
from data_loader.transform import open_transformed
from ink.alphabet import Alphabet
from ink.strokes import points_to_strokes
from model.reading.error_rates import character_edits
from render.web.html import Html, escaped, line_figure, line_figures, page, table
from results.reading.lines import Decoding, batch_of, batches, recognizer_of, transform_of
from results.reading.scores import ReadLine, scores
from results.trained import Loaded
from utils.errors import InputError
from utils.progress import progress

WORST = 60
MARK = '<mark style="background:#f9dcc9;color:inherit">'
RATES = {"cer": "characters", "wer": "words", "cer_raw": "characters, as written", "wer_raw": "words, as written"}


@dataclass(frozen=True)
class CorpusRead:
    """What was read of lines of a corpus, and how long that took; the corpus is transformed, its name is not."""

    name: str
    corpus: Corpus
    splits: list[str]
    lines: np.ndarray
    read: list[ReadLine]
    seconds: float

    def numbers(self) -> dict[str, Any]:
        """All that is to be said of it in numbers, see `scores`."""
        speed = {"seconds": self.seconds, "lines_per_second": len(self.read) / self.seconds}
        return {"corpus": self.name, "splits": self.splits} | scores(self.read) | speed


@torch.inference_mode()
def read_corpus(
    loaded: Loaded,
    corpus_name: str | None,
    splits: list[str] | None,
    data_dir: Path,
    batch_size: int,
    decoding: Decoding,
) -> CorpusRead:
    """Every line of the splits read, none left out; they are transformed as the network's training lines were.

    A character that the network does not know is one that it cannot read: it counts as an edit.

    Raises InputError where the network does not read, or the corpus is not there, or has no text in these splits.
    """
    if batch_size < 1:
        raise InputError(f"batch size is {batch_size}; it must be 1 or more")
    model, facts = recognizer_of(loaded), loaded.facts
    decoding.require_alphabet(facts["alphabet"])
    name = corpus_name or facts["corpus"]
    corpus = open_transformed(name, data_dir, transform_of(loaded))
    splits = splits or splits_to_use(corpus, None, None)[1]
    lines = corpus.lines_of(splits)
    if not any(corpus.text(int(line)) for line in lines):
        raise InputError(f"{corpus.folder}: no line of {', '.join(splits)} has a text to compare a reading with")
    alphabet = Alphabet(facts["alphabet"])
    texts: dict[int, str] = {}
    started = time.perf_counter()
    with progress(None, len(lines), "reading") as bar:
        for some in batches(corpus.lengths[lines], batch_size):
            strokes = [points_to_strokes(corpus.points(int(lines[i])), facts["std"]) for i in some]
            found = decoding.texts(model, model.encode(batch_of(strokes, model)))
            texts |= {i: alphabet.decode(positions) for i, positions in zip(some, found, strict=True)}
            bar.update(len(some))
    seconds = time.perf_counter() - started
    known = map(corpus.line, lines.tolist())
    read = [ReadLine(line.id, line.writer, line.text, texts[i]) for i, line in enumerate(known)]
    return CorpusRead(name, corpus, splits, lines, read, seconds)


def reading_page(found: CorpusRead, numbers: dict[str, Any]) -> str:
    """A web page of the numbers and of the lines with the most edits, drawn as the network gets them."""
    rates = [
        (told, *(f"{100 * numbers[name + end]:.2f} %" for end in ("", "_low", "_high"))) for name, told in RATES.items()
    ]
    sections = [
        ("Error rates", "With their 95 % bootstrap intervals.", table(("of", "rate", "from", "to"), rates)),
        (
            "The worst lines",
            "Above the truth, below what was read, the lines with the most edits first.",
            _worst(found),
        ),
        ("By length", "Characters of the true text.", _groups("length", numbers["by_length"])),
        ("Characters taken for others", "", _confusion(numbers["confusion"])),
        ("By writer", "", _groups("writer", numbers["by_writer"])),
    ]
    lead = (
        f"{numbers['n_lines']:,} lines of {', '.join(found.splits)}, {numbers['n_characters']:,} characters, read in "
        f"{found.seconds:,.0f} s. Rates are under the rule for transcriptions where not said otherwise."
    )
    return page(f"{numbers['corpus']}, read", lead, sections)


def _worst(found: CorpusRead) -> Html:
    ruled = [line.plain for line in found.read]
    edits = np.array([character_edits(line.read, line.true) for line in ruled])
    order = np.argsort(-edits, kind="stable")[:WORST].tolist()
    return line_figures(
        line_figure(
            np.asarray(found.corpus.points(int(found.lines[i]))),
            ruled[i].id,
            side_by_side(ruled[i]),
            f"{edits[i]} edits, CER {100 * edits[i] / max(len(ruled[i].true), 1):.0f} %",
        )
        for i in order
        if edits[i]
    )


def side_by_side(line: ReadLine) -> Html:
    """The true text over the one read, what differs in either marked."""
    wrong_true, wrong_read = set(), set()
    for edit in Levenshtein.editops(line.read, line.true):
        if edit.tag != "delete":
            wrong_true.add(edit.dest_pos)
        if edit.tag != "insert":
            wrong_read.add(edit.src_pos)
    return Html(f"{_marked(line.true, wrong_true)}\n{_marked(line.read, wrong_read)}")


def _marked(text: str, wrong: set[int]) -> str:
    return "".join(
        f"{MARK}{escaped(character)}</mark>" if i in wrong else escaped(character) for i, character in enumerate(text)
    )


def _groups(what: str, groups: dict[str, dict[str, Any]]) -> Html:
    rows = [
        (name, one["lines"], one["characters"], one["edits"], f"{100 * one['cer']:.2f} %")
        for name, one in groups.items()
    ]
    return table((what, "lines", "characters", "edits", "CER"), rows)


def _confusion(pairs: Sequence[dict[str, Any]]) -> Html:
    def shown(character: str) -> str:
        return {"": "nothing", " ": "␣"}.get(character, character)

    rows = [(shown(one["true"]), shown(one["read"]), one["count"], one["of"] or "") for one in pairs]
    return table(("true", "read", "times", "of"), rows)
