"""The parts that all readers share: progress, a file's fault, and the report of oddities with their places."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any, TypedDict

Progress = Callable[[Iterable[Any], int | None, str], Iterable[Any]]
"""Wraps a reader's longest loop: (what it walks over, how many there are if that is known, what is read)."""

MAX_PLACES_SHOWN = 3
MAX_PLACES_KEPT = 10_000
"""Places per kind of oddity; more are only counted, so that a card stays a small file."""


class BadFileError(Exception):
    """One file or line that cannot be used: `kind` names the fault in few words, `problem` gives its details."""

    def __init__(self, kind: str, problem: str) -> None:
        super().__init__(f"{kind}: {problem}")
        self.kind, self.problem = kind, problem


Place = dict[str, str]
"""The place of an oddity, under "where" (a line's id, a form, a file), and its details, under "what"."""


class Kind(TypedDict):
    """One kind of oddity: its number, and its first MAX_PLACES_KEPT places."""

    count: int
    places: list[Place]


class Report:
    """Oddities by kind: `noted` ones changed nothing, `dropped` ones cost the corpus the line that is named."""

    def __init__(self) -> None:
        self._noted: dict[str, Kind] = {}
        self._dropped: dict[str, Kind] = {}

    def note(self, kind: str, where: str, problem: str) -> None:
        """Keep an oddity that left nothing out."""
        _add(self._noted, kind, {"where": where, "what": problem})

    def dropped(self, kind: str, where: str, problem: str) -> None:
        """Keep a line or file that was left out."""
        _add(self._dropped, kind, {"where": where, "what": problem})

    def add(self, other: "Report") -> None:
        """Keep the oddities of another report too."""
        for mine, theirs in ((self._noted, other._noted), (self._dropped, other._dropped)):
            for name, kind in theirs.items():
                own = mine.setdefault(name, {"count": 0, "places": []})
                own["count"] += kind["count"]
                own["places"] = (own["places"] + kind["places"])[:MAX_PLACES_KEPT]

    @property
    def num_dropped(self) -> int:
        """The number of lines and files that were left out."""
        return sum(kind["count"] for kind in self._dropped.values())

    def summary(self) -> list[str]:
        """One short text a kind, for the terminal: its count and its first places; what was left out comes first."""
        return [_line(f"left out, {name}", kind) for name, kind in self._dropped.items()] + [
            _line(name, kind) for name, kind in self._noted.items()
        ]

    def as_dict(self) -> dict[str, dict[str, Kind]]:
        """All counts and places as plain data: {"dropped": {kind: {"count", "places"}}, "noted": the same}."""
        return {"dropped": deepcopy(self._dropped), "noted": deepcopy(self._noted)}


def _add(kinds: dict[str, Kind], name: str, place: Place) -> None:
    kind = kinds.setdefault(name, {"count": 0, "places": []})
    kind["count"] += 1
    if kind["count"] <= MAX_PLACES_KEPT:
        kind["places"].append(place)


def _line(name: str, kind: Kind) -> str:
    shown = ", ".join(place["where"] for place in kind["places"][:MAX_PLACES_SHOWN])
    more = kind["count"] - MAX_PLACES_SHOWN
    return f"{name}: {kind['count']} ({shown}{f' and {more} more' if more > 0 else ''})"
