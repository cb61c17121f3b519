"""Calls of the page: their plain data, and their answers."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from studio.guard import body
from studio.turns import Turns
from utils.errors import InputError

MAX_JSON, MAX_FILE = 8_000_000, 50_000_000
"""Bytes of a request, at most: of settings or drawn ink, and of a dropped file."""
STREAM = "text/event-stream"


async def json_of(request: Request, limit: int = MAX_JSON) -> Any:
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


def file_response(made: tuple[str, str, bytes]) -> Response:
    """An answer that the browser saves: its name, media type and content."""
    name, media, content = made
    return Response(content, media_type=media, headers={"content-disposition": f'attachment; filename="{quote(name)}"'})


async def in_turn(turns: Turns, work: Callable[[], Any]) -> Any:
    """The result of work that waits for its turn as all heavy work does."""
    result: list[Any] = []
    async for message in turns.run(lambda _: result.append(work())):
        if message.startswith(b"event: error\n"):
            raise InputError(json.loads(message.split(b"data: ", 1)[1])["error"])
    return result[0]


async def in_thread(work: Callable[[], Any]) -> Any:
    """The result of work that is done at once, in a thread of its own, as it reads the disk."""
    try:
        return await asyncio.get_running_loop().run_in_executor(None, work)
    except OSError as error:
        raise InputError(f"the system refused: {error.strerror or error}") from None
