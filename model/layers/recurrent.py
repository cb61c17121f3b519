"""Recurrent layers, LSTM or GRU, as a whole sequence or one step at a time with the same weights.

The LSTM's step is also in C, in model/kernels/lstm_sequence.c (training) and `lstm_cell` of model/kernels/sampler.c;
tests/model/test_rules.py drives all of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from model.kernels.lstm_sequence import LSTMSequence, can_run
from model.layers.self_attention import Memory, SelfAttention
from utils.errors import at_least

Cell = Literal["lstm", "gru"]
CellState = tuple[Tensor, ...]
"""(h, c) of an LSTM or (h,) of a GRU, each (B, H)."""
LSTMKernels = Literal["ours", "torch"]
_kernels: ContextVar[LSTMKernels] = ContextVar("kernels", default="ours")
CELLS: dict[str, type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}


@contextmanager
def lstm_kernels(choice: LSTMKernels) -> Iterator[None]:
    """Run LSTM layers without a window within the block by `LSTMSequence`, where it can run, or by torch's nn.LSTM.

    Either is faster on some processors, in some sizes and precisions; trainer.arithmetic measures. The layer with the
    window has no choice: point by point it is slower everywhere.
    """
    token = _kernels.set(choice)
    try:
        yield
    finally:
        _kernels.reset(token)


class RecurrentLayer(nn.Module):
    """Inputs (B, T, I) to hidden states (B, T, H); Graves (2013), eqs. 7-11 without peepholes, or a GRU."""

    def __init__(self, cell: Cell, input_size: int, hidden_size: int) -> None:
        super().__init__()
        if cell not in CELLS:
            raise ValueError(f"cell is {cell!r}; there are {', '.join(CELLS)}")
        self.rnn = CELLS[cell](input_size, hidden_size, batch_first=True)
        self.hidden_size = hidden_size
        self._start_at_rest()

    def _start_at_rest(self) -> None:
        """Orthogonal recurrent weights; an LSTM's forget gates start open (bias 1)."""
        from_input, recurrent, bias, recurrent_bias = (weight.data for weight in self.weights)
        for weight in recurrent.split(self.hidden_size):
            nn.init.orthogonal_(weight)
        nn.init.xavier_uniform_(from_input)
        bias.zero_()
        recurrent_bias.zero_()
        if isinstance(self.rnn, nn.LSTM):
            bias[self.hidden_size : 2 * self.hidden_size] = 1.0

    @property
    def weights(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The weights of the input (4H or 3H, I), the recurrent ones (4H or 3H, H), and the two biases."""
        from_input, recurrent, bias, recurrent_bias = self.rnn.parameters()
        return from_input, recurrent, bias, recurrent_bias

    @property
    def runs_as_sequence(self) -> bool:
        """True if the layer can run as one `LSTMSequence`: an LSTM on a CPU with a compiler."""
        weight = self.weights[0]
        return isinstance(self.rnn, nn.LSTM) and weight.device.type == "cpu" and can_run(weight)

    def forward(self, inputs: Tensor) -> Tensor:
        if _kernels.get() == "torch" or not self.runs_as_sequence:
            return self.rnn(inputs)[0]
        from_input, recurrent, bias, recurrent_bias = self.weights
        return LSTMSequence.apply(inputs.transpose(0, 1), from_input, bias + recurrent_bias, recurrent).transpose(0, 1)

    def start(self, batch_size: int) -> CellState:
        """Return the state before the first point: all zero."""
        zeros = self.weights[1].new_zeros(batch_size, self.hidden_size)
        return (zeros, zeros) if isinstance(self.rnn, nn.LSTM) else (zeros,)

    def step(self, inputs: Tensor, state: CellState) -> CellState:
        """Return the state after one more input (B, I); its first tensor is the hidden state (B, H)."""
        if isinstance(self.rnn, nn.LSTM):
            return torch.lstm_cell(inputs, state, *self.weights)
        return (torch.gru_cell(inputs, state[0], *self.weights),)


class StackState(NamedTuple):
    """All layers' states between two points, and the memory of the layer that attends, if there is one."""

    cells: tuple[CellState, ...]
    memory: tuple[Memory, ...]


class SkipStack(nn.Module):
    """Recurrent layers one above the other, each of which also reads the network's input, Graves (2013), fig. 1.

    `below` is the hidden state of a layer under the stack, if there is one; dropout is on what goes up. With
    attention_heads the second-to-last layer attends to its own past states.
    """

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        *,
        below_size: int = 0,
        dropout: float = 0.0,
        attention_heads: int = 0,
    ) -> None:
        super().__init__()
        sizes = (input_size + (hidden_size if index else below_size) for index in range(num_layers))
        self.layers = nn.ModuleList(RecurrentLayer(cell, size, hidden_size) for size in sizes)
        self.dropout = nn.Dropout(dropout)
        self.attention: SelfAttention | None = None
        at_least(0, attention_heads=attention_heads)
        if attention_heads:
            if num_layers < 2:
                raise ValueError(f"attention_heads is {attention_heads}; make it 0, or num_layers larger")
            self.attention = SelfAttention(hidden_size, attention_heads)

    def __iter__(self) -> Iterator[RecurrentLayer]:
        return iter(self.layers)  # type: ignore[arg-type]

    def attention_of(self, layer: RecurrentLayer) -> SelfAttention | None:
        """Return the attention of this layer, None if it has none."""
        return self.attention if self.attention and layer is self.layers[-2] else None

    def forward(self, inputs: Tensor, below: Tensor | None = None) -> list[Tensor]:
        """Return every layer's hidden states, each (B, T, H), of inputs (B, T, I)."""
        hiddens = []
        for layer in self:
            below = layer(inputs if below is None else concatenated(inputs, self.dropout(below)))
            attention = self.attention_of(layer)
            below = attention(below) if attention else below
            hiddens.append(below)
        return hiddens

    def start(self, lines: int) -> StackState:
        """Return every layer's state before the first point."""
        cells = tuple(layer.start(lines) for layer in self)
        return StackState(cells, (self.attention.start(lines),) if self.attention else ())

    def step(self, inputs: Tensor, state: StackState, below: Tensor | None = None) -> tuple[list[Tensor], StackState]:
        """Return every layer's hidden state (B, H) of one more input (B, I), and the state after it."""
        hiddens, cells, memory = [], [], state.memory
        for layer, cell in zip(self, state.cells, strict=True):
            cells.append(layer.step(inputs if below is None else torch.cat([inputs, below], dim=-1), cell))
            below = cells[-1][0]
            attention = self.attention_of(layer)
            if attention:
                below, attended = attention.step(below, *memory)
                memory = (attended,)
            hiddens.append(below)
        return hiddens, StackState(tuple(cells), memory)


def concatenated(*parts: Tensor) -> Tensor:
    """Return parts (B, T, ...) as one (B, T, sum of all) in the last one's precision, time first in memory."""
    return torch.cat([part.to(parts[-1].dtype).transpose(0, 1) for part in parts], dim=-1).transpose(0, 1)
