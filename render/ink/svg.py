"""Pages as SVG in millimetres: for the screen, for paper and for a pen plotter."""

from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np

from render.ink.page import INK_COLOR, PEN_MM, Page, Stroke
from render.ink.pen import pen_times, writing_seconds
from utils.files import atomic_path


def write_svg(path: Path, page: Page, *, pen_mm: float = PEN_MM, color: str = INK_COLOR) -> None:
    """Write the page as one `<path>` per stroke in writing order and nothing else, so that a plotter can draw it.

    User units are millimetres. A stroke of one point is a line to itself: a dot, by its round cap.
    """
    _write(path, page, pen_mm, color, (f'<path d="{_path_data(stroke)}"/>' for stroke in page.strokes))


def write_animated_svg(
    path: Path,
    page: Page,
    *,
    seconds: float | None = None,
    hold_s: float = 2.0,
    loop: bool = True,
    pen_mm: float = PEN_MM,
    color: str = INK_COLOR,
) -> None:
    """Write the page as an SVG that a browser, or an `<img>`, plays without script: the pen at work.

    The writing takes `seconds` (None: about as long as by hand), is held `hold_s` seconds and begins again, or stays
    if not `loop`. Programs that do not know animation show the whole ink.
    """
    seconds = writing_seconds(page) if seconds is None else seconds
    total = seconds + hold_s
    times = pen_times(page)
    end = max((float(time[-1]) for time in times), default=0.0) or 1.0
    clock = f'dur="{total:.3f}s" ' + ('repeatCount="indefinite"' if loop else 'fill="freeze"')
    _write(
        path,
        page,
        pen_mm,
        color,
        (
            _animated_path(stroke, time[0] / end * seconds / total, time[-1] / end * seconds / total, clock)
            for stroke, time in zip(page.strokes, times, strict=True)
        ),
    )


def _animated_path(stroke: Stroke, start: float, stop: float, clock: str) -> str:
    """Return a path that is drawn between `start` and `stop`, fractions of the clock's period.

    It is one dash that slides in. Until then it is also hidden, as a round cap shows even on a dash of no length.
    """
    data = _path_data(stroke)
    hidden = f'values="0;1" keyTimes="0;{min(start, 0.999):.5f}" calcMode="discrete"'
    show = f'<animate attributeName="opacity" {hidden} {clock}/>' if start >= 5e-6 else ""
    dash = float(np.linalg.norm(np.diff(stroke, axis=0), axis=1).sum()) + 0.1  # rounded coordinates may be longer
    if len(stroke) == 1 or stop - start < 1e-5:
        return f'<path d="{data}">{show}</path>'
    slide = (
        f'<animate attributeName="stroke-dashoffset" values="{dash:.3f};{dash:.3f};0;0" '
        f'keyTimes="0;{start:.5f};{stop:.5f};1" {clock}/>'
    )
    return f'<path d="{data}" stroke-dasharray="{dash:.3f}">{show}{slide}</path>'


def _path_data(stroke: Stroke) -> str:
    """Return the `d` of a stroke (n, 2): absolute millimetres, three decimals."""
    points = [f"{x:.3f} {y:.3f}" for x, y in stroke]
    return f"M{points[0]} L" + " ".join(points[1:] or points)


def _write(path: Path, page: Page, pen_mm: float, color: str, paths: Iterable[str]) -> None:
    """Write `<path>` elements with the page's size and the pen's width and color."""
    width, height = f"{page.width:.3f}", f"{page.height:.3f}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
        f'viewBox="0 0 {width} {height}" style="background:#fff">',
        f'<g fill="none" stroke={quoteattr(color)} stroke-width="{pen_mm:g}" '
        'stroke-linecap="round" stroke-linejoin="round">',
        *paths,
        "</g>",
        "</svg>",
    ]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
