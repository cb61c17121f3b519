"""Numbers of groups beside each other, each with its standard error."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from render.figures.figure import LABEL_SIZE, PAGE_INCHES, paper_axes

Group = tuple[str, float, float | None]
"""Its name, its number, and that one's standard error where there is one."""
COLOR, WHOLE_COLOR = "#1e5fb3", "0.6"
INCHES = 2.6
ROOM = 1.2
"""Beside the groups of a panel, in groups."""
MOST_NAMES = 50
"""More groups than these are drawn without their names."""


def error_bars_figure(panels: Sequence[tuple[str, Sequence[Group]]], whole: float, told: str) -> Figure:
    """A dot a group with a bar of one standard error either way, panels side by side on one scale.

    Each panel has its title below it; `whole`, the number of all groups together, is a line; `told` names the numbers.
    """
    figure = Figure(figsize=(PAGE_INCHES, INCHES), layout="constrained")
    widths = [len(groups) + ROOM for _, groups in panels]
    row = figure.subplots(1, len(panels), sharey=True, squeeze=False, width_ratios=widths)[0]
    for axes, (title, groups) in zip(row, panels, strict=True):
        _draw(axes, groups, whole)
        paper_axes(axes, title)
    row[0].set_ylabel(told, fontsize=LABEL_SIZE)
    return figure


def _draw(axes: Axes, groups: Sequence[Group], whole: float) -> None:
    names, numbers, errors = zip(*groups, strict=True)
    axes.axhline(whole, color=WHOLE_COLOR, linewidth=0.8, zorder=0)
    bars = [error or 0.0 for error in errors]
    axes.errorbar(range(len(groups)), numbers, bars, fmt="o", color=COLOR, markersize=2, elinewidth=1)
    axes.set_xticks(*((range(len(groups)), names) if len(groups) <= MOST_NAMES else ([], [])), rotation=90)
    axes.set_xlim(-ROOM / 2, len(groups) - 1 + ROOM / 2)
    axes.spines[["top", "right"]].set_visible(False)
