"""Ink that the studio reads, opens and saves."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from data_loader.formats.ink_files import ink_of
from data_loader.formats.jsonl import write_jsonl
from data_loader.formats.read_report import Report
from results.reading.page import read_pages
from results.reading.reader import Reader
from results.roles import load_as
from studio.reading import MAX_FILE_POINTS, MAX_PAGE_POINTS, page_of, plain_page
from tests.results.recognizers import line_of
from tests.studio.conftest import HOST, Page
from tests.tiny import assert_same_ink
from utils.errors import InputError


def sent(strokes: list[Any], **more: Any) -> dict[str, Any]:
    return {"strokes": strokes, **more}


def test_a_page_is_read_as_the_command_line_reads_it(page: Page, networks: Path) -> None:
    line = line_of("badcab")
    ((name, reply),) = page.events("/api/read", plain_page(line))
    assert name == "done"
    true = read_pages(load_as(Reader, networks / "reader.pt"), [page_of(plain_page(line))], alternatives=4).numbers
    assert reply["lines"] == json.loads(json.dumps(true["lines"])) and reply["lines"][0]["text"]


def test_lines_that_were_read_are_not_read_again(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    read, counts = Reader.read, []

    def counted(self: Reader, lines: Any, *args: Any, **options: Any) -> Any:
        counts.append(len(lines))
        return read(self, lines, *args, **options)

    monkeypatch.setattr(Reader, "read", counted)
    replies = [page.events("/api/read", plain_page(line_of("feed")))[-1][1]["lines"] for _ in "12"]
    assert counts == [1, 0] and replies[0] == replies[1]


@pytest.mark.parametrize(
    ("strokes", "texts"),
    [([], []), ([[5, 5, 0]], []), ([[1e5, 1e5, -1], [0, 0, -1]], None)],
)
def test_little_ink_is_no_error(strokes: list[Any], texts: list[str] | None, page: Page) -> None:
    ((name, reply),) = page.events("/api/read", sent(strokes))
    assert name == "done" and (texts is None or reply["lines"] == texts)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({}, "no ink"),
        (sent("x"), "no ink"),  # type: ignore[arg-type]
        (sent([[1, 2]]), "stroke"),
        (sent([[]]), "stroke"),
        (sent([["a", 1, 1]]), "stroke"),
        (sent([[1e9, 0, 0]]), "too large"),
        (sent([[0, 0, 0] * (MAX_PAGE_POINTS + 1)]), "50,001"),
    ],
)
def test_what_is_no_ink_is_said_in_a_line(data: dict[str, Any], named: str, page: Page) -> None:
    ((name, reply),) = page.events("/api/read", data)
    assert name == "error" and named in reply["error"]


@pytest.mark.parametrize("kind", ["jsonl", "inkml", "xopp"])
@pytest.mark.parametrize("count", [1, 2])
def test_ink_that_is_saved_is_opened_again(kind: str, count: int, page: Page) -> None:
    lines = [page_of(plain_page(line_of(text)), n) for n, text in enumerate(("bad", "cab")[:count], 1)]
    made = page.call("/api/ink/save", {"kind": kind, "pages": [plain_page(line) for line in lines]})
    assert made.status_code == 200
    files = {f"ink.{kind}": made.content}
    if kind == "inkml" and count > 1:
        archive = zipfile.ZipFile(io.BytesIO(made.content))
        files = {name: archive.read(name) for name in archive.namelist()}
    pages = [opened for name, content in files.items() for opened in _open(page, name, content)["pages"]]
    assert len(pages) == count
    for line, opened in zip(lines, pages, strict=True):
        points = page_of(opened).points
        scale = np.ptp(line.points[:, 0]) / np.ptp(points[:, 0]) if kind == "xopp" else 1.0
        np.testing.assert_array_equal(points[:, 2], line.points[:, 2])
        moved = (points[:, :2] - points[0, :2]) * scale
        np.testing.assert_allclose(
            moved, line.points[:, :2] - line.points[0, :2], atol=2e-3 * np.ptp(line.points[:, 0])
        )


def _open(page: Page, name: str, content: bytes) -> Any:
    path = f"/api/ink/open?name={quote(name)}"
    return page.post(path, content=content, headers={"origin": f"http://{HOST}"}).json()


def test_a_page_as_plain_data_is_the_same_ink() -> None:
    line = line_of("badge")
    again = page_of(plain_page(line))
    np.testing.assert_array_equal(again.points, line.points)
    assert (again.times is None) == (line.times is None)


@pytest.mark.parametrize(
    ("name", "content", "named"),
    [
        ("letter.docx", b"PK", "letter.docx is no ink"),
        ("bad.jsonl", b"{", "bad.jsonl"),
        ("notes.1.xopp", b"\x1f\x8b\x00", "notes.1.xopp"),
        ("../../ink.svg", b"<svg></svg>", "ink.svg"),
        ("MY INK.InkML", b"\x00" * 100, "MY INK"),
        ("", b"", "no ink"),
    ],
)
def test_a_file_that_cannot_be_opened_is_named_and_leaves_nothing(
    name: str, content: bytes, named: str, page: Page, studio_folder: Path
) -> None:
    before = sorted(studio_folder.rglob("*"))
    error = _open(page, name, content)["error"]
    assert named in error and "/" not in error.split(":")[0] and "Traceback" not in error
    assert sorted(studio_folder.rglob("*")) == before


@pytest.mark.parametrize("size", [MAX_PAGE_POINTS + 1, MAX_FILE_POINTS + 1])
def test_a_file_with_too_much_ink_is_refused(size: int, page: Page) -> None:
    line = {"strokes": [[[n % 50, n // 50] for n in range(size)]]}
    assert f"{size:,} points" in _open(page, "ink.jsonl", json.dumps(line).encode())["error"]


def test_a_file_keeps_its_ink_and_unit(page: Page, tmp_path: Path) -> None:
    lines = [line_of("bad"), line_of("cab")]
    write_jsonl(lines, tmp_path / "a.jsonl")
    opened = _open(page, "a.jsonl", (tmp_path / "a.jsonl").read_bytes())
    assert opened["report"] == []
    true = ink_of([tmp_path / "a.jsonl"], Report())
    assert_same_ink(true, lines)
    for line, one_page in zip(lines, opened["pages"], strict=True):
        np.testing.assert_array_equal(page_of(one_page).points, line.points)


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "docx", "pages": []},
        {"kind": ["jsonl"], "pages": []},
        {"kind": "jsonl", "pages": []},
        {"kind": "jsonl"},
    ],
)
def test_no_ink_or_another_kind_is_not_saved(data: dict[str, Any], page: Page) -> None:
    response = page.call("/api/ink/save", data)
    assert response.status_code == 422 and "ink" in response.json()["error"]


def test_a_stroke_needs_three_numbers_a_point() -> None:
    for stroke in ([1, 2, 3, 4], [10**400, 2, 3]):
        with pytest.raises(InputError, match="x, y, t"):
            page_of(sent([stroke]))
