"""The share of lines that a network wrote in a writer's style which are taken for that writer's, and of real lines."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.line_choice import splits_to_use
from data_loader.prepare import open_corpus
from ink.strokes import InkLine
from results.reading.embedder import Embedder
from results.writing.styles import style_of
from results.writing.writer import Writer
from utils.errors import InputError

WRITERS, REFERENCES, JUDGED = 24, 8, 4
"""Writers to tell apart; lines by which each is known, and lines of each to judge."""
CHARACTERS = 15, 60
"""Fewest and most characters of a line that is used: a single word shows too little of a writer."""


def writers_apart(
    corpus: str,
    splits: Sequence[str] | None,
    *,
    writers: int = WRITERS,
    judged: int = JUDGED,
    seed: int = 1,
    data_dir: Path = Path("data"),
    alphabet: str | None = None,
) -> dict[str, tuple[list[InkLine], list[InkLine]]]:
    """Random lines of random writers of a corpus, by name: REFERENCES to know each by, and `judged` others and a style.

    splits    None: those that are usually validated
    alphabet  characters that the texts may have

    Raises InputError where fewer than two writers have so many lines.
    """
    opened = open_corpus(corpus, data_dir)
    by_writer = defaultdict(list)
    for place in opened.lines_of(splits or splits_to_use(opened, None, None)[1]).tolist():
        text = opened.text(place)
        if CHARACTERS[0] <= len(text) <= CHARACTERS[1] and (alphabet is None or {*text} <= {*alphabet}):
            by_writer[opened.card["writers"][opened.index["writer"][place]]].append(place)
    if writers < 2 or judged < 1:
        raise InputError(f"{judged} lines of each of {writers} writers; it must be 1 or more of 2 writers or more")
    needed = REFERENCES + judged + 1
    names = sorted(name for name, lines in by_writer.items() if name and len(lines) >= needed)
    if len(names) < 2:
        sizes = f"{CHARACTERS[0]} to {CHARACTERS[1]} characters"
        raise InputError(f"{opened.folder}: {len(names)} writers have {needed} lines of {sizes}")
    rng = np.random.default_rng(seed)
    chosen = {}
    for name in sorted(rng.permutation(names)[:writers].tolist()):
        lines = [opened.line(place) for place in rng.permutation(by_writer[name])[:needed].tolist()]
        chosen[name] = lines[:REFERENCES], lines[REFERENCES:]
    return chosen


def likeness(
    embedder: Embedder,
    writer: Writer | None,
    lines: dict[str, tuple[list[InkLine], list[InkLine]]],
    *,
    bias: float = 1.0,
    seed: int = 1,
    same_units: bool = True,
) -> dict[str, Any]:
    """Share of the real lines, and of those written in their writer's style, that are nearest to their own writer.

    Of the lines to judge of `writers_apart` the last is the style, and the network writes the texts of the others. It
    is not among the lines by which its writer is known.

    same_units  the lines are of the corpus that the network learned from, see `style_of`
    """
    known = {name: embedder.centre(references) for name, (references, _) in lines.items()}
    kinds = {"real": [(name, line) for name, (_, others) in lines.items() for line in others[:-1]]}
    if writer is not None:
        kinds["written"] = list(_written(writer, lines, bias, seed, same_units))
    numbers: dict[str, Any] = {"n_writers": len(lines), "n_references": REFERENCES, "by_writer": {}}
    for kind, judged in kinds.items():
        taken_for = embedder.writers_of([line for _, line in judged], known)
        right = [(name, name == other) for (name, _), other in zip(judged, taken_for, strict=True)]
        numbers |= {f"n_{kind}": len(right), f"rate_{kind}": float(np.mean([is_own for _, is_own in right]))}
        for name in lines:
            shares = numbers["by_writer"].setdefault(name, {})
            shares[kind] = float(np.mean([is_own for own, is_own in right if own == name] or [False]))
    if writer is not None:
        numbers["ratio"] = numbers["rate_written"] / max(numbers["rate_real"], 1e-9)
    return numbers


def _written(
    writer: Writer, lines: dict[str, tuple[list[InkLine], list[InkLine]]], bias: float, seed: int, same_units: bool
) -> Iterator[tuple[str, InkLine]]:
    """Yield for each writer the texts of the lines to judge, written in the style of the last of them."""
    for number, (name, (_, others)) in enumerate(lines.items()):
        texts = [line.text for line in others[:-1]]
        first = seed + number * len(texts)
        style = style_of(writer, others[-1], same_units=same_units)
        drawn = writer.draw_lines(texts, range(first, first + len(texts)), bias, style)
        for line, sample in zip(others[:-1], drawn, strict=True):
            if len(sample.strokes) > 1:
                yield name, replace(line, points=writer.points(sample.strokes), times=None)
