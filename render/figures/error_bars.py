"""Numbers of groups, each with its standard error."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from render.figures.figure import LABEL_SIZE, PAGE_INCHES, paper_axes

Group = tuple[str, float, float | None]
"""Name, number, and the standard error of the number where it has one."""
COLOR, WHOLE_COLOR = "#1e5fb3", "0.6"
INCHES = 2.6
MARGIN = 1.2
"""Free space of a panel, left and right together, in widths of a group."""
MAX_NAMES = 50
"""Groups per panel with names below them; more are drawn without."""


def error_bars_figure(panels: Sequence[tuple[str, Sequence[Group]]], whole: float, label: str) -> Figure:
    """Return panels in a row on one scale: a dot per group, with a bar of one standard error either way.

    Each panel has its title below it; `whole`, the number of all groups together, is a line; `label` names the numbers.
    """
    figure = Figure(figsize=(PAGE_INCHES, INCHES), layout="constrained")
    widths = [len(groups) + MARGIN for _, groups in panels]
    row = figure.subplots(1, len(panels), sharey=True, squeeze=False, width_ratios=widths)[0]
    for axes, (title, groups) in zip(row, panels, strict=True):
        _draw(axes, groups, whole)
        paper_axes(axes, title)
    row[0].set_ylabel(label, fontsize=LABEL_SIZE)
    return figure


def _draw(axes: Axes, groups: Sequence[Group], whole: float) -> None:
    names, numbers, errors = zip(*groups, strict=True)
    axes.axhline(whole, color=WHOLE_COLOR, linewidth=0.8, zorder=0)
    bars = [error or 0.0 for error in errors]
    axes.errorbar(range(len(groups)), numbers, bars, fmt="o", color=COLOR, markersize=2, elinewidth=1)
    axes.set_xticks(*((range(len(groups)), names) if len(groups) <= MAX_NAMES else ([], [])), rotation=90)
    axes.set_xlim(-MARGIN / 2, len(groups) - 1 + MARGIN / 2)
    axes.spines[["top", "right"]].set_visible(False)
