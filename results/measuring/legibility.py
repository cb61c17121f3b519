"""How well what a network writes can be read, beside real lines of the same texts, and what that costs in variety."""

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
from results.reading.reader import Reader
from results.reading.scores import ReadLine, interval, rate
from results.writing.best_of import read_back
from results.writing.lines import SEEDS_A_WRITING, Style, require_sane
from results.writing.writer import Draw, Writer
from utils.errors import InputError

DIVERSE_TEXTS, DIVERSE_SEEDS = 20, 5
"""Texts that are written so many times to see how far the writings differ."""
LINES_OF_A_BIAS = SEEDS_A_WRITING // 2
"""The seeds of lines written for their variety begin so much after those of the lines that are read."""


@dataclass(frozen=True)
class JudgedLine:
    """A line with its true text and what was read in it, its points (T, 3) in the data set's units, how it failed."""

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
    """The texts of n lines drawn by lot from the splits, written at every bias and read back, beside the lines read.

    In `numbers`: cer_real and of every bias, in `rows`, its cer, each with its 95 % bootstrap interval over lines;
    shares of lines that failed, see `failures`, and `failed`, of those that did in any way; points per character;
    `diversity` of 20 of the texts written five times each, and its ratio to that at bias 0. The same seed gives the
    same texts and, at every bias, the same random numbers.

    Raises InputError where a network is of another kind, or the corpus is not there or has no text to write.
    """
    _require_sane(writer, reader, biases, n, seed)
    name = corpus or writer.corpus
    lines, splits, left_out = lines_to_write(writer, name, splits, data_dir, n, seed)
    real = [_judge(it.line, it.text, it.line.points, capped=False) for it in reader.read(lines, decoding)]
    hand = _Hand(writer, lines, seed, style, draw or Writer.draw_lines)
    written = {bias: hand.judged(bias, reader, decoding) for bias in biases}
    numbers = {
        **{"checkpoint": str(writer.path), "reader": str(reader.path), "style": style and style.name},
        **{"corpus": name, "splits": splits, "n_lines": len(lines), "left_out": left_out, "seed": seed},
        **{f"{key}_real": value for key, value in _rates(real).items() if key != "capped"},
        "points_per_character_real": _points_a_character(writer, lines),
        "decoding": decoding.settings,
        "rows": hand.rows(written),
    }
    return Legibility(numbers, real, written)


def _points_a_character(writer: Writer, lines: list[InkLine]) -> float:
    """Points per character of real lines, transformed as the network's training lines."""
    return sum(len(writer.prepared(line)[0]) for line in lines) / sum(len(line.text) for line in lines)


def _require_sane(writer: Writer, reader: Reader, biases: Sequence[float], n: int, seed: int) -> None:
    writer.require("write lines")
    reader.require("read lines")
    if not writer.reads_text:
        raise InputError(f"{writer.path}: this network writes freely; only what has a text can be legible")
    if len(set(biases)) != len(biases) or not biases:
        raise InputError(f"biases are {list(biases)}; name one at least, and each once")
    for bias in biases:
        require_sane(bias, seed, n)


@dataclass(frozen=True)
class _Hand:
    """Who writes the texts of the lines, and how."""

    writer: Writer
    lines: list[InkLine]
    seed: int
    style: Style | None
    draw: Draw

    def judged(self, bias: float, reader: Reader, decoding: Decoding) -> list[JudgedLine]:
        """Every text written once and read back."""
        seeds = [self.seed * SEEDS_A_WRITING + line for line in range(len(self.lines))]
        drawn = self.draw(self.writer, [line.text for line in self.lines], seeds, bias, self.style)
        readings = read_back(reader, self.writer, drawn, decoding)
        return [
            _judge(line, text, self.writer.points(sample.strokes), capped=not sample.stopped)
            for line, sample, (text, _) in zip(self.lines, drawn, readings, strict=True)
        ]

    def rows(self, written: dict[float, list[JudgedLine]]) -> list[dict[str, Any]]:
        """All that is said of each bias."""
        variety = {bias: self.variety(bias) for bias in dict.fromkeys([0.0, *written])}
        base, characters, rows = variety[0.0], sum(len(line.text) for line in self.lines), []
        for bias, judged in written.items():
            points, spread = sum(len(one.points) for one in judged), variety[bias]
            ratio = spread / base if spread is not None and base else None
            told = {"points_per_character": points / characters, "diversity": spread, "diversity_to_bias_0": ratio}
            rows.append({"bias": bias, **_rates(judged), **told})
        return rows

    def variety(self, bias: float) -> float | None:
        """`diversity` of some of the texts, each written from seeds of its own."""
        texts = [line.text for line in self.lines[:DIVERSE_TEXTS]]
        each = [text for text in texts for _ in range(DIVERSE_SEEDS)]
        seeds = [self.seed * SEEDS_A_WRITING + LINES_OF_A_BIAS + job for job in range(len(each))]
        drawn = self.draw(self.writer, each, seeds, bias, self.style)
        groups = [drawn[first : first + DIVERSE_SEEDS] for first in range(0, len(drawn), DIVERSE_SEEDS)]
        return diversity(texts, groups, self.writer.std)


def lines_to_write(
    writer: Writer, name: str, splits: list[str] | None, data_dir: Path, n: int, seed: int
) -> tuple[list[InkLine], list[str], int]:
    """n lines of the splits drawn by lot, or all where there are fewer; the splits; how many cannot be written.

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


def _rates(judged: list[JudgedLine]) -> dict[str, float]:
    """CER with its interval, and the shares of lines that failed."""
    ruled = [one.reading.plain for one in judged]
    edits = np.array([character_edits(line.read, line.true) for line in ruled])
    sizes = np.array([len(line.true) for line in ruled])
    low, high = interval(edits, sizes)
    shares = {way: float(np.mean([one.failed[way] for one in judged])) for way in judged[0].failed}
    any_way = float(np.mean([any(one.failed.values()) for one in judged]))
    return {"cer": rate(edits, sizes), "cer_low": low, "cer_high": high, "failed": any_way, **shares}
