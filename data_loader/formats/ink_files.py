"""Lines of ink from files of any kind that holds ink."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from data_loader.formats.read_report import Report
from data_loader.formats.registry import format_of, ink_suffixes
from ink.strokes import InkLine
from utils.errors import InputError
from utils.files import near_name


def ink_of(paths: Sequence[Path], report: Report) -> list[InkLine]:
    """Return the lines of all files, in order; what had to be left out of them is in the report.

    Raises InputError where a file is not there, is of no known kind, or has no ink that can be used.
    """
    return [line for path in paths for line in read_ink(path, report)]


def read_ink(path: Path, report: Report) -> Iterator[InkLine]:
    """Yield the lines of a file in the format of its suffix.

    Raises InputError where it is not there, is of no known kind, or has no ink that can be used.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name the files in it, such as {path / '*'}{ink_suffixes()[0]}")
    if not path.is_file():
        raise InputError(f"{path}: no such file{near_name(path)}")
    file_format = format_of(path)
    if file_format is None:
        suffixes = ", ".join(ink_suffixes())
        raise InputError(f"{path}: ink is read from files that end in {suffixes}; prepare_data.py reads others")
    return file_format.read(path, report)
