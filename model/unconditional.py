"""The network that writes freely: it predicts the next pen offset from all before it. Graves (2013), section 4."""

import torch
from torch import Tensor

from base.batch import Batch
from model.mixture_density import Mixture, MixtureDensity
from model.recurrent import Cell, CellState, SkipStack
from model.sampling import HandwritingModel
from model.writing import Parts
from utils.errors import at_least


class UnconditionalHandwriting(HandwritingModel):
    """Recurrent layers with skip connections under a mixture density, Graves (2013), eqs. 15-26.

    Its state is that of its layers.
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
    ) -> None:
        super().__init__()
        at_least(1, hidden_size=hidden_size, num_layers=num_layers, num_mixtures=num_mixtures)
        self.stack = SkipStack(cell, 3, hidden_size, num_layers, dropout=dropout)
        self.density = MixtureDensity(hidden_size * num_layers, num_mixtures)

    def forward(self, batch: Batch) -> Mixture:
        return self.density(self.stack.dropout(torch.cat(self.stack(batch.inputs), dim=-1)))

    @property
    def parts(self) -> Parts:
        return Parts(None, self.stack, self.density)

    def start(self, batch: Batch) -> tuple[CellState, ...]:
        return self.stack.start(len(batch.text))

    def step(self, stroke: Tensor, state: tuple[CellState, ...]) -> tuple[Mixture, tuple[CellState, ...]]:
        state = self.stack.step(stroke, state)
        return self.density(torch.cat([cell[0] for cell in state], dim=-1)), state

    def finished(self, state: tuple[CellState, ...]) -> Tensor:
        """Never: free writing ends where the caller's cap ends it."""
        return torch.zeros(len(state[0][0]), dtype=torch.bool, device=state[0][0].device)

    def weights(self, state: tuple[CellState, ...]) -> None:
        return None
