"""The network that tells handwriting apart: lines of ink become points, near each other where they look alike."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from base.base_model import BaseModel
from base.batch import Batch
from model.reading.pen_features import FEATURES, Features, pen_features
from model.reading.recognizer import Encoder, frame_mask
from utils.errors import at_least

MIN_VARIANCE = 1e-4
"""Variance of a cell over a line that is added before the square root, whose gradient at 0 is infinite."""


class HandwritingEmbedding(BaseModel):
    """Embeddings (B, E) of lines, of length 1: bidirectional LSTMs, then mean and deviation of each cell over the line.

    hidden_sizes    cells per direction of each layer
    joins           frames merged into one before each layer, see `Seq2SeqRecognizer`
    embedding_size  numbers per line, E
    features        "offsets" or "geometry", see `pen_features`
    dropout         share of the outputs of a layer that the next one does not get, in training

    Pooling as in the x-vectors of Snyder et al. (2018), section 2.1, which tell speakers apart.
    """

    def __init__(
        self,
        *,
        hidden_sizes: list[int] = [64, 96],  # noqa: B006 - never changed
        joins: list[int] = [3, 2],  # noqa: B006
        embedding_size: int = 64,
        features: Features = "geometry",
        dropout: float = 0.1,
    ) -> None:
        at_least(1, embedding_size=embedding_size)
        if not hidden_sizes or len(hidden_sizes) != len(joins) or min(*hidden_sizes, *joins, 1) < 1:
            raise ValueError(f"hidden_sizes {hidden_sizes} and joins {joins} must be as many, and each 1 or more")
        super().__init__()
        self.features = features
        self.encoder = Encoder(FEATURES[features], hidden_sizes, joins, dropout)
        self.out = nn.Linear(4 * hidden_sizes[-1], embedding_size)

    def forward(self, batch: Batch) -> Tensor:
        features = pen_features(batch.strokes, batch.stroke_mask, self.features)
        frames, lengths = self.encoder(features, batch.stroke_mask.sum(1))
        real, count = frame_mask(lengths, frames.shape[1]).unsqueeze(2), lengths.unsqueeze(1)  # (B, N, 1), (B, 1)
        mean = (frames * real).sum(1) / count
        variance = ((frames - mean.unsqueeze(1)).square() * real).sum(1) / count
        pooled = F.layer_norm(mean, mean.shape[1:]), F.layer_norm((variance + MIN_VARIANCE).sqrt(), mean.shape[1:])
        return F.normalize(self.out(torch.cat(pooled, 1)), dim=1)
