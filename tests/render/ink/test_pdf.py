"""Pages as PDF."""

import re
import zlib
from pathlib import Path

import numpy as np
import pytest

from render.ink.curves import curves, visible
from render.ink.page import Page
from render.ink.pdf import POINTS_PER_MM, write_pdf
from render.ink.pen import Pen
from tests.render.some_ink import small_page


def contents(data: bytes) -> list[str]:
    """The drawing operators of every page."""
    return [
        zlib.decompress(part).decode() for part in re.findall(rb"FlateDecode>>stream\n(.*?)\nendstream", data, re.S)
    ]


@pytest.mark.parametrize("line", ["curves", "polyline"])
def test_the_ink_of_a_page_is_where_it_is_in_millimetres(line: str, tmp_path: Path) -> None:
    page = small_page()
    write_pdf(tmp_path / "a.pdf", [page], Pen(0.5, "#ff0000", line))  # type: ignore[arg-type]
    data = (tmp_path / "a.pdf").read_bytes()
    assert f"MediaBox[0 0 {30 * POINTS_PER_MM:.3f} {20 * POINTS_PER_MM:.3f}]".encode() in data
    first, *rows = contents(data)[0].splitlines()
    assert first.startswith("2.834646 0 0 -2.834646 0 56.693 cm")  # millimetres, y downward
    assert rows[0] == "1.000 0.000 0.000 RG 0.5 w"
    strokes = [visible(stroke) for stroke in page.strokes]
    drawn = curves(strokes) if line == "curves" else strokes
    assert len(rows) == 1 + len(strokes)
    for row, points in zip(rows[1:], drawn, strict=True):
        numbers = np.array(re.findall(r"-?\d+\.\d+", row), float).reshape(-1, 2)
        true = points if line == "polyline" else np.concatenate([points[:1, 0], points[:, 1:].reshape(-1, 2)])
        np.testing.assert_allclose(numbers, true, atol=6e-4)
        assert row.count("c" if line == "curves" else "l") == len(points) - (line == "polyline")


def test_every_object_is_where_the_table_says_and_all_pages_are_in_the_file(tmp_path: Path) -> None:
    pages = [small_page(), Page(10, 10, [], [np.array([[1.0, 5.0], [9.0, 5.0]])]), small_page()]
    for name in ("a.pdf", "b.pdf"):
        write_pdf(tmp_path / name, pages)
    data = (tmp_path / "a.pdf").read_bytes()
    assert data == (tmp_path / "b.pdf").read_bytes()
    table = data[int(re.findall(rb"startxref\n(\d+)", data)[0]) :]
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n", table)]
    assert len(places) == 2 + 2 * len(pages)
    for number, place in enumerate(places, 1):
        assert data[place:].startswith(f"{number} 0 obj".encode())
    assert b"/Count 3/Kids[3 0 R 5 0 R 7 0 R]" in data
    assert "0.15 w\n1.000 5.000 m 9.000 5.000 l S" in contents(data)[1]
