"""Handwritings that are given to the studio: their sentences, written one after the other and checked, in its folder.

A handwriting is a folder: hand.json (title, sentences, checks), ink.jsonl (a line per sentence that is written),
and once it is learned hand.pt, which `-r` takes, and sample.jsonl, a line that it writes.
"""

import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import RLock
from typing import Any

from rapidfuzz.distance import Levenshtein

from data_loader.formats.ink_files import ink_of
from data_loader.formats.jsonl import write_jsonl
from data_loader.formats.read_report import Report
from data_loader.ink_check import ink_faults, text_faults
from data_loader.prompts import PRINTABLE, RARE_SIGNS, choose_prompts
from ink.strokes import InkLine
from studio.files import file_name
from studio.reading import page_of, plain_page
from studio.styles import card
from utils.errors import InputError
from utils.files import atomic_path, new_folder
from utils.strict_json import read_json

COUNT, ENOUGH = 20, 3
"""Sentences of a handwriting, and those that must be written before it is learned."""
MAX_HANDS = 100
FACTS, INK, WEIGHTS, SAMPLE = "hand.json", "ink.jsonl", "hand.pt", "sample.jsonl"
FILES = (FACTS, INK, WEIGHTS, SAMPLE)
"""Files of a handwriting that last: all else in its folder is made anew by the next training."""
UNUSUAL_SIGNS = RARE_SIGNS | {*"$%+="}
POINTS_PER_CHARACTER = 3
"""Points per character, below which a sentence is hardly written."""
PREFIX = "hand-"
"""Beginning of the ids of cards whose handwriting was learned."""
Read = Callable[[InkLine], str]


