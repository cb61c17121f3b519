"""Strokes and down-strokes of a page of ink, measured in its x-height along the slope and curve of its lines."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ink.geometry import down_stroke_rows, stroke_bounds, weighted_median

TREMBLING = 0.25
"""Share of the usual down-stroke's length: a shorter one is left out when the x-height is estimated."""
BODY = 0.6
"""x-heights: a shorter down-stroke is a mark's, a dot's, a comma's; it says nothing about the baseline."""
NEIGHBOURS, PAIRS = 12, 100
"""Each down-stroke votes on the slope with the next 12; a place's slope is the median of about 100 votes."""
MAX_GRID = 4096
"""Places across the page at which baselines are known: two per x-height, fewer on a page wider than 2048."""
MARK = 0.8
"""x-heights from the baseline up to the middle of a mark."""


@dataclass(frozen=True)
class PageInk:
    """Strokes (S,) and down-strokes (K,) of a page in x-heights, y downward, without the page's slope and curve.

    left, right, top, bottom    (S,) bounds of each stroke
    x, base, stroke             (K,) lower end of each down-stroke, and the number of its stroke, rising
    grid                        (G,) places across the page, evenly spaced, at which baselines are known
    """

    left: np.ndarray
    right: np.ndarray
    top: np.ndarray
    bottom: np.ndarray
    x: np.ndarray
    base: np.ndarray
    stroke: np.ndarray
    grid: np.ndarray

    @cached_property
    def n_downs(self) -> np.ndarray:
        """The number (S,) of down-strokes of each stroke; 0 for a mark."""
        return np.bincount(self.stroke, minlength=len(self.top))

    @cached_property
    def height(self) -> np.ndarray:
        """y (S,) of the baseline by each stroke alone: by three down-strokes or more, else by its middle."""
        height = (self.top + self.bottom) / 2 + MARK
        order = np.lexsort((self.base, self.stroke))
        strokes, first = np.unique(self.stroke, return_index=True)
        middle = self.base[order[first + self.n_downs[strokes] // 2]]
        height[strokes] = np.where(self.n_downs[strokes] > 2, middle, height[strokes])
        return height

    def at(self, x: np.ndarray) -> np.ndarray:
        """Return the number of the place in the grid that is nearest to each x."""
        step = (self.grid[-1] - self.grid[0]) / (len(self.grid) - 1)
        return np.rint((x - self.grid[0]) / step).astype(np.int64).clip(0, len(self.grid) - 1)


def measured(points: np.ndarray) -> PageInk:
    """Return the strokes of points (T, 3) of a page, in its x-heights.

    The x-height is longer than 40 % of the down-strokes: those of long letters are among the rest.
    """
    first, last = stroke_bounds(points)
    begin, end = down_stroke_rows(points, TREMBLING, by_stroke=True)
    xy = points[:, :2].astype(np.float64)
    lengths = xy[end, 1] - xy[begin, 1]
    x_height = float(np.quantile(lengths, 0.4)) if len(end) else max(float(np.ptp(xy, axis=0).max()), 1.0)
    end = end[lengths >= BODY * x_height]
    xy /= x_height
    x = xy[:, 0]
    places = int(np.clip(2 * np.ptp(x), 2, MAX_GRID))
    grid = np.linspace(x.min(), max(x.max(), x.min() + 1), places)
    xy[:, 1] -= np.interp(x, grid, _common_curve(xy[end], grid))
    return PageInk(
        left=np.minimum.reduceat(x, first),
        right=np.maximum.reduceat(x, first),
        top=np.minimum.reduceat(xy[:, 1], first),
        bottom=np.maximum.reduceat(xy[:, 1], first),
        x=x[end],
        base=xy[end, 1],
        stroke=np.searchsorted(last, end),
        grid=grid,
    )


def _common_curve(ends: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """y (G,) over the grid of the slope and curve that the lines of a page have in common.

    The slope at a place is the weighted median of the slopes between lower ends (K, 2) of down-strokes that were
    written soon after each other there. As it is the same for all lines, it leaves their distance as it is.
    """
    lags = range(1, NEIGHBOURS + 1)
    dx, dy = np.concatenate([ends[lag:] - ends[:-lag] for lag in lags]).T
    middle = np.concatenate([(ends[lag:, 0] + ends[:-lag, 0]) / 2 for lag in lags])
    fit = np.flatnonzero((dx > 3) & (dx < 30) & (np.abs(dy) < 0.7 * dx))  # rightward, and not to another line
    if not len(fit):
        return np.zeros(len(grid))
    parts = np.array_split(fit[np.argsort(middle[fit])], int(np.clip(len(fit) // PAIRS, 1, 50)))
    slopes = [weighted_median(dy[part] / dx[part], dx[part]) for part in parts]
    slope = np.interp(grid, [middle[part[len(part) // 2]] for part in parts], slopes)
    return np.append(0, np.cumsum((slope[1:] + slope[:-1]) / 2 * np.diff(grid)))
