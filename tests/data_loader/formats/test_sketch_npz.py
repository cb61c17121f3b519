"""sketch-rnn's .npz: drawings by split, one file or many, faults, bombs and mutants."""

import io
import struct
import zipfile
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_loader.formats import sketch_npz
from data_loader.formats.read_report import Report
from data_loader.formats.sketch_npz import read_sketch_npz
from ink.strokes import InkLine
from tests.data_loader.formats.mutate import few_or_many, mutants, outcomes
from tests.data_loader.formats.test_safe_npy import column, python_2_pickle, saved, with_pickle
from utils.errors import InputError

SPLITS = {
    "train": ([[3, 4, 0], [-5, 1, 1], [2, 2, 0], [0, 9, 1]], [[1, 0, 0], [0, 1, 1]]),
    "valid": ([[0, 0, 0], [6, -7, 1]],),
    "test": ([[8, 8, 1], [1, 1, 1]],),
}
POINTS = {
    "cat-train-00001": [[3, 4, 0], [-2, 5, 1], [0, 7, 0], [0, 16, 1]],
    "cat-train-00002": [[1, 0, 0], [1, 1, 1]],
    "cat-valid-00001": [[0, 0, 0], [6, -7, 1]],
    "cat-test-00001": [[8, 8, 1], [9, 9, 1]],
}


def write(path: Path, **changes: Any) -> Path:
    """An .npz with the splits; a change replaces or adds an array, and None leaves it out."""
    arrays = {split: column(np.array(drawing, np.int16) for drawing in part) for split, part in SPLITS.items()}
    kept = {name: array for name, array in (arrays | changes).items() if array is not None}
    np.savez_compressed(path, **kept)
    return path


def read(source: Path, **arguments: Any) -> tuple[dict[str, InkLine], Report]:
    lines = list(read_sketch_npz(source, report := Report(), **arguments))
    assert len({line.id for line in lines}) == len(lines)
    return {line.id: line for line in lines}, report


def test_drawings_are_the_sums_of_their_offsets(tmp_path: Path) -> None:
    lines, report = read(write(tmp_path / "cat.npz"))
    assert {name: line.points.tolist() for name, line in lines.items()} == POINTS
    assert all(line.split == name.split("-")[1] for name, line in lines.items())
    assert {(line.text, line.writer, line.times, line.unit) for line in lines.values()} == {("", "", None, "")}
    assert {line.points.dtype for line in lines.values()} == {np.dtype(np.float32)}
    assert report.as_dict() == {"dropped": {}, "noted": {}}


def test_a_folder_of_files(tmp_path: Path) -> None:
    for name in ("dog", "cat", ".hidden"):
        write(tmp_path / f"{name}.npz")
    (tmp_path / "notes.txt").touch()
    lines, report = read(tmp_path)
    assert list(lines) == [*POINTS, *(name.replace("cat", "dog") for name in POINTS)]
    assert report.summary() == ["not an .npz file: 2 (.hidden.npz, notes.txt)"]


def test_files_of_python_2(tmp_path: Path) -> None:
    arrays = [np.array(drawing, np.float32) for drawing in SPLITS["train"]]
    with zipfile.ZipFile(tmp_path / "cat.npz", "w") as archive:
        archive.writestr("train.npy", with_pickle(python_2_pickle(arrays), 2))
    lines, report = read(tmp_path)
    assert [line.points.tolist() for line in lines.values()] == list(POINTS.values())[:2]
    assert report.summary() == ["split absent: 2 (cat.npz/test.npy, cat.npz/valid.npy)"]


def test_faulty_drawings_and_other_arrays_are_named(tmp_path: Path) -> None:
    good = np.array(SPLITS["test"][0])
    drawings = [good, None, np.zeros((4, 5)), good[:1], good + 1, good * [99999999, 1, 1], good[:, ::-1] * [0, 1, 1]]
    lines, report = read(write(tmp_path / "cat.npz", test=column(drawings), mean=np.zeros(2)))
    assert len(lines) == 4 and lines["cat-test-00001"].points.tolist() == POINTS["cat-test-00001"]
    assert report.summary() == [
        "left out, no offsets: 2 (cat-test-00002, cat-test-00003)",
        "left out, no ink: 1 (cat-test-00004)",
        "left out, bad pen lifts: 2 (cat-test-00005, cat-test-00007)",
        "left out, bad coordinates: 1 (cat-test-00006)",
        "not a split: 1 (cat.npz/'mean.npy')",
    ]


