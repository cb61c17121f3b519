"""A page of ink, read line by line: the text of each line and word, and its ink on the page."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from data_loader.cut_lines import lines_of_page
from ink.geometry import stroke_bounds
from ink.rules import cut_writing
from ink.strokes import InkLine
from results.reading.lines import LineReading
from results.reading.words import ReadWord
from results.trained import TrainedModel
from utils.errors import InputError

DIGITS = 4
"""Decimals of confidences in plain data; a page's coordinates have so many more digits than its size, in any unit."""


@dataclass(frozen=True)
class PageReading:
    """The readings of a page's lines in reading order, and the rows (n,) of its points that each line has."""

    page: InkLine
    rows: list[np.ndarray]
    readings: list[LineReading]

    @property
    def left_out(self) -> int:
        """The number of strokes that no line has: rules and frames."""
        return int(self.page.points[:, 2].sum() - sum(self.page.points[rows, 2].sum() for rows in self.rows))

    @property
    def text(self) -> str:
        """The texts of all lines, one below the other."""
        return "\n".join(reading.text for reading in self.readings)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Every line as plain data; docs/reading.md describes the keys."""
        return [self._line(*pair) for pair in zip(self.rows, self.readings, strict=True)]

    def _line(self, rows: np.ndarray, reading: LineReading) -> dict[str, Any]:
        return {
            "id": reading.line.id,
            "page": self.page.id,
            "text": reading.text,
            "confidence": round(reading.confidence, DIGITS),
            "box": self._box(rows),
            "words": [self._word(rows, word) for word in reading.words],
        }

    def _word(self, rows: np.ndarray, word: ReadWord) -> dict[str, Any]:
        own = rows[word.points]
        return {
            "text": word.text,
            "confidence": round(word.confidence, DIGITS),
            "box": self._box(own),
            "strokes": self._strokes(own),
            "alternatives": [{"text": text, "confidence": round(sure, DIGITS)} for text, sure in word.alternatives],
        }

    def _box(self, rows: np.ndarray) -> dict[str, float] | None:
        """Return the bounds of points in the page's units; None of none."""
        if not len(rows):
            return None
        xy = self.page.points[rows, :2]
        bounds = [*xy.min(0).tolist(), *xy.max(0).tolist()]
        digits = DIGITS - math.floor(math.log10(max(np.ptp(self.page.points[:, :2], axis=0).max(), 1e-30)))
        return dict(zip(("left", "top", "right", "bottom"), (round(bound, digits) for bound in bounds), strict=True))

    def _strokes(self, rows: np.ndarray) -> list[dict[str, int]]:
        """Return points as runs: the stroke on the page, its first and its last point in that stroke, all from 0."""
        first, last = stroke_bounds(self.page.points)
        stroke = np.searchsorted(last, rows)
        cuts = np.flatnonzero((np.diff(rows) != 1) | (np.diff(stroke) != 0)) + 1
        runs = [run for run in np.split(rows, cuts) if len(run)]
        return [
            {"stroke": int(n), "first": int(run[0] - first[n]), "last": int(run[-1] - first[n])}
            for run in runs
            for n in [np.searchsorted(last, run[0])]
        ]


@dataclass(frozen=True)
class PagesRead:
    """Pages that were read, the seconds that this took, the cutting included, and why lines could not be read."""

    pages: list[PageReading]
    seconds: float
    faults: list[str]

    @property
    def readings(self) -> list[LineReading]:
        """The readings of the lines of all pages."""
        return [reading for page in self.pages for reading in page.readings]

    @property
    def numbers(self) -> dict[str, Any]:
        """The speed, every page, and every line, as plain data; docs/reading.md describes the keys."""
        texts = [reading.text for reading in self.readings]
        sizes = {"characters": sum(map(len, texts)), "points": sum(len(read.page.points) for read in self.pages)}
        return {
            "n_lines": len(texts),
            "seconds": self.seconds,
            **{f"{name}_per_second": size / self.seconds for name, size in sizes.items()},
            "pages": [{"id": read.page.id, "unit": read.page.unit, "lines": len(read.rows)} for read in self.pages],
            "lines": [line for read in self.pages for line in read.lines],
        }


def read_pages(
    network: TrainedModel[Any], pages: Sequence[InkLine], *, whole: bool = False, **options: Any
) -> PagesRead:
    """Cut each page into its lines, unless it is to be read `whole` or the network reads no lines, and read these.

    Rules and frames are no part of a line. A line that cannot be read has an empty text, and its fault is named.
    Options are those of the network's `read`.

    Raises InputError where no line can be read.
    """
    started = time.perf_counter()
    cut = network.can("read lines") and not whole
    rows = [cut_writing(page.points) if cut else [np.arange(len(page.points))] for page in pages]
    lines = [lines_of_page(*pair) for pair in zip(pages, rows, strict=True)]
    read_lines, faults = _read([line for some in lines for line in some], partial(network.read, **options))
    readings = iter(read_lines)
    read = [
        PageReading(page, cuts, [next(readings) for _ in some])
        for page, cuts, some in zip(pages, rows, lines, strict=True)
    ]
    return PagesRead(read, time.perf_counter() - started, faults)


def _read(
    lines: list[InkLine], read: Callable[[list[InkLine]], list[LineReading]]
) -> tuple[list[LineReading], list[str]]:
    """Return the readings of all lines, and why some could not be read; raises InputError where none could."""
    try:
        return read(lines), []
    except InputError:
        if len(lines) == 1:
            raise
    readings, faults = [], []
    for line in lines:
        try:
            readings += read([line])
        except InputError as error:
            readings.append(LineReading(line, "", 0.0, [], []))
            faults.append(str(error))
    if len(faults) == len(lines):
        raise InputError(faults[0])
    return readings, faults
