"""The network that writes a given text. Graves (2013), section 5."""

import math

from torch import Tensor

from model.layers.recurrent import Cell, SkipStack
from model.layers.trunk import RecurrentTrunk
from model.layers.window import WindowLayer, WindowState
from model.writing.line_end import LineEnd
from model.writing.mixture_density import MixtureDensity
from model.writing.pen_motion import Features, num_features, num_skip_features
from model.writing.trunk_writer import TrunkWriter, WriterState
from utils.errors import at_least


class ConditionalHandwriting(TrunkWriter):
    """A window layer, recurrent layers that read stroke and window too, a mixture density, Graves (2013), fig. 12.

    mean_points_per_char: the pace at which the window sets out; it matters before training only.
    hidden_size: cells of each layer.
    num_layers: number of recurrent layers, the window's included.
    num_mixtures: Gaussians of the mixture density.
    num_window_components: Gaussians of the window on the text.
    cell: "lstm" or "gru".
    dropout: share of the outputs of a layer that the next one does not get, in training.
    attention_heads: heads of causal self-attention over the line so far, in the second-to-last layer (of three or
    more); 0 for none, see `SelfAttention`.
    features: inputs of a point: "offsets", as Graves, or "motion", which adds direction, speed, position and the size
    of the handwriting, see model/writing/pen_motion.py.
    line_end: the end of a line is learned, as an output of the network, see `LineEnd`; otherwise Graves's rule ends it.
    sharpen_weights: bias sharpens the mixture's weights too, as Graves's, see `sample_stroke`; for ink in which the pen
    never rests.
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
        line_end: bool = False,
        sharpen_weights: bool = False,
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
        read_size = hidden_size * num_layers + num_skip_features(features)
        self.density = MixtureDensity(read_size, num_mixtures, sharpen_weights=sharpen_weights)
        if line_end:
            self.line_end = LineEnd(read_size)
        self.trunk = RecurrentTrunk(self.window_layer, self.stack)

    def finished(self, state: WriterState) -> Tensor:
        """Return True where the end position weighs most: phi(U+1) > phi(u) for all u, Graves (2013), section 5.3.

        Also where every component is past it, even if all phi are zero by underflow. (Also in C: `attend_to_text` of
        model/kernels/sampler.c.)
        """
        window: WindowState = state.trunk.window
        end = state.trunk.text.end
        past = (window.kappa > end.unsqueeze(1) + 1).all(1)
        return past | (window.phi.argmax(1) == end)

    def end_logit(self, state: WriterState) -> Tensor | None:
        """Return what `LineEnd` says where the last character or the end weighs most, else -inf; None without it.

        Before them a quote or a backslash may look like the end. (Also in C: `attend_to_text` and `note_end` of
        model/kernels/sampler.c.)
        """
        if state.end_logit is None:
            return None
        is_near = state.trunk.window.phi.argmax(1) >= state.trunk.text.end - 1
        return state.end_logit.masked_fill(~(is_near | self.finished(state)), -math.inf)

    def weights(self, state: WriterState) -> Tensor:
        return state.trunk.window.phi

    def moved(self, state: WriterState, characters: Tensor) -> WriterState:
        window: WindowState = state.trunk.window
        window = window._replace(kappa=window.kappa + characters.unsqueeze(1))
        return state._replace(trunk=state.trunk._replace(window=window))

    def character_axes(self) -> dict[str, tuple[int, int]]:
        layers = ["window_layer.layer", *(f"stack.layers.{layer}" for layer in range(len(self.stack.layers)))]
        return {f"{layer}.rnn.weight_ih_l0": (1, self.window_layer.pen_size) for layer in layers}
