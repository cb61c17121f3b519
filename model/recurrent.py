"""One recurrent layer, LSTM or GRU, as a whole sequence or one step at a time with the same weights."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.lstm_sequence import LSTMSequence

Cell = Literal["lstm", "gru"]
CellState = tuple[Tensor, ...]
"""(h, c) of an LSTM or (h,) of a GRU, each (B, H)."""
CELLS: dict[str, type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}


def runs_as_sequence(rnn: nn.RNNBase) -> bool:
    """Whether `model.lstm_sequence` runs this layer: an LSTM on a CPU, where it is several times nn.LSTM's speed."""
    return isinstance(rnn, nn.LSTM) and rnn.weight_hh_l0.device.type == "cpu"


class RecurrentLayer(nn.Module):
    """Inputs (B, T, I) to hidden states (B, T, H); Graves (2013), eqs. 7-11 without peepholes, or a GRU."""

    def __init__(self, cell: Cell, input_size: int, hidden_size: int) -> None:
        super().__init__()
        if cell not in CELLS:
            raise ValueError(f"cell is {cell!r}; there are {', '.join(CELLS)}")
        self.rnn = CELLS[cell](input_size, hidden_size, batch_first=True)
        self.is_lstm = cell == "lstm"
        self.hidden_size = hidden_size
        self._start_at_rest()

    def _start_at_rest(self) -> None:
        """Orthogonal recurrent weights; an LSTM's forget gates start open (bias 1)."""
        for weight in self.rnn.weight_hh_l0.data.split(self.hidden_size):
            nn.init.orthogonal_(weight)
        nn.init.xavier_uniform_(self.rnn.weight_ih_l0.data)
        self.rnn.bias_ih_l0.data.zero_()
        self.rnn.bias_hh_l0.data.zero_()
        if self.is_lstm:
            self.rnn.bias_ih_l0.data[self.hidden_size : 2 * self.hidden_size] = 1.0

    def forward(self, inputs: Tensor) -> Tensor:
        rnn = self.rnn
        if not runs_as_sequence(rnn):
            return rnn(inputs)[0]
        pre = F.linear(inputs.transpose(0, 1), rnn.weight_ih_l0, rnn.bias_ih_l0 + rnn.bias_hh_l0)
        return LSTMSequence.apply(pre, rnn.weight_hh_l0).transpose(0, 1)

    def start(self, batch_size: int) -> CellState:
        """The state before the first point: all zero."""
        zeros = self.rnn.weight_hh_l0.new_zeros(batch_size, self.hidden_size)
        return (zeros, zeros) if self.is_lstm else (zeros,)

    def step(self, inputs: Tensor, state: CellState) -> CellState:
        """The state after one more input (B, I); its first tensor is the hidden state (B, H)."""
        rnn = self.rnn
        weights = (rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, rnn.bias_hh_l0)
        if self.is_lstm:
            return torch.lstm_cell(inputs, state, *weights)
        return (torch.gru_cell(inputs, state[0], *weights),)


class SkipStack(nn.Module):
    """Recurrent layers one above the other, each of which also reads the network's input, Graves (2013), fig. 1.

    `below` is the hidden state of a layer under the stack, if there is one; dropout is on what goes up.
    """

    def __init__(
        self, cell: Cell, input_size: int, hidden_size: int, num_layers: int, *, below_size: int = 0, dropout: float = 0.0
    ) -> None:
        super().__init__()
        sizes = [input_size + (hidden_size if index else below_size) for index in range(num_layers)]
        self.layers = nn.ModuleList(RecurrentLayer(cell, size, hidden_size) for size in sizes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: Tensor, below: Tensor | None = None) -> list[Tensor]:
        """Of inputs (B, T, I): every layer's hidden states, each (B, T, H)."""
        hiddens = []
        for layer in self.layers:
            below = layer(inputs if below is None else torch.cat([inputs, self.dropout(below)], dim=-1))
            hiddens.append(below)
        return hiddens

    def start(self, batch_size: int) -> tuple[CellState, ...]:
        """Every layer's state before the first point."""
        return tuple(layer.start(batch_size) for layer in self.layers)

    def step(self, inputs: Tensor, cells: tuple[CellState, ...], below: Tensor | None = None) -> tuple[CellState, ...]:
        """Every layer's state after one more input (B, I)."""
        stepped = []
        for layer, cell in zip(self.layers, cells, strict=True):
            layer_inputs = inputs if below is None else torch.cat([inputs, below], dim=-1)
            stepped.append(layer.step(layer_inputs, cell))
            below = stepped[-1][0]
        return tuple(stepped)
