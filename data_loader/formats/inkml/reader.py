"""InkML, the W3C's format for pen data (Recommendation of 20 September 2011), read from a file, folder or archive."""

import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from data_loader.formats.drawing_files import read_drawing_files
from data_loader.formats.inkml.document import Group, Stroke, parse_document
from data_loader.formats.inkml.traces import MILLIMETRES
from data_loader.formats.read_report import BadFileError, Progress, Report
from ink.strokes import MAX_COORDINATE, InkLine

MAX_TEXT = 10_000  # characters, of a label too
_MAX_TIME = 1e12  # seconds; also keeps the differences finite


def read_inkml(
    source: Path, report: Report, progress: Progress | None = None, *, writer_from: str | None = None
) -> Iterator[InkLine]:
    """Yield every line of an .inkml file, or of the .inkml files in a folder or .tar.gz, as an InkLine.

    A line is the outermost thing in a file, be it the file itself, that has a text of its own: an annotation of type
    "transcription", "truth", "text" or "label", or an element of such a name in an annotationXML. A text of several
    lines does not make a line of what is divided further. A file without any text is one line of drawing. Writer and
    split are the annotations of those types, the nearest counts; the id is the line's own, or says file and number.

    points are the file's numbers, divided by the resolution where one is given, y turned downward where its orientation
    says otherwise; unit is that of X in the line's first trace, and others that are lengths are converted to it. times
    are those of channel T, in seconds since the line's first point, where every point has one; time stamps and offsets
    outside the traces are not read. Pen-up traces and points at which channel S says that the tip does not touch are
    left out, and traceViews not followed; all is noted.

    `writer_from` and errors as in `read_drawing_files`.
    """
    ids: set[str] = set()
    return read_drawing_files(
        source, ".inkml", lambda name, data: _lines(name, data, ids, report), report, progress, writer_from
    )


def _lines(name: str, data: bytes, ids: set[str], report: Report) -> Iterator[InkLine]:
    """Yield the lines of one file; a line that cannot be used is in the report."""
    document = parse_document(data)
    groups = document.root.lines() or [document.root]
    for number, group in enumerate(groups, 1):
        where = name if group is document.root else f"{name}, line {number}"
        try:
            line = _line(group, _ids(name, number, group), ids, document.odd)
        except BadFileError as bad:
            report.dropped(bad.kind, where, bad.problem)
            continue
        ids.add(line.id)
        yield line
    for oddity, count in document.odd.items():
        report.note(oddity, name, f"{count} in the file")
    outside = document.num_strokes - sum(1 for group in groups for _ in group.strokes())
    if outside:
        report.dropped(
            "ink outside the lines", f"{name}, strokes: {outside}", "it has no text, and other ink of the file has"
        )


def _ids(name: str, number: int, group: Group) -> list[str]:
    """Return the names that a line may have: by its own annotation, else by its file without or with its suffix."""
    names = [name.rpartition(".")[0] or name, name]
    if group.parent:
        names = [f"{name}-{number}" for name in names]
    own = group.labels.get("id")
    return [_checked("id", own.text), *names] if own else names


def _line(group: Group, names: list[str], taken: set[str], odd: Counter[str]) -> InkLine:
    line_id = next((name for name in names if name not in taken), None)
    if line_id is None:
        raise BadFileError("second line of an id", f"{names[0][:40]!r}; the first one is kept")
    if line_id != names[0]:
        odd["ids of other lines, called by the file instead"] += 1
    text = group.label("text") if "text" in group.labels else ""
    strokes = list(group.strokes())
    unit = _unit(strokes, odd)
    points, times = _ink(strokes, unit, odd)
    return InkLine(
        id=line_id,
        text=_checked("text", unicodedata.normalize("NFC", text)),
        writer=_checked("writer", group.label("writer")),
        split=_checked("split", group.label("split")),
        points=points,
        times=times,
        unit=_checked("unit", unit),
    )


def _checked(kind: str, text: str) -> str:
    if len(text) > MAX_TEXT or not text.isprintable():
        raise BadFileError(f"bad {kind}", f"{text[:40]!r} is too long or has characters that cannot be written")
    return text


def _ink(strokes: list[Stroke], unit: str, odd: Counter[str]) -> tuple[np.ndarray, np.ndarray | None]:
    """Return points (T, 3) float32 in `unit`, and times (T,) float64 in seconds from the first, or None."""
    for stroke in strokes:
        if stroke.fault:
            raise stroke.fault
    parts = [part * _scale(stroke, unit) for stroke in strokes for part in stroke.parts]
    ink, ends = np.concatenate([np.empty((0, 4)), *parts]), _ends(strokes)
    if not (touching := ink[:, 3] != 0).all():
        odd["points with the pen in the air, left out"] += int((~touching).sum())
        ends |= np.append(~touching[1:], True)
        ink, ends = ink[touching], ends[touching]
    if len(ink) < 2:
        raise BadFileError("no ink", f"points: {len(ink)}; a line needs 2")
    if not (farthest := np.abs(ink[:, :2]).max()) <= MAX_COORDINATE:
        raise BadFileError("bad coordinates", f"one is {farthest:g}, beyond +-{MAX_COORDINATE:g}")
    points, seconds = np.zeros((len(ink), 3), np.float32), ink[:, 2]
    points[:, :2], points[:, 2] = ink[:, :2], ends
    if np.abs(seconds).max() < _MAX_TIME:
        return points, seconds - seconds[0]
    if any(stroke.trace_format.find("T") for stroke in strokes):
        odd["lines without times: one is missing, too large or in an unknown unit"] += 1
    return points, None


def _ends(strokes: list[Stroke]) -> np.ndarray:
    """Return a mask (T,) of the strokes' last points."""
    lengths = np.array([sum(map(len, stroke.parts)) for stroke in strokes], np.int64)
    ends = np.zeros(lengths.sum(), bool)
    ends[lengths[lengths > 0].cumsum() - 1] = True
    return ends


def _unit(strokes: list[Stroke], odd: Counter[str]) -> str:
    """Return the unit of a line: that of X in its first stroke; "" where there are several and not all are lengths."""
    channels = [stroke.trace_format.find(axis) for stroke in strokes for axis in "XY"]
    units = [channel.units for channel in channels if channel]
    if len(set(units)) == 1 or (units and set(units) <= set(MILLIMETRES)):
        return units[0]
    odd["lines in several units, read as if it were one"] += 1
    return ""


def _scale(stroke: Stroke, unit: str) -> np.ndarray:
    """Return the factors (4,) that bring x and y of a stroke into the unit of its line."""
    channels = [stroke.trace_format.find(axis) for axis in "XY"]
    lengths = [MILLIMETRES.get(channel.units if channel else "", 0.0) for channel in channels]
    if unit not in MILLIMETRES or not all(lengths):
        return np.ones(4)
    return np.array([*(length / MILLIMETRES[unit] for length in lengths), 1.0, 1.0])
