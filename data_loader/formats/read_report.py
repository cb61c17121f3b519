"""The parts that all readers share: progress, a file's fault, and the report of oddities with their places."""

from collections.abc import Callable, Iterable
from typing import Any, TypedDict

Progress = Callable[[Iterable[Any], int | None, str], Iterable[Any]]
"""Wraps a reader's longest loop: (what it walks over, how many there are if that is known, what is read)."""

MAX_PLACES_SHOWN = 3


class BadFileError(Exception):
    """One file or line that cannot be used: `kind` names the fault in few words, `problem` gives its details."""

    def __init__(self, kind: str, problem: str) -> None:
        super().__init__(f"{kind}: {problem}")
        self.kind, self.problem = kind, problem


Place = dict[str, str]
"""The place of an oddity, under "where" (a line's id, a form, a file), and its details, under "what"."""


class Kind(TypedDict):
    """All places of one kind of oddity."""

    count: int
    places: list[Place]


class Report:
    """Oddities by kind: `noted` ones changed nothing, `dropped` ones cost the corpus the line that is named."""

    def __init__(self) -> None:
        self._noted: dict[str, list[Place]] = {}
        self._dropped: dict[str, list[Place]] = {}

    def note(self, kind: str, where: str, problem: str) -> None:
        """Keep an oddity that left nothing out."""
        self._noted.setdefault(kind, []).append({"where": where, "what": problem})

    def dropped(self, kind: str, where: str, problem: str) -> None:
        """Keep a line or file that was left out."""
        self._dropped.setdefault(kind, []).append({"where": where, "what": problem})

    @property
    def num_dropped(self) -> int:
        """The number of lines and files that were left out."""
        return sum(len(places) for places in self._dropped.values())

    def summary(self) -> list[str]:
        """One short text a kind, for the terminal: its count and its first places; what was left out comes first."""
        return [_line(f"left out, {kind}", places) for kind, places in self._dropped.items()] + [
            _line(kind, places) for kind, places in self._noted.items()
        ]

    def as_dict(self) -> dict[str, dict[str, Kind]]:
        """All counts and places as plain data: {"dropped": {kind: {"count", "places"}}, "noted": the same}."""
        return {"dropped": _by_kind(self._dropped), "noted": _by_kind(self._noted)}


def _by_kind(kinds: dict[str, list[Place]]) -> dict[str, Kind]:
    return {kind: {"count": len(places), "places": list(places)} for kind, places in kinds.items()}


def _line(kind: str, places: list[Place]) -> str:
    shown = ", ".join(place["where"] for place in places[:MAX_PLACES_SHOWN])
    more = len(places) - MAX_PLACES_SHOWN
    return f"{kind}: {len(places)} ({shown}{f' and {more} more' if more > 0 else ''})"
