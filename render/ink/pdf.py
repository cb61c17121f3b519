"""Pages as PDF: vector ink in its true size, a page of the file per page."""

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import ImageColor

from render.ink.curves import curves, visible
from render.ink.page import RULE_COLOR, RULE_MM, Page
from render.ink.pen import Pen
from utils.files import atomic_path

POINTS_PER_MM = 72 / 25.4


def write_pdf(path: Path, pages: Sequence[Page], pen: Pen | None = None) -> None:
    """Write pages as one PDF: smooth curves of one width as in an SVG (straight lines with a "polyline" pen).

    The same pages give the same bytes: the file holds no date.
    """
    pen = pen or Pen()
    kids = " ".join(f"{3 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>".encode()]
    for page in pages:
        size = f"{page.width * POINTS_PER_MM:.3f} {page.height * POINTS_PER_MM:.3f}"
        content = zlib.compress("\n".join(_content(page, pen)).encode(), 9)
        own = len(objects) + 2
        objects += [
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {size}]/Resources<<>>/Contents {own} 0 R>>".encode(),
            f"<</Length {len(content)}/Filter/FlateDecode>>stream\n".encode() + content + b"\nendstream",
        ]
    with atomic_path(path) as scratch:
        scratch.write_bytes(_document(objects))


def _document(objects: Sequence[bytes]) -> bytes:
    """Return the file of numbered objects, with the table of their places; the first is the catalogue."""
    content, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    rows = "".join(f"{place:010d} 00000 n \n" for place in places)
    count = len(objects) + 1
    table = f"xref\n0 {count}\n0000000000 65535 f \n{rows}trailer\n<</Size {count}/Root 1 0 R>>\n"
    return content + f"{table}startxref\n{len(content)}\n%%EOF\n".encode()


def _content(page: Page, pen: Pen) -> Iterator[str]:
    """Yield the operators that draw a page, in millimetres with y downward."""
    yield f"{POINTS_PER_MM:.6f} 0 0 -{POINTS_PER_MM:.6f} 0 {page.height * POINTS_PER_MM:.3f} cm 1 J 1 j"
    if page.rules:
        yield f"{_rgb(RULE_COLOR)} RG {RULE_MM:g} w"
        yield from (_path(rule, "l") for rule in page.rules)
    yield f"{_rgb(pen.color)} RG {pen.width:g} w"
    strokes = [visible(stroke) for stroke in page.strokes]
    if pen.line == "polyline":
        yield from (_path(stroke, "l") for stroke in strokes)
        return
    for line in curves(strokes):
        yield _path(np.concatenate([line[:1, 0], line[:, 1:].reshape(-1, 2)]), "c")


def _path(points: np.ndarray, operator: str) -> str:
    """Return the operators that stroke a path: it begins at the first of points (n, 2); "c" takes three at a time."""
    first, *others = (f"{x:.3f} {y:.3f}" for x, y in points)
    size = 3 if operator == "c" else 1
    steps = (" ".join(others[k : k + size]) + f" {operator}" for k in range(0, len(others), size))
    return f"{first} m {' '.join(steps)} S"


def _rgb(color: str) -> str:
    """Return a color as three numbers from 0 to 1."""
    return " ".join(f"{value / 255:.3f}" for value in ImageColor.getrgb(color)[:3])
