"""Writing in a real browser."""

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.studio.browser import IN_BROWSER, SCREENS, SECONDS, ink_on, shot, until, write
from tests.tiny import run_main

pytestmark = IN_BROWSER


def drawn(page: Any) -> int:
    """The number of pixels with ink on the first sheet, which is drawn in the frame after it is known."""
    end = time.monotonic() + SECONDS
    while not (count := ink_on(page, "#sheets canvas")):
        assert time.monotonic() < end, "no ink"
        page.wait_for_timeout(100)
    return count


def test_a_downloaded_file_is_what_the_shown_command_writes(
    open_page: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = open_page()
    page.select_option("#speed", "0")
    page.check("#ruled")
    page.select_option("#paper", "a6")
    page.fill("#seed", "5")
    write(page, "A pen and\nthe paper.")
    import experiments

    words = shlex.split(page.locator("#command").text_content())[2:]
    assert run_main(experiments, [*words[:-1], str(tmp_path / "own.svg")], monkeypatch, capsys)[0] == 0
    with page.expect_download() as download:
        page.click('[data-kind="svg"]')
    assert Path(download.value.path()).read_bytes() == (tmp_path / "own.svg").read_bytes()
    for kind in ("png", "transparent", "pdf", "animated"):
        with page.expect_download() as download:
            page.click(f'[data-kind="{kind}"]')
        assert Path(download.value.path()).stat().st_size > 1000
    shot(page, "written")


def test_a_line_is_written_again_and_the_dice_give_a_new_hand(open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.select_option("#speed", "0")
    write(page, "one line\nand another")
    until(page, EACH_AT_ITS_LINE)
    before = drawn(page)
    page.locator(".again button").nth(1).click()
    until(page, "document.querySelector('#command').textContent.startsWith('There is none')")
    assert drawn(page) != before
    page.click("#throw")
    page.wait_for_selector('input[value^="random-"]:checked', state="attached")
    page.click(".keep")
    page.fill(".naming input", "Evening")
    page.keyboard.press("Enter")
    page.wait_for_selector('input[value="kept-evening"]:checked', state="attached")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click('[aria-label="Remove evening"]')
    page.wait_for_selector('input[value="kept-evening"]', state="detached")


def test_unknown_characters_are_marked_and_left_out(open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.fill("#text", "naïve “snow” ☃ <b>bold</b>")
    assert page.locator("mark.unknown").all_text_contents() == ["☃"]
    assert page.locator("mark.swapped").all_text_contents() == ["“", "”"]
    assert page.locator("#marks b").count() == 0 and page.locator("#go").is_disabled()
    shot(page, "unknown")
    page.click("#leave-out")
    assert page.input_value("#text") == "naïve “snow”  <b>bold</b>" and page.locator("#go").is_enabled()


def test_a_text_with_a_line_separator_of_another_program_is_written(open_page: Callable[..., Any]) -> None:
    page = open_page()
    write(page, "one\u2028two")
    assert "'one\u2028two'" in page.locator("#command").text_content() and page.inner_text("#alert") == ""


def test_what_was_stopped_is_not_taken_for_the_writing_before(open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.fill("#text", "some words for every line of it\n" * 300)
    page.click("#go")
    page.wait_for_selector(".sheet:nth-child(2)")
    page.click("#stop")
    page.wait_for_selector("#stop", state="hidden")
    assert page.is_disabled("[data-kind=svg]")
    write(page, "a few words")
    assert page.is_enabled("[data-kind=svg]")


def test_ten_tabs_write_at_once_and_a_closed_one_stops(open_page: Callable[..., Any]) -> None:
    pages = [open_page(ready=False) for _ in range(10)]
    pages[0].wait_for_selector("#downloads:not([disabled])", state="attached")
    pages[0].fill("#text", "many words of ink " * 300)
    pages[0].click("#go")
    until(pages[0], "document.querySelectorAll('#sheets canvas').length > 1")
    pages[0].close()
    for page in pages[1:]:
        page.wait_for_selector("#downloads:not([disabled])", state="attached")
        assert page.locator("#alert").text_content() == ""


def test_the_page_is_driven_by_keys(open_page: Callable[..., Any]) -> None:
    page = open_page(reduced_motion="reduce")
    page.focus("#tab-write")
    page.keyboard.press("ArrowRight")
    assert page.locator("#read").is_visible() and page.evaluate("document.activeElement.id") == "tab-read"
    page.keyboard.press("ArrowLeft")
    page.focus("#text")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#downloads:not([disabled])", state="attached")
    named = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, textarea")].filter((field) =>
            !(field.labels?.length || field.textContent.trim() || field.getAttribute("aria-label") || field.hidden))
            .map((field) => field.outerHTML)"""
    )
    assert named == []


@pytest.mark.parametrize(("size", "scheme"), SCREENS)
def test_nothing_is_cut_off_at_any_width(size: tuple[int, int], scheme: str, open_page: Callable[..., Any]) -> None:
    page = open_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    for tab in ("write", "read"):
        page.click(f"#tab-{tab}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size[0], f"{tab} is {wide} wide"
        shot(page, f"{tab}-{size[0]}-{scheme}")


EACH_AT_ITS_LINE = """(() => {
    const [first, second, third] = [...document.querySelectorAll(".again button")].map((button) => button.offsetTop);
    return third === undefined && first + 15 < second;
})()"""
FIRST_STROKE = """() => {
    const stroke = CanvasRenderingContext2D.prototype.stroke;
    CanvasRenderingContext2D.prototype.stroke = function () {
        window.started ??= performance.now();
        return stroke.call(this);
    };
    const press = () => { window.pressed = performance.now(); window.started = null; };
    document.querySelector("#go").addEventListener("click", press, true);
}"""
"""Notes when the button was pressed, and when the first stroke was drawn after it."""


def test_the_first_paint_and_the_first_stroke_come_soon(open_page: Callable[..., Any]) -> None:
    """On two cores of their own 300 ms; the limits here are for a busy machine."""
    page = open_page()
    paints = page.evaluate("performance.getEntriesByType('paint').map((entry) => entry.startTime)")
    page.select_option("#speed", "0")
    page.wait_for_timeout(1000)  # the text before is whole: its strokes would be counted
    page.evaluate(FIRST_STROKE)
    page.fill("#text", "soon")
    page.click("#go")
    until(page, "window.pressed && window.started")
    stroke = page.evaluate("window.started - window.pressed")
    print(f"first paint after {paints[0]:.0f} ms, first stroke {stroke:.0f} ms after the button")
    assert paints[0] < 10_000 and 0 < stroke < 10_000
