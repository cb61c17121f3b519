"""The network that reads a whole drawing as one of several classes: a digit, a letter, a sketched thing."""

import torch
from torch import Tensor, nn

from base.base_model import BaseModel, Sample
from base.batch import Batch
from model.reading.pen_features import FEATURES, Features, pen_features
from model.reading.recognizer import Encoder, frame_mask
from utils.errors import at_least


class StrokeClassifier(BaseModel):
    """Logits (B, A) of the classes of drawings: bidirectional LSTMs, then the mean and the maximum over all frames.

    hidden_size  cells a direction of each layer
    num_layers   each but the first reads two frames of the layer below as one
    features     "offsets" or "geometry", see `pen_features`
    dropout      share of the outputs of a layer that the next one does not get, in training

    A drawing's class is the position in the alphabet of its text's only character, see `model.reading.classification`.
    """

    def __init__(
        self,
        *,
        alphabet_size: int,
        hidden_size: int = 128,
        num_layers: int = 2,
        features: Features = "geometry",
        dropout: float = 0.3,
    ) -> None:
        at_least(1, hidden_size=hidden_size, num_layers=num_layers)
        super().__init__()
        self.features = features
        joins = [1] + [2] * (num_layers - 1)
        self.encoder = Encoder(FEATURES[features] + 2, [hidden_size] * num_layers, joins, dropout)
        self.head = nn.Linear(4 * hidden_size, alphabet_size)

    def character_axes(self) -> dict[str, tuple[int, int]]:
        return {"head.weight": (0, 0), "head.bias": (0, 0)}

    def forward(self, batch: Batch) -> Tensor:
        features = pen_features(batch.strokes, batch.stroke_mask, self.features)
        places = pen_places(batch.strokes, batch.stroke_mask)
        frames, lengths = self.encoder(torch.cat([features, places], -1), batch.stroke_mask.sum(1))
        padding = ~frame_mask(lengths, frames.shape[1]).unsqueeze(2)
        mean = frames.masked_fill(padding, 0).sum(1) / lengths.unsqueeze(1)
        largest = frames.masked_fill(padding, -torch.inf).amax(1)
        return self.head(torch.cat([mean, largest], 1))

    def show(self, batch: Batch, seed: int) -> list[Sample]:
        """Each drawing with its likeliest class; nothing in it is random."""
        classes = self(batch).argmax(1).tolist()
        lines = zip(batch.strokes.cpu(), batch.stroke_mask.cpu(), classes, strict=True)
        return [Sample(strokes[real].numpy(), None, True, [best]) for strokes, real, best in lines]


def pen_places(strokes: Tensor, stroke_mask: Tensor) -> Tensor:
    """Return the pen's places (B, T, 2) relative to the middle of the drawing, in units of the drawing's own size.

    The middle is the mean of its points, the size their root mean square distance from it; padding is zero.
    """
    real, count = stroke_mask.unsqueeze(2), stroke_mask.sum(1).view(-1, 1, 1)
    places = strokes[..., :2].cumsum(1)
    places = (places - (places * real).sum(1, keepdim=True) / count) * real
    size = (places.square().sum((1, 2), keepdim=True) / count).sqrt()
    return places / size.clamp_min(1e-6)
