"""UNIPEN, the exchange format for pen data of the 1990s, as the data set train_r01_v07 is written in it."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from data_loader.corpus_check import CHANCE_POINTS
from data_loader.formats.archive import MAX_FILE_BYTES, walk_files
from data_loader.formats.read_report import BadFileError, Progress, Report
from data_loader.formats.unipen.ink import UNITS_PER_INCH, Ink, read_ink
from data_loader.formats.unipen.segments import QUALITIES, Segment, included_paths, parse_segments
from data_loader.formats.unipen.text_lines import Piece, cut_text
from ink.geometry import stroke_bounds
from ink.page_lines import cut_into_lines
from ink.strokes import MAX_COORDINATE, InkLine
from utils.errors import InputError

CATEGORIES = ("8", "6", "7", "1a", "1b", "1c", "1d", "2", "3")
"""Texts, words of letters, words, digits, capitals, lower case, marks, characters alone, characters within texts."""
OPTIONS: dict[str, dict[str, Any]] = {
    "category": {
        "nargs": "+",
        "choices": CATEGORIES,
        "help": "8 texts, 6 words of letters, 7 words of all characters, 1a digits, 1b capitals, 1c lower case, "
        "1d marks, 2 and 3 characters of all kinds; ink that several have is taken for the first of them "
        "(default: 8 6 7 1a 1b 1c 1d)",
    },
    "quality": {"nargs": "+", "choices": QUALITIES, "help": "only segments of these qualities (default: all)"},
}
"""Arguments for argparse of the options of `read_unipen`."""
HELD_BACK = frozenset(Path(__file__).with_name("held_back.txt").read_text("utf-8").splitlines())
"""Writers (see `read_unipen`) whose lines are for validation in all categories: 73 of the 652 who wrote texts, words
and characters of quality OK, GOOD or unknown. A hash of their names drew them until each kind had a tenth of its lines.
"""
MAX_BYTES = 2**30
"""Bytes of all files of a source, which are in memory together; train_r01_v07 has 530 MB."""
MAX_DROPPED = 1_000_000
"""Segments left out after which the source is refused."""
_TEXTS = "8"
_PIECES = (("6", "7"), ("2", "3"))
"""Categories of words, and of characters, by which texts are cut into lines."""
RETURN = 0.2
"""Part of a text's width that the pen must go back between two strokes for the ink to be looked at for lines."""
_PLACE = re.compile(r"(?:[^/]+/)?(?:data/([^/]+)|(include))/(.+)")


class _SegmentFile(NamedTuple):
    category: str
    path: str  # below the category's folder, without .dat
    data: bytes


def read_unipen(
    source: Path,
    report: Report,
    progress: Progress | None = None,
    *,
    category: Sequence[str] = CATEGORIES[:7],
    quality: Sequence[str] = QUALITIES,
) -> Iterator[InkLine]:
    """Yield the segments of some categories and qualities as lines, from the archive or the unpacked tree.

    Ink that several categories name is taken once, for the first of them. An id is category, file, number of the
    segment in the file, and quality unless that is "?": "8/app/app02/app0243-3-ok". A writer is the laboratory (the
    first two letters of the collection, as some people wrote for several of its collections) and the id in the file.
    Texts of several lines are cut where words or characters of the same ink allow it: "8/apd/apd13/app1364-1.2".
    points are in mm, y turned downward; times are those of the time stamps, else of the sampling rate, else None.

    Raises InputError where no segment can be used, too many cannot, or the source as a whole cannot be read.
    """
    wanted = list(dict.fromkeys(category))
    pieces = [name for names in _PIECES for name in names if _TEXTS in wanted and name not in wanted]
    segment_files, ink_files = _read_files(source, wanted + pieces, report)
    inks = [files for files in _by_ink(segment_files) if files[0].category in wanted]
    reader = _SegmentReader(ink_files, wanted, quality, report)
    num_lines = 0
    for files in progress(inks, len(inks), f"reading {source.name}") if progress else inks:
        for line in reader.lines(files):
            num_lines += 1
            yield line
        if report.num_dropped > MAX_DROPPED:
            raise InputError(f"{source}: more than {MAX_DROPPED:,} segments cannot be used; {_faults(report)}")
    if not num_lines:
        raise InputError(f"{source}: no segment in it can be used; {_faults(report)}")


