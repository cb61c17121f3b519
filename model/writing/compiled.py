"""Lines written by the kernel of `model/kernels/sampler.c`, which needs no Python between two points."""

import ctypes
import math
from itertools import accumulate, pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.kernels.build import BITS, Constants, fields, kernels
from model.kernels.lstm_sequence import require_texts
from model.layers.self_attention import HEAD_SIZE, NORM_EPSILON
from model.layers.trunk import RecurrentTrunk, Trunk
from model.layers.window import Text
from model.writing import pen_motion
from model.writing.line_end import END_LOGIT, LAST_LETTER_POINTS, MAX_POINTS_AFTER_TEXT, LineEnd
from model.writing.mixture_density import MAX_RHO, MIN_SIGMA, MixtureDensity
from model.writing.pen_motion import Features, initial_state, num_features, num_skip_features, pen_features_step
from utils.rounded_weights import GROUP, round_groups, spread

BLOCK = 64
"""Outputs that the kernel sums at once: four vectors of 16 float32 each."""
QUAD = 4
"""Inputs whose weights are adjacent: processors sum four products of bytes at once."""
PRECISION = torch.int8
"""Precision of weights, and of attention's keys and values: the largest of each group is 127 times its scale."""
CONSTANTS: Constants = (
    ("BLOCK", BLOCK),
    ("GROUP", GROUP),
    ("QUAD", QUAD),
    ("HEAD_SIZE", HEAD_SIZE),
    ("NORM_EPSILON", NORM_EPSILON),
    ("LOG_MIN_SIGMA", math.log(MIN_SIGMA)),
    ("MAX_RHO", MAX_RHO),
    ("MAX_POINTS_AFTER_TEXT", MAX_POINTS_AFTER_TEXT),
    ("LAST_LETTER_POINTS", LAST_LETTER_POINTS),
    ("END_LOGIT", END_LOGIT),
    ("NUM_OFFSETS", num_features("offsets")),
    *((name, getattr(pen_motion, name)) for name in ("TYPICAL_MOVE", "PRIOR_MOVES", "MIN_SCALE", "MAX_SCALE", "JUMP")),
    *((name, getattr(pen_motion, name)) for name in ("SLOW", "SPEED_FLOOR", "SPEED_UNIT", "AGE_UNIT", "HEIGHT_UNIT")),
    *((name, getattr(pen_motion, name)) for name in ("PLACE_UNIT", "MAX_FEATURE")),
)


class Linear(ctypes.Structure):
    """`linear` of product.h."""

    _fields_ = [
        *fields(ctypes.c_int64, "inputs outputs terms"),
        *fields(ctypes.c_void_p, "weights scales bias"),
    ]


class Network(ctypes.Structure):
    """`network` of network.h."""

    _fields_ = [
        *fields(ctypes.c_int64, "layers size features skip_features alphabet components mixtures heads attending"),
        *fields(ctypes.c_int64, "line_end sharpen_weights"),
        *fields(ctypes.POINTER(Linear), "gates density moves qkv out"),
        *fields(ctypes.c_void_p, "norm norm_bias"),
    ]


class Lines(ctypes.Structure):
    """`lines` of network.h."""

    _fields_ = [
        ("net", ctypes.POINTER(Network)),
        *fields(ctypes.c_int64, "lines row window hiddens cells pen own kappa phi"),
        *fields(ctypes.c_void_p, "state characters ends"),
        *fields(ctypes.c_int64, "max_text room remembered"),
        *fields(ctypes.c_void_p, "slots memory memory_scales late ended x y rounded"),
        *fields(ctypes.c_int64, "threads"),
        *fields(ctypes.c_void_p, "team"),
    ]


class Span(ctypes.Structure):
    """`span` of sampler.c."""

    _fields_ = [
        *fields(ctypes.c_int64, "points"),
        *fields(ctypes.c_void_p, "noise given strokes attention"),
        *fields(ctypes.c_float, "bias"),
    ]


def can_run(trunk: Trunk, density: MixtureDensity) -> bool:
    """Return True if the kernel knows this trunk and its weights' precision, and can be built."""
    weight = density.linear.weight
    if not isinstance(trunk, RecurrentTrunk) or not isinstance(trunk.layers[0].rnn, nn.LSTM):
        return False
    fits = weight.dtype == torch.float32 and weight.device.type == "cpu"
    return fits and kernels("sampler", PRECISION, CONSTANTS) is not None


def pack(trunk: Trunk, density: MixtureDensity, features: Features, line_end: LineEnd | None = None) -> "Packed | None":
    """Return a network as the kernel reads it, or None where it can only be stepped."""
    if not can_run(trunk, density):
        return None
    assert isinstance(trunk, RecurrentTrunk)
    return Packed(trunk, density, features, line_end)


