"""Files of one JSON object a line, streamed as ink: what the formats `jsonl` and `quickdraw` have in common.

A plain or gzipped file, or a folder with such files in it. A line at fault is left out and named by file and number.
"""

import gzip
import io
import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, filterfalse
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.formats.archive import sorted_files
from data_loader.formats.read_report import BadFileError, Progress, Report
from ink.strokes import MAX_COORDINATE, InkLine
from utils.errors import InputError
from utils.strict_json import parse_json, shown

MAX_LINE_BYTES = 16 * 2**20
MAX_PACKING, FREE_BYTES = 50, 64 * 2**20  # ink in JSON packs to a third or a tenth, a bomb to a thousandth
MAX_LINES = 2_000_000  # kept of each in memory until the corpus is written is some 700 bytes
MAX_CHARACTERS = 2**27  # of all ids, writers and splits, which are kept too
MAX_FAULTS = 100_000
MAX_UNKNOWN_KEYS = 100
MAX_LABEL, MAX_TEXT = 1_000, 10_000  # characters
_MAX_TIME = 1e12  # seconds; also keeps the differences finite
_GZIP = b"\x1f\x8b"
MakeLine = Callable[[dict[str, Any], str, list[str]], InkLine]
"""(JSON object, the id if it has none, list to put kinds of oddities in) to a line; BadFileError leaves it out."""


def read_objects(
    source: Path, suffix: str, keys: Iterable[str], make: MakeLine, report: Report, progress: Progress | None
) -> Iterator[InkLine]:
    """Yield the line that `make` makes of every JSON object in a file, or in a folder's files named *suffix[.gz].

    Oddities are noted once a file with the lines' count, keys that are not in `keys` once each. An id that was there
    before leaves the later line out.

    Raises:
        InputError: no line is left; more than 100,000 are at fault; more than 2,000,000 in all; a gzipped file is
            damaged, or unpacks to more than 64 MiB and 50 times its size.
    """
    reader = _Reader(source, frozenset(keys), make, report)
    lines: Iterable[InkLine] = chain.from_iterable(
        reader.lines(path, name) for path, name in _files(source, suffix, report)
    )
    if progress:
        lines = progress(lines, None, f"reading {source.name}")
    yield from lines
    if not reader.ids:
        why = "; ".join(reader.first_faults) or f"it is empty, or a folder without {suffix} files"
        raise InputError(f"{source}: no line in it can be used; {why}")


def label(record: dict[str, Any], key: str, longest: int = MAX_LABEL) -> str:
    """The string under a key; "" where it is absent or null.

    Raises:
        BadFileError: it is no string, is too long, or has characters that cannot be written.
    """
    value = record.get(key)
    if value is None:
        return ""
    if not (isinstance(value, str) and len(value) <= longest and value.isprintable()):
        raise BadFileError(f"bad {key}", f"{shown(value)} is no string of up to {longest} printable characters")
    return value


def has_only(values: Iterable[Any], *kinds: type) -> bool:
    """Whether every value is of one of these types exactly: true is no int."""
    return set(map(type, values)) <= set(kinds)


def numbers(values: list[Any]) -> np.ndarray:
    """The values as float64.

    Raises:
        BadFileError: a value is not a number.
    """
    if not has_only(values, int, float):
        bad = next(value for value in values if type(value) not in (int, float))
        raise BadFileError("bad coordinates", f"{shown(bad)} is not a number")
    try:
        return np.array(values, np.float64)
    except OverflowError:
        raise BadFileError("bad coordinates", "a whole number with hundreds of digits") from None


