"""De Jong's digits: what his files mean, what is left out and why, and that what is written is read back."""

import gzip
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_loader.formats import mnist_strokes
from data_loader.formats.idx import open_idx
from data_loader.formats.mnist_strokes import read_mnist_strokes, write_mnist_strokes
from data_loader.formats.read_report import Report
from ink.strokes import InkLine
from tests.data_loader.formats.mini_iam import tar_gz
from tests.data_loader.formats.mutate import few_or_many, mutants, outcomes
from tests.tiny import assert_same_ink
from utils.errors import InputError

SEVEN = b"5 9 0 0\n1 0 0 0\n0 2 0 0\n0 0 1 0\n4 -3 0 0\n-1 0 0 0\n0 0 1 1\n"
SEVEN_POINTS = [(5, 9, 0), (6, 9, 0), (6, 11, 1), (10, 8, 0), (9, 8, 1)]
DIGIT = b"3 4 0 0\r\n0 1 0 0\r\n0 0 1 1\r\n"
SET = {
    "sequences/trainimg-0-inputdata.txt": SEVEN,
    "sequences/trainimg-2-inputdata.txt": DIGIT,
    "sequences/trainimg-0-points.txt": b"5,9\n",
    "sequences/trainimg-0-thumb.txt": b"",
    "sequences/trainimg-0-targetdata.txt": b"0 0 0",
    "sequences/testimg-11-inputdata.txt": DIGIT,
    "sequences/testlabels.txt": b"0\n" * 11 + b"1\n",
    "sequences/trainlabels.txt": b"7\n5\n 1 \r\n",
}


def put(folder: Path, files: dict[str, bytes] = SET) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def read(source: Path, **labels: Path) -> tuple[list[InkLine], dict[str, Any]]:
    report = Report()
    return list(read_mnist_strokes(source, report, **labels)), report.as_dict()


def idx(*sizes: int, data: bytes) -> bytes:
    return struct.pack(f">4B{len(sizes)}I", 0, 0, 8, len(sizes), *sizes) + data


def test_a_mark_ends_the_stroke_at_the_point_before(tmp_path: Path) -> None:
    lines, report = read(put(tmp_path))
    assert [(line.id, line.text, line.writer, line.split, line.unit, line.times) for line in lines] == [
        ("train-00000", "7", "", "train", "px", None),
        ("train-00002", "1", "", "train", "px", None),
        ("test-00011", "1", "", "test", "px", None),
    ]
    assert lines[0].points.dtype == np.float32 and lines[0].points.tolist() == [
        list(map(float, p)) for p in SEVEN_POINTS
    ]
    assert lines[1].points.tolist() == [[3, 4, 0], [3, 5, 1]]
    assert report["dropped"] == {} and list(report["noted"]) == ["labels without a digit"]


def test_an_archive_is_as_its_folder_whatever_its_order(tmp_path: Path) -> None:
    folder = read(put(tmp_path / "folder"))[0]
    for k, members in enumerate((SET, dict(reversed(SET.items())))):
        (tmp_path / f"{k}.tar.gz").write_bytes(tar_gz(members))
        assert_same_ink(read(tmp_path / f"{k}.tar.gz")[0], folder)


@pytest.mark.parametrize(
    ("sequence", "kind"),
    [
        (b"", "broken sequence"),
        (b"3 4 0\n0 0 1 1\n", "broken sequence"),
        (b"3 4 0 0\n0 1 0 0\n", "broken sequence"),  # cut off
        (SEVEN + DIGIT, "broken sequence"),  # two in one
        (b"3 4 0 0\n1 1 0 0\n0 0 0 1\n", "broken sequence"),
        (b"3 4 0 0\n1 1 2 0\n0 0 1 1\n", "broken sequence"),
        (b"3 4 0 0\n1_0 1 0 0\n0 0 1 1\n", "broken sequence"),
        (b"nan 4 0 0\n1 1 0 0\n0 0 1 1\n", "broken sequence"),
        (b"3 4 0 0\n1e999 1 0 0\n0 0 1 1\n", "broken sequence"),
        (b"3 4 0 0\n900000 1 0 0\n900000 1 0 0\n0 0 1 1\n", "broken sequence"),  # each move is well, the place is not
        (b"3 4 0 0\n0 0 1 1\n", "no ink"),
        (b"0 0 0 0\n" * 200_000 + b"0 0 1 1\n", "huge file"),
    ],
)
def test_a_faulty_digit_is_left_out_and_named(tmp_path: Path, sequence: bytes, kind: str) -> None:
    lines, report = read(put(tmp_path, SET | {"sequences/trainimg-0-inputdata.txt": sequence}))
    assert [line.id for line in lines] == ["train-00002", "test-00011"]
    assert {name: digits["count"] for name, digits in report["dropped"].items()} == {kind: 1}
    assert "train" in report["dropped"][kind]["places"][0]["where"]


