"""From a raw data set to a prepared corpus and back, by the format's name."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from data_loader.corpus import Corpus
from data_loader.corpus_writer import CorpusWriter
from data_loader.cut_lines import ReadLines, cut_pages, with_given_texts, without_texts
from data_loader.formats.archive import walk_files
from data_loader.formats.inkml.export import write_inkml
from data_loader.formats.jsonl import write_jsonl
from data_loader.formats.mnist_strokes import write_mnist_strokes
from data_loader.formats.read_report import Report
from data_loader.formats.registry import FORMATS
from data_loader.formats.strokes_npy import write_strokes_npy
from data_loader.splits import SplitRule
from data_loader.synthetic.digits import synthetic_digits
from data_loader.synthetic.lines import plain_lines, synthetic_lines
from ink.strokes import InkLine
from utils.errors import InputError
from utils.files import near_name
from utils.progress import progress

EXPORTS: dict[str, Callable[[Iterable[InkLine], Path], None]] = {
    "jsonl": write_jsonl,
    "inkml": write_inkml,
    "strokes-npy": write_strokes_npy,
    "mnist-strokes": write_mnist_strokes,
}
"""Writers of lines to a file or folder, whole or not at all."""
BUILT_IN: dict[str, Callable[[], Iterator[InkLine]]] = {
    "synthetic": synthetic_lines,
    "synthetic-plain": plain_lines,
    "synthetic-digits": synthetic_digits,
}
"""The corpora that are made on this machine the first time they are asked for."""
PRACTICE = "a network's practice"
"""The source of corpora that a network wrote for itself."""


def prepare(
    format_name: str,
    source: Path,
    folder: Path,
    report: Report,
    *,
    split_rule: SplitRule | None = None,
    cut_lines: bool = False,
    read: ReadLines | None = None,
    texts: Sequence[str] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Read `source` into the prepared corpus `folder`, in place of an older one, and return its card.

    What was left out or is odd is in `report`; `options` are those of the format in the registry. With `cut_lines`
    pages become lines, whose texts are found by what `read` finds in them, see `cut_pages`. `texts` are those of lines
    that have none, see `with_given_texts`.

    Raises InputError where the source cannot be read; an older corpus is then left as it was.
    """
    if not source.exists():
        raise InputError(f"{source}: no such file or folder{near_name(source)}")
    with CorpusWriter(folder) as writer:
        lines = FORMATS[format_name].read(source, report, progress, **options)
        lines = lines if texts is None else without_texts(lines)
        lines = cut_pages(lines, report, read) if cut_lines else lines
        for line in lines if texts is None else with_given_texts(lines, texts):
            writer.add(line)
        split_rule = replace(split_rule or SplitRule(), held_back=FORMATS[format_name].held_back)
        how_made = f"read as {format_name}{', pages cut into lines' if cut_lines else ''}"
        return writer.finish(source=format_name, how_made=how_made, report=report.as_dict(), split_rule=split_rule)


def files_in_order(format_name: str, source: Path) -> list[str]:
    """Return the files of a folder or archive in the order in which they are read; none of a single file."""
    if not (source.is_dir() or source.name.lower().endswith((".tar.gz", ".tgz"))):
        return []
    return [name for name, _ in walk_files(source) if name.lower().endswith(FORMATS[format_name].suffixes)]


def export(corpus: Corpus, format_name: str, target: Path, splits: list[str] | None = None) -> int:
    """Write the lines of a corpus, or of some of its splits, to `target`: how many.

    Raises InputError where a split is not there, or `target` is there or cannot be written.
    """
    if target.exists():
        raise InputError(f"{target}: is there already; name another")
    chosen = corpus.lines_of(splits or corpus.split_names)
    lines = (corpus.line(int(line)) for line in chosen)
    EXPORTS[format_name](progress(lines, len(chosen), f"writing {target.name}"), target)
    return len(chosen)


def make_built_in(name: str, folder: Path) -> dict[str, Any]:
    """Draw the built-in corpus `name` into `folder`: its card."""
    lines = BUILT_IN[name]
    with CorpusWriter(folder) as writer:
        for line in progress(lines(), None, "drawing the built-in corpus"):
            writer.add(line)
        return writer.finish(source=name, how_made=f"drawn by {lines.__module__}, seed 1", report={})


def corpus_folder(name: str, data_dir: Path) -> Path:
    """Return the folder of the corpus called `name`.

    Raises InputError where the name would lead out of `data_dir`.
    """
    if name != Path(name).name or name.startswith("."):
        raise InputError(f"{name!r} cannot be the name of a corpus: it must be a plain folder name in {data_dir}")
    return data_dir / name


def open_corpus(name: str, data_dir: Path) -> Corpus:
    """The prepared corpus data_dir/name; a built-in one is made if it is not there.

    Raises InputError where it is not there or not whole.
    """
    folder = corpus_folder(name, data_dir)
    if not folder.is_dir():
        if name not in BUILT_IN:
            hint = near_name(folder) or (
                f"; make it with: python prepare_data.py FORMAT SOURCE --name {name} (prepare_data.py --help lists the "
                f"formats), or use a built-in corpus: {', '.join(BUILT_IN)}"
            )
            raise InputError(f"{folder}: no prepared corpus{hint}")
        make_built_in(name, folder)
    return Corpus(folder)


def corpus_line(corpus: str, line_id: str, data_dir: Path) -> InkLine:
    """Return the line of a prepared corpus that has this id.

    Raises InputError where there is none.
    """
    lines = open_corpus(corpus, data_dir)
    for number in range(len(lines)):
        if lines.id(number) == line_id:
            return lines.line(number)
    raise InputError(f"{lines.folder}: no line {line_id!r}; its ids are like {lines.id(0)!r}")
