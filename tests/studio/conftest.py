"""A studio with small untrained networks, and a page's way to call it."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from model.writing.conditional import ConditionalHandwriting
from studio.app import Studio, application
from tests.results.recognizers import ALPHABET, line_of, recognizer
from tests.results.writers import writer
from tests.studio.browser import CHROMIUM, ROOT, SECONDS
from tests.test_experiments_read import recognition
from tests.tiny import tiny_config, write_corpus
from utils.checkpoint import save_checkpoint

HOST = "127.0.0.1:8765"


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network that writes, writer.pt, and one that reads, reader.pt."""
    folder = tmp_path_factory.mktemp("networks")
    write_corpus(folder / "data" / "letters", [line_of(text, split="train") for text in ("abcdefg", "ace", "bd")])
    facts = {**writer().facts, "mean_points_per_char": 8.0}
    config = tiny_config(folder / "data", folder, "ConditionalHandwriting", data_loader__args__corpus="letters")
    model = ConditionalHandwriting(alphabet_size=len(facts["alphabet"]), **config.resolved["arch"]["args"])
    for name, made_by, weights, known in (
        ("writer.pt", config, model.state_dict(), facts),
        ("reader.pt", recognition(folder), recognizer().model.state_dict(), {**facts, "alphabet": ALPHABET}),
    ):
        save_checkpoint(folder / name, {"config": made_by.resolved, "facts": known, "model": weights})
    return folder


class Page(TestClient):
    """The studio's page: its calls carry its origin."""

    def call(self, path: str, data: Any) -> Any:
        """Send plain data; the response."""
        return self.post(path, content=json.dumps(data), headers={"origin": f"http://{HOST}"})

    def events(self, path: str, data: Any) -> list[tuple[str, Any]]:
        """Send plain data; the events that are streamed."""
        response = self.call(path, data)
        assert response.status_code == 200, response.text
        parts = [part.split("\n", 1) for part in response.text.split("\n\n") if part]
        return [(name.removeprefix("event: "), json.loads(rest.removeprefix("data: "))) for name, rest in parts]


@pytest.fixture(scope="session")
def studio_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio") / "own"


@pytest.fixture(scope="session")
def page(networks: Path, studio_folder: Path) -> Iterator[Page]:
    studio = Studio(studio_folder, networks / "writer.pt", networks / "reader.pt")
    with Page(application(studio), base_url=f"http://{HOST}") as client:
        yield client


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[str]:
    """The address of a studio in a process of its own; it must end without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "studio", "--no-open", "--port", str(port), "--folder", str(folder), *arguments]
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
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a studio with the bundled networks."""
    with served(tmp_path_factory.mktemp("studio") / "own") as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install -r requirements-dev.txt")
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
