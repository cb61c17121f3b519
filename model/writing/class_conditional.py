"""The network that writes a given character, such as a digit, and stops by itself."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from base.batch import Batch
from model.layers.recurrent import Cell, SkipStack, StackState
from model.reading.classification import NO_CLASS, classes_of
from model.writing.mixture_density import EndingMixture, MixtureDensity
from model.writing.sampling import HandwritingModel
from utils.errors import InputError, at_least

PLACE_SCALE = 0.1
"""Brings the pen's place, in units of std from the line's start, to the size of its offsets."""


class DrawingState(NamedTuple):
    """The state between two points.

    character  (B, E) the class
    place      (B, 2) of the pen, from the line's start on
    over       (B,) True if the pen has been lifted for good
    """

    stack: StackState
    character: Tensor
    place: Tensor
    over: Tensor


class ClassConditionalHandwriting(HandwritingModel):
    """Recurrent layers that all read the stroke, the pen's place and an embedding of the class; a mixture density.

    Graves (2013), eqs. 15-26, conditioned on the class as his synthesis network is on the window. A line ends with a
    pen lift, so the network predicts for every lift how likely it is the last: with the mixture, a pen of three states.
    The place, from the start on, is where a figure is to be closed and a second stroke begun.

    embedding_size: numbers that stand for a class.
    hidden_size: cells of each layer.
    num_layers: number of recurrent layers.
    num_mixtures: Gaussians of the mixture density.
    cell: "lstm" or "gru".
    dropout: share of the outputs of a layer that the next one does not get, in training.
    sharpen_weights: bias sharpens the mixture's weights too, as Graves's, see `sample_stroke`.
    """

    reads_text = True

    def __init__(
        self,
        *,
        alphabet_size: int,
        embedding_size: int = 16,
        hidden_size: int = 256,
        num_layers: int = 1,
        num_mixtures: int = 20,
        cell: Cell = "lstm",
        dropout: float = 0.0,
        sharpen_weights: bool = False,
    ) -> None:
        super().__init__()
        at_least(1, alphabet_size=alphabet_size, embedding_size=embedding_size)
        at_least(1, hidden_size=hidden_size, num_layers=num_layers, num_mixtures=num_mixtures)
        self.embedding = nn.Embedding(alphabet_size, embedding_size)
        self.stack = SkipStack(cell, 5 + embedding_size, hidden_size, num_layers, dropout=dropout)
        self.density = MixtureDensity(hidden_size * num_layers, num_mixtures, sharpen_weights=sharpen_weights)
        self.last = nn.Linear(hidden_size * num_layers, 1)

    def character_axes(self) -> dict[str, tuple[int, int]]:
        return {"embedding.weight": (0, 0)}

    def forward(self, batch: Batch) -> EndingMixture:
        character = self._embedded(batch).unsqueeze(1).expand(-1, batch.inputs.shape[1], -1)
        place = PLACE_SCALE * batch.inputs[..., :2].cumsum(1)
        hiddens = self.stack(torch.cat([batch.inputs, place, character], dim=-1))
        return self._pen(self.stack.dropout(torch.cat(hiddens, dim=-1)))

    def _embedded(self, batch: Batch) -> Tensor:
        """The class of each line as the layers read it: (B, E)."""
        classes = classes_of(batch)
        if (classes == NO_CLASS).any():
            raise InputError("there are lines without a text; this network must be given the character of each")
        return self.embedding(classes)

    def _pen(self, features: Tensor) -> EndingMixture:
        return EndingMixture(*self.density(features), self.last(features).float().squeeze(-1))

    def start(self, batch: Batch) -> DrawingState:
        character = self._embedded(batch)
        place = character.new_zeros(len(character), 2)
        return DrawingState(
            self.stack.start(len(character)), character, place, torch.zeros_like(place[:, 0], dtype=torch.bool)
        )

    def step(self, stroke: Tensor, state: DrawingState) -> tuple[EndingMixture, DrawingState]:
        place = state.place + PLACE_SCALE * stroke[:, :2]
        hiddens, stack = self.stack.step(torch.cat([stroke, place, state.character], dim=-1), state.stack)
        return self._pen(torch.cat(hiddens, dim=-1)), DrawingState(stack, state.character, place, stroke[:, 2] > 1)

    def finished(self, state: DrawingState) -> Tensor:
        """The pen has been lifted for good."""
        return state.over
