"""Tables of measured numbers in Markdown."""

import statistics
from collections.abc import Iterator


def spread(numbers: list[float]) -> str:
    """Format the median of numbers and half of their range."""
    return f"{statistics.median(numbers):,.0f} ± {(max(numbers) - min(numbers)) / 2:,.0f}"


def table(*rows: tuple[str, ...]) -> Iterator[str]:
    """Yield the rows as Markdown, the first being the head."""
    yield "| " + " | ".join(rows[0]) + " |"
    yield "|---" * len(rows[0]) + "|"
    yield from ("| " + " | ".join(row) + " |" for row in rows[1:])
    yield ""
