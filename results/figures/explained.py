"""Pictures that show which ink each character was read from."""

from pathlib import Path

import numpy as np

from render.figures.explained import explained_figure
from render.figures.figure import save_figure
from results.reading.lines import LineReading


def save_explained(reading: LineReading, stem: Path) -> list[Path]:
    """Save a picture of a line and its reading as PNG and SVG, and return their paths."""
    owner = np.full(len(reading.line.points), -1)
    for u, character in enumerate(reading.characters):
        owner[character.points] = u
    probabilities = [character.probability for character in reading.characters]
    figure = explained_figure(reading.line.points, owner, reading.text, probabilities)
    paths = [stem.with_name(stem.name + suffix) for suffix in (".png", ".svg")]
    for path in paths:
        save_figure(figure, path)
    return paths
