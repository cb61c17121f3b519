"""Pages as SVG in millimetres: for the screen, for paper and for a pen plotter."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import ImageColor

from render.ink.curves import curves, sampled, visible
from render.ink.outline import outline
from render.ink.page import RULE_COLOR, RULE_MM, Page, Stroke
from render.ink.pen import Pen, line_widths, pen_times, writing_seconds
from utils.files import atomic_path

INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"
SAMPLES = 6
"""Points per curve from which the outline of a filled line is made."""


def write_svg(path: Path, page: Page, pen: Pen | None = None) -> None:
    """Write the page: a `<path>` per stroke in writing order, in a `<g class="line">` per line of text.

    User units are millimetres. The ink is a layer of Inkscape, "1 ink", and the ruling another, "2 ruling"; plotters
    choose layers by these numbers. A dot is a stroke of 0.1 mm.
    """
    pen = pen or Pen()
    _write(path, page, pen, [f'<path d="{data}"/>' for data in _paths(page, pen)])


def write_animated_svg(
    path: Path,
    page: Page,
    pen: Pen | None = None,
    *,
    seconds: float | None = None,
    hold_s: float = 2.0,
    loop: bool = True,
) -> None:
    """Write the page as an SVG that a browser, or an `<img>`, plays without script: the pen at work.

    The writing takes `seconds` (None: about as long as by hand), is held `hold_s` seconds and begins again, or stays
    if not `loop`. Programs that do not know animation show the whole ink. A line has one width.
    """
    pen = pen or Pen()
    pen = Pen(pen.width, pen.color, "polyline" if pen.line == "polyline" else "curves")
    seconds = writing_seconds(page) if seconds is None else seconds
    total = seconds + hold_s
    times = pen_times(page)
    end = max((float(time[-1]) for time in times), default=0.0) or 1.0
    clock = f'dur="{total:.3f}s" ' + ('repeatCount="indefinite"' if loop else 'fill="freeze"')
    spans = [(time[0] / end * seconds / total, time[-1] / end * seconds / total) for time in times]
    paths = zip(_paths(page, pen), page.strokes, spans, strict=True)
    _write(path, page, pen, [_animated_path(data, stroke, *span, clock) for data, stroke, span in paths])


def _animated_path(data: str, stroke: Stroke, start: float, stop: float, clock: str) -> str:
    """Return a path that is drawn between `start` and `stop`, fractions of the clock's period.

    It is one dash that slides in. Until then it is also hidden, as a round cap shows even on a dash of no length.
    """
    hidden = f'values="0;1" keyTimes="0;{min(start, 0.999):.5f}" calcMode="discrete"'
    show = f'<animate attributeName="opacity" {hidden} {clock}/>' if start >= 5e-6 else ""
    if len(stroke) == 1 or stop - start < 1e-5:
        return f'<path d="{data}">{show}</path>'
    slide = (
        f'<animate attributeName="stroke-dashoffset" values="1;1;0;0" keyTimes="0;{start:.5f};{stop:.5f};1" {clock}/>'
    )
    return f'<path d="{data}" pathLength="1" stroke-dasharray="1">{show}{slide}</path>'


def _paths(page: Page, pen: Pen) -> Iterator[str]:
    """Yield the `d` of every stroke of a page: absolute millimetres, three decimals."""
    strokes = [visible(stroke) for stroke in page.strokes]
    if pen.line == "polyline":
        yield from (_data(stroke, "L") for stroke in strokes)
        return
    fitted = curves(strokes)
    if pen.line == "curves":
        yield from (_data(np.concatenate([line[:1, 0], line[:, 1:].reshape(-1, 2)]), "C") for line in fitted)
        return
    for stroke, controls, widths in zip(strokes, fitted, line_widths(page.strokes, pen.width), strict=True):
        yield _data(outline(*_fine(stroke, controls, widths)), "L") + " Z"


def _fine(stroke: Stroke, controls: np.ndarray, widths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return points (m, 2) on the curves of a stroke (n, 2), and the widths (m,) that it has there."""
    points = sampled(controls, SAMPLES)
    if len(widths) != len(stroke):
        return points, np.full(len(points), widths.mean())
    along, of_point = (_share(line) for line in (points, stroke))
    return points, np.interp(along, of_point, widths)


def _share(line: np.ndarray) -> np.ndarray:
    """Return the share (n,) of a path's length at which each of its points (n, 2) is."""
    along = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1)))
    return along / along[-1]


def _data(points: Sequence[np.ndarray] | np.ndarray, command: str) -> str:
    """Return the `d` that moves to the first of points (n, 2) and draws the others by one command."""
    first, *others = (f"{x:.3f} {y:.3f}" for x, y in points)
    return f"M{first} {command}{' '.join(others)}"


def _write(path: Path, page: Page, pen: Pen, paths: Sequence[str]) -> None:
    """Write `<path>` elements in their lines, with the page's size and its ruling."""
    width, height = f"{page.width:.3f}", f"{page.height:.3f}"
    color = "#{:02x}{:02x}{:02x}".format(*ImageColor.getrgb(pen.color))  # not all of its names are known to SVG
    style = f'fill="{color}"' if pen.line == "filled" else f'fill="none" stroke="{color}" stroke-width="{pen.width:g}"'
    content = [
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:inkscape="{INKSCAPE}" width="{width}mm" height="{height}mm" '
        f'viewBox="0 0 {width} {height}" style="background:#fff">'
    ]
    if page.rules:
        rules = (f'<path d="{_data(rule, "L")}"/>' for rule in page.rules)
        look = f'fill="none" stroke="{RULE_COLOR}" stroke-width="{RULE_MM:g}"'
        content += [_layer("2 ruling", look), *rules, "</g>"]
    content.append(_layer("1 ink", f'{style} stroke-linecap="round" stroke-linejoin="round"'))
    rest = iter(paths)
    for line in page.lines:
        content += ['<g class="line">', *(next(rest) for _ in line), "</g>"]
    with atomic_path(path) as temporary:
        temporary.write_text("\n".join([*content, "</g>", "</svg>"]) + "\n", encoding="utf-8")


def _layer(name: str, style: str) -> str:
    """Return the start tag of a layer of Inkscape."""
    return f'<g inkscape:groupmode="layer" inkscape:label="{name}" {style}>'
