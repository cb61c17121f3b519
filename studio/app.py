"""The studio as a web application: its page, and what the page asks for."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

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
from results.writing.marks import OVER, STRUCK, UNDER
from results.writing.writer import Writer
from studio.calls import MAX_FILE, STREAM, file_response, in_thread, in_turn, json_of
from studio.guard import Guard, TooLargeError, body
from studio.hand import Hands
from studio.hand_calls import HandCalls
from studio.reading import MAX_PAGE_POINTS, ReadingDesk
from studio.settings import MAX_TEXT, WriteSettings
from studio.turns import Turns
from studio.writing import HANDS, Desk, machines
from utils.errors import InputError
from utils.version import version

PAGE = Path(__file__).with_name("page")
MINUTES = 5.0


@dataclass
class Studio:
    """The networks of the studio, loaded in the background, and the turns of its work.

    folder   the only place that it writes to
    minutes  time that a handwriting is learned in; 0: all steps of its config
    """

    folder: Path
    writer: Path = field(default_factory=partial(bundled, "write lines"))
    reader: Path = field(default_factory=partial(bundled, "read lines"))
    minutes: float = MINUTES

    def __post_init__(self) -> None:
        self.turns = Turns()
        self.base = None if self.writer == bundled("write lines") else self.writer
        self.hand_calls = HandCalls(self.folder / HANDS, self.turns, self._hands, self._reads, self.base, self.minutes)

    def start(self) -> None:
        """Begin to load the networks; called in the event loop."""
        self.folder.mkdir(parents=True, exist_ok=True)
        loop, self.loading = asyncio.get_running_loop(), ThreadPoolExecutor(1, "loading")
        self.desk = loop.run_in_executor(self.loading, self._desk)
        self.reading = loop.run_in_executor(self.loading, self._reading)

    async def stop(self) -> None:
        """Let what runs end by itself, but a training."""
        self.turns.close()
        await self.hand_calls.trainings.close()
        self.loading.shutdown(wait=False, cancel_futures=True)

    def _desk(self) -> Desk:
        return Desk(load_as(Writer, self.writer), self.folder, self.base)

    def _reading(self) -> ReadingDesk:
        return ReadingDesk(load_as(Reader, self.reader), self.folder)

    async def _hands(self) -> Hands:
        return (await self.desk).hands

    async def _reads(self) -> ReadingDesk:
        return await self.reading

    async def about(self, _: Request) -> Response:
        """All that the page has to know before anything is written."""
        desk = await self.desk
        alphabet = desk.writer.alphabet
        return JSONResponse(
            {
                "version": version(),
                "alphabet": alphabet.characters,
                "stand_ins": {old: new for old, new in STAND_INS.items() if not alphabet.missing(new)},
                "marks": "".join([*OVER, *UNDER]),
                "drawn": "".join(sorted(desk.writer.spelling.signs.union(STRUCK))),
                "max_text": MAX_TEXT,
                "max_points": MAX_PAGE_POINTS,
                "max_file": MAX_FILE,
                "papers": SIZES,
                "styles": await in_thread(desk.cards),
                "machines": await in_thread(machines),
                "suffixes": ink_suffixes(),
            }
        )

    async def write(self, request: Request) -> Response:
        """Write a text live."""
        settings = WriteSettings.of(await json_of(request))
        desk = await self.desk
        return StreamingResponse(self.turns.run(partial(desk.write, settings)), media_type=STREAM)

    async def write_file(self, request: Request) -> Response:
        """Write a text as a file of the kind in the path."""
        settings, kind = WriteSettings.of(await json_of(request)), request.path_params["kind"]
        desk = await self.desk
        return file_response(await in_turn(self.turns, lambda: desk.file(settings, kind)))

    async def random_style(self, request: Request) -> Response:
        """A new style, from a seed."""
        seed = (await json_of(request)).get("seed")
        if not isinstance(seed, int) or not 0 <= seed < 2**32:
            raise InputError("seed must be a whole number from 0 to 2**32 - 1")
        desk = await self.desk
        return JSONResponse(await in_turn(self.turns, lambda: desk.styles.random(seed)))

    async def keep_style(self, request: Request) -> Response:
        """Keep a new style under a title."""
        data = await json_of(request)
        desk = await self.desk
        name, title = str(data.get("id", "")), str(data.get("title", ""))
        return JSONResponse(await in_turn(self.turns, lambda: desk.styles.keep(name, title)))

    async def remove_style(self, request: Request) -> Response:
        """Delete a kept style."""
        name = str((await json_of(request)).get("id", ""))
        desk = await self.desk
        await in_thread(lambda: desk.styles.remove(name))
        return JSONResponse({})

    async def read(self, request: Request) -> Response:
        """Read a page of ink."""
        data = await json_of(request)
        desk = await self.reading
        return StreamingResponse(self.turns.run(lambda _: desk.read_page(data)), media_type=STREAM)

    async def open_ink(self, request: Request) -> Response:
        """Open a file of ink."""
        content = await body(request, MAX_FILE, "the file")
        name = request.query_params.get("name", "")
        desk = await self.reading
        return JSONResponse(await in_turn(self.turns, lambda: desk.open(name, content)))

    async def ink_file(self, request: Request) -> Response:
        """Save ink as a file."""
        data = await json_of(request, MAX_FILE)
        desk = await self.reading
        return file_response(await in_turn(self.turns, lambda: desk.file(data)))


async def refused(_: Request, error: Exception) -> Response:
    """An error that a user can cause, as plain data."""
    return JSONResponse({"error": str(error)}, 413 if isinstance(error, TooLargeError) else 422)


def application(studio: Studio, host: str = "127.0.0.1") -> Starlette:
    """The studio behind its guard, listening on `host`."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        studio.start()
        yield
        await studio.stop()

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
        **studio.hand_calls.routes(),
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
