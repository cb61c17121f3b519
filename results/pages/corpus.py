"""The page of a prepared corpus, by which a person can judge it in a minute."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.corpus import Corpus
from data_loader.corpus_check import check_corpus
from data_loader.survey import Numbers, odd_lines, survey, writer_counts
from render.web.charts import histogram
from render.web.html import Html, Section, character_tiles, folded, grid, number, page, table
from render.web.ink import line_figure, line_figures
from utils.errors import InputError
from utils.files import atomic_path

RANDOM_LINES, RARE, MAX_WRITERS, MAX_PLACES = 40, 10, 500, 20
HISTOGRAMS = {
    "points": "points per line",
    "points per character": "points per character",
    "longest jump": "longest jump, std",
    "longest move with the pen down": "longest jump, pen down, std",
    "strokes": "strokes per line",
    "characters": "characters per line",
    "seconds": "seconds per line",
    "height": "height of the ink",
    "width per character": "width per character",
}


def write_corpus_page(folder: Path, path: Path, seed: int = 1) -> None:
    """Write the web page that shows the corpus in `folder`: the odd lines first, random lines, numbers.

    Raises InputError where the corpus is not valid.
    """
    findings = check_corpus(folder)
    if findings.faults:
        raise InputError(
            f"{folder}: {findings.faults[0]}; prepare_data.py check names all {len(findings.faults)} faults"
        )
    corpus = Corpus(folder)
    card = corpus.card
    writers = len(set(card["writers"]) - {""})
    lead = f"{card['lines']:,} lines, {card['points']:,} points, {writers:,} known writers; {card['how_made']}."
    with atomic_path(path) as temporary:
        text = page(card["name"], lead, _sections(corpus, findings.notes, seed))
        temporary.write_text(text, encoding="utf-8", errors="xmlcharrefreplace")


def _sections(corpus: Corpus, notes: list[str], seed: int) -> list[Section]:
    """Return the sections of the page."""
    card, characters, numbers = corpus.card, corpus.card["characters"], survey(corpus)
    odd = odd_lines(numbers, corpus.index["writer"][:-1])
    drawn = np.random.default_rng(seed).choice(len(corpus), min(RANDOM_LINES, len(corpus)), replace=False).tolist()
    odd_remark = "The outliers of each measure in turn. Not every one is wrong; each is worth a look."
    rare = sum(count < RARE for count in characters.values())
    rare_remark = f"{len(characters)}, of which {rare} occur less than {RARE} times."
    writers = table(["writer", "splits", "lines", "points"], writer_counts(corpus, MAX_WRITERS))
    splits = table(["split", "lines", "share", "points", "characters", "writers"], _split_rows(card))
    odd_figures = [_figure(corpus, numbers, line.line, line.reasons) for line in odd]
    random_figures = [_figure(corpus, numbers, line) for line in drawn]
    report = table(["", "kind", "count", "place"], _report_rows(card))
    return [
        Section("Splits", card.get("how_split", ""), splits),
        Section("Odd lines", odd_remark, line_figures(odd_figures)),
        Section("Random lines", f"Seed {seed}.", line_figures(random_figures)),
        Section("Numbers", "", grid(histogram(numbers[name], label) for name, label in HISTOGRAMS.items())),
        Section("Characters", rare_remark, character_tiles(characters, RARE)),
        Section("Writers", "", folded("by lines", writers)),
        Section("Check", "The corpus is valid.", table(["worth knowing"], [[note] for note in notes])),
        Section("Preparation", "Lines and points that were left out, and remarks.", report),
    ]


def _figure(corpus: Corpus, numbers: Numbers, line: int, reasons: Sequence[str] = ()) -> Html:
    ink = corpus.line(line)
    facts = [ink.split, ink.writer, f"{len(ink.points)} points"]
    for name, unit in (("points per character", "points per character"), ("seconds", "s")):
        facts += [f"{number(numbers[name][line])} {unit}"] if np.isfinite(numbers[name][line]) else []
    return line_figure(ink.points, ink.id, ink.text, " · ".join(filter(None, facts)), reasons)


def _split_rows(card: dict[str, Any]) -> list[list[Any]]:
    return [
        [name, counts["lines"], f"{counts['lines'] / card['lines']:.1%}"]
        + [counts[kind] for kind in ("points", "characters", "writers")]
        for name, counts in card["splits"].items()
    ]


def _report_rows(card: dict[str, Any]) -> list[list[Any]]:
    rows = []
    for outcome, key in (("left out", "dropped"), ("noted", "noted")):
        for kind, entry in card["report"].get(key, {}).items():
            places = "; ".join(f"{place['where']}: {place['what']}" for place in entry["places"][:MAX_PLACES])
            rows.append([outcome, kind, entry["count"], places])
    return rows
