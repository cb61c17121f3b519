"""The page, table and figure of how legible a network writes: the worst lines and the numbers at every bias."""

from typing import Any

from matplotlib.figure import Figure

from render.figures.bias_curves import bias_curves_figure
from render.web.html import Html, Section, page, table
from render.web.ink import line_figures
from results.measuring.judged import JudgedLine
from results.measuring.legibility import Legibility
from results.pages.reading import reading_figure

MAX_LINES = 20
FAILURES = {
    "capped": "hit the point limit",
    "over_half": "over half of it wrong",
    "skipped": "a word left out",
    "repeated": "something written twice",
}
EXPLAINED = (
    "Character error rates with their 95 % bootstrap intervals over lines, next to those of the real lines of the same "
    "texts. Failed: in at least one of the ways in the columns that follow. Diversity: mean distance between two "
    "writings of the same letter of the same text, in x-heights."
)

KINDS_EXPLAINED = (
    "Share of the characters of the texts that were left out or read as others. Where the real lines have a high one, "
    "the recognizer cannot judge characters of that kind."
)


def legibility_page(measured: Legibility) -> str:
    """Return a web page of the numbers, and at every bias of the lines with the highest error rates."""
    numbers = measured.numbers
    sections = [
        Section("How well they are read", EXPLAINED, table(*legibility_table(numbers))),
        Section("Misread, by kind of character", KINDS_EXPLAINED, table(*misread_table(numbers))),
    ]
    order = "Above the text, below what was read; the lines with the highest error rate first."
    for bias, lines in measured.written.items():
        sections.append(Section(f"The worst lines at bias {bias:g}", order, worst_lines(lines)))
    sections.append(Section("The worst real lines", "Read by the same recognizer.", worst_lines(measured.real)))
    lead = (
        f"{numbers['n_lines']:,} texts of {', '.join(numbers['splits'])} of {numbers['corpus']}, written by "
        f"{numbers['checkpoint']}, read by {numbers['reader']}."
    )
    return page("Legibility", lead, sections)


def legibility_table(numbers: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows for people: the real lines, then every bias."""
    header = ["lines", "CER", "from", "to", "failed", *FAILURES, "points per character", "diversity", "to bias 0"]
    real = {name.removesuffix("_real"): value for name, value in numbers.items() if name.endswith("_real")}
    rows = [("real", real), *((f"bias {row['bias']:g}", row) for row in numbers["rows"])]
    return [name.replace("_", " ") for name in header], [[name, *_cells(row)] for name, row in rows]


def misread_table(numbers: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows for people: shares of misread characters by kind, of the real lines, then every bias."""
    rows = [("real", numbers["misread_real"]), *((f"bias {row['bias']:g}", row["misread"]) for row in numbers["rows"])]
    counts = [f"{kind}, {part['characters']:,}" for kind, part in numbers["misread_real"].items()]
    shares = [
        ["" if part["share"] is None else f"{100 * part['share']:.1f} %" for part in row.values()] for _, row in rows
    ]
    return ["misread", *counts], [[name, *cells] for (name, _), cells in zip(rows, shares, strict=True)]


def _cells(row: dict[str, Any]) -> list[str]:
    shares = ("cer", "cer_low", "cer_high", "failed", *FAILURES)
    digits = {"points_per_character": 1, "diversity": 3, "diversity_to_bias_0": 2}
    cells = [f"{100 * row[name]:.1f} %" if name in row else "" for name in shares]
    return cells + ["" if row.get(name) is None else f"{row[name]:.{places}f}" for name, places in digits.items()]


def worst_lines(lines: list[JudgedLine], count: int = MAX_LINES) -> Html:
    """Return at most so many lines with the highest error rates, each drawn over its text and reading."""
    order = sorted(lines, key=lambda line: (-line.cer, -any(line.failed.values())))[:count]
    return line_figures(
        reading_figure(
            line.points,
            line.reading.plain,
            f"CER {100 * line.cer:.0f} %",
            [reason for failure, reason in FAILURES.items() if line.failed[failure]],
        )
        for line in order
        if line.cer or any(line.failed.values())
    )


def legibility_figure(numbers: dict[str, Any]) -> Figure:
    """Return a figure of CER and diversity against bias."""
    rows = numbers["rows"]
    curves = [("CER", [row["cer"] for row in rows], [(row["cer_low"], row["cer_high"]) for row in rows])]
    diversity = [row["diversity"] for row in rows]
    more = [("diversity, x-heights", diversity, None)] if None not in diversity else []
    return bias_curves_figure([row["bias"] for row in rows], [*curves, *more], numbers["cer_real"], "real lines")
