"""Images in idx files as lines of ink: which files, which texts, what is refused."""

import gzip
import os
import struct
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.digits import drawn
from data_loader.formats import idx
from data_loader.formats.mnist_images import read_mnist_images
from data_loader.formats.mnist_strokes import read_mnist_strokes, write_mnist_strokes
from data_loader.formats.read_report import Report
from ink.strokes import InkLine
from tests.data_loader.formats.mutate import few_or_many, mutants, outcomes
from utils.errors import InputError

pytest.importorskip("skimage.morphology", reason="scikit-image is not installed")
BAR = drawn([np.array([(13.0, 4.0), (13.0, 23.0)])], 2.5)
ROOF = drawn([np.array([(4.0, 8.0), (20.0, 8.0), (20.0, 22.0)])], 2.5)


def idx3(*images: np.ndarray) -> bytes:
    return struct.pack(">4B3I", 0, 0, 8, 3, len(images), *images[0].shape) + b"".join(map(np.ndarray.tobytes, images))


def idx1(*labels: int) -> bytes:
    return struct.pack(">4BI", 0, 0, 8, 1, len(labels)) + bytes(labels)


def put(folder: Path, **files: bytes) -> Path:
    """The folder with these files; "_" in a name stands for "-", "__" for "."."""
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name.replace("__", ".").replace("_", "-")).write_bytes(data)
    return folder


def read(source: Path, **labels: Path) -> tuple[list[InkLine], dict[str, Any]]:
    report = Report()
    return list(read_mnist_images(source, report, **labels)), report.as_dict()


def test_a_folder_of_train_and_test_plain_or_packed(tmp_path: Path) -> None:
    folder = put(
        tmp_path / "set",
        train_images_idx3_ubyte=idx3(BAR, ROOF),
        train_labels_idx1_ubyte__gz=gzip.compress(idx1(1, 7)),
        t10k_images_idx3_ubyte__gz=gzip.compress(idx3(ROOF)),
        t10k_labels_idx1_ubyte=idx1(7),
    )
    lines, report = read(folder)
    assert [(line.id, line.text, line.split, line.unit, line.writer) for line in lines] == [
        ("train-00000", "1", "train", "px", ""),
        ("train-00001", "7", "train", "px", ""),
        ("test-00000", "7", "test", "px", ""),
    ]
    assert np.array_equal(lines[1].points, lines[2].points) and report == {"dropped": {}, "noted": {}}
    assert np.abs(lines[0].points[:, 0] - 13).max() < 0.3 and lines[0].points[0, 1] < 6 < 21 < lines[0].points[-1, 1]
    alone, _ = read(folder / "t10k-images-idx3-ubyte.gz")
    assert [(line.id, line.text, line.split) for line in alone] == [("test-00000", "7", "")]


def test_texts_from_a_given_list_and_none_from_classes_of_letters(tmp_path: Path) -> None:
    folder = put(tmp_path / "set", own_images__idx3_ubyte=idx3(BAR, ROOF), own_labels__idx1_ubyte=idx1(12, 18))
    source = folder / "own-images.idx3-ubyte"
    lines, report = read(source)
    assert [line.text for line in lines] == ["", ""] and report["noted"]["labels that are no text"]["count"] == 1
    (tmp_path / "letters").write_text("l\n\nr\n")
    with pytest.raises(InputError, match="2 images, but 3 labels"):
        read(source, labels=tmp_path / "letters")
    (tmp_path / "letters").write_text("l\nr")
    assert [(line.id, line.text) for line in read(source, labels=tmp_path / "letters")[0]] == [
        ("image-00000", "l"),
        ("image-00001", "r"),
    ]
    (folder / "own-labels.idx1-ubyte").unlink()
    assert read(source)[1]["noted"]["no labels"]["count"] == 1


def test_emnist_is_turned_back(tmp_path: Path) -> None:
    put(tmp_path, emnist_letters_train_images_idx3_ubyte=idx3(ROOF.T.copy()), train_images_idx3_ubyte=idx3(ROOF))
    turned, report = read(tmp_path / "emnist-letters-train-images-idx3-ubyte")
    assert np.array_equal(turned[0].points, read(tmp_path / "train-images-idx3-ubyte")[0][0].points)
    assert report["noted"]["images turned"]["count"] == 1
    with pytest.raises(InputError, match="name one of them"):
        read(tmp_path)


