"""Legibility by kind of text: numbers, capitals, rare letters, line ends, next to real lines of the same kind."""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.prepare import open_corpus
from ink.strokes import InkLine
from results.measuring.judged import JudgedLine, Trial, rates
from results.measuring.texts import KINDS, TextMaker
from results.reading.reader import Reader
from results.writing.lines import SEEDS_PER_WRITING
from results.writing.writer import Writer
from utils.errors import InputError

PRINTABLE = string.ascii_letters + string.digits + string.punctuation
"""The printable characters of ASCII but the space."""
SEEDS_PER_KIND = SEEDS_PER_WRITING // (2 * len(KINDS))
"""Distance of the seeds of two kinds: a line does not depend on the kinds and the number of lines before it."""


@dataclass(frozen=True)
class LegibilityByKind:
    """All numbers, the real lines by kind, and by bias the lines written by kind."""

    numbers: dict[str, Any]
    real: dict[str, list[JudgedLine]]
    written: dict[float, dict[str, list[JudgedLine]]]


def legibility_by_kind(
    trial: Trial,
    kinds: Sequence[str] = (),
    *,
    n: int = 100,
    biases: Sequence[float] = (1.0,),
    seed: int = 1,
    corpus: str | None = None,
    splits: list[str] | None = None,
    data_dir: Path = Path("data"),
) -> LegibilityByKind:
    """Write n texts of each kind (none named: of all) at every bias and read them; read real lines of the kinds too.

    The texts have the characters alone that both networks know; the same seed gives the same texts to all writers that
    know the same characters. Real lines are those of the corpus (None: there are none) whose text is of the kind: of
    `splits`, of the split of the kind's name in a corpus of `data_loader.kinds_of_text`, else of all.

    In `numbers`: `rows`, one per bias and kind and one of all, and `real`, by kind, each with `judged.rates`;
    `unknown` characters; `left_out`, kinds that the known characters make no text of.

    Raises InputError where a network is of another kind, no text can be made, or the corpus is not there.
    """
    trial.require_sane(biases, n, seed)
    writer, reader, style = trial.writer, trial.reader, trial.style
    lines = lines_of_kinds(known_to_both(writer, reader), kinds or list(KINDS), n, seed)
    if not any(lines.values()):
        raise InputError(
            f"{writer.path}: knows too few characters, {writer.alphabet.characters!r}, for a text to judge"
        )
    real = real_lines(corpus, splits, data_dir, list(lines), n, seed) if corpus else {}
    judged = {kind: trial.real(some) for kind, some in real.items() if some}
    written = {bias: _written(trial, lines, seed, bias) for bias in biases}
    numbers = {
        **{"checkpoint": str(writer.path), "reader": str(reader.path), "style": style and style.name, "seed": seed},
        **{"n": n, "corpus": corpus, "decoding": trial.decoding.settings},
        "unknown": unknown(writer, reader),
        "left_out": [kind for kind, some in lines.items() if not some],
        "rows": [
            {"bias": bias, "kind": kind, "lines": len(some), **rates(some)}
            for bias, by_kind in written.items()
            for kind, some in (by_kind | {"all": [line for lines in by_kind.values() for line in lines]}).items()
        ],
        "real": {kind: {"lines": len(some), **rates(some)} for kind, some in judged.items()},
    }
    return LegibilityByKind(numbers, judged, written)


def known_to_both(writer: Writer, reader: Reader) -> set[str]:
    """Return the characters that can be written and judged, the space too if it can be written."""
    return set(writer.characters) & {*reader.alphabet.characters, " "}


def unknown(writer: Writer, reader: Reader) -> dict[str, str]:
    """Return the printable characters that the writer does not know, and others that the reader does not."""
    writable = [character for character in PRINTABLE if character in writer.characters]
    return {
        "writer": "".join(character for character in PRINTABLE if character not in writable),
        "reader": "".join(reader.alphabet.missing("".join(writable))),
    }


def unknown_remarks(numbers: dict[str, Any]) -> list[str]:
    """Return sentences that name the characters which are unknown."""
    named = ((role, characters) for role, characters in numbers["unknown"].items() if characters)
    return [f"Left out, not in the {role}'s alphabet: {' '.join(characters)}" for role, characters in named]


def lines_of_kinds(characters: set[str], kinds: Sequence[str], n: int, seed: int) -> dict[str, list[InkLine]]:
    """Return n lines without ink of each kind, with a text that is to be written."""
    maker, no_ink = TextMaker(characters), np.zeros((0, 3), np.float32)
    return {
        kind: [
            InkLine(f"{KINDS[kind].title} {number}", text, "", kind, no_ink)
            for number, text in enumerate(maker.texts(kind, n, seed), start=1)
        ]
        for kind in kinds
    }


def real_lines(
    corpus: str, splits: list[str] | None, data_dir: Path, kinds: Sequence[str], n: int, seed: int
) -> dict[str, list[InkLine]]:
    """Return a random sample of at most n lines of a corpus of each kind, see `legibility_by_kind`."""
    opened = open_corpus(corpus, data_dir)
    lines = {}
    for kind in kinds:
        _, fits, own = KINDS[kind]
        among = opened.lines_of(splits or [name for name in opened.split_names if name == own] or opened.split_names)
        fitting = [int(line) for line in among if fits(opened.text(int(line)))]
        drawn = np.random.default_rng(seed).permutation(fitting)[:n].astype(int).tolist()
        lines[kind] = [opened.line(line) for line in drawn]
    return lines


def _written(trial: Trial, lines: dict[str, list[InkLine]], seed: int, bias: float) -> dict[str, list[JudgedLine]]:
    """Return the lines of every kind, written at once and read back; a kind without lines is left out."""
    seeds = [
        seed * SEEDS_PER_WRITING + list(KINDS).index(kind) * SEEDS_PER_KIND + number
        for kind, some in lines.items()
        for number in range(len(some))
    ]
    judged = iter(trial.written([line for some in lines.values() for line in some], seeds, bias))
    return {kind: [next(judged) for _ in some] for kind, some in lines.items() if some}
