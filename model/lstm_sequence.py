"""Whole sequences of an LSTM, with and without the window, as autograd functions written for the CPU.

Everything that does not wait for the step before is one matrix product over all points: the input projection
(done by the caller) and every gradient of a weight. Only the recurrence runs point by point, in place, on buffers
made once. Matrix products run in the autocast's precision; cells, kappa and gradients of cells stay float32.

Forward, for gates i, f, g, o of the pre-activations a_t = pre_t + W [h_{t-1}, w_{t-1}]:
    c_t = f c_{t-1} + i g        h_t = o tanh(c_t)
    (alpha, beta, d)_t = exp(V h_t + v)        kappa_t = kappa_{t-1} + d_t
    e_tku = exp(-beta_tk (kappa_tk - u)^2)     phi_tu = sum_k alpha_tk e_tku        w_t = sum_u phi_tu onehot_u

Backward, with x' the gradient of x, from the last point to the first:
    phi'_u = w'[character u]                   S^n_k = sum_u phi'_u e_ku (kappa_k - u)^n
    alpha'_k = S^0_k        beta'_k = -alpha_k S^2_k        kappa'_k += -2 alpha_k beta_k S^1_k
    h' += V^T (alpha alpha', beta beta', d kappa')
    o' = h' tanh(c)         c' += h' o (1 - tanh(c)^2)      i' = c' g    f' = c' c_{t-1}    g' = c' i
    a' = (i' i (1-i), f' f (1-f), g' (1-g^2), o' o (1-o))   [h', w']_{t-1} = W^T a'    c'_{t-1} = c' f
    W' = sum_t a'_t [h, w]_{t-1}^T             V' = sum_t (alpha alpha', beta beta', d kappa')_t h_t^T

Shapes: T pen points, B batch, H hidden, A alphabet, U characters + 1, K window components.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

sigmoid_backward = torch.ops.aten.sigmoid_backward.grad_input
tanh_backward = torch.ops.aten.tanh_backward.grad_input


def product_dtype(tensor: Tensor) -> torch.dtype:
    """The precision of matrix products: the autocast's within one, else the tensor's own."""
    kind = tensor.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else tensor.dtype


def product_by(weight: Tensor, rows: int) -> Callable[[Tensor], Tensor]:
    """The function x (rows, I) -> x W^T (rows, O) of a weight (O, I) that is used again and again.

    oneDNN packs the weight once instead of at every product: at 16 rows the product is then 2.5 times as fast.
    """
    if can_be_packed(weight.dtype):
        packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), rows)
        return lambda x: torch.ops.mkldnn._linear_pointwise(x, packed, None, "none", [], None)
    across = weight.t().contiguous()
    return lambda x: torch.mm(x, across)


def can_be_packed(dtype: torch.dtype) -> bool:
    """Whether oneDNN multiplies in this precision on this machine."""
    if dtype == torch.bfloat16:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return dtype == torch.float32 and torch.backends.mkldnn.is_available()


class Cells:
    """The pointwise part of an LSTM over T points.

    gates  (T, B, 4H) in the products' precision: the pre-activations, and after `forward` the activated i, f, g, o
    cells  (T+1, B, H) float32

    Views are made once, not at every point: at small sizes they would cost as much as the arithmetic.
    """

    def __init__(self, gates: Tensor, cells: Tensor) -> None:
        self.gates, self.cells = gates, cells
        self.gates_at, self.cell_at = gates.unbind(0), cells.unbind(0)
        self.tanh = torch.empty_like(cells[0])
        self.now, self.grad = (cells.new_empty(gates.shape[1:]) for _ in range(2))
        self.parts, self.grad_parts = self.now.chunk(4, 1), self.grad.chunk(4, 1)
        self.input_and_forget = self.now[:, : 2 * cells.shape[2]]

    @classmethod
    def at_rest(cls, pre: Tensor, dtype: torch.dtype, exact: torch.dtype) -> "Cells":
        """The cells before the first point, c = 0; `pre` is copied."""
        steps, batch, width = pre.shape
        return cls(pre.to(dtype, copy=True), pre.new_zeros(steps + 1, batch, width // 4, dtype=exact))

    def forward(self, t: int, recurrent: Tensor, hidden: Tensor) -> None:
        """Write h_t into `hidden` (B, H); `recurrent` (B, 4H) is W [h_{t-1}, w_{t-1}]."""
        i, f, g, o = self.parts
        self.now.copy_(self.gates_at[t]).add_(recurrent)
        self.input_and_forget.sigmoid_()
        g.tanh_()
        o.sigmoid_()
        cell = torch.mul(f, self.cell_at[t], out=self.cell_at[t + 1]).addcmul_(i, g)
        torch.mul(torch.tanh(cell, out=self.tanh), o, out=hidden)
        self.gates_at[t].copy_(self.now)

    def backward(self, t: int, grad_hidden: Tensor, grad_cell: Tensor) -> Tensor:
        """a'_t (B, 4H), valid until the next call, of h'_t (B, H); in `grad_cell` (B, H) c'_t becomes c'_{t-1}."""
        i, f, g, o = self.parts
        grad_i, grad_f, grad_g, grad_o = self.grad_parts
        self.now.copy_(self.gates_at[t])
        tanh = torch.tanh(self.cell_at[t + 1], out=self.tanh)
        grad_cell += tanh_backward(torch.mul(grad_hidden, o, out=grad_i), tanh, grad_input=grad_i)
        sigmoid_backward(torch.mul(grad_hidden, tanh, out=grad_o), o, grad_input=grad_o)
        sigmoid_backward(torch.mul(grad_cell, g, out=grad_i), i, grad_input=grad_i)
        sigmoid_backward(torch.mul(grad_cell, self.cell_at[t], out=grad_f), f, grad_input=grad_f)
        tanh_backward(torch.mul(grad_cell, i, out=grad_g), g, grad_input=grad_g)
        grad_cell *= f
        return self.grad


class LSTMSequence(torch.autograd.Function):
    """Hidden states (T, B, H) of pre-activations (T, B, 4H) and recurrent weights (4H, H), from a zero state."""

    @staticmethod
    def forward(ctx: Any, pre: Tensor, weight: Tensor) -> Tensor:
        dtype = product_dtype(weight)
        across = product_by(weight.to(dtype), pre.shape[1])
        cells = Cells.at_rest(pre, dtype, weight.dtype)
        hiddens = cells.cells.new_zeros(cells.cells.shape, dtype=dtype)
        hidden, hidden_at = torch.empty_like(cells.tanh), hiddens.unbind(0)
        for t in range(len(pre)):
            cells.forward(t, across(hidden_at[t]), hidden)
            hidden_at[t + 1].copy_(hidden)
        ctx.save_for_backward(hiddens, cells.gates, cells.cells, weight)
        return hiddens[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_hiddens: Tensor) -> tuple[Tensor, Tensor]:
        hiddens, gates, saved_cells, weight = ctx.saved_tensors
        cells = Cells(gates, saved_cells)
        back = product_by(weight.to(hiddens.dtype).t(), gates.shape[1])
        grad_gates = torch.empty_like(gates)
        grad_cell, grad_hidden = torch.zeros_like(saved_cells[0]), torch.empty_like(saved_cells[0])
        carried = torch.zeros_like(hiddens[0])
        steps = zip(reversed(range(len(gates))), grad_hiddens.unbind(0)[::-1], grad_gates.unbind(0)[::-1], strict=True)
        for t, from_above, grad_gate in steps:
            torch.add(from_above, carried, out=grad_hidden)
            carried = back(grad_gate.copy_(cells.backward(t, grad_hidden, grad_cell)))
        return grad_gates, weight_gradient(grad_gates, hiddens[:-1], weight)


def weight_gradient(grad_outputs: Tensor, inputs: Tensor, weight: Tensor) -> Tensor:
    """The gradient of a weight (O, I) of outputs (T, B, O) and inputs (T, B, I): one product over all points."""
    return (grad_outputs.flatten(0, 1).t() @ inputs.flatten(0, 1)).to(weight.dtype)


class WindowSequence(torch.autograd.Function):
    """The window layer: hidden states (T, B, H) and windows (T, B, A), from a zero state.

    pre         (T, B, 4H) pre-activations from the strokes
    weight      (4H, H + A) of [h, w] of the point before
    parameters  V (3K, H) and v (3K,) of alpha, beta, d
    characters  (B, U) int64, any where there is none
    written     (B, U) 1 at the characters, 0 elsewhere
    """

    @staticmethod
    def forward(
        ctx: Any, pre: Tensor, weight: Tensor, to_window: Tensor, bias: Tensor, characters: Tensor, written: Tensor
    ) -> tuple[Tensor, Tensor]:
        dtype, size = product_dtype(weight), pre.shape[2] // 4
        across, to_window_t = product_by(weight.to(dtype), pre.shape[1]), to_window.t().contiguous()
        cells = Cells.at_rest(pre, dtype, weight.dtype)
        seen = cells.gates.new_zeros(len(pre) + 1, pre.shape[1], weight.shape[1])
        kappas = cells.cells.new_zeros(len(pre) + 1, pre.shape[1], len(bias) // 3)
        moves = cells.cells.new_empty(len(pre), pre.shape[1], len(bias))
        hidden, window = torch.empty_like(cells.tanh), cells.cells.new_empty(pre.shape[1], weight.shape[1] - size)
        positions = torch.arange(1, characters.shape[1] + 1, dtype=weight.dtype)
        seen_at, hidden_at, window_at = (part.unbind(0) for part in (seen, seen[:, :, :size], seen[:, :, size:]))
        kappa_at, move_at, parts_at = kappas.unbind(0), moves.unbind(0), _thirds(moves)
        for t in range(len(pre)):
            cells.forward(t, across(seen_at[t]), hidden)
            torch.addmm(bias, hidden, to_window_t, out=move_at[t]).exp_()
            alpha, beta, step = parts_at[t]
            kappa = torch.add(kappa_at[t], step, out=kappa_at[t + 1])
            bells = _bells(beta, kappa.unsqueeze(2) - positions)
            phi = torch.bmm(alpha.unsqueeze(1), bells).squeeze(1) * written
            hidden_at[t + 1].copy_(hidden)
            window_at[t + 1].copy_(window.zero_().scatter_add_(1, characters, phi))
        ctx.save_for_backward(seen, cells.gates, cells.cells, kappas, moves, weight, to_window, characters, written)
        return seen[1:, :, :size], seen[1:, :, size:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_hiddens: Tensor, grad_windows: Tensor) -> tuple[Tensor | None, ...]:
        seen, gates, saved_cells, kappas, moves, weight, to_window, characters, written = ctx.saved_tensors
        cells, size = Cells(gates, saved_cells), saved_cells.shape[2]
        back = product_by(weight.to(seen.dtype).t(), gates.shape[1])
        grad_gates, grad_moves = torch.empty_like(gates), torch.empty_like(moves)
        grad_cell, grad_hidden = torch.zeros_like(saved_cells[0]), torch.empty_like(saved_cells[0])
        grad_window, grad_kappa = saved_cells.new_empty(seen[0, :, size:].shape), torch.zeros_like(kappas[0])
        carried = torch.zeros_like(seen[0])
        positions = torch.arange(1, characters.shape[1] + 1, dtype=weight.dtype)
        from_above = zip(grad_hiddens.unbind(0)[::-1], grad_windows.unbind(0)[::-1], strict=True)
        parts_at, grad_parts_at, grad_move_at = _thirds(moves), _thirds(grad_moves), grad_moves.unbind(0)
        kappa_at, grad_gates_at = kappas.unsqueeze(3).unbind(0), grad_gates.unbind(0)
        for t, (to_hidden, to_window_seen) in zip(reversed(range(len(gates))), from_above, strict=True):
            grad_phi = torch.add(to_window_seen, carried[:, size:], out=grad_window).gather(1, characters).mul_(written)
            _move_gradient(grad_phi, kappa_at[t + 1] - positions, parts_at[t], grad_kappa, grad_parts_at[t])
            torch.add(to_hidden, carried[:, :size], out=grad_hidden).addmm_(grad_move_at[t], to_window)
            carried = back(grad_gates_at[t].copy_(cells.backward(t, grad_hidden, grad_cell)))
        return (
            grad_gates,
            weight_gradient(grad_gates, seen[:-1], weight),
            weight_gradient(grad_moves, seen[1:, :, :size].to(weight.dtype), to_window),
            grad_moves.sum((0, 1)),
            None,
            None,
        )


def _bells(beta: Tensor, distance: Tensor) -> Tensor:
    """e = exp(-beta distance^2): (B, K, U) of beta (B, K) and distance (B, K, U)."""
    return distance.square().mul_(beta.unsqueeze(2)).neg_().exp_()


Thirds = tuple[Tensor, Tensor, Tensor]


def _thirds(moves: Tensor) -> list[Thirds]:
    """The three parts (B, K) of moves (T, B, 3K), for every point."""
    return list(zip(*(part.unbind(0) for part in moves.chunk(3, 2)), strict=True))


def _move_gradient(grad_phi: Tensor, distance: Tensor, move: Thirds, grad_kappa: Tensor, grad_move: Thirds) -> None:
    """Add this point's part to kappa' (B, K); write (alpha alpha', beta beta', d kappa') into `grad_move`."""
    alpha, beta, step = move
    to_alpha, to_beta, to_step = grad_move
    summand = _bells(beta, distance).mul_(grad_phi.unsqueeze(1))
    torch.mul(summand.sum(2), alpha, out=to_alpha)
    first = summand.mul_(distance).sum(2)
    grad_kappa -= first.mul_(alpha).mul_(beta).mul_(2)
    torch.mul(summand.mul_(distance).sum(2).mul_(alpha), beta, out=to_beta).neg_()
    torch.mul(grad_kappa, step, out=to_step)