class Packed:
    """A network's weights as the kernel reads them: once a call, whatever the number of lines and points."""

    def __init__(
        self, trunk: RecurrentTrunk, density: MixtureDensity, features: Features, line_end: LineEnd | None = None
    ) -> None:
        window, attention, layers = trunk.window_layer, trunk.stack.attention, trunk.layers
        self.features = features
        self.network = Network(
            layers=len(layers),
            size=layers[0].hidden_size,
            features=num_features(features),
            skip_features=num_skip_features(features),
            mixtures=density.num_mixtures,
            line_end=line_end is not None,
            sharpen_weights=density.sharpen_weights,
        )
        self.products: list[Linear] = []
        self.tensors: list[Tensor] = []  # the structs have but their addresses
        gates = [
            self._linear(torch.cat([from_input, recurrent], 1), bias + recurrent_bias)
            for from_input, recurrent, bias, recurrent_bias in (layer.weights for layer in layers)
        ]
        self.gates = (Linear * len(gates))(*gates)
        weights: list[Tensor] = [density.linear.weight]
        biases: list[Tensor] = [density.linear.bias]
        if line_end:  # one more output of the product
            weights.append(line_end.weight.unsqueeze(0))
            biases.append(line_end.bias)
        self.network.gates, self.network.density = self.gates, self._exact(torch.cat(weights), torch.cat(biases))
        if window:
            self.network.alphabet, self.network.components = window.window.alphabet_size, window.num_components
            self.network.moves = self._exact(window.window.linear.weight, window.window.linear.bias)
        if attention:
            self.network.heads, self.network.attending = attention.heads, len(layers) - 2
            self.network.qkv, self.network.out = (
                ctypes.pointer(self._linear(each.weight, each.bias)) for each in (attention.qkv, attention.out)
            )
            self.network.norm, self.network.norm_bias = self._addresses(attention.norm.weight, attention.norm.bias)

    def _exact(self, weight: Tensor, bias: Tensor) -> "ctypes._Pointer[Linear]":
        """Return the struct of a layer that 8 bits would harm: it has 16, as the sum of two terms of 8."""
        return ctypes.pointer(self._linear(weight, bias, terms=2))

    def _linear(self, weight: Tensor, bias: Tensor, terms: int = 1) -> Linear:
        packed = _packed(weight, bias, terms)
        pointers = dict(zip(("weights", "scales", "bias"), self._addresses(*packed), strict=True))
        self.products.append(Linear(inputs=weight.shape[1], outputs=len(packed[2]), terms=terms, **pointers))
        return self.products[-1]

    def _addresses(self, *tensors: Tensor) -> list[int]:
        kept = [tensor.detach().contiguous() for tensor in tensors]
        self.tensors += kept
        return [tensor.data_ptr() for tensor in kept]


