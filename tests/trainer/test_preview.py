"""Pictures of what a model reads while it trains."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from base.base_model import BaseModel, Sample
from base.batch import Batch
from model.writing.class_conditional import ClassConditionalHandwriting
from model.writing.unconditional import UnconditionalHandwriting
from render.figures import figure
from render.figures.figure import figure_image, lines_figure, window_figure
from tests.results.recognizers import batch_of_lines, line_of, recognizer
from trainer.preview import pictures, previews


def test_a_reading_is_drawn_over_where_it_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, drawn = recognizer(), []
    monkeypatch.setattr(
        figure,
        "window_figure",
        lambda points, phi, text: drawn.append((phi.shape, text)) or window_figure(points, phi, text),
    )
    titles = []
    monkeypatch.setattr(
        figure,
        "figure_image",
        lambda item: titles.append(item.axes[-1].get_title()) or figure_image(item),
    )
    batch = batch_of_lines([line_of("cabbage"), replace(line_of("bed"), text="fad")])
    with torch.inference_mode():
        images = pictures(previews(loaded.model, batch, loaded.facts))
    assert drawn == [((7 * 8 - 1, 8), "cabbage"), ((3 * 8 - 1, 4), "bed")]
    assert titles == ["read: cabbage", "read: bed"]
    assert all(image.dtype == np.uint8 and image.ndim == 3 and image.min() < 100 for image in images)


class Shows(BaseModel):
    """Shows what it is told to."""

    def __init__(self, sample: Sample) -> None:
        super().__init__()
        self.sample = sample

    def forward(self, batch: Batch) -> None: ...

    def show(self, batch: Batch, seed: int) -> list[Sample]:
        return [self.sample]


@pytest.mark.parametrize(
    ("weights", "read"), [(np.ones((7, 1)), []), (None, [0]), (None, None), (np.ones((7, 2)), None)]
)
def test_whatever_is_shown_is_a_picture(weights: np.ndarray | None, read: list[int] | None) -> None:
    batch = batch_of_lines([line_of("a")])
    sample = Sample(batch.strokes[0].numpy(), weights, True, read)
    (image,) = pictures(previews(Shows(sample), batch, recognizer().facts))
    assert image.min() < 100 and image.max() == 255


@pytest.mark.parametrize("given", [True, False])
def test_the_given_text_is_the_title_of_a_drawing(monkeypatch: pytest.MonkeyPatch, given: bool) -> None:
    titles: list[str] = []
    monkeypatch.setattr(figure, "lines_figure", lambda lines, names: titles.extend(names) or lines_figure(lines, names))
    sizes = {"hidden_size": 4, "num_layers": 1, "num_mixtures": 1}
    model = ClassConditionalHandwriting(alphabet_size=10, **sizes) if given else UnconditionalHandwriting(**sizes)
    batch = Batch(torch.zeros(2, 9, 3), torch.ones(2, 9).bool(), torch.tensor([[7], [0]]), torch.ones(2, 1).bool())
    pictures(previews(model, batch, {"alphabet": "0123456789", "std": [1.0, 1.0]}))
    assert titles == (["7", "0"] if given else ["", ""])
