"""The pen's motion for the synthetic corpus: paths smoothed, given a speed, and sampled at a constant clock.

A path here is (N, 2) with `starts` (S,), the indices at which its strokes begin (starts[0] = 0). All strokes of a line
are worked on at once; nothing here moves the two ends of a stroke.
"""

import numpy as np

Array = np.ndarray


def stroke_ends(starts: Array, size: int) -> Array:
    """Index (S,) of the last point of each stroke in a path of `size` points."""
    return np.append(starts[1:], size) - 1


def resample(points: Array, clock: Array, starts: Array, intervals: Array) -> tuple[Array, Array]:
    """Points (M, 2) at even steps of the clock, and their strokes' starts (S,); both ends of each stroke are kept.

    clock      (N,) never falling within a stroke: length or time so far; 0 where each stroke starts
    intervals  (S,) integer >= 1: how many even steps each stroke gets, so it has one point more
    """
    ends = stroke_ends(starts, len(points))
    spans = clock[ends]
    # Strokes are laid end to end with a gap, so one interpolation serves all of them and none reaches the next.
    offsets = np.concatenate([[0.0], np.cumsum(spans[:-1] + 1)])
    new_starts = np.concatenate([[0], np.cumsum(intervals[:-1] + 1)])
    stroke = np.repeat(np.arange(len(starts)), intervals + 1)
    step = np.arange(len(stroke)) - new_starts[stroke]
    targets = offsets[stroke] + spans[stroke] * step / intervals[stroke]
    known = clock + np.repeat(offsets, np.diff(np.append(starts, len(points))))
    return np.stack([np.interp(targets, known, axis) for axis in points.T], axis=1), new_starts


def since_start(increments: Array, starts: Array) -> Array:
    """Running sums (N,) of increments (N,) that begin anew, at 0, with each stroke."""
    sums = np.cumsum(increments)
    return sums - np.repeat(sums[starts], np.diff(np.append(starts, len(sums))))


def arc_length(points: Array, starts: Array) -> Array:
    """Length of the path (N,) since its stroke began, in the unit of the points."""
    steps = np.zeros(len(points))
    steps[1:] = np.hypot(*np.diff(points, axis=0).T)
    return since_start(steps, starts)


def smooth(values: Array, starts: Array, rounds: int) -> Array:
    """Values (N, D) after `rounds` of averaging with both neighbours: about a Gaussian of sqrt(rounds / 2) points."""
    inner = np.ones(len(values))
    inner[starts] = inner[stroke_ends(starts, len(values))] = 0
    weight = 0.25 * inner[1:-1, None]
    values = values.copy()
    for _ in range(rounds):
        values[1:-1] += weight * (values[:-2] - 2 * values[1:-1] + values[2:])
    return values


def turning(points: Array, starts: Array) -> Array:
    """Curvature (N,) >= 0 in 1 / unit of an evenly spaced path; 0 at the ends of strokes."""
    step = np.diff(points, axis=0)
    length = np.hypot(*step.T) + 1e-9
    before, after = step[:-1], step[1:]
    cross = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    angle = np.abs(np.arctan2(cross, (before * after).sum(axis=1)))
    curvature = np.zeros(len(points))
    curvature[1:-1] = 2 * angle / (length[:-1] + length[1:])
    curvature[starts] = curvature[stroke_ends(starts, len(points))] = 0
    return curvature


def pen_speed(points: Array, starts: Array) -> Array:
    """Speed (N,) of a hand along an evenly spaced path in x-heights: 1 on a curve of radius one x-height.

    The two-thirds power law (Lacquaniti, Terzuolo, Viviani 1983): speed ~ curvature^(-1/3), here bounded to
    0.4 .. 1.7, under a constant acceleration from the start of each stroke and to its end.
    """
    curvature = smooth(turning(points, starts)[:, None], starts, 3)[:, 0]
    speed = np.clip((curvature**2 + 0.04) ** (-1 / 6), 0.4, 1.7)
    gone = arc_length(points, starts)
    left = np.repeat(gone[stroke_ends(starts, len(points))], np.diff(np.append(starts, len(points)))) - gone
    ramp = np.sqrt(0.12 + 2.5 * np.minimum(gone, left))
    return np.minimum(speed, ramp)


def sample(points: Array, starts: Array, tick: float) -> tuple[Array, Array]:
    """Points (M, 2) that a hand passes every `tick`, and their strokes' starts; tick in x-heights at speed 1.

    A stroke's duration is rounded to whole ticks, at least one.
    """
    speed = pen_speed(points, starts)
    steps = np.zeros(len(points))
    steps[1:] = 2 * np.hypot(*np.diff(points, axis=0).T) / (speed[1:] + speed[:-1])
    clock = since_start(steps, starts)
    intervals = np.maximum(np.rint(clock[stroke_ends(starts, len(points))] / tick), 1).astype(int)
    return resample(points, clock, starts, intervals)
