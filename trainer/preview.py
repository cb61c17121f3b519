"""Pictures of what a model writes or reads, while it trains."""

from typing import Any

import numpy as np

from base.base_model import BaseModel
from base.batch import Batch
from data_loader.alphabet import Alphabet
from data_loader.strokes import strokes_to_points
from render.figure import figure_image, lines_figure, window_figure

SEED = 1


def preview(model: BaseModel, batch: Batch, facts: dict[str, Any]) -> list[np.ndarray]:
    """An image (H, W, 3) uint8 for each line that the model shows, with the weights over its text where it has them."""
    images = []
    for line, shown in enumerate(model.show(batch, SEED)):
        text = Alphabet(facts["alphabet"]).decode(batch.text[line][batch.char_mask[line]].tolist())
        points = strokes_to_points(shown.strokes, facts["std"])
        if shown.weights is None:
            figure = lines_figure([points], [""])
        else:
            figure = window_figure(points, shown.weights, text)
        images.append(figure_image(figure))
    return images
