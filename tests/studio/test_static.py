"""The studio as plain files; in a real browser the page draws what the command line draws."""

import json
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from results.roles import load_as
from results.trained import bundled
from results.writing.lines import SEEDS_PER_WRITING
from results.writing.styles import load_style
from results.writing.writer import Writer
from studio.static_site import POLICY, write_site
from tests.studio.browser import IN_BROWSER, SCREENS, SECONDS, shot, until
from utils.errors import InputError

MAX_SIZE = 8_000_000
TEXT = "The pen writes what was never written."


def test_the_site_is_whole_and_asks_for_nothing_elsewhere(networks: Path, tmp_path: Path) -> None:
    files = write_site(tmp_path / "site", networks / "writer.pt")
    names = {path.name for path in files}
    assert {"index.html", "about.json", "network.bin", "browser.wasm", "browser-fused.wasm"} <= names
    for path in files:
        if path.suffix in (".html", ".js", ".css"):
            content = path.read_text()
            assert set(re.findall(r"https?://[\w.]+", content)) <= {"http://www.w3.org"}
            requested = re.findall(r'(?:from "\./|(?:src|href)="|Worker\(")([\w.]+)"', content)
            assert set(requested) <= names, path.name
    html = (tmp_path / "site" / "index.html").read_text()
    assert POLICY in html and 'id="read"' not in html and "tablist" not in html and 'data-kind="pdf"' not in html
    about = json.loads((tmp_path / "site" / "about.json").read_text())
    assert about["alphabet"] == load_as(Writer, networks / "writer.pt").alphabet.characters


def test_a_network_that_does_not_write_is_refused(networks: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"reader\.pt"):
        write_site(tmp_path / "site", networks / "reader.pt")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="choose another folder"):
        write_site(tmp_path / "file", networks / "writer.pt")


class Quiet(SimpleHTTPRequestHandler):
    """A web host without a log."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the bundled writer's site."""
    folder = tmp_path_factory.mktemp("site")
    assert sum(path.stat().st_size for path in write_site(folder, bundled("write lines"))) < MAX_SIZE
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture
def tab(browser: Any, site: str) -> Iterator[Any]:
    """A tab of the site that has written its first text; it may ask for nothing elsewhere, and has no errors."""
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: request.url.startswith((site, "blob:")) or errors.append(request.url))
    page.set_default_timeout(1000 * SECONDS)
    page.goto(site)
    page.select_option("#speed", "0")
    page.wait_for_selector("#downloads:not([disabled])", state="attached")
    yield page
    page.close()
    assert not errors


def written(page: Any, text: str, style: str, seed: int) -> list[np.ndarray]:
    """The strokes of the lines that the page writes."""
    page.fill("#seed", str(seed))
    page.evaluate("(style) => { document.getElementById(`style-card-${style || 'any'}`).checked = true; }", style)
    page.fill("#text", text)
    page.click("#go")
    page.wait_for_selector("#downloads[disabled]", state="attached")
    page.wait_for_selector("#downloads:not([disabled])", state="attached")
    drawn = page.evaluate("async () => (await import('./api.js')).strokes()")
    return [np.array(line, np.float32).reshape(-1, 3) for line in drawn]


def in_browser(test: Any) -> Any:
    for mark in IN_BROWSER:
        test = mark(test)
    return test


@in_browser
@pytest.mark.parametrize(("style", "text"), [("", TEXT), ("style-4", TEXT), ("", "One line here\nand a second")])
def test_strokes_are_those_of_the_command_line(tab: Any, style: str, text: str) -> None:
    writer = load_as(Writer, bundled("write lines"))
    drawn = written(tab, text, style, 7)
    expected = writer.write(text, bias=0.8, seed=7, style=load_style(writer, style) if style else None)
    assert len(drawn) == len(expected.samples)
    exact = torch.backends.cpu.get_cpu_capability() == "AVX512" and "avx512_vnni" in Path("/proc/cpuinfo").read_text()
    for line, sample in zip(drawn, expected.samples, strict=True):
        if exact:
            assert np.array_equal(line, sample.strokes)
        assert np.allclose(line[:20], sample.strokes[:20], atol=0.01)
    points, seconds = tab.evaluate("async () => (await import('./api.js')).speeds().at(-1)")
    print(f"{points / seconds:,.0f} points per second of a worker")


@in_browser
def test_a_browser_without_relaxed_simd_writes_the_same(tab: Any, browser: Any, site: str) -> None:
    old = browser.new_page()
    old.set_default_timeout(1000 * SECONDS)
    old.route("**/browser-fused.wasm", lambda route: route.fulfill(body=b"\0asm of another time"))
    old.goto(site)
    old.wait_for_selector("#downloads:not([disabled])", state="attached")
    lines, same = (written(page, TEXT, "", 7) for page in (old, tab))
    assert len(lines) == len(same) and all(map(np.array_equal, lines, same))
    old.close()


@in_browser
def test_a_line_alone_is_written_again_and_saved(tab: Any) -> None:
    first = written(tab, "One line here\nand a second", "style-4", 3)
    tab.click(".again button >> nth=1")
    until(tab, "document.querySelector('#downloads').disabled === false && document.querySelector('#stop').hidden")
    again = [np.array(line) for line in tab.evaluate("async () => (await import('./api.js')).strokes()")]
    assert np.array_equal(again[0].astype(np.float32), first[0].ravel()) and again[1].size
    assert again[1].size != first[1].size or not np.array_equal(again[1].astype(np.float32), first[1].ravel())
    writer = load_as(Writer, bundled("write lines"))
    seed = 4 * SEEDS_PER_WRITING + 1
    (other,) = writer.draw_lines(["and a second"], [seed], 0.8, load_style(writer, "style-4"))
    assert len(other.strokes) == again[1].size // 3
    for kind, start in (("svg", b"<svg"), ("png", b"\x89PNG"), ("transparent", b"\x89PNG")):
        with tab.expect_download() as download:
            tab.click(f'[data-kind="{kind}"]')
        assert Path(download.value.path()).read_bytes().startswith(start)


@in_browser
def test_random_styles_and_unknown_characters(tab: Any) -> None:
    tab.click("#throw")
    tab.wait_for_selector('#cards input[value^="new-"]:checked', state="attached")
    tab.fill("#text", "Grüße → 你")
    assert tab.text_content("#unknown-list") == "→ 你" and tab.is_disabled("#go")


@in_browser
@pytest.mark.parametrize(("size", "scheme"), SCREENS)
def test_it_fits_every_screen(browser: Any, site: str, size: tuple[int, int], scheme: str) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page.set_default_timeout(1000 * SECONDS)
    page.goto(site)
    page.wait_for_selector("#downloads:not([disabled])", state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    shot(page, f"static-{size[0]}-{scheme}")
    page.close()
