"""Lines of JSON: all that is written is read back; what is at fault is named by file and line, and left out."""

import gzip
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_loader.formats import ndjson
from data_loader.formats.jsonl import read_jsonl, write_jsonl
from data_loader.formats.read_report import Report
from data_loader.formats.registry import FORMATS
from ink.strokes import InkLine
from tests.data_loader.formats.mutate import few_or_many, mutants, outcomes
from tests.tiny import assert_same_ink, ink_line
from utils.errors import InputError

GOOD = '{"id": "good", "strokes": [[[0, 0], [1, 2]], [[3, 4]]]}'
UNTIMED = "[[[0, 0], [1, 2]]]"


def write(path: Path, *lines: str | dict[str, Any]) -> Path:
    """A file of these lines; a dict is one object with some strokes if it has none."""
    objects = [line if isinstance(line, str) else json.dumps({"strokes": [[[0, 0], [1, 2]]], **line}) for line in lines]
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in objects), encoding="utf-8")
    return path


def read(source: Path) -> tuple[dict[str, InkLine], Report]:
    report = Report()
    lines = list(read_jsonl(source, report))
    return {line.id: line for line in lines}, report


def noted(report: Report, part: str = "noted") -> dict[str, list[tuple[str, str]]]:
    return {kind: [(p["where"], p["what"]) for p in group["places"]] for kind, group in report.as_dict()[part].items()}


def test_a_line_is_read_as_it_is(tmp_path: Path) -> None:
    fields = {"id": "a-1", "text": "Cafe\u0301 |", "writer": "ann", "split": "train", "unit": "mm", "y": "down"}
    strokes = [[[0, 0, 5], [1.5, -2, 5.25]], [[7, 3, 1e3]]]
    lines, report = read(write(tmp_path / "x.jsonl", {**fields, "strokes": strokes}))
    points = np.array([[0, 0, 0], [1.5, -2, 1], [7, 3, 1]], np.float32)
    expected = InkLine("a-1", "Caf\u00e9 |", "ann", "train", points, np.array([0, 0.25, 995]), "mm")
    assert_same_ink(lines.values(), [expected])
    assert report.as_dict() == {"dropped": {}, "noted": {}}


def test_only_strokes_are_required_and_y_may_be_up(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", GOOD, "", {"y": "up", "text": None}, "  ")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    lines, _ = read(path)
    assert list(lines) == ["good", "x-3"]
    assert lines["x-3"].points.tolist() == [[0, 0, 0], [1, -2, 1]]
    assert (lines["x-3"].times, lines["x-3"].text, lines["x-3"].writer, lines["x-3"].unit) == (None, "", "", "")


def test_the_documentation(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "formats.md").read_text(encoding="utf-8")
    assert not [name for name in FORMATS if f"| `{name}` |" not in text]
    example = text.partition("```json\n")[2].partition("```")[0].replace("\n  ", " ")
    lines, report = read(write(tmp_path / "x.jsonl", *example.splitlines()))
    assert report.as_dict() == {"dropped": {}, "noted": {}}
    assert [(name, line.text, line.times is None) for name, line in lines.items()] == [
        ("ann-1", "to be", False),
        ("x-2", "", True),
    ]
    assert lines["ann-1"].points[2].tolist() == [3.5, 0.25, 0]


labels = st.text(st.characters(exclude_categories="CZ", include_characters=" "), max_size=9).filter(str.isprintable)
numbers = st.floats(-1e6, 1e6, width=32) | st.integers(-(10**6), 10**6).map(float)


@st.composite
def ink_lines(draw: st.DrawFn) -> InkLine:
    xy = draw(st.lists(st.tuples(numbers, numbers, st.booleans()), min_size=2, max_size=9))
    points = np.array(xy, np.float32)
    points[-1, 2] = 1
    times = draw(st.none() | st.lists(st.floats(-1e9, 1e9), min_size=len(xy) - 1, max_size=len(xy) - 1))
    since_first = None if times is None else np.array([0, *times])
    line_id, text, *rest = draw(st.tuples(labels.filter(bool), labels, labels, labels))
    return InkLine(line_id, unicodedata.normalize("NFC", text), *rest, points, since_first, draw(labels))


@settings(max_examples=60)
@given(st.lists(ink_lines(), min_size=1, max_size=4, unique_by=lambda line: line.id), st.sampled_from(["", ".gz"]))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, lines: list[InkLine], gz: str) -> None:
    path = tmp_path_factory.getbasetemp() / f"round.jsonl{gz}"
    write_jsonl(lines, path)
    report = Report()
    again = list(read_jsonl(path, report))
    assert report.as_dict() == {"dropped": {}, "noted": {}}
    assert_same_ink(lines, again)


