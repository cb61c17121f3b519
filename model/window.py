"""The soft window over the text, and the recurrent layer that moves it. Graves (2013), section 5.1.

Shapes: B batch, T pen points, U characters + 1 end position, A alphabet, K window components, H hidden.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.recurrent import Cell, CellState, RecurrentLayer


class Text(NamedTuple):
    """Texts as the window sees them; position U of each, after its last character, is the end position.

    one_hot  (B, U, A) float, zero at the end position and in the padding
    mask     (B, U) float, 1 at the characters and the end position
    end      (B,) int64, the end position
    """

    one_hot: Tensor
    mask: Tensor
    end: Tensor


class WindowState(NamedTuple):
    """The window layer between two points: its cell's state, window (B, A), kappa (B, K), phi (B, U)."""

    cell: CellState
    window: Tensor
    kappa: Tensor
    phi: Tensor


def encode_text(text: Tensor, char_mask: Tensor, alphabet_size: int) -> Text:
    """The window's view of alphabet positions (B, U) with their mask: one position longer than the longest text."""
    one_hot = F.pad(F.one_hot(text, alphabet_size).float() * char_mask.unsqueeze(-1), (0, 0, 0, 1))
    end = char_mask.sum(1)
    mask = (torch.arange(one_hot.shape[1], device=text.device) <= end.unsqueeze(1)).float()
    return Text(one_hot, mask, end)


class GaussianWindow(nn.Module):
    """K Gaussians on the text, moved on by the hidden state; kappa is in characters and never falls, eqs. 46-51."""

    START_STEP = -3.0
    """Initial bias of kappa_hat: a window that moves exp(-3) = 1/20 character a point, near a pen's own pace."""

    def __init__(self, hidden_size: int, num_components: int) -> None:
        super().__init__()
        self.linear = nn.Linear(hidden_size, 3 * num_components)
        nn.init.normal_(self.linear.weight, std=0.01)
        nn.init.zeros_(self.linear.bias)
        nn.init.constant_(self.linear.bias[2 * num_components :], self.START_STEP)

    def forward(self, hidden: Tensor, kappa: Tensor, text: Text) -> tuple[Tensor, Tensor, Tensor]:
        """Of hidden (B, H) and the last kappa (B, K): the window (B, A), the new kappa (B, K), phi (B, U)."""
        alpha, beta, kappa_step = torch.exp(self.linear(hidden).float()).chunk(3, dim=-1)
        kappa = kappa + kappa_step
        phi = window_weights(alpha, beta, kappa, text.mask)
        return torch.bmm(phi.unsqueeze(1), text.one_hot).squeeze(1), kappa, phi


def window_weights(alpha: Tensor, beta: Tensor, kappa: Tensor, mask: Tensor) -> Tensor:
    """phi (B, U) of alpha, beta, kappa (B, K), eq. 46; character u stands at u, counted from 1."""
    positions = torch.arange(1, mask.shape[1] + 1, device=mask.device, dtype=kappa.dtype)
    distance = kappa.unsqueeze(-1) - positions
    return (alpha.unsqueeze(-1) * torch.exp(-beta.unsqueeze(-1) * distance.square())).sum(1) * mask


class WindowLayer(nn.Module):
    """The first recurrent layer of the conditional network: it reads the stroke and the window of the step before.

    Its hidden state moves the window, and the window feeds back into it, so it runs step by step, eqs. 46-52.
    """

    def __init__(self, cell: Cell, alphabet_size: int, hidden_size: int, num_components: int) -> None:
        super().__init__()
        self.layer = RecurrentLayer(cell, 3 + alphabet_size, hidden_size)
        self.window = GaussianWindow(hidden_size, num_components)
        self.num_components = num_components
        self.alphabet_size = alphabet_size

    def start(self, text: Text) -> WindowState:
        """The state before the first point: all zero."""
        zeros, batch_size = text.one_hot.new_zeros, len(text.end)
        return WindowState(
            cell=self.layer.start(batch_size),
            window=zeros(batch_size, self.alphabet_size),
            kappa=zeros(batch_size, self.num_components),
            phi=torch.zeros_like(text.mask),
        )

    def step(self, stroke: Tensor, state: WindowState, text: Text) -> WindowState:
        """The state after one more stroke (B, 3)."""
        cell = self.layer.step(torch.cat([stroke, state.window], dim=-1), state.cell)
        return WindowState(cell, *self.window(cell[0], state.kappa, text))

    def forward(self, strokes: Tensor, text: Text) -> tuple[Tensor, Tensor]:
        """Of strokes (B, T, 3): the hidden states (B, T, H) and the windows (B, T, A)."""
        state = self.start(text)
        hiddens, windows = [], []
        for stroke in strokes.unbind(1):
            state = self.step(stroke, state, text)
            hiddens.append(state.cell[0])
            windows.append(state.window)
        return torch.stack(hiddens, 1), torch.stack(windows, 1)
