"""Formats with one drawing or page per file: the walk over a file, a folder or an archive, shared by their readers."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from data_loader.formats.archive import MAX_FILE_BYTES, File, walk_files
from data_loader.formats.read_report import BadFileError, Progress, Report
from ink.strokes import InkLine
from utils.errors import InputError

MAX_FILES, MAX_LINES, MAX_FAULTS = 1_000_000, 4_000_000, 100_000
FOLDER = "folder"
WRITER_FROM: dict[str, Any] = {
    "metavar": "folder|PATTERN",
    "help": "the writer of a file is the name of its folder, or what a regular expression matches in its path",
}
"""Arguments for argparse of the option `writer_from`, see `read_drawing_files`."""

ReadDrawing = Callable[[str, bytes], Iterator[InkLine]]
"""(path inside the source, content of a file) to its lines; BadFileError leaves out the rest of the file."""


def read_drawing_files(
    source: Path,
    suffix: str,
    read: ReadDrawing,
    report: Report,
    progress: Progress | None = None,
    writer_from: str | None = None,
) -> Iterator[InkLine]:
    """Yield the lines that `read` makes of a file, or of the files named *suffix in a folder or .tar.gz.

    A file that is given by name may be called anything. With `writer_from` "folder" the writer of every line is the
    name of the folder that its file is in; "" for files on the top level of an archive. Any other `writer_from` is a
    regular expression: the writer is its first match in the file's path inside the source, "" where it has none.

    Raises InputError where no line can be used, more than 100,000 are at fault, the source as a whole cannot be read,
    or `writer_from` is no regular expression, or one that no file's path matches.
    """
    pattern = _pattern(writer_from)
    is_file = not (source.is_dir() or source.name.lower().endswith((".tar.gz", ".tgz")))
    files: Iterable[File] = _single_file(source) if is_file else walk_files(source)
    num_lines, num_written = 0, 0
    for number, (name, data) in enumerate(progress(files, None, f"reading {source.name}") if progress else files):
        shown = "".join(character if character.isprintable() else "?" for character in name)
        if not is_file and not name.lower().endswith(suffix):
            report.note(f"not an {suffix} file", shown, "passed over")
            continue
        match = pattern.search(shown) if pattern else None
        writer = _folder_name(source, shown) if writer_from == FOLDER else match[0] if match else ""
        try:
            if data is None:
                raise BadFileError("huge file", f"more than {MAX_FILE_BYTES:,} bytes")
            for line in read(shown, data):
                num_lines, num_written = num_lines + 1, num_written + bool(writer)
                yield replace(line, writer=writer) if writer_from else line
        except BadFileError as bad:
            report.dropped(bad.kind, shown, bad.problem)
        if number >= MAX_FILES or report.num_dropped > MAX_FAULTS or num_lines > MAX_LINES:
            raise InputError(f"{source}: too large or too faulty; {_first_faults(report)}")
    if not num_lines:
        raise InputError(f"{source}: no line in it can be used; {_first_faults(report)}")
    if pattern and not num_written:
        raise InputError(
            f"--writer-from {writer_from!r} matches no path in {source}, such as {shown}; is it in quotes?"
        )


def _single_file(source: Path) -> Iterator[File]:
    try:
        fits = source.stat().st_size <= MAX_FILE_BYTES
        yield source.name, source.read_bytes() if fits else None
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({error.strerror or error})") from None


def _pattern(writer_from: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(writer_from) if writer_from and writer_from != FOLDER else None
    except re.error as error:
        raise InputError(f"--writer-from {writer_from!r} is neither {FOLDER!r} nor a pattern: {error}") from None


def _folder_name(source: Path, name: str) -> str:
    """Return the name of the folder that a file of the source is in, "" where an archive's top level is that."""
    inside = PurePosixPath(name).parent.name
    if inside or source.name.lower().endswith((".tar.gz", ".tgz")):
        return inside
    folder = source.resolve()
    return folder.name if folder.is_dir() else folder.parent.name


def _first_faults(report: Report) -> str:
    places = [
        f"{kind}: {place['where']}: {place['what']}"
        for kind, group in report.as_dict()["dropped"].items()
        for place in group["places"][:1]
    ]
    return "; ".join(places[:3]) or "there is no ink in it"
