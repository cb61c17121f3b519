"""SVG as ink: straight pieces in any notation, our own pages read back, everything else refused by name."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data_loader.formats.read_report import BadFileError, Report
from data_loader.formats.svg import parse_strokes, read_svg
from render.ink.page import Page, lay_out
from render.ink.svg import write_animated_svg, write_svg
from tests.data_loader.formats.mutate import mutants, survives
from utils.errors import InputError

HEAD = '<svg xmlns="http://www.w3.org/2000/svg">'


def svg(body: str) -> bytes:
    return f"{HEAD}{body}</svg>".encode()


@pytest.mark.parametrize(
    ("shape", "stroke"),
    [
        ('<polyline points="0,0 1,2 3-4"/>', [(0, 0), (1, 2), (3, -4)]),
        ('<polygon points="0 0 1 2 3 4"/>', [(0, 0), (1, 2), (3, 4), (0, 0)]),
        ('<line x2="1.5" y2="-2"/>', [(0, 0), (1.5, -2)]),
        ('<path d="M1 2L3 4"/>', [(1, 2), (3, 4)]),
        ('<path d="m1,2 3,4 5,6"/>', [(1, 2), (4, 6), (9, 12)]),
        ('<path d="M1 2 H5 v-1 h-1.5V0"/>', [(1, 2), (5, 2), (5, 1), (3.5, 1), (3.5, 0)]),
        ('<path d="M.5.25 l1e1-2z"/>', [(0.5, 0.25), (10.5, -1.75), (0.5, 0.25)]),
    ],
)
def test_every_notation_of_straight_pieces(shape: str, stroke: list[tuple[float, float]]) -> None:
    assert parse_strokes(svg(shape)) == [stroke]


def test_a_relative_move_begins_where_the_last_piece_ended() -> None:
    assert parse_strokes(svg('<path d="M1 1 l2 0 m1 1 l1 0"/>')) == [[(1, 1), (3, 1)], [(4, 2), (5, 2)]]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('<path d="M0 0C1 1 2 2 3 3"/>', "curves"),
        ('<g transform="scale(2)"><path d="M0 0L1 1"/></g>', "transform"),
        ('<path d="M0 0L1 nan"/>', "bad path|curves"),
        ('<polyline points="0,0 1,x"/>', "bad coordinates"),
        ('<line x1="1px"/>', "bad coordinates"),
        ('<line x2="1e7"/>', "bad coordinates"),
        ("<text>hello</text>", "no ink"),
        ("<g>", "broken XML"),
    ],
)
def test_what_is_no_polyline_is_refused_by_name(body: str, kind: str) -> None:
    with pytest.raises(BadFileError, match=kind):
        parse_strokes(svg(body))


def test_a_doctype_is_refused() -> None:
    with pytest.raises(BadFileError, match="DOCTYPE"):
        parse_strokes(b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg('<line x2="1"/>'))


@pytest.mark.parametrize("write", [write_svg, write_animated_svg])
def test_what_we_draw_is_read_back_line_by_line(tmp_path: Path, write: Callable[[Path, Page], None]) -> None:
    rng, lines = np.random.default_rng(1), []
    for size in (9, 30, 12):
        points = np.zeros((size, 3), np.float32)
        points[:, 0], points[:, 1] = np.linspace(0, 100, size), rng.uniform(0, 4, size)
        points[4, 2] = points[-1, 2] = 1
        lines.append(points)
    (page,) = lay_out(lines)
    write(tmp_path / "page.svg", page)
    read = list(read_svg(tmp_path / "page.svg", Report()))
    assert [line.id for line in read] == ["page-01", "page-02", "page-03"]
    np.testing.assert_array_equal(read[1].points[:, 2], lines[1][:, 2])
    ink = np.concatenate([line.points[:, :2] for line in read])
    np.testing.assert_allclose(ink, np.concatenate(page.strokes), atol=1e-3)


def test_a_folder_keeps_the_good_and_names_the_bad(tmp_path: Path) -> None:
    (tmp_path / "good.svg").write_bytes(svg('<path d="M0 0L1 1"/>'))
    (tmp_path / "bad.svg").write_bytes(svg('<path d="M0 0Q1 1 2 2"/>'))
    (tmp_path / "note.txt").write_text("no drawing")
    report = Report()
    assert [line.id for line in read_svg(tmp_path, report)] == ["good"]
    assert report.summary() == ["left out, curves: 1 (bad.svg)", "not an .svg file: 1 (note.txt)"]
    (tmp_path / "good.svg").unlink()
    with pytest.raises(InputError, match=r"no line in it can be used; curves: bad.svg: a path with 'Q'"):
        list(read_svg(tmp_path, Report()))


SMALL = svg('<polyline points="0,0 1,2 3-4"/><path d="M1 2L3 4 H5 v-1z"/>')


@pytest.mark.parametrize("count", [200, pytest.param(3000, marks=pytest.mark.slow)])
def test_damaged_files_are_read_or_refused(tmp_path: Path, count: int) -> None:
    source, folder = tmp_path / "ink.svg", tmp_path / "out"
    folder.mkdir()
    outcomes = set()
    for mutant in mutants(SMALL, count):
        source.write_bytes(mutant)
        outcomes.add(survives(read_svg, source, folder))
    assert outcomes == {"corpus", "error"}
