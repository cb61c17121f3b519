"""The network that writes a given text. Graves (2013), section 5."""

from typing import NamedTuple

import torch
from torch import Tensor

from base.batch import Batch
from model.layers.recurrent import Cell, SkipStack, StackState
from model.layers.window import Text, WindowLayer, WindowState, encode_text
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


class WritingState(NamedTuple):
    """What the network remembers between two points, and the text that it writes."""

    window: WindowState
    stack: StackState
    pen: PenState
    text: Text


class ConditionalHandwriting(HandwritingModel):
    """A window layer, recurrent layers that read stroke and window too, a mixture density, Graves (2013), fig. 12.

    mean_points_per_char: the pace at which the window sets out; it matters before training only.
    attention_heads: of the layer below the last, see `SelfAttention`.
    features: "offsets", as Graves, or "motion", see `pen_features`.
    """

    reads_text = True

    def __init__(
        self,
        *,
        alphabet_size: int,
        mean_points_per_char: float = 20.0,
        hidden_size: int = 400,
        num_layers: int = 3,
        num_mixtures: int = 20,
        num_window_components: int = 10,
        cell: Cell = "lstm",
        dropout: float = 0.0,
        attention_heads: int = 0,
        features: Features = "offsets",
    ) -> None:
        super().__init__()
        at_least(
            1,
            hidden_size=hidden_size,
            num_layers=num_layers,
            num_mixtures=num_mixtures,
            num_window_components=num_window_components,
        )
        self.features, pen_size = features, num_features(features)
        self.window_layer = WindowLayer(
            cell, pen_size, alphabet_size, hidden_size, num_window_components, mean_points_per_char
        )
        self.stack = SkipStack(
            cell,
            pen_size + alphabet_size,
            hidden_size,
            num_layers - 1,
            below_size=hidden_size,
            dropout=dropout,
            attention_heads=attention_heads,
        )
        self.density = MixtureDensity(hidden_size * num_layers + num_skip_features(features), num_mixtures)

    def forward(self, batch: Batch) -> Mixture:
        text, inputs = encode_text(batch.text, batch.char_mask), pen_features(batch.inputs, self.features)
        hidden, window = self.window_layer(inputs.features, text)
        above = self.stack(torch.cat([inputs.features, window], dim=-1), hidden)
        hiddens = self.stack.dropout(torch.cat([hidden, *above], dim=-1))
        return inputs.in_stds(self.density(inputs.with_hiddens(hiddens)))

    @property
    def parts(self) -> Parts:
        return Parts(self.window_layer, self.stack, self.density, self.features)

    def start(self, batch: Batch) -> WritingState:
        text = encode_text(batch.text, batch.char_mask)
        lines, window = len(batch.text), self.window_layer.start(text)
        return WritingState(window, self.stack.start(lines), initial_state(lines, window.kappa), text)

    def step(self, stroke: Tensor, state: WritingState) -> tuple[Mixture, WritingState]:
        inputs, pen = pen_features_step(stroke, state.pen, self.features)
        window = self.window_layer.step(inputs.features, state.window, state.text)
        hidden = window.cell[0]
        above, stack = self.stack.step(torch.cat([inputs.features, window.window], dim=-1), state.stack, hidden)
        hiddens = torch.cat([hidden, *above], dim=-1)
        return inputs.in_stds(self.density(inputs.with_hiddens(hiddens))), WritingState(window, stack, pen, state.text)

    def finished(self, state: WritingState) -> Tensor:
        """The end position weighs most: phi(U+1) > phi(u) for all u, Graves (2013), section 5.3.

        So it does where every component is past it, even if all phi are zero by underflow.
        """
        past = (state.window.kappa > state.text.end.unsqueeze(1) + 1).all(1)
        return past | (state.window.phi.argmax(1) == state.text.end)

    def weights(self, state: WritingState) -> Tensor:
        return state.window.phi

    def moved(self, state: WritingState, characters: Tensor) -> WritingState:
        return state._replace(window=state.window._replace(kappa=state.window.kappa + characters.unsqueeze(1)))

    def character_axes(self) -> dict[str, tuple[int, int]]:
        layers = ["window_layer.layer", *(f"stack.layers.{layer}" for layer in range(len(self.stack.layers)))]
        return {f"{layer}.rnn.weight_ih_l0": (1, self.window_layer.pen_size) for layer in layers}
