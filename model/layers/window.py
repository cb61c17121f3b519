"""The soft window over the text, and the recurrent layer that moves it. Graves (2013), section 5.1.

`GaussianWindow` is also in C, in model/kernels/lstm_sequence.c (training) and `attend_to_text` of
model/kernels/sampler.c; tests/model/test_rules.py drives all of them.

Shapes: B batch, T pen points, U characters + 1 end position, A alphabet, K window components, H hidden.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.kernels.lstm_sequence import LSTMSequence
from model.kernels.window_graph import GraphedSequence
from model.layers.recurrent import Cell, CellState, RecurrentLayer


class Text(NamedTuple):
    """Texts as the window reads them; position U of each, after its last character, is the end position.

    characters  (B, U) int64 positions in the alphabet, 0 where there is none
    written     (B, U) float, 1 at the characters
    mask        (B, U) float, 1 at the characters and the end position
    end         (B,) int64, the end position
    """

    characters: Tensor
    written: Tensor
    mask: Tensor
    end: Tensor


class WindowState(NamedTuple):
    """The window layer between two points: its cell's state, window (B, A), kappa (B, K), phi (B, U)."""

    cell: CellState
    window: Tensor
    kappa: Tensor
    phi: Tensor


def encode_text(text: Tensor, char_mask: Tensor) -> Text:
    """Return texts of alphabet positions (B, U) with their mask: one position longer than the longest of them."""
    written = F.pad(char_mask, (0, 1)).float()
    end = char_mask.sum(1)
    mask = (torch.arange(written.shape[1], device=text.device) <= end.unsqueeze(1)).float()
    return Text(F.pad(text, (0, 1)), written, mask, end)


class GaussianWindow(nn.Module):
    """K Gaussians on the text, moved on by the hidden state; kappa is in characters and never falls, eqs. 46-51.

    In float32 whatever the autocast: kappa is a long sum of small steps. Before training it is one bump, START_WIDTH
    characters wide, that moves over the text at the corpus's own mean pace, so that letters and ink are learned
    together from the first step on.
    """

    START_WIDTH = 1.5

    def __init__(self, hidden_size: int, num_components: int, alphabet_size: int, points_per_char: float) -> None:
        super().__init__()
        self.alphabet_size = alphabet_size
        self.linear = nn.Linear(hidden_size, 3 * num_components)
        nn.init.normal_(self.linear.weight, std=0.01)
        start = (1 / num_components, 0.5 / self.START_WIDTH**2, 1 / points_per_char)
        with torch.no_grad():
            self.linear.bias.copy_(torch.tensor(start).log().repeat_interleave(num_components))

    def forward(self, hidden: Tensor, kappa: Tensor, text: Text) -> tuple[Tensor, Tensor, Tensor]:
        """Return the window (B, A), the new kappa (B, K), and phi (B, U), from hidden (B, H) and the last kappa."""
        with torch.autocast(hidden.device.type, enabled=False):
            alpha, beta, shift = torch.exp(self.linear(hidden.to(kappa.dtype))).chunk(
                3, dim=-1
            )  # (B, 3K) -> (B, K) each
            kappa = kappa + shift
            phi = window_weights(alpha, beta, kappa, text.mask)
        window = phi.new_zeros(len(phi), self.alphabet_size)
        return window.scatter_add(1, text.characters, phi * text.written), kappa, phi


def window_weights(alpha: Tensor, beta: Tensor, kappa: Tensor, mask: Tensor) -> Tensor:
    """Return phi (B, U) of alpha, beta, kappa (B, K), eq. 46; character u is at position u, counted from 1."""
    positions = torch.arange(1, mask.shape[1] + 1, device=mask.device, dtype=kappa.dtype)
    distance = kappa.unsqueeze(-1) - positions  # (B, K, U)
    return (alpha.unsqueeze(-1) * torch.exp(-beta.unsqueeze(-1) * distance.square())).sum(1) * mask


class WindowLayer(nn.Module):
    """The first recurrent layer of the conditional network: it reads a pen point and the window of the point before.

    Its hidden state moves the window, and the window feeds back into it, so it runs point by point, eqs. 46-52.
    """

    def __init__(
        self,
        cell: Cell,
        pen_size: int,
        alphabet_size: int,
        hidden_size: int,
        num_components: int,
        points_per_char: float,
    ) -> None:
        super().__init__()
        self.pen_size = pen_size
        self.layer = RecurrentLayer(cell, pen_size + alphabet_size, hidden_size)
        self.window = GaussianWindow(hidden_size, num_components, alphabet_size, points_per_char)
        self.num_components = num_components

    def start(self, text: Text) -> WindowState:
        """Return the state before the first point: all zero."""
        zeros, batch_size = text.mask.new_zeros, len(text.end)
        return WindowState(
            cell=self.layer.start(batch_size),
            window=zeros(batch_size, self.window.alphabet_size),
            kappa=zeros(batch_size, self.num_components),
            phi=torch.zeros_like(text.mask),
        )

    def step(self, pen: Tensor, state: WindowState, text: Text) -> WindowState:
        """Return the state after one more point, given its features pen (B, F)."""
        cell = self.layer.step(torch.cat([pen, state.window], dim=-1), state.cell)
        return WindowState(cell, *self.window(cell[0], state.kappa, text))

    @property
    def sequence(self) -> type[LSTMSequence] | type[GraphedSequence] | None:
        """The function that runs all points at once, on a CPU or a GPU; None where they run point by point."""
        if self.layer.runs_as_sequence:
            return LSTMSequence
        on_a_gpu = isinstance(self.layer.rnn, nn.LSTM) and self.layer.weights[0].is_cuda
        return GraphedSequence if on_a_gpu else None

    def forward(self, pen: Tensor, text: Text) -> tuple[Tensor, Tensor]:
        """Return the hidden states (B, T, H) and the windows (B, T, A), given features pen (B, T, F)."""
        if self.sequence:
            return self._as_sequence(self.sequence, pen, text)
        state = self.start(text)
        hiddens, windows = [], []
        for point in pen.unbind(1):
            state = self.step(point, state, text)
            hiddens.append(state.cell[0])
            windows.append(state.window)
        return torch.stack(hiddens, 1), torch.stack(windows, 1)

    def _as_sequence(
        self, sequence: type[LSTMSequence] | type[GraphedSequence], pen: Tensor, text: Text
    ) -> tuple[Tensor, Tensor]:
        """Return what the steps one by one would."""
        from_input, recurrent, bias, recurrent_bias = self.layer.weights
        from_pen, from_window = from_input.split([self.pen_size, self.window.alphabet_size], dim=1)
        weight = torch.cat([recurrent, from_window], dim=1)
        linear = self.window.linear
        # time first: (B, T, F) -> (T, B, F), and the states [h, w] (T, B, H + A) -> (B, T, H + A)
        states = sequence.apply(
            pen.transpose(0, 1), from_pen, bias + recurrent_bias, weight,
            linear.weight, linear.bias, text.characters, text.end,
        ).transpose(0, 1)  # fmt: skip
        hiddens, windows = states.split([self.layer.hidden_size, self.window.alphabet_size], dim=2)
        return hiddens, windows
