"""Measures and motions of one line's points (T, 3): x, y (downward), end_of_stroke. Pure functions.

A down-stroke is a run of the pen down the paper. Handwriting is made of them: most begin one x-height above the
baseline, end on it, and lean as the handwriting leans.
"""

import math
from collections.abc import Sequence

import numpy as np

MAX_POINTS = 100_000
"""Points of a line after respacing, at most: where a spacing would give more, it is made wider."""
LONGEST_LINE = 500
"""Width of a line in x-heights, at most: one that seems wider is a dash, whose height says nothing of its size."""
USUAL = 0.4
"""Share of the usual down-stroke's length: a shorter one is the pen's trembling or a loop's end."""
SHORTEST_LEVELLED = 16
"""Width of a line in x-heights, at least, to be turned by its own slope: pieces so wide of 96 lines that writer-iam.pt
wrote had the slope of the whole to 0.9 degrees (root mean square), half as wide to 3 degrees."""
MAX_PAIRED = 200
"""Down-strokes of a line, at most, every pair of which gives a slope; of more, this many evenly chosen."""


def stroke_bounds(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and the last row of every stroke: (S,) and (S,) int64."""
    last = np.flatnonzero(points[:, 2] > 0.5)
    if not len(last) or last[-1] != len(points) - 1:
        last = np.append(last, len(points) - 1)
    return np.append(0, last[:-1] + 1), last


def down_strokes(points: np.ndarray) -> np.ndarray:
    """Return begin and end of each run down the paper: (K, 4) float64 x0, y0, x1, y1, the trembling left out."""
    xy = points[:, :2].astype(np.float64)
    begin, end = down_stroke_rows(points)
    return np.concatenate([xy[begin], xy[end]], axis=1)


def down_stroke_rows(
    points: np.ndarray, shortest: float = USUAL, *, by_stroke: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and the last row (K,) of each run down the paper; see USUAL for `shortest`.

    by_stroke  no stroke says more about what is usual than two median strokes, so that a drawing does not
    """
    y = points[:, 1].astype(np.float64)
    dy = np.diff(y)
    moves = np.flatnonzero((points[:-1, 2] < 0.5) & (dy != 0))
    stroke = np.cumsum(points[:, 2] > 0.5)[moves]
    down = dy[moves] > 0
    if not down.any():
        return np.empty(0, np.int64), np.empty(0, np.int64)
    first = np.append(True, (down[1:] != down[:-1]) | (stroke[1:] != stroke[:-1]))
    last = np.append(first[1:], True)
    begin, end = moves[first & down], moves[last & down] + 1
    lengths = y[end] - y[begin]
    weights = lengths
    if by_stroke:
        of_stroke = np.unique(stroke[first & down], return_inverse=True)[1]
        totals = np.bincount(of_stroke, lengths)
        weights = lengths * np.minimum(1.0, 2 * np.median(totals) / totals[of_stroke])
    long = lengths >= shortest * weighted_median(lengths, weights)
    return begin[long], end[long]


def x_height(points: np.ndarray) -> float:
    """Return a line's x-height in its own units, > 0: in this unit one setting is right for every corpus and writer.

    The median bottom of its down-strokes less their median top. Of ink without any, the ink's own height; never less
    than its width / 500; 1 for a dot alone.
    """
    width, height = np.ptp(points[:, :2].astype(np.float64), axis=0).tolist()
    runs = down_strokes(points)
    if len(runs):
        lengths = runs[:, 3] - runs[:, 1]
        estimate = float(np.median(runs[:, 3]) - np.median(runs[:, 1]))
        height = max(estimate, USUAL * weighted_median(lengths, lengths))
    return max(height, width / LONGEST_LINE) or 1.0


def ink_height(points: np.ndarray) -> float:
    """Return the height of a single character's ink in its own units, > 0: its whole height, half its width at least.

    1 for a dot alone.
    """
    width, height = np.ptp(points[:, :2].astype(np.float64), axis=0).tolist()
    return max(height, width / 2) or 1.0


def slant(points: np.ndarray) -> float:
    """Return the lean of the down-strokes, as x per y: their median weighted by length; 0 without any.

    Right-leaning ink has a negative slant, as y runs downward. Shearing x by t * y adds exactly t.
    """
    runs = down_strokes(points)
    heights = runs[:, 3] - runs[:, 1]
    return weighted_median((runs[:, 2] - runs[:, 0]) / heights, heights) if len(runs) else 0.0


def baseline(points: np.ndarray) -> float:
    """Return y of a line's baseline: the median bottom of its down-strokes; of ink without any, the lowest ink."""
    runs = down_strokes(points)
    return float(np.median(runs[:, 3]) if len(runs) else points[:, 1].max())


def baseline_slope(points: np.ndarray) -> float:
    """Return y per x of a line's baseline: the median over pairs of down-strokes (Theil-Sen), robust to descenders.

    0 where the ink is under four x-heights wide, or the slope would be above 1/2: it would depend on the letters more
    than on the line.
    """
    runs, unit = down_strokes(points), x_height(points)
    if not len(runs) or np.ptp(points[:, 0]) < 4 * unit:
        return 0.0
    bottoms = runs[np.unique(np.linspace(0, len(runs) - 1, min(len(runs), MAX_PAIRED)).astype(int)), 2:]
    earlier, later = np.triu_indices(len(bottoms), 1)
    dx, dy = (bottoms[later] - bottoms[earlier]).T
    far = np.abs(dx) >= unit
    slope = float(np.median(dy[far] / dx[far])) if far.any() else 0.0
    return slope if abs(slope) <= 0.5 else 0.0


def mapped(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return points with matrix (2, 2) applied to every (x, y) about the line's first point: (T, 3) float32."""
    origin = points[0, :2].astype(np.float64)
    moved = (points[:, :2] - origin) @ matrix.T + origin
    return np.column_stack([moved, points[:, 2]]).astype(np.float32)


def turned_together(lines: Sequence[np.ndarray], slope: float) -> list[np.ndarray]:
    """Return lines (T, 3), all turned by one angle, so that the median slope of their baselines is `slope`.

    Longer lines weigh more. Lines of no slope, too short to have one, have no say.
    """
    slopes = np.array([baseline_slope(line) if len(line) else 0.0 for line in lines])
    widths = np.array([np.ptp(line[:, 0]) if len(line) else 0.0 for line in lines], np.float64) * (slopes != 0)
    if not widths.any():
        return list(lines)
    matrix = rotation(math.atan(slope) - math.atan(weighted_median(slopes, widths)))
    return [mapped(line, matrix) if len(line) else line for line in lines]


def levelled(lines: Sequence[np.ndarray], unit: float) -> list[np.ndarray]:
    """Return lines (T, 3) of the x-height `unit`, each turned by the slope of its baseline.

    Lines too short to show theirs are turned by the usual slope of the others, or not at all if there are none.
    """
    lengths = np.array([np.ptp(line[:, 0]) if len(line) else 0.0 for line in lines], np.float64)
    is_long = lengths >= SHORTEST_LEVELLED * unit
    slopes = np.array([baseline_slope(line) if is_long[number] else 0.0 for number, line in enumerate(lines)])
    if is_long.any():
        slopes[~is_long] = weighted_median(slopes[is_long], lengths[is_long])
    pairs = zip(lines, slopes, strict=True)
    return [mapped(line, rotation(-math.atan(slope))) if len(line) else line for line, slope in pairs]


def rotation(angle: float) -> np.ndarray:
    """Return the matrix (2, 2) that turns ink by an angle in radians, clockwise to the eye as y runs downward."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def shear(tangent: float) -> np.ndarray:
    """Return the matrix (2, 2) that moves x by tangent * y."""
    return np.array([[1.0, tangent], [0.0, 1.0]])


def smoothed(points: np.ndarray, sigma: float) -> np.ndarray:
    """Return float32 points averaged along their stroke by a Gaussian of `sigma` points; the ends of strokes stay.

    A stroke is continued beyond its ends by its own reflection in them, so that evenly spaced points on a straight
    line stay where they are.
    """
    radius = int(np.ceil(4 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    result = np.array(points, np.float32)
    for first, last in zip(*stroke_bounds(points), strict=True):
        if last - first < 2:
            continue
        stroke = points[first : last + 1, :2].astype(np.float64)
        padded = np.pad(stroke, ((radius, radius), (0, 0)), "reflect", reflect_type="odd")
        for axis in (0, 1):
            result[first + 1 : last, axis] = np.convolve(padded[:, axis], kernel, "valid")[1:-1]
    return result


def respaced(
    points: np.ndarray, times: np.ndarray | None, steps: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return points (T', 3) float32 and times (T',) of strokes resampled to even steps of a measure.

    steps   (T-1,) >= 0: the measure's growth from point to point: distance, time, or 1 for the point's number
    counts  (S,): points of each stroke, 1 for one of a single point and at least 2 for others, which keep their ends
    """
    first, last = stroke_bounds(points)
    along = np.append(0.0, np.cumsum(np.where(points[:-1, 2] > 0.5, 1.0, steps)))
    starts = np.cumsum(counts) - counts
    number = np.arange(counts.sum()) - np.repeat(starts, counts)
    pace = (along[last] - along[first]) / np.maximum(counts - 1, 1)
    at = np.repeat(along[first], counts) + number * np.repeat(pace, counts)
    result = np.zeros((len(at), 3), np.float32)
    for axis in (0, 1):
        result[:, axis] = np.interp(at, along, points[:, axis])
    ends = starts + counts - 1
    result[starts], result[ends] = points[first], points[last]
    result[:, 2] = 0
    result[ends, 2] = 1
    if times is None:
        return result, None
    new_times = np.interp(at, along, times)
    new_times[starts], new_times[ends] = times[first], times[last]
    return result, new_times


def counts_at(points: np.ndarray, steps: np.ndarray, step: float) -> np.ndarray:
    """Return the number of points of every stroke (S,) if they are about `step` apart, in the measure of `steps`."""
    first, last = stroke_bounds(points)
    along = np.append(0.0, np.cumsum(steps))
    step = max(step, float(along[-1]) / MAX_POINTS)
    moves = np.maximum(np.rint((along[last] - along[first]) / step), 1)
    return np.where(first == last, 1, moves + 1).astype(np.int64)


def simplified(points: np.ndarray, tolerance: float) -> np.ndarray:
    """Return the points to keep, (T,) bool: every other is within `tolerance` of the segment that replaces it.

    Ramer-Douglas-Peucker on all strokes at once; the ends of strokes are kept.
    """
    first, last = stroke_bounds(points)
    xy = points[:, :2].astype(np.float64)
    keep = np.zeros(len(points), bool)
    keep[first] = keep[last] = True
    while True:
        kept = np.flatnonzero(keep)
        segment = np.cumsum(keep) - 1
        begin, end = xy[kept], xy[np.append(kept[1:], kept[-1])]
        far = _distances(xy, begin[segment], end[segment])
        far[kept] = 0
        farthest = np.maximum.reduceat(far, kept)
        split = np.flatnonzero((far == farthest[segment]) & (far > tolerance))
        if not len(split):
            return keep
        keep[split[np.unique(segment[split], return_index=True)[1]]] = True


def _distances(xy: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return the distance (T,) of each point (T, 2) from its segment, begin (T, 2) to end (T, 2)."""
    chord, offset = end - begin, xy - begin
    square = np.square(chord).sum(1)
    share = np.divide((chord * offset).sum(1), square, out=np.zeros_like(square), where=square > 0).clip(0, 1)
    return np.linalg.norm(offset - share[:, None] * chord, axis=1)


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the smallest value such that it and all smaller ones have half of the weight."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
