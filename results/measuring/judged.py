"""Lines that were written and read back: error rates, failures, and which characters were misread."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ink.strokes import InkLine
from model.reading.error_rates import character_edits
from results.measuring.failures import failures
from results.reading.decoding import GREEDY, Decoding
from results.reading.kinds import misread_by_kind, misread_by_place
from results.reading.reader import Reader
from results.reading.scores import ReadLine, interval, rate
from results.writing.best_of import read_back
from results.writing.lines import Style, require_sane
from results.writing.writer import Draw, Writer
from utils.errors import InputError


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
class Trial:
    """A writer, a reader that judges it, and how each writes and reads; without a style a hand's own line is that."""

    writer: Writer
    reader: Reader
    style: Style | None = None
    draw: Draw = Writer.draw_lines
    decoding: Decoding = GREEDY

    def __post_init__(self) -> None:
        if self.style is None:
            object.__setattr__(self, "style", self.writer.own_line)

    def require_sane(self, biases: Sequence[float], n: int, seed: int) -> None:
        """Raise InputError unless both networks are of their kind, and these can be biases, their seed and a number of
        texts.
        """
        self.writer.require("write lines")
        self.reader.require("read lines")
        if not self.writer.reads_text:
            raise InputError(f"{self.writer.path}: this network writes freely; only what has a text can be legible")
        if len(set(biases)) != len(biases) or not biases:
            raise InputError(f"biases are {list(biases)}; name at least one, and each once")
        for bias in biases:
            require_sane(bias, seed, n)

    def written(self, lines: Sequence[InkLine], seeds: Sequence[int], bias: float) -> list[JudgedLine]:
        """Return the text of every line, written from its seed and read back."""
        drawn = self.draw(self.writer, [line.text for line in lines], seeds, bias, self.style)
        readings = read_back(self.reader, self.writer, drawn, self.decoding)
        return [
            _judged(line, text, self.writer.points(sample.strokes), capped=not sample.stopped)
            for line, sample, (text, _) in zip(lines, drawn, readings, strict=True)
        ]

    def real(self, lines: Sequence[InkLine]) -> list[JudgedLine]:
        """Return real lines, read."""
        readings = self.reader.read(lines, self.decoding)
        return [_judged(reading.line, reading.text, reading.line.points, capped=False) for reading in readings]


def _judged(line: InkLine, text: str, points: np.ndarray, *, capped: bool) -> JudgedLine:
    reading = ReadLine(line.id, line.writer, line.text, text)
    return JudgedLine(reading, points, failures(reading, capped))


def rates(judged: Sequence[JudgedLine]) -> dict[str, Any]:
    """Return CER with its interval, the shares of lines that failed, and of misread characters by kind and by place."""
    ruled = [line.reading.plain for line in judged]
    edits = np.array([character_edits(line.read, line.true) for line in ruled])
    sizes = np.array([len(line.true) for line in ruled])
    low, high = interval(edits, sizes)
    shares = {kind: float(np.mean([line.failed[kind] for line in judged])) for kind in judged[0].failed}
    failed = float(np.mean([any(line.failed.values()) for line in judged]))
    errors = {"cer": rate(edits, sizes), "cer_low": low, "cer_high": high, "failed": failed, **shares}
    lines = [line.reading for line in judged]
    return errors | {"misread": misread_by_kind(lines), "misread_by_place": misread_by_place(lines)}