@dataclass
class Hand:
    """A handwriting on the disk.

    checks   by sentence: "reading" (the text that was read), "unread" (the characters of the sentence, by number, that
             were not), and "faults", sentences for people
    """

    folder: Path
    title: str
    sentences: list[str]
    checks: dict[int, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> "Hand":
        """Return the handwriting of a folder.

        Raises InputError where its facts cannot be read.
        """
        try:
            facts = read_json(folder / FACTS)
            title, sentences, checks = facts["title"], facts["sentences"], facts["checks"]
            texts = [title, *sentences]
            is_good = all(isinstance(text, str) and 0 < len(text) < 200 and text.isprintable() for text in texts)
            checks = {int(number): _plain_check(check) for number, check in checks.items()}
            if not (is_good and isinstance(sentences, list) and 0 < len(sentences) <= MAX_HANDS):
                raise ValueError
        except (ValueError, TypeError, KeyError, AttributeError):
            raise InputError(f"{folder.name}: {FACTS} is damaged; import the handwriting again, or delete it") from None
        return cls(folder, title, sentences, checks)

    @property
    def is_learned(self) -> bool:
        """True if a network has learned it."""
        return (self.folder / WEIGHTS).is_file() and (self.folder / SAMPLE).is_file()

    @property
    def weights(self) -> Path:
        """The network that learned it.

        Raises InputError where none did yet.
        """
        if not self.is_learned:
            raise InputError(f"the handwriting of {self.title} is not learned yet")
        return self.folder / WEIGHTS

    def save(self) -> None:
        """Write the facts to the disk."""
        facts = {"title": self.title, "sentences": self.sentences, "checks": self.checks}
        with atomic_path(self.folder / FACTS) as path:
            path.write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")

    def lines(self) -> dict[int, InkLine]:
        """The sentences that are written, by number."""
        path = self.folder / INK
        lines = ink_of([path], Report()) if path.is_file() else []
        numbered = {int(line.id) - 1: line for line in lines if line.id.isdecimal()}
        return {number: line for number, line in numbered.items() if 0 <= number < len(self.sentences)}

    def add(self, number: int, line: InkLine, check: dict[str, Any]) -> None:
        """Keep a sentence, in place of an older ink of it."""
        named = replace(line, id=str(number + 1), text=self.sentences[number], writer=self.title)
        lines = {**self.lines(), number: named}
        write_jsonl([lines[each] for each in sorted(lines)], self.folder / INK)
        self.checks[number] = check
        self.save()

    def summary(self) -> dict[str, Any]:
        """The handwriting as the page lists it."""
        written = self.lines()
        return {
            "id": self.folder.name,
            "title": self.title,
            "count": len(self.sentences),
            "written": len(written),
            "enough": min(ENOUGH, len(self.sentences)),
            "learned": self.is_learned,
            "missing": _missing(self.sentences, [line.text for line in written.values()]),
            "card": self.card() if self.is_learned else None,
        }

    def card(self) -> dict[str, Any]:
        """The card of the handwriting, with a line that the network wrote in it."""
        (line,) = ink_of([self.folder / SAMPLE], Report())[:1]
        return card(PREFIX + self.folder.name, self.title, line)

    def pages(self) -> dict[str, Any]:
        """The handwriting with all of its sentences and their ink, as the page shows it."""
        lines = self.lines()
        return {
            **self.summary(),
            "sentences": [
                {"text": text, "check": self.checks.get(number), "ink": _plain(lines.get(number))}
                for number, text in enumerate(self.sentences)
            ],
        }


class Hands:
    """The handwritings in a folder.

    alphabet   the characters that the network writes; the sentences have no others
    """

    def __init__(self, folder: Path, alphabet: str) -> None:
        self.folder, self.lock = folder, RLock()
        self.alphabet = "".join(known for known in alphabet if known in PRINTABLE and known not in UNUSUAL_SIGNS)

    def folders(self) -> list[Path]:
        """The folder of every handwriting, by name."""
        folders = (path.parent for path in self.folder.glob(f"*/{FACTS}"))
        return sorted(folder for folder in folders if not folder.name.startswith("."))

    def all(self) -> list[dict[str, Any]]:
        """The summary of every handwriting; of a damaged one its id, its name, and as "fault" what is wrong with it."""
        summaries = []
        for folder in self.folders():
            try:
                summaries.append(Hand.of(folder).summary())
            except InputError as error:
                summaries.append({"id": folder.name, "title": folder.name, "card": None, "fault": str(error)})
        return summaries

    def get(self, name: str) -> Hand:
        """The handwriting of an id.

        Raises InputError where there is none, or it is damaged.
        """
        return Hand.of(self._folder_of(name))

    def _folder_of(self, name: str) -> Path:
        """The folder of a handwriting, which is among those that are there, whatever else an id may spell."""
        for folder in self.folders():
            if folder.name == name:
                return folder
        raise InputError(f"the handwriting {name[:40]!r} is not there any more; reload the page")

    def new(self, title: str) -> Hand:
        """Begin a handwriting of the person called `title`.

        Raises InputError where the title has no letter or digit, or is taken.
        """
        title = "".join(character for character in " ".join(title.split()) if character.isprintable())[:40]
        name = file_name(title)
        if not name:
            raise InputError("say whose handwriting it is, with letters or digits")
        with self.lock:
            self.require_place()
            if (self.folder / name).exists():
                raise InputError(f"a handwriting of {title!r} is there already; choose another name")
            sentences = choose_prompts(COUNT, self.alphabet).sentences
            with new_folder(self.folder / name) as folder:
                Hand(folder, title, sentences).save()
            return self.get(name)

    def add(self, name: str, number: int, data: Any, read: Read) -> dict[str, Any]:
        """Check the ink of a sentence, and keep it; returns the check and the summary of the handwriting.

        Raises InputError where there is no such sentence, or the ink is none.
        """
        hand, line = self.get(name), page_of(data)
        if type(number) is not int or not 0 <= number < len(hand.sentences):
            raise InputError("there is no such sentence; reload the page")
        if len(line.points) < 2:
            raise InputError("nothing is written yet")
        made = check(replace(line, text=hand.sentences[number]), read)
        with self.lock:
            hand = self.get(name)
            hand.add(number, line, made)
            return {"check": made, "hand": hand.summary()}

    def remove(self, name: str) -> None:
        """Delete a handwriting with its ink, its trainings and its weights."""
        folder = self._folder_of(name)
        with self.lock:
            doomed = folder.with_name(f".{name}.deleted")
            folder.rename(doomed)
            shutil.rmtree(doomed)

    def place_for(self, title: str) -> Path:
        """The folder of a handwriting that is about to be imported: that of its title, with a number if it is taken."""
        name = file_name(title) or "hand"
        folders = (self.folder / (name if number == 1 else f"{name}-{number}") for number in range(1, MAX_HANDS + 2))
        return next(folder for folder in folders if not folder.exists())

    def require_place(self) -> None:
        """Raise InputError where there are too many handwritings."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if len(self.folders()) >= MAX_HANDS:
            raise InputError(f"{MAX_HANDS} handwritings are there already; delete some first")


def check(line: InkLine, read: Read) -> dict[str, Any]:
    """Compare the ink of a line with its text; see `Hand.checks`."""
    if len(line.points) < POINTS_PER_CHARACTER * len(line.text):
        fault = "this is too little ink for the sentence; write all of it, without haste"
        return {"reading": "", "unread": [], "faults": [fault]}
    reading = read(line)
    faults = [fault.split("; ")[0] for fault in ink_faults(line)]
    is_another = any(text_faults(line, reading))
    unread, left_out = _unread(line.text, reading)
    if is_another:
        faults.append("it can hardly be read as this sentence")
    elif left_out:
        faults.append(f"{' and '.join(left_out)} may be missing")
    return {"reading": reading, "unread": [] if is_another else unread, "faults": faults}


def _unread(text: str, reading: str) -> tuple[list[int], list[str]]:
    """The characters of a text, by number, that a reading has not, letter case aside; and the words of which it has
    not one character.
    """
    edits = Levenshtein.editops([*map(str.lower, text)], [*map(str.lower, reading)])
    unread = {edit.src_pos for edit in edits if edit.tag != "insert"}
    lost = {edit.src_pos for edit in edits if edit.tag == "delete"}
    words = (match for match in re.finditer(r"\S{2,}", text) if {*range(*match.span())} <= lost)
    return sorted(place for place in unread if text[place] != " "), [f"“{word[0]}”" for word in words]


def _missing(sentences: Sequence[str], written: Sequence[str]) -> str:
    """The characters that the sentences have, and none of those that are written."""
    return "".join(sorted({*"".join(sentences)} - {*"".join(written)} - {" "}))


def _plain(line: InkLine | None) -> dict[str, Any] | None:
    return plain_page(line) if line else None


def _plain_check(data: Any) -> dict[str, Any]:
    """A check from plain data, of the right types."""
    unread, faults = [int(place) for place in data["unread"]], [str(fault) for fault in data["faults"]]
    return {"reading": str(data["reading"]), "unread": unread, "faults": faults}
