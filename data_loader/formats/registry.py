"""All formats of pen data that are read, one entry each; `prepare_data.py`, `read` and `--style` look them up here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_loader.formats.drawing_files import WRITER_FROM
from data_loader.formats.excalidraw import read_excalidraw
from data_loader.formats.iam_ondb.reader import read_iam_ondb
from data_loader.formats.inkml.reader import read_inkml
from data_loader.formats.jsonl import read_jsonl
from data_loader.formats.mnist_images import read_mnist_images
from data_loader.formats.mnist_strokes import read_mnist_strokes
from data_loader.formats.quickdraw import read_quickdraw
from data_loader.formats.sketch_npz import read_sketch_npz
from data_loader.formats.strokes_npy import read_strokes_npy
from data_loader.formats.svg.reader import read_svg
from data_loader.formats.unipen.reader import HELD_BACK, read_unipen
from data_loader.formats.unipen.reader import OPTIONS as UNIPEN_OPTIONS
from data_loader.formats.xopp import read_xopp
from ink.strokes import InkLine

Options = Mapping[str, dict[str, Any]]
LABELS: Options = {"labels": {"type": Path, "help": "file of labels, for digits that are stored without them"}}
WRITER: Options = {"writer_from": WRITER_FROM}


@dataclass(frozen=True)
class Format:
    """A format of pen data.

    name       as on the command line of prepare_data.py
    read       (source path, Report, progress, **options) to lines; InputError where nothing can be used
    source     the kinds of source that `read` takes, for the help text
    suffixes   endings of the files that are somebody's ink by themselves, in lower case: `read` and `--style` take
               those; () for data sets
    options    keyword arguments of `read` that the command line can set, each with its arguments for argparse
    held_back  writers who are never trained on, whatever part of the data set is read
    """

    name: str
    read: Callable[..., Iterator[InkLine]]
    source: str
    suffixes: tuple[str, ...] = ()
    options: Options = field(default_factory=dict)
    held_back: frozenset[str] = frozenset()


_FORMATS = (
    Format("iam-ondb", read_iam_ondb, "folder with the archives and the lists of IAM-OnDB"),
    Format("strokes-npy", read_strokes_npy, "strokes .npy file with sentences.txt next to it, or their folder"),
    Format("mnist-strokes", read_mnist_strokes, "folder or .tar.gz of digit sequences", options=LABELS),
    Format("mnist-images", read_mnist_images, "idx or idx.gz file of images, or a folder", options=LABELS),
    Format("inkml", read_inkml, ".inkml file, or a folder or .tar.gz of them", (".inkml",), WRITER),
    Format("quickdraw", read_quickdraw, ".ndjson or .ndjson.gz file, or a folder of them"),
    Format("sketch-npz", read_sketch_npz, ".npz file, or a folder of them"),
    Format("jsonl", read_jsonl, ".jsonl or .jsonl.gz file, or a folder of them", (".jsonl", ".jsonl.gz")),
    Format(
        "unipen",
        read_unipen,
        "UNIPEN archive (.tar.xz, .tar.gz) or its unpacked folder",
        options=UNIPEN_OPTIONS,
        held_back=HELD_BACK,
    ),
    Format("svg", read_svg, ".svg file, or a folder or .tar.gz of them", (".svg",), WRITER),
    Format("xopp", read_xopp, ".xopp file of Xournal++, or a folder or .tar.gz of them", (".xopp",), WRITER),
    Format("excalidraw", read_excalidraw, ".excalidraw file, or a folder or .tar.gz of them", (".excalidraw",), WRITER),
)
FORMATS = {entry.name: entry for entry in _FORMATS}
"""Formats by name."""


def format_of(path: Path) -> Format | None:
    """Return the format of a file of ink by its suffix, None where no format has it."""
    name = path.name.lower()
    return next((entry for entry in FORMATS.values() if entry.suffixes and name.endswith(entry.suffixes)), None)


def ink_suffixes() -> list[str]:
    """Return the endings of all files of ink that can be read."""
    return [suffix for entry in FORMATS.values() for suffix in entry.suffixes]
