"""The studio as a web application: its page, and what the page asks for."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from data_loader.formats.registry import ink_suffixes
from ink.alphabet import STAND_INS
from render.ink.paper import SIZES
from results.reading.reader import Reader
from results.roles import load_as
from results.trained import bundled
from results.writing.writer import Writer
from studio.guard import Guard, TooLargeError, body
from studio.reading import MAX_PAGE_POINTS, ReadingDesk
from studio.settings import MAX_TEXT, WriteSettings
from studio.turns import Turns
from studio.writing import Desk, machines
from utils.errors import InputError
from utils.version import version

PAGE = Path(__file__).with_name("page")
MAX_JSON, MAX_FILE = 8_000_000, 50_000_000
"""Bytes of a request, at most: of settings or drawn ink, and of a dropped file."""
STREAM = "text/event-stream"


@dataclass
class Studio:
    """The networks of the studio, loaded in the background, and the turns of its work.

    folder  the only place that it writes to
    """

    folder: Path
    writer: Path = field(default_factory=partial(bundled, "write lines"))
    reader: Path = field(default_factory=partial(bundled, "read lines"))

    def start(self) -> None:
        """Begin to load the networks; called in the event loop."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.turns = Turns()
        loop, self.loading = asyncio.get_running_loop(), ThreadPoolExecutor(1, "loading")
        self.desk = loop.run_in_executor(self.loading, self._desk)
        self.reading = loop.run_in_executor(self.loading, self._reading)

    def stop(self) -> None:
        """Let what runs end by itself."""
        self.turns.close()
        self.loading.shutdown(wait=False, cancel_futures=True)

    def _desk(self) -> Desk:
        return Desk(load_as(Writer, self.writer), self.folder)

    def _reading(self) -> ReadingDesk:
        return ReadingDesk(load_as(Reader, self.reader), self.folder)

    async def about(self, _: Request) -> Response:
        """All that the page has to know before anything is written."""
        desk = await self.desk
        alphabet = desk.writer.alphabet
        return JSONResponse(
            {
                "version": version(),
                "alphabet": alphabet.characters,
                "stand_ins": {old: new for old, new in STAND_INS.items() if not alphabet.missing(new)},
                "max_text": MAX_TEXT,
                "max_points": MAX_PAGE_POINTS,
                "max_file": MAX_FILE,
                "papers": SIZES,
                "styles": await self._quick(desk.styles.cards),
                "machines": await self._quick(machines),
                "suffixes": ink_suffixes(),
            }
        )

    async def write(self, request: Request) -> Response:
        """Write a text live."""
        settings = WriteSettings.of(await _json(request))
        desk = await self.desk
        return StreamingResponse(self.turns.run(partial(desk.write, settings)), media_type=STREAM)

    async def write_file(self, request: Request) -> Response:
        """Write a text as a file of the kind in the path."""
        settings, kind = WriteSettings.of(await _json(request)), request.path_params["kind"]
        desk = await self.desk
        return _file(await self._in_turn(lambda: desk.file(settings, kind)))

    async def random_style(self, request: Request) -> Response:
        """A new style, from a seed."""
        seed = (await _json(request)).get("seed")
        if not isinstance(seed, int) or not 0 <= seed < 2**32:
            raise InputError("seed must be a whole number from 0 to 2**32 - 1")
        desk = await self.desk
        return JSONResponse(await self._in_turn(lambda: desk.styles.random(seed)))

    async def keep_style(self, request: Request) -> Response:
        """Keep a new style under a title."""
        data = await _json(request)
        desk = await self.desk
        name, title = str(data.get("id", "")), str(data.get("title", ""))
        return JSONResponse(await self._in_turn(lambda: desk.styles.keep(name, title)))

    async def remove_style(self, request: Request) -> Response:
        """Delete a kept style."""
        name = str((await _json(request)).get("id", ""))
        desk = await self.desk
        await self._quick(lambda: desk.styles.remove(name))
        return JSONResponse({})

    async def read(self, request: Request) -> Response:
        """Read a page of ink."""
        data = await _json(request)
        desk = await self.reading
        return StreamingResponse(self.turns.run(lambda _: desk.read_page(data)), media_type=STREAM)

    async def open_ink(self, request: Request) -> Response:
        """Open a file of ink."""
        content = await body(request, MAX_FILE, "the file")
        name = request.query_params.get("name", "")
        desk = await self.reading
        return JSONResponse(await self._in_turn(lambda: desk.open(name, content)))

    async def ink_file(self, request: Request) -> Response:
        """Save ink as a file."""
        data = await _json(request, MAX_FILE)
        desk = await self.reading
        return _file(await self._in_turn(lambda: desk.file(data)))

    async def _in_turn(self, work: Callable[[], Any]) -> Any:
        """The result of work that waits for its turn as all heavy work does."""
        result: list[Any] = []
        async for message in self.turns.run(lambda _: result.append(work())):
            if message.startswith(b"event: error\n"):
                raise InputError(json.loads(message.split(b"data: ", 1)[1])["error"])
        return result[0]

    async def _quick(self, work: Callable[[], Any]) -> Any:
        """The result of work that is done at once, in a thread of its own, as it reads the disk."""
        return await asyncio.get_running_loop().run_in_executor(None, work)


async def _json(request: Request, limit: int = MAX_JSON) -> Any:
    """The plain data of a request.

    Raises InputError where it is no JSON object.
    """
    try:
        data = json.loads(await body(request, limit, "what was sent"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("what was sent is no JSON; reload the page") from None
    if not isinstance(data, dict):
        raise InputError("what was sent is no JSON object; reload the page")
    return data


def _no_number(name: str) -> None:
    raise InputError(f"{name} is no number")


def _file(made: tuple[str, str, bytes]) -> Response:
    name, media, content = made
    return Response(content, media_type=media, headers={"content-disposition": f'attachment; filename="{quote(name)}"'})


async def refused(_: Request, error: Exception) -> Response:
    """An error that a user can cause, as plain data."""
    return JSONResponse({"error": str(error)}, 413 if isinstance(error, TooLargeError) else 422)


def application(studio: Studio, host: str = "127.0.0.1") -> Starlette:
    """The studio behind its guard, listening on `host`."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        studio.start()
        yield
        studio.stop()

    files = [Route(f"/{path.name}", partial(_page, path)) for path in sorted(PAGE.iterdir())]
    calls = {
        "/api/write": studio.write,
        "/api/write/{kind}": studio.write_file,
        "/api/styles/random": studio.random_style,
        "/api/styles/keep": studio.keep_style,
        "/api/styles/remove": studio.remove_style,
        "/api/read": studio.read,
        "/api/ink/open": studio.open_ink,
        "/api/ink/save": studio.ink_file,
    }
    routes = [Route("/", partial(_page, PAGE / "index.html")), *files, Route("/api/about", studio.about)]
    routes += [Route(path, endpoint, methods=["POST"]) for path, endpoint in calls.items()]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, host=host)],
        exception_handlers={InputError: refused},
        lifespan=lifespan,
    )


async def _page(path: Path, _: Request) -> Response:
    return FileResponse(path)
