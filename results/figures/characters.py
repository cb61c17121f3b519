"""The sheet of every character in some words, its misread ink red."""

from matplotlib.figure import Figure

from render.figures.sheet import Cell, sheet_figure
from results.measuring.characters import ENOUGH, CharactersJudged


def characters_figure(judged: CharactersJudged) -> Figure:
    """Return a sheet with a cell per character: right of tried, and the first texts that it was written in."""
    cells = []
    for character, texts in judged.shown.items():
        part = judged.numbers["characters"][character]
        inks = [(line.points, line.is_wrong_at) for line in texts]
        is_wrong = part["right"] < ENOUGH * part["tried"]
        cells.append(Cell(character, f"{part['right']}/{part['tried']}", is_wrong, inks))
    return sheet_figure(cells)
