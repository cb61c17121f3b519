"""The lines of a prepared corpus looked at one by one, and their counts against the card's."""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from data_loader.corpus import CARD

AGAIN = "prepare the corpus again"
MOST_PLACES = 5  # named of each kind of fault; the others are counted
CHANCE_POINTS = 32  # shorter lines, such as the single dash of a digit, may be alike by chance
FARTHEST = 1e6  # from there on float32 cannot tell a sixteenth of a unit
ROUNDING = 1e-9  # of sums, relative


class Found:
    """Faults and notes by file and kind, with the first places of each."""

    def __init__(self) -> None:
        self.faults: dict[tuple[str, str], list[str]] = {}
        self.notes: dict[tuple[str, str], list[str]] = {}
        self.counts: Counter[tuple[str, str]] = Counter()

    def fault(self, file: str, what: str, place: str = "") -> None:
        """Keep a fault and its place, such as "line a01-000u-01"; `what` ends with the mend."""
        self._add(self.faults, file, what, place)

    def note(self, file: str, what: str, place: str = "") -> None:
        """Keep what does not make the corpus unsound."""
        self._add(self.notes, file, what, place)

    def _add(self, kinds: dict[tuple[str, str], list[str]], file: str, what: str, place: str) -> None:
        self.counts[file, what] += 1
        places = kinds.setdefault((file, what), [])
        if len(places) < MOST_PLACES:
            places.append(place)

    def told(self, kinds: dict[tuple[str, str], list[str]]) -> Iterator[str]:
        """One line of text a place, and one for those that were only counted."""
        for (file, what), places in kinds.items():
            yield from (": ".join(filter(None, (file, place, what))) for place in places)
            more = self.counts[file, what] - len(places)
            if more:
                yield f"{file}: {more:,} more: {what}"


