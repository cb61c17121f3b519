"""The studio's reading: ink that is read, dropped files that are opened, and ink that is saved."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import numpy as np

from data_loader.formats.ink_files import ink_of
from data_loader.formats.inkml.export import write_inkml
from data_loader.formats.jsonl import write_jsonl
from data_loader.formats.read_report import Report
from data_loader.formats.registry import ink_suffixes
from data_loader.formats.xopp import write_xopp
from ink.strokes import MAX_COORDINATE, InkLine
from results.reading.decoding import Decoding
from results.reading.lines import LineReading
from results.reading.page import read_pages
from results.reading.reader import Reader
from studio.files import zipped
from utils.errors import InputError

MAX_PAGE_POINTS = 50_000
"""Points of a page, at most; a page full of handwriting has about 20,000."""
MAX_FILE_POINTS, MAX_PAGES = 200_000, 500
ALTERNATIVES = 4
KEPT_LINES = 500
STEM = "dropped-file"
"""Name that a dropped file has on the disk, whatever its own, which messages have in its place."""
KINDS = {
    "jsonl": (".jsonl", "application/jsonl"),
    "inkml": (".inkml", "application/inkml+xml"),
    "xopp": (".xopp", "application/x-xopp"),
}
"""Suffixes and media types of the files that ink is saved as."""


class ReadingDesk:
    """A reader, and the lines that it read last, so that a page is read on as it grows."""

    def __init__(self, reader: Reader, folder: Path) -> None:
        self.reader, self.folder = reader, folder
        self.lock, self.readings = Lock(), OrderedDict[bytes, LineReading]()

    def can(self, ability: str) -> bool:
        """True: `read_pages` asks whether lines are read."""
        return ability in ("read", "read lines")

    def read(self, lines: Sequence[InkLine]) -> list[LineReading]:
        """Read lines as `Reader.read` does; those that were read before are remembered."""
        keys = [hashlib.sha256(line.points.tobytes() + _times(line)).digest() for line in lines]
        with self.lock:
            known = {key: self.readings[key] for key in keys if key in self.readings}
        pairs = dict(zip(keys, lines, strict=True))
        known |= {key: LineReading(line, "", 0.0, []) for key, line in pairs.items() if len(line.points) < 2}  # a dot
        new = {key: line for key, line in pairs.items() if key not in known}
        decoding = Decoding(spacings=self.reader.spacings)
        known |= zip(new, self.reader.read(list(new.values()), decoding, alternatives=ALTERNATIVES), strict=True)
        with self.lock:
            self.readings |= known
            while len(self.readings) > KEPT_LINES:
                self.readings.popitem(last=False)
        return [known[key] for key in keys]

    def read_page(self, data: Any) -> dict[str, Any]:
        """Read a page of ink, as the page sends it: its lines, as `read --json` has them."""
        page = page_of(data)
        if len(page.points) < 2:
            return {"lines": []}
        read = read_pages(self, [page])  # type: ignore[arg-type]  # of a network it needs `can` and `read` alone
        return {"lines": read.numbers["lines"], "seconds": round(read.seconds, 3)}

    def open(self, name: str, content: bytes) -> dict[str, Any]:
        """The pages of a file of ink, and what was left out of it.

        Raises InputError where it is of no known kind, cannot be read, or has too much ink.
        """
        suffix = next((suffix for suffix in ink_suffixes() if name.lower().endswith(suffix)), None)
        if suffix is None:
            raise InputError(f"{_short(name)} is no ink that can be read; that is in {', '.join(ink_suffixes())}")
        report = Report()

        def named(message: str) -> str:
            return message.replace(STEM, _short(name)[: -len(suffix)])

        with TemporaryDirectory(dir=self.folder, prefix=".file-") as scratch:
            path = Path(scratch) / f"{STEM}{suffix}"
            path.write_bytes(content)
            try:
                pages = ink_of([path], report)
            except InputError as error:
                raise InputError(named(str(error).replace(f"{scratch}/", ""))) from None
        sizes = [len(page.points) for page in pages]
        if len(pages) > MAX_PAGES or sum(sizes) > MAX_FILE_POINTS or max(sizes) > MAX_PAGE_POINTS:
            raise InputError(
                f"{_short(name)} has {len(pages):,} pages with {sum(sizes):,} points, {max(sizes):,} on one; it "
                f"takes {MAX_PAGES:,} pages and {MAX_FILE_POINTS:,} points, {MAX_PAGE_POINTS:,} on one; "
                "`experiments.py read` takes any file"
            )
        return {"pages": [plain_page(page) for page in pages], "report": [named(line) for line in report.summary()]}

    def file(self, data: Any) -> tuple[str, str, bytes]:
        """Pages of ink as a file: its name, media type and content; several InkML files are in a zip."""
        kind, pages = (data.get("kind"), data.get("pages")) if isinstance(data, dict) else (None, None)
        if not isinstance(kind, str) or kind not in KINDS or not isinstance(pages, list) or len(pages) > MAX_PAGES:
            raise InputError("this is no ink that can be saved; reload the page")
        suffix, media = KINDS[kind]
        lines = [
            page for number, one_page in enumerate(pages, 1) if len((page := page_of(one_page, number)).points) > 1
        ]
        if not lines:
            raise InputError("there is no ink to save yet")
        with TemporaryDirectory(dir=self.folder, prefix=".file-") as scratch:
            folder = Path(scratch)
            path = folder / f"ink{suffix}"
            if kind == "inkml":
                write_inkml(lines, folder / "pages")
                paths = sorted((folder / "pages").iterdir())
                if len(paths) > 1:
                    return "ink.zip", "application/zip", zipped(paths, folder / "ink.zip")
                (path,) = paths
            else:
                {"jsonl": write_jsonl, "xopp": write_xopp}[kind](lines, path)
            return f"ink{suffix}", media, path.read_bytes()


def _times(line: InkLine) -> bytes:
    return b"" if line.times is None else line.times.tobytes()


def _short(name: str) -> str:
    """A file's name, without what no screen can show."""
    return "".join(character if character.isprintable() else "?" for character in Path(name).name)[:80]


