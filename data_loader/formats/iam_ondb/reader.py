"""IAM On-Line Handwriting Database: English text on a whiteboard, from its official archives or its unpacked tree.

    lineStrokes-all.tar.gz   or  lineStrokes/   one XML a line:  lineStrokes/a01/a01-001/a01-001w-01.xml
    ascii-all.tar.gz         or  ascii/         one text a form: ascii/a01/a01-001/a01-001w.txt
    trainset.txt, testset_v.txt, testset_t.txt, testset_f.txt    the forms of each split, one a line

Liwicki and Bunke, "IAM-OnDB - an on-line English sentence database acquired from handwritten text on a whiteboard",
ICDAR 2005. For non-commercial research only.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from data_loader.formats.archive import MAX_FILE_BYTES, walk_files
from data_loader.formats.iam_ondb.files import (
    FORM,
    JOINED_LINES,
    parse_ink,
    parse_list,
    parse_transcription,
    writers_of_list,
)
from data_loader.formats.read_report import BadFileError, Progress, Report
from ink.strokes import InkLine
from utils.errors import InputError

SPLITS = ("trainset", "testset_v", "testset_t", "testset_f")
UNLISTED = "unlisted"
_LINE = re.compile(rf"({FORM.pattern})-(\d{{2,3}})\.xml")


@dataclass
class _Forms:
    """Split, writer and texts of each form, known before its ink is read, and the numbers of its lines read so far."""

    splits: dict[str, str] = field(default_factory=dict)
    writers: dict[str, str] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    numbers: dict[str, set[int]] = field(default_factory=dict)


def read_iam_ondb(folder: Path, report: Report, progress: Progress | None = None) -> Iterator[InkLine]:
    """Yield every line of IAM-OnDB as an InkLine, in the archive's order; nothing is cleaned.

    points are the file's own integers (whiteboard units, y downward), times are seconds since the line's first point
    and jump as they do in the file. The split is the list that the form is in, or "unlisted". The writer is known by
    the lists' order (see `writers_of_list`), e.g. "trainset-005"; "" where it is not known.

    A line that cannot be used is left out and named in `report`, and so is every oddity. `progress` wraps the walk
    over the stroke files: progress(files, how many lines the transcriptions promise, what is read).

    Raises:
        InputError: an archive or all lists are missing, an archive or a list is damaged, or no line is left. A fault
            of the archive may show only after most lines: what was yielded until then is not the database.
    """
    forms = _Forms()
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; it should hold the archives of IAM-OnDB and its lists")
    _read_lists(folder, forms, report)
    strokes = _find(folder, "lineStrokes")
    _read_texts(_find(folder, "ascii"), forms, report)
    files: Iterable[tuple[str, bytes | None]] = walk_files(strokes)
    if progress:
        files = progress(files, sum(map(len, forms.texts.values())), f"reading {strokes.name}")
    num_lines = 0
    for path, data in files:
        place = _place(path, forms, report)
        line = _read_line(*place, data, forms, report) if place else None
        if line:
            num_lines += 1
            yield line
    _compare_counts(forms, report)
    if not num_lines:
        raise InputError(f"{strokes}: no line in it can be used; {'; '.join(report.summary()[:3]) or 'it is empty'}")
    if not forms.splits.keys() & forms.numbers.keys():
        raise InputError(
            f"{strokes}: has no form that the lists in {folder} name; archive and lists do not belong together"
        )


def _find(folder: Path, name: str) -> Path:
    """The archive `name`-all.tar.gz in the folder, or the folder that it unpacks to."""
    archive = folder / f"{name}-all.tar.gz"
    if archive.is_file():
        return archive
    for unpacked in (folder / f"{name}-all" / name, folder / f"{name}-all", folder / name):
        if unpacked.is_dir():
            return unpacked
    raise InputError(f"{folder}: neither {archive.name} nor a folder {name} is there; put the archive there")


def _read_lists(folder: Path, forms: _Forms, report: Report) -> None:
    """Fill in the split and the writer of every listed form."""
    present = [split for split in SPLITS if (folder / f"{split}.txt").is_file()]
    if not present:
        names = ", ".join(f"{split}.txt" for split in SPLITS)
        raise InputError(f"{folder}: none of the lists {names} is there; put at least one there")
    for split in SPLITS:
        path = folder / f"{split}.txt"
        if split not in present:
            report.note("list absent", path.name, "no line will have this split")
            continue
        listed = _read_list(path)
        for form in listed:
            if forms.splits.get(form) == split:
                report.note("form listed twice", form, f"in {path.name}")
            elif form in forms.splits:
                other = f"{forms.splits[form]}.txt"
                raise InputError(f"{path}: form {form} is also in {other}; take it out of one of them")
            forms.splits[form] = split
        writers = writers_of_list(listed)
        forms.writers.update((form, f"{split}-{writer:03d}") for form, writer in writers.items())
        if len(writers) < len(set(listed)):
            report.note(
                "writers unknown", path.name, f"of {len(set(listed)) - len(writers)} forms, by the list's order"
            )


def _read_list(path: Path) -> list[str]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"{path}: too large for a list of forms; take the official list")
        return parse_list(path.read_bytes(), str(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def _read_texts(source: Path, forms: _Forms, report: Report) -> None:
    """Fill in the transcription of every form: line n is element n - 1."""
    for path, data in walk_files(source):
        name = PurePosixPath(path)
        form = name.stem
        if name.suffix != ".txt" or not FORM.fullmatch(form):
            report.note("not a transcription", path, "passed over")
        elif form in forms.texts:
            report.note("second transcription", path, "the first one is kept")
        elif data is None:
            report.note("huge file", path, f"more than {MAX_FILE_BYTES} bytes, not read")
        else:
            forms.texts[form] = parse_transcription(data)
            if JOINED_LINES.search(data.decode("latin-1")):
                report.note("two lines of text that a row of % joins, split", form, "split at the row of %")


def _place(path: str, forms: _Forms, report: Report) -> tuple[str, int] | None:
    """The (form, line number) of a stroke file, kept in `numbers`; None for another file or a line that was there."""
    match = _LINE.fullmatch(PurePosixPath(path).name)
    if not match:
        report.note("not a line of ink", path, "passed over")
        return None
    form, number = match[1], int(match[2])
    numbers = forms.numbers.setdefault(form, set())
    if number in numbers:
        report.dropped("second ink of a line", path, "the first one is kept")
        return None
    numbers.add(number)
    return form, number


def _read_line(form: str, number: int, data: bytes | None, forms: _Forms, report: Report) -> InkLine | None:
    """The line as an InkLine; None, and a place in the report, if it cannot be used."""
    line_id = f"{form}-{number:02d}"
    try:
        if data is None:
            raise BadFileError("huge file", f"more than {MAX_FILE_BYTES} bytes")
        ink = parse_ink(data)
        text = _text(form, number, forms)
    except BadFileError as bad:
        report.dropped(bad.kind, line_id, bad.problem)
        return None
    if ink.times is None:
        report.note("no times", line_id, "a time is missing or not a number")
    if ink.empty_strokes:
        report.note("empty strokes", line_id, f"{ink.empty_strokes} strokes without a point")
    split = forms.splits.get(form, UNLISTED)
    return InkLine(line_id, text, forms.writers.get(form, ""), split, ink.points, ink.times)


def _text(form: str, number: int, forms: _Forms) -> str:
    lines = forms.texts.get(form, [])
    if not 1 <= number <= len(lines):
        raise BadFileError("no transcription", f"its form has {len(lines)} lines of text")
    text = lines[number - 1]
    if not text.isprintable():
        raise BadFileError("broken transcription", f"characters that cannot be written in {text[:40]!r}")
    return text


def _compare_counts(forms: _Forms, report: Report) -> None:
    """Report forms whose ink, text and list do not agree."""
    for form, numbers in forms.numbers.items():
        if form not in forms.splits:
            report.note("unlisted form", form, f"in none of the lists, {len(numbers)} lines")
        num_texts = len(forms.texts.get(form, []))
        if numbers != set(range(1, num_texts + 1)):
            problem = f"{len(numbers)} lines of ink, the last is {max(numbers)}; {num_texts} lines of text"
            report.note("line counts differ", form, problem)
    for form, split in forms.splits.items():
        if form not in forms.numbers:
            report.note("listed form without ink", form, f"in {split}.txt")
