"""Reliability of confidences: the share of readings that are right, by how sure the reader was of them."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from render.figures.figure import LABEL_SIZE, PAGE_INCHES, paper_axes

COLOR, COUNT_COLOR = "#1e5fb3", "#c9d8ee"
INCHES = 3.8


def reliability_figure(panels: Sequence[tuple[str, dict[str, Any]]]) -> Figure:
    """Return a panel per kind of reading: share right against mean confidence in each bin, above the bins' counts.

    panels  title, and `results.reading.calibration.reliability` of the readings. On the diagonal, 90 % of what is read
            with 90 % is right; the gap of each bin is the bar between the dot and the diagonal.
    """
    figure = Figure(figsize=(PAGE_INCHES, INCHES), layout="constrained")
    rows = figure.subplots(2, len(panels), squeeze=False, sharex=True, height_ratios=[4, 1])
    for column, (title, measured) in enumerate(panels):
        above, below = rows[0][column], rows[1][column]
        bins = [part for part in measured["bins"] if part["count"]]
        sure, right = [part["confidence"] for part in bins], [part["right"] for part in bins]
        above.plot([0, 1], [0, 1], color="0.6", linewidth=0.8, zorder=0)
        above.vlines(sure, sure, right, color=COLOR, linewidth=1)
        above.plot(sure, right, "o", color=COLOR, markersize=3.5)
        above.set(xlim=(0, 1), ylim=(0, 1))
        above.set_title(
            f"{title}: {measured['count']:,}, ECE {100 * measured['ece']:.1f} %", fontsize=LABEL_SIZE, parse_math=False
        )
        counts = [part["count"] for part in measured["bins"]]
        width = 1 / len(counts)
        below.bar([part["from"] + width / 2 for part in measured["bins"]], counts, 0.9 * width, color=COUNT_COLOR)
        for axes, name in ((above, "share right"), (below, "count")):
            paper_axes(axes, "confidence" if axes is below else "", name if not column else "")
            axes.spines[["top", "right"]].set_visible(False)
    return figure
