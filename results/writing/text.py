"""A text as a trained network writes it, on paper."""

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np

from base.base_model import Sample
from ink.alphabet import Alphabet
from ink.strokes import strokes_to_points
from model.writing.class_conditional import ClassConditionalHandwriting
from render.ink.page import wrap_text
from render.ink.raster import write_gif, write_png
from render.ink.svg import write_animated_svg, write_svg
from results.trained import Loaded
from results.writing.digits import write_number
from results.writing.lines import SEEDS_A_WRITING, Draw, Style, Writing, draw_lines, require_sane, writer_of
from utils.errors import InputError


def write(
    loaded: Loaded,
    text: str | None = None,
    *,
    bias: float = 0.5,
    seed: int = 1,
    n: int = 1,
    style: Style | None = None,
    draw: Draw = draw_lines,
) -> list[Writing]:
    """`text` written n times, in lines as long as those that the network learned from; without text free writing.

    The same seed gives the same writing, the n-th that of seed + n - 1. With a style every line is written in its hand
    (results.writing.styles); `draw` may write each several times and keep the best (results.writing.best_of).

    Raises InputError where the text holds nothing, or characters that the network cannot write.
    """
    model = writer_of(loaded)
    if (text is not None) != model.reads_text:
        raise InputError(
            f"{loaded.path}: this network must be told what to write"
            if model.reads_text
            else f"{loaded.path}: this network writes freely and cannot be told a text; leave the text out"
        )
    require_sane(bias, seed, n)
    if text is not None and isinstance(model, ClassConditionalHandwriting):
        if style is not None or draw is not draw_lines:
            raise InputError(f"{loaded.path}: this network writes single characters; it takes no style and no best-of")
        return write_number([loaded], text, bias=bias, seed=seed, n=n)
    texts = [""] if text is None else lines_of(text, loaded.facts)
    jobs = [(copy, line) for copy in range(n) for line in range(len(texts)) if text is None or texts[line]]
    seeds = [(seed + copy) * SEEDS_A_WRITING + line for copy, line in jobs]
    samples = dict(zip(jobs, draw(loaded, [texts[line] for _, line in jobs], seeds, bias, style), strict=True))
    return [_writing(loaded, texts, [samples.get((copy, line)) for line in range(len(texts))]) for copy in range(n)]


def _writing(loaded: Loaded, texts: list[str], samples: list[Sample | None]) -> Writing:
    empty = np.zeros((0, 3), np.float32)
    lines = [strokes_to_points(drawn.strokes, loaded.facts["std"]) if drawn else empty for drawn in samples]
    return Writing(texts, lines, [drawn for drawn in samples if drawn])


def lines_of(text: str, facts: dict[str, Any]) -> list[str]:
    """The text in lines, all of whose characters are in the alphabet.

    Raises InputError where one is not, or nothing is left.
    """
    lines = wrap_text(unicodedata.normalize("NFC", text), facts["chars_per_line"])
    if not any(lines):
        raise InputError("the text is empty; there is nothing to write")
    Alphabet(facts["alphabet"]).encode("".join(lines))
    return lines


def save_writing(writing: Writing, stem: Path, *, animate: bool) -> list[Path]:
    """SVG and PNG of every page, with `animate` the pen at work as GIF and SVG too: their paths."""
    saved = []
    pages = writing.pages()
    for number, page in enumerate(pages, 1):
        base = stem if len(pages) == 1 else stem.with_name(f"{stem.name}-page{number:0{len(str(len(pages)))}}")
        writers = {".svg": write_svg, ".png": write_png}
        if animate:
            writers |= {".gif": write_gif, ".animated.svg": write_animated_svg}
        for suffix, write_page in writers.items():
            path = base.with_name(base.name + suffix)
            write_page(path, page)
            saved.append(path)
    return saved