def page_of(data: Any, number: int = 1) -> InkLine:
    """Return a page's ink from plain data: {"strokes": [[x, y, t, x, y, t, ...], ...], "unit": ""}.

    Times are in seconds, from any zero; -1 where there is none.

    Raises InputError where it is something else, or has too many points.
    """
    strokes = data.get("strokes") if isinstance(data, dict) else None
    if not isinstance(strokes, list):
        raise InputError("this is no ink; reload the page")
    arrays = [_stroke(stroke) for stroke in strokes]
    size = sum(map(len, arrays))
    if size > MAX_PAGE_POINTS:
        raise InputError(
            f"the page has {size:,} points, more than the {MAX_PAGE_POINTS:,} that are read at once; begin a new page"
        )
    points = np.zeros((size, 3), np.float32)
    every = np.concatenate([np.empty((0, 3)), *arrays])
    points[:, :2] = every[:, :2]
    points[np.cumsum([len(array) for array in arrays], dtype=np.int64) - 1, 2] = 1
    times = every[:, 2] - every[0, 2] if size and (every[:, 2] >= 0).all() else None
    return InkLine(f"page-{number}", "", "", "", points, times, str(data.get("unit", ""))[:20])


def _stroke(values: Any) -> np.ndarray:
    """Return a stroke (n, 3), n >= 1, of x, y, t."""
    try:
        stroke = np.array(values, np.float64).reshape(-1, 3)
    except (TypeError, ValueError, OverflowError):
        raise InputError("a stroke is no list of x, y, t; reload the page") from None
    if not len(stroke) or not (np.abs(stroke) <= MAX_COORDINATE).all():
        raise InputError("a stroke is empty, or has a number that is too large; reload the page")
    return stroke


def plain_page(page: InkLine) -> dict[str, Any]:
    """A page as plain data, see `page_of`."""
    times = np.full(len(page.points), -1.0) if page.times is None else page.times
    xy = page.points[:, :2].astype(str).astype(np.float64)  # the shortest numbers that float32 reads back the same
    every = np.column_stack([xy, times])
    cuts = np.flatnonzero(page.points[:-1, 2] > 0.5) + 1
    return {"unit": page.unit, "strokes": [stroke.ravel().tolist() for stroke in np.split(every, cuts)]}
