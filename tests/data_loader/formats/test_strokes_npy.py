"""strokes.npy with sentences.txt: both column orders, faults by line, and back again."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_loader.formats import strokes_npy
from data_loader.formats.iam_ondb.reader import read_iam_ondb
from data_loader.formats.read_report import Report
from data_loader.formats.strokes_npy import read_strokes_npy, write_strokes_npy
from ink.strokes import InkLine
from tests.data_loader.formats.mutate import few_or_many, mutants, outcomes
from tests.data_loader.formats.test_safe_npy import column, saved
from tests.tiny import assert_same_ink, ink_line
from utils.errors import InputError

ROWS = ([[0, 1, 2], [0, 3, -4], [1, 0.5, 0], [1, -9, 9]], [[0, 5, 5], [1, 7, -5]], [[1, 8, 2], [0, 2, 2], [1, 3, 3]])
POINTS = (
    [[1, -2, 0], [4, 2, 0], [4.5, 2, 1], [-4.5, -7, 1]],
    [[5, -5, 0], [12, 0, 1]],
    [[8, -2, 1], [10, -4, 0], [13, -7, 1]],
)
TEXTS = ("a b", "Caf\u00e9", " c ")


def source(folder: Path, rows: Iterable[Any] = ROWS, texts: str | bytes = "\n".join(TEXTS), last: bool = False) -> Path:
    """A folder with the pair of files; the pen lifts in the last column if `last`."""
    arrays = [np.array(row, np.float32) if isinstance(row, list) else row for row in rows]
    if last:
        arrays = [array[:, [1, 2, 0]] for array in arrays]
    folder.mkdir(exist_ok=True)
    (folder / "strokes-py3.npy").write_bytes(saved(column(arrays)))
    (folder / "sentences.txt").write_bytes(texts if isinstance(texts, bytes) else texts.encode())
    return folder


def read(path: Path, **arguments: Any) -> tuple[list[InkLine], Report]:
    return list(read_strokes_npy(path, report := Report(), **arguments)), report


def dropped(report: Report) -> dict[str, list[str]]:
    return {kind: [p["where"] for p in result["places"]] for kind, result in report.as_dict()["dropped"].items()}


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("name", ["", "strokes-py3.npy"])
def test_lines_are_the_sums_of_their_offsets_with_y_turned(tmp_path: Path, last: bool, name: str) -> None:
    lines, report = read(source(tmp_path, last=last) / name)
    assert [line.points.tobytes() for line in lines] == [np.array(points, np.float32).tobytes() for points in POINTS]
    assert all(line.points.shape[1] == 3 and line.times is None for line in lines)
    assert [(line.id, line.text) for line in lines] == [(f"strokes-0000{i}", TEXTS[i - 1]) for i in (1, 2, 3)]
    assert {(line.writer, line.split, line.unit) for line in lines} == {("", "", "")}
    assert report.as_dict() == {"dropped": {}, "noted": {}}


def test_the_other_name_and_both(tmp_path: Path) -> None:
    folder = source(tmp_path)
    (folder / "strokes-py3.npy").rename(folder / "strokes.npy")
    lines, _ = read(folder)
    (folder / "strokes-py3.npy").write_bytes(saved(column([np.array(ROWS[1], "f4")] * 3)))
    others, report = read(folder)
    assert len(lines) == 3 and {len(line.points) for line in others} == {2}
    assert report.summary() == ["second file of strokes: 1 (strokes.npy)"]


@pytest.mark.parametrize("kind", [np.int16, np.float64, ">f4"])
def test_any_type_of_number_and_a_plain_array(tmp_path: Path, kind: Any) -> None:
    folder = source(tmp_path, texts="a\nb")
    (folder / "strokes-py3.npy").write_bytes(saved(np.array([ROWS[1], ROWS[1]], kind)))
    assert [line.points.tolist() for line in read(folder)[0]] == [POINTS[1]] * 2


@pytest.mark.parametrize(
    ("texts", "result"),
    [
        (b"a\r\nb\r\nc\r\n", ["a", "b", "c"]),
        (b"\xef\xbb\xbfa\nb\nc\n", ["a", "b", "c"]),
        ("e\u0301\n\n\u00a0\n".encode(), ["\u00e9", ""]),
        (b"\n\n\n", ["", "", ""]),
        (b"\xe9\nb\tb\nc", ["c"]),
        (b"a\rb\nb\n" + b"c" * 10_001, ["b"]),
    ],
)
def test_texts_lose_their_line_breaks_only(tmp_path: Path, texts: bytes, result: list[str]) -> None:
    lines, report = read(source(tmp_path, texts=texts))
    assert [line.text for line in lines] == result
    assert report.num_dropped == 3 - len(result)
    assert report.as_dict()["noted"].get("no transcription", {"count": 0})["count"] == result.count("")


FAULTS: dict[str, tuple[object, str]] = {
    "one point": ([[1, 2, 3]], "no ink"),
    "none": (np.zeros((0, 3)), "no ink"),
    "two columns": (np.zeros((5, 2)), "no offsets"),
    "a row": (np.zeros(6), "no offsets"),
    "no array": ("text", "no offsets"),
    "not a number": ([[0, 1, float("nan")], [1, 1, 1]], "bad coordinates"),
    "infinite": ([[0, -float("inf"), 1], [1, 1, 1]], "bad coordinates"),
    "huge": (np.array([[0, 1e308, 1], [0, 1e308, 1], [1, 1, 1]]), "bad coordinates"),
    "far": ([[0, 9e5, 0], [0, 9e5, 0], [1, -9e5, 0]], "bad coordinates"),
    "half lifts": ([[0.5, 5, 5], [1, 1, 1]], "bad pen lifts"),
    "no lifts": ([[float("nan"), 5, 5], [1, 1, 1]], "bad pen lifts"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_array_costs_its_line_and_is_named(tmp_path: Path, name: str) -> None:
    array, kind = FAULTS[name]
    lines, report = read(source(tmp_path, [ROWS[0], array, ROWS[2]]))
    assert [line.points.tolist() for line in lines] == [POINTS[0], POINTS[2]]
    assert [line.id for line in lines] == ["strokes-00001", "strokes-00003"]
    assert dropped(report) == {kind: ["strokes-00002"]}


def test_an_open_last_stroke_is_closed_and_noted(tmp_path: Path) -> None:
    lines, report = read(source(tmp_path, [[[0, 2, 2], [0, 3, 3]]], "a"))
    assert lines[0].points[:, 2].tolist() == [0, 1]
    assert report.summary() == ["open last stroke: 1 (strokes-00001)"]


def spoil(change: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda folder: change(source(folder))


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no strokes": (spoil(lambda f: (f / "strokes-py3.npy").unlink()), "neither strokes-py3.npy nor strokes.npy"),
    "no texts": (spoil(lambda f: (f / "sentences.txt").unlink()), "sentences.txt: no such file"),
    "fewer texts": (lambda f: source(f, texts="a\nb\n"), "2 lines of text, but 3 arrays"),
    "a blank line more": (lambda f: source(f, texts="a\nb\nc\n\n"), "4 lines of text, but 3 arrays"),
    "both are binary": (lambda f: source(f, [[[0, 5, 1], [1, 5, 0]]] * 3), "cannot be identified"),
    "neither is binary": (lambda f: source(f, [[[2, 5, 3], [1, 5, 0]]] * 3), "neither the first nor the last column"),
    "strokes-5": (lambda f: source(f, [np.zeros((9, 5))] * 3), "can be used; left out, no offsets: 3"),
    "no arrays": (lambda f: source(f, [], ""), "1 lines of text, but 0 arrays"),
    "all texts broken": (lambda f: source(f, texts=b"\xff\n\xff\n\xff"), "left out, broken transcription: 3"),
    "cut": (spoil(lambda f: os.truncate(f / "strokes-py3.npy", 500)), "strokes-py3.npy: damaged"),
    "attack": (
        spoil(lambda f: np.save(f / "strokes-py3.npy", column([print]), allow_pickle=True)),
        "asks for 'builtins.print'",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_one_clear_line(tmp_path: Path, name: str) -> None:
    make, message = REFUSED[name]
    make(tmp_path)
    with pytest.raises(InputError, match=message) as error:
        read(tmp_path)
    assert "\n" not in str(error.value) and str(tmp_path) in str(error.value)


def test_most_arrays_tell_the_order_of_the_columns(tmp_path: Path) -> None:
    either = [[0, 4, 1], [1, 1, 0]]
    lines, report = read(source(tmp_path, [either, either, ROWS[0]], last=True))
    assert lines[0].points.tolist() == [[4, -1, 0], [5, -1, 1]] and not report.num_dropped


def test_progress_sees_every_array(tmp_path: Path) -> None:
    calls: list[object] = []

    def progress(items: Iterable[Any], total: int | None, title: str) -> Iterator[Any]:
        calls.append((total, title))
        yield from items

    assert len(read(source(tmp_path), progress=progress)[0]) == 3 and calls == [(3, "reading strokes-py3.npy")]


WHOLE = st.integers(-(10**6), 10**6)
LINES = st.lists(
    st.tuples(
        st.lists(st.tuples(WHOLE, WHOLE, st.booleans()), min_size=2, max_size=9),
        st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"], include_characters=" "), max_size=9),
    ),
    min_size=1,
    max_size=5,
)


def ink(number: int, path: list[tuple[int, int, bool]], text: str) -> InkLine:
    points = np.array([*path[:-1], (*path[-1][:2], True)], np.float32)
    return InkLine(f"strokes-{number:05d}", text, "", "", points)


@given(LINES)
def test_whole_numbers_come_back_exactly(tmp_path_factory: pytest.TempPathFactory, drawn: list[Any]) -> None:
    """Write the arrays with a line at the end that tells the column of pen lifts."""
    clear = [(7, 9, True), (4, 2, False), (0, 99, True)] * 9
    lines = [ink(i, path, normalize("NFC", text)) for i, (path, text) in enumerate([*drawn, *[(clear, "")] * 9], 1)]
    folder = tmp_path_factory.mktemp("out") / "strokes"
    write_strokes_npy(iter(lines), folder)
    result, report = read(folder)
    assert not report.num_dropped
    assert_same_ink(lines, result)


@given(st.integers(0, 2**32), st.sampled_from([1e-4, 1.0, 300.0]))
def test_other_coordinates_come_back_to_the_precision_of_an_offset(number: int, scale: float) -> None:
    rng = np.random.default_rng(number)
    points = np.ones((2000, 3), np.float32)
    points[:, :2] = (rng.standard_normal((2000, 2)).cumsum(0) + rng.uniform(-50, 50, 2)) * scale
    offsets = strokes_npy._points_to_offsets(points)
    back = offsets[:, 1:].astype(np.float64).cumsum(0) * [1, -1]
    largest = np.abs(np.diff(points[:, :2].astype(np.float64), axis=0, prepend=0)).max(0)
    assert offsets.dtype == np.float32 and (np.abs(back - points[:, :2]).max(0) <= largest * 2**-23).all()


def test_other_projects_read_what_is_written(tmp_path: Path) -> None:
    lines = [ink_line(n, text=f" line {n} ") for n in range(3)]
    write_strokes_npy(lines, tmp_path / "new" / "strokes")
    arrays = np.load(tmp_path / "new/strokes/strokes-py3.npy", allow_pickle=True)
    assert arrays.shape == (3,) and arrays.dtype == object and {array.dtype.name for array in arrays} == {"float32"}
    for line, array in zip(lines, arrays, strict=True):
        np.testing.assert_array_equal(array[:, 0], line.points[:, 2])
        np.testing.assert_array_equal(array[:, 1:].cumsum(0) * [1, -1], line.points[:, :2])
    assert (tmp_path / "new/strokes/sentences.txt").read_text().splitlines() == [" line 0 ", " line 1 ", " line 2 "]


def test_what_one_file_cannot_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strokes_npy, "MAX_ARRAYS", 2)
    odd = [ink_line(0, text="a\nb")]
    for lines, message in (([], "no line to write"), (odd, "its text has a line"), (range(3), "more ink than one")):
        with pytest.raises(InputError, match=message):
            write_strokes_npy([ink_line(line) if isinstance(line, int) else line for line in lines], tmp_path / "out")
    assert not list(tmp_path.iterdir())


@few_or_many(100, 1500)
@pytest.mark.parametrize("name", ["strokes-py3.npy", "sentences.txt"])
def test_mutants_are_read_or_refused(tmp_path: Path, name: str, count: int) -> None:
    folder = source(tmp_path / "in")
    damaged = mutants((folder / name).read_bytes(), count)
    assert outcomes(read_strokes_npy, folder, damaged, folder / name) == {"corpus", "error"}


@pytest.mark.slow
@pytest.mark.skipif("DUCTUS_DATA" not in os.environ, reason="the real data are not here: DUCTUS_DATA is not set")
def test_real_lines_come_back_exactly(tmp_path: Path) -> None:
    lines = list(islice(read_iam_ondb(Path(os.environ["DUCTUS_DATA"], "iam-ondb"), Report()), 500))
    write_strokes_npy(lines, tmp_path / "out")
    result, report = read(tmp_path / "out")
    assert report.as_dict() == {"dropped": {}, "noted": {}}
    bare = [
        replace(line, id=other.id, writer="", split="", times=None) for line, other in zip(lines, result, strict=True)
    ]
    assert_same_ink(bare, result)
