"""Pictures of what a model writes or reads, while it trains."""

import gc
from typing import Any

import numpy as np

from base.base_model import BaseModel
from base.batch import Batch
from ink.alphabet import Alphabet
from ink.strokes import strokes_to_points
from model.writing.sampling import HandwritingModel
from render.figures.figure import figure_image, lines_figure, window_figure

SEED = 1


def preview(model: BaseModel, batch: Batch, facts: dict[str, Any]) -> list[np.ndarray]:
    """An image (H, W, 3) uint8 for each line that the model shows, with the weights over its text where it has them.

    A line that was read has the weights over what was read, which is its title; one whose text the network was told
    without looking at it has that as title.
    """
    images = []
    alphabet = Alphabet(facts["alphabet"])
    for line, shown in enumerate(model.show(batch, SEED)):
        positions = batch.text[line][batch.char_mask[line]].tolist() if shown.read is None else shown.read
        text = alphabet.decode(positions)
        title = "" if shown.read is None else f"read: {text}"
        points = strokes_to_points(shown.strokes, facts["std"])
        if shown.weights is None or not text:
            told = text if isinstance(model, HandwritingModel) and model.reads_text else ""
            figure = lines_figure([points], [title or told])
        else:
            figure = window_figure(points, shown.weights, text)
            figure.axes[-1].set_title(title, fontsize=8, pad=1, parse_math=False)
        images.append(figure_image(figure))
    gc.collect()  # a drawn figure is a circle of objects, of some 15 MB, that Python looks for too seldom
    return images
