"""Files in the idx format of LeCun's MNIST, plain or gzipped, and lists of labels as idx or text.

An idx file of bytes: 0, 0, 8, how many dimensions; each dimension as a big-endian 32-bit number; the bytes.
"""

import gzip
import math
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from data_loader.formats.read_report import Report
from utils.errors import InputError

SPLITS = ("train", "test")
LABEL_NAMES = {
    split: [
        f"{split}labels.txt",
        *(f"{stem}-labels{dot}idx1-ubyte{gz}" for stem in stems for dot in "-." for gz in (".gz", "")),
    ]
    for split, stems in {"train": ("train",), "test": ("t10k", "test")}.items()
}
"""File names of the labels in de Jong's set and in LeCun's."""
MAX_ITEMS = 1_000_000
MAX_SIDE = 128
MAX_BYTES = 2**30
MAX_LABEL_BYTES = 16 * 2**20
_BYTES = 8  # the code of unsigned bytes


def open_idx(path: Path, num_dimensions: int) -> tuple[tuple[int, ...], Iterator[np.ndarray]]:
    """The dimensions of an idx file of bytes, and its items (the first axis) one by one as uint8 arrays.

    Raises:
        InputError: it is no such file, larger than a set of small images is, or not as long as its head says.
            The last shows only after the last item.
    """
    items = _items(path, num_dimensions)
    return tuple(int(size) for size in next(items)), items


def _items(path: Path, num_dimensions: int) -> Iterator[np.ndarray]:
    """The dimensions, then the items."""
    try:
        with open(path, "rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            file: IO[bytes] = gzip.GzipFile(fileobj=plain) if packed else plain  # type: ignore[assignment]
            count, *shape = sizes = _sizes(path, file, num_dimensions)
            yield np.array(sizes)
            length = math.prod(shape)
            for number in range(count):
                data = file.read(length)
                if len(data) < length:
                    raise EOFError(f"after {number} of {count}")
                yield np.frombuffer(data, np.uint8).reshape(shape)
            if file.read(1):
                raise InputError(f"{path}: longer than the {count} that its head promises; download it again")
    except EOFError as error:
        raise InputError(f"{path}: cut off ({error}); download it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{path}: not a valid gzip file ({error}); download it again") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def _sizes(path: Path, file: IO[bytes], num_dimensions: int) -> list[int]:
    head = file.read(4 + 4 * num_dimensions)
    if len(head) < 4 + 4 * num_dimensions or head[:4] != bytes([0, 0, _BYTES, num_dimensions]):
        raise InputError(f"{path}: no idx file of bytes in {num_dimensions} dimensions; is it the right file?")
    count, *sides = (int(size) for size in np.frombuffer(head, ">u4", offset=4))
    if (
        not 0 < count <= MAX_ITEMS
        or not all(0 < side <= MAX_SIDE for side in sides)
        or math.prod((count, *sides)) > MAX_BYTES
    ):
        at_most = " x ".join([f"{MAX_ITEMS}", *[f"{MAX_SIDE}"] * len(sides)])
        raise InputError(
            f"{path}: its head says {' x '.join(map(str, (count, *sides)))}; 1 to {at_most} can be read, "
            f"{MAX_BYTES} bytes in all"
        )
    return [count, *sides]


def split_of(name: str) -> str:
    """The split in a file's name: "train", "test" or "" for neither."""
    return "train" if "train" in name.lower() else "test" if "test" in name.lower() or "t10k" in name.lower() else ""


def given_labels(labels: Path, splits: list[str], report: Report) -> dict[str, list[str]]:
    """The labels that the user gave for each of these splits, in a file or in a folder of files with the usual names.

    Raises InputError where none is found, or one file is given and its name does not say which split it is for.
    """
    if labels.is_dir():
        paths = {
            split: labels / name
            for split in SPLITS
            for name in reversed(LABEL_NAMES[split])
            if split in splits and (labels / name).is_file()
        }
        if not paths:
            raise InputError(f"{labels}: holds no labels such as {LABEL_NAMES[splits[0] or 'train'][0]}; name the file")
    elif len(splits) == 1:
        paths = {splits[0]: labels}
    elif (split := split_of(labels.name)) in splits:
        paths = {split: labels}
    else:
        raise InputError(f"{labels}: is it for {' or '.join(splits)}? Put that into its name, or give a folder of both")
    return {split: read_labels(path, report) for split, path in paths.items()}


def read_labels(path: Path, report: Report) -> list[str]:
    """The labels in a file, as texts: one per line, or idx bytes, of which only 0 to 9 are a text, their digit.

    A set of letters numbers its classes as it likes: labels in idx that go beyond 9 give empty texts and a note.

    Raises InputError where it is neither.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_LABEL_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    if data[:2] not in (b"\0\0", b"\x1f\x8b"):
        return parse_labels(data, str(path))
    numbers = [int(number) for number in open_idx(path, 1)[1]]
    if max(numbers) <= 9:
        return [str(number) for number in numbers]
    report.note("labels that are no text", path.name, f"classes up to {max(numbers)}; give --labels one text per line")
    return [""] * len(numbers)


def parse_labels(data: bytes, name: str) -> list[str]:
    """The labels in a text with one per line, NFC, spaces at the ends cut. An empty line is the label "".

    Raises InputError where it is empty, too large or not UTF-8.
    """
    if not data:
        raise InputError(f"{name}: is empty; give labels one a line, or leave the file out")
    if len(data) > MAX_LABEL_BYTES:
        raise InputError(f"{name}: more than {MAX_LABEL_BYTES} bytes; too large for a list of labels")
    try:
        text = unicodedata.normalize("NFC", data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: not text in UTF-8 (byte {error.start}); give labels one a line, or as idx") from None
    lines = [line.strip(" \t\r") for line in text.split("\n")]
    return lines if lines[-1] else lines[:-1]
