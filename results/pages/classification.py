"""The page of a corpus whose drawings were classified: the misread ones, accuracy by class, and the confusions."""

from collections.abc import Iterable
from typing import Any

from render.web.html import Html, Section, page, table
from render.web.ink import line_figure, line_figures
from results.reading.classifying import CorpusClassified
from results.reading.lines import LineReading

MAX_DRAWINGS = 200


def classification_page(classified: CorpusClassified, numbers: dict[str, Any]) -> str:
    """Return a web page of the numbers and of the drawings that were misread, the surest first."""
    wrong = [reading for reading in classified.readings if reading.text != reading.line.text]
    surest = sorted(wrong, key=lambda reading: -reading.confidence)[:MAX_DRAWINGS]
    order = "The true class and the one that was read, and how sure of it the network was; the surest first."
    if len(wrong) > MAX_DRAWINGS:
        order += f" The first {MAX_DRAWINGS} of {len(wrong):,}."
    rows = [
        (name, count["lines"], count["right"], f"{100 * count['right'] / count['lines']:.1f} %")
        for name, count in numbers["by_class"].items()
    ]
    sections = [
        Section("Misread", order, _drawings(surest)),
        Section("By class", "", table(("class", "drawings", "read right", "accuracy"), rows)),
        Section("Taken for others", "A row per true class, a column per class that was read.", _matrix(numbers)),
    ]
    rate, low, high = accuracy(numbers)
    lead = (
        f"{rate} of {numbers['n_lines']:,} drawings of {', '.join(classified.splits)} read right (95 % interval "
        f"{low} to {high}), in {classified.seconds:,.1f} s."
    )
    return page(f"{numbers['corpus']}, read", lead, sections)


def accuracy(numbers: dict[str, Any]) -> list[str]:
    """Return the accuracy and the ends of its interval, for people."""
    return [f"{100 * numbers[name]:.2f} %" for name in ("accuracy", "accuracy_low", "accuracy_high")]


def _drawings(readings: Iterable[LineReading]) -> Html:
    return line_figures(
        line_figure(
            reading.line.points,
            reading.line.id,
            f"{reading.line.text} → {reading.text}",
            f"{reading.confidence:.0%} sure",
        )
        for reading in readings
    )


def _matrix(numbers: dict[str, Any]) -> Html:
    """Return the confusion matrix, zeros left empty."""
    counts = {(pair["true"], pair["read"]): pair["count"] for pair in numbers["confusion"]}
    counts |= {(name, name): count["right"] for name, count in numbers["by_class"].items() if count["right"]}
    names = sorted({name for pair in counts for name in pair})
    return table(("", *names), [(name, *(counts.get((name, other), "") for other in names)) for name in names])
