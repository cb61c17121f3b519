"""SVG drawings as ink, as drawing and plotter programs write them: strokes in the order of the file."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from data_loader.formats.drawing_files import read_drawing_files
from data_loader.formats.read_report import BadFileError, Progress, Report
from data_loader.formats.svg.document import parse_drawing
from ink.strokes import InkLine

UNIT = "px"


def read_svg(
    source: Path, report: Report, progress: Progress | None = None, *, writer_from: str | None = None
) -> Iterator[InkLine]:
    """Yield the ink of an SVG file, or of all in a folder or .tar.gz, a line each; text "", unit "px" (96 per inch).

    A page of several lines of text is one line here; `ink.page_lines` cuts it. Shapes that are not ink, such as filled
    areas next to strokes, and what is not shown are left out and noted; segments that are elements of their own are
    joined to strokes.

    `writer_from` and errors as in `read_drawing_files`.
    """

    def read(name: str, data: bytes) -> Iterator[InkLine]:
        drawing = parse_drawing(data)
        for kind, count in drawing.odd.items():
            report.note(kind, name, f"{count} in the file")
        points = _points(drawing.strokes)
        if len(points) < 2:
            raise BadFileError("no ink", f"points: {len(points)}; a line needs 2")
        yield InkLine(str(PurePosixPath(name).with_suffix("")), "", "", "", points, None, UNIT)

    return read_drawing_files(source, ".svg", read, report, progress, writer_from)


def _points(strokes: list[np.ndarray]) -> np.ndarray:
    points = np.zeros((sum(map(len, strokes)), 3), np.float32)
    points[:, :2] = np.concatenate(strokes)
    points[np.cumsum([len(stroke) for stroke in strokes]) - 1, 2] = 1
    return points
