"""Lines that a model writes or reads while it trains, and their pictures."""

import gc
from dataclasses import dataclass
from typing import Any

import numpy as np

from base.base_model import BaseModel
from base.batch import Batch
from ink.alphabet import Alphabet
from ink.strokes import strokes_to_points

SEED = 1


@dataclass(frozen=True)
class Preview:
    """A validation line as a model writes or reads it.

    points   (T, 3) float32: absolute x, y, end_of_stroke in the data set's units, y downward
    text     the text that was read, or that a writing network was given; "" if it was given none
    is_read  True if the model reads
    weights  attention weights (T-1, U+1) over the U characters of the text and its end; None if the model has none
    """

    points: np.ndarray
    text: str
    is_read: bool
    weights: np.ndarray | None


def previews(model: BaseModel, batch: Batch, facts: dict[str, Any]) -> list[Preview]:
    """Return a preview of each line of `batch` that the model shows."""
    lines, alphabet = [], Alphabet(facts["alphabet"])
    for number, sample in enumerate(model.show(batch, SEED)):
        given = batch.text[number][batch.char_mask[number]].tolist()
        text = alphabet.decode(given if sample.read is None else sample.read)
        if sample.read is None and sample.weights is None and not model.reads_text:
            text = ""
        points = strokes_to_points(sample.strokes, facts["std"])
        lines.append(Preview(points, text, sample.read is not None, sample.weights))
    return lines


def pictures(lines: list[Preview]) -> list[np.ndarray]:
    """Draw previews: images (H, W, 3) uint8, with the attention weights over the text where there are some."""
    from render.figures.figure import figure_image  # matplotlib takes a second to load

    images = [figure_image(_figure(line)) for line in lines]
    gc.collect()  # a drawn figure is a reference cycle of some 15 MB, which Python collects too rarely
    return images


def _figure(line: Preview) -> Any:
    from render.figures.figure import lines_figure, window_figure

    title = f"read: {line.text}" if line.is_read else ""
    if line.weights is None or not line.text:
        return lines_figure([line.points], [title or line.text])
    figure = window_figure(line.points, line.weights, line.text)
    figure.axes[-1].set_title(title, fontsize=8, pad=1, parse_math=False)
    return figure
