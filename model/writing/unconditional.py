"""The network that writes freely: it predicts the next pen offset from all before it. Graves (2013), section 4."""

from typing import NamedTuple

import torch
from torch import Tensor

from base.batch import Batch
from model.layers.recurrent import Cell, SkipStack, StackState
from model.writing.compiled import Parts
from model.writing.mixture_density import Mixture, MixtureDensity
from model.writing.pen_motion import (
    Features,
    PenState,
    initial_state,
    num_features,
    num_skip_features,
    pen_features,
    pen_features_step,
)
from model.writing.sampling import HandwritingModel
from utils.errors import at_least


class FreeState(NamedTuple):
    """What the network remembers between two points."""

    stack: StackState
    pen: PenState


class UnconditionalHandwriting(HandwritingModel):
    """Recurrent layers with skip connections under a mixture density, Graves (2013), eqs. 15-26.

    attention_heads: of the layer below the last, see `SelfAttention`.
    features: "offsets", as Graves, or "motion", see `pen_features`.
    """

    reads_text = False

    def __init__(
        self,
        *,
        hidden_size: int = 400,
        num_layers: int = 3,
        num_mixtures: int = 20,
        cell: Cell = "lstm",
        dropout: float = 0.0,
        attention_heads: int = 0,
        features: Features = "offsets",
    ) -> None:
        super().__init__()
        at_least(1, hidden_size=hidden_size, num_layers=num_layers, num_mixtures=num_mixtures)
        self.features = features
        self.stack = SkipStack(
            cell, num_features(features), hidden_size, num_layers, dropout=dropout, attention_heads=attention_heads
        )
        self.density = MixtureDensity(hidden_size * num_layers + num_skip_features(features), num_mixtures)

    def forward(self, batch: Batch) -> Mixture:
        inputs = pen_features(batch.inputs, self.features)
        hiddens = self.stack.dropout(torch.cat(self.stack(inputs.features), dim=-1))
        return inputs.in_stds(self.density(inputs.with_hiddens(hiddens)))

    @property
    def parts(self) -> Parts:
        return Parts(None, self.stack, self.density, self.features)

    def start(self, batch: Batch) -> FreeState:
        stack = self.stack.start(len(batch.text))
        return FreeState(stack, initial_state(len(batch.text), stack.cells[0][0]))

    def step(self, stroke: Tensor, state: FreeState) -> tuple[Mixture, FreeState]:
        inputs, pen = pen_features_step(stroke, state.pen, self.features)
        hiddens, stack = self.stack.step(inputs.features, state.stack)
        return inputs.in_stds(self.density(inputs.with_hiddens(torch.cat(hiddens, dim=-1)))), FreeState(stack, pen)

    def finished(self, state: FreeState) -> Tensor:
        """Never: free writing ends where the caller's cap ends it."""
        return torch.zeros(len(state.pen.age), dtype=torch.bool, device=state.pen.age.device)

    def weights(self, state: FreeState) -> None:
        return None
