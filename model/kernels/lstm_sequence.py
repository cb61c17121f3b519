"""Whole sequences of an LSTM, with and without the window, as one autograd function written for the CPU.

Everything that does not wait for the step before is one matrix product over many points: the input projection and
every gradient of a weight. Only the recurrence runs point by point: one packed product and one fused kernel
(`lstm_sequence.c`) a point, on as many threads as there are, each with lines of its own. Matrix products run in the
autocast's precision; cells, kappa and their gradients stay float32.

Forward, for gates i, f, g, o of the pre-activations a_t = U x_t + b + W [h_{t-1}, w_{t-1}]:
    c_t = f c_{t-1} + i g        h_t = o tanh(c_t)
    (alpha, beta, d)_t = exp(V h_t + v)        kappa_t = kappa_{t-1} + d_t
    e_tku = exp(-beta_tk (kappa_tk - u)^2)     phi_tu = sum_k alpha_tk e_tku        w_t = sum_u phi_tu onehot_u

Backward, with x' the gradient of x, from the last point to the first:
    phi'_u = w'[character u]                   S^n_k = sum_u phi'_u e_ku (kappa_k - u)^n
    alpha'_k = S^0_k        beta'_k = -alpha_k S^2_k        kappa'_k += -2 alpha_k beta_k S^1_k
    m' = (alpha alpha', beta beta', d kappa')                 h' += V^T m'
    o' = h' tanh(c)         c' += h' o (1 - tanh(c)^2)      i' = c' g    f' = c' c_{t-1}    g' = c' i
    a' = (i' i (1-i), f' f (1-f), g' (1-g^2), o' o (1-o))   [h', w']_{t-1} = W^T a'    c'_{t-1} = c' f
    U' = sum_t a'_t x_t^T   b' = sum_t a'_t   W' = sum_t a'_t [h, w]_{t-1}^T   V' = sum_t m'_t h_t^T   v' = sum_t m'_t

Shapes: T pen points, B batch, I inputs, H hidden, A alphabet (0 without a window), U characters, K components.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from model.kernels.build import kernels, rows

ROWS_AT_ONCE = 16384
"""Points whose gradients of pre-activations are held at a time: enough for full speed of the products over them."""
LEAST_LINES = 8
"""A thread is worth its while from so many lines on."""


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


def can_run(weight: Tensor) -> bool:
    """Whether there are kernels for this weight's products."""
    return kernels("lstm_sequence", product_dtype(weight)) is not None


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="lines")


