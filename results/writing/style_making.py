"""Lines that a network wrote itself, to ship as styles: no one's hand, and no one's data."""

from collections.abc import Sequence

import numpy as np

from data_loader.ink_geometry import slant, x_height
from data_loader.strokes import InkLine, strokes_to_points
from model.reading_errors import character_edits, plain
from results.loaded import Loaded
from results.reading.lines import Decoding
from results.writing.best_of import read_back
from results.writing.written import draw_lines
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

    Seeds take the texts in turn. Legible is what ended by itself and was read with a CER of 5 % at most. The first is
    the one read with the most confidence, each next one farthest from those before it in `features`, standardised.

    Raises InputError where fewer than `count` are legible.
    """
    told = [texts[i % len(texts)] for i in range(len(seeds))]
    drawn = draw_lines(loaded, told, list(seeds), bias)
    readings = read_back(reader, loaded, drawn, Decoding())
    found = []
    for text, one, (read, sure) in zip(told, drawn, readings, strict=True):
        if one.stopped and character_edits(plain(read), plain(text)) <= MOST_CER * len(plain(text)):
            found.append((sure, text, strokes_to_points(one.strokes, loaded.facts["std"])))
    if len(found) < count:
        raise InputError(f"{loaded.path}: {len(found)} of {len(seeds)} lines are legible, {count} are wanted")
    found.sort(key=lambda one: -one[0])
    chosen = most_unlike(np.stack([features(points, text) for _, text, points in found]), count)
    return [InkLine(f"style-{n}", found[i][1], "", "", found[i][2]) for n, i in enumerate(chosen, 1)]


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
