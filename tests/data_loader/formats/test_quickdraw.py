"""Quick, Draw! files, simplified and raw: what is read, counted, left out and refused."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_loader.formats.quickdraw import read_quickdraw
from data_loader.formats.read_report import Report
from ink.strokes import InkLine
from tests.data_loader.formats.mutate import few_or_many, mutants, outcomes
from utils.errors import InputError

SIMPLIFIED = [[[130, 113, 0], [72, 40, 255]], [[9, 8], [7, 6]]]
RAW = [[[0.5, 1.25], [2, 3], [0, 17]], [[4], [5], [1250]]]


def drawing(number: int, strokes: Any = SIMPLIFIED, **changes: Any) -> dict[str, Any]:
    """An object as the data set has them."""
    stamp = "2017-03-01 20:15:10.12345 UTC"
    known = {"word": "cat", "countrycode": "VE", "timestamp": stamp, "recognized": True, "key_id": f"520{number}"}
    return {**known, "drawing": strokes, **changes}


def write(path: Path, *objects: dict[str, Any]) -> Path:
    path.write_text("".join(f"{json.dumps(each)}\n" for each in objects), encoding="utf-8")
    return path


def read(source: Path) -> tuple[list[InkLine], dict[str, Any]]:
    report = Report()
    return list(read_quickdraw(source, report)), report.as_dict()


def test_simplified_drawings(tmp_path: Path) -> None:
    path = write(tmp_path / "full_simplified_cat.ndjson", drawing(1), drawing(2, word="Cafe\u0301"))
    (line, other), report = read(path)
    assert line.points.dtype == np.float32
    assert line.points.tolist() == [[130, 72, 0], [113, 40, 0], [0, 255, 1], [9, 7, 0], [8, 6, 1]]
    assert (line.id, line.text, line.writer, line.split, line.times, line.unit) == ("5201", "cat", "", "", None, "")
    assert other.text == "Caf\u00e9"
    assert report == {"dropped": {}, "noted": {}}


def test_raw_drawings_have_pixels_and_times(tmp_path: Path) -> None:
    half = [RAW[0], RAW[1][:2]]
    (line, timeless), report = read(write(tmp_path / "cat.ndjson", drawing(1, RAW), drawing(2, half)))
    assert line.points.tolist() == [[0.5, 2, 0], [1.25, 3, 1], [4, 5, 1]]
    assert line.times is not None and line.times.tolist() == [0, 0.017, 1.25]
    assert (line.unit, timeless.unit, timeless.times) == ("px", "px", None)
    assert list(report["noted"]) == ["files with times left out as some strokes have none"]


def test_the_unrecognised_are_kept_and_counted(tmp_path: Path) -> None:
    for word in ("cat", "dog"):
        bad = [drawing(n, recognized=False, key_id=f"{word}{n}", word=word) for n in range(3)]
        write(tmp_path / f"{word}.ndjson", drawing(9, key_id=f"{word}9", word=word), *bad)
    lines, report = read(tmp_path)
    assert [line.text for line in lines] == ["cat"] * 4 + ["dog"] * 4
    (kind,) = report["noted"].values()
    assert kind["places"] == [
        {"where": f"{word}.ndjson", "what": "3 of its lines, the first is line 2"} for word in ("cat", "dog")
    ]


@pytest.mark.parametrize(
    ("strokes", "kind", "problem"),
    [
        (None, "bad drawing", "null"),
        ([[1, 2], [3, 4]], "bad drawing", "no list of strokes of columns"),
        ([[[1, 2]]], "bad drawing", "a stroke is not"),
        ([[[1, 2], [3, 4], [5, 6], [7, 8]]], "bad drawing", "a stroke is not"),
        ([[[1, 2], [3, 4, 5]]], "bad drawing", "equally long"),
        ([[[1, 2], [3, "4"]]], "bad coordinates", '"4" is not a number'),
        ([[[1, 2], [3, 4], [5, [6]]]], "bad coordinates", r"\[6\] is not a number"),
        ([[[1, 2], [3, 2_000_000]]], "bad coordinates", "beyond"),
        ([], "no ink", "points: 0"),
        ([[[], []], [[1], [2]]], "no ink", "points: 1"),
    ],
)
def test_a_drawing_at_fault_is_left_out_and_named(tmp_path: Path, strokes: Any, kind: str, problem: str) -> None:
    path = write(tmp_path / "cat.ndjson", drawing(1), drawing(2, strokes), drawing(3))
    lines, report = read(path)
    assert [line.id for line in lines] == ["5201", "5203"]
    ((place,),) = [group["places"] for group in report["dropped"].values()]
    assert list(report["dropped"]) == [kind] and place["where"] == "cat.ndjson, line 2"
    assert re.search(problem, place["what"])


def test_other_faults(tmp_path: Path) -> None:
    bad = [drawing(2, word=7), drawing(3, word="a\nb"), drawing(4, key_id=5), drawing(1)]
    path = tmp_path / "cat.ndjson"
    path.write_bytes(gzip.compress(write(path, drawing(1), *bad, {"drawing": SIMPLIFIED}).read_bytes()))
    lines, report = read(path)
    assert [(line.id, line.text) for line in lines] == [("5201", "cat"), ("cat-6", "")]
    assert {kind: group["count"] for kind, group in report["dropped"].items()} == {
        "bad word": 2,
        "bad key_id": 1,
        "second line of an id": 1,
    }
    with pytest.raises(InputError, match=r"no line in it can be used; dog.ndjson, line 1: bad drawing"):
        read(write(tmp_path / "dog.ndjson", {"strokes": []}))


@few_or_many(200, 3000)
def test_damaged_files_are_read_or_refused(tmp_path: Path, count: int) -> None:
    source = write(tmp_path / "cat.ndjson", drawing(1, RAW), drawing(2, RAW, recognized=False))
    assert outcomes(read_quickdraw, source, mutants(source.read_bytes(), count, seed=4)) == {"corpus", "error"}