def _faults(report: Report) -> str:
    return "; ".join(report.summary()[:3]) or "it has no ink of these categories in folders of their names below data/"


def _read_files(source: Path, categories: Sequence[str], report: Report) -> tuple[list[_SegmentFile], dict[str, bytes]]:
    """Return the files with segments, by category in the order given and then by path, and those below include/."""
    segment_files: dict[tuple[str, str], _SegmentFile] = {}
    ink_files: dict[str, bytes] = {}
    for name, data in walk_files(source, max_total_bytes=MAX_BYTES):
        match = _PLACE.fullmatch(name)
        if not match or not (match[2] or match[1] in categories):
            continue
        path = _printable(match[3])
        if data is None:
            report.dropped("huge file", path, f"more than {MAX_FILE_BYTES:,} bytes")
        elif (match[1], path) in segment_files or match[3] in ink_files:
            report.dropped("second file of a name", path, "the first one is kept")
        elif match[2]:
            ink_files[match[3]] = data
        else:
            segment_files[match[1], path] = _SegmentFile(match[1], path.removesuffix(".dat"), data)
    files = sorted(segment_files.values(), key=lambda file: (categories.index(file.category), file.path))
    return files, ink_files


def _by_ink(files: Sequence[_SegmentFile]) -> list[list[_SegmentFile]]:
    """Return the files in groups whose ink is the same, as they include the same files."""
    groups: defaultdict[frozenset[str], list[_SegmentFile]] = defaultdict(list)
    for file in files:
        groups[frozenset(included_paths(file.data))].append(file)
    return list(groups.values())


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


