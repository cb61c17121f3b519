"""Lines of ink from files of any kind that holds ink."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from data_loader.formats.inkml.reader import read_inkml
from data_loader.formats.jsonl import read_jsonl
from data_loader.formats.read_report import Report
from data_loader.formats.svg import read_svg
from ink.strokes import InkLine
from utils.errors import InputError

READERS: dict[str, Callable[..., Iterator[InkLine]]] = {
    ".inkml": read_inkml,
    ".jsonl": read_jsonl,
    ".jsonl.gz": read_jsonl,
    ".svg": read_svg,
}


def ink_of(paths: Sequence[Path], report: Report) -> list[InkLine]:
    """The lines of all files, in order; what had to be left out of them is in the report.

    Raises InputError where a file is not there, is of no known kind, or has no ink that can be used.
    """
    return [line for path in paths for line in reader_of(path)(path, report)]


def reader_of(path: Path) -> Callable[..., Iterator[InkLine]]:
    """The reader for a file, by its suffix.

    Raises InputError where it is not there, or there is no reader for it.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    for suffix, reader in READERS.items():
        if path.name.lower().endswith(suffix):
            return reader
    raise InputError(f"{path}: ink is read from files that end in {', '.join(READERS)}; prepare_data.py reads others")
