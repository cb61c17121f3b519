"""Lines drawn by the kernel of `model/kernels/sampler.c`, which needs no Python between two points."""

import ctypes
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.kernels.build import kernels
from model.kernels.lstm_sequence import require_texts
from model.layers.recurrent import RecurrentLayer, SkipStack
from model.layers.self_attention import HEAD_SIZE
from model.writing.mixture_density import MixtureDensity
from model.writing.pen_motion import Features, num_features, start_of, tell_next
from model.writing.window import Text, WindowLayer
from utils.rounded_weights import GROUP, round_groups

BLOCK = 64
"""Outputs that the kernel sums at once, of float32."""
PRECISION = torch.int8
"""Of the layers' weights: the largest of each group is 127 times its scale. The density's stay float32."""


class Parts(NamedTuple):
    """What a network that writes is made of; complete: of nothing else."""

    window_layer: WindowLayer | None
    stack: SkipStack
    density: MixtureDensity
    features: Features = "offsets"
    complete: bool = True

    @property
    def can_be_compiled(self) -> bool:
        """Whether the kernel can draw from it."""
        weight = self.density.linear.weight
        known = (
            weight.dtype == torch.float32 and weight.device.type == "cpu" and isinstance(self.layers[0].rnn, nn.LSTM)
        )
        return self.complete and known and kernels("sampler", PRECISION) is not None

    @property
    def layers(self) -> list[RecurrentLayer]:
        """From the lowest on, all of one kind and size."""
        return [*([self.window_layer.layer] if self.window_layer else []), *self.stack]


class Network(ctypes.Structure):
    """`network` of sampler.c."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("layers", "size", "told", "alphabet", "components", "most", "mixtures")),
        *((name, ctypes.c_int64) for name in ("heads", "attending", "room")),
        *((name, ctypes.POINTER(ctypes.c_void_p)) for name in ("weights", "scales", "biases")),
        *((name, ctypes.c_void_p) for name in ("to_window", "window_bias", "norm", "norm_bias", "memory")),
    ]


class Packed:
    """A network's weights as the kernel reads them: once a call, whatever the number of lines and points."""

    def __init__(self, parts: Parts) -> None:
        window, attention, layers = parts.window_layer, parts.stack.attention, parts.layers
        products = [
            (torch.cat([from_input, recurrent], 1), bias + recurrent_bias, PRECISION)
            for from_input, recurrent, bias, recurrent_bias in (layer.weights for layer in layers)
        ]
        products.append((parts.density.linear.weight, parts.density.linear.bias, torch.float32))
        if attention:
            products += [(each.weight, each.bias, PRECISION) for each in (attention.ask, attention.answer)]
        self.weights, self.scales, self.biases = zip(*(_packed(*product) for product in products), strict=True)
        self.sizes = {"layers": len(layers), "size": layers[0].hidden_size, "mixtures": parts.density.num_mixtures}
        self.sizes |= {"told": num_features(parts.features), "alphabet": 0, "components": 0, "heads": 0}
        self.features = parts.features
        self.others: dict[str, Tensor] = {}
        if window:
            linear = window.window.linear
            self.sizes |= {"alphabet": window.window.alphabet_size, "components": window.num_components}
            self.others |= {"to_window": linear.weight.detach().contiguous(), "window_bias": linear.bias.detach()}
        if attention:
            self.sizes |= {"heads": attention.heads, "attending": len(layers) - 2}
            self.others |= {"norm": attention.norm.weight.detach(), "norm_bias": attention.norm.bias.detach()}
        self.read = self.sizes["told"] + self.sizes["alphabet"]

    def network(self, most: int, memory: Tensor) -> Network:
        """For texts of up to `most` positions; memory (lines, points, 2, heads, HEAD_SIZE)."""
        pointers = {name: _array(getattr(self, name)) for name in ("weights", "scales", "biases")}
        others = {name: tensor.data_ptr() for name, tensor in {**self.others, "memory": memory}.items()}
        return Network(**self.sizes, **pointers, **others, most=most, room=memory.shape[1])


def _array(tensors: tuple[Tensor, ...]) -> Any:
    return (ctypes.c_void_p * len(tensors))(*(tensor.data_ptr() for tensor in tensors))


