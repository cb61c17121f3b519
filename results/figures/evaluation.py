"""A figure of the likelihood of lines by length and by writer."""

from typing import Any

from matplotlib.figure import Figure

from render.figures.error_bars import error_bars_figure


def density_figure(numbers: dict[str, Any]) -> Figure:
    """Return nats per point by length and by writer, with one standard error either way; the line is that of all."""
    by_length = [(f"{part['shortest_line']}\N{EN DASH}{part['longest_line']}", part) for part in numbers["by_length"]]
    by_writer = sorted(((part["writer"] or "unknown", part) for part in numbers["by_writer"]), key=_nats_per_point)
    panels = [
        (title, [(name, part["nats_per_point"], part["nats_per_point_standard_error"]) for name, part in parts])
        for title, parts in (("points of the line", by_length), ("writer", by_writer))
    ]
    return error_bars_figure(panels, numbers["nats_per_point"], "nats per point")


def _nats_per_point(named: tuple[str, dict[str, Any]]) -> float:
    return float(named[1]["nats_per_point"])
