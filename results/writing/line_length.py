"""The length of lines: as many characters as fit the paper in a handwriting."""

import numpy as np

from ink.geometry import x_height
from render.ink.page import wrap_text
from render.ink.paper import CHARACTER_WIDTH, Paper
from results.writing.lines import Style
from results.writing.writer import Writer


def line_length(writer: Writer, text: str | None, paper: Paper, style: Style | None = None) -> int | None:
    """Return how many characters a line of a text has on paper, as wide as those of a style's line.

    None of a network that writes freely. Without a sheet a text of many lines goes on A4, which its lines fit too.

    Raises InputError where a line has space for too few.
    """
    if not writer.reads_text:
        return None
    usual, own, width = writer.chars_per_line, style or writer.own_line, CHARACTER_WIDTH
    if own and own.text:
        points = writer.points(own.strokes)
        width = float(np.ptp(points[:, 0])) / x_height(points) / len(own.text)
    sheet = paper.for_lines(len(wrap_text(text or "", usual)))
    length = sheet.chars_per_line(usual, width)
    return min(length, usual) if paper.width is None else length
