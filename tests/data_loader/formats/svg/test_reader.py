"""SVG as ink: our own pages read back, good files kept and bad ones named."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data_loader.formats.read_report import Report
from data_loader.formats.svg.reader import read_svg
from render.ink.page import Page, lay_out
from render.ink.pen import Pen
from render.ink.svg import write_animated_svg, write_svg
from tests.data_loader.formats.mutate import mutants, survives
from utils.errors import InputError

HEAD = '<svg xmlns="http://www.w3.org/2000/svg">'


def svg(body: str) -> bytes:
    return f"{HEAD}{body}</svg>".encode()


@pytest.mark.parametrize("write", [write_svg, write_animated_svg])
def test_a_page_that_we_draw_is_read_back(tmp_path: Path, write: Callable[[Path, Page, Pen], None]) -> None:
    rng, lines = np.random.default_rng(1), []
    for size in (9, 30, 12):
        points = np.zeros((size, 3), np.float32)
        points[:, 0], points[:, 1] = np.linspace(0, 100, size), rng.uniform(0, 4, size)
        points[4, 2] = points[-1, 2] = 1
        lines.append(points)
    (page,) = lay_out(lines)
    write(tmp_path / "page.svg", page, Pen(line="polyline"))
    (drawing,) = read_svg(tmp_path / "page.svg", Report())
    assert (drawing.id, drawing.unit) == ("page", "px")
    np.testing.assert_array_equal(drawing.points[:, 2], np.concatenate(lines)[:, 2])
    np.testing.assert_allclose(drawing.points[:, :2], np.concatenate(page.strokes) * 96 / 25.4, atol=4e-3)
    write(tmp_path / "page.svg", page, Pen())
    (smooth,) = read_svg(tmp_path / "page.svg", Report())
    ends, smooth_ends = (ink.points[ink.points[:, 2] == 1] for ink in (drawing, smooth))
    np.testing.assert_allclose(ends, smooth_ends, atol=4e-3)


def test_a_folder_keeps_the_good_and_names_the_bad(tmp_path: Path) -> None:
    (tmp_path / "good.svg").write_bytes(svg('<path d="M0 0L1 1"/>'))
    (tmp_path / "bad.svg").write_bytes(svg('<path d="M0 0C1 1 2 2"/>'))
    (tmp_path / "note.txt").write_text("no drawing")
    (tmp_path / "dot.svg").write_bytes(svg('<path d="M0 0"/>'))
    report = Report()
    assert [line.id for line in read_svg(tmp_path, report)] == ["good"]
    assert report.summary() == [
        "left out, bad path: 1 (bad.svg)",
        "left out, no ink: 1 (dot.svg)",
        "not an .svg file: 1 (note.txt)",
    ]
    (tmp_path / "good.svg").unlink()
    with pytest.raises(InputError, match=r"no line in it can be used; bad path: bad.svg: 4 numbers after 'C'"):
        list(read_svg(tmp_path, Report()))


SMALL = b"""<svg width="50mm" viewBox="0 0 50 50"><style>.a{fill:none;stroke:red}</style><g transform="rotate(5 1 2)">
<path class="a" d="M1 2c3 4 5-4 6 0s3 3 5 0q1 1 3 0t2 0A5 3 20 0 1 9 9zM1 2L3 4 H5 v-1"/>
<polyline points="0,0 1,2 3-4"/>
<line x2="1mm" y2="3"/></g><path fill="red" d="M0 0h1v1z"/></svg>"""


@pytest.mark.parametrize("count", [200, pytest.param(3000, marks=pytest.mark.slow)])
def test_damaged_files_are_read_or_refused(tmp_path: Path, count: int) -> None:
    source, folder = tmp_path / "ink.svg", tmp_path / "out"
    folder.mkdir()
    outcomes = set()
    for mutant in mutants(SMALL, count):
        source.write_bytes(mutant)
        outcomes.add(survives(read_svg, source, folder))
    assert outcomes == {"corpus", "error"}


MIB = 2**20
BOMBS = {
    "spaces": b"<path d='M0 0" + b" " * (15 * MIB) + b"L1 1'/>",
    "digits": b"<path d='M0 0A" + b"7" * (15 * MIB) + b"'/>",
    "letters": b"<path d='M" + b"z" * (15 * MIB) + b"'/>",
    "moves": b"<path d='" + b"M0 0" * (3 * MIB) + b"'/>",
    "curves": b"<path d='M0 0" + b"q50 99 99 0q-50-99-99 0" * 600_000 + b"'/>",
    "points": b"<polyline points='" + b"1,2 " * (3 * MIB) + b"'/>",
    "paths": b"<path d='M0 0h1'/>" * 800_000,
    "groups": b"<g>" * (3 * MIB),
    "transforms": b"<g transform='" + b"scale(" * (2 * MIB) + b"'/>",
    "rules": b"<style>" + b",a" * (7 * MIB) + b"{fill:none}</style>",
    "width": b"<svg width='1" + b" " * (15 * MIB) + b"!' viewBox='0 0 1 1'/>",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_large_files_take_bounded_time(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.svg").write_bytes(b"<svg>" + BOMBS[name] + b"</svg>")
    started = time.process_time()
    try:
        assert len(list(read_svg(tmp_path / "a.svg", Report()))) == 1
    except InputError as error:
        assert "\n" not in str(error) and len(str(error)) < 500
    assert time.process_time() - started < 10
