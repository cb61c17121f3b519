"""The page of a corpus that was read: error rates, the worst lines, and which characters were taken for others."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein

from model.reading.error_rates import character_edits
from render.web.html import Html, Section, escaped, page, table
from render.web.ink import line_figure, line_figures
from results.reading.corpus import CorpusRead
from results.reading.scores import ReadLine

WORST = 60
MARK = '<mark style="background:#f9dcc9;color:inherit">'
RATES = {"cer": "characters", "wer": "words", "cer_raw": "characters, as written", "wer_raw": "words, as written"}


def reading_page(corpus_read: CorpusRead, numbers: dict[str, Any]) -> str:
    """A web page of the numbers and of the lines with the most edits, drawn as the network gets them."""
    rates = [
        (told, *(f"{100 * numbers[name + end]:.2f} %" for end in ("", "_low", "_high"))) for name, told in RATES.items()
    ]
    sections = [
        Section("Error rates", "With their 95 % bootstrap intervals.", table(("of", "rate", "from", "to"), rates)),
        Section(
            "The worst lines",
            "Above the truth, below what was read, the lines with the most edits first.",
            _worst(corpus_read),
        ),
        Section("By length", "Characters of the true text.", _groups("length", numbers["by_length"])),
        Section("Characters taken for others", "", _confusion(numbers["confusion"])),
        Section("By writer", "", _groups("writer", numbers["by_writer"])),
    ]
    lead = (
        f"{numbers['n_lines']:,} lines of {', '.join(corpus_read.splits)}, {numbers['n_characters']:,} characters, "
        f"read in {corpus_read.seconds:,.0f} s. Rates are under the rule for transcriptions where not said otherwise."
    )
    return page(f"{numbers['corpus']}, read", lead, sections)


def _worst(corpus_read: CorpusRead) -> Html:
    ruled = [line.plain for line in corpus_read.read]
    edits = np.array([character_edits(line.read, line.true) for line in ruled])
    order = np.argsort(-edits, kind="stable")[:WORST].tolist()
    return line_figures(
        line_figure(
            np.asarray(corpus_read.corpus.points(int(corpus_read.lines[i]))),
            ruled[i].id,
            marked_differences(ruled[i]),
            f"{edits[i]} edits, CER {100 * edits[i] / max(len(ruled[i].true), 1):.0f} %",
        )
        for i in order
        if edits[i]
    )


def marked_differences(line: ReadLine) -> Html:
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
