"""Reading in a real browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

from data_loader.formats.ink_files import ink_of
from data_loader.formats.read_report import Report
from results.reading.page import read_pages
from results.reading.reader import Reader
from results.roles import load_as
from results.trained import bundled
from tests.studio.browser import IN_BROWSER, STYLES, draw, ink_on, shot, styles, until

pytestmark = IN_BROWSER
MAX_EDITS = 2
"""Edits between a line and its reading, letter case included."""


def saved(page: Any, kind: str) -> Path:
    """Save the page's ink; the file."""
    with page.expect_download() as download:
        page.click(f'[data-ink="{kind}"]')
    path = Path(download.value.path()).with_suffix(f".{kind}")
    download.value.save_as(path)
    return path


def texts_of(path: Path) -> list[str]:
    """The lines that the bundled reader reads in a file of ink."""
    lines = read_pages(load_as(Reader, bundled("read lines")), ink_of([path], Report())).numbers["lines"]
    return [" ".join(word["text"] for word in line["words"]) for line in lines]


def test_ink_written_with_the_mouse_is_read_lit_changed_and_undone(open_page: Callable[..., Any]) -> None:
    page = open_page("read")
    box = page.locator("#ink").bounding_box()
    first, second = styles()[1], styles()[0]
    draw(page, first, box["x"] + 30, box["y"] + 30, 0.14)
    until(page, "document.querySelector('#read-text').innerText.includes('lazy dogs')")
    draw(page, second, box["x"] + 30, box["y"] + 150, 0.14)
    until(page, "document.querySelector('#read-text').innerText.includes('fine morning')")
    read = [text.strip() for text in page.locator("#read-text p").all_text_contents()]
    leaves = "dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert not page.evaluate(leaves)  # the browser asks first: this ink is in no file
    assert read == texts_of(saved(page, "jsonl"))
    assert page.evaluate(leaves)
    for text, line in zip(read, (first, second), strict=True):
        assert Levenshtein.distance(text, line["text"]) <= MAX_EDITS, text
    plain = page.locator("#ink").screenshot()
    page.locator(".word").nth(2).hover()
    assert page.locator("#ink").screenshot() != plain
    page.locator(".word").nth(2).click()
    page.wait_for_selector(".menu [role=menuitem]")
    shot(page, "read")
    page.fill(".menu input", "busy")
    page.keyboard.press("Enter")
    assert "the busy dogs" in page.inner_text("#read-text")
    drawn = ink_on(page, "#ink")
    page.click("#clear")
    assert ink_on(page, "#ink") == 0
    until(page, "!document.querySelector('.word')")
    page.keyboard.press("Control+z")
    assert ink_on(page, "#ink") > drawn / 2  # drawn anew, its edges are a little other
    until(page, "document.querySelector('#read-text').innerText.includes('the busy dogs')")
    page.click('button[data-tool="eraser"]')
    page.mouse.move(box["x"] + 20, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 60, steps=60)
    page.mouse.up()
    until(page, "!document.querySelector('#read-text').innerText.includes('dogs')")
    assert "morning" in page.inner_text("#read-text")


def test_all_pages_of_a_file_are_read_and_copied(open_page: Callable[..., Any], tmp_path: Path) -> None:
    page = open_page("read", permissions=["clipboard-read", "clipboard-write"])
    (tmp_path / "pages.jsonl").write_text("\n".join(STYLES.read_text().splitlines()[:3]))
    page.set_input_files("#file", tmp_path / "pages.jsonl")
    until(page, "document.querySelector('#read-text .word')")
    until(page, "!document.querySelector('#read-text[aria-busy]')")
    page.click("#copy-text")
    until(page, "document.querySelector('#status').textContent === 'The text copied.'")
    texts = page.evaluate("navigator.clipboard.readText()").split("\n")
    assert texts == texts_of(tmp_path / "pages.jsonl")


def test_ink_that_is_added_to_a_file_comes_after_it(open_page: Callable[..., Any], tmp_path: Path) -> None:
    page = open_page("read")
    (tmp_path / "late.jsonl").write_text('{"strokes": [[[0, 0, 0], [90, 40, 1]], [[100, 0, 9e5], [200, 30, 9.1e5]]]}')
    page.set_input_files("#file", tmp_path / "late.jsonl")
    until(page, "document.querySelector('#status').textContent.includes('one page')")
    page.locator("#ink").drag_to(page.locator("#ink"), target_position={"x": 100, "y": 100})
    (line,) = ink_of([saved(page, "jsonl")], Report())
    assert line.points[:, 2].sum() == 3 and line.times[0] == 0 and (line.times[1:] >= line.times[:-1]).all()


def test_ink_is_saved_and_opened_and_other_files_are_refused(open_page: Callable[..., Any], tmp_path: Path) -> None:
    page = open_page("read")
    page.set_input_files("#file", STYLES)
    until(page, "document.querySelector('#which').textContent === 'Page 1 of 12'")
    until(page, "document.querySelector('#read-text').innerText.includes('morning')")
    for kind in ("jsonl", "inkml", "xopp"):
        assert saved(page, kind).stat().st_size > 1000
    (tmp_path / "letter.docx").write_bytes(b"PK")
    page.set_input_files("#file", tmp_path / "letter.docx")
    until(page, "document.querySelector('#alert').textContent.includes('no ink')")
    with open(tmp_path / "large.jsonl", "wb") as large:
        large.truncate(51_000_000)
    page.set_input_files("#file", tmp_path / "large.jsonl")
    until(page, "document.querySelector('#alert').textContent.includes('50 MB')")
    (tmp_path / "bad.jsonl").write_text("{")
    page.set_input_files("#file", tmp_path / "bad.jsonl")
    until(page, "document.querySelector('#alert').textContent.includes('bad.jsonl')")
