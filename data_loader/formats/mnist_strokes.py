"""Digits as strokes, as E. de Jong made them of MNIST (2016): one small text a digit, read and written.

    trainimg-<n>-inputdata.txt  testimg-<n>-inputdata.txt     digit n of MNIST, from 0
    trainlabels.txt             testlabels.txt                one label a line, the first is digit 0's

A line is `dx dy eos eod`: the move from the point before in pixels, y downward. The first is the start, seen from
(0, 0); he counts pixels from 1, so that the middle of the top left one is (1, 1). `0 0 1 0` is no point: it says that
a stroke ended at the point before; the line after it is the way through the air to the next. `0 0 1 1` ends the last
stroke and the digit.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from data_loader.formats.archive import walk_files
from data_loader.formats.idx import SPLITS, given_labels, parse_labels
from data_loader.formats.read_report import BadFileError, Progress, Report
from ink.strokes import MAX_COORDINATE, InkLine, pen_strokes
from utils.errors import InputError
from utils.files import new_folder

UNIT = "px"
MAX_SEQUENCE_BYTES = 2**20
MAX_KEPT_BYTES = 256 * 2**20  # de Jong's 70,000 digits are 25 MB
_NAME = re.compile(r"(train|test)img-(\d{1,9})-(\w+)\.txt", re.ASCII)
_NUMBERS = re.compile(rb"[-+.eE0-9\s]*")
_ID = re.compile(r"(train|test)-(\d{5,6})", re.ASCII)
_MAX_LABEL = 1000


class _Files:
    """The sequences by split and number, and the lists of labels by split."""

    def __init__(self, source: Path, report: Report) -> None:
        self.sequences: dict[tuple[str, int], bytes] = {}
        self.labels: dict[str, list[str]] = {}
        self._source, self._report, self._kept = source, report, 0

    def add(self, path: str, data: bytes | None) -> None:
        """Take in a file if it is one of the set's."""
        name = PurePosixPath(path).name
        match = _NAME.fullmatch(name)
        split = name.removesuffix("labels.txt")
        if split in SPLITS and split + "labels.txt" == name:
            if split in self.labels:
                self._report.note("second list of labels", path, "the first one is kept")
            elif data is None:
                raise InputError(f"{self._source}: {path} is too large for a list of labels; take the official one")
            else:
                self.labels[split] = parse_labels(data, f"{self._source}: {path}")
        elif not match:
            self._report.note("not a digit", path, "passed over")
        elif match[3] == "inputdata":
            self._add_sequence((match[1], int(match[2])), path, data)

    def _add_sequence(self, key: tuple[str, int], path: str, data: bytes | None) -> None:
        if key in self.sequences:
            self._report.dropped("second file of a digit", path, "the first one is kept")
        elif data is None or len(data) > MAX_SEQUENCE_BYTES:
            self._report.dropped("huge file", path, f"more than {MAX_SEQUENCE_BYTES} bytes")
        else:
            self.sequences[key] = data
            self._kept += len(data)
            if self._kept > MAX_KEPT_BYTES:
                raise InputError(f"{self._source}: more than {MAX_KEPT_BYTES} bytes of digits; prepare it in parts")


def read_mnist_strokes(
    source: Path, report: Report, progress: Progress | None = None, *, labels: Path | None = None
) -> Iterator[InkLine]:
    """Yield the digits of de Jong's set, in a folder or .tar.gz, by number: ids such as "train-00012", unit "px".

    The text is the digit. `labels` (a file, or a folder with both) replaces the lists next to the digits, as text
    or in idx; where there are none at all, the texts are empty. The split is "train" or "test" if both are there,
    else "". The files are held in memory, 25 MB for the whole set, as labels may come after digits in an archive.

    Raises InputError where the source or a list of labels cannot be trusted as a whole, or no digit is left.
    """
    files_read = _Files(source, report)
    files: Iterable[tuple[str, bytes | None]] = walk_files(source)
    if progress:
        files = progress(files, None, f"reading {source.name}")
    for path, data in files:
        files_read.add(path, data)
    splits = [split for split in SPLITS if any(split == key[0] for key in files_read.sequences)]
    if labels and splits:
        files_read.labels |= given_labels(labels, splits, report)
    has_labels = any(any(texts) for texts in files_read.labels.values())
    if splits and not has_labels:
        report.note("no labels", source.name, "the texts are empty; give --labels")
    num_lines = 0
    for split, number in sorted(files_read.sequences, key=lambda key: (SPLITS.index(key[0]), key[1])):
        line_id = f"{split}-{number:05d}"
        try:
            text = label_of(number, files_read.labels.get(split, [])) if has_labels else ""
            points = parse_sequence(files_read.sequences[split, number])
        except BadFileError as bad:
            report.dropped(bad.kind, line_id, bad.problem)
            continue
        if has_labels and not text:
            report.note("empty label", line_id, "its text is empty")
        num_lines += 1
        yield InkLine(line_id, text, "", split if len(splits) == 2 else "", points, None, UNIT)
    _compare_counts(files_read, splits, report)
    if not num_lines:
        raise InputError(f"{source}: no digit in it can be used; {'; '.join(report.summary()[:3]) or 'it is empty'}")