def part_size(lines: int) -> int:
    """How many lines each thread gets."""
    parts = max(1, min(torch.get_num_threads(), lines // LEAST_LINES))
    return -(-lines // parts)


def over_lines(work: Callable[[slice], None], lines: int) -> None:
    """`work` on every thread's lines, its matrix products on that thread alone: there is nothing to wait for."""
    threads, size = torch.get_num_threads(), part_size(lines)
    parts = [slice(first, min(first + size, lines)) for first in range(0, lines, size)]
    torch.set_num_threads(1)
    try:
        others = [_threads().submit(torch.no_grad()(work), part) for part in parts[1:]]
        work(parts[0])
        for other in others:
            other.result()
    finally:
        torch.set_num_threads(threads)


class Window(NamedTuple):
    """How a layer looks at texts.

    weight      V (3K, H) of alpha, beta, d
    bias        v (3K,)
    characters  (B, U) int64
    lengths     (B,) int64, the characters of each text
    """

    weight: Tensor
    bias: Tensor
    characters: Tensor
    lengths: Tensor


class Path(NamedTuple):
    """What the layer went through, kept for the way back.

    gates   (T, B, 4H) i, f, g, o in the products' precision
    seen    (T+1, B, H + A) [h, w], the same
    cells   (T+1, B, H) in the precision of states
    kappas  (T+1, B, K)
    moves   (T, B, 3K) alpha, beta, d
    """

    gates: Tensor
    seen: Tensor
    cells: Tensor
    kappas: Tensor
    moves: Tensor

    @classmethod
    def ahead(cls, gates: Tensor, weight: Tensor, components: int) -> "Path":
        """Of pre-activations, the state before the first point being zero."""
        (steps, lines, width), exact = gates.shape, weight.dtype
        path = cls(
            gates,
            gates.new_empty(steps + 1, lines, weight.shape[1]),
            gates.new_empty(steps + 1, lines, width // 4, dtype=exact),
            gates.new_empty(steps + 1, lines, components, dtype=exact),
            gates.new_empty(steps, lines, 3 * components, dtype=exact),
        )
        for state in (path.seen, path.cells, path.kappas):
            state[0] = 0
        return path


class LSTMSequence(torch.autograd.Function):
    """States [h, w] (T, B, H + A) of inputs (T, B, I), from a zero state.

    from_input  U (4H, I)
    bias        b (4H,)
    weight      W (4H, H + A) of [h, w] of the point before
    window      a `Window`, part by part, where A is not 0
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, from_input: Tensor, bias: Tensor, weight: Tensor, *window: Tensor) -> Tensor:
        dtype = product_dtype(weight)
        inputs = inputs.to(dtype).contiguous()
        flat = F.linear(inputs.flatten(0, 1), from_input.to(dtype), bias.to(dtype))
        gates = flat.unflatten(0, inputs.shape[:2])
        if window:
            require_texts(window[2], window[3], weight.shape[1] - len(bias) // 4)
        path = Path.ahead(gates, weight, len(window[1]) // 3 if window else 0)
        lines = gates.shape[1]
        across = product_by(weight.detach().to(dtype), part_size(lines))
        over_lines(partial(_forward, path, Window(*window) if window else None, across), lines)
        ctx.save_for_backward(inputs, from_input, weight, *path, *window)
        return path.seen[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_seen: Tensor) -> tuple[Tensor | None, ...]:
        inputs, from_input, weight, *saved = ctx.saved_tensors
        path, window = Path(*saved[:5]), Window(*saved[5:]) if saved[5:] else None
        (steps, lines, _), dtype = path.gates.shape, path.gates.dtype
        grads = [torch.zeros_like(part) for part in (from_input, weight, *(window[:1] if window else ()))]
        grad_inputs = torch.empty_like(inputs) if ctx.needs_input_grad[0] else None
        into_input = from_input.to(dtype)
        at_once = -(-ROWS_AT_ONCE // lines)
        back = Back(path, window, grad_seen.to(dtype), weight, at_once)
        for first in reversed(range(0, steps, at_once)):
            points = slice(first, min(first + at_once, steps))
            over_lines(partial(back.run, points), lines)
            grad_gates = back.grad_gates[: points.stop - first].flatten(0, 1)
            grads[0] += grad_gates.t() @ inputs[points].flatten(0, 1)
            grads[1] += grad_gates.t() @ path.seen[points].flatten(0, 1)
            if grad_inputs is not None:
                torch.mm(grad_gates, into_input, out=grad_inputs[points].flatten(0, 1))
            if window:
                hiddens = path.seen[first + 1 : points.stop + 1, :, : path.cells.shape[2]].to(weight.dtype)
                grads[2].addmm_(back.grad_moves[points].flatten(0, 1).t(), hiddens.flatten(0, 1))
        of_window = (grads[2], back.grad_moves.sum((0, 1)), None, None) if window else ()
        return grad_inputs, grads[0], back.grad_bias.sum(0), grads[1], *of_window


def _forward(path: Path, window: Window | None, across: Callable[[Tensor], Tensor], part: slice) -> None:
    """The lines of `part` from the first point to the last; the gates hold the pre-activations from the inputs."""
    step: Any = kernels("lstm_sequence", path.gates.dtype)
    count, size = part.stop - part.start, path.cells.shape[2]
    exact, width = path.cells.new_empty(count, size), path.seen.shape[2]
    gates, hiddens, cells, kappas, moves = (rows(each, part.start) for each in path)
    windows, texts = rows(path.seen[:, :, size:], part.start), _texts(path, window, part)
    for t, before in enumerate(path.seen[:-1, part].unbind(0)):
        from_before, hidden = across(before), exact.data_ptr()
        step.lstm_forward(
            count, size, gates[t], from_before.data_ptr(), cells[t], cells[t + 1], hiddens[t + 1], width, hidden
        )
        if window:
            step.window_forward(*texts, hidden, kappas[t], kappas[t + 1], moves[t], windows[t + 1], width)


def require_texts(characters: Tensor, lengths: Tensor, alphabet: int) -> None:
    """Raises IndexError where a kernel would look beyond the alphabet, or beyond a text."""
    bad = (characters < 0) | (characters >= alphabet)
    if bad.any() or lengths.min() < 0 or lengths.max() > characters.shape[1]:
        raise IndexError(f"a text has a character outside the alphabet of {alphabet}, or is longer than its row")


def _texts(path: Path, window: Window | None, part: slice) -> tuple[int, ...]:
    """What both window kernels are told first: sizes, weights and texts of the lines of `part`."""
    if window is None:
        return ()
    size, width, components = path.cells.shape[2], path.seen.shape[2], path.kappas.shape[2]
    sizes = (part.stop - part.start, size, components, width - size, window.characters.shape[1])
    return (
        *sizes,
        window.weight.data_ptr(),
        window.bias.data_ptr(),
        window.characters[part].data_ptr(),
        window.lengths[part].data_ptr(),
    )


class Back:
    """The way back over the points, some at a time from the last on; all that is carried from one to the point before.

    extra       (B, H) what a window adds to h'
    grad_gates  (T of some, B, 4H) what was found, from row 0 on
    grad_moves  (T, B, 3K)
    grad_bias   (threads, 4H), of the points so far
    """

    def __init__(self, path: Path, window: Window | None, grad_seen: Tensor, weight: Tensor, at_once: int) -> None:
        gates, cells, lines = path.gates, path.cells, path.gates.shape[1]
        self.path, self.window = path, window
        laid_out = grad_seen.stride(2) == 1 and all(grad_seen.stride())
        self.grad_seen = grad_seen if laid_out else grad_seen.contiguous()
        self.size = part_size(lines)
        self.across = product_by(weight.to(gates.dtype).t(), self.size)
        self.carried = {
            line: torch.zeros_like(path.seen[0, line : line + self.size]) for line in range(0, lines, self.size)
        }
        self.grad_cell, self.grad_kappa = torch.zeros_like(cells[0]), torch.zeros_like(path.kappas[0])
        self.extra = torch.zeros_like(cells[0])
        self.grad_gates = gates.new_empty(min(at_once, len(gates)), *gates.shape[1:])
        self.grad_moves = torch.empty_like(path.moves)
        self.grad_bias = cells.new_zeros(len(self.carried), gates.shape[2])

    def run(self, points: slice, part: slice) -> None:
        """The lines of `part` over these points."""
        step: Any = kernels("lstm_sequence", self.path.gates.dtype)
        line, count, size = part.start, part.stop - part.start, self.path.cells.shape[2]
        gates, _, cells, kappas, moves = (rows(each, line) for each in self.path)
        above, above_windows = rows(self.grad_seen, line), rows(self.grad_seen[:, :, size:], line)
        stride, width = self.grad_seen.stride(1), self.path.seen.shape[2]
        found, grad_moves = rows(self.grad_gates, line), rows(self.grad_moves, line)
        extra, grad_cell, grad_kappa = (each[line].data_ptr() for each in (self.extra, self.grad_cell, self.grad_kappa))
        grad_bias, texts = self.grad_bias[line // self.size].data_ptr(), _texts(self.path, self.window, part)
        grad_gates, carried = self.grad_gates[:, part].unbind(0), self.carried[line]
        for t in reversed(range(points.start, points.stop)):
            now = t - points.start
            if self.window:
                to_window = (above_windows[t], stride, carried[:, size:].data_ptr(), width)
                step.window_backward(*texts, kappas[t + 1], moves[t], *to_window, grad_kappa, grad_moves[t], extra)
            to_hidden = (above[t], stride, carried.data_ptr(), width, extra)
            step.lstm_backward(
                count, size, gates[t], cells[t], cells[t + 1], *to_hidden, grad_cell, found[now], grad_bias
            )
            carried = self.across(grad_gates[now])
        self.carried[line] = carried