def packed(folder: Path, method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(folder / "cat.npz", "w", method) as archive:
        archive.writestr("train.npy", saved(np.zeros((2, 2, 3))))


def twice(folder: Path) -> None:
    write(folder / "cat.npz", train2=np.zeros((2, 2, 3)))
    data = (folder / "cat.npz").read_bytes()
    (folder / "cat.npz").write_bytes(data.replace(b"train2.npy", b"valid.npy\0"))


LOCAL, CENTRAL = b"PK\3\4", b"PK\1\2"
"""Offsets of the two headers of a member."""


def patched(method: int, *changes: tuple[bytes, int, bytes]) -> Callable[[Path], None]:
    """A maker of an .npz with bytes replaced, each so far behind a header's begin."""

    def make(folder: Path) -> None:
        packed(folder, method)
        data = bytearray((folder / "cat.npz").read_bytes())
        for header, place, new in changes:
            at = data.index(header) + place
            data[at : at + len(new)] = new
        (folder / "cat.npz").write_bytes(data)

    return make


def far_offset(folder: Path) -> None:
    """The member is said to begin at byte 2**64 - 1."""
    member = zipfile.ZipInfo("train.npy")
    member.extra = struct.pack("<HHQ", 1, 8, 2**64 - 1)
    with zipfile.ZipFile(folder / "cat.npz", "w") as archive:
        archive.writestr(member, b"")
    data = bytearray((folder / "cat.npz").read_bytes())
    at = data.index(CENTRAL) + 42
    data[at : at + 4] = b"\xff" * 4
    (folder / "cat.npz").write_bytes(data)


def many_members(folder: Path) -> None:
    with zipfile.ZipFile(folder / "cat.npz", "w") as archive:
        for number in range(12_000):
            archive.writestr(f"{number:050d}", b"")


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty folder": (lambda f: None, "no .npz file is there"),
    "folder for a file": (lambda f: (f / "cat.npz").mkdir(), "not a file that can be read"),
    "empty file": (lambda f: (f / "cat.npz").touch(), "not a valid .npz file"),
    "no zip": (lambda f: (f / "cat.npz").write_bytes(b"PK" * 50), "not a valid .npz file"),
    "no splits": (lambda f: write(f / "cat.npz", train=None, valid=None, test=None, x=np.ones(1)), "no drawing in it"),
    "no drawing": (lambda f: write(f / "cat.npz", train=column([]), valid=None, test=None), "no drawing in it"),
    "attack": (lambda f: write(f / "cat.npz", valid=column([print])), "cat.npz, valid.npy: .* 'builtins.print'"),
    "twice": (twice, "two members of one name"),
    "lzma": (lambda f: packed(f, zipfile.ZIP_LZMA), "packed in a way that numpy does not use"),
    "bzip2": (lambda f: packed(f, zipfile.ZIP_BZIP2), "packed in a way that numpy does not use"),
    "claims less": (patched(8, (LOCAL, 22, b"\x96"), (CENTRAL, 24, b"\x96")), "Bad CRC-32"),
    "claims more": (patched(0, (CENTRAL, 20, b"\xff\xff\1\0\xff\xff\1\0")), r"cut off|Overlapped"),
    "broken stream": (patched(8, (LOCAL, 39, b"\xff" * 9)), "while decompressing"),
    "later version": (patched(8, (CENTRAL, 6, b"\x99")), "zip file version"),
    "encrypted": (patched(8, (LOCAL, 6, b"\1"), (CENTRAL, 8, b"\1")), "in a way that numpy"),
    "broken name": (patched(8, (CENTRAL, 8, b"\0\x08"), (CENTRAL, 46, b"\xff")), "decode byte 0xff"),
    "far offset": (far_offset, "not a valid .npz file|cannot be read"),
    "many members": (many_members, "a directory of more than a million bytes"),
    "wrong sum": (patched(0, (LOCAL, 200, b"\1")), "Bad CRC-32"),
    "odd name": (lambda f: write(f / "c\nat.npz"), r"'c\\nat.npz' cannot be printed"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_one_clear_line(tmp_path: Path, name: str) -> None:
    make, message = REFUSED[name]
    make(tmp_path)
    with pytest.raises(InputError, match=message) as error:
        read(tmp_path)
    assert "\n" not in str(error.value) and str(tmp_path) in str(error.value)


def test_a_bomb_is_refused_by_its_size_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketch_npz, "MAX_BYTES", 10_000)
    write(tmp_path / "cat.npz", train=np.zeros((1000, 5, 3)))
    assert (tmp_path / "cat.npz").stat().st_size < 3000
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    with pytest.raises(InputError, match=r"train\.npy unpacks to more than 10,000 bytes"):
        read(tmp_path)


def test_progress_sees_every_split(tmp_path: Path) -> None:
    calls: list[object] = []
    read(write(tmp_path / "cat.npz"), progress=lambda items, *title: (calls.append(title), items)[1])
    assert calls == [(2, "reading train of cat.npz"), (1, "reading valid of cat.npz"), (1, "reading test of cat.npz")]


def in_npz(data: bytes) -> bytes:
    """Return an .npz whose train.npy holds this."""
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        archive.writestr("train.npy", data)
    return buffer.getvalue()


@few_or_many(100, 1500)
def test_mutants_are_read_or_refused(tmp_path: Path, count: int) -> None:
    """Mutants of an .npz and, as its sum tells those apart, of a mutated array in a sound one."""
    path = write(tmp_path / "cat.npz")
    array = saved(column(np.array(drawing, np.int16) for drawing in SPLITS["train"]))
    damaged = chain(mutants(path.read_bytes(), count), map(in_npz, mutants(array, count, 1)))
    assert outcomes(read_sketch_npz, path, damaged) == {"corpus", "error"}
