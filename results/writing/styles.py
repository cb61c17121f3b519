"""Styles: real lines in whose handwriting a network writes. Graves (2013), section 5.5."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from data_loader.formats.ink_files import ink_of
from data_loader.formats.read_report import Report
from data_loader.formats.registry import format_of
from data_loader.prepare import corpus_line
from data_loader.transform import Transform, mean_step
from ink.geometry import x_height
from ink.strokes import InkLine
from results.writing.lines import Style
from results.writing.writer import Draw, Hands, Writer
from utils.checkpoint import BUNDLED_FOLDER
from utils.errors import InputError

BUNDLED_CORPUS = "iam-ondb"
"""Corpus in whose units the bundled styles are: those of the network that wrote them."""
FIRST_STYLE = 8
"""Bundled style of seed 1: the most legible one of writer-iam.pt."""
BUNDLED = BUNDLED_FOLDER / "styles.jsonl"
FREE = BUNDLED_FOLDER / "free-styles.jsonl"
"""Styles that writer.pt wrote, "free-1" and so on: no line of IAM-OnDB is in what made them."""
MAX_POINTS = 3000
"""Points of a style, at most; a long line of handwriting has a thousand."""
LINES_MEASURED = 8
"""Lines of a network by which its own size and pace are known."""


def load_style(writer: Writer, sample: str, data_dir: Path = Path("data")) -> Style:
    """The style that `sample` names: CORPUS:LINE_ID of a prepared corpus, a file of ink, or a bundled style.

    Of a file it is the first line with a text; a bundled style goes by its name or number.

    Raises InputError where it names no line, or one that the network cannot be made to write like.
    """
    name, path, corpus = sample, Path(sample), ""
    if format_of(path):
        line = _first(ink_of([path], Report()), sample, writer.reads_text)
        corpus = writer.corpus if line.unit == own_unit(writer) else ""
    elif ":" in sample:
        corpus, _, name = sample.rpartition(":")
        line = corpus_line(corpus, name, data_dir)
    else:
        line, corpus = _bundled(sample), BUNDLED_CORPUS
    return style_of(writer, replace(line, id=name), same_units=corpus == writer.corpus)


def own_unit(writer: Writer) -> str:
    """Return the unit, in files of ink, of lines that a network wrote: such ink is no pen's and no other network's."""
    return f"as written from {writer.corpus}"


def _first(lines: Sequence[InkLine], where: str, needs_text: bool) -> InkLine:
    for line in lines:
        if line.text.strip() or not needs_text:
            return line
    raise InputError(f"{where}: no line has a text; a style is a line with what is written in it")


def seeded_style(seed: int) -> str:
    """Return the number, for `load_style`, of the bundled style that a seed picks: FIRST_STYLE and those after it."""
    return str(1 + (FIRST_STYLE - 2 + seed) % len(ink_of([BUNDLED], Report())))


def _bundled(sample: str) -> InkLine:
    if not BUNDLED.is_file():
        raise InputError(
            f"style {sample!r}: this copy has no bundled styles ({BUNDLED} is not there); "
            "give CORPUS:LINE_ID or an InkML or jsonl file"
        )
    lines, free = (ink_of([path], Report()) if path.is_file() else [] for path in (BUNDLED, FREE))
    named = {str(number): line for number, line in enumerate(lines, 1)}
    named |= {line.id: line for line in (*lines, *free)}
    if sample not in named:
        bundled = f"1 to {len(lines)}" + (f" and {free[0].id} to {free[-1].id}" if free else "")
        raise InputError(
            f"style {sample!r}: bundled are {bundled}; others are CORPUS:LINE_ID, or a file of ink with its text "
            "(.inkml or .jsonl)"
        )
    return named[sample]


def style_of(writer: Writer, line: InkLine, *, same_units: bool = True) -> Style:
    """A line of ink as a style for this network, brought into its units as its training lines were.

    Ink that may be in other units, or of a pen of another pace, is made as large and as dense as what the network
    writes by itself (see `_as_written`), unless the network's transform normalises the size.

    Raises InputError where the line has no text, characters that the network does not know, or too many points.
    """
    writer.require("write lines")
    text = " ".join(unicodedata.normalize("NFC", line.text).split()) if writer.reads_text else ""
    if writer.reads_text:
        if not text:
            raise InputError(f"style {line.id}: has no text, which the network must be given; choose another line")
        missing = writer.alphabet.missing(text)
        if missing:
            named = ", ".join(map(repr, missing))
            raise InputError(f"style {line.id}: its text has {named}, which the network does not know: {text!r}")
    if not (same_units or writer.transform.normalise_size):
        line = _as_written(writer, text, line)
    points, _ = writer.prepared(line)
    if len(points) > MAX_POINTS:
        raise InputError(
            f"style {line.id}: {len(points):,} points are more than {MAX_POINTS:,}; choose one line of handwriting"
        )
    return Style(line.id, text, writer.strokes(points))


def _as_written(writer: Writer, text: str, line: InkLine) -> InkLine:
    """The line with the x-height and the mean distance of points of what the network writes: medians of some lines."""
    drawn = writer.draw_lines([text] * LINES_MEASURED, range(LINES_MEASURED), 1.0)
    inks = [writer.points(sample.strokes) for sample in drawn]
    size = float(np.median([x_height(ink) for ink in inks]))
    pace = float(np.median([mean_step(ink) for ink in inks])) / size
    paced = Transform(resample_pace=min(max(pace, 0.01), 10.0)).line(line)
    factor = size / x_height(paced.points)
    return replace(paced, points=paced.points * np.array([factor, factor, 1], np.float32))


def style_grid(
    writer: Writer,
    text: str | None,
    styles: Sequence[Style | None],
    biases: Sequence[float],
    seed: int = 1,
    draw: Draw | None = None,
    hands: Hands = "one",
) -> tuple[list[np.ndarray], list[str]]:
    """A text in every style at every bias: lines of points (T, 3) under each style's own line, and their titles."""
    lines, titles = [], []
    for style in styles:
        if style is not None:
            lines.append(writer.points(style.strokes))
            titles.append(f"{style.name}: {style.text}")
        for bias in biases:
            writing = writer.write(text, bias=bias, seed=seed, style=style, draw=draw, hands=hands)
            lines += writing.lines
            titles += [f"bias {bias:g}", *[""] * (len(writing.lines) - 1)]
    return lines, titles
