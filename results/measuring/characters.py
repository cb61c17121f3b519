"""Every character of a writer's alphabet, written in words and numbers where people put it, and read back."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein

from base.base_model import Sample
from results.measuring.by_kind import known_to_both, unknown
from results.measuring.character_texts import CharacterTexts
from results.measuring.judged import Trial
from results.reading.decoding import GREEDY
from results.reading.reader import Reader
from results.writing.best_of import read_back
from results.writing.lines import SEEDS_PER_WRITING, Style
from results.writing.writer import Draw, Writer
from utils.checkpoint import save_with_facts
from utils.run_folders import checkpoint_of

SHOWN = 3
"""Texts of each character that are shown: the first, whatever was read in them."""
SEEDS_PER_CHARACTER = 1000
"""Distance of the seeds of the characters; with this many texts of each, all lines have seeds of their own."""
ENOUGH = 0.95
"""Share of texts from which on a character counts as written right: 19 of 20."""


@dataclass(frozen=True)
class WrittenCharacter:
    """A text that was written to have a character, and what was read.

    wrong   positions in the text at which the character was misread
    points  (T, 3) in the data set's units
    owner   (T,) position in the text of the character that each point belongs to, by the attention; None without one
    """

    text: str
    read: str
    wrong: list[int]
    points: np.ndarray
    owner: np.ndarray | None

    @property
    def is_wrong_at(self) -> np.ndarray:
        """True (T,) for the points of a character that was misread; of the whole ink where its own is not known."""
        if self.owner is None:
            return np.full(len(self.points), bool(self.wrong))
        return np.isin(self.owner, self.wrong)


@dataclass(frozen=True)
class CharactersJudged:
    """All numbers, and some texts that were written of each character."""

    numbers: dict[str, Any]
    shown: dict[str, list[WrittenCharacter]]


def characters(
    writer: Writer,
    reader: Reader,
    *,
    n: int = 20,
    bias: float = 1.0,
    seed: int = 1,
    style: Style | None = None,
    draw: Draw | None = None,
    is_finished: bool = False,
) -> CharactersJudged:
    """Write n texts for every character that both networks know but the space, and read them; is_finished: with the
    signs drawn that `write` draws.

    In `numbers`: `characters`, by character, `right` of `tried` texts, in which it was read wherever it is, and
    `read_as`, counts of what was read instead ("": it was left out); `unknown` as `legibility_by_kind` has it. Texts
    are compared as they were read, without the rule for transcriptions, which leaves "#" out.

    Raises InputError where a network is of another kind.
    """
    trial = Trial(writer, reader, style, draw or Writer.draw_lines, GREEDY)
    trial.require_sane([bias], n, seed)
    known = known_to_both(writer, reader)
    maker = CharacterTexts(known)
    jobs = [
        (character, text, seed * SEEDS_PER_WRITING + place * SEEDS_PER_CHARACTER + number)
        for place, character in enumerate(sorted(known - {" "}))
        for number, text in enumerate(maker.texts(character, n, seed))
    ]
    texts, seeds = [text for _, text, _ in jobs], [line_seed for _, _, line_seed in jobs]
    if is_finished:
        drawn = writer.draw_texts(texts, seeds, bias, trial.style, trial.draw)
    else:
        drawn = trial.draw(writer, texts, seeds, bias, trial.style)
    readings = read_back(reader, writer, drawn)
    written: dict[str, list[WrittenCharacter]] = {}
    for (character, text, _), sample, (read, _) in zip(jobs, drawn, readings, strict=True):
        written.setdefault(character, []).append(_written(writer, character, text, sample, read))
    numbers = {
        **{"checkpoint": str(writer.path), "reader": str(reader.path), "style": trial.style and trial.style.name},
        **{"n": n, "bias": bias, "seed": seed, "unknown": unknown(writer, reader)},
        "drawn": "".join(sorted(writer.spelling.signs & known)) if is_finished else "",
        "characters": {character: _counts(character, texts) for character, texts in written.items()},
    }
    return CharactersJudged(numbers, {character: texts[:SHOWN] for character, texts in written.items()})


def save_read_right(writer: Writer, file: Path, numbers: dict[str, Any]) -> None:
    """Write the writer's checkpoint with the share of right texts of every character as the fact `read_right`."""
    shares = {name: part["right"] / part["tried"] for name, part in numbers["characters"].items()}
    save_with_facts(checkpoint_of(writer.path, "best.pt"), file, {"read_right": shares})


def _written(writer: Writer, character: str, text: str, sample: Sample, read: str) -> WrittenCharacter:
    misread = {edit.dest_pos for edit in Levenshtein.editops(read, text) if edit.tag != "delete"}
    wrong = [at for at in sorted(misread) if text[at] == character]
    path = sample.path
    owner = np.append(path[:1], path) if len(path) else None
    return WrittenCharacter(text, read, wrong, writer.points(sample.strokes), owner)


def _counts(character: str, texts: list[WrittenCharacter]) -> dict[str, Any]:
    """Return how many texts are right, and what the character was read as where they are not."""
    read_as: Counter[str] = Counter()
    for line in texts:
        for edit in Levenshtein.editops(line.read, line.text):
            if edit.tag != "delete" and line.text[edit.dest_pos] == character:
                read_as["" if edit.tag == "insert" else line.read[edit.src_pos]] += 1
    right = sum(not line.wrong for line in texts)
    return {"right": right, "tried": len(texts), "read_as": dict(read_as.most_common())}
