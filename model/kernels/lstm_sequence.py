"""Whole sequences of an LSTM, with and without the window, as one autograd function written for the CPU.

Everything that does not wait for the step before is one matrix product over many points: the input projection and
every gradient of a weight. Only the recurrence runs point by point: per point one packed product and one fused kernel
(`lstm_sequence.c`), on as many threads as there are, each with lines of its own. Matrix products run in the
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

import ctypes
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from model.kernels.build import fields, kernels
from model.kernels.threads import over_lines, part_size

ROWS_AT_ONCE = 16384
"""Rows (points times lines) of pre-activation gradients held at a time: enough for full speed of their products."""


class Sequence(ctypes.Structure):
    """`sequence` of lstm_sequence.c."""

    _fields_ = [
        *fields(ctypes.c_int64, "t batch lines size alphabet components max_characters"),
        *fields(ctypes.c_void_p, "gates states cells kappas moves to_moves moves_bias characters lengths"),
        *fields(ctypes.c_void_p, "recurrent hidden"),
    ]


class BackwardStep(ctypes.Structure):
    """`backward_step` of lstm_sequence.c."""

    _fields_ = [
        ("forward", ctypes.POINTER(Sequence)),
        *fields(ctypes.c_int64, "first"),
        *fields(ctypes.c_void_p, "above"),
        *fields(ctypes.c_int64, "above_per_point above_per_line"),
        *fields(ctypes.c_void_p, "carried grad_gates grad_cell grad_kappa grad_moves grad_bias from_window"),
    ]


def product_dtype(tensor: Tensor) -> torch.dtype:
    """Return the precision of matrix products: the autocast's within one, else the tensor's own."""
    kind = tensor.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else tensor.dtype


def product_by(weight: Tensor, rows: int, bias: Tensor | None = None) -> Callable[[Tensor], Tensor]:
    """Return the function x (rows, I) -> x W^T + b (rows, O) of a weight (O, I) that is used again and again.

    oneDNN packs the weight once instead of at every product: at 16 rows the product is then 2.5 times as fast.
    """
    if can_be_packed(weight.dtype):
        packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), rows)
        return lambda x: torch.ops.mkldnn._linear_pointwise(x, packed, bias, "none", [], None)
    weight = weight.contiguous()
    return lambda x: F.linear(x, weight, bias)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return x W^T + b of many rows x (R, I), weight (O, I) and bias (O,).

    oneDNN's in float32 as well: torch's own products are MKL's, which on other makers' processors than Intel's do
    without AVX-512 and take up to twice the time; on Intel's they take the same. Of a weight that is part of a larger
    one oneDNN needs a copy: without, it takes hundreds of times as long.
    """
    if x.dtype == torch.float32 and can_be_packed(x.dtype):
        return torch.ops.mkldnn._linear_pointwise(x, weight.contiguous(), bias, "none", [], None)
    return F.linear(x, weight, bias)


def can_be_packed(dtype: torch.dtype) -> bool:
    """Return True if oneDNN multiplies in this precision on this machine."""
    if dtype == torch.bfloat16:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return dtype == torch.float32 and torch.backends.mkldnn.is_available()


def can_run(weight: Tensor) -> bool:
    """Return True if there are kernels for this weight's products."""
    return kernels("lstm_sequence", product_dtype(weight)) is not None


class Window(NamedTuple):
    """A window's weights and the texts that it attends to.

    weight      V (3K, H) of alpha, beta, d
    bias        v (3K,)
    characters  (B, U) int64
    lengths     (B,) int64, the characters of each text
    """

    weight: Tensor
    bias: Tensor
    characters: Tensor
    lengths: Tensor


