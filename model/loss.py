"""Losses: modules from a model's output and its batch to a sum and the count that it is to be divided by."""

import torch
from torch import Tensor, nn

from base.batch import Batch
from model.mixture_density import Mixture, stroke_log_prob


class NegativeLogLikelihood(nn.Module):
    """Nats per predicted point, Graves (2013), eq. 26; exact under the mask."""

    def forward(self, output: Mixture, batch: Batch) -> tuple[Tensor, Tensor]:
        """The batch's nats and its number of predicted points."""
        nats = -stroke_log_prob(output, batch.targets)
        return torch.where(batch.target_mask, nats, 0).sum(), batch.target_mask.sum()
