"""Xournal++ notebooks as ink: pages, layers, tools, packing, and damaged files."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from data_loader.formats import xopp
from data_loader.formats.read_report import Report
from data_loader.formats.xopp import PT_PER_UNIT, read_xopp, write_xopp
from ink.strokes import InkLine
from tests.data_loader.formats.mutate import mutants, survives
from utils.errors import InputError

STROKE = '<stroke tool="pen" color="#000000ff" width="1.41 1.2 1.3">10.5 20 11 21 12 22</stroke>'
DOT = '<stroke tool="pen" width="2">5 6</stroke>'
OTHERS = (
    '<stroke tool="highlighter" width="8">0 0 9 9</stroke><stroke tool="eraser" width="8">0 0 9 9</stroke>'
    '<text font="Sans" size="12" x="1" y="2">3 4 5</text><image left="0">AAAA</image>'
)


def page(*layers: str) -> str:
    inside = "".join(f"<layer>{layer}</layer>" for layer in layers)
    return f'<page width="595" height="842"><background type="solid" style="lined"/>{inside}</page>'


def notebook(*pages: str) -> bytes:
    text = f'<?xml version="1.0" standalone="no"?><xournal creator="x" fileversion="4">{"".join(pages)}</xournal>'
    return text.encode()


def read(path: Path) -> tuple[list[InkLine], list[str]]:
    report = Report()
    return list(read_xopp(path, report)), report.summary()


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_a_page_is_a_line_of_the_pen_strokes_of_all_its_layers(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "note.xopp"
    path.write_bytes(pack(notebook(page(STROKE, OTHERS, DOT))))
    (line,), summary = read(path)
    assert (line.id, line.text, line.unit, line.times) == ("note", "", "pt", None)
    assert line.points.tolist() == [[10.5, 20, 0], [11, 21, 0], [12, 22, 1], [5, 6, 1]]
    assert line.points.dtype == np.float32
    assert summary == [
        "strokes of the 'highlighter': 1 (note.xopp)",
        "strokes of the 'eraser': 1 (note.xopp)",
        "elements <text>: 1 (note.xopp)",
        "elements <image>: 1 (note.xopp)",
    ]


def test_pages_are_numbered_and_one_without_ink_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "note.xopp"
    path.write_bytes(gzip.compress(notebook(page(STROKE), page(OTHERS), page(STROKE, STROKE))))
    lines, summary = read(path)
    assert [(line.id, len(line.points)) for line in lines] == [("note-01", 3), ("note-03", 6)]
    assert "pages without ink: 1 (note-02)" in summary


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (notebook(page(OTHERS)), "no ink"),
        (notebook(STROKE), "broken XML: a <stroke> outside a <page>|broken XML"),
        (b"<svg/>", "not Xournal"),
        (notebook(page('<stroke tool="pen">1 2 3</stroke>')), "bad coordinates"),
        (notebook(page('<stroke tool="pen">1 x</stroke>')), "bad coordinates"),
        (notebook(page('<stroke tool="pen">1 nan</stroke>')), "bad coordinates"),
        (notebook(page('<stroke tool="pen">1 1e7</stroke>')), "bad coordinates"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>' + notebook(page(STROKE))[38:], "XML with a DOCTYPE"),
        (b'<?xml version="1.0" encoding="utf-7"?><xournal/>', "unknown encoding"),
        (notebook(page(STROKE))[:-9], "broken XML"),
        (gzip.compress(notebook(page(STROKE)))[:-9], "damaged gzip"),
        (b"", "broken XML"),
    ],
)
def test_a_file_at_fault_is_refused_by_name(tmp_path: Path, data: bytes, kind: str) -> None:
    path = tmp_path / "x.xopp"
    path.write_bytes(data)
    with pytest.raises(InputError, match=f"no line in it can be used; ({kind})"):
        read(path)


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xopp, "MAX_UNPACKED", 10_000)
    path = tmp_path / "x.xopp"
    path.write_bytes(gzip.compress(notebook(page(STROKE + " " * 20_000))))
    with pytest.raises(InputError, match="huge file"):
        read(path)
    monkeypatch.setattr(xopp, "MAX_ELEMENTS", 5)
    path.write_bytes(notebook(page(*["<layer/>"] * 9)))
    with pytest.raises(InputError, match=r"huge file: x\.xopp: more than 5 elements"):
        read(path)


@pytest.mark.parametrize("is_packed", [True, False])
def test_damaged_files_are_read_or_refused(tmp_path: Path, is_packed: bool) -> None:
    data = notebook(page(STROKE, OTHERS), page(DOT + STROKE))
    source, folder = tmp_path / "ink.xopp", tmp_path / "out"
    folder.mkdir()
    outcomes = set()
    for mutant in mutants(gzip.compress(data) if is_packed else data, 200):
        source.write_bytes(mutant)
        outcomes.add(survives(read_xopp, source, folder))
    assert "error" in outcomes and (is_packed or "corpus" in outcomes)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    lines = []
    for number, unit in enumerate(("mm", "px", "")):
        points = np.column_stack([rng.normal(size=(30, 2)).cumsum(0) * 9, np.arange(30) % 7 == 6]).astype(np.float32)
        points[-1, 2] = 1
        lines.append(InkLine(f"{number}", "", "", "", points, unit=unit))
    for name in ("a.xopp", "b.xopp"):
        write_xopp(lines, tmp_path / name)
    assert (tmp_path / "a.xopp").read_bytes() == (tmp_path / "b.xopp").read_bytes()
    pages, report = read(tmp_path / "a.xopp")
    assert report == [] and len(pages) == 3
    for line, got in zip(lines, pages, strict=True):
        scale = PT_PER_UNIT.get(line.unit) or 480 / np.ptp(line.points[:, :2], axis=0).max()
        ink = np.unique(got.points, axis=0, return_index=True)[1]  # a dot is written as a stroke of two points
        own = got.points[np.sort(ink)]
        np.testing.assert_allclose(
            own[:, :2] - own[0, :2], (line.points[:, :2] - line.points[0, :2]) * scale, atol=2e-3
        )
    with pytest.raises(InputError, match="not one line"):
        write_xopp([], tmp_path / "c.xopp")
