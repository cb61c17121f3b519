"""The page and tables of how legible a network writes each kind of text, with the worst lines of each."""

from typing import Any

from render.web.html import Html, Section, page, stacked, table
from results.measuring.by_kind import LegibilityByKind, unknown_remarks
from results.measuring.texts import ENDINGS, KINDS
from results.pages.legibility import worst_lines

MAX_LINES, MAX_REAL = 12, 4
"""Lines of a kind that are drawn at most, of those written and of real ones."""
EXPLAINED = (
    "CER, lines that failed in any way, that hit the point limit, and that were read with more behind their end; "
    "misread characters, the last of a line and all others. Behind these what the judge itself makes of real lines of "
    "the same kind: where they are misread as often, the recognizer cannot judge."
)
ENDS_EXPLAINED = "Misread last characters, of all lines that end in one."


def by_kind_page(measured: LegibilityByKind) -> str:
    """Return a web page of the numbers and of each kind's lines with the highest error rates."""
    numbers = measured.numbers
    sections = [
        Section("How well they are read", EXPLAINED, table(*kinds_table(numbers))),
        Section("The last character", ENDS_EXPLAINED, table(*ends_table(numbers))),
    ]
    order = "Above the text, below what was read; the lines with the highest error rate first."
    for bias, by_kind in measured.written.items():
        sections += [
            Section(f"{KINDS[kind].title} at bias {bias:g}", order, worst_lines(lines, MAX_LINES))
            for kind, lines in by_kind.items()
        ]
    real = [(KINDS[kind].title, worst_lines(lines, MAX_REAL)) for kind, lines in measured.real.items()]
    pieces = [piece for title, lines in real for piece in (Html(f"<p><strong>{title}</strong></p>"), lines)]
    sections.append(Section("The worst real lines", "Read by the same recognizer.", stacked(pieces)))
    return page("Legibility by kind of text", " ".join(remarks(numbers)), sections)


def remarks(numbers: dict[str, Any]) -> list[str]:
    """Return sentences that say who wrote and who read, and what was left out."""
    lines = [f"Written by {numbers['checkpoint']}, judged by {numbers['reader']}."]
    lines += unknown_remarks(numbers)
    if numbers["left_out"]:
        lines.append(f"Left out for want of characters: {', '.join(KINDS[k].title for k in numbers['left_out'])}.")
    return lines


def kinds_table(numbers: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows for people: of every bias the kinds, next to the judge's rates on real lines."""
    header = ["", "lines", "CER", "failed", "capped", "behind", "last", "others"]
    judge = ["real lines", "real CER", "real last", "real others"] if numbers["real"] else []
    rows = []
    for row in numbers["rows"]:
        shares = [row["cer"], row["failed"], row["capped"], row["misread_by_place"]["behind"], *_places(row)]
        title = KINDS[row["kind"]].title if row["kind"] in KINDS else row["kind"]
        cells = [f"{title}, bias {row['bias']:g}", str(row["lines"]), *map(_percent, shares)]
        real = numbers["real"].get(row["kind"])
        if real:
            cells += [str(real["lines"]), *map(_percent, (real["cer"], *_places(real)))]
        rows.append(cells + [""] * (len(header) + len(judge) - len(cells)))
    return header + judge, rows


def ends_table(numbers: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows for people: of every bias, misread last characters of tried ones, by character."""
    rows = []
    for row in numbers["rows"]:
        if row["kind"] == "all":
            parts = (row["misread_by_place"]["by_end"].get(end) for end in ENDINGS)
            cells = (f"{part['misread']} of {part['characters']}" if part else "" for part in parts)
            rows.append([f"bias {row['bias']:g}", *cells])
    return ["last character misread", *ENDINGS], rows


def _places(row: dict[str, Any]) -> tuple[float | None, float | None]:
    return row["misread_by_place"]["last"]["share"], row["misread_by_place"]["others"]["share"]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"
