"""Xournal++ notebooks: gzipped XML of pages, layers and strokes, each stroke a row of x y pairs in points of 1/72 inch.

    <xournal><page><layer><stroke tool="pen" color="#000000ff" width="1.41 1.2 1.3">10 20 11 21 12 22</stroke>

With pressure, `width` goes on with one number per segment; ink here has no width, so it is not read.
"""

import gzip
import io
import xml.parsers.expat
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from data_loader.formats.archive import MAX_FILE_BYTES
from data_loader.formats.drawing_files import read_drawing_files
from data_loader.formats.read_report import BadFileError, Progress, Report
from ink.strokes import MAX_COORDINATE, InkLine, pen_strokes
from utils.errors import InputError
from utils.files import atomic_path

MAX_UNPACKED = 4 * MAX_FILE_BYTES
MAX_ELEMENTS = 1_000_000
UNIT = "pt"
PT_PER_UNIT = {"mm": 72 / 25.4, "pt": 1.0, "px": 0.75}
PAGE_PT, MARGIN_PT = 480.0, 36.0
"""Width or height of a page's ink that is in other units, and the margin around all ink."""
_GZIP = b"\x1f\x8b"
_ENCODINGS = ("utf-8", "us-ascii", "iso-8859-1")


def read_xopp(
    source: Path, report: Report, progress: Progress | None = None, *, writer_from: str | None = None
) -> Iterator[InkLine]:
    """Yield the ink of every page of a .xopp file, or of all in a folder or .tar.gz, as one line without text.

    The pen strokes of all layers of a page are one line, in the order of the file; strokes of other tools
    (highlighter, eraser), texts and pictures are left out and counted. The id is the file, and the page where it has
    several. `writer_from` and errors as in `read_drawing_files`.
    """

    def lines(name: str, data: bytes) -> Iterator[InkLine]:
        notebook = _parse(data)
        stem = str(PurePosixPath(name).with_suffix(""))
        for kind, count in notebook.others.items():
            report.note(kind, name, f"{count} in the file, left out")
        for number, strokes in enumerate(notebook.pages, 1):
            page_id = stem if len(notebook.pages) == 1 else f"{stem}-{number:02d}"
            points = np.concatenate([np.empty((0, 3), np.float32), *strokes])
            if len(points) >= 2:
                yield InkLine(page_id, "", "", "", points, unit=UNIT)
            else:
                report.note("pages without ink", page_id, "passed over")

    return read_drawing_files(source, ".xopp", lines, report, progress, writer_from)


class _Notebook:
    """Expat's handlers: the strokes (n, 3) of each page, and how many elements of other kinds there are."""

    def __init__(self) -> None:
        self.pages: list[list[np.ndarray]] = []
        self.others: Counter[str] = Counter()
        self.text: list[str] | None = None
        self.num_elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.num_elements += 1
        if self.num_elements == 1 and name != "xournal":
            raise BadFileError("not Xournal++", f"its outermost element is <{name[:40]}>, not <xournal>")
        if self.num_elements > MAX_ELEMENTS:
            raise BadFileError("huge file", f"more than {MAX_ELEMENTS:,} elements")
        self.text = None
        if name == "page":
            self.pages.append([])
        elif name == "stroke" and attributes.get("tool", "pen") == "pen":
            self.text = []
        elif name == "stroke":
            self.others[f"strokes of the {attributes['tool'][:20]!r}"] += 1
        elif name in ("text", "image", "teximage"):
            self.others[f"elements <{name}>"] += 1

    def characters(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def end(self, name: str) -> None:
        if name != "stroke" or self.text is None:
            return
        if not self.pages:
            raise BadFileError("broken XML", "a <stroke> outside a <page>")
        if stroke := "".join(self.text).split():
            self.pages[-1].append(_stroke(stroke))
        self.text = None

    def refuse_doctype(self, *_: object) -> None:
        raise BadFileError("XML with a DOCTYPE", "a document type may define entities; save it again")

    def declaration(self, _: str, encoding: str | None, __: int) -> None:
        if encoding and encoding.lower() not in _ENCODINGS:
            raise BadFileError("unknown encoding", f"{encoding[:40]!r}; save the file as UTF-8")


def _parse(data: bytes) -> _Notebook:
    notebook = _Notebook()
    parser = xml.parsers.expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = notebook.start, notebook.end
    parser.CharacterDataHandler, parser.XmlDeclHandler = notebook.characters, notebook.declaration
    parser.StartDoctypeDeclHandler = notebook.refuse_doctype
    try:
        parser.Parse(_unpacked(data), True)
    except (xml.parsers.expat.ExpatError, LookupError, ValueError) as error:
        raise BadFileError("broken XML", str(error)) from None
    if not any(notebook.pages):
        raise BadFileError("no ink", "not one pen stroke in it")
    return notebook


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            unpacked = file.read(MAX_UNPACKED + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadFileError("damaged gzip", str(error)) from None
    if len(unpacked) > MAX_UNPACKED:
        raise BadFileError("huge file", f"more than {MAX_UNPACKED:,} bytes unpacked")
    return unpacked


def _stroke(words: list[str]) -> np.ndarray:
    """Return the points (n, 3) float32 of a stroke's coordinates."""
    try:
        numbers = np.array(list(map(float, words)))
    except ValueError as error:
        raise BadFileError("bad coordinates", str(error)[:80]) from None
    if len(numbers) % 2 or not np.abs(numbers).max() <= MAX_COORDINATE:
        raise BadFileError("bad coordinates", f"{len(numbers)} numbers in a stroke, or one beyond +-{MAX_COORDINATE:g}")
    points = np.zeros((len(numbers) // 2, 3), np.float32)
    points[:, :2] = numbers.reshape(-1, 2)
    points[-1, 2] = 1
    return points


def write_xopp(lines: Iterable[InkLine], path: Path) -> None:
    """Write lines as the pages of a notebook, each page as large as its ink with a margin; it is whole or absent.

    Ink in mm, pt and px has its true size (96 px per inch), other ink is scaled to the size of a page. Times are lost.
    The same lines give the same bytes.

    Raises InputError where the file cannot be written there, or there is no line.
    """
    pages = [_page(line) for line in lines]
    if not pages:
        raise InputError(f"{path}: not one line to write")
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<xournal creator="Ductus" fileversion="4">\n'
    with (
        atomic_path(path) as scratch,
        open(scratch, "wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
    ):
        packed.write(f"{head}{''.join(pages)}</xournal>\n".encode())


def _page(line: InkLine) -> str:
    xy = line.points[:, :2].astype(np.float64)
    size = np.ptp(xy, axis=0)
    scale = PT_PER_UNIT.get(line.unit) or PAGE_PT / max(float(size.max()), 1e-9)
    xy = (xy - xy.min(axis=0)) * scale + MARGIN_PT
    width, height = (size * scale + 2 * MARGIN_PT).tolist()
    strokes = []
    for stroke in pen_strokes(np.column_stack([xy, line.points[:, 2]])):
        pairs = stroke if len(stroke) > 1 else np.repeat(stroke, 2, axis=0)  # Xournal++ draws no single point
        numbers = " ".join(f"{x:.4f} {y:.4f}" for x, y in pairs.tolist())
        strokes.append(f'<stroke tool="pen" color="#1a1a2eff" width="1.41">{numbers}</stroke>\n')
    sheet = '<background type="solid" color="#ffffffff" style="plain"/>\n<layer>\n'
    return f'<page width="{width:.2f}" height="{height:.2f}">\n{sheet}{"".join(strokes)}</layer>\n</page>\n'
