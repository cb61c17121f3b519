"""Animations of pages being written, at any speed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from render.ink.page import Page
from render.ink.pen import Pen, pen_times
from render.ink.raster import GIF_MAX_FRAMES, write_gif
from render.ink.svg import write_animated_svg
from results.writing.lines import page_paths
from utils.errors import InputError
from utils.progress import progress

SLOWEST, FASTEST = 0.05, 50.0
FRAMES_PER_S = 20
MIN_SECONDS = 0.1


def require_speed(speed: float) -> None:
    """Raise InputError unless a page can be shown at this speed."""
    if not SLOWEST <= speed <= FASTEST:
        raise InputError(f"speed is {speed}; it must be {SLOWEST:g} to {FASTEST:g}")


def save_animation(
    pages: Sequence[Page], stem: Path, *, speed: float = 1.0, pen: Pen | None = None
) -> list[dict[str, Any]]:
    """GIF and SVG of the pen writing each page, `speed` times as fast as a person; per page, what was saved.

    A GIF has at most 240 frames: of a longer writing they follow each other more slowly, the time stays.

    Raises InputError where the speed is out of range.
    """
    require_speed(speed)
    saved = []
    for number, page in enumerate(progress(pages, len(pages), "animating", "page")):
        files = [page_paths(stem, len(pages), suffix)[number] for suffix in (".gif", ".svg")]
        seconds = max((float(times[-1]) for times in pen_times(page)), default=0.0) / speed
        seconds = max(seconds, MIN_SECONDS)
        frames = min(max(round(seconds * FRAMES_PER_S), 2), GIF_MAX_FRAMES)
        write_gif(files[0], page, pen, frames=frames, fps=frames / seconds)
        write_animated_svg(files[1], page, pen, seconds=seconds)
        ink = sum(float(np.linalg.norm(np.diff(stroke, axis=0), axis=1).sum()) for stroke in page.strokes)
        saved.append(
            {"files": list(map(str, files)), "seconds": seconds, "strokes": len(page.strokes), "ink_mm": round(ink, 3)}
        )
    return saved
