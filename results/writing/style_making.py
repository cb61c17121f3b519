"""Lines that a network wrote itself, to ship as styles: no one's hand, and no one's data."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ink.geometry import slant, x_height
from ink.strokes import InkLine, strokes_to_points
from model.reading.error_rates import character_edits, plain
from results.reading.lines import Decoding
from results.trained import Loaded
from results.writing.best_of import read_back
from results.writing.lines import draw_lines
from results.writing.styles import style_of
from utils.errors import InputError

MOST_CER = 0.05


def make_styles(
    loaded: Loaded,
    reader: Loaded,
    seeds: Sequence[int],
    texts: Sequence[str],
    *,
    count: int = 8,
    bias: float = 0.5,
) -> list[InkLine]:
    """Lines, "style-1" and so on, for `write_jsonl`: of one line written from each seed those legible and most unlike.

    Seeds take the texts in turn. Legible is a line that ended by itself, if it and what is written on in its hand, each
    text twice, are read with a CER of 5 % at most. The first is the one read with the most confidence, each next one
    farthest from those before it in `features`, standardised.

    Raises InputError where fewer than `count` are legible.
    """
    told = [texts[i % len(texts)] for i in range(len(seeds))]
    drawn = draw_lines(loaded, told, list(seeds), bias)
    found = []
    for text, one, reading in zip(told, drawn, read_back(reader, loaded, drawn, Decoding()), strict=True):
        line = InkLine("", text, "", "", strokes_to_points(one.strokes, loaded.facts["std"]))
        if one.stopped and _legible([reading], [text]) and _goes_on_legibly(loaded, reader, line, texts, bias):
            found.append((reading[1], line))
    if len(found) < count:
        raise InputError(f"{loaded.path}: {len(found)} of {len(seeds)} lines are legible, {count} are wanted")
    found.sort(key=lambda one: -one[0])
    chosen = most_unlike(np.stack([features(line.points, line.text) for _, line in found]), count)
    return [replace(found[i][1], id=f"style-{n}") for n, i in enumerate(chosen, 1)]


def _legible(readings: Sequence[tuple[str, float]], texts: Sequence[str]) -> bool:
    wanted = [plain(text) for text in texts]
    edits = sum(character_edits(plain(read), text) for (read, _), text in zip(readings, wanted, strict=True))
    return edits <= MOST_CER * sum(map(len, wanted))


def _goes_on_legibly(loaded: Loaded, reader: Loaded, line: InkLine, texts: Sequence[str], bias: float) -> bool:
    twice = [*texts, *texts]
    drawn = draw_lines(loaded, twice, list(range(len(twice))), bias, style_of(loaded, line))
    return _legible(read_back(reader, loaded, drawn, Decoding()), twice)


def features(points: np.ndarray, text: str) -> np.ndarray:
    """What makes a hand, of a line: slant, log x-height, x-heights of width and of height, pen lifts a character."""
    unit = x_height(points)
    width, height = np.ptp(points[:, :2], axis=0) / unit
    return np.array([slant(points), np.log(unit), width / len(text), np.log(height), points[:, 2].sum() / len(text)])


def most_unlike(rows: np.ndarray, count: int) -> list[int]:
    """The first of rows (N, F), then again and again the one farthest from all so far; features standardised."""
    scaled = (rows - rows.mean(0)) / np.maximum(rows.std(0), 1e-9)
    chosen, nearest = [0], np.linalg.norm(scaled - scaled[0], axis=1)
    while len(chosen) < count:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(scaled - scaled[chosen[-1]], axis=1))
    return chosen