def test_the_written_text_is_plain_and_short(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    points = np.array([[1, 2, 0], [3, 4, 1]], np.float32)
    line = InkLine("a", "\u00e9", "", "", points, np.array([0, 0.1]))
    write_jsonl([line, InkLine("b", "", "w", "s", points / 10, None, "mm")], path)
    assert path.read_text(encoding="utf-8") == (
        '{"id":"a","text":"\u00e9","y":"down","strokes":[[[1,2,0.0],[3,4,0.1]]]}\n'
        '{"id":"b","writer":"w","split":"s","unit":"mm","y":"down","strokes":[[[0.1,0.2],[0.3,0.4]]]}\n'
    )


def test_the_same_lines_give_the_same_packed_bytes(tmp_path: Path) -> None:
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        write_jsonl(map(ink_line, range(3)), tmp_path / name)
    first = (tmp_path / "one.jsonl.gz").read_bytes()
    assert first == (tmp_path / "two.jsonl.gz").read_bytes()
    assert first[3:8] == bytes(5), "no name and no time in the header"


def test_a_write_that_fails_leaves_the_older_file(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", GOOD)
    with pytest.raises(ZeroDivisionError):
        write_jsonl((ink_line(1 // number) for number in (1, 0)), path)
    with pytest.raises(InputError, match="not one line to write"):
        write_jsonl([], path)
    assert path.read_text() == GOOD + "\n" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("line", "kind", "problem"),
    [
        ("{", "no JSON", "not JSON at column 2"),
        ('{"id": "a", "id": "b", "strokes": []}', "no JSON", '"id" is given twice'),
        (GOOD.replace("3", "NaN"), "no JSON", "NaN is not a finite number"),
        (GOOD.replace("3", "1e999"), "no JSON", "1e999 is not a finite number"),
        (GOOD.replace("3", "9" * 5000), "no JSON", "too many digits"),
        ("[" * 100_000, "no JSON", "nested deeper"),
        (UNTIMED, "no JSON object", "is not an object"),
        ("7", "no JSON object", "7 is not an object"),
        ("{}", "bad strokes", "null"),
        ('{"strokes": {"a": 1}}', "bad strokes", "no list of lists"),
        ('{"strokes": [[0, 0], [1, 1]]}', "bad strokes", "the point 0 is neither"),
        ('{"strokes": [[[0, 0], [1]]]}', "bad strokes", r"the point \[1\] is neither"),
        ('{"strokes": [[[0, 0], [1, 2, 3, 4]]]}', "bad strokes", r"the point \[1, 2, 3, 4\]"),
        ('{"strokes": [[[0, 0], "ab"]]}', "bad strokes", 'the point "ab"'),
        ('{"strokes": [[[0, 0], ["1", 2]]]}', "bad coordinates", '"1" is not a number'),
        ('{"strokes": [[[0, 0], [true, 2]]]}', "bad coordinates", "true is not a number"),
        ('{"strokes": [[[0, 0, null], [1, 2, 3]]]}', "bad coordinates", "null is not a number"),
        (GOOD.replace("3", "1000001"), "bad coordinates", "x from 0 to 1e[+]06, beyond"),
        (GOOD.replace("4", "-1e300"), "bad coordinates", "y from -1e[+]300 to 2, beyond"),
        (GOOD.replace("3", "9" * 400), "bad coordinates", "hundreds of digits"),
        ('{"strokes": []}', "no ink", "points: 0"),
        ('{"strokes": [[], [[1, 2]]]}', "no ink", "points: 1"),
        ('{"y": "sideways", "strokes": [[[0, 0], [1, 2]]]}', "bad y", '"sideways" is neither'),
        ('{"y": ["up"], "strokes": [[[0, 0], [1, 2]]]}', "bad y", "neither"),
        ('{"id": 7, "strokes": [[[0, 0], [1, 2]]]}', "bad id", "7 is no string"),
        (f'{{"writer": "{"w" * 1001}", "strokes": {UNTIMED}}}', "bad writer", "up to 1000"),
        (f'{{"text": "two\\nlines", "strokes": {UNTIMED}}}', "bad text", "printable"),
        (f'{{"text": "\\ud800", "strokes": {UNTIMED}}}', "bad text", "printable"),
        (GOOD, "second line of an id", '"good"; the first one is kept'),
    ],
)
def test_a_line_at_fault_is_left_out_and_named(tmp_path: Path, line: str, kind: str, problem: str) -> None:
    lines, report = read(write(tmp_path / "x.jsonl", GOOD, line, {"id": "last"}))
    assert list(lines) == ["good", "last"]
    ((where, message),) = noted(report, "dropped")[kind]
    assert where == "x.jsonl, line 2" and re.search(problem, message) and len(message) < 200
    assert report.num_dropped == 1


def test_oddities_are_noted_once_a_file(tmp_path: Path) -> None:
    odd = [
        {"id": "a", "colour": "red"},
        {"id": "b", "colour": "red", "strokes": [[], [[0, 0, 1], [1, 2]]]},
        {"id": "c", "strokes": [[[0, 0, 1]], [[1, 2, 1e13]], []]},
        {"id": "d", "strokes": [[], [[0, 0, 9], [1, 2, 8]]]},
    ]
    lines, report = read(write(tmp_path / "x.jsonl", *odd))
    assert [line.times is None for line in lines.values()] == [True, True, True, False]
    np.testing.assert_array_equal(lines["d"].times, [0, -1])
    assert lines["c"].points[:, 2].tolist() == [1, 1]
    assert noted(report) == {
        "unknown key": [("x.jsonl, line 1", '"colour" is not read')],
        "files with empty strokes": [("x.jsonl", "3 of its lines, the first is line 2")],
        "files with times left out as some points have none": [("x.jsonl", "1 of its lines, the first is line 2")],
        "files with times left out as too large": [("x.jsonl", "1 of its lines, the first is line 3")],
    }
    assert not report.num_dropped


def test_a_folder_is_read_in_order_with_ids_unique(tmp_path: Path) -> None:
    write(tmp_path / "b.jsonl", {}, GOOD)
    write(tmp_path / "a" / "b.jsonl", GOOD, {})
    write(tmp_path / "README", "no ink")
    packed = tmp_path / "c.jsonl.gz"
    packed.write_bytes(gzip.compress(GOOD.replace('"id": "good", ', "").encode()))
    write(tmp_path / "odd\x07.jsonl", {})
    lines, report = read(tmp_path)
    assert list(lines) == ["b-1", "good", "c-1", "odd\\x07-1", "a/b-2"]
    assert noted(report) == {"not a .jsonl file": [("README", "passed over")]}
    assert noted(report, "dropped")["second line of an id"][0][0] == "a/b.jsonl, line 1"


def test_lines_that_are_too_long_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson, "MAX_LINE_BYTES", len(GOOD) + 1)
    longer = GOOD + " "
    fits = GOOD.replace("good", "fits")
    lines, report = read(write(tmp_path / "x.jsonl", longer, GOOD, longer * 9, fits, longer))
    assert list(lines) == ["good", "fits"]
    assert [where for where, _ in noted(report, "dropped")["huge line"]] == [f"x.jsonl, line {n}" for n in (1, 3, 5)]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "no line in it can be used; it is empty"),
        (b" \n\n", "no line in it can be used; it is empty"),
        (bytes(range(256)), "line 1: no JSON: .*line 2: no JSON: not UTF-8 text"),
        (GOOD.encode("utf-16"), "line 1: no JSON: not UTF-8 text .byte 0."),
        (GOOD.encode().replace(b"good", b"g\xf6od"), "not UTF-8 text .byte 9."),
        (gzip.compress(GOOD.encode())[:-12], "damaged or cut off"),
        (gzip.compress(GOOD.encode())[:20] + bytes(50), "damaged|not a valid gzip"),
        (gzip.compress(GOOD.encode()) + b"behind", "not a valid gzip file"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(tmp_path: Path, data: bytes, fault: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(data)
    with pytest.raises(InputError, match=fault) as error:
        read(path)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_other_sources_are_refused(tmp_path: Path) -> None:
    for source, fault in ((tmp_path, "a folder without .jsonl files"), (Path("/dev/zero"), "not a file")):
        with pytest.raises(InputError, match=fault):
            read(source)


@pytest.mark.parametrize(
    ("cap", "value", "fault"),
    [
        ("MAX_LINES", 3, "more than 3 lines, or .*; prepare fewer"),
        ("MAX_CHARACTERS", 3, "or 3 characters of ids, writers and splits; prepare fewer"),
        ("MAX_FAULTS", 2, "more than 2 lines in it are at fault; x.jsonl.gz, line 2: no JSON.*line 4"),
        ("MAX_UNKNOWN_KEYS", 1, "more than 1 unknown keys"),
        ("FREE_BYTES", -6000, "unpacks to more than 50 times its size"),
    ],
)
def test_absurd_amounts_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cap: str, value: int, fault: str
) -> None:
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join([GOOD.encode(), b"x", b"y", b"z", b'{"a":1,"b":2}'])))
    read(path)
    monkeypatch.setattr(ndjson, cap, value)
    with pytest.raises(InputError, match=fault):
        read(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(gzip.compress(bytes(2**24), 9) * 8)
    with pytest.raises(InputError, match="unpacks to more than 50 times its size"):
        read(path)


@few_or_many(200, 3000)
def test_damaged_files_are_read_or_refused(tmp_path: Path, count: int) -> None:
    source, packed = tmp_path / "x.jsonl", tmp_path / "x.jsonl.gz"
    for path in (source, packed):
        write_jsonl([ink_line(number, points=5) for number in range(2)], path)
    assert "error" in outcomes(read_jsonl, packed, mutants(packed.read_bytes(), count, seed=3))
    assert outcomes(read_jsonl, source, mutants(source.read_bytes(), count, seed=3)) == {"corpus", "error"}


def test_every_line_of_a_damaged_file_is_read_or_counted(tmp_path: Path) -> None:
    source = tmp_path / "x.jsonl"
    write_jsonl([ink_line(number, points=5) for number in range(2)], source)
    for mutant in mutants(source.read_bytes(), 200, seed=3):
        source.write_bytes(mutant)
        try:
            lines, report = read(source)
        except InputError:
            continue
        assert len(lines) + report.num_dropped == sum(bool(line.strip()) for line in mutant.split(b"\n"))