def test_dots_stay_strokes_and_a_move_may_end_its_own_stroke(tmp_path: Path) -> None:
    files = {"trainimg-0-inputdata.txt": b"0 0 0 0\n0 0 1 0\n2 0 0 0\n0 0 1 0\n0 0 0 0\n1.5 -1 1 1\n"}
    (line,), _ = read(put(tmp_path, files))
    assert line.points.tolist() == [[0, 0, 1], [2, 0, 1], [2, 0, 0], [3.5, -1, 1]]
    assert line.split == "" and line.text == ""
    (line,), _ = read(put(tmp_path, {"trainimg-0-inputdata.txt": b"0 0 1 0\n2 1 0 0\n0 0 1 1\n"}))
    assert line.points.tolist() == [[0, 0, 1], [2, 1, 1]]  # the first line is the start, whatever it marks


def test_labels_missing_blank_broken_or_none(tmp_path: Path) -> None:
    short = SET | {"sequences/trainlabels.txt": b"7\n5\n", "sequences/testlabels.txt": b"\n" * 12}
    lines, report = read(put(tmp_path / "a", short))
    assert [(line.id, line.text) for line in lines] == [("train-00000", "7"), ("test-00011", "")]
    assert report["dropped"]["no label"]["places"][0]["where"] == "train-00002"
    assert report["noted"]["empty label"]["places"][0]["where"] == "test-00011"
    lines, report = read(put(tmp_path / "b", SET | {"sequences/trainlabels.txt": "7\n5\n\u2028x\n".encode()}))
    assert report["dropped"]["broken label"]["count"] == 1
    lines, report = read(put(tmp_path / "c", {name: data for name, data in SET.items() if "labels" not in name}))
    assert [line.text for line in lines] == ["", "", ""] and report["noted"]["no labels"]["count"] == 1
    with pytest.raises(InputError, match=r"testlabels.txt: not text"):
        read(put(tmp_path / "d", SET | {"sequences/testlabels.txt": b"\xff\xfe"}))


def test_given_labels_as_text_or_idx_in_a_file_or_folder(tmp_path: Path) -> None:
    bare = {name: data for name, data in SET.items() if "labels" not in name}
    train_only = put(tmp_path / "train", {name: data for name, data in bare.items() if "testimg" not in name})
    both = put(tmp_path / "both", bare)
    given = put(
        tmp_path / "labels",
        {
            "train-labels-idx1-ubyte.gz": gzip.compress(idx(3, data=bytes([4, 5, 6]))),
            "testlabels.txt": ("\n" * 11 + "e\u0301\n").encode(),
            "any": b"a\nb\nc\n",
            "letters": idx(3, data=bytes([4, 26, 6])),
        },
    )
    assert [line.text for line in read(both, labels=given)[0]] == ["4", "6", "\u00e9"]
    assert [line.text for line in read(train_only, labels=given / "any")[0]] == ["a", "c"]
    lines, report = read(train_only, labels=given / "letters")
    assert [line.text for line in lines] == ["", ""] and report["noted"]["labels that are no text"]["count"] == 1
    for labels, message in (
        (given / "any", "train or test"),
        (both, "holds no labels"),
        (given / "train-none", "cannot be"),
    ):
        with pytest.raises(InputError, match=message):
            read(both, labels=labels)


def test_other_and_second_files_are_named_and_too_many_bytes_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = {"x/trainimg-0-inputdata.txt": DIGIT, "x/trainlabels.txt": b"0\n", "trainimg-x-inputdata.txt": DIGIT}
    lines, report = read(put(tmp_path, SET | more))
    assert lines[0].text == "7" and len(lines[0].points) == 5
    assert report["dropped"]["second file of a digit"]["places"][0]["where"] == "x/trainimg-0-inputdata.txt"
    assert report["noted"]["not a digit"]["count"] == report["noted"]["second list of labels"]["count"] == 1
    monkeypatch.setattr(mnist_strokes, "MAX_KEPT_BYTES", 90)
    with pytest.raises(InputError, match="more than 90 bytes"):
        read(tmp_path)
    with pytest.raises(InputError, match="no digit"):
        read(put(tmp_path / "y", {"trainlabels.txt": b"7\n"}))


coordinates = st.integers(-(2**25), 2**25).map(lambda n: n / 64) | st.integers(-(2**13), 2**13).map(float)


@st.composite
def ink_lines(draw: Callable[..., Any], line_id: str, split: str) -> InkLine:
    places = draw(st.lists(st.tuples(coordinates, coordinates, st.integers(0, 1)), min_size=2, max_size=20))
    points = np.array(places, np.float32)
    points[-1, 2] = 1
    text = draw(st.sampled_from(["", "7", "a b", "é"]))
    return InkLine(line_id, text, "", split, points, None, "px")