class Activations(NamedTuple):
    """The layer's activations, saved for the backward pass.

    gates   (T, B, 4H) i, f, g, o in the products' precision
    states  (T+1, B, H + A) [h, w], in the same precision
    cells   (T+1, B, H) in the precision of the weights
    kappas  (T+1, B, K)
    moves   (T, B, 3K) alpha, beta, d
    """

    gates: Tensor
    states: Tensor
    cells: Tensor
    kappas: Tensor
    moves: Tensor

    @classmethod
    def allocate(cls, gates: Tensor, weight: Tensor, components: int) -> "Activations":
        """Return room for the activations of these pre-activations; the state before the first point is zero."""
        (steps, lines, width), exact = gates.shape, weight.dtype
        activations = cls(
            gates,
            gates.new_empty(steps + 1, lines, weight.shape[1]),
            gates.new_empty(steps + 1, lines, width // 4, dtype=exact),
            gates.new_empty(steps + 1, lines, components, dtype=exact),
            gates.new_empty(steps, lines, 3 * components, dtype=exact),
        )
        for state in (activations.states, activations.cells, activations.kappas):
            state[0] = 0
        return activations

    def in_c(self, window: Window | None, part: slice, hidden: Tensor | None = None) -> Sequence:
        """Return the struct of these tensors from the first line of `part` on; hidden (lines, H) is scratch."""
        size, width, components = self.cells.shape[2], self.states.shape[2], self.kappas.shape[2]
        sequence = Sequence(
            **dict(zip(self._fields, (tensor[0, part].data_ptr() for tensor in self), strict=True)),
            batch=self.gates.shape[1],
            lines=part.stop - part.start,
            size=size,
            alphabet=width - size,
            components=components,
            hidden=None if hidden is None else hidden.data_ptr(),
        )
        if window:
            sequence.to_moves, sequence.moves_bias = window.weight.data_ptr(), window.bias.data_ptr()
            sequence.characters, sequence.lengths = window.characters[part].data_ptr(), window.lengths[part].data_ptr()
            sequence.max_characters = window.characters.shape[1]
        return sequence


class LSTMSequence(torch.autograd.Function):
    """States [h, w] (T, B, H + A) of inputs (T, B, I), from a zero state.

    from_input  U (4H, I)
    bias        b (4H,)
    weight      W (4H, H + A) of [h, w] of the point before
    window      the tensors of a `Window` where A is not 0
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, from_input: Tensor, bias: Tensor, weight: Tensor, *window: Tensor) -> Tensor:
        dtype = product_dtype(weight)
        inputs = inputs.to(dtype).contiguous()
        # all points' input projections at once: (T, B, I) -> (T B, 4H) -> (T, B, 4H); with a bias torch may first
        # fill the result with it, so the bias is in the recurrent product, which adds it for nothing
        flat = linear(inputs.flatten(0, 1), from_input.detach().to(dtype))
        gates = flat.unflatten(0, inputs.shape[:2])
        if window:
            require_texts(window[2], window[3], weight.shape[1] - len(bias) // 4)
        activations = Activations.allocate(gates, weight, len(window[1]) // 3 if window else 0)
        lines = gates.shape[1]
        multiply = product_by(weight.detach().to(dtype), part_size(lines), bias.detach().to(dtype))
        over_lines(partial(_forward, activations, Window(*window) if window else None, multiply), lines)
        ctx.save_for_backward(inputs, from_input, weight, *activations, *window)
        return activations.states[1:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Tensor | None, ...]:
        inputs, from_input, weight, *saved = ctx.saved_tensors
        activations, window = Activations(*saved[:5]), Window(*saved[5:]) if saved[5:] else None
        (steps, lines, _), dtype = activations.gates.shape, activations.gates.dtype
        grads = [torch.zeros_like(part) for part in (from_input, weight, *(window[:1] if window else ()))]
        grad_inputs = torch.empty_like(inputs) if ctx.needs_input_grad[0] else None
        to_inputs = from_input.to(dtype).t()
        # weight gradients are products over a chunk of points, so only a chunk's pre-activation gradients are held
        at_once = -(-ROWS_AT_ONCE // lines)
        back = BackwardPass(activations, window, grad_states.to(dtype), weight, at_once)
        for first in reversed(range(0, steps, at_once)):
            points = slice(first, min(first + at_once, steps))
            over_lines(partial(back.run, points), lines)
            grad_gates = back.grad_gates[: points.stop - first].flatten(0, 1)
            grads[0] += grad_gates.t() @ inputs[points].flatten(0, 1)
            grads[1] += grad_gates.t() @ activations.states[points].flatten(0, 1)
            if grad_inputs is not None:
                grad_inputs[points] = linear(grad_gates, to_inputs).view_as(inputs[points])
            if window:
                hiddens = activations.states[first + 1 : points.stop + 1, :, : activations.cells.shape[2]]
                grads[2].addmm_(back.grad_moves[points].flatten(0, 1).t(), hiddens.to(weight.dtype).flatten(0, 1))
        of_window = (grads[2], back.grad_moves.sum((0, 1)), None, None) if window else ()
        return grad_inputs, grads[0], back.grad_bias.sum(0), grads[1], *of_window


def _forward(
    activations: Activations, window: Window | None, multiply: Callable[[Tensor], Tensor], part: slice
) -> None:
    """Run the lines of `part` from the first point to the last; the gates hold the pre-activations from the inputs."""
    library: Any = kernels("lstm_sequence", activations.gates.dtype)
    hidden = activations.cells.new_empty(part.stop - part.start, activations.cells.shape[2])
    sequence = activations.in_c(window, part, hidden)
    pointer = ctypes.byref(sequence)
    for t, previous in enumerate(activations.states[:-1, part].unbind(0)):
        recurrent = multiply(previous)
        sequence.t, sequence.recurrent = t, recurrent.data_ptr()
        library.forward_point(pointer)


def require_texts(characters: Tensor, lengths: Tensor, alphabet: int) -> None:
    """Raise IndexError where a kernel would read beyond the alphabet, or beyond a text."""
    bad = (characters < 0) | (characters >= alphabet)
    if bad.any() or lengths.min() < 0 or lengths.max() > characters.shape[1]:
        raise IndexError(f"a text has a character outside the alphabet of {alphabet}, or is longer than its row")


class BackwardPass:
    """The backward pass, a chunk of points at a time from the last on, and all that one point hands to the one before.

    grad_gates   (T of a chunk, B, 4H), the chunk's first point in row 0
    grad_moves   (T, B, 3K)
    grad_bias    (threads, 4H), the sum over the points so far
    carried      [h', w'] from the point after, by the first line of each thread's part
    from_window  (B, H) what the window adds to h'
    """

    def __init__(
        self, activations: Activations, window: Window | None, grad_states: Tensor, weight: Tensor, at_once: int
    ) -> None:
        gates, cells, lines = activations.gates, activations.cells, activations.gates.shape[1]
        self.activations, self.window = activations, window
        dense_rows = grad_states.stride(2) == 1 and all(grad_states.stride())
        self.grad_states = grad_states if dense_rows else grad_states.contiguous()
        self.size = part_size(lines)
        self.multiply = product_by(weight.to(gates.dtype).t(), self.size)
        self.carried = {
            line: torch.zeros_like(activations.states[0, line : line + self.size])
            for line in range(0, lines, self.size)
        }
        self.grad_cell, self.grad_kappa = torch.zeros_like(cells[0]), torch.zeros_like(activations.kappas[0])
        self.from_window = torch.zeros_like(cells[0])
        self.grad_gates = gates.new_empty(min(at_once, len(gates)), *gates.shape[1:])
        self.grad_moves = torch.empty_like(activations.moves)
        self.grad_bias = cells.new_zeros(len(self.carried), gates.shape[2])

    def run(self, points: slice, part: slice) -> None:
        """Run the lines of `part` over these points."""
        library: Any = kernels("lstm_sequence", self.activations.gates.dtype)
        line, carried = part.start, self.carried[part.start]
        sequence = self.activations.in_c(self.window, part)
        step = BackwardStep(
            forward=ctypes.pointer(sequence),
            first=points.start,
            above=self.grad_states[0, part].data_ptr(),
            above_per_point=self.grad_states.stride(0),
            above_per_line=self.grad_states.stride(1),
            grad_gates=self.grad_gates[0, part].data_ptr(),
            grad_moves=self.grad_moves[0, part].data_ptr(),
            grad_bias=self.grad_bias[line // self.size].data_ptr(),
            **{name: getattr(self, name)[part].data_ptr() for name in ("grad_cell", "grad_kappa", "from_window")},
        )
        pointer, grad_gates = ctypes.byref(step), self.grad_gates[:, part].unbind(0)
        for t in reversed(range(points.start, points.stop)):
            sequence.t, step.carried = t, carried.data_ptr()
            library.backward_point(pointer)
            carried = self.multiply(grad_gates[t - points.start])
        self.carried[line] = carried
