"""Causal self-attention over a layer's own past states.

A recurrent layer has to carry all of a handwriting style along in its state; this looks it up where it was.

`SelfAttention.step` is also in C, `attend_to_past` of model/kernels/sampler.c; tests/model/test_rules.py drives both.

Shapes: B lines, T pen points, N points of the past, H hidden, D numbers per head.
"""

import math
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.kernels.causal_attention import HEAD_SIZE, CausalAttention, can_run

NORM_EPSILON = 1e-5


class Memory(NamedTuple):
    """The past of a line.

    previous     (B, H) the last point's hidden state, normalised
    keys         (B, heads, N, D) of all points so far, as the values (B, heads, N, D)
    log_weights  (B, N) added to the scores of each: 0, but where two memories are mixed
    """

    previous: Tensor
    keys: Tensor
    values: Tensor
    log_weights: Tensor

    def mixed(self, other: "Memory", share: Tensor) -> "Memory":
        """Return this memory and, to a share (B, 1), the other; both are of one line."""
        both = zip(self[1:3], other[1:3], strict=True)
        keys, values = (torch.cat([a, b], 2).expand(len(share), -1, -1, -1) for a, b in both)
        log_weights = torch.cat([self.log_weights + (1 - share).log(), other.log_weights + share.log()], 1)
        return Memory(self.previous.lerp(other.previous, share), keys, values, log_weights)


class SelfAttention(nn.Module):
    """Hidden states (B, T, H) plus what each attends to in itself and those before it, Vaswani et al. (2017).

    Queries, keys and values are of a point's normalised state concatenated with that of the point before: a key says
    where the pen was when it went on to what the value says. Before training nothing is added.

    In checkpoints `qkv` and `out` are named ask and answer.
    """

    def __init__(self, hidden_size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(hidden_size, eps=NORM_EPSILON)
        self.add_module("ask", nn.Linear(2 * hidden_size, 3 * heads * HEAD_SIZE))
        self.add_module("answer", nn.Linear(heads * HEAD_SIZE, hidden_size))
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    @property
    def qkv(self) -> nn.Linear:
        """Layer from two states to queries, keys and values."""
        return cast(nn.Linear, self.ask)

    @property
    def out(self) -> nn.Linear:
        """Layer from all heads' values to what is added to a state."""
        return cast(nn.Linear, self.answer)

    def _qkv(self, previous: Tensor, normed: Tensor) -> Tensor:
        """Return queries, keys, values (3, B, heads, T, D) of states (B, T, H)."""
        qkv = self.qkv(torch.cat([previous, normed], -1))  # (B, T, 2H) -> (B, T, 3 heads D)
        return qkv.unflatten(-1, (3, self.heads, HEAD_SIZE)).permute(2, 0, 3, 1, 4)

    def forward(self, hiddens: Tensor) -> Tensor:
        # time first in memory, as the recurrent layers leave it: (B, T, H) -> (T, B, H)
        normed = self.norm(hiddens.transpose(0, 1).to(self.norm.weight.dtype)).to(hiddens.dtype)
        if can_run(self.qkv.weight):
            attended = CausalAttention.apply(normed, self.qkv.weight, self.qkv.bias, self.heads)  # (T, B, heads D)
        else:
            attended = self._attended(normed.transpose(0, 1)).transpose(0, 1)
        return hiddens + self.out(attended).to(hiddens.dtype).transpose(0, 1)

    def _attended(self, normed: Tensor) -> Tensor:
        """Return what states (B, T, H) attend to, (B, T, heads D), by torch's attention."""
        previous = F.pad(normed, (0, 0, 1, 0))[:, :-1]
        query, key, value = self._qkv(previous, normed)
        attended = F.scaled_dot_product_attention(query, key, value, is_causal=True)  # (B, heads, T, D)
        return attended.transpose(1, 2).flatten(2)

    def start(self, lines: int) -> Memory:
        """Return an empty memory."""
        previous = self.out.bias.new_zeros(lines, len(self.out.bias))
        nothing = previous.new_zeros(lines, self.heads, 0, HEAD_SIZE)
        return Memory(previous, nothing, nothing, previous.new_zeros(lines, 0))

    def step(self, hidden: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """Return the same for one more state (B, H), and the memory after it."""
        normed = self.norm(hidden)
        query, key, value = self._qkv(memory.previous.unsqueeze(1), normed.unsqueeze(1))
        keys, values = torch.cat([memory.keys, key], 2), torch.cat([memory.values, value], 2)
        log_weights = F.pad(memory.log_weights, (0, 1))
        scores = (query @ keys.transpose(2, 3)) / math.sqrt(HEAD_SIZE) + log_weights[:, None, None]
        attended = (scores.softmax(-1) @ values).transpose(1, 2).flatten(1)  # (B, heads, 1, D) -> (B, heads D)
        return hidden + self.out(attended), Memory(normed, keys, values, log_weights)