@given(st.data())
@settings(max_examples=40)
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    numbers = data.draw(st.sets(st.integers(0, 40), min_size=1, max_size=4))
    both = data.draw(st.booleans())
    lines = [data.draw(ink_lines(f"train-{n:05d}", "train" if both else "")) for n in sorted(numbers)]
    lines += [data.draw(ink_lines("test-00003", "test"))] if both else []
    folder = tmp_path_factory.mktemp("export") / "digits"
    write_mnist_strokes(iter(lines), folder)
    back, report = read(folder)
    assert_same_ink(back, lines)
    assert not report["dropped"]


@given(st.lists(st.tuples(*[st.floats(-1e6, 1e6, width=32)] * 2), min_size=2, max_size=20))
@settings(max_examples=40)
def test_any_coordinates_come_back_to_1e9_of_the_largest(
    tmp_path_factory: pytest.TempPathFactory, places: list[tuple[float, float]]
) -> None:
    points = np.zeros((len(places), 3), np.float32)
    points[:, :2] = places
    points[-1, 2] = 1
    folder = tmp_path_factory.mktemp("export") / "digits"
    write_mnist_strokes([InkLine("train-00000", "1", "", "", points, None, "px")], folder)
    back = read(folder)[0][0].points
    assert np.all(np.abs(back - points) <= 1e-9 * np.abs(points).max())


def test_other_ids_are_numbered_on_and_whole_numbers_stay_whole(tmp_path: Path) -> None:
    points = np.array(SEVEN_POINTS, np.float32)
    ids = [("a01-000u", "x"), ("train-00007", ""), ("b", "test"), ("train-7", "train"), ("train-00007", "")]
    lines = [InkLine(line_id, f"t{k}", "w", split, points) for k, (line_id, split) in enumerate(ids)]
    write_mnist_strokes(lines, tmp_path / "out")
    assert (tmp_path / "out" / "trainimg-7-inputdata.txt").read_bytes() == SEVEN
    assert [(line.id, line.text) for line in read(tmp_path / "out")[0]] == [
        *(
            ("train-00000", "t0"),
            ("train-00007", "t1"),
            ("train-00008", "t3"),
            ("train-00009", "t4"),
            ("test-00000", "t2"),
        )
    ]


@few_or_many(200, 3000)
def test_damaged_sources_are_read_or_refused(tmp_path: Path, count: int) -> None:
    """Damaged archives, damaged tars packed whole, and sets with one damaged file."""
    small = {name.removeprefix("sequences/"): data for name, data in SET.items()}
    packed, archive, folder = tar_gz(small), tmp_path / "in.tar.gz", put(tmp_path / "set", small)
    archive.write_bytes(packed)
    tars = (gzip.compress(mutant, 1) for mutant in mutants(gzip.decompress(packed), count // 3))
    actual = outcomes(read_mnist_strokes, archive, [*mutants(packed, count // 3), *tars])
    for name in ("trainimg-0-inputdata.txt", "trainlabels.txt"):
        actual |= outcomes(read_mnist_strokes, folder, mutants(small[name], count // 6), folder / name)
    assert actual == {"corpus", "error"}


@pytest.mark.slow
def test_ten_thousand_digits_take_seconds(tmp_path: Path) -> None:
    (tmp_path / "s.tar.gz").write_bytes(tar_gz({f"testimg-{n}-inputdata.txt": SEVEN for n in range(10_000)}))
    start = time.perf_counter()
    assert len(read(tmp_path / "s.tar.gz")[0]) == 10_000
    assert time.perf_counter() - start < 10


@pytest.mark.skipif("DUCTUS_DATA" not in os.environ, reason="the real data are not here: DUCTUS_DATA is not set")
def test_the_real_digits_lie_on_their_ink() -> None:
    """Points and strokes as counted by hand in the files; de Jong counts an image's pixels from 1."""
    folder = Path(os.environ["DUCTUS_DATA"], "mnist")
    lines, report = read(folder / "de-jong", labels=folder)
    digits = {line.id: (line.text, len(line.points), int(line.points[:, 2].sum())) for line in lines}
    known = {
        "train-00002": ("4", 39, 2),
        "train-00007": ("3", 37, 2),
        "train-00012": ("3", 44, 1),
        "train-00013": ("6", 50, 1),
        "train-00025": ("2", 43, 1),
        "train-00058": ("4", 29, 2),
        "test-00000": ("7", 30, 1),
    }
    assert known.items() <= digits.items() and not report["dropped"]
    for line in lines:
        assert np.array_equal(line.points, np.rint(line.points)) and (line.points[:, :2] // 28 == 0).all()
        moves = np.abs(np.diff(line.points[:, :2], axis=0)).max(1)
        assert (moves[line.points[:-1, 2] == 0] == 1).all()  # from pixel to neighbouring pixel
    image = next(open_idx(folder / "t10k-images-idx3-ubyte.gz", 3)[1])
    x, y = next(line.points for line in lines if line.id == "test-00000")[:, :2].T.astype(int)
    assert image[y - 1, x - 1].min() > 127
