"""The trunk of a writing network: from pen features and a text to hidden states, each from what came before alone.

A writing network is pen features (model/writing/pen_motion.py), a trunk, and a mixture density
(model/writing/mixture_density.py); `TrunkWriter` in model/writing/trunk_writer.py puts them together.

Shapes: B lines, T pen points, F features per point, H numbers of all layers' hidden states.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from model.layers.recurrent import CellState, RecurrentLayer, SkipStack, StackState, concatenated
from model.layers.window import Text, WindowLayer, WindowState


class Trunk(Protocol):
    """The protocol of a trunk: a whole line at once, and the same point by point from a state.

    States are tensors with the batch first, in tuples of tuples, so that lines can be taken out of them. A trunk that
    the compiled sampler knows (model/writing/compiled.py) needs no Python between two points; any other is stepped.
    """

    def __call__(self, features: Tensor, text: Text) -> Tensor:
        """Return hidden states (B, T, H) of features (B, T, F)."""

    def start(self, text: Text) -> Any:
        """Return the state before the first point."""

    def step(self, features: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Return the hidden states (B, H) of one more point (B, F), and the state after it."""


class TrunkState(NamedTuple):
    """The state of a `RecurrentTrunk` between two points, and the text that is written."""

    window: WindowState | None
    stack: StackState
    text: Text


@dataclass(frozen=True)
class RecurrentTrunk:
    """Recurrent layers with skip connections, over a layer with a window if there is a text; Graves (2013), fig. 12.

    The modules belong to the network, whose weights keep the names that they have in checkpoints.
    """

    window_layer: WindowLayer | None
    stack: SkipStack

    def __call__(self, features: Tensor, text: Text) -> Tensor:
        if self.window_layer is None:
            hiddens = self.stack(features)
        else:
            hidden, window = self.window_layer(features, text)
            hiddens = [hidden, *self.stack(concatenated(features, window), hidden)]
        return self.stack.dropout(concatenated(*hiddens))  # (B, T, layers x hidden_size)

    def start(self, text: Text) -> TrunkState:
        window = self.window_layer.start(text) if self.window_layer else None
        return TrunkState(window, self.stack.start(len(text.end)), text)

    def step(self, features: Tensor, state: TrunkState) -> tuple[Tensor, TrunkState]:
        if self.window_layer is None or state.window is None:
            hiddens, stack = self.stack.step(features, state.stack)
            return torch.cat(hiddens, dim=-1), state._replace(stack=stack)
        window = self.window_layer.step(features, state.window, state.text)
        hidden = window.cell[0]
        above, stack = self.stack.step(torch.cat([features, window.window], dim=-1), state.stack, hidden)
        return torch.cat([hidden, *above], dim=-1), TrunkState(window, stack, state.text)

    @property
    def layers(self) -> list[RecurrentLayer]:
        """The recurrent layers from the lowest on, all of one kind and size."""
        return [*([self.window_layer.layer] if self.window_layer else []), *self.stack]

    def between(self, fresh: TrunkState, first: TrunkState, second: TrunkState, share: Tensor) -> TrunkState:
        """Return a fresh state of B lines that remembers two lines' styles: to a share (B, 1) the second's.

        first, second are of one line each. Cells are mixed linearly, memories by their weights. The window begins anew:
        after the two lines it is at other places of other texts, between which nothing is.
        """
        cells = tuple(map(_mixed, first.stack.cells, second.stack.cells, [share] * len(first.stack.cells)))
        memory = tuple(a.mixed(b, share) for a, b in zip(first.stack.memory, second.stack.memory, strict=True))
        window = fresh.window
        if window and first.window and second.window:
            window = window._replace(cell=_mixed(first.window.cell, second.window.cell, share))
        return TrunkState(window, StackState(cells, memory), fresh.text)


def _mixed(first: CellState, second: CellState, share: Tensor) -> CellState:
    return tuple(a.lerp(b, share) for a, b in zip(first, second, strict=True))
