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

MAX_LINES = 60
MARK = '<mark style="background:#f9dcc9;color:inherit">'
RATES = {"cer": "characters", "wer": "words", "cer_raw": "characters, as written", "wer_raw": "words, as written"}

CONFIDENCE = (
    "Words and whole lines by how sure the reader was, and the share that is right. Expected calibration error (ECE): "
    "the mean distance of the two over all readings."
)


def reading_page(corpus_read: CorpusRead, numbers: dict[str, Any]) -> str:
    """Return a web page of the numbers and of the lines with the most edits, drawn as the network gets them."""
    order = "Above the truth, below what was read, the lines with the most edits first."
    sections = [
        Section("Error rates", "With their 95 % bootstrap intervals.", rates_table(numbers)),
        Section("The worst lines", order, _worst(corpus_read)),
        Section("Confidence", CONFIDENCE, _confidence(numbers["confidence"])),
        Section("By length", "Characters of the true text.", _groups("length", numbers["by_length"])),
        Section("Characters taken for others", "", _confusion(numbers["confusion"])),
        Section("By writer", "", _groups("writer", numbers["by_writer"])),
    ]
    lead = (
        f"{numbers['n_lines']:,} lines of {', '.join(corpus_read.splits)}, {numbers['n_characters']:,} characters, "
        f"read in {corpus_read.seconds:,.0f} s. Rates are under the rule for transcriptions where not said otherwise."
    )
    return page(f"{numbers['corpus']}, read", lead, sections)


def rates_table(numbers: dict[str, Any]) -> Html:
    """Return a table of the error rates, each with its interval, of `results.reading.scores.scores`."""
    rows = [(name, *(_percent(numbers[key + end]) for end in ("", "_low", "_high"))) for key, name in RATES.items()]
    return table(("wrong, of", "rate", "from", "to"), rows)


def reading_figure(points: np.ndarray, line: ReadLine, fact: str, reasons: Sequence[str] = ()) -> Html:
    """Return the ink of a line, points (T, 3), above its true text, and below it what was read."""
    return line_figure(points, line.id, marked_differences(line), fact, reasons)


def marked_differences(line: ReadLine) -> Html:
    """Return the true text above the one that was read, with marks in both where they differ."""
    edits = Levenshtein.editops(line.read, line.true)
    wrong_true = {edit.dest_pos for edit in edits if edit.tag != "delete"}
    wrong_read = {edit.src_pos for edit in edits if edit.tag != "insert"}
    return Html(f"{_marked(line.true, wrong_true)}\n{_marked(line.read, wrong_read)}")


def _marked(text: str, wrong: set[int]) -> str:
    characters = map(escaped, text)
    return "".join(f"{MARK}{shown}</mark>" if i in wrong else shown for i, shown in enumerate(characters))


def _worst(corpus_read: CorpusRead) -> Html:
    ruled = [line.plain for line in corpus_read.read]
    edits = np.array([character_edits(line.read, line.true) for line in ruled])
    order = np.argsort(-edits, kind="stable")[:MAX_LINES].tolist()
    return line_figures(
        reading_figure(
            np.asarray(corpus_read.corpus.points(int(corpus_read.lines[i]))),
            ruled[i],
            f"{edits[i]} edits, CER {100 * edits[i] / max(len(ruled[i].true), 1):.0f} %",
        )
        for i in order
        if edits[i]
    )


def _confidence(measured: dict[str, Any]) -> Html:
    header = ("confidence", *(f"{unit} {column}" for unit in measured for column in ("", "sure", "right")))
    bins = zip(*(part["bins"] for part in measured.values()), strict=True)
    rows = [
        (f"{100 * some[0]['from']:.0f} to {100 * some[0]['to']:.0f} %", *(cell for part in some for cell in _bin(part)))
        for some in bins
    ]
    rows.append(("ECE", *(cell for part in measured.values() for cell in (part["count"], _percent(part["ece"]), ""))))
    return table(header, rows)


def _bin(part: dict[str, Any]) -> tuple[Any, ...]:
    return (part["count"], *(_percent(part[name]) if name in part else "" for name in ("confidence", "right")))


def _groups(kind: str, groups: dict[str, dict[str, Any]]) -> Html:
    rows = [
        (name, group["lines"], group["characters"], group["edits"], _percent(group["cer"]))
        for name, group in groups.items()
    ]
    return table((kind, "lines", "characters", "edits", "CER"), rows)


def _confusion(pairs: Sequence[dict[str, Any]]) -> Html:
    visible = {"": "nothing", " ": "␣"}
    rows = [
        (*(visible.get(pair[text], pair[text]) for text in ("true", "read")), pair["count"], pair["of"] or "")
        for pair in pairs
    ]
    return table(("true", "read", "times", "of"), rows)


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
