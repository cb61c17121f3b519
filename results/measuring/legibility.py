"""Legibility of what a network writes, compared with real lines of the same texts, and its variety."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.line_choice import splits_to_use
from data_loader.prepare import open_corpus
from ink.strokes import InkLine
from results.measuring.diversity import diversity
from results.measuring.judged import JudgedLine, Trial, rates
from results.writing.lines import SEEDS_PER_WRITING
from results.writing.writer import Writer
from utils.errors import InputError

DIVERSE_TEXTS, DIVERSE_SEEDS = 20, 5
"""Number of texts, and of writings of each, whose distance is measured."""
DIVERSE_OFFSET = SEEDS_PER_WRITING // 2
"""Distance of the seeds of lines written to measure variety from those of the lines that are read."""


@dataclass(frozen=True)
class Legibility:
    """All numbers, the real lines, and by bias the lines written."""

    numbers: dict[str, Any]
    real: list[JudgedLine]
    written: dict[float, list[JudgedLine]]


def legibility(
    trial: Trial,
    *,
    n: int = 200,
    biases: Sequence[float] = (0.0, 0.5, 1.0),
    seed: int = 1,
    corpus: str | None = None,
    splits: list[str] | None = None,
    data_dir: Path = Path("data"),
) -> Legibility:
    """Write the texts of a random sample of n lines of the splits at every bias; read these and the real lines.

    In `numbers`: cer_real and of every bias, in `rows`, its cer, each with its 95 % bootstrap interval over lines;
    shares of lines that failed, see `failures`, and `failed`, of those that did in any way; shares of misread
    characters by kind (of the real lines too: a reader that misreads their digits is no judge of digits); points per
    character;
    `diversity` of 20 of the texts written five times each, and its ratio to that at bias 0. The same seed gives the
    same texts and, at every bias, the same random numbers.

    Raises InputError where a network is of another kind, or the corpus is not there or has no text to write.
    """
    trial.require_sane(biases, n, seed)
    writer, reader, style = trial.writer, trial.reader, trial.style
    name = corpus or writer.corpus
    lines, splits, left_out = lines_to_write(writer, name, splits, data_dir, n, seed)
    real = trial.real(lines)
    seeds = [seed * SEEDS_PER_WRITING + line for line in range(len(lines))]
    written = {bias: trial.written(lines, seeds, bias) for bias in biases}
    numbers = {
        **{"checkpoint": str(writer.path), "reader": str(reader.path), "style": style and style.name},
        **{"corpus": name, "splits": splits, "n_lines": len(lines), "left_out": left_out, "seed": seed},
        **{f"{key}_real": value for key, value in rates(real).items() if key != "capped"},
        "points_per_character_real": _points_per_character(writer, lines),
        "decoding": trial.decoding.settings,
        "rows": _rows(trial, lines, seed, written),
    }
    return Legibility(numbers, real, written)


def _points_per_character(writer: Writer, lines: list[InkLine]) -> float:
    """Points per character of real lines, transformed as the network's training lines."""
    return sum(len(writer.prepared(line)[0]) for line in lines) / sum(len(line.text) for line in lines)


def _rows(
    trial: Trial, lines: list[InkLine], seed: int, written: dict[float, list[JudgedLine]]
) -> list[dict[str, Any]]:
    """Return the numbers of each bias."""
    # Bias 0 is measured even if it was not asked for: the others are compared with it.
    variety = {bias: _variety(trial, lines, seed, bias) for bias in dict.fromkeys([0.0, *written])}
    base, characters, rows = variety[0.0], sum(len(line.text) for line in lines), []
    for bias, judged in written.items():
        points, spread = sum(len(line.points) for line in judged), variety[bias]
        ratio = spread / base if spread is not None and base else None
        pace = {"points_per_character": points / characters}
        rows.append({"bias": bias, **rates(judged), **pace, "diversity": spread, "diversity_to_bias_0": ratio})
    return rows


def _variety(trial: Trial, lines: list[InkLine], seed: int, bias: float) -> float | None:
    """Return `diversity` of some of the texts, each written from seeds of its own."""
    texts = [line.text for line in lines[:DIVERSE_TEXTS]]
    each = [text for text in texts for _ in range(DIVERSE_SEEDS)]
    seeds = [seed * SEEDS_PER_WRITING + DIVERSE_OFFSET + job for job in range(len(each))]
    drawn = trial.draw(trial.writer, each, seeds, bias, trial.style)
    groups = [drawn[first : first + DIVERSE_SEEDS] for first in range(0, len(drawn), DIVERSE_SEEDS)]
    return diversity(texts, groups, trial.writer.std)


def lines_to_write(
    writer: Writer, name: str, splits: list[str] | None, data_dir: Path, n: int, seed: int
) -> tuple[list[InkLine], list[str], int]:
    """A random sample of n lines of the splits, or all where there are fewer; the splits; how many cannot be written.

    Raises InputError where the corpus is not there, or no line can be written.
    """
    opened, alphabet = open_corpus(name, data_dir), writer.alphabet
    splits = splits or splits_to_use(opened, None, None)[1]
    among = opened.lines_of(splits)
    known = [int(line) for line in among if opened.text(line).strip() and not alphabet.missing(opened.text(line))]
    if not known:
        raise InputError(f"{opened.folder}: no line of {', '.join(splits)} has a text that the network can write")
    drawn = np.random.default_rng(seed).choice(known, min(n, len(known)), replace=False)
    return [opened.line(int(line)) for line in drawn], splits, len(among) - len(known)
