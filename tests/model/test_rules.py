"""Rules that are written twice, in Python and for speed in C: both are driven with the same random states and texts.

LSTM step, window, attention, features of the pen, drawing from the mixture, end of a line.
"""

from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from model.kernels.lstm_sequence import Activations, Window, _forward, product_by
from model.kernels.window_graph import forward_chunk, one_hot_texts
from model.layers.recurrent import StackState
from model.layers.self_attention import HEAD_SIZE, Memory
from model.layers.trunk import TrunkState
from model.layers.window import Text, WindowLayer, WindowState, encode_text
from model.writing import compiled
from model.writing.compiled import BLOCK, QUAD, Drawing
from model.writing.line_end import MAX_POINTS_AFTER_TEXT, ending
from model.writing.mixture_density import sample_stroke
from model.writing.pen_motion import PenState, pen_features_step
from model.writing.trunk_writer import TrunkWriter, WriterState
from tests.model.small import ALPHABET_SIZE, assert_close, network, stir, texts

LENGTHS, SIZE, PAST = [1, 6, 4, 9, 2, 5, 7], 17, 5
LINES = len(LENGTHS)
LEARNED = {"line_end": True}
SHARPENED = {"sharpen_weights": True}


class Point(NamedTuple):
    """Random arguments of a step: the last stroke, the state before it, points since the text was finished."""

    stroke: Tensor
    state: WriterState
    late: Tensor


