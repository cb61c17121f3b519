"""sketch-rnn's drawings: an .npz file a category of Quick, Draw!, with the arrays train, valid and test.

Each is an object array of int16 (T, 3) in stroke-3 form: dx, dy, end_of_stroke, y downward. Ha and Eck, "A neural
representation of sketch drawings", 2017.
"""

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from data_loader.formats.read_report import BadFileError, Progress, Report
from data_loader.formats.safe_npy import read_arrays
from data_loader.formats.safe_pickle import MAX_BYTES
from data_loader.formats.strokes_npy import PEN_LAST, offsets_to_points
from ink.strokes import InkLine
from utils.errors import InputError

SPLITS = ("train", "valid", "test")
_SUFFIX = ".npz"
_MAX_READ = 2**20  # an .npz file's directory takes 100 bytes an array
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # numpy's; others may want any amount of memory
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, ArithmeticError, RuntimeError)
"""Exceptions that zipfile raises on damaged files."""


def read_sketch_npz(source: Path, report: Report, progress: Progress | None = None) -> Iterator[InkLine]:
    """Yield every drawing of an .npz file, or of the .npz files in a folder, as an InkLine without a text.

    points are the sums of the file's own integers, y downward; nothing is cleaned. Ids are e.g. "cat-train-00001",
    with the file's stem, the split is "train", "valid" or "test".

    A drawing that cannot be used is left out and named in `report`.

    Raises:
        InputError: a file is damaged, too large or holds other things than arrays of numbers, or no drawing is left.
    """
    num_lines = 0
    for path in _files(source, report):
        for split, arrays in _splits(path, report):
            title = f"reading {split} of {path.name}"
            drawings: Iterable[np.ndarray | None] = progress(arrays, len(arrays), title) if progress else arrays
            for number, array in enumerate(drawings, 1):
                line_id = f"{path.stem}-{split}-{number:05d}"
                try:
                    points = offsets_to_points(array, PEN_LAST, line_id, report)
                except BadFileError as bad:
                    report.dropped(bad.kind, line_id, bad.problem)
                    continue
                num_lines += 1
                yield InkLine(line_id, "", "", split, points)
    if not num_lines:
        raise InputError(f"{source}: no drawing in it can be used; {'; '.join(report.summary()[:3]) or 'it is empty'}")


def _files(source: Path, report: Report) -> list[Path]:
    """The .npz files that are meant, sorted."""
    try:
        paths = sorted(source.iterdir()) if source.is_dir() else [source]
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({error.strerror or error})") from None
    files = [path for path in paths if path == source or (path.suffix == _SUFFIX and path.name[0] != ".")]
    for path in paths:
        if not path.name.isprintable():
            raise InputError(f"{source}: a file's name {path.name!r} cannot be printed; give it another")
        if path not in files:
            report.note(f"not an {_SUFFIX} file", path.name, "passed over")
    if not files:
        raise InputError(f"{source}: no {_SUFFIX} file is there; put one there, e.g. cat{_SUFFIX}")
    return files


class _SmallReads(io.FileIO):
    """A file that zipfile cannot read into memory at one go, as it does with the directory."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(_MAX_READ + 1 if size is None or size < 0 else min(size, _MAX_READ + 1))
        if data is not None and len(data) > _MAX_READ:
            raise zipfile.BadZipFile("a directory of more than a million bytes")
        return data or b""


def _splits(path: Path, report: Report) -> Iterator[tuple[str, list[np.ndarray | None]]]:
    """(split, its arrays) of an .npz file, in the order of SPLITS."""
    if not path.is_file():
        raise InputError(f"{path}: not a file that can be read")
    try:
        with _SmallReads(path) as file, zipfile.ZipFile(file) as archive:
            members = {info.filename: info for info in archive.infolist()}
            if len(members) < len(archive.infolist()):
                raise zipfile.BadZipFile("two members of one name")
            wanted = {f"{split}.npy": split for split in SPLITS}
            for name in sorted(wanted.keys() - members.keys()):
                report.note("split absent", f"{path.name}/{name}", "no line will have this split")
            for name in sorted(members.keys() - wanted.keys()):
                report.note("not a split", f"{path.name}/{name[:40]!r}", "passed over")
            for name, split in wanted.items():
                if name in members:
                    yield split, read_arrays(_unpack(archive, members[name]), f"{path}, {name}")
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(f"{path}: not a valid {_SUFFIX} file ({_one_line(error)}); download it again") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.compress_type not in _PACKED or member.flag_bits & 1:  # 1: encrypted
        raise zipfile.BadZipFile(f"{member.filename} is packed in a way that numpy does not use")
    if member.file_size > MAX_BYTES:
        raise zipfile.BadZipFile(f"{member.filename} unpacks to more than {MAX_BYTES:,} bytes")
    with archive.open(member) as packed:
        return b"".join(iter(lambda: packed.read(2**16), b""))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:80] or "cut off"
