"""A whole handwriting through the studio's page in a real browser, with real ink:

    python -m tests.studio.whole_hand ap/Diane_Figueira

The prompted sentences are composed of one writer's words and characters in two prepared corpora, and written with the
mouse; a second run goes on where the first was ended. Then the page learns them, writes in the handwriting, exports it,
deletes it, imports it and deletes it again. Screenshots are in --out.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from data_loader.corpus import Corpus
from data_loader.ink_measures import measures_of
from data_loader.line_setting import WORD_GAP, LineSetter
from data_loader.writer_ink import CharacterSizes, Pieces, WriterInk
from ink.strokes import pen_strokes
from tests.studio.browser import CHROMIUM, draw
from tests.studio.conftest import served

TEXT = "Dear Anna,\nthank you for the lovely flowers.\nThey are on the kitchen table.\nLove, Peter"
X_HEIGHT = 20.0
"""Pixels of the small letters on the page."""
SEED = 1
BASELINE = 138.0
"""Pixels from the top of the strip to the line to write on."""
PATIENCE = 3600
"""Seconds."""


class Copyist:
    """A writer of whom there is real ink, and any text in it.

    written   words of texts that the writer wrote as a whole, and `spelled` those that are set of single characters
    """

    def __init__(self, writer: str, words: str, characters: str, data_dir: Path) -> None:
        both = [Corpus(data_dir / name) for name in (words, characters)]
        self.words, letters = (Pieces(each, measures_of(each, data_dir), np.arange(len(each))) for each in both)
        self.ink = WriterInk(self.words, letters, CharacterSizes(letters), writer)
        self.whole = {self.words.corpus.text(line): line for line in self.ink.word_lines.tolist()}
        self.rng = np.random.default_rng(SEED)
        self.written = self.spelled = 0

    def line(self, text: str) -> np.ndarray:
        """The points (T, 3) of a text, in pixels."""
        setter = LineSetter(self.ink, self.rng, {}, 0.0, lambda _: "")
        for word in text.split():
            setter.right += self.ink.x_height * WORD_GAP if setter.drawn else 0.0
            if word in self.whole:
                setter._place(self.ink.word(self.whole[word]), 0.0)
                self.written += 1
            else:
                setter._characters(word)
                self.spelled += 1
        points = np.concatenate(setter.drawn)
        points[:, :2] *= X_HEIGHT / self.ink.x_height
        return points


def write_sentences(page: Any, copyist: Copyist) -> None:
    """Write every sentence that is not written yet, and print the verdict on it."""
    for number in range(page.locator("#hand-dots button").count()):
        if page.locator("#hand-dots button").nth(number).get_attribute("class"):
            continue
        page.locator("#hand-dots button").nth(number).click()
        text = page.inner_text("#hand-prompt")
        strokes = [stroke.tolist() for stroke in pen_strokes(copyist.line(text))]
        top = min(y for stroke in strokes for _, y, *_ in stroke)
        page.locator("#hand-ink").scroll_into_view_if_needed()
        box = page.locator("#hand-ink").bounding_box()
        draw(page, {"strokes": strokes}, box["x"] + 20, box["y"] + BASELINE + top, 1.0)
        page.click("#hand-done")
        while "Reading" in (verdict := page.inner_text("#hand-verdict")):
            page.wait_for_timeout(100)
        print(f"{number + 1:2} {text}\n   {verdict}", flush=True)


def learn(page: Any, shot: Callable[[str], None]) -> None:
    """Press the button, and wait until the handwriting is learned."""
    start, last = time.monotonic(), ""
    page.click("#hand-start")
    while "how it writes" not in (state := page.inner_text("#hand-state")):
        assert "not learned" not in state and time.monotonic() - start < PATIENCE, state
        if state != last:
            print(f"{time.monotonic() - start:4.0f} s  {state}", flush=True)
            shot("2-learning")
        last = state
        page.wait_for_timeout(5_000)
    print(f"{time.monotonic() - start:4.0f} s  {state}")


def whole_way(page: Any, copyist: Copyist, title: str, out: Path) -> None:
    """Go from the first sentence, or where it was left, to the deletion."""

    def shot(name: str) -> None:
        page.screenshot(path=out / f"{name}.png")

    def accept(dialog: Any) -> None:
        print(dialog.message)
        dialog.accept()

    page.on("dialog", accept)
    page.wait_for_selector("#hand-begin:not([disabled])")
    page.wait_for_timeout(2000)
    if page.locator("#hand-list li").count():
        page.click(f'[aria-label="Go on: {title}"], [aria-label="Open: {title}"]')
    else:
        page.fill("#hand-title", title)
        page.keyboard.press("Enter")
    page.wait_for_selector("#hand-desk:not([hidden])")
    write_sentences(page, copyist)
    shot("1-written")
    learn(page, shot)
    shot("3-learned")
    page.click("#hand-use")
    page.fill("#text", TEXT)
    page.select_option("#speed", "0")
    page.click("#go")
    page.wait_for_selector("#downloads[disabled]", state="attached")
    page.wait_for_selector("#downloads:not([disabled])", state="attached")
    page.wait_for_timeout(1000)
    shot("4-written-with-it")
    page.click("#tab-hand")
    page.click("#hand-back")
    with page.expect_download() as download:
        page.click(f'[aria-label="Export: {title}"]')
    download.value.save_as(out / "hand.zip")
    page.click(f'[aria-label="Delete: {title}"]')
    page.wait_for_selector("#hand-list li", state="detached")
    page.set_input_files("#hand-file", out / "hand.zip")
    page.wait_for_selector("#hand-list li")
    shot("5-imported")
    page.click(f'[aria-label="Delete: {title}"]')
    page.wait_for_selector("#hand-list li", state="detached")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("writer", help="a writer of both corpora")
    parser.add_argument("--words", default="unipen-words", help="prepared corpus of words")
    parser.add_argument("--characters", default="unipen-characters", help="prepared corpus of single characters")
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--out", type=Path, default=Path("saved/studio-hand"), help="folder for what is made")
    parser.add_argument("--minutes", default="5", help="of the training")
    parser.add_argument("--writer-network", help="the network that learns (default: bundled)")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    copyist = Copyist(args.writer, args.words, args.characters, args.data_dir)
    options = ["--minutes", args.minutes, *(["--writer", args.writer_network] if args.writer_network else [])]
    folder = args.out / "studio"
    with served(folder, *options) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 900}, accept_downloads=True)
        page.set_default_timeout(1000 * PATIENCE)
        page.on("pageerror", lambda error: print("ERROR", error))
        page.on("console", lambda message: print(message.type, message.text))
        page.goto(f"{address}#/hand")
        whole_way(page, copyist, args.writer.rsplit("/", 1)[-1].replace("_", " "), args.out)
        browser.close()
    print(f"{copyist.written} words as written, {copyist.spelled} of single characters")
    assert not [*folder.glob("hands/*")]


if __name__ == "__main__":
    main()
