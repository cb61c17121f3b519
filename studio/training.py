"""Trainings of handwritings: one at a time, each in a process of its own; the others wait in a row."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path
from typing import Any

from utils.errors import InputError

MAX_WAITING = 20
MAX_REPORT = 1 << 20
"""Bytes of a report, at most; a sample has some 10,000."""
PATIENCE = 20.0
"""Seconds that a training has to end by itself before it is killed."""
LOG = "training.log"
Command = Callable[[str], list[str]]


class Trainings:
    """The trainings of the studio; made in the event loop, where all methods run.

    folder_of    the folder of a handwriting
    command_of   the arguments of Python that train it: a process that reports in lines of JSON, each [kind, data], ends
                 where its standard input does, and reports "end" or "error" last
    """

    def __init__(self, folder_of: Callable[[str], Path], command_of: Command) -> None:
        self.folder_of, self.command_of = folder_of, command_of
        self.row: list[str] = []
        """Handwritings that wait, the first being trained."""
        self.states: dict[str, dict[str, Any]] = {}
        """The latest training of each since the studio was started, as the page shows it."""
        self.process: Process | None = None
        self.work: asyncio.Task[None] | None = None

    def start(self, name: str) -> None:
        """Have a handwriting trained when it is its turn; nothing where it is in the row already."""
        if name in self.row:
            return
        if len(self.row) > MAX_WAITING:
            raise InputError(f"{MAX_WAITING} handwritings are waiting already; try again later")
        self.row.append(name)
        self._count()
        if self.work is None or self.work.done():
            self.work = asyncio.create_task(self._work())

    async def stop(self, name: str) -> None:
        """End a training, or its waiting, and return once it is over."""
        if name not in self.row:
            return
        if self.row[0] != name or self.process is None:
            self.row.remove(name)
            self._set(name, state="stopped")
            return
        self._set(name, state="stopping")
        process = self.process
        assert process.stdin
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            process.kill()
        while self.row[:1] == [name]:
            await asyncio.sleep(0.02)

    async def close(self) -> None:
        """End all trainings."""
        for name in self.row[::-1]:
            await self.stop(name)

    def forget(self, name: str) -> None:
        """Remove what is known of a handwriting that is deleted."""
        self.states.pop(name, None)

    def _count(self) -> None:
        """Bring the places in the row up to date."""
        for ahead, name in enumerate(self.row):
            if ahead or self.process is None:
                self.states[name] = {"state": "waiting", "ahead": ahead}

    def _set(self, name: str, **values: Any) -> None:
        self.states[name] = {**self.states.get(name, {}), **values}
        self._count()

    async def _work(self) -> None:
        """Train what is in the row, one after the other."""
        while self.row:
            name = self.row[0]
            try:
                end = await self._train(name)
            except InputError as error:
                end = {"state": "failed", "error": str(error)}
            except OSError as error:
                end = {"state": "failed", "error": f"the system refused: {error.strerror or error}"}
            self.process = None
            if self.row[:1] == [name]:
                self.row.pop(0)
            self.states[name] = end
            self._count()

    async def _train(self, name: str) -> dict[str, Any]:
        """Train a handwriting: how it ended."""
        with open(self.folder_of(name) / LOG, "wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *self.command_of(name), stdin=PIPE, stdout=PIPE, stderr=log, limit=MAX_REPORT
            )
        if self.row[:1] != [name]:  # it was stopped while its process began
            process.kill()
            await process.wait()
            return {"state": "stopped"}
        self.process = process
        self.states[name] = {"state": "learning", "done": 0.0, "seconds_left": None, "sample": None}
        self._count()
        end: dict[str, Any] | None = None
        assert process.stdout
        async for line in process.stdout:
            if not line.endswith(b"\n"):  # it was killed in the middle of a report
                break
            kind, data = json.loads(line)
            if kind == "progress":
                self._set(name, **data)
            elif kind == "sample":
                self._set(name, sample=data)
            elif kind == "error":
                end = {"state": "failed", "error": data}
            elif kind == "end":
                end = {"state": "stopped"} if data["stopped"] else {"state": "learned", **data}
        await process.wait()
        if end is None and self.states[name]["state"] == "stopping":
            end = {"state": "stopped"}
        return end or {"state": "failed", "error": "the training was ended from outside; the sentences are kept"}
