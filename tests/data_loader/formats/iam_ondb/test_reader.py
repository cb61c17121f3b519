"""IAM-OnDB from archives and trees: what is read, what is reported, what is refused."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_loader.formats.iam_ondb.reader import read_iam_ondb
from data_loader.formats.read_report import Report
from ink.strokes import InkLine
from tests.data_loader.formats.mini_iam import MiniIam, ink_xml, tar_gz
from utils.errors import InputError

TEXTS = {
    "a01-000u-01": "A move to",
    "a01-000u-02": "stop",
    "a01-000u-03": "Mr. Smith",
    "b02-001z-01": 'Said "no"',
    "b02-001z-02": "Caf\u00e9 & bar",
    "c03-002-01": "it ' s",
}


def read(folder: Path) -> tuple[dict[str, InkLine], Report]:
    report = Report()
    lines = list(read_iam_ondb(folder, report))
    assert len({line.id for line in lines}) == len(lines)
    return {line.id: line for line in lines}, report


def kinds(report: Report) -> dict[str, list[str]]:
    """The places of each kind of oddity, left out or noted."""
    both = report.as_dict()
    return {kind: [p["where"] for p in kind_of["places"]] for part in both.values() for kind, kind_of in part.items()}


def test_lines_are_read_as_they_are(tmp_path: Path) -> None:
    lines, report = read(MiniIam().write_archives(tmp_path))
    assert {name: line.text for name, line in lines.items()} == TEXTS
    assert {line.id[:3]: line.split for line in lines.values()} == {
        "a01": "trainset",
        "b02": "testset_v",
        "c03": "testset_f",
    }
    line = lines["a01-000u-01"]
    assert line.points.dtype == np.float32
    assert line.points.tolist() == [[100, 50, 0], [105, 52, 0], [105, 60, 1], [130, 40, 1]]
    assert line.times is not None and line.times.dtype == np.float64
    np.testing.assert_allclose(line.times, [0, 0.01, 0.03, 0.5])
    assert line.writer == ""
    assert kinds(report) == {
        "listed form without ink": ["z99-999z"],
        "writers unknown": ["trainset.txt", "testset_v.txt", "testset_t.txt", "testset_f.txt"],
    }


@pytest.mark.parametrize("below", ["", "{}-all/"])
def test_the_unpacked_tree_reads_the_same(tmp_path: Path, below: str) -> None:
    packed, first = read(MiniIam().write_archives(tmp_path / "packed"))
    tree, second = read(MiniIam().write_tree(tmp_path / "tree", below))
    assert first.as_dict() == second.as_dict()
    assert packed.keys() == tree.keys()
    for name, line in packed.items():
        other = tree[name]
        assert (line.text, line.split, line.writer) == (other.text, other.split, other.writer)
        np.testing.assert_array_equal(line.points, other.points)
        np.testing.assert_array_equal(line.times, other.times)


def test_progress_sees_every_file_and_a_total(tmp_path: Path) -> None:
    calls: list[object] = []

    def progress(files: Iterable[Any], total: int, title: str) -> Iterator[Any]:
        calls.append((total, title))
        yield from files

    lines = list(read_iam_ondb(MiniIam().write_archives(tmp_path), Report(), progress))
    assert len(lines) == 6 and calls == [(6, "reading lineStrokes-all.tar.gz")]


BAD_INK: dict[str, tuple[bytes, str]] = {
    "doctype": (b'<!DOCTYPE a [<!ENTITY b "c">]>' + ink_xml().split(b"?>")[1], "XML with a DOCTYPE"),
    "utf-16 doctype": (
        ('<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>').encode("utf-16"),
        "XML with a DOCTYPE",
    ),
    "cut": (ink_xml()[:-30], "broken XML"),
    "no xml": (b"\x00\x01\x02", "broken XML"),
    "unknown entity": (ink_xml().replace(b'"100"', b'"&x;"'), "broken XML"),
    "point outside": (ink_xml().replace(b"<StrokeSet>", b'<StrokeSet><Point x="1" y="2"/>'), "broken XML"),
    "point between": (ink_xml().replace(b"</Stroke><", b'</Stroke><Point x="1" y="2"/><'), "broken XML"),
    "nested": (ink_xml().replace(b"<Stroke>", b"<Stroke><Stroke>", 1), "broken XML"),
    "deep": (b"<a>" * 100_000, "broken XML"),
    "empty": (b" \n", "empty file"),
    "huge": (ink_xml() + b" " * 2**24, "huge file"),
    "no x": (ink_xml().replace(b'x="100" ', b""), "bad coordinates"),
    "word": (ink_xml((((1, 2, 0), (1, "two", 0)),)), "bad coordinates"),
    "fraction": (ink_xml((((1.5, 2, 0), (1, 2, 0)),)), "bad coordinates"),
    "underscore": (ink_xml((((1, "1_0", 0), (1, 2, 0)),)), "bad coordinates"),
    "nan": (ink_xml((((1, "nan", 0), (1, 2, 0)),)), "bad coordinates"),
    "too far": (ink_xml((((1, 2, 0), (-100_001, 2, 0)),)), "bad coordinates"),
    "5000 digits": (ink_xml((((1, 2, 0), ("9" * 5000, 2, 0)),)), "bad coordinates"),
    "arabic digits": (ink_xml((((1, 2, 0), ("&#1633;", 2, 0)),)), "bad coordinates"),
    "one point": (ink_xml((((1, 2, 0),),)), "no ink"),
    "other xml": (b"<html><body/></html>", "no ink"),
}


@pytest.mark.parametrize("name", BAD_INK)
def test_a_bad_file_costs_its_line_and_is_named(tmp_path: Path, name: str) -> None:
    mini = MiniIam()
    mini.ink["a01-000u-02"], kind = BAD_INK[name]
    lines, report = read(mini.write_archives(tmp_path))
    assert lines.keys() == TEXTS.keys() - {"a01-000u-02"}
    assert lines["a01-000u-03"].text == "Mr. Smith"
    dropped = report.as_dict()["dropped"]
    assert list(dropped) == [kind] and dropped[kind]["count"] == report.num_dropped == 1
    assert dropped[kind]["places"][0]["where"] == "a01-000u-02" and len(dropped[kind]["places"][0]["what"]) < 120
    assert report.summary()[0] == f"left out, {kind}: 1 (a01-000u-02)"


@pytest.mark.parametrize("bad_time", ["", "x", "nan", "1e999"])
def test_a_bad_time_costs_the_times_only(tmp_path: Path, bad_time: str) -> None:
    mini = MiniIam()
    mini.ink["c03-002-01"] = ink_xml((((1, 2, 0), (3, 4, bad_time)),))
    mini.ink["b02-001z-01"] = ink_xml().replace(b' time="7.0"', b"")
    lines, report = read(mini.write_archives(tmp_path))
    assert lines["c03-002-01"].times is None and lines["b02-001z-01"].times is None
    assert len(lines) == 6 and kinds(report)["no times"] == ["b02-001z-01", "c03-002-01"]


def test_times_that_jump_are_kept_and_empty_strokes_are_noted(tmp_path: Path) -> None:
    mini = MiniIam()
    mini.ink["c03-002-01"] = ink_xml(((), ((1, 2, 5.0),), (), ((3, 4, 1.0), (3, 4, 900.0)), ()))
    lines, report = read(mini.write_archives(tmp_path))
    times = lines["c03-002-01"].times
    assert times is not None and times.tolist() == [0, -4, 895]
    assert lines["c03-002-01"].points[:, 2].tolist() == [1, 0, 1]
    assert report.as_dict()["noted"]["empty strokes"]["places"][0]["what"] == "3 strokes without a point"


def test_line_counts_that_differ_are_reported_with_both(tmp_path: Path) -> None:
    mini = MiniIam()
    mini.texts["a01-000u"] = b"CSR:\none\ntwo\n"
    mini.texts["b02-001z"] = b"CSR:\none\ntwo\nthree\n"
    del mini.texts["c03-002"]
    lines, report = read(mini.write_archives(tmp_path))
    assert lines.keys() == TEXTS.keys() - {"a01-000u-03", "c03-002-01"}
    places = report.as_dict()["noted"]["line counts differ"]["places"]
    assert [(place["where"], place["what"]) for place in places] == [
        ("a01-000u", "3 lines of ink, the last is 3; 2 lines of text"),
        ("b02-001z", "2 lines of ink, the last is 2; 3 lines of text"),
        ("c03-002", "1 lines of ink, the last is 1; 0 lines of text"),
    ]
    assert kinds(report)["no transcription"] == ["a01-000u-03", "c03-002-01"]


def test_control_characters_cost_one_line(tmp_path: Path) -> None:
    mini = MiniIam()
    mini.texts["b02-001z"] = b"CSR:\nit\x92s\nfine\n"
    lines, report = read(mini.write_archives(tmp_path))
    assert len(lines) == 5 and kinds(report)["broken transcription"] == ["b02-001z-01"]


def test_other_files_and_doubles_are_noted(tmp_path: Path) -> None:
    folder = MiniIam().write_archives(tmp_path)
    ink = MiniIam().ink_members()
    double = {f"again/{path}": data for path, data in ink.items() if "c03" in path}
    odd = {"lineStrokes/._a01-000u-01.xml": b"junk", "lineStrokes/notes.txt": b""}
    (folder / "lineStrokes-all.tar.gz").write_bytes(tar_gz(ink | double | odd))
    texts = MiniIam().text_members()
    (folder / "ascii-all.tar.gz").write_bytes(tar_gz(texts | {"ascii/x/c03-002.txt": b"", "ascii/README": b""}))
    lines, report = read(folder)
    assert {name: line.text for name, line in lines.items()} == TEXTS
    kind_of = kinds(report)
    assert kind_of["not a line of ink"] == list(odd)
    assert kind_of["second ink of a line"] == list(double)
    assert kind_of["second transcription"] == ["ascii/x/c03-002.txt"]
    assert kind_of["not a transcription"] == ["ascii/README"]


def test_forms_in_no_list_and_lists_that_are_absent(tmp_path: Path) -> None:
    mini = MiniIam()
    del mini.lists["trainset"], mini.lists["testset_t"]
    lines, report = read(mini.write_archives(tmp_path))
    assert lines["a01-000u-01"].split == "unlisted"
    assert kinds(report)["list absent"] == ["trainset.txt", "testset_t.txt"]
    assert kinds(report)["unlisted form"] == ["a01-000u"]


def test_writers_are_read_off_the_order_of_a_list(tmp_path: Path) -> None:
    mini = MiniIam()
    others = [f"{sheet}-00{i}z" for sheet in ("a02", "b01") for i in range(8)]
    mini.lists["trainset"] = "\n".join([*others, "a01-000u"]).encode()
    mini.lists["testset_v"] = "\n".join(["b02-001z", *(f"c02-00{i}z" for i in range(7))]).encode()
    lines, report = read(mini.write_archives(tmp_path))
    assert lines["b02-001z-01"].writer == lines["b02-001z-02"].writer == "testset_v-001"
    assert lines["a01-000u-01"].writer == lines["c03-002-01"].writer == ""
    assert kinds(report)["writers unknown"] == ["trainset.txt", "testset_t.txt", "testset_f.txt"]


def spoil(
    change: Callable[[MiniIam], object], after: Callable[[Path], object] = lambda _: None
) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        mini = MiniIam()
        change(mini)
        mini.write_archives(folder)
        after(folder)

    return apply


def unlink(name: str) -> Callable[[Path], None]:
    return spoil(lambda _: None, lambda folder: (folder / name).unlink())


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "no folder": (lambda _: None, "no such folder"),
    "no ink archive": (unlink("lineStrokes-all.tar.gz"), "neither lineStrokes-all.tar.gz nor a folder lineStrokes"),
    "no text archive": (unlink("ascii-all.tar.gz"), "neither ascii-all.tar.gz"),
    "no lists": (spoil(lambda mini: mini.lists.clear()), "none of the lists trainset.txt"),
    "garbage list": (spoil(lambda m: m.lists.update(trainset=b"a01-000u\n<html>\n")), "trainset.txt, line 2: '<html>'"),
    "binary list": (spoil(lambda m: m.lists.update(trainset=bytes(range(256)))), "trainset.txt, line 1"),
    "empty list": (spoil(lambda m: m.lists.update(testset_v=b"\n")), "testset_v.txt: names no form"),
    "form in two lists": (spoil(lambda m: m.lists.update(testset_v=b"a01-000u")), "also in trainset.txt"),
    "other lists": (
        spoil(lambda m: m.lists.update(trainset=b"x99-000", testset_v=b"x99-001", testset_f=b"x99-002")),
        "do not belong together",
    ),
    "no line left": (spoil(lambda m: m.ink.update(dict.fromkeys(m.ink, b"<x/>"))), r"no line in it can be used; left"),
    "no ink at all": (spoil(lambda m: m.ink.clear()), "no line in it can be used"),
    "no texts": (spoil(lambda m: m.texts.clear()), "no line in it can be used; left out, no transcription: 6"),
    "cut archive": (
        spoil(lambda _: None, lambda f: (f / "ascii-all.tar.gz").write_bytes(tar_gz(MiniIam().text_members())[:-30])),
        "ascii-all.tar.gz: cut off",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_one_clear_line(tmp_path: Path, name: str) -> None:
    make, message = REFUSED[name]
    make(tmp_path / "iam")
    with pytest.raises(InputError, match=message) as error:
        read(tmp_path / "iam")
    assert "\n" not in str(error.value) and str(tmp_path) in str(error.value)
