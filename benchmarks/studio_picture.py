"""Pictures of the studio for the README: a GIF of it writing, and a PNG of the written page, by the system's Chromium.

python -m benchmarks.studio_picture docs/studio
"""

import argparse
import io
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from utils.errors import InputError, one_line_errors

ROOT = Path(__file__).parent.parent
TEXT = "Dear Anna,\n\nthis letter was written by\na machine that learned it\nfrom people's hands.\n\nLove, Peter"
SIZE, SHOWN = (1180, 740), (860, 539)
"""Sizes of the window and of the pictures in the GIF, pixels."""
FRAME, LAST = 80, 3000
"""Durations of a frame and of the last one, ms."""
PACE = 0.8
"""Ratio of the time on the page to that in the GIF."""
COLORS = 48
MAX_FRAMES = 200
SECONDS = 180


@contextmanager
def studio() -> Iterator[str]:
    """The address of a studio with the bundled networks."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "studio", "--no-open", "--port", str(port), "--folder", folder]
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            address = f"http://127.0.0.1:{port}/"
            for _ in range(10 * SECONDS):
                try:
                    urllib.request.urlopen(f"{address}api/about", timeout=SECONDS).read()
                    break
                except OSError:
                    time.sleep(0.1)
            yield address
        finally:
            process.terminate()
            process.wait()


@contextmanager
def window(address: str) -> Iterator[Any]:
    """A page of the studio whose clock stands still but for `page.clock.run_for`."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise InputError("playwright is not installed: pip install -r requirements-dev.txt") from None
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise InputError("no Chromium here: apt install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme="light")
        page.set_default_timeout(1000 * SECONDS)
        page.clock.install(time=0)
        page.goto(address)
        page.clock.pause_at(3_600_000)
        yield page
        browser.close()


def until(page: Any, condition: str, milliseconds: int = 50) -> None:
    """Let the page's clock go on until a condition in JavaScript holds."""
    end = time.monotonic() + SECONDS
    while not page.evaluate(condition):
        if time.monotonic() > end:
            raise InputError(f"the studio did not come to this: {condition}")
        page.clock.run_for(milliseconds)
        time.sleep(0.02)


def frames(page: Any) -> Iterator[Image.Image]:
    """Yield the page while it writes, FRAME ms apart on a clock that waits for each picture."""
    written = "!document.querySelector('#downloads').disabled"
    until(page, written)
    page.fill("#text", TEXT)
    page.select_option("#speed", "4")
    page.check("#ruled")
    page.uncheck("#size-auto")
    page.click("#go")
    until(page, f"!({written})", 1)
    until(page, written, 0)
    page.evaluate("document.querySelector('#status').textContent = ''")
    for _ in range(MAX_FRAMES):
        page.clock.run_for(round(FRAME * PACE))
        yield Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        if page.evaluate("document.querySelector('.nib')?.hidden ?? false"):
            break
    page.clock.run_for(10_000)  # the page's word on what it wrote is gone
    yield Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def save_gif(pictures: list[Image.Image], path: Path) -> None:
    """Save pictures as a GIF in few colors, those of the last."""
    small = [picture.resize(SHOWN, Image.Resampling.LANCZOS) for picture in pictures]
    palette = small[-1].quantize(COLORS, dither=Image.Dither.NONE)
    first, *others = (picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in small)
    durations = [FRAME] * len(others) + [LAST]
    first.save(path, save_all=True, append_images=others, duration=durations, loop=0, optimize=True)


@one_line_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="path of both pictures without its suffix")
    out = parser.parse_args().out
    with studio() as address, window(address) as page:
        pictures = list(frames(page))
    save_gif(pictures, out.with_suffix(".gif"))
    pictures[-1].save(out.with_suffix(".png"), optimize=True)
    for suffix in (".gif", ".png"):
        path = out.with_suffix(suffix)
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
