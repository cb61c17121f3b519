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
BUILT_IN = "synthetic"
"""The corpus that is made on this machine the first time it is asked for."""


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


def make_built_in(folder: Path) -> dict[str, Any]:
    """Draw the built-in corpus into `folder`: its card."""
    with CorpusWriter(folder) as writer:
        for line in progress(synthetic_lines(), None, "drawing the built-in corpus"):
            writer.add(line)
        return writer.finish(source=BUILT_IN, how_made="drawn by data_loader.formats.synthetic, seed 1", report={})


def corpus_folder(name: str, data_dir: Path) -> Path:
    """Where the corpus called `name` lies.

    Raises InputError where the name would lead out of `data_dir`.
    """
    if name != Path(name).name or name.startswith("."):
        raise InputError(f"{name!r} cannot be the name of a corpus: it must be a plain folder name in {data_dir}")
    return data_dir / name


def open_corpus(name: str, data_dir: Path) -> Corpus:
    """The prepared corpus data_dir/name; the built-in one is made if it is not there.

    Raises InputError where it is not there or not whole.
    """
    folder = corpus_folder(name, data_dir)
    if not folder.is_dir():
        if name != BUILT_IN:
            raise InputError(
                f"{folder}: no prepared corpus; make it with: python prepare_data.py FORMAT SOURCE --name {name} "
                f"(formats: {', '.join(FORMATS)}), or use the built-in corpus: {BUILT_IN}"
            )
        make_built_in(folder)
    return Corpus(folder)
