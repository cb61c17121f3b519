"""The pair of files that many handwriting projects pass on: an object array of pen offsets, and a text a line.

    strokes-py3.npy or strokes.npy   one float32 (T, 3) a line of ink
    sentences.txt                    UTF-8, one transcription a line, in the same order

Columns are end_of_stroke, dx, dy, or dx, dy, end_of_stroke; y is upward, row 0 is the start. Graves-style projects
share IAM-OnDB so.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from data_loader.formats.read_report import BadFileError, Progress, Report
from data_loader.formats.safe_npy import MAX_ARRAYS, read_arrays, read_bytes
from data_loader.formats.safe_pickle import MAX_BYTES
from ink.strokes import MAX_COORDINATE, InkLine
from utils.errors import InputError
from utils.files import new_folder

ARRAYS, ARRAYS_OF_PYTHON_2, TEXTS = "strokes-py3.npy", "strokes.npy", "sentences.txt"
_MAX_TEXT = 10_000
_PICKLE_BYTES = 100  # what a pickle needs for an array besides its numbers
_PEN_FIRST, PEN_LAST = (1, 2, 0), (0, 1, 2)
"""Columns of dx, dy and end_of_stroke."""


def read_strokes_npy(source: Path, report: Report, progress: Progress | None = None) -> Iterator[InkLine]:
    """Yield every line of a strokes .npy file with sentences.txt next to it, or of their folder, as an InkLine.

    points are the sums of the offsets, in the file's units, y turned downward; nothing is cleaned. Ids count the
    lines of sentences.txt from "strokes-00001". The column of pen lifts is the first or the last, whichever is 0 or 1
    throughout in more of the arrays. The format has no writers, splits, times and units.

    A line that cannot be used is left out and named in `report`.

    Raises:
        InputError: a file is missing or cannot be trusted, the files differ in length, both columns or neither could
            be the pen lifts, or no line is left.
    """
    path = _find(source, report)
    arrays = read_arrays(read_bytes(path), str(path))
    texts = _read_texts(path.with_name(TEXTS), len(arrays))
    columns = _columns(arrays, path)
    num_lines = 0
    for number, array in enumerate(progress(arrays, len(arrays), f"reading {path.name}") if progress else arrays, 1):
        line_id = f"strokes-{number:05d}"
        try:
            text = _text(texts[number - 1])
            points = offsets_to_points(array, columns, line_id, report)
        except BadFileError as bad:
            report.dropped(bad.kind, line_id, bad.problem)
            continue
        points[:, 1] = 0 - points[:, 1]
        if not text:
            report.note("no transcription", line_id, f"line {number} of {TEXTS} is empty")
        num_lines += 1
        yield InkLine(line_id, text, "", "", points)
    if not num_lines:
        raise InputError(f"{path}: no line in it can be used; {'; '.join(report.summary()[:3]) or 'it is empty'}")


def write_strokes_npy(lines: Iterable[InkLine], folder: Path) -> None:
    """Write lines as strokes-py3.npy and sentences.txt into a new folder, which is whole or absent.

    Columns are end_of_stroke, dx, dy, y upward; numpy.load(..., allow_pickle=True) reads them. Each axis of a
    line is rounded to a power of two, at most 2**-22 of its largest offset, so that the sums of float32 offsets are
    exact: whole numbers come back as they were, other coordinates to within 2**-23 of the largest offset.

    What the format cannot hold is lost: ids, writers, splits, times and the unit.

    Raises:
        InputError: the folder has something in it or cannot be written, there is no line or too much ink for one
            file, or a text has a line break.
    """
    folder = folder.absolute()
    texts, arrays, size = [], [], 0
    for line in lines:
        if "\n" in line.text or "\r" in line.text:
            raise InputError(
                f"line {line.id}: its text has a line break, and {TEXTS} has one line per text; fix the text"
            )
        texts.append(line.text + "\n")
        arrays.append(_points_to_offsets(line.points))
        size += arrays[-1].nbytes + _PICKLE_BYTES
        if size > MAX_BYTES or len(arrays) > MAX_ARRAYS:
            limit = f"{MAX_BYTES:,} bytes or {MAX_ARRAYS:,} lines"
            raise InputError(f"{folder}: more ink than one {ARRAYS} may hold, {limit}; export a part of it")
    if not arrays:
        raise InputError(f"{folder}: there is no line to write")
    column = np.empty(len(arrays), object)
    for i, array in enumerate(arrays):
        column[i] = array
    with new_folder(folder) as scratch:
        np.save(scratch / ARRAYS, column, allow_pickle=True)
        (scratch / TEXTS).write_text("".join(texts), encoding="utf-8", newline="\n")


def offsets_to_points(
    array: np.ndarray | None, columns: tuple[int, int, int], line_id: str, report: Report
) -> np.ndarray:
    """Points (T, 3) float32 of an array (T, 3) with dx, dy, end_of_stroke in these columns: sums from row 0 on.

    The last point is made the end of a stroke, and a line whose file does not say so is noted.

    Raises:
        BadFileError: another shape, fewer than 2 points, pen lifts other than 0 and 1, or a point too far away.
    """
    if array is None or array.ndim != 2 or array.shape[1] != 3:
        problem = "no array of numbers" if array is None else f"shape {array.shape}"
        raise BadFileError("no offsets", f"{problem}; a line is an array (T, 3)")
    if len(array) < 2:
        raise BadFileError("no ink", f"points: {len(array)}; a line needs 2")
    points = array[:, columns].astype(np.float64)
    if not _is_pen(points[:, 2]):
        raise BadFileError("bad pen lifts", "the column of pen lifts has numbers other than 0 and 1")
    if not (np.abs(points[:, :2]) <= 2 * MAX_COORDINATE).all():
        raise BadFileError("bad coordinates", f"an offset is NaN, or beyond +-{2 * MAX_COORDINATE:,.0f}")
    points[:, :2] = points[:, :2].cumsum(axis=0)
    if np.abs(points[:, :2]).max() > MAX_COORDINATE:
        raise BadFileError("bad coordinates", f"a point is beyond +-{MAX_COORDINATE:,.0f}")
    if not points[-1, 2]:
        report.note("open last stroke", line_id, "the last point is made its end")
        points[-1, 2] = 1
    return points.astype(np.float32)


def _points_to_offsets(points: np.ndarray) -> np.ndarray:
    """Offsets (T, 3) float32 end_of_stroke, dx, dy (upward) of points (T, 3): exact multiples of one step an axis."""
    path = points[:, :2] * np.array([1.0, -1.0])
    largest = np.abs(np.diff(path, axis=0, prepend=0)).max(axis=0)
    step = np.exp2(np.ceil(np.log2(np.maximum(largest, 1e-30))) - 23)
    offsets = np.diff(np.round(path / step) * step, axis=0, prepend=0)
    return np.column_stack([points[:, 2], offsets]).astype(np.float32)


def _find(source: Path, report: Report) -> Path:
    """The .npy file that is meant."""
    if not source.is_dir():
        return source
    paths = [source / name for name in (ARRAYS, ARRAYS_OF_PYTHON_2) if (source / name).is_file()]
    if not paths:
        raise InputError(f"{source}: neither {ARRAYS} nor {ARRAYS_OF_PYTHON_2} is there; put one there")
    if len(paths) == 2:
        report.note("second file of strokes", ARRAYS_OF_PYTHON_2, f"passed over, {ARRAYS} is read")
    return paths[0]


def _read_texts(path: Path, num_arrays: int) -> list[bytes]:
    """The lines of the texts as they are, without their breaks, one an array."""
    data = read_bytes(path).removeprefix(b"\xef\xbb\xbf").removesuffix(b"\n")
    num_texts = data.count(b"\n") + 1
    if num_texts != num_arrays:
        raise InputError(
            f"{path}: {num_texts:,} lines of text, but {num_arrays:,} arrays of strokes; line n must be that of array n"
        )
    return [text.removesuffix(b"\r") for text in data.split(b"\n")]


def _text(data: bytes) -> str:
    try:
        text = unicodedata.normalize("NFC", data.decode())
    except UnicodeDecodeError:
        raise BadFileError("broken transcription", f"no UTF-8 text: {data[:40]!r}") from None
    if not text.isprintable() or len(text) > _MAX_TEXT:
        raise BadFileError("broken transcription", f"characters that cannot be written, or too many: {text[:40]!r}")
    return text


def _columns(arrays: list[np.ndarray | None], path: Path) -> tuple[int, int, int]:
    """Return the columns of dx, dy and end_of_stroke in most of the arrays."""
    tables = [array for array in arrays if array is not None and array.ndim == 2 and array.shape[1] == 3]
    if not tables:
        return _PEN_FIRST  # no line can be used whatever they are
    first, last = (sum(_is_pen(array[:, column]) for array in tables) for column in (0, 2))
    if 2 * max(first, last) <= len(tables):
        raise InputError(
            f"{path}: neither the first nor the last column is 0 or 1 throughout, so none can be the pen lifts "
            "(end_of_stroke, dx, dy or dx, dy, end_of_stroke is read)"
        )
    if first == last:
        raise InputError(
            f"{path}: the first and the last column are both 0 or 1 throughout; the pen lifts cannot be identified "
            "(end_of_stroke, dx, dy or dx, dy, end_of_stroke is read)"
        )
    return _PEN_FIRST if first > last else PEN_LAST


def _is_pen(column: np.ndarray) -> bool:
    return bool(((column == 0) | (column == 1)).all())
