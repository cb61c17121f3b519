"""Requests that the studio answers, those that it refuses, and how it takes turns."""

import asyncio
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

import studio.__main__
from studio.guard import POLICY, Guard, TooLargeError, body
from studio.turns import AT_ONCE, MAX_WAITING, Emit, Turns
from tests.studio.conftest import HOST, Page
from tests.tiny import run_main
from utils.errors import InputError

ROOT = Path(__file__).parent.parent.parent
LAN = "192.168.1.5:8765"


def client(host: str = "127.0.0.1", at: str = HOST) -> TestClient:
    """A page that the guard lets through, and a call that repeats what it is sent."""

    async def repeat(request: Request) -> Response:
        try:
            return PlainTextResponse(await body(request, 10, "it") if request.method == "POST" else "page")
        except TooLargeError as error:
            return PlainTextResponse(str(error), 413)

    route = Route("/", repeat, methods=["GET", "POST"])
    return TestClient(Starlette(routes=[route], middleware=[Middleware(Guard, host=host)]), base_url=f"http://{at}")


REQUESTS: list[tuple[str, str, str, dict[str, str], int]] = [
    ("127.0.0.1", HOST, "GET", {}, 200),
    ("127.0.0.1", HOST, "GET", {"sec-fetch-site": "none"}, 200),
    ("127.0.0.1", "localhost:8765", "GET", {}, 200),
    ("127.0.0.1", HOST, "GET", {"host": "127.0.0.1:1"}, 403),
    ("127.0.0.1", HOST, "GET", {"host": "evil.example:8765"}, 403),
    ("127.0.0.1", HOST, "GET", {"host": "192.168.1.5:8765"}, 403),
    ("127.0.0.1", HOST, "GET", {"host": "127.0.0.1:8765:1"}, 403),
    ("127.0.0.1", HOST, "GET", {"sec-fetch-site": "cross-site"}, 403),
    ("127.0.0.1", HOST, "GET", {"sec-fetch-site": "same-site"}, 403),
    ("127.0.0.1", HOST, "POST", {"origin": f"http://{HOST}"}, 200),
    ("127.0.0.1", HOST, "POST", {}, 403),
    ("127.0.0.1", HOST, "POST", {"origin": "null"}, 403),
    ("127.0.0.1", HOST, "POST", {"origin": "http://evil.example"}, 403),
    ("127.0.0.1", HOST, "POST", {"origin": "http://localhost:8765"}, 403),
    ("0.0.0.0", LAN, "POST", {"origin": f"http://{LAN}"}, 200),
    ("0.0.0.0", LAN, "GET", {"host": "evil.example:8765"}, 403),
    ("192.168.1.5", LAN, "GET", {}, 200),
    ("192.168.1.5", "192.168.1.6:8765", "GET", {}, 403),
]


@pytest.mark.parametrize(("host", "at", "method", "headers", "status"), REQUESTS)
def test_only_the_studios_own_page_is_answered(
    host: str, at: str, method: str, headers: dict[str, str], status: int
) -> None:
    response = client(host, at).request(method, "/", headers=headers)
    assert response.status_code == status
    assert response.headers["content-security-policy"] == POLICY
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("content", ["more than ten", iter([b"more ", b"than ", b"ten"])])
def test_a_request_that_is_too_large_is_not_read(content: Any) -> None:
    response = client().post("/", content=content, headers={"origin": f"http://{HOST}"})
    assert response.status_code == 413 and "larger than" in response.text


@pytest.mark.parametrize(
    "content", ["", "[1]", "{", '{"text": NaN}', "[" * 100_000, '{"text": "a", "again": {"0": 1e999}}']
)
def test_what_is_no_settings_is_refused_in_a_line(content: str, page: Page) -> None:
    response = page.post("/api/write", content=content, headers={"origin": f"http://{HOST}"})
    assert response.status_code == 422 and response.json()["error"]


def test_the_page_is_served_whole_and_nothing_else(page: Page) -> None:
    html = page.get("/").text
    for name in ("style.css", "studio.js", "icon.svg"):
        assert f'"{name}"' in html and page.get(f"/{name}").status_code == 200
    assert "http://" not in html and "https://" not in html and " style=" not in html and "<script>" not in html
    for path in ("/app.py", "/../app.py", "/page/style.css", "/api/write"):
        assert page.get(path).status_code in (404, 405)


