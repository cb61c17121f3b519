"""Panels of numbers against the bias that lines were written with."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from render.figures.figure import LABEL_SIZE, PAGE_INCHES, paper_axes

COLOR, REAL_COLOR = "#0072b2", "0.6"
INCHES = 2.1
Curve = tuple[str, Sequence[float], Sequence[tuple[float, float]] | None]
"""Name, a number for every bias, and the interval of each where there is one."""


def bias_curves_figure(biases: Sequence[float], curves: Sequence[Curve], real: float, real_name: str) -> Figure:
    """Return a figure of one panel per curve in a row, each from 0 up; `real` is a horizontal line in the first."""
    figure = Figure(figsize=(PAGE_INCHES, INCHES), layout="constrained")
    order = np.argsort(biases)
    x = np.asarray(biases, float)[order]
    row = figure.subplots(1, len(curves), squeeze=False)[0]
    row[0].axhline(real, color=REAL_COLOR, linewidth=0.8, zorder=0)  # first, so that the limits hold it
    for axes, (name, numbers, intervals) in zip(row, curves, strict=True):
        y = np.asarray(numbers, float)[order]
        axes.plot(x, y, "o-", color=COLOR, markersize=3, linewidth=1)
        if intervals is not None:
            low, high = np.asarray(intervals, float)[order].T
            axes.vlines(x, low, high, color=COLOR, linewidth=1)
        axes.set_ylim(0, 1.08 * axes.get_ylim()[1])
        axes.set_xticks(x)
        axes.margins(x=0.08)
        axes.spines[["top", "right"]].set_visible(False)
        paper_axes(axes, "bias", name)
    row[0].annotate(
        real_name,
        (1, real),
        xycoords=("axes fraction", "data"),
        fontsize=LABEL_SIZE,
        color="0.4",
        ha="right",
        va="bottom",
    )
    return figure
