"""Styles to bundle, made of lines that a network wrote itself: no person's handwriting, and no one's data."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ink.geometry import slant, x_height
from ink.strokes import InkLine
from model.reading.error_rates import character_edits, plain
from results.reading.embedder import Embedder
from results.reading.reader import Reader
from results.writing.best_of import read_back
from results.writing.styles import style_of
from results.writing.writer import Writer
from utils.errors import InputError

MAX_CER = 0.05


def make_styles(
    writer: Writer,
    reader: Reader,
    seeds: Sequence[int],
    texts: Sequence[str],
    *,
    count: int = 8,
    bias: float = 0.5,
    embedder: Embedder | None = None,
    enough: int | None = None,
    trials: Sequence[str] | None = None,
) -> list[InkLine]:
    """Lines, "style-1" and so on, for `write_jsonl`: of one line written from each seed those legible and most unlike.

    Seeds take the texts in turn. Legible is a line that ended by itself, if it and what is written in its style, each
    text of `trials` (None: of `texts`) twice, are read with a CER of 5 % at most. The first is the one read with the
    most confidence, each next one farthest from those before it: in the embeddings of `embedder`, or without one in
    `features`, standardised. Lines are no longer tried once `enough` (None: all) are legible.

    Raises InputError where fewer than `count` are legible.
    """
    trials = trials or texts
    each = [texts[i % len(texts)] for i in range(len(seeds))]
    drawn = writer.draw_lines(each, seeds, bias)
    legible: list[tuple[float, InkLine]] = []
    for text, sample, reading in zip(each, drawn, read_back(reader, writer, drawn), strict=True):
        line = InkLine("", text, "", "", writer.points(sample.strokes))
        if len(legible) == enough:
            break
        if sample.stopped and _legible([reading], [text]) and _goes_on_legibly(writer, reader, line, trials, bias):
            legible.append((reading[1], line))
    if len(legible) < count:
        raise InputError(f"{writer.path}: {len(legible)} of {len(seeds)} lines are legible, {count} are wanted")
    legible.sort(key=lambda pair: -pair[0])  # the surest first
    lines = [line for _, line in legible]
    rows = embedder.embed(lines) if embedder else standardised([features(line.points, line.text) for line in lines])
    chosen = most_unlike(rows, count)
    return [replace(legible[i][1], id=f"style-{n}") for n, i in enumerate(chosen, 1)]


def _legible(readings: Sequence[tuple[str, float]], texts: Sequence[str]) -> bool:
    wanted = [plain(text) for text in texts]
    edits = sum(character_edits(plain(read), text) for (read, _), text in zip(readings, wanted, strict=True))
    return edits <= MAX_CER * sum(map(len, wanted))


def _goes_on_legibly(writer: Writer, reader: Reader, line: InkLine, texts: Sequence[str], bias: float) -> bool:
    twice = [*texts, *texts]
    drawn = writer.draw_lines(twice, range(len(twice)), bias, style_of(writer, line))
    return _legible(read_back(reader, writer, drawn), twice)


def features(points: np.ndarray, text: str) -> np.ndarray:
    """The look of a line (5,): slant, log x-height, x-heights of width per character, their log of height, lifts per
    character.
    """
    unit = x_height(points)
    width, height = np.ptp(points[:, :2], axis=0) / unit
    return np.array([slant(points), np.log(unit), width / len(text), np.log(height), points[:, 2].sum() / len(text)])


def standardised(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Rows (N, F) less their mean, in units of their standard deviation."""
    stacked = np.stack(rows)
    return (stacked - stacked.mean(0)) / np.maximum(stacked.std(0), 1e-9)


def most_unlike(rows: np.ndarray, count: int) -> list[int]:
    """The first of rows (N, F), then again and again the one farthest from all so far."""
    chosen, nearest = [0], np.linalg.norm(rows - rows[0], axis=1)
    while len(chosen) < count:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(rows - rows[chosen[-1]], axis=1))
    return chosen
