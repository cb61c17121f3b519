"""Tables as text in columns."""

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """The rows in columns, the first to the left and all others to the right.

    A row that is shorter than others may end in a cell of any length, such as the reason why it has no number.
    """
    size = max(map(len, rows))
    widths = [max(map(len, column)) for column in zip(*(row for row in rows if len(row) == size), strict=True)]
    widths[0] = max(len(row[0]) for row in rows)
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (f"{cell:>{width}}" for cell, width in zip(row, widths, strict=False))
    return "  ".join([f"{first.strip():{widths[0]}}", *others]).rstrip()