def _compare_counts(files_read: _Files, splits: list[str], report: Report) -> None:
    for split in splits:
        digits, labels = sum(key[0] == split for key in files_read.sequences), len(files_read.labels.get(split, []))
        if labels > digits:
            report.note("labels without a digit", f"{split} labels", f"{labels} labels, {digits} digits")


def label_of(number: int, labels: list[str]) -> str:
    """The text of an item of a set.

    Raises BadFileError where it has no label, or one that cannot be written.
    """
    if number >= len(labels):
        raise BadFileError("no label", f"there are {len(labels)}")
    if not labels[number].isprintable() or len(labels[number]) > _MAX_LABEL:
        raise BadFileError("broken label", repr(labels[number][:40]))
    return labels[number]


def parse_sequence(data: bytes) -> np.ndarray:
    """Points (T, 3) float32 of one digit: x, y in pixels, end_of_stroke.

    Raises BadFileError where it cannot be used, and why.
    """
    rows = [line.split() for line in data.splitlines() if line.strip()]
    if not _NUMBERS.fullmatch(data) or any(len(row) != 4 for row in rows):
        raise BadFileError("broken sequence", "a line is not the four numbers dx dy eos eod")
    try:
        table = np.array([[float(number) for number in row] for row in rows]).reshape(-1, 4)
    except ValueError as error:
        raise BadFileError("broken sequence", str(error)) from None
    if not np.all(np.abs(table[:, :2]) <= 2 * MAX_COORDINATE) or not np.isin(table[:, 2:], (0, 1)).all():
        raise BadFileError("broken sequence", "a move that is too far, or an eos or eod that is not 0 or 1")
    ends = np.flatnonzero(table[:, 3])
    if ends.tolist() != [len(table) - 1] or table[-1, 2] != 1:
        raise BadFileError("broken sequence", "its end, 0 0 1 1, is not on its last line and there alone")
    return _points(table)


def _points(table: np.ndarray) -> np.ndarray:
    """Points of the lines (n, 4) of a digit: those that only say that a stroke ended become a mark on their point."""
    marks = (table[:, 2] == 1) & ~table[:, :2].any(axis=1)
    marks[0] = False
    places = np.cumsum(table[:, :2], axis=0)
    if not np.all(np.abs(places) <= MAX_COORDINATE):
        raise BadFileError("broken sequence", f"it leads beyond +-{MAX_COORDINATE:.0f}")
    ends = table[:, 2] == 1
    ends[:-1] |= marks[1:]
    points = np.column_stack([places, ends])[~marks].astype(np.float32)
    if len(points) < 2:
        raise BadFileError("no ink", f"{len(points)} points; a digit needs 2")
    return points


def write_mnist_strokes(lines: Iterable[InkLine], path: Path) -> None:
    """Write lines as a folder in de Jong's format, whole or not at all; `read_mnist_strokes` reads them back.

    Moves are whole numbers where the points are, else decimals such that the points come back as they were: to the
    last bit, or to 1e-9 of the largest coordinate where that is coarser. A line with an id such as "train-00012" keeps
    it; others are numbered on, as "test" if that is their split and else as "train". The format cannot hold other
    ids, writers, times and units, nor a split where not both are there; a text loses spaces at its ends.

    Raises InputError where the folder is there and not empty, or cannot be written.
    """
    texts: dict[str, dict[int, str]] = {split: {} for split in SPLITS}
    with new_folder(path) as scratch:
        for line in lines:
            split, number = _name(line, texts)
            texts[split][number] = line.text
            (scratch / f"{split}img-{number}-inputdata.txt").write_text(_sequence(line.points))
        for split, labels in texts.items():
            if labels:
                column = "".join(f"{labels.get(number, '')}\n" for number in range(max(labels) + 1))
                (scratch / f"{split}labels.txt").write_text(column, encoding="utf-8")


def _name(line: InkLine, taken: dict[str, dict[int, str]]) -> tuple[str, int]:
    """The split and number that a line is written under."""
    match = _ID.fullmatch(line.id)
    if match and int(match[2]) not in taken[match[1]] and line.id == f"{match[1]}-{int(match[2]):05d}":
        return match[1], int(match[2])
    split = "test" if line.split == "test" else "train"
    return split, max(taken[split], default=-1) + 1


def _sequence(points: np.ndarray) -> str:
    rows, pen = [], np.zeros(2)
    strokes = pen_strokes(points)
    for stroke in strokes:
        for place in stroke.astype(np.float64):
            move = place - pen
            pen = pen + move
            rows.append(" ".join(repr(float(axis)).removesuffix(".0") for axis in move) + " 0 0")
        rows.append("0 0 1 0")
    return "\n".join([*rows[:-1], "0 0 1 1", ""])
