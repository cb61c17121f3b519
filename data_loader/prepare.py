"""From a raw data set to a prepared corpus, by the format's name."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from data_loader.corpus import Corpus, CorpusWriter
from data_loader.formats.iam_ondb import read_iam_ondb
from data_loader.formats.report import Report
from data_loader.formats.synthetic import synthetic_lines
from data_loader.strokes import InkLine
from utils.errors import InputError
from utils.progress import progress

FORMATS: dict[str, Callable[[Path, Report, Any], Iterator[InkLine]]] = {"iam-ondb": read_iam_ondb}
"""Readers of raw data: (source, report, progress) to lines."""
BUILT_IN: dict[str, dict[str, int]] = {
    "synthetic": {"num_writers": 120, "lines_per_writer": 50, "valid_writers": 12, "seed": 1},
    "synthetic-few": {"num_writers": 9, "lines_per_writer": 450, "valid_writers": 1, "seed": 1},
}
"""Corpora that are made on this machine the first time they are asked for, and how: with few hands a small network
learns to write legibly within minutes."""


def prepare(format_name: str, source: Path, folder: Path, report: Report) -> dict[str, Any]:
    """Read `source` into the prepared corpus `folder`, in place of an older one: its card; oddities go to `report`.

    Raises InputError where the source cannot be read; an older corpus is then left as it was.
    """
    if not source.exists():
        raise InputError(f"{source}: no such file or folder")
    with CorpusWriter(folder) as writer:
        for line in FORMATS[format_name](source, report, progress):
            writer.add(line)
        return writer.finish(source=format_name, how_made=f"read as {format_name}", report=report.as_dict())


def make_built_in(name: str, folder: Path) -> dict[str, Any]:
    """Draw the built-in corpus `name` into `folder`: its card."""
    how = BUILT_IN[name]
    with CorpusWriter(folder) as writer:
        for line in progress(synthetic_lines(**how), how["num_writers"] * how["lines_per_writer"], f"drawing {name}"):
            writer.add(line)
        return writer.finish(source=name, how_made=f"drawn by data_loader.formats.synthetic with {how}", report={})


def open_corpus(name: str, data_dir: Path) -> Corpus:
    """The prepared corpus data_dir/name; a built-in one is made if it is not there.

    Raises InputError where it is not there or not whole.
    """
    folder = data_dir / name
    if not folder.is_dir():
        if name not in BUILT_IN:
            raise InputError(
                f"{folder}: no prepared corpus; make it with: python prepare_data.py FORMAT SOURCE --name {name} "
                f"(formats: {', '.join(FORMATS)}), or use a built-in corpus: {', '.join(BUILT_IN)}"
            )
        make_built_in(name, folder)
    return Corpus(folder)