class LineCheck:
    """The lines of a corpus, looked at in pieces, and what is counted on the way."""

    def __init__(self, arrays: dict[str, np.ndarray], found: Found) -> None:
        self.arrays, self.found = arrays, found
        self.index = arrays["lines.bin"]
        count = len(self.index) - 1
        self.ink, self.ids = np.zeros(count, np.uint64), np.zeros(count, np.uint64)  # hashes of each line's
        self.sums = np.zeros((count, 4))  # of the offsets x, y and of their squares
        self.text_lengths = np.zeros(count, np.int64)
        self.characters: Counter[str] = Counter()

    def _bytes(self, file: str, field: str, line: int) -> bytes:
        return self.arrays[file][self.index[field][line] : self.index[field][line + 1]].tobytes()

    def _name(self, line: int) -> str:
        """How a line is called in a message."""
        name = self._bytes("ids.bin", "id", line).decode(errors="replace")
        return f"line {name}" if name.isprintable() and name and "\ufffd" not in name else f"line number {line}"

    def _fault(self, file: str, wrong: np.ndarray, what: str) -> None:
        for line in wrong.tolist():
            self.found.fault(file, f"{what}; {AGAIN}", self._name(line))

    def check(self, first: int, last: int) -> None:
        """Look at lines [first, last) and keep their sums and hashes."""
        lengths = np.diff(self.index["point"][first : last + 1])
        self._fault("lines.bin", first + np.flatnonzero(lengths < 2), "it has fewer than two points")
        lines = first + np.flatnonzero(lengths > 0)
        if len(lines):
            self._check_points(lines)
            self._check_times(lines)
        for line in range(first, last):
            self._check_text(line)
            self.ids[line] = _hash(self._bytes("ids.bin", "id", line))
            self.ink[line] = _hash(self._bytes("points.bin", "point", line))

    def _check_points(self, lines: np.ndarray) -> None:
        """The points of neighbouring lines, none empty."""
        begin, end = self.index["point"][lines[0]], self.index["point"][lines[-1] + 1]
        with np.errstate(invalid="ignore"):  # a signalling NaN
            points = self.arrays["points.bin"][begin:end].astype(np.float64)
        starts = self.index["point"][lines] - begin
        finite = np.isfinite(points).all(1)
        points[~np.isfinite(points)] = 0
        last = np.append(starts[1:], len(points)) - 1
        lifts = points[:, 2]
        wrong_lift = finite & (lifts != 0) & (lifts != 1)
        far = (np.abs(points[:, :2]) > FARTHEST).any(1)
        self._fault("points.bin", lines[np.logical_or.reduceat(~finite, starts)], "a value is not finite")
        self._fault("points.bin", lines[np.logical_or.reduceat(wrong_lift, starts)], "an end_of_stroke is not 0 or 1")
        self._fault("points.bin", lines[lifts[last] != 1], "its last point does not end a stroke")
        for line in lines[np.logical_or.reduceat(far, starts)].tolist():
            what = f"a coordinate is beyond {FARTHEST:,.0f}, float32 rounds it; choose a larger unit"
            self.found.note("points.bin", what, self._name(line))
        offsets = np.diff(points[:, :2], axis=0, append=0)
        offsets[last] = 0
        self.sums[lines] = np.add.reduceat(np.hstack((offsets, np.square(offsets))), starts)

    def _check_times(self, lines: np.ndarray) -> None:
        """The times of neighbouring lines, none empty."""
        begin, end = self.index["point"][lines[0]], self.index["point"][lines[-1] + 1]
        times = self.arrays["times.bin"][begin:end]
        starts = self.index["point"][lines] - begin
        self._fault("times.bin", lines[np.logical_or.reduceat(np.isinf(times), starts)], "a time is infinite")
        unknown = np.add.reduceat(np.isnan(times).astype(np.int64), starts)
        partly = (unknown > 0) & (unknown < np.diff(np.append(starts, len(times))))
        falls = np.append(times[1:] < times[:-1], False)
        falls[np.append(starts[1:], len(times)) - 1] = False
        for line in lines[partly].tolist():
            self.found.note("times.bin", "some of its times are unknown, so that none is used", self._name(line))
        for line in lines[np.logical_or.reduceat(falls, starts)].tolist():
            self.found.note("times.bin", "its times run backwards somewhere", self._name(line))

    def _check_text(self, line: int) -> None:
        for file, field in (("ids.bin", "id"), ("texts.bin", "text")):
            try:
                text = self._bytes(file, field, line).decode()
            except UnicodeDecodeError:
                self._fault(file, np.array([line]), "not UTF-8")
                continue
            if field == "text":
                self.characters.update(text)
                self.text_lengths[line] = len(text)
                if not unicodedata.is_normalized("NFC", text):
                    self._fault(file, np.array([line]), "not in Unicode's composed form, NFC")
            if not text.isprintable():
                self._fault(file, np.array([line]), "a character that cannot be written, such as a line break")

    def compare_lines(self, card: dict[str, Any]) -> None:
        """No two lines are called alike, no ink is in two splits; a writer in two splits is noted."""
        split_names = list(card["splits"])
        splits, writers = self.index["split"][:-1], self.index["writer"][:-1]
        for lines in _alike(self.ids):
            self.found.fault("ids.bin", f"{len(lines)} lines have this id; give each its own", self._name(lines[0]))
        for lines in _alike(self.ink):
            same = ", ".join(map(self._name, lines[:MOST_PLACES].tolist()))
            by_chance = np.diff(self.index["point"])[lines[0]] < CHANCE_POINTS
            if len(np.unique(splits[lines])) > 1:
                tell = self.found.note if by_chance else self.found.fault
                tell("points.bin", "the same ink is in two splits; leave one out of the source", same)
            elif not by_chance:
                self.found.note("points.bin", "the same ink is there twice; leave one out of the source", same)
        pairs = np.unique(writers.astype(np.int64) * len(split_names) + splits)
        owners, begin, counts = np.unique(pairs // len(split_names), return_index=True, return_counts=True)
        for writer, first, count in zip(*(part[counts > 1].tolist() for part in (owners, begin, counts)), strict=True):
            if card["writers"][writer]:
                names = [split_names[pair % len(split_names)] for pair in pairs[first : first + count].tolist()]
                what = "has lines in two splits; a score on one is not that of an unseen hand"
                self.found.note("lines.bin", what, f"writer {card['writers'][writer]} ({', '.join(names)})")

    def compare_counts(self, card: dict[str, Any]) -> None:
        """Counts, sums and characters are the card's."""
        lengths, splits = np.diff(self.index["point"]), self.index["split"][:-1]
        self._compare("points", card.get("points"), int(lengths.sum()))
        self._compare("characters", card.get("characters"), dict(self.characters))
        self._compare("alphabet", card["alphabet"], "".join(sorted(self.characters)))
        for number, (name, part) in enumerate(card["splits"].items()):
            own = splits == number
            offsets = int((lengths[own] - 1).sum())
            writers = {card["writers"][writer] for writer in np.unique(self.index["writer"][:-1][own])}
            self._compare(f"split {name}, lines", part.get("lines"), int(own.sum()))
            self._compare(f"split {name}, points", part.get("points"), int(lengths[own].sum()))
            self._compare(f"split {name}, offsets", part["offsets"], offsets)
            self._compare(f"split {name}, characters", part.get("characters"), int(self.text_lengths[own].sum()))
            self._compare(f"split {name}, writers", part.get("writers"), len(writers - {""}))
            sums = self.sums[own].sum(0)
            for key, counted, size in (
                ("sum", sums[:2], np.sqrt(offsets * sums[2:])),
                ("sum_of_squares", sums[2:], sums[2:]),
            ):
                if not _is_near(part[key], counted, ROUNDING * size):
                    self._compare(f"split {name}, {key}", part[key], counted.tolist())

    def _compare(self, what: str, said: Any, counted: Any) -> None:
        if said != counted:
            self.found.fault(CARD, f"{what}: it says {_short(said)}, the files {_short(counted)}; {AGAIN}")


def _hash(data: bytes) -> int:
    """64 bits of a hash: two of a million lines collide once in thirty million corpora."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def _alike(hashes: np.ndarray) -> Iterator[np.ndarray]:
    """The positions (n,) of each hash that is there more than once."""
    order = np.argsort(hashes, kind="stable")
    same = np.concatenate(([False], hashes[order[1:]] == hashes[order[:-1]], [False])).astype(np.int8)
    steps = np.diff(same)
    for begin, end in zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True):
        yield order[begin : end + 1]


def _is_near(said: list[Any], counted: np.ndarray, most: np.ndarray) -> bool:
    """Whether what a card says is numbers, no farther than `most` from those counted."""
    try:
        return bool((np.abs(np.array(said, np.float64) - counted) <= most).all())
    except (TypeError, ValueError, OverflowError):
        return False


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
