"""SVG drawings as ink, as drawing and plotter programs write them: strokes in the order of the file."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from data_loader.formats.drawing_files import read_drawing_files
from data_loader.formats.read_report import Progress, Report
from data_loader.formats.svg.document import parse_drawing
from ink.strokes import InkLine

UNIT = "px"
CARRIAGE_RETURN = 0.4
"""Share of the drawing's width: when the pen goes back farther, and down, a new line of text begins."""


def read_svg(
    source: Path, report: Report, progress: Progress | None = None, *, writer_from: str | None = None
) -> Iterator[InkLine]:
    """Yield the lines of text of an SVG file, or of all in a folder or .tar.gz; text "", unit "px" (96 per inch).

    A file holds one line of text, or several one below the other: the next begins where the pen goes back and down.
    Shapes that are not ink, such as filled areas next to strokes, are left out and noted.

    `writer_from` and errors as in `read_drawing_files`.
    """

    def read(name: str, data: bytes) -> Iterator[InkLine]:
        drawing = parse_drawing(data)
        for kind, count in drawing.left_out.items():
            report.note(kind, name, f"{count} in the file")
        stem = str(PurePosixPath(name).with_suffix(""))
        lines = text_lines(drawing.strokes)
        for number, points in enumerate(lines, 1):
            yield InkLine(stem if len(lines) == 1 else f"{stem}-{number:02d}", "", "", "", points, None, UNIT)

    return read_drawing_files(source, ".svg", read, report, progress, writer_from)


def text_lines(strokes: list[np.ndarray]) -> list[np.ndarray]:
    """Return strokes (n, 2) in the order of writing as lines of text, each points (T, 3) float32."""
    width = np.ptp(np.concatenate(strokes)[:, 0])
    lines, last = [[strokes[0]]], strokes[0]
    for stroke in strokes[1:]:
        back, down = last[-1] - stroke[0]
        if back > CARRIAGE_RETURN * width and down < 0:
            lines.append([])
        lines[-1].append(stroke)
        last = stroke
    return [points for points in map(_points, lines) if len(points) >= 2]


def _points(strokes: list[np.ndarray]) -> np.ndarray:
    points = np.zeros((sum(map(len, strokes)), 3), np.float32)
    points[:, :2] = np.concatenate(strokes)
    points[np.cumsum([len(stroke) for stroke in strokes]) - 1, 2] = 1
    return points
