"""Work in threads, a few pieces at a time; who waits is told how many are ahead, and who leaves stops the work."""

import asyncio
import json
import traceback
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import torch

from utils.errors import InputError

AT_ONCE = 2
MAX_WAITING = 50
Emit = Callable[[str, Any], None]
"""Sends an event, a name and plain data, to the page. It raises `Left` where nobody is there any more."""


class Left(Exception):
    """The page that work was done for has been closed."""


class Turns:
    """Places for work: at most AT_ONCE pieces at a time in threads, the others wait in a row.

    Made in the event loop; all methods but the work itself run there.
    """

    def __init__(self) -> None:
        # A thread's number of threads for matrix products is its own, and a new thread would take the number that
        # another has set for the moment (`over_lines` sets 1).
        self.pool = ThreadPoolExecutor(AT_ONCE, "studio", torch.set_num_threads, (torch.get_num_threads(),))
        self.row: list[asyncio.Event] = []

    def close(self) -> None:
        """Wait for no work; what runs ends with its next event."""
        self.pool.shutdown(wait=False, cancel_futures=True)

    async def run(self, work: Callable[[Emit], Any]) -> AsyncIterator[bytes]:
        """Yield the events of a piece of work as server-sent events: "queue" while it waits, its own, then "done".

        An InputError is the event "error". Whoever stops iterating stops the work.
        """
        loop, events = asyncio.get_running_loop(), asyncio.Queue[tuple[str, Any]]()
        try:
            ticket, has_left = self._enter(), False
        except InputError as error:  # an answer may have begun: it is too late for another status
            yield event("error", {"error": str(error)})
            return
        started: Future[None] | None = None

        def emit(name: str, data: Any) -> None:
            if has_left or loop.is_closed():
                raise Left
            loop.call_soon_threadsafe(events.put_nowait, (name, data))

        try:
            async for ahead in self._ahead(ticket):
                yield event("queue", {"ahead": ahead})
            started = self.pool.submit(_run, work, emit)
            while True:
                name, data = await events.get()
                yield event(name, data)
                if name in ("done", "error"):
                    return
        finally:
            has_left = True
            if started is None:
                self._leave(ticket)
            else:  # the place is free when the thread is, which ends with its next event
                started.add_done_callback(lambda _: _call(loop, self._leave, ticket))

    def _enter(self) -> asyncio.Event:
        if len(self.row) >= AT_ONCE + MAX_WAITING:
            raise InputError(f"{MAX_WAITING} others are waiting already; try again in a minute")
        ticket = asyncio.Event()
        self.row.append(ticket)
        return ticket

    def _leave(self, ticket: asyncio.Event) -> None:
        self.row.remove(ticket)
        for other in self.row:
            other.set()

    async def _ahead(self, ticket: asyncio.Event) -> AsyncIterator[int]:
        """Yield how many must end first, again whenever that changes, until it is none."""
        while (place := self.row.index(ticket)) >= AT_ONCE:
            yield place - AT_ONCE + 1
            ticket.clear()
            await ticket.wait()


def _run(work: Callable[[Emit], Any], emit: Emit) -> None:
    """Do the work, and emit its end: what it returns, or what is wrong."""
    try:
        try:
            emit("done", work(emit))
        except InputError as error:
            emit("error", {"error": str(error)})
        except OSError as error:
            emit("error", {"error": f"the system refused: {error.strerror or error}"})
        except Left:
            raise
        except Exception:
            traceback.print_exc()
            emit("error", {"error": "something in the studio is broken; its terminal says where"})
    except Left:
        pass


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., Any], *args: Any) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(function, *args)


def event(name: str, data: Any) -> bytes:
    """Return a server-sent event with plain data."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