def ink(
    x: np.ndarray, y: np.ndarray, seconds: np.ndarray | None, lengths: list[int], oddities: list[str]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Points (T, 3) float32 and times (T,) from the first point, or None, of coordinates and seconds (T,) float64.

    `lengths` are the numbers of points of the strokes; empty ones and times beyond all clocks go to `oddities`.

    Raises:
        BadFileError: fewer than 2 points, or one farther than a million from the origin.
    """
    if len(x) < 2:
        raise BadFileError("no ink", f"points: {len(x)}; a line needs 2")
    points = np.zeros((len(x), 3), np.float32)
    for axis, values in enumerate((x, y)):
        if not np.abs(values).max() <= MAX_COORDINATE:
            extent = f"{'xy'[axis]} from {values.min():g} to {values.max():g}"
            raise BadFileError("bad coordinates", f"{extent}, beyond +-{MAX_COORDINATE:g}")
        points[:, axis] = values
    points[np.cumsum(lengths) - 1, 2] = 1  # after an empty stroke the one before ends again, or, at -1, the last
    if 0 in lengths:
        oddities.append("empty strokes")
    if seconds is not None and not np.abs(seconds).max() < _MAX_TIME:
        oddities.append("times left out as too large")
        seconds = None
    return points, None if seconds is None else seconds - seconds[0]


class _Reader:
    """The state of reading a source, across its files."""

    def __init__(self, source: Path, keys: frozenset[str], make: MakeLine, report: Report) -> None:
        self.source, self.keys, self.make, self.report = source, keys, make, report
        self.num_read = self.num_characters = 0
        self.ids: set[str] = set()
        self.unknown: set[str] = set()
        self.first_faults: list[str] = []

    def lines(self, path: Path, name: str) -> Iterator[InkLine]:
        """The lines of one file; `name` is its path inside the source."""
        stem = name.removesuffix(".gz").rpartition(".")[0] or name
        odd: dict[str, list[int]] = {}
        for number, data in _numbered(path):
            self.num_read += 1
            if self.num_read > MAX_LINES or self.num_characters > MAX_CHARACTERS:
                raise InputError(
                    f"{self.source}: more than {MAX_LINES:,} lines, or {MAX_CHARACTERS:,} characters of ids, writers "
                    "and splits; prepare fewer lines at a time"
                )
            if data is not None and not data.strip():
                continue
            where = f"{name}, line {number}"
            try:
                record = self._record(data, where)
                oddities: list[str] = []
                line = self.make(record, f"{stem}-{number}", oddities)
                if line.id in self.ids:
                    raise BadFileError("second line of an id", f"{shown(line.id)}; the first one is kept")
            except BadFileError as bad:
                self._drop(bad, where)
                continue
            for kind in oddities:
                odd.setdefault(kind, []).append(number)
            self.ids.add(line.id)
            self.num_characters += len(line.id) + len(line.writer) + len(line.split)
            yield line
        for kind, at in odd.items():
            self.report.note(f"files with {kind}", name, f"{len(at):,} of its lines, the first is line {at[0]}")

    def _record(self, data: bytes | None, where: str) -> dict[str, Any]:
        if data is None:
            raise BadFileError("huge line", f"more than {MAX_LINE_BYTES:,} bytes")
        try:
            record = parse_json(data.decode("utf-8-sig").rstrip())
        except UnicodeDecodeError as error:
            raise BadFileError("no JSON", f"not UTF-8 text (byte {error.start})") from None
        except InputError as error:
            raise BadFileError("no JSON", str(error).replace("JSON at 1:", "JSON at column ")) from None
        if not isinstance(record, dict):
            raise BadFileError("no JSON object", f"{shown(record)} is not an object; a line is {{...}}")
        for key in filterfalse((self.keys | self.unknown).__contains__, record):
            self.unknown.add(key)
            self.report.note("unknown key", where, f"{shown(key)} is not read")
            if len(self.unknown) > MAX_UNKNOWN_KEYS:
                raise InputError(f"{self.source}: more than {MAX_UNKNOWN_KEYS} unknown keys; is it of this format?")
        return record

    def _drop(self, bad: BadFileError, where: str) -> None:
        self.report.dropped(bad.kind, where, bad.problem)
        if len(self.first_faults) < 3:
            self.first_faults.append(f"{where}: {bad}")
        if self.report.num_dropped > MAX_FAULTS:
            faults = "; ".join(self.first_faults)
            raise InputError(f"{self.source}: more than {MAX_FAULTS:,} lines in it are at fault; {faults}")


def _files(source: Path, suffix: str, report: Report) -> Iterator[tuple[Path, str]]:
    """(path, path inside the source) of the files to read, sorted; a file given by name may be called anything."""
    if not source.is_dir():
        yield source, _printable(source.name)
        return
    for path in sorted_files(source):
        name = _printable(path.relative_to(source).as_posix())
        if name.removesuffix(".gz").endswith(suffix):
            yield path, name
        else:
            report.note(f"not a {suffix} file", name, "passed over")


def _printable(name: str) -> str:
    """A path for messages and ids, with what cannot be written escaped."""
    return name if name.isprintable() else ascii(name)[1:-1]


def _numbered(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """(number from 1, bytes) of the lines of a plain or gzipped file; None for one too long."""
    if not path.is_file():
        raise InputError(f"{path}: not a file that can be read")
    try:
        with open(path, "rb") as file:
            packed = file.peek(2)[:2] == _GZIP
            lines = io.BufferedReader(gzip.GzipFile(fileobj=file)) if packed else file  # type: ignore[arg-type]
            max_bytes = FREE_BYTES + MAX_PACKING * path.stat().st_size if packed else math.inf
            yield from _cut(lines.readline, max_bytes, path)
    except gzip.BadGzipFile as error:
        raise InputError(f"{path}: not a valid gzip file ({error}); pack or download it again") from None
    except (EOFError, zlib.error) as error:
        raise InputError(f"{path}: damaged or cut off ({error}); pack or download it again") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def _cut(read: Callable[[int], bytes], bytes_left: float, path: Path) -> Iterator[tuple[int, bytes | None]]:
    number, goes_on = 1, False
    while piece := read(MAX_LINE_BYTES):
        bytes_left -= len(piece)
        if bytes_left < 0:
            raise InputError(f"{path}: unpacks to more than {MAX_PACKING} times its size; unpack it if you trust it")
        open_end = len(piece) == MAX_LINE_BYTES and not piece.endswith(b"\n")
        if not goes_on:
            yield number, None if open_end else piece
        goes_on = open_end
        number += not goes_on