def test_images_that_cannot_be_drawn_are_left_out_and_named(tmp_path: Path) -> None:
    blank = np.zeros_like(BAR)
    put(tmp_path, train_images_idx3_ubyte=idx3(blank, BAR, 255 - blank))
    lines, report = read(tmp_path)
    assert [line.id for line in lines] == ["train-00001"]
    assert {kind: [place["where"] for place in group["places"]] for kind, group in report["dropped"].items()} == {
        "no ink": ["train-00000"],
        "no line drawing": ["train-00002"],
    }
    put(tmp_path, train_images_idx3_ubyte=idx3(blank))
    with pytest.raises(InputError, match="no image in it"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no idx file"),
        (idx1(1, 2), "no idx file"),
        (idx3(BAR)[:-1], "cut off"),
        (idx3(BAR) + b"\0", "longer"),
        (gzip.compress(idx3(BAR))[:-9], "cut off"),
        (gzip.compress(idx3(BAR))[:-8] + bytes(8), "not a valid gzip"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 2**32 - 1, 28, 28), "its head says"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 1, 5000, 5000), "its head says"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 10**6, 128, 128), "its head says"),
        (struct.pack(">4B3I", 0, 0, 8, 3, 0, 28, 28), "its head says"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(put(tmp_path, train_images_idx3_ubyte=data) / "train-images-idx3-ubyte")


def test_a_bomb_is_read_no_further_than_its_head_promises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(idx3(BAR) + bytes(50 * 2**20))
    start = time.perf_counter()
    with pytest.raises(InputError, match="longer"):
        read(put(tmp_path, train_images_idx3_ubyte=bomb))
    assert time.perf_counter() - start < 2
    monkeypatch.setattr(idx, "MAX_LABEL_BYTES", 10)
    put(tmp_path, train_images_idx3_ubyte=idx3(BAR), train_labels_idx1_ubyte=b"1\n" * 10)
    with pytest.raises(InputError, match="too large for a list"):
        read(tmp_path)


def test_without_scikit_image_the_fix_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "skimage.morphology", None)
    with pytest.raises(InputError, match="pip install scikit-image=="):
        read(put(tmp_path, train_images_idx3_ubyte=idx3(BAR)))


def test_strokes_go_to_de_jongs_format_and_back(tmp_path: Path) -> None:
    lines, _ = read(put(tmp_path / "set", t10k_images_idx3_ubyte=idx3(BAR, ROOF), t10k_labels_idx1_ubyte=idx1(1, 7)))
    write_mnist_strokes(lines, tmp_path / "out")
    for line, back in zip(lines, read_mnist_strokes(tmp_path / "out", Report()), strict=True):
        assert np.array_equal(line.points, back.points)
        assert (line.id, line.text, line.split, line.unit) == (back.id, back.text, back.split, back.unit)


@few_or_many(200, 3000)
def test_damaged_files_are_read_or_refused(tmp_path: Path, count: int) -> None:
    small = BAR[2:26:2, 6:20:2].copy()
    images = idx3(small, small.T.copy()[:12].repeat(2, 0)[:12, :7].copy())
    folder = put(tmp_path / "set", train_images_idx3_ubyte=images, train_labels_idx1_ubyte=idx1(1, 7))
    actual = set()
    for file in sorted(folder.iterdir()):
        for data in (file.read_bytes(), gzip.compress(file.read_bytes())):
            actual |= outcomes(read_mnist_images, folder, mutants(data, count // 4), file)
    assert actual == {"corpus", "error"}


@pytest.mark.slow
@pytest.mark.skipif("DUCTUS_DATA" not in os.environ, reason="the real data are not here: DUCTUS_DATA is not set")
def test_all_real_test_images_within_a_minute() -> None:
    start = time.perf_counter()
    lines, report = read(Path(os.environ["DUCTUS_DATA"], "mnist", "t10k-images-idx3-ubyte.gz"))
    assert time.perf_counter() - start < 60
    assert len({line.id for line in lines}) == 10_000 and report == {"dropped": {}, "noted": {}}
    assert Counter(line.text for line in lines)["1"] == 1135
    assert 35 < np.median([len(line.points) for line in lines]) < 45 and max(len(line.points) for line in lines) < 100
