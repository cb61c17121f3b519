"""A text as a trained network writes it, on paper."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from base.base_model import Sample
from base.batch import Batch
from data_loader.alphabet import Alphabet
from data_loader.data_loaders import collate
from data_loader.strokes import strokes_to_points
from model.sampling import HandwritingModel, sample
from render.page import Page, lay_out, wrap_text
from render.raster import write_gif, write_png
from render.svg import write_animated_svg, write_svg
from results.loaded import Loaded
from utils.errors import InputError
from utils.progress import progress

LINES_AT_ONCE = 64
LINES_ON_A_SLIP = 12
MOST_BIAS = 20.0
PAGE_WIDTH_MM, PAGE_HEIGHT_MM = 210.0, 297.0


@dataclass(frozen=True)
class Writing:
    """A text as it was written: the lines' texts, their points (T, 3) in the data set's units, the samples."""

    texts: list[str]
    lines: list[np.ndarray]
    samples: list[Sample]

    def pages(self) -> list[Page]:
        """A few lines on a piece of paper of their size, more on pages in A4."""
        if len(self.lines) <= LINES_ON_A_SLIP:
            return lay_out(self.lines)
        return lay_out(self.lines, width_mm=PAGE_WIDTH_MM, page_height_mm=PAGE_HEIGHT_MM)


def write(loaded: Loaded, text: str | None = None, *, bias: float = 0.5, seed: int = 1, n: int = 1) -> list[Writing]:
    """`text` written n times, in lines as long as those that the network learned from; without text free writing.

    The same seed gives the same writing, the n-th that of seed + n - 1.

    Raises InputError where the text holds nothing, or characters that the network cannot write.
    """
    model = writer_of(loaded)
    if (text is not None) != model.reads_text:
        raise InputError(
            f"{loaded.path}: this network must be told what to write"
            if model.reads_text
            else f"{loaded.path}: this network writes freely and cannot be told a text; leave the text out"
        )
    if not (0 <= bias <= MOST_BIAS and n >= 1 and 0 <= seed < 2**32):
        raise InputError(
            f"bias is {bias}, n {n}, seed {seed}; they must be 0 to {MOST_BIAS:g}, 1 or more, 0 to 2**32 - 1"
        )
    texts = [""] if text is None else lines_of(text, loaded.facts)
    jobs = [(seed + copy, line, line_text) for copy in range(n) for line, line_text in enumerate(texts)]
    jobs = [job for job in jobs if text is None or job[2]]
    samples: dict[tuple[int, int], Sample] = {}
    with progress(None, len(jobs), "writing") as bar:
        for first in range(0, len(jobs), LINES_AT_ONCE):
            some = jobs[first : first + LINES_AT_ONCE]
            drawn = write_lines(
                loaded, [job[2] for job in some], [job[0] * 1_000_003 + job[1] for job in some], bias, bar
            )
            samples |= {job[:2]: line for job, line in zip(some, drawn, strict=True)}
    return [
        _writing(loaded, texts, [samples.get((seed + copy, line)) for line in range(len(texts))]) for copy in range(n)
    ]


def _writing(loaded: Loaded, texts: list[str], samples: list[Sample | None]) -> Writing:
    empty = np.zeros((0, 3), np.float32)
    lines = [strokes_to_points(drawn.strokes, loaded.facts["std"]) if drawn else empty for drawn in samples]
    return Writing(texts, lines, [drawn for drawn in samples if drawn])


def writer_of(loaded: Loaded) -> HandwritingModel:
    """The network, if it is one that writes.

    Raises InputError where it is not.
    """
    if not isinstance(loaded.model, HandwritingModel):
        raise InputError(f"{loaded.path}: {loaded.config['arch']['type']} does not write; try: read FILE, or evaluate")
    return loaded.model


def lines_of(text: str, facts: dict[str, Any]) -> list[str]:
    """The text in lines, all of whose characters are in the alphabet.

    Raises InputError where one is not, or nothing is left.
    """
    lines = wrap_text(unicodedata.normalize("NFC", text), facts["chars_per_line"])
    if not any(lines):
        raise InputError("the text is empty; there is nothing to write")
    Alphabet(facts["alphabet"]).encode("".join(lines))
    return lines


def write_lines(loaded: Loaded, texts: list[str], seeds: list[int], bias: float, bar: Any) -> list[Sample]:
    """Lines written in one batch, each ended by the network or by a cap that grows with its text."""
    facts, alphabet = loaded.facts, Alphabet(loaded.facts["alphabet"])
    nothing = torch.zeros(1, 3)
    batch: Batch = collate([("", nothing, torch.from_numpy(alphabet.encode(text))) for text in texts])
    model = writer_of(loaded)
    caps = [
        int(1.5 * facts["points_per_char"] * (len(text) + 3)) if model.reads_text else facts["points_per_line"]
        for text in texts
    ]
    device = next(model.parameters()).device
    return sample(model, batch.to(device), seeds=seeds, max_points=caps, bias=bias, on_end=bar.update)


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
