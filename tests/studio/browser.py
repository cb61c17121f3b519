"""Ways to use the studio's page in a real browser: Debian's Chromium, driven by Playwright, with the bundled networks.

Screenshots of every state are kept where DUCTUS_SHOTS names a folder.
"""

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
STYLES = ROOT / "saved" / "pretrained" / "styles.jsonl"
SIZES = [(320, 640), (390, 844), (1024, 768), (1600, 1000)]
SCREENS = [(size, scheme) for size in SIZES for scheme in ("light", "dark")]
SECONDS = 120
"""Patience with a busy machine."""
IN_BROWSER = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt install chromium"),
]


def shot(page: Any, name: str) -> None:
    """Keep a screenshot."""
    folder = os.environ.get("DUCTUS_SHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def until(page: Any, condition: str, seconds: float = SECONDS) -> None:
    """Wait for a condition in JavaScript; Playwright's own waiting is forbidden by the content security policy."""
    end = time.monotonic() + seconds
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
