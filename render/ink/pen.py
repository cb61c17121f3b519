"""The pen at work: when it passes each point of a page. One clock for the animated SVG and the GIF."""

import numpy as np

from render.ink.page import Page

WRITING_MM_PER_S = 55.0
TRAVEL_MM_PER_S = 160.0  # from stroke to stroke, above the paper
DOT_S = 0.06  # a point alone, pressed and lifted


def pen_times(page: Page) -> list[np.ndarray]:
    """Seconds from the page's beginning at which the pen passes each point: per stroke (n,), never falling.

    In proportion to the way of the pen, faster in the air than on the paper.
    """
    times, now = [], 0.0
    for before, stroke in zip([None, *page.strokes], page.strokes, strict=False):
        if before is not None:
            now += float(np.linalg.norm(stroke[0] - before[-1])) / TRAVEL_MM_PER_S
        steps = np.linalg.norm(np.diff(stroke, axis=0), axis=1) / WRITING_MM_PER_S
        times.append(now + np.append(0.0, np.cumsum(steps)))
        now = float(times[-1][-1]) + (DOT_S if steps.sum() == 0 else 0.0)
    return times


def writing_seconds(page: Page, most: float = 30.0) -> float:
    """Seconds in which a page is shown being written: the pen's own time, sped up to `most`."""
    times = pen_times(page)
    return min(max(float(times[-1][-1]), 1.0), most) if times else 1.0
