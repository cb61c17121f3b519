"""An exponential moving average of a model's weights over the steps of its training."""

import copy

import torch
from torch import nn

from base.base_model import BaseModel


class WeightAverage:
    """The averaged weights, in `model`, over `count` steps.

    The decay rises from 0.1 to `decay`, so that the random start is soon forgotten.
    """

    def __init__(self, model: BaseModel, decay: float) -> None:
        self.model, self.decay, self.count = copy.deepcopy(model), decay, 0
        for module in self.model.modules():
            if isinstance(module, nn.RNNBase):
                module.flatten_parameters()  # a copy's weights are apart; cuDNN would join them at every call

    @torch.no_grad()
    def update(self, model: BaseModel) -> None:
        """Move the average towards the weights of `model`; the first time it becomes equal to them."""
        decay = min(self.decay, (1 + self.count) / (10 + self.count)) if self.count else 0.0
        torch._foreach_lerp_(list(self.model.parameters()), list(model.parameters()), 1 - decay)
        for buffer, current in zip(self.model.buffers(), model.buffers(), strict=True):
            buffer.copy_(current)
        self.count += 1
