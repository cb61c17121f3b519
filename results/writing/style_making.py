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


def make_styles(
    writer: Writer,
    reader: Reader,
    seeds: Sequence[int],
    texts: Sequence[str],
    *,
    count: int = 8,
    bias: float = 0.5,
    trials: Sequence[str] | None = None,
    tried: int | None = None,
    kept: int | None = None,
    embedder: Embedder | None = None,
) -> list[InkLine]:
    """Lines, "style-1" and so on, for `write_jsonl`: of one line written from each seed those legible and most unlike.

    Seeds take the texts in turn. Of the lines that ended by themselves, `tried` (None: all) are tried, those with the
    lowest CER, then the highest confidence, when read: each text of `trials` (None: of `texts`) is written twice in
    their style. The `kept` (None: a half) whose trials have the lowest CER are legible. The first style has the lowest,
    each next one is farthest from those before it: in the embeddings of `embedder`, or in `features`, standardised.

    Raises InputError where fewer than `count` remain.
    """
    each = [texts[i % len(texts)] for i in range(len(seeds))]
    drawn = writer.draw_lines(each, seeds, bias)
    readings = read_back(reader, writer, drawn)
    ended = [place for place, sample in enumerate(drawn) if sample.stopped]
    ended.sort(key=lambda place: (cer([readings[place]], [each[place]]), -readings[place][1]))
    lines = [InkLine("", each[place], "", "", writer.points(drawn[place].strokes)) for place in ended[:tried]]
    rates = [trial_cer(writer, reader, line, trials or texts, bias) for line in lines]
    best = np.argsort(rates, kind="stable")[: (len(lines) + 1) // 2 if kept is None else kept]
    legible = [lines[place] for place in best.tolist()]
    if len(legible) < count:
        raise InputError(f"{writer.path}: {len(legible)} of {len(seeds)} lines are legible, {count} are wanted")
    rows = embedder.embed(legible) if embedder else standardised([features(line.points, line.text) for line in legible])
    return [replace(legible[i], id=f"style-{n}") for n, i in enumerate(most_unlike(rows, count), 1)]


def cer(readings: Sequence[tuple[str, float]], texts: Sequence[str]) -> float:
    """Character error rate of readings (text, confidence) of these texts."""
    wanted = [plain(text) for text in texts]
    edits = sum(character_edits(plain(read), text) for (read, _), text in zip(readings, wanted, strict=True))
    return edits / max(sum(map(len, wanted)), 1)


def trial_cer(writer: Writer, reader: Reader, line: InkLine, texts: Sequence[str], bias: float) -> float:
    """Character error rate of the texts, each written twice in the style of a line."""
    twice = [*texts, *texts]
    drawn = writer.draw_lines(twice, range(len(twice)), bias, style_of(writer, line))
    return cer(read_back(reader, writer, drawn), twice)


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
