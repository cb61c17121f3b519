"""A handwriting in a real browser, from its first sentence to its deletion, with networks of test size."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ink.strokes import pen_strokes
from studio.hand import FACTS
from tests.results.recognizers import line_of
from tests.studio.browser import IN_BROWSER, SCREENS, SECONDS, draw, ink_on, shot, until
from tests.studio.conftest import served

pytestmark = IN_BROWSER
MINUTES = "0"
SENTENCES = ["bad cab", "fed egg", "gag a bee", "face", "cafe bad"]
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio") / "own"


@pytest.fixture(scope="module")
def address(networks: Path, folder: Path) -> Iterator[str]:
    """The address of a studio with a network that reads letters of a stroke each, and one that writes them."""
    own = ["--writer", str(networks / "writer.pt"), "--reader", str(networks / "reader.pt"), "--minutes", MINUTES]
    with served(folder, *own) as address:
        yield address


def draw_sentence(page: Any, text: str | None = None) -> None:
    """Write the sentence that is shown, or another text, with the mouse."""
    text = text or page.inner_text("#hand-prompt")
    strokes, left = [], 0.0
    for word in text.split():
        points = line_of(word).points + np.array([left, 0, 0])
        strokes += [stroke.tolist() for stroke in pen_strokes(points)]
        left += 40 * (len(word) + 1)
    page.locator("#hand-ink").scroll_into_view_if_needed()
    box = page.locator("#hand-ink").bounding_box()
    draw(page, {"strokes": strokes}, box["x"] + 40, box["y"] + 100, 0.6)


def write_sentence(page: Any, text: str | None = None) -> str:
    """Write the sentence that is shown, or another text, with the mouse, and have it checked; the verdict."""
    draw_sentence(page, text)
    page.click("#hand-done")
    until(page, "!document.querySelector('#hand-verdict').textContent.includes('Reading')")
    verdict: str = page.inner_text("#hand-verdict")
    return verdict


def begin(page: Any, folder: Path, name: str, sentences: int) -> None:
    """Begin a handwriting, and write some of its sentences, which are in the letters of the network of test size."""
    page.wait_for_selector("#hand-begin:not([disabled])")
    page.fill("#hand-title", name)
    page.keyboard.press("Enter")
    page.wait_for_selector("#hand-desk:not([hidden])")
    facts = folder / "hands" / name.lower().replace(" ", "-") / FACTS
    facts.write_text(json.dumps({"title": name, "sentences": SENTENCES, "checks": {}}))
    page.click("#hand-back")
    page.click(f'[aria-label="Go on: {name}"]')
    page.wait_for_selector("#hand-desk:not([hidden])")
    for number in range(sentences):
        page.locator("#hand-dots button").nth(number).click()
        assert "It reads" in write_sentence(page)


def learned(page: Any) -> None:
    """Wait until a handwriting is learned."""
    until(page, "document.querySelector('#hand-state').textContent.includes('how it writes')", 5 * SECONDS)


def trainings(folder: Path) -> list[int]:
    """The processes that train in this folder."""
    commands = {path: (path / "cmdline").read_bytes() for path in Path("/proc").glob("[0-9]*") if path.exists()}
    return [int(path.name) for path, words in commands.items() if b"studio.learn" in words and bytes(folder) in words]


def test_the_whole_way_of_a_handwriting(open_page: Open, folder: Path, tmp_path: Path) -> None:
    page = open_page("hand", ready=False)
    begin(page, folder, "Ada Lovelace", 2)
    text = page.inner_text("#hand-prompt")
    until(page, f"document.querySelector('#hand-prompt').innerText !== {text!r}")  # it goes on by itself
    assert "hardly be read" in write_sentence(page, "gggggggg gggg")
    assert page.locator("#hand-dots .odd").count() == 1
    shot(page, "hand-odd")
    page.click("#hand-clear")
    assert "It reads" in write_sentence(page)
    page.close()

    page = open_page("hand", ready=False)  # another day
    page.click('[aria-label="Go on: Ada Lovelace"]')
    until(page, "document.querySelector('#hand-progress').textContent.startsWith('3 of')")
    assert page.locator("#hand-dots .good").count() == 3
    shot(page, "hand-enough")
    page.click("#hand-start")
    page.wait_for_selector("#hand-bar:not([hidden])")
    page.close()  # the training goes on

    page = open_page("hand", ready=False)
    page.click('[aria-label="Go on: Ada Lovelace"]')
    learned(page)
    shot(page, "hand-learned")
    page.click("#hand-use")
    assert page.locator("#write").is_visible() and page.is_checked('input[value="hand-ada-lovelace"]')
    page.fill("#text", "bad cab")
    page.click("#go")
    page.wait_for_selector("#downloads:not([disabled])", state="attached")
    assert (
        "hand.pt write 'bad cab'" in page.inner_text("#command", timeout=1000 * SECONDS)
        or page.locator("#command").text_content()
    )
    page.click("#tab-hand")
    page.click("#hand-back")
    with page.expect_download() as download:
        page.click('[aria-label="Export: Ada Lovelace"]')
    download.value.save_as(tmp_path / "ada.zip")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click('[aria-label="Delete: Ada Lovelace"]')
    until(page, "!document.querySelector('#hand-list li')")
    assert [*(folder / "hands").iterdir()] == []
    assert page.locator('input[value="hand-ada-lovelace"]').count() == 0
    page.set_input_files("#hand-file", tmp_path / "ada.zip")
    until(page, "document.querySelector('#hand-list li')")
    assert page.locator('input[value="hand-ada-lovelace"]').count() == 1
    shot(page, "hand-list")
    page.set_input_files("#hand-file", {"name": "no.zip", "mimeType": "application/zip", "buffer": b"PK"})
    until(page, "document.querySelector('#alert').textContent.includes('no file of a handwriting')")


def test_a_training_that_is_stopped_or_killed_loses_nothing(open_page: Open, folder: Path) -> None:
    page = open_page("hand", ready=False)
    begin(page, folder, "Killed", 3)
    page.click("#hand-start")
    page.click("#hand-stop")
    until(page, "document.querySelector('#hand-state').textContent.includes('Stopped')")
    page.click("#hand-start")
    end = time.monotonic() + SECONDS
    while not (processes := trainings(folder)):
        assert time.monotonic() < end
        time.sleep(0.1)
    os.kill(processes[0], signal.SIGKILL)
    until(page, "document.querySelector('#hand-state').textContent.includes('ended from outside')")
    shot(page, "hand-killed")
    assert page.locator("#hand-dots .good").count() == 3 and page.locator("#hand-start").is_visible()
    page.click("#hand-start")
    learned(page)
    assert sorted(path.name for path in (folder / "hands" / "killed").iterdir() if path.name[0] == ".") == []


def test_ink_that_is_not_kept_yet_stays_until_a_person_lets_it_go(open_page: Open, folder: Path) -> None:
    page = open_page("hand", ready=False)
    begin(page, folder, "Grace", 0)
    leaves = "dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    assert page.evaluate(leaves)
    draw_sentence(page)
    drawn = ink_on(page, "#hand-ink")
    for number in (1, 0):
        page.locator("#hand-dots button").nth(number).click()
    assert ink_on(page, "#hand-ink") > drawn / 2 and page.is_enabled("#hand-done")  # drawn anew
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.click("#hand-back")
    assert page.is_visible("#hand-desk") and not page.evaluate(leaves)
    page.click("#hand-done")
    until(page, "document.querySelector('#hand-progress').textContent.startsWith('1 of')")
    assert page.evaluate(leaves)
    page.click("#hand-back")
    assert page.is_visible("#hand-home")


def test_what_went_wrong_is_said_until_it_works(open_page: Open, folder: Path) -> None:
    page = open_page("hand", ready=False)
    begin(page, folder, "Again", 0)
    page.route("**/api/hands/sentence", lambda route: route.fulfill(status=422, json={"error": "the disk is full"}))
    write_sentence(page)
    assert page.inner_text("#alert") == "The disk is full."
    page.unroute("**/api/hands/sentence")
    page.click("#hand-done")
    until(page, "document.querySelector('#hand-progress').textContent.startsWith('1 of')")
    assert page.inner_text("#alert") == ""


def test_a_finger_below_the_line_moves_the_paper(open_page: Open, folder: Path) -> None:
    page = open_page("hand", ready=False, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    begin(page, folder, "Finger", 0)
    box = page.locator("#hand-strip").bounding_box()
    touches = page.context.new_cdp_session(page)
    for below, is_moved in ((60, False), (box["height"] - 15, True)):  # on the line, and below it
        places = [{"x": box["x"] + 300 - 10 * step, "y": box["y"] + below} for step in range(20)]
        for number, place in enumerate(places):
            kind = "touchMove" if number else "touchStart"
            touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [place]})
            page.wait_for_timeout(16)
        touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert page.evaluate("document.querySelector('#hand-strip').scrollLeft > 50") == is_moved
    shot(page, "hand-finger")


@pytest.mark.parametrize(("size", "scheme"), SCREENS)
def test_nothing_is_cut_off_at_any_width(size: tuple[int, int], scheme: str, open_page: Open) -> None:
    page = open_page("hand", ready=False, viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page.wait_for_selector("#hand-begin:not([disabled])")
    for state in ("home", "desk"):
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size[0], f"{state} is {wide} wide"
        shot(page, f"hand-{state}-{size[0]}-{scheme}")
        if state == "home":
            page.fill("#hand-title", f"{scheme} {size[0]}")
            page.keyboard.press("Enter")
            page.wait_for_selector("#hand-desk:not([hidden])")
