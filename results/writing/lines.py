"""Writings and styles: lines of ink that a network wrote, and lines that it goes on from."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from base.base_model import Sample
from ink.geometry import x_height
from render.ink.page import Page, lay_out
from render.ink.paper import Paper
from render.ink.pdf import write_pdf
from render.ink.pen import Pen
from render.ink.plotter import Machine, write_plot
from render.ink.raster import draw_page, write_gif, write_png
from render.ink.svg import write_animated_svg, write_svg
from utils.errors import InputError

NOTEBOOK_DPI = 150
MAX_BIAS = 20.0
FEW_LETTERS = 10
"""Letters and digits of a writing below which its x-height is that of its style: in 26 texts of fewer, in 7 styles, it
is measured 0.7 to 2.9 times as large (root mean square 1.36), in 7 longer texts 0.7 to 1.5 times (1.14)."""
STANDING = frozenset("abcdehiklmnorstuvwxzABCDEFGHIKLMNOPRSTUVWXYZ0123456789")
"""Characters that stand on the baseline in every hand."""
SEEDS_PER_WRITING = 1_000_003
"""Distance of the seeds of two successive writings: each line of a writing has a seed of its own."""
FORMATS: dict[str, Callable[[Path, Page, Pen | None], object]] = {
    ".animated.svg": write_animated_svg,
    ".svg": write_svg,
    ".png": write_png,
    ".gif": write_gif,
}
"""Functions that write a page, by the end of a file's name; the first that fits counts."""
DOCUMENTS: dict[str, Callable[[Path, Sequence[Page], Pen | None], object]] = {".pdf": write_pdf}
"""Functions that write all pages into one file."""
SUFFIXES = (*FORMATS, *DOCUMENTS)


@dataclass(frozen=True, repr=False)
class Writing:
    """A text as it was written: the lines' texts, their points (T, 3) in the data set's units, the samples.

    unit  about the x-height, in the data set's units, for ink of few letters or none; None: unknown
    """

    texts: list[str]
    lines: list[np.ndarray]
    samples: list[Sample]
    unit: float | None = None

    def __repr__(self) -> str:
        text, lines = " ".join(self.texts), "1 line" if len(self.lines) == 1 else f"{len(self.lines)} lines"
        shown = f"{text[:60]}..." if len(text) > 60 else text
        return f"Writing({shown!r}, {lines}, {sum(map(len, self.lines)):,} points)"

    def _repr_png_(self) -> bytes:
        """A PNG for notebooks: all lines on one piece of paper."""
        file = io.BytesIO()
        draw_page(lay_out(self.lines, None, self.x_height, self.standing)[0], dpi=NOTEBOOK_DPI).save(file, format="PNG")
        return file.getvalue()

    @property
    def stopped(self) -> bool:
        """True if the network ended every line itself; none hit its point limit."""
        return all(sample.stopped for sample in self.samples)

    @property
    def x_height(self) -> float | None:
        """The x-height: the median of the lines with letters or digits; where these are few or none, `unit`."""
        counts = [sum(map(str.isalnum, text)) if text else FEW_LETTERS for text in self.texts]
        lettered = [x_height(ink) for count, ink in zip(counts, self.lines, strict=True) if len(ink) and count]
        return self.unit if not lettered or (self.unit and sum(counts) < FEW_LETTERS) else float(np.median(lettered))

    @property
    def standing(self) -> list[np.ndarray]:
        """The rows of each line's lowest points of characters that stand on the baseline, by the attention.

        None of a line with FEW_LETTERS or more, whose strokes show it better: most strokes of "joy" hang.
        """
        samples, rows = iter(self.samples), []
        for text, ink in zip(self.texts, self.lines, strict=True):
            drawn = next(samples, None) if len(ink) else None
            path = drawn.path if drawn else np.zeros(0, np.int64)
            few = text if sum(map(str.isalnum, text)) < FEW_LETTERS else ""
            own = [np.flatnonzero(path == place) + 1 for place, character in enumerate(few) if character in STANDING]
            own = [each[len(each) // 4 :] for each in own]  # the first may be the letter before
            rows.append(np.array([each[ink[each, 1].argmax()] for each in own if len(each)], np.int64))
        return rows

    def pages(self, paper: Paper | None = None) -> list[Page]:
        """The lines on pages; without a sheet up to 12 are on a piece of paper of their size, more on A4."""
        return lay_out(self.lines, (paper or Paper()).for_lines(len(self.lines)), self.x_height, self.standing)

    def save(self, path: str | Path, *, paper: Paper | None = None, pen: Pen | None = None) -> list[Path]:
        """Save the pages in the format of the path's suffix, see SUFFIXES; .gif and .animated.svg show the pen at work.

        Returns the paths: `path` itself, or one per page, text-page1.svg and so on; a PDF holds all pages.

        Raises InputError where the suffix is another one.
        """
        stem, suffix = stem_and_suffix(Path(path))
        pages = self.pages(paper)
        if suffix in DOCUMENTS:
            DOCUMENTS[suffix](Path(path), pages, pen)
            return [Path(path)]
        paths = page_paths(stem, len(pages), Path(path).name[-len(suffix) :])
        for page, page_path in zip(pages, paths, strict=True):
            FORMATS[suffix](page_path, page, pen)
        return paths

    def plot(self, stem: Path, machine: Machine, *, paper: Paper | None = None) -> list[Path]:
        """Save the pages as G-code or HPGL for a machine, and return the paths: `stem` with the machine's suffix.

        Raises InputError where vpype is not installed, or the machine takes no such paper.
        """
        pages = self.pages(paper)
        paths = page_paths(stem, len(pages), machine.suffix)
        for page, path in zip(pages, paths, strict=True):
            write_plot(path, page, machine)
        return paths


def stem_and_suffix(path: Path) -> tuple[Path, str]:
    """A path without its suffix, and the one of SUFFIXES that it ends in.

    Raises InputError where it is none of them.
    """
    for suffix in SUFFIXES:
        if path.name.lower().endswith(suffix) and len(path.name) > len(suffix):
            return path.with_name(path.name[: -len(suffix)]), suffix
    raise InputError(f"{path}: a writing is saved in a file that ends in {', '.join(SUFFIXES)}")


def page_paths(stem: Path, count: int, suffix: str) -> list[Path]:
    """The paths of `count` pages: stem and suffix, with several pages numbered in between."""
    if count == 1:
        return [stem.with_name(stem.name + suffix)]
    digits = len(str(count))
    return [stem.with_name(f"{stem.name}-page{number:0{digits}}{suffix}") for number in range(1, count + 1)]


@dataclass(frozen=True)
class Style:
    """A line in whose handwriting a network goes on: strokes (T, 3) in its units, and the text that they show.

    A network that writes freely is not given the text.
    """

    name: str
    text: str
    strokes: np.ndarray


def require_sane(bias: float, seed: int, n: int = 1) -> None:
    """Raise InputError unless these can be the bias, the first seed and the number of writings."""
    ranges = {
        f"bias is {bias}; it must be from 0 to {MAX_BIAS:g}": 0 <= bias <= MAX_BIAS,
        f"seed is {seed}; it must be from 0 to 2**32 - {max(n, 1)}": 0 <= seed <= 2**32 - max(n, 1),
        f"n is {n}; it must be 1 or more": n >= 1,
    }
    for message, holds in ranges.items():
        if not holds:
            raise InputError(message)