def random_point(model: TrunkWriter, generator: torch.Generator) -> Point:
    """A state that no training would reach as well as one that it would: windows before, in and after the text."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(LINES, *shape, generator=generator)

    def uniform(*shape: int, high: float = 1.0) -> Tensor:
        return high * torch.rand(LINES, *shape, generator=generator)

    def cell() -> tuple[Tensor, Tensor]:
        return torch.tanh(normal(SIZE)), normal(SIZE)

    text = encode_text(*(getattr(texts(*LENGTHS), name) for name in ("text", "char_mask")))
    window = None
    if model.reads_text:
        kappa = uniform(2, high=1.5) * (text.end + 1).unsqueeze(1)
        window = WindowState(cell(), normal(ALPHABET_SIZE), kappa, torch.zeros_like(text.mask))
    attention = model.stack.attention
    memory = ()
    if attention:
        heads = attention.heads
        keys, values = normal(heads, PAST, HEAD_SIZE), normal(heads, PAST, HEAD_SIZE)
        memory = (Memory(normal(SIZE), keys, values, torch.zeros(LINES, PAST)),)
    stack = StackState(tuple(cell() for _ in model.stack), memory)
    lifted, moves = uniform(1).round(), uniform(2, high=30)
    pen = PenState(
        normal(2), lifted, 3 * normal(3), uniform(1, high=9).round(), torch.stack([moves[:, 0], moves[:, 1].round()], 1)
    )
    stroke = torch.cat([2 * normal(2), uniform(1).round()], 1)
    stroke[0, :2] = 20  # a jump
    late = uniform(high=2 * MAX_POINTS_AFTER_TEXT).to(torch.int64)
    return Point(stroke, WriterState(TrunkState(window, stack, text), pen), late)


def as_keys(keys: Tensor) -> Tensor:
    """Keys (B, heads, N, D) in the order of attention.h."""
    return keys.unflatten(2, (-1, BLOCK)).unflatten(4, (-1, QUAD)).transpose(3, 4).reshape_as(keys)


def as_values(values: Tensor) -> Tensor:
    """Values (B, heads, N, D) in the order of attention.h."""
    return values.unflatten(2, (-1, QUAD)).transpose(3, 4).reshape_as(values)


def in_the_kernel(model: TrunkWriter, point: Point) -> Drawing:
    """Return the state as rows of the kernel."""
    packed, trunk = model.packed(), point.state.trunk
    assert packed is not None
    drawing = Drawing(packed, trunk.text, 1, point.stroke, PAST + 1)
    inputs, pen = pen_features_step(point.stroke, point.state.pen, model.features)
    cells = [*([trunk.window.cell] if trunk.window else []), *trunk.stack.cells]
    parts = {"features": inputs.features, "pen": torch.cat(pen, 1)}
    parts |= {"hiddens": torch.cat([h for h, _ in cells], 1), "cells": torch.cat([c for _, c in cells], 1)}
    if trunk.window:
        parts |= {"window": trunk.window.window, "kappa": trunk.window.kappa}
    room = drawing.memory.shape[3]
    for memory in trunk.stack.memory:
        parts["own"] = torch.cat([cells[-2][0], memory.previous], 1)
        drawing.memory[:, :, 0].copy_(as_keys(F.pad(memory.keys, (0, 0, 0, room - PAST))))
        drawing.memory[:, :, 1].copy_(as_values(F.pad(memory.values, (0, 0, 0, room - PAST))))
        drawing.memory_scales.fill_(1)
        drawing.remembered = PAST
    for name, part in parts.items():
        drawing.state[:, drawing.columns[name]] = part
    drawing.late.copy_(point.late)
    return drawing


@pytest.mark.parametrize(
    ("name", "options"), [("unconditional", {}), *(("conditional", each) for each in ({}, LEARNED, SHARPENED))]
)
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("features", ["offsets", "motion"])
@torch.inference_mode()
def test_a_point_of_the_sampler_is_a_step_of_the_network(name, options, num_layers, features, monkeypatch):
    monkeypatch.setattr(compiled, "PRECISION", torch.float32)
    model = network(name, num_layers=num_layers, hidden_size=SIZE, features=features, **options)
    generator = torch.Generator()
    ends = []
    for seed in range(5):
        point = random_point(model, generator.manual_seed(seed))
        drawing = in_the_kernel(model, point)
        noise = torch.cat([torch.rand(LINES, 2, generator=generator), torch.randn(LINES, 2, generator=generator)], 1)
        strokes, attention = drawing.write(noise.unsqueeze(0), bias=0.3)

        mixture, state = model.step(point.stroke, point.state)
        stroke = sample_stroke(mixture, noise, 0.3, sharpen_weights=model.density.sharpen_weights)
        inputs, pen = pen_features_step(stroke, state.pen, features)
        late = point.late.clone()
        ended = (
            ending(model.finished(state), point.stroke, late, model.end_logit(state))
            if model.reads_text
            else torch.zeros(LINES, dtype=bool)
        )
        cells = [*([state.trunk.window.cell] if model.reads_text else []), *state.trunk.stack.cells]

        def row(part: str, drawing: Drawing = drawing) -> Tensor:
            return drawing.state[:, drawing.columns[part]]

        assert_close(strokes[0], stroke, 1e-4)
        assert_close(row("cells"), torch.cat([c for _, c in cells], 1), 1e-4)
        assert_close(row("features"), inputs.features, 1e-3)
        assert_close(row("hiddens")[:, -SIZE:], cells[-1][0], 1e-4)
        assert torch.equal(drawing.ended, ended)
        if features == "motion":
            assert_close(row("pen"), torch.cat(pen, 1), 1e-3)
        if model.reads_text:
            window = state.trunk.window
            assert_close(row("kappa"), window.kappa, 1e-4)
            assert_close(attention[0], window.phi, 1e-4)
            assert_close(row("window"), window.window, 1e-4)
            assert torch.equal(drawing.late.long(), late)
        for memory in state.trunk.stack.memory:
            assert_close(row("own")[:, SIZE:], memory.previous, 1e-4)
            for actual, right in ((drawing.memory[:, :, 0], as_keys), (drawing.memory[:, :, 1], as_values)):
                past = memory.keys if right is as_keys else memory.values
                expected = right(F.pad(past, (0, 0, 0, actual.shape[2] - PAST - 1)))
                assert_close(actual, expected, 1e-4)
        ends += ended.tolist()
    assert any(ends) == model.reads_text and not all(ends)


@pytest.mark.parametrize("seed", range(5))
def test_a_point_of_the_training_kernels_is_a_step_of_the_layer(seed):
    """The C kernel of a CPU, and the chunk that a GPU runs."""
    layer, generator = stir(WindowLayer("lstm", 3, ALPHABET_SIZE, SIZE, 2, points_per_char=20)), torch.Generator()
    generator.manual_seed(seed)
    batch = texts(*LENGTHS)
    text = encode_text(batch.text, batch.char_mask)
    pen, hidden, cell, window = (torch.randn(LINES, n, generator=generator) for n in (3, SIZE, SIZE, ALPHABET_SIZE))
    kappa = 8 * torch.rand(LINES, 2, generator=generator)
    expected = layer.step(pen, WindowState((hidden, cell), window, kappa, torch.zeros_like(text.mask)), text)
    right = (torch.cat([expected.cell[0], expected.window], 1), expected.cell[1], expected.kappa)

    from_input, recurrent, bias, recurrent_bias = layer.layer.weights
    from_pen, from_window = from_input.split([3, ALPHABET_SIZE], 1)
    weight, linear = torch.cat([recurrent, from_window], 1), layer.window.linear
    gates = (pen @ from_pen.t() + bias + recurrent_bias).detach()
    state = torch.cat([hidden, window], 1)
    for actual, part in zip(_by_the_cpu(gates, state, cell, kappa, weight, linear, text), right, strict=True):
        assert_close(actual, part.detach(), 1e-5)
    one_hot = one_hot_texts(text.characters, text.end, ALPHABET_SIZE, torch.float32, tuple(text.characters.shape))
    chunk = forward_chunk(gates.unsqueeze(0), state, cell, kappa, weight.t(), linear.weight.t(), linear.bias, one_hot)
    for actual, part in zip(chunk[1:4], right, strict=True):
        assert_close(actual[0], part, 1e-5)


@torch.no_grad()
def _by_the_cpu(
    gates: Tensor, state: Tensor, cell: Tensor, kappa: Tensor, weight: Tensor, linear: torch.nn.Linear, text: Text
) -> tuple[Tensor, Tensor, Tensor]:
    """States [h, w], cells and kappas after one point of lstm_sequence.c."""
    activations = Activations.allocate(gates.unsqueeze(0).clone(), weight, 2)
    activations.states[0], activations.cells[0], activations.kappas[0] = state, cell, kappa
    window = Window(linear.weight, linear.bias, text.characters, text.end)
    _forward(activations, window, product_by(weight.detach(), LINES), slice(0, LINES))
    return activations.states[1], activations.cells[1], activations.kappas[1]
