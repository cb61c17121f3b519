"""Pictures that show which ink each character was read from."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from render.figures.explained import explained_figure
from render.figures.figure import save_figure
from render.figures.page_reading import DrawnWord, page_reading_figure
from results.reading.lines import LineReading
from results.reading.page import PageReading


def save_explained(reading: LineReading, stem: Path) -> list[Path]:
    """Save a picture of a line and its reading as PNG and SVG, and return their paths."""
    owner = np.full(len(reading.line.points), -1)
    for u, character in enumerate(reading.characters):
        owner[character.points] = u
    probabilities = [character.probability for character in reading.characters]
    return _saved(explained_figure(reading.line.points, owner, reading.text, probabilities), stem)


def save_page_reading(read: PageReading, stem: Path) -> list[Path]:
    """Save a picture of a page and its lines' words as PNG and SVG, and return their paths."""
    lines = [
        [DrawnWord(word.text, word.confidence, rows[word.points]) for word in reading.words]
        for rows, reading in zip(read.rows, read.readings, strict=True)
    ]
    return _saved(page_reading_figure(read.page.points, lines), stem)


def _saved(figure: Figure, stem: Path) -> list[Path]:
    paths = [stem.with_name(stem.name + suffix) for suffix in (".png", ".svg")]
    for path in paths:
        save_figure(figure, path)
    return paths
