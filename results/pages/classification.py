"""The page of a corpus whose drawings were classified: the misread ones, accuracy by class, and the confusions."""

from collections.abc import Iterator
from typing import Any

from render.web.html import Html, Section, page, table
from render.web.ink import line_figure, line_figures
from results.reading.classifying import CorpusClassified
from results.reading.lines import LineReading

MOST_DRAWN = 200


def classification_page(classified: CorpusClassified, numbers: dict[str, Any]) -> str:
    """A web page of the numbers and of the drawings that were misread, the surest first."""
    rate, low, high = (f"{100 * numbers[name]:.2f} %" for name in ("accuracy", "accuracy_low", "accuracy_high"))
    rows = [
        (name, one["lines"], one["right"], f"{100 * one['right'] / one['lines']:.1f} %")
        for name, one in numbers["by_class"].items()
    ]
    wrong = sorted((one for one in classified.readings if one.text != one.line.text), key=lambda one: -one.confidence)
    shown = "" if len(wrong) <= MOST_DRAWN else f" The first {MOST_DRAWN} of {len(wrong):,}."
    sections = [
        Section(
            "Misread",
            f"What it is and what was read, how sure of it the network was; the surest first.{shown}",
            line_figures(_misread(wrong[:MOST_DRAWN])),
        ),
        Section("By class", "", table(("class", "drawings", "read right", "accuracy"), rows)),
        Section("Taken for what", "Down what it is, across what was read.", _matrix(numbers)),
    ]
    lead = (
        f"{rate} of {numbers['n_lines']:,} drawings of {', '.join(classified.splits)} read right (95 % interval "
        f"{low} to {high}), in {classified.seconds:,.1f} s."
    )
    return page(f"{numbers['corpus']}, read", lead, sections)


def _misread(readings: list[LineReading]) -> Iterator[Html]:
    for one in readings:
        yield line_figure(one.line.points, one.line.id, f"{one.line.text} → {one.text}", f"{one.confidence:.0%} sure")


def _matrix(numbers: dict[str, Any]) -> Html:
    """How often which class was read as which; what never happened is left blank."""
    counts = {(one["true"], one["read"]): one["count"] for one in numbers["confusion"]}
    counts |= {(name, name): one["right"] for name, one in numbers["by_class"].items() if one["right"]}
    names = sorted({name for pair in counts for name in pair})
    return table(("", *names), [(name, *(counts.get((name, other), "") for other in names)) for name in names])
