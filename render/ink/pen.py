"""The pen at work: times at which it passes the points of a page, one clock for the animated SVG and the GIF."""

import numpy as np

from render.ink.page import Page

WRITING_MM_PER_S = 55.0
TRAVEL_MM_PER_S = 160.0  # from stroke to stroke, above the paper
DOT_S = 0.06  # for a point alone, pressed and lifted


def pen_times(page: Page) -> list[np.ndarray]:
    """Return the seconds at which the pen passes each point of a page, from 0: an array (n,) per stroke, never falling.

    They grow with the path of the pen, slower in the air than on the paper.
    """
    times, now = [], 0.0
    for previous, stroke in zip([None, *page.strokes], page.strokes, strict=False):
        if previous is not None:
            now += float(np.linalg.norm(stroke[0] - previous[-1])) / TRAVEL_MM_PER_S
        steps = np.linalg.norm(np.diff(stroke, axis=0), axis=1) / WRITING_MM_PER_S
        times.append(now + np.append(0.0, np.cumsum(steps)))
        now = float(times[-1][-1]) + (DOT_S if steps.sum() == 0 else 0.0)
    return times


def writing_seconds(page: Page, longest: float = 30.0) -> float:
    """Return the seconds that an animation of a page takes: the pen's own time, sped up to `longest` at most."""
    times = pen_times(page)
    return min(max(float(times[-1][-1]), 1.0), longest) if times else 1.0
