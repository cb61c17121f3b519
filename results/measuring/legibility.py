"""Legibility of what a network writes, compared with real lines of the same texts, and its variety."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.line_choice import splits_to_use
from data_loader.prepare import open_corpus
from ink.strokes import InkLine
from model.reading.error_rates import character_edits
from results.measuring.diversity import diversity
from results.measuring.failures import failures
from results.reading.decoding import GREEDY, Decoding
from results.reading.kinds import misread_by_kind
from results.reading.reader import Reader
from results.reading.scores import ReadLine, interval, rate
from results.writing.best_of import read_back
from results.writing.lines import SEEDS_PER_WRITING, Style, require_sane
from results.writing.writer import Draw, Writer
from utils.errors import InputError

DIVERSE_TEXTS, DIVERSE_SEEDS = 20, 5
"""Number of texts, and of writings of each, whose distance is measured."""
DIVERSE_OFFSET = SEEDS_PER_WRITING // 2
"""Distance of the seeds of lines written to measure variety from those of the lines that are read."""


@dataclass(frozen=True)
class JudgedLine:
    """A line with its true text and its reading, its points (T, 3) in the data set's units, and how it failed."""

    reading: ReadLine
    points: np.ndarray
    failed: dict[str, bool]

    @property
    def cer(self) -> float:
        """Edits over characters, under the rule for transcriptions."""
        ruled = self.reading.plain
        return character_edits(ruled.read, ruled.true) / max(len(ruled.true), 1)


@dataclass(frozen=True)
class Legibility:
    """All numbers, the real lines, and by bias the lines written."""

    numbers: dict[str, Any]
    real: list[JudgedLine]
    written: dict[float, list[JudgedLine]]


def legibility(
    writer: Writer,
    reader: Reader,
    *,
    n: int = 200,
    biases: Sequence[float] = (0.0, 0.5, 1.0),
    seed: int = 1,
    corpus: str | None = None,
    splits: list[str] | None = None,
    data_dir: Path = Path("data"),
    style: Style | None = None,
    draw: Draw | None = None,
    decoding: Decoding = GREEDY,
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
    _require_sane(writer, reader, biases, n, seed)
    name = corpus or writer.corpus
    lines, splits, left_out = lines_to_write(writer, name, splits, data_dir, n, seed)
    real = [
        _judge(reading.line, reading.text, reading.line.points, capped=False)
        for reading in reader.read(lines, decoding)
    ]
    trial = _Trial(writer, lines, seed, style, draw or Writer.draw_lines)
    written = {bias: trial.judged(bias, reader, decoding) for bias in biases}
    numbers = {
        **{"checkpoint": str(writer.path), "reader": str(reader.path), "style": style and style.name},
        **{"corpus": name, "splits": splits, "n_lines": len(lines), "left_out": left_out, "seed": seed},
        **{f"{key}_real": value for key, value in _rates(real).items() if key != "capped"},
        "points_per_character_real": _points_per_character(writer, lines),
        "decoding": decoding.settings,
        "rows": trial.rows(written),
    }
    return Legibility(numbers, real, written)


def _points_per_character(writer: Writer, lines: list[InkLine]) -> float:
    """Points per character of real lines, transformed as the network's training lines."""
    return sum(len(writer.prepared(line)[0]) for line in lines) / sum(len(line.text) for line in lines)


def _require_sane(writer: Writer, reader: Reader, biases: Sequence[float], n: int, seed: int) -> None:
    writer.require("write lines")
    reader.require("read lines")
    if not writer.reads_text:
        raise InputError(f"{writer.path}: this network writes freely; only what has a text can be legible")
    if len(set(biases)) != len(biases) or not biases:
        raise InputError(f"biases are {list(biases)}; name at least one, and each once")
    for bias in biases:
        require_sane(bias, seed, n)


@dataclass(frozen=True)
class _Trial:
    """The texts of lines, and how they are written."""

    writer: Writer
    lines: list[InkLine]
    seed: int
    style: Style | None
    draw: Draw

    def judged(self, bias: float, reader: Reader, decoding: Decoding) -> list[JudgedLine]:
        """Every text written once and read back."""
        seeds = [self.seed * SEEDS_PER_WRITING + line for line in range(len(self.lines))]
        drawn = self.draw(self.writer, [line.text for line in self.lines], seeds, bias, self.style)
        readings = read_back(reader, self.writer, drawn, decoding)
        return [
            _judge(line, text, self.writer.points(sample.strokes), capped=not sample.stopped)
            for line, sample, (text, _) in zip(self.lines, drawn, readings, strict=True)
        ]

    def rows(self, written: dict[float, list[JudgedLine]]) -> list[dict[str, Any]]:
        """The numbers of each bias."""
        # Bias 0 is measured even if it was not asked for: the others are compared with it.
        variety = {bias: self.variety(bias) for bias in dict.fromkeys([0.0, *written])}
        base, characters, rows = variety[0.0], sum(len(line.text) for line in self.lines), []
        for bias, judged in written.items():
            points, spread = sum(len(line.points) for line in judged), variety[bias]
            ratio = spread / base if spread is not None and base else None
            pace = {"points_per_character": points / characters}
            rows.append({"bias": bias, **_rates(judged), **pace, "diversity": spread, "diversity_to_bias_0": ratio})
        return rows

    def variety(self, bias: float) -> float | None:
        """`diversity` of some of the texts, each written from seeds of its own."""
        texts = [line.text for line in self.lines[:DIVERSE_TEXTS]]
        each = [text for text in texts for _ in range(DIVERSE_SEEDS)]
        seeds = [self.seed * SEEDS_PER_WRITING + DIVERSE_OFFSET + job for job in range(len(each))]
        drawn = self.draw(self.writer, each, seeds, bias, self.style)
        groups = [drawn[first : first + DIVERSE_SEEDS] for first in range(0, len(drawn), DIVERSE_SEEDS)]
        return diversity(texts, groups, self.writer.std)


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


def _judge(line: InkLine, text: str, points: np.ndarray, *, capped: bool) -> JudgedLine:
    reading = ReadLine(line.id, line.writer, line.text, text)
    return JudgedLine(reading, points, failures(reading, capped))


def _rates(judged: list[JudgedLine]) -> dict[str, Any]:
    """CER with its interval, the shares of lines that failed, and of characters that were misread, by kind."""
    ruled = [line.reading.plain for line in judged]
    edits = np.array([character_edits(line.read, line.true) for line in ruled])
    sizes = np.array([len(line.true) for line in ruled])
    low, high = interval(edits, sizes)
    shares = {kind: float(np.mean([line.failed[kind] for line in judged])) for kind in judged[0].failed}
    failed = float(np.mean([any(line.failed.values()) for line in judged]))
    rates = {"cer": rate(edits, sizes), "cer_low": low, "cer_high": high, "failed": failed, **shares}
    return rates | {"misread": misread_by_kind([line.reading for line in judged])}
