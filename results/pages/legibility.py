"""Legibility to look at: the worst lines by bias, numbers beside each other, and a figure of both."""

from typing import Any

from matplotlib.figure import Figure

from render.figures.bias_curves import bias_curves_figure
from render.web.html import Html, Section, page, table
from render.web.ink import line_figure, line_figures
from results.measuring.legibility import JudgedLine, Legibility
from results.pages.reading import marked_differences

WORST = 20
WAYS = {
    "capped": "ended by the cap, not by the network",
    "over_half": "over half of it wrong",
    "skipped": "a word left out",
    "repeated": "something written twice",
}


def legibility_table(numbers: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows for people: the real lines, then every bias."""
    header = ["lines", "CER", "from", "to", "failed", *WAYS, "points a character", "diversity", "to bias 0"]
    real = {name.removesuffix("_real"): value for name, value in numbers.items() if name.endswith("_real")}
    rows = [("real", real), *((f"bias {row['bias']:g}", row) for row in numbers["rows"])]
    return [name.replace("_", " ") for name in header], [[name, *_cells(row)] for name, row in rows]


def _cells(row: dict[str, Any]) -> list[str]:
    shares = ("cer", "cer_low", "cer_high", "failed", *WAYS)
    digits = {"points_per_character": 1, "diversity": 3, "diversity_to_bias_0": 2}
    cells = [f"{100 * row[name]:.1f} %" if name in row else "" for name in shares]
    return cells + ["" if row.get(name) is None else f"{row[name]:.{places}f}" for name, places in digits.items()]


def legibility_page(found: Legibility) -> str:
    """A web page of the numbers, and at every bias of the lines that were read worst, drawn over text and reading."""
    numbers = found.numbers
    sections = [Section("How well they are read", EXPLAINED, table(*legibility_table(numbers)))]
    for bias, judged in found.written.items():
        remark = "Above the text, below what was read; the lines with the highest error rate first."
        sections.append(Section(f"The worst lines at bias {bias:g}", remark, _worst(judged)))
    sections.append(Section("The worst real lines", "Read by the same recognizer.", _worst(found.real)))
    lead = (
        f"{numbers['n_lines']:,} texts of {', '.join(numbers['splits'])} of {numbers['corpus']}, written by "
        f"{numbers['checkpoint']}, read by {numbers['reader']}."
    )
    return page("Legibility", lead, sections)


EXPLAINED = (
    "Character error rates with their 95 % bootstrap intervals over lines, beside those of the real lines of the same "
    "texts. Failed: in one way or more of those that follow. Diversity: mean distance between two writings of the same "
    "letter of the same text, in x-heights."
)


def _worst(judged: list[JudgedLine]) -> Html:
    order = sorted(range(len(judged)), key=lambda i: (-judged[i].cer, -any(judged[i].failed.values())))[:WORST]
    return line_figures(
        line_figure(
            one.points,
            one.reading.id,
            marked_differences(one.reading.plain),
            f"CER {100 * one.cer:.0f} %",
            [told for way, told in WAYS.items() if one.failed[way]],
        )
        for one in (judged[i] for i in order)
        if one.cer or any(one.failed.values())
    )


def legibility_figure(numbers: dict[str, Any]) -> Figure:
    """CER and diversity against bias."""
    rows = numbers["rows"]
    curves = [("CER", [row["cer"] for row in rows], [(row["cer_low"], row["cer_high"]) for row in rows])]
    diversity = [row["diversity"] for row in rows]
    more = [("diversity, x-heights", diversity, None)] if None not in diversity else []
    return bias_curves_figure([row["bias"] for row in rows], [*curves, *more], numbers["cer_real"], "real lines")
