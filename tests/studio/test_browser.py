"""The page in a real browser: Debian's Chromium, driven by Playwright, with the bundled networks.

Screenshots of every state are kept where DUCTUS_SHOTS names a folder.
"""

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tiny import run_main

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
STYLES = ROOT / "saved" / "pretrained" / "styles.jsonl"
SIZES = [(390, 844), (1024, 768), (1600, 1000)]
SECONDS = 120
"""Patience with a busy machine."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt install chromium"),
]
playwright = pytest.importorskip("playwright.sync_api", reason="pip install -r requirements-dev.txt")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A studio with the bundled networks."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("studio") / "own"
    command = [sys.executable, "-m", "studio", "--no-open", "--port", str(port), "--folder", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    address = f"http://127.0.0.1:{port}/"
    for _ in range(10 * SECONDS):
        try:
            urllib.request.urlopen(address + "api/about", timeout=SECONDS).read()
            break
        except OSError:
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.1)
    yield address
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=SECONDS)
    assert "Traceback" not in errors


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Opens a tab of the studio; it must report no error, and ask for nothing elsewhere."""
    contexts, errors = [], []

    def open_it(tab: str = "write", *, ready: bool = True, **options: Any) -> Any:
        context = browser.new_context(
            **{"viewport": {"width": 1200, "height": 800}, "accept_downloads": True, **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(1000 * SECONDS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: request.url.startswith((address, "blob:")) or errors.append(request.url))
        page.goto(f"{address}#/{tab}")
        if ready:
            page.wait_for_selector("#downloads:not([disabled])", state="attached")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert [error for error in errors if "422" not in error and "413" not in error] == []


def shot(page: Any, name: str) -> None:
    """Keep a screenshot."""
    folder = os.environ.get("DUCTUS_SHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def until(page: Any, condition: str) -> None:
    """Wait for a condition in JavaScript; Playwright's own waiting is forbidden by the content security policy."""
    end = time.monotonic() + SECONDS
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(100)


def write(page: Any, text: str) -> None:
    """Type a text, and have it written."""
    page.fill("#text", text)
    page.click("#go")
    page.wait_for_selector("#downloads[disabled]", state="attached")
    page.wait_for_selector("#downloads:not([disabled])", state="attached")


def ink_on(page: Any, selector: str) -> int:
    """The number of pixels with ink on a canvas."""
    count: int = page.evaluate(
        """(selector) => {
            const canvas = document.querySelector(selector), context = canvas.getContext("2d");
            const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
            return data.filter((value, i) => i % 4 === 3 && value > 128).length;
        }""",
        selector,
    )
    return count


def draw(page: Any, line: dict[str, Any], left: float, top: float, scale: float) -> None:
    """Write a recorded line with the mouse, from a place on the page on."""
    points = [point for stroke in line["strokes"] for point in stroke]
    x0, y0 = (min(point[axis] for point in points) for axis in (0, 1))
    for stroke in line["strokes"]:
        places = [(left + (x - x0) * scale, top + (y - y0) * scale) for x, y, *_ in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place)
        page.mouse.up()


def styles() -> list[dict[str, Any]]:
    return [json.loads(line) for line in STYLES.read_text().splitlines()]


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
    until(page, "document.querySelectorAll('.again button').length === 2")
    end = time.monotonic() + SECONDS
    while not (before := ink_on(page, "#sheets canvas")):
        assert time.monotonic() < end, "no ink"
        page.wait_for_timeout(100)
    page.locator(".again button").nth(1).click()
    until(page, "document.querySelector('#command').textContent.startsWith('There is none')")
    assert ink_on(page, "#sheets canvas") != before
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
    assert page.locator("mark.swapped").all_text_contents() == ["ï", "“", "”"]
    assert page.locator("#marks b").count() == 0 and page.locator("#go").is_disabled()
    shot(page, "unknown")
    page.click("#leave-out")
    assert page.input_value("#text") == "naïve “snow”  <b>bold</b>" and page.locator("#go").is_enabled()


def test_ink_written_with_the_mouse_is_read_lit_changed_and_undone(open_page: Callable[..., Any]) -> None:
    page = open_page("read")
    box = page.locator("#ink").bounding_box()
    first, second = styles()[1], styles()[0]
    draw(page, first, box["x"] + 30, box["y"] + 30, 0.14)
    until(page, "document.querySelector('#read-text').innerText.includes('lazy dogs')")
    draw(page, second, box["x"] + 30, box["y"] + 150, 0.14)
    until(page, "document.querySelector('#read-text').innerText.includes('fine morning')")
    read = [text.strip().lower() for text in page.locator("#read-text p").all_text_contents()]
    assert read == [first["text"].lower(), second["text"].lower()]
    plain = page.locator("#ink").screenshot()
    page.locator(".word").nth(2).hover()
    assert page.locator("#ink").screenshot() != plain
    page.locator(".word").nth(2).click()
    page.wait_for_selector(".menu [role=menuitem]")
    shot(page, "read")
    page.fill(".menu input", "busy")
    page.keyboard.press("Enter")
    assert "the busy dogs" in page.inner_text("#read-text")
    page.click("#clear")
    until(page, "!document.querySelector('.word')")
    page.keyboard.press("Control+z")
    until(page, "document.querySelector('#read-text').innerText.includes('the busy dogs')")
    page.click('button[data-tool="eraser"]')
    page.mouse.move(box["x"] + 20, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 60, steps=60)
    page.mouse.up()
    until(page, "!document.querySelector('#read-text').innerText.includes('dogs')")
    assert "morning" in page.inner_text("#read-text")


def test_ink_is_saved_and_opened_and_other_files_are_refused(open_page: Callable[..., Any], tmp_path: Path) -> None:
    page = open_page("read")
    page.set_input_files("#file", STYLES)
    until(page, "document.querySelector('#which').textContent === 'Page 1 of 12'")
    until(page, "document.querySelector('#read-text').innerText.includes('morning')")
    for kind in ("jsonl", "inkml", "xopp"):
        with page.expect_download() as download:
            page.click(f'[data-ink="{kind}"]')
        assert Path(download.value.path()).stat().st_size > 1000
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_cut_off_at_any_width(size: tuple[int, int], scheme: str, open_page: Callable[..., Any]) -> None:
    page = open_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    for tab in ("write", "read"):
        page.click(f"#tab-{tab}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size[0], f"{tab} is {wide} wide"
        shot(page, f"{tab}-{size[0]}-{scheme}")


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
    page.evaluate(FIRST_STROKE)
    page.fill("#text", "soon")
    page.click("#go")
    until(page, "window.pressed && window.started")
    stroke = page.evaluate("window.started - window.pressed")
    print(f"first paint after {paints[0]:.0f} ms, first stroke {stroke:.0f} ms after the button")
    assert paints[0] < 10_000 and 0 < stroke < 10_000