async def _events(turns: Turns, work: Any, into: list[bytes]) -> None:
    async for message in turns.run(work):
        into.append(message)


async def _until(condition: Any) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that")


def test_two_work_at_once_and_the_others_are_told_how_many_are_ahead() -> None:
    async def main() -> None:
        turns, gate, at_work = Turns(), threading.Event(), []

        def work(emit: Emit) -> None:
            at_work.append(1)
            assert gate.wait(10)

        messages: list[list[bytes]] = [[] for _ in range(4)]
        tasks = [asyncio.create_task(_events(turns, work, into)) for into in messages]
        await _until(lambda: len(at_work) == AT_ONCE and messages[3])
        await asyncio.sleep(0.05)
        assert len(at_work) == AT_ONCE
        assert messages[2] == [b'event: queue\ndata: {"ahead":1}\n\n']
        assert messages[3] == [b'event: queue\ndata: {"ahead":2}\n\n']
        gate.set()
        await asyncio.gather(*tasks)
        assert all(into[-1] == b"event: done\ndata: null\n\n" for into in messages)
        await _until(lambda: not turns.row)  # a place is free when its thread has ended, a moment after its last event
        turns.close()

    asyncio.run(main())


def test_who_leaves_stops_the_work_and_frees_its_place() -> None:
    async def main() -> None:
        turns, rounds = Turns(), [0]

        def endless(emit: Emit) -> None:
            while True:
                emit("ink", rounds[0])
                rounds[0] += 1

        messages: list[bytes] = []
        tasks = [asyncio.create_task(_events(turns, endless, messages)) for _ in range(AT_ONCE)]
        waiting = asyncio.create_task(_events(turns, lambda _: 5, late := []))
        await _until(lambda: len(messages) > 5)
        for task in tasks:
            task.cancel()
        await asyncio.wait_for(waiting, 10)
        assert late[-1] == b"event: done\ndata: 5\n\n"
        await asyncio.sleep(0.5)  # one thread's end makes room, the other's may come a moment later
        stopped = rounds[0]
        await asyncio.sleep(0.05)
        assert rounds[0] == stopped and not turns.row
        turns.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (InputError("no such ink"), "no such ink"),
        (OSError(28, "No space left on device"), "No space"),
        (KeyError(), "broken"),
    ],
)
def test_what_goes_wrong_is_said_and_the_next_works(error: Exception, named: str) -> None:
    async def main() -> None:
        turns = Turns()

        def fail(_: Emit) -> None:
            raise error

        messages: list[bytes] = []
        await _events(turns, fail, messages)
        assert messages[-1].startswith(b"event: error") and named.encode() in messages[-1]
        await _events(turns, lambda _: 1, messages)
        assert messages[-1] == b"event: done\ndata: 1\n\n"
        turns.close()

    asyncio.run(main())


def test_too_many_that_wait_are_refused() -> None:
    async def main() -> None:
        turns = Turns()
        turns.row += [asyncio.Event() for _ in range(AT_ONCE + MAX_WAITING)]
        await _events(turns, lambda _: 1, messages := [])
        assert len(messages) == 1 and messages[0].startswith(b"event: error") and b"waiting" in messages[0]
        turns.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("option", "name", "named"),
    [
        ("--folder", "file", "--folder"),
        ("--writer", "gone.pt", "gone.pt"),
        ("--writer", "reader.pt", "does not write"),
        ("--reader", "writer.pt", "does not read"),
    ],
)
def test_what_the_studio_cannot_start_with_is_named(
    option: str, name: str, named: str, networks: Path, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    (tmp_path / "file").touch()
    path = networks / name if name.endswith(".pt") else tmp_path / name
    arguments = ["--no-open", "--folder", str(tmp_path / "own"), option, str(path)]
    code, _, error = run_main(studio.__main__, arguments, monkeypatch, capsys)
    assert code == 2 and named in error and str(path) in error and error.count("\n") == 1


@pytest.mark.slow
def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "studio", "--no-open", "--port", port]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2 and port in done.stderr and "--port" in done.stderr and "Traceback" not in done.stderr
