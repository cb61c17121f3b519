"""The layer with the window on a GPU: some points at a time, and every such chunk as one CUDA graph.

Point by point the launches of small kernels would take most of the time; a graph launches those of a whole chunk at
once. The formulas, arguments and results are those of `model.kernels.lstm_sequence`. What needs no gradient of a later
point is computed for a whole chunk at once in the backward pass. On a CPU, which has `LSTMSequence`, the same code runs
uncaptured, for comparison.
"""

from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from model.kernels.lstm_sequence import Activations, product_dtype

POINTS = 32
"""Points per chunk. The last chunk is padded to this length; results for the padding are discarded."""
ROUNDED = 16, 32
"""Lines and characters are rounded up to multiples of these."""
ENLARGED = 16, 4
"""Lines and characters are padded up to this many times as many, if that saves the capture of another size.

A chunk takes about the same time whatever its size, which is far below what fills a GPU; a capture takes as long as
some steps of a training.
"""
GRAPHS = 16
"""Maximum number of cached CUDA graphs (a forward and a backward one per size); each owns a private memory pool."""

Size = tuple[int, int]
"""Lines and characters of a padded batch."""
sizes: deque[Size] = deque(maxlen=GRAPHS // 2)
"""Sizes in use."""
Chunk = Callable[..., tuple[Tensor, ...]]


class GraphedSequence(torch.autograd.Function):
    """States [h, w] (T, B, H + A) of inputs (T, B, I), from a zero state.

    The arguments are those of `LSTMSequence`, window and all.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, from_input: Tensor, bias: Tensor, weight: Tensor, *window: Tensor) -> Tensor:
        to_moves, moves_bias, characters, lengths = window
        (points, lines, _), dtype, exact = inputs.shape, product_dtype(weight), weight.dtype
        with torch.autocast(inputs.device.type, enabled=False):
            size = padded_size((lines, characters.shape[1]))
            inputs = F.pad(inputs, (0, 0, 0, size[0] - lines, 0, -points % POINTS)).to(dtype)
            texts = one_hot_texts(characters, lengths, weight.shape[1] - len(bias) // 4, exact, size)
            gates = F.linear(inputs, from_input.to(dtype), bias.to(dtype))
            activations = Activations.allocate(gates, weight, len(moves_bias) // 3)
            weights = weight.t().to(dtype), to_moves.t(), moves_bias
            for now, after in chunks(len(inputs)):
                state = activations.states[now.start], activations.cells[now.start], activations.kappas[now.start]
                results = run(forward_chunk, activations.gates[now].to(exact), *state, *weights, texts)
                for place, at, states in zip(activations, (now, after, after, after, now), results, strict=True):
                    place[at] = states
        ctx.save_for_backward(inputs, from_input, weight, to_moves, texts, *activations)
        return activations.states[1 : points + 1, :lines]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Tensor | None, ...]:
        inputs, from_input, weight, to_moves, texts, *saved = ctx.saved_tensors
        activations, (points, lines, _) = Activations(*saved), grad_states.shape
        dtype, exact = activations.gates.dtype, weight.dtype
        with torch.autocast(inputs.device.type, enabled=False):
            above = F.pad(grad_states, (0, 0, 0, inputs.shape[1] - lines, 0, len(inputs) - points))
            grad_gates, grad_moves = torch.empty_like(activations.gates), torch.empty_like(activations.moves)
            carried = [
                torch.zeros_like(state[0]) for state in (activations.states, activations.cells, activations.kappas)
            ]
            weights = weight.to(dtype), to_moves, texts
            for now, after in reversed(chunks(len(inputs))):
                cells = activations.cells[now.start : after.stop]
                of_chunk = activations.gates[now].to(exact), cells, activations.kappas[after], activations.moves[now]
                grads = run(backward_chunk, above[now].to(exact), *carried, *of_chunk, *weights)
                grad_gates[now], grad_moves[now], *carried = grads
            transposed = grad_gates.flatten(0, 1).t()
            hiddens = activations.states[1:, :, : activations.cells.shape[2]].to(exact)
            return (
                (grad_gates @ from_input.to(dtype))[:points, :lines] if ctx.needs_input_grad[0] else None,
                (transposed @ inputs.flatten(0, 1)).to(exact),
                grad_gates.sum((0, 1), dtype=exact),
                (transposed @ activations.states[:-1].flatten(0, 1)).to(exact),
                grad_moves.flatten(0, 1).t() @ hiddens.flatten(0, 1),
                grad_moves.sum((0, 1)),
                None,
                None,
            )


def padded_size(size: Size) -> Size:
    """Return the size that a batch of `size` is padded to: one in use if there is a fitting one, or else a new one."""

    lines, characters = size
    fitting = [
        (larger, longer)
        for larger, longer in sizes
        if lines <= larger <= ENLARGED[0] * lines and characters <= longer <= ENLARGED[1] * characters
    ]
    if not fitting:
        fitting = [(lines + -lines % ROUNDED[0], characters + -characters % ROUNDED[1])]
        sizes.append(fitting[0])
    return min(fitting)


def one_hot_texts(characters: Tensor, lengths: Tensor, alphabet: int, dtype: torch.dtype, size: Size) -> Tensor:
    """Return texts as onehot_u (B, U, A) of the padded size, zeros where there is no character."""
    lines, longest = characters.shape
    written = (torch.arange(longest, device=lengths.device) < lengths.unsqueeze(1)).to(dtype)
    texts = written.new_zeros(lines, longest, alphabet).scatter_(2, characters.unsqueeze(2), written.unsqueeze(2))
    return F.pad(texts, (0, 0, 0, size[1] - longest, 0, size[0] - lines))


def chunks(points: int) -> list[tuple[slice, slice]]:
    """Return the points of every chunk, and the rows of the states after them."""
    return [(slice(at, at + POINTS), slice(at + 1, at + POINTS + 1)) for at in range(0, points, POINTS)]


def forward_chunk(
    from_inputs: Tensor,
    state: Tensor,
    cell: Tensor,
    kappa: Tensor,
    recurrent: Tensor,
    to_moves: Tensor,
    bias: Tensor,
    texts: Tensor,
) -> tuple[Tensor, ...]:
    """The `Activations` of C points, from the inputs' pre-activations (C, B, 4H): gates, states, cells, kappas, moves.

    state, cell, kappa are those before; recurrent is W^T and to_moves V^T.
    """
    places, zero, steps = places_of(texts), from_inputs.new_zeros(()), []
    for now in from_inputs:
        gates, cell, hidden = lstm_forward(now, torch.mm(state, recurrent).to(cell.dtype), cell)
        moves = torch.addmm(bias, hidden, to_moves).exp()
        alpha, beta, shift = moves.unsqueeze(2).chunk(3, 1)  # (B, K, 1) each
        kappa = kappa + shift.squeeze(2)
        distance = kappa.unsqueeze(2) - places  # (B, K, U)
        near = torch.addcmul(zero, beta * distance, distance, value=-1).exp()
        window = alpha.transpose(1, 2) @ near @ texts  # (B, 1, K) (B, K, U) (B, U, A) -> (B, 1, A)
        state = torch.cat([hidden, window.squeeze(1)], 1).to(state.dtype)
        steps.append((gates, state, cell, kappa, moves))
    return tuple(torch.stack(parts) for parts in zip(*steps, strict=True))


def backward_chunk(
    above: Tensor,
    carried: Tensor,
    grad_cell: Tensor,
    grad_kappa: Tensor,
    gates: Tensor,
    cells: Tensor,
    kappas: Tensor,
    moves: Tensor,
    weight: Tensor,
    to_moves: Tensor,
    texts: Tensor,
) -> tuple[Tensor, ...]:
    """a' (C, B, 4H) and m' (C, B, 3K), then [h', w'], c' and kappa' of the point before the first.

    above is [h', w'] (C, B, H + A) from the layers above; carried, grad_cell, grad_kappa are as they are returned.
    cells has the one before too, (C + 1, B, H).
    """
    alpha, beta, steps = moves.unsqueeze(3).chunk(3, 2)
    distance = kappas.unsqueeze(3) - places_of(texts)
    near = alpha * torch.exp(-beta * distance.square())
    sloping = near * distance
    # what w' is multiplied by to give alpha alpha', beta beta' and what is added to kappa': (C, B, 3K, A)
    slopes = torch.cat([near, -beta * sloping * distance, -2 * beta * sloping], 2) @ texts
    steps, (size, components) = steps.squeeze(3), (cells.shape[2], kappas.shape[2])
    grads = []
    for t in reversed(range(len(above))):
        grad_hidden, grad_window = (above[t] + carried).split([size, texts.shape[2]], 1)
        # (B, 3K, A) (B, A, 1) -> (B, 3K)
        by_moves = torch.bmm(slopes[t], grad_window.unsqueeze(2)).squeeze(2)
        by_shape, by_place = by_moves.split([2 * components, components], 1)
        grad_kappa = grad_kappa + by_place
        grad_moves = torch.cat([by_shape, grad_kappa * steps[t]], 1)
        grad_hidden = torch.addmm(grad_hidden, grad_moves, to_moves)
        grad_gates, grad_cell = lstm_backward(grad_hidden, grad_cell, gates[t], cells[t], cells[t + 1])
        carried = torch.mm(grad_gates.to(weight.dtype), weight)
        grads.append((grad_gates, grad_moves))
    return (*(torch.stack(parts[::-1]) for parts in zip(*grads, strict=True)), carried, grad_cell, grad_kappa)


def places_of(texts: Tensor) -> Tensor:
    """Return the characters' positions in the text: 1, 2, ... U."""
    return torch.arange(1, texts.shape[1] + 1, device=texts.device, dtype=texts.dtype)


def lstm_forward(ahead: Tensor, recurrent: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Activated gates (B, 4H), c and h (B, H) of both parts of the pre-activations; on a GPU torch's own kernel."""
    if cell.is_cuda:
        hidden, cell, gates = torch.ops.aten._thnn_fused_lstm_cell(ahead, recurrent, cell)
        return gates, cell, hidden
    i, f, g, o = (ahead + recurrent).chunk(4, 1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    cell = f * cell + i * g
    return torch.cat([i, f, g, o], 1), cell, o * torch.tanh(cell)


def lstm_backward(
    grad_hidden: Tensor, grad_cell: Tensor, gates: Tensor, cell: Tensor, next_cell: Tensor
) -> tuple[Tensor, Tensor]:
    """a' (B, 4H), and c' of the point before; on a GPU torch's own kernel."""
    if cell.is_cuda:
        backward = torch.ops.aten._thnn_fused_lstm_cell_backward_impl
        return backward(grad_hidden, grad_cell, cell, next_cell, gates, False)[:2]
    (i, f, g, o), squashed = gates.chunk(4, 1), torch.tanh(next_cell)
    grad_cell = grad_cell + grad_hidden * o * (1 - squashed.square())
    of_gates = (
        grad_cell * g * i * (1 - i),
        grad_cell * cell * f * (1 - f),
        grad_cell * i * (1 - g.square()),
        grad_hidden * squashed * o * (1 - o),
    )
    return torch.cat(of_gates, 1), grad_cell * f


def run(chunk: Chunk, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Return what `chunk` makes of tensors, good until the next call where it is captured."""
    if not can_be_captured(tensors[0]):
        return chunk(*tensors)
    return graph_of(chunk, tuple((tensor.shape, tensor.dtype, tensor.device) for tensor in tensors))(*tensors)


def can_be_captured(tensor: Tensor) -> bool:
    """Return True on a GPU, unless a caller is capturing a graph already."""
    return tensor.is_cuda and not torch.cuda.is_current_stream_capturing()


class Graph:
    """A chunk captured once, for tensors of these shapes, dtypes and devices."""

    def __init__(self, chunk: Chunk, kinds: tuple[tuple[torch.Size, torch.dtype, torch.device], ...]) -> None:
        with torch.inference_mode(False), torch.no_grad():  # what is made while validating serves a training too
            self.chunk = chunk
            self.inputs = [torch.zeros(shape, dtype=dtype, device=device) for shape, dtype, device in kinds]
            self.outputs = self.capture()

    def capture(self) -> tuple[Tensor, ...]:
        """The outputs, which every replay fills. The first run is not captured: in it libraries set themselves up.

        `torch.cuda.graph` would do the same, but first gives all free memory back to the system, that of pinned batches
        too: the steps after it would have to ask for gigabytes again.
        """
        device = self.inputs[0].device
        self.graph, side_stream = torch.cuda.CUDAGraph(), side_stream_of(device)
        torch.cuda.synchronize(device)
        with torch.cuda.device(device), torch.cuda.stream(side_stream):
            self.chunk(*self.inputs)
            self.graph.capture_begin(capture_error_mode="thread_local")
            try:
                outputs = self.chunk(*self.inputs)
            finally:
                self.graph.capture_end()
        torch.cuda.current_stream(device).wait_stream(side_stream)
        return outputs

    def replay(self) -> None:
        self.graph.replay()

    def __call__(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        for place, tensor in zip(self.inputs, tensors, strict=True):
            place.copy_(tensor)
        self.replay()
        return self.outputs


@lru_cache
def side_stream_of(device: torch.device) -> torch.cuda.Stream:
    """Return the stream on which graphs are captured; a new one for each would have a workspace of cuBLAS for each."""
    return torch.cuda.Stream(device)


@lru_cache(GRAPHS)
def graph_of(chunk: Chunk, kinds: tuple[tuple[torch.Size, torch.dtype, torch.device], ...]) -> Graph:
    """The chunk's graph; capturing waits for the device, so none that is dropped for a new one is still at work."""
    return Graph(chunk, kinds)
