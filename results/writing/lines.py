"""What a network wrote, and how it is made to write some lines."""

import io
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from base.base_model import Sample
from base.batch import Batch
from data_loader.batching import collate
from ink.alphabet import Alphabet
from model.writing.sampling import HandwritingModel, sample
from render.ink.page import Page, lay_out
from render.ink.raster import draw_page
from results.trained import Loaded
from utils.errors import InputError
from utils.progress import progress

LINES_AT_ONCE = 64
NOTEBOOK_DPI = 150
LINES_ON_A_SLIP = 12
MOST_BIAS = 20.0
PAGE_WIDTH_MM, PAGE_HEIGHT_MM = 210.0, 297.0
SEEDS_A_WRITING = 1_000_003
"""Lines of one writing, each with a seed of its own; the seeds of the next writing begin so much later."""


@dataclass(frozen=True)
class Writing:
    """A text as it was written: the lines' texts, their points (T, 3) in the data set's units, the samples."""

    texts: list[str]
    lines: list[np.ndarray]
    samples: list[Sample]

    def _repr_png_(self) -> bytes:
        """What a notebook shows: all lines on one piece of paper."""
        file = io.BytesIO()
        draw_page(lay_out(self.lines)[0], dpi=NOTEBOOK_DPI).save(file, format="PNG")
        return file.getvalue()

    def pages(self) -> list[Page]:
        """A few lines on a piece of paper of their size, more on pages in A4."""
        if len(self.lines) <= LINES_ON_A_SLIP:
            return lay_out(self.lines)
        return lay_out(self.lines, width_mm=PAGE_WIDTH_MM, page_height_mm=PAGE_HEIGHT_MM)


@dataclass(frozen=True)
class Style:
    """A line in whose hand a network goes on: strokes (T, 3) in its units, and the text that they show.

    A network that writes freely is not told the text.
    """

    name: str
    text: str
    strokes: np.ndarray


class Draw(Protocol):
    """How lines are written: each text from its seed, in the hand of a style where one is given."""

    def __call__(
        self, loaded: Loaded, texts: list[str], seeds: list[int], bias: float, style: Style | None = None
    ) -> list[Sample]: ...


def require_sane(bias: float, seed: int, n: int) -> None:
    """Raise InputError unless a writing can be asked for with these."""
    if not (0 <= bias <= MOST_BIAS and n >= 1 and 0 <= seed < 2**32):
        raise InputError(
            f"bias is {bias}, n {n}, seed {seed}; they must be 0 to {MOST_BIAS:g}, 1 or more, 0 to 2**32 - 1"
        )


def writer_of(loaded: Loaded) -> HandwritingModel:
    """The network, if it is one that writes.

    Raises InputError where it is not.
    """
    if not isinstance(loaded.model, HandwritingModel):
        raise InputError(f"{loaded.path}: {loaded.config['arch']['type']} does not write; try: read FILE, or evaluate")
    return loaded.model


def draw_lines(
    loaded: Loaded, texts: list[str], seeds: list[int], bias: float, style: Style | None = None
) -> list[Sample]:
    """Every text written from its seed, many at once, with a bar; the plainest way to `Draw`."""
    drawn: list[Sample] = []
    with progress(None, len(texts), "writing") as bar:
        for first in range(0, len(texts), LINES_AT_ONCE):
            some = slice(first, first + LINES_AT_ONCE)
            drawn += write_lines(loaded, texts[some], seeds[some], bias, bar, style)
    return drawn


def write_lines(
    loaded: Loaded, texts: list[str], seeds: list[int], bias: float, bar: Any, style: Style | None = None
) -> list[Sample]:
    """Lines written in one batch, each ended by the network or by a cap that grows with its text.

    With a style the network goes on where that line ends; only what it then writes is returned.
    """
    facts, alphabet, model = loaded.facts, Alphabet(loaded.facts["alphabet"]), writer_of(loaded)
    before = torch.zeros(1, 3) if style is None else torch.from_numpy(style.strokes)
    blank = " " if " " in alphabet.position else ""
    told = style.text + blank if style and model.reads_text else ""
    batch: Batch = collate([("", before, torch.from_numpy(alphabet.encode(told + text))) for text in texts])
    caps = [
        int(1.5 * facts["points_per_char"] * (len(text) + 3)) if model.reads_text else facts["points_per_line"]
        for text in texts
    ]
    return sample(
        model,
        batch.to(next(model.parameters()).device),
        seeds=seeds,
        max_points=caps,
        bias=bias,
        on_end=bar.update,
        prime_chars=[len(told)] * len(texts) if style else None,
    )
