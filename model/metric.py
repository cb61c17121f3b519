"""Metrics: like a loss a sum and the count that it is to be divided by, added up over all batches before dividing.

`name` is what a metric is called in logs; in validation "val_" stands before it.
"""

import torch
from torch import Tensor

from base.batch import Batch
from model.mixture_density import Mixture, end_log_prob, expected_offset, stroke_log_prob


class NatsPerLine:
    """Negative log-likelihood of a line, in the units that the model was trained in."""

    name = "nats_per_line"

    def __call__(self, output: Mixture, batch: Batch) -> tuple[Tensor, Tensor]:
        nats = -stroke_log_prob(output, batch.targets)
        return torch.where(batch.target_mask, nats, 0).sum(), torch.tensor(len(nats))


class EndOfStrokeNats:
    """The part of the pen lifts in the negative log-likelihood, nats per point."""

    name = "end_of_stroke_nats"

    def __call__(self, output: Mixture, batch: Batch) -> tuple[Tensor, Tensor]:
        nats = -end_log_prob(output, batch.targets[..., 2])
        return torch.where(batch.target_mask, nats, 0).sum(), batch.target_mask.sum()


class SumSquaredError:
    """Squared distance of the mixture's mean from the true offset, per point, in units of std."""

    name = "sse"

    def __call__(self, output: Mixture, batch: Batch) -> tuple[Tensor, Tensor]:
        error = (expected_offset(output) - batch.targets[..., :2]).square().sum(-1)
        return torch.where(batch.target_mask, error, 0).sum(), batch.target_mask.sum()
