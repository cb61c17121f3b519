"""Calls of the page by which it is given a handwriting: its sentences, its training, its file."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ink.strokes import InkLine
from studio.calls import MAX_FILE, file_response, in_thread, in_turn, json_of
from studio.guard import body
from studio.hand import ENOUGH, Hands
from studio.hand_file import export, import_hand
from studio.reading import ReadingDesk
from studio.training import Trainings
from studio.turns import Turns
from utils.errors import InputError


class HandCalls:
    """Answers to the page's calls.

    hands     gives the handwritings, once the network that writes is loaded
    reading   gives the network that reads, once it is loaded
    base      the network that handwritings are learned with; None: the usual one
    minutes   time that one is learned in; 0: all steps of its config
    """

    def __init__(
        self,
        folder: Path,
        turns: Turns,
        hands: Callable[[], Awaitable[Hands]],
        reading: Callable[[], Awaitable[ReadingDesk]],
        base: Path | None,
        minutes: float,
    ) -> None:
        self.turns, self.hands, self.reading, self.base = turns, hands, reading, base
        extra = [] if base is None else [str(base.resolve())]
        self.trainings = Trainings(
            lambda name: folder / name, lambda name: ["-m", "studio.learn", str(folder / name), str(minutes), *extra]
        )

    def routes(self) -> dict[str, Callable[[Request], Awaitable[Response]]]:
        """The calls, by their paths."""
        return {
            "/api/hands": self.all,
            "/api/hands/new": self.new,
            "/api/hands/open": self.open,
            "/api/hands/sentence": self.sentence,
            "/api/hands/learn": self.learn,
            "/api/hands/stop": self.stop,
            "/api/hands/export": self.export,
            "/api/hands/import": self.import_file,
            "/api/hands/remove": self.remove,
        }

    async def all(self, _: Request) -> Response:
        """Every handwriting, and the trainings since the studio was started, by the id of their handwriting."""
        hands = await self.hands()
        return JSONResponse({"hands": await in_thread(hands.all), "trainings": self.trainings.states})

    async def new(self, request: Request) -> Response:
        """Begin a handwriting."""
        title, hands = str((await json_of(request)).get("title", "")), await self.hands()
        return JSONResponse(await in_thread(lambda: hands.new(title).pages()))

    async def open(self, request: Request) -> Response:
        """The sentences of a handwriting with their ink."""
        name, hands = await _name(request), await self.hands()
        return JSONResponse(await in_thread(lambda: hands.get(name).pages()))

    async def sentence(self, request: Request) -> Response:
        """Check a sentence, and keep it."""
        data, hands, reading = await json_of(request), await self.hands(), await self.reading()

        def read(line: InkLine) -> str:
            return reading.read([line])[0].text

        add = partial(hands.add, str(data.get("id", "")), data.get("number"), data.get("ink"), read)
        return JSONResponse(await in_turn(self.turns, add))

    async def learn(self, request: Request) -> Response:
        """Train a handwriting when it is its turn."""
        name, hands = await _name(request), await self.hands()
        summary = await in_thread(lambda: hands.get(name).summary())
        if summary["written"] < summary["enough"]:
            raise InputError(f"write {ENOUGH} sentences at least; {summary['written']} are written")
        self.trainings.start(name)
        return JSONResponse({})

    async def stop(self, request: Request) -> Response:
        """End a training."""
        await self.trainings.stop(await _name(request))
        return JSONResponse({})

    async def export(self, request: Request) -> Response:
        """A handwriting as a file."""
        name, hands = await _name(request), await self.hands()
        return file_response(await in_thread(lambda: export(hands.get(name))))

    async def import_file(self, request: Request) -> Response:
        """A handwriting from a file."""
        content, hands = await body(request, MAX_FILE, "the file"), await self.hands()
        hand = await in_turn(self.turns, lambda: import_hand(hands, content, self.base))
        return JSONResponse(hand.pages())

    async def remove(self, request: Request) -> Response:
        """Delete a handwriting, and end its training."""
        name, hands = await _name(request), await self.hands()
        await self.trainings.stop(name)
        await in_thread(lambda: hands.remove(name))
        self.trainings.forget(name)
        return JSONResponse({})


async def _name(request: Request) -> str:
    data: Any = await json_of(request)
    return str(data.get("id", ""))