def _packed(weight: Tensor, bias: Tensor, terms: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return weights (O, I) as (O / BLOCK, terms, I / QUAD, BLOCK, QUAD), scales (.., terms, I / GROUP, BLOCK), bias.

    Each term is what rounding left of the weights after the terms before it. Outputs are padded with zeros to whole
    blocks, inputs to whole quads. Bytes are stored with 128 added, as the processor's product takes them.
    """
    rest, blocks, scales = weight.detach(), [], []
    missing = -len(weight) % BLOCK
    for _ in range(terms):
        whole = rest, rest.new_ones(len(rest), -(-rest.shape[1] // GROUP))
        rounded, scale = round_groups(rest) if rounds() else whole
        rest = rest - rounded * spread(scale, rest)
        padded = F.pad(rounded, (0, -rest.shape[1] % QUAD, 0, missing))
        blocks.append(padded.unflatten(0, (-1, BLOCK)).unflatten(2, (-1, QUAD)).transpose(1, 2))
        scales.append(F.pad(scale, (0, 0, 0, missing)).unflatten(0, (-1, BLOCK)).transpose(1, 2))
    return as_memory(torch.stack(blocks, 1)), torch.stack(scales, 1), F.pad(bias.detach(), (0, missing))


def rounds() -> bool:
    """Return True if weights, keys and values are rounded to whole numbers."""
    return BITS[PRECISION] == 8


def as_memory(rounded: Tensor) -> Tensor:
    """Return rounded numbers as the kernel stores them."""
    return (rounded.to(torch.int16) + 128).to(torch.uint8) if rounds() else rounded


class Drawing:
    """Lines being written by the kernel, from their first strokes (B, 3) on.

    at_once   points per call at most
    points    of the longest line there can be
    state     (B, row) one row per line, its columns named by `columns`
    memory    (B, heads, 2, points, HEAD_SIZE) attention's keys and values, in the order of attention.h
    late      (B,) points since all of the text was written
    ended     (B,) True if the line was at its end before its last point
    """

    def __init__(self, packed: Packed, text: Text, at_once: int, first: Tensor, points: int, threads: int = 1) -> None:
        net, lines = packed.network, len(text.end)
        self.threads = threads
        self.packed, self.characters, self.ends = packed, text.characters, text.end
        if net.alphabet:
            require_texts(text.characters, text.end, net.alphabet)
        self.max_text = text.characters.shape[1] if net.alphabet else 0
        room = -(-points // BLOCK) * BLOCK
        self.memory = torch.zeros(lines, net.heads, 2, room, HEAD_SIZE, dtype=torch.uint8 if rounds() else PRECISION)
        self.memory_scales = torch.zeros(lines, net.heads, 2, room)
        self.slots, self.remembered = torch.arange(lines), 0
        inputs, pen = pen_features_step(first, initial_state(lines, first), packed.features)
        self.columns = _columns(net, self.max_text)
        self.state = torch.zeros(lines, self.columns["phi"].stop)
        self.state[:, : self.columns["window"].start] = inputs.features
        self.state[:, self.columns["pen"]] = torch.cat(pen, 1)
        widest_input = max(*(product.inputs for product in packed.products), 2 * net.size)
        widest = widest_input, max(product.outputs for product in packed.products)
        groups = max(-(-product.inputs // GROUP) for product in packed.products)
        widest_rounded = groups * (GROUP + 1)  # `group` of product.h is never larger
        self.scratch = [torch.empty(lines, width) for width in (*widest, widest_rounded)]
        self.late, self.ended = torch.zeros(lines, dtype=torch.uint8), torch.zeros(lines, dtype=torch.bool)
        self.strokes, self.attention = torch.empty(at_once * lines * 3), torch.empty(at_once * lines * self.max_text)

    def keep(self, lines: Tensor) -> None:
        """Go on with these lines alone (mask)."""
        self.state, self.late, self.ended = self.state[lines], self.late[lines], self.ended[lines]
        self.slots = self.slots[lines]
        self.characters, self.ends = self.characters[lines], self.ends[lines]

    def copy(self, places: Tensor) -> None:
        """Let each line go on from the state of the line at another place, or its own (B,)."""
        others = (places != torch.arange(len(places))).nonzero().squeeze(1)
        slots, sources = self.slots[others], self.slots[places[others]]
        for state in (self.state, self.late):
            state[others] = state[places[others]]
        for memory in (self.memory, self.memory_scales):
            memory[slots] = memory[sources]

    def move(self, characters: Tensor) -> None:
        """Move the windows on by this many characters (B,)."""
        self.state[:, self.columns["kappa"]] += characters.unsqueeze(1)

    def write(self, noise: Tensor, bias: float, given: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Write the next points of all lines, until the noise (P, B, 4) is used up or a line is at its end.

        Returns their strokes (points, B, 3) and the window's weights (points, B, U), both good until the next call.
        Strokes that are given (P, B, 3) are taken as they are, where their last number is not negative.
        """
        noise, lines = noise.contiguous(), len(self.state)
        given = None if given is None else given.contiguous()
        tensors = {"state": self.state, "characters": self.characters, "ends": self.ends, "slots": self.slots}
        tensors |= {"memory": self.memory, "memory_scales": self.memory_scales}
        tensors |= {"late": self.late, "ended": self.ended}
        struct = Lines(
            net=ctypes.pointer(self.packed.network),
            lines=lines,
            row=self.state.shape[1],
            **{name: columns.start for name, columns in self.columns.items() if name != "features"},
            **{name: tensor.data_ptr() for name, tensor in tensors.items()},
            **{name: tensor.data_ptr() for name, tensor in zip(("x", "y", "rounded"), self.scratch, strict=True)},
            max_text=self.max_text,
            room=self.memory.shape[3],
            remembered=self.remembered,
            threads=self.threads,
        )
        span = Span(len(noise), noise.data_ptr(), None if given is None else given.data_ptr())
        span.strokes, span.attention, span.bias = self.strokes.data_ptr(), self.attention.data_ptr(), bias
        library: Any = kernels("sampler", PRECISION, CONSTANTS)
        library.write_points(ctypes.byref(struct), ctypes.byref(span))
        self.remembered = struct.remembered
        strokes, attention = (
            part[: span.points * lines * width].view(span.points, lines, width)
            for part, width in ((self.strokes, 3), (self.attention, self.max_text))
        )
        return strokes, attention if self.max_text else None


def _columns(net: Network, max_text: int) -> dict[str, slice]:
    """Return the columns of a row of the state, see `lines` of sampler.c."""
    sizes = {
        "features": net.features,
        "window": net.alphabet,
        "hiddens": net.layers * net.size,
        "cells": net.layers * net.size,
        "pen": sum(pen_motion.STATE_SIZES),
        "own": 2 * net.size if net.heads else 0,
        "kappa": net.components,
        "phi": max_text,
    }
    ends = pairwise(accumulate(sizes.values(), initial=0))
    return {name: slice(*columns) for name, columns in zip(sizes, ends, strict=True)}