def _packed(weight: Tensor, bias: Tensor, precision: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Weights (O, I) as (O / BLOCK, I, BLOCK), scales (O / BLOCK, I / GROUP, BLOCK), bias; zeros up to whole blocks."""
    missing = -len(weight) % BLOCK
    whole = weight.detach(), weight.new_ones(len(weight), -(-weight.shape[1] // GROUP))
    parts = round_groups(weight.detach()) if precision == torch.int8 else whole
    blocks, scales = (
        F.pad(part, (0, 0, 0, missing)).unflatten(0, (-1, BLOCK)).transpose(1, 2).contiguous() for part in parts
    )
    return blocks.to(precision), scales, F.pad(bias.detach(), (0, missing))


class Drawing:
    """Lines being drawn from their first strokes (B, 3) on: states, texts, and room for up to `at_once` points.

    points  of the longest line there can be
    """

    def __init__(self, packed: Packed, text: Text, at_once: int, first: Tensor, points: int) -> None:
        sizes, lines = packed.sizes, len(text.end)
        self.characters, self.ends = text.characters, text.end
        if sizes["alphabet"]:
            require_texts(text.characters, text.end, sizes["alphabet"])
        self.most = text.characters.shape[1] if sizes["alphabet"] else 0
        layers, size, heads = sizes["layers"], sizes["size"], sizes["heads"]
        self.memory = torch.empty(lines, points, 2, heads, HEAD_SIZE)
        self.slots, self.remembered = torch.arange(lines), 0
        self.packed, self.network = packed, packed.network(self.most, self.memory)
        told, pen = tell_next(first, start_of(lines, first), packed.features)
        own = 2 * size if heads else 0
        room = [sizes["alphabet"] + 2 * layers * size, own + sizes["components"] + self.most]
        parts = (told.pen, torch.zeros(lines, room[0]), *pen, torch.zeros(lines, room[1]))
        self.state = torch.cat(parts, 1)
        inputs = max(packed.read + 2 * size, layers * size + sizes["told"], heads * HEAD_SIZE)
        widest = inputs, max(len(bias) for bias in packed.biases)
        self.scratch = [torch.empty(lines, width) for width in widest]
        self.late, self.ended = torch.zeros(lines, dtype=torch.uint8), torch.zeros(lines, dtype=torch.bool)
        self.strokes, self.weights = torch.empty(at_once * lines * 3), torch.empty(at_once * lines * self.most)

    def keep(self, lines: Tensor) -> None:
        """Go on with these lines alone (mask)."""
        self.state, self.late, self.ended = self.state[lines], self.late[lines], self.ended[lines]
        self.slots = self.slots[lines]
        self.characters, self.ends = self.characters[lines], self.ends[lines]

    def move(self, characters: Tensor) -> None:
        """Move what is looked at in the texts on by so many characters (B,)."""
        kappa = self.state.shape[1] - self.most - self.packed.sizes["components"]
        self.state[:, kappa : kappa + self.packed.sizes["components"]] += characters.unsqueeze(1)

    def write(self, noise: Tensor, bias: float, given: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """The next points of all lines, until the noise (P, B, 4) is used up or one is at its end.

        Their strokes (points, B, 3) and what was looked at (points, B, U), both good until the next call. Strokes that
        are given (P, B, 3) are taken as they are, where their last number is not negative.
        """
        noise, (lines, row) = noise.contiguous(), self.state.shape
        given = None if given is None else given.contiguous()
        step: Any = kernels("sampler", PRECISION)
        read, room = (
            (self.slots, self.characters, self.ends, noise),
            (*self.scratch, self.strokes, self.weights, self.late, self.ended),
        )
        points = step.write_points(
            ctypes.addressof(self.network),
            *(len(noise), lines, self.state.data_ptr(), row, self.remembered),
            *(part.data_ptr() for part in read),
            bias,
            None if given is None else given.data_ptr(),
            *(part.data_ptr() for part in room),
        )
        self.remembered += points
        strokes, weights = (
            part[: points * lines * width].view(points, lines, width)
            for part, width in ((self.strokes, 3), (self.weights, self.most))
        )
        return strokes, weights if self.most else None