class _SegmentReader:
    """Makes lines of the segments of files, ink by ink."""

    def __init__(
        self, ink_files: Mapping[str, bytes], categories: Sequence[str], qualities: Collection[str], report: Report
    ) -> None:
        self.ink_files, self.categories, self.qualities, self.report = ink_files, categories, qualities, report
        self.left_handed: set[str] = set()
        self.digests: set[bytes] = set()

    def lines(self, files: Sequence[_SegmentFile]) -> Iterator[InkLine]:
        """Yield the lines of files that have their ink in common; what cannot be used is in the report."""
        ink, fault = self._ink(files[0])
        is_taken = np.zeros(len(ink.xy), bool)
        pieces = [_pieces(files, names, ink) for names in _PIECES] if files[0].category == _TEXTS else []
        for file in files:
            if file.category not in self.categories:
                continue
            for number, segment in enumerate(parse_segments(file.data), 1):
                segment_id = f"{file.category}/{file.path}-{number}"
                try:
                    if fault:
                        raise fault
                    if isinstance(segment, BadFileError):
                        raise segment
                    yield from self._lines(segment_id, segment, ink, is_taken, pieces)
                except BadFileError as bad:
                    self.report.dropped(bad.kind, segment_id, bad.problem)

    def _ink(self, file: _SegmentFile) -> tuple[Ink, BadFileError | None]:
        """Return the ink that a file includes; if it cannot be used, none and the reason."""
        where = f"{file.category}/{file.path}"
        try:
            ink = read_ink(included_paths(file.data), self.ink_files)
        except BadFileError as bad:
            return Ink.empty(), bad
        for path in ink.missing:
            self.report.note("included files that are not there", _printable(path), f"included for {where}")
        if any(not header.x_per_mm for header in ink.headers):
            self.report.note("ink without a resolution", where, f"taken as {UNITS_PER_INCH:g} units per inch")
        return ink, None

    def _lines(
        self, segment_id: str, segment: Segment, ink: Ink, is_taken: np.ndarray, pieces: Sequence[Sequence[Piece]]
    ) -> Iterator[InkLine]:
        """Yield the lines of a segment, and mark its ink as taken."""
        if segment.quality not in self.qualities:
            raise BadFileError(f"quality {segment.quality}", segment.text)
        rows = ink.rows(segment.spans)
        if not np.abs(ink.xy[rows]).max(initial=0) <= MAX_COORDINATE:
            raise BadFileError("broken ink", f"a broken section, or a point beyond +-{MAX_COORDINATE:g} mm")
        if len(rows) < 2:
            raise BadFileError("no ink", f"points: {len(rows)}; a line needs 2")
        if not np.ptp(ink.xy[rows], axis=0).any() and segment.text != ".":
            raise BadFileError("ink of one place", f"{len(rows)} equal points are no {segment.text[:20]!r}")
        if is_taken[rows].all():
            raise BadFileError("ink taken for a category before", segment.text)
        # Some ink is in several files, under several writers even: one of them would be validated on the other's.
        digest = hashlib.blake2b(ink.points(rows).tobytes(), digest_size=16).digest()
        if len(rows) >= CHANCE_POINTS and digest in self.digests:
            raise BadFileError("ink of an earlier file", segment.text)
        lines = [Piece(rows, segment.text)]
        if segment_id.startswith(_TEXTS):
            lines = _cut(lines[0], pieces, ink)
        is_taken[rows] = True
        self.digests.add(digest)
        if len(lines) > 1:
            self.report.note("texts cut into lines", segment_id, f"{len(lines)} lines")
        quality = "" if segment.quality == "?" else f"-{segment.quality.lower()}"
        for number, line in enumerate(lines, 1):
            line_id = segment_id + (f".{number}" if len(lines) > 1 else "") + quality
            yield self._line(line_id, line, ink)

    def _line(self, line_id: str, line: Piece, ink: Ink) -> InkLine:
        rows = line.rows
        times = ink.times[rows] - ink.times[rows[0]]
        return InkLine(
            id=line_id,
            text=line.text,
            writer=self._writer(line_id, ink, rows[0]),
            split="",
            points=ink.points(rows),
            times=times if np.isfinite(times).all() else None,
            unit="mm",
        )

    def _writer(self, line_id: str, ink: Ink, row: int) -> str:
        header = ink.headers[int(ink.starts.searchsorted(row, "right")) - 1]
        if not header.writer:
            return ""
        writer = _printable(f"{line_id.split('/')[1][:2]}/{header.writer}")
        if header.hand == "L" and writer not in self.left_handed:
            self.left_handed.add(writer)
            self.report.note("writers who write with the left hand", writer, ".HAND L")
        return writer


def _cut(text: Piece, pieces: Sequence[Sequence[Piece]], ink: Ink) -> list[Piece]:
    """Return the lines of a text.

    Raises:
        BadFileError: it has several, and no words or characters that say where each is.
    """
    lines = max((cut_text(text, words, ink.xy) for words in pieces), key=len)
    if len(lines) == 1 and " " in text.text:
        points = ink.points(text.rows)
        first, last = stroke_bounds(points)
        way_back = points[last[:-1], 0] - points[first[1:], 0]
        if (way_back > RETURN * np.ptp(points[:, 0])).any() and len(cut_into_lines(points)) > 1:
            raise BadFileError("text of several lines", "no words or characters say where each of its lines is")
    return lines


def _pieces(files: Sequence[_SegmentFile], categories: Sequence[str], ink: Ink) -> list[Piece]:
    """Return the segments of some categories with their ink; those at fault are passed over."""
    pieces = []
    for file in files:
        for segment in parse_segments(file.data) if file.category in categories else ():
            try:
                if isinstance(segment, Segment) and len(rows := ink.rows(segment.spans)):
                    pieces.append(Piece(rows, segment.text))
            except BadFileError:
                continue
    return pieces
