"""Attention of a layer to what it has been through in the line so far: how did this hand write that before?

A recurrent layer has to carry all of a hand along in its state; this looks it up where it happened.

Shapes: B lines, T pen points, N points remembered, H hidden, D numbers a head.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEAD_SIZE = 64
NORM_EPSILON = 1e-5


class Memory(NamedTuple):
    """What is remembered of a line.

    before  (B, H) the last point's hidden state, normalised
    keys    (B, heads, N, D) of all points so far, as the values (B, heads, N, D)
    shares  (B, N) log of the weight of each beside the others: 0, but where two memories are mixed
    """

    before: Tensor
    keys: Tensor
    values: Tensor
    shares: Tensor

    def mixed(self, other: "Memory", share: Tensor) -> "Memory":
        """This one, and to a share (B, 1) the other: both memories of one line each."""
        both = zip(self[1:3], other[1:3], strict=True)
        keys, values = (torch.cat([a, b], 2).expand(len(share), -1, -1, -1) for a, b in both)
        shares = torch.cat([self.shares + (1 - share).log(), other.shares + share.log()], 1)
        return Memory(self.before.lerp(other.before, share), keys, values, shares)


class SelfAttention(nn.Module):
    """Hidden states (B, T, H), and added to each what is found in it and those before it, Vaswani et al. (2017).

    Queries, keys and values are of a point's normalised state and that of the point before: a key tells where the hand
    was when it went on to what the value tells. Before training nothing is added.
    """

    def __init__(self, hidden_size: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(hidden_size, eps=NORM_EPSILON)
        self.ask = nn.Linear(2 * hidden_size, 3 * heads * HEAD_SIZE)
        self.answer = nn.Linear(heads * HEAD_SIZE, hidden_size)
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(self.answer.bias)

    def _asked(self, before: Tensor, normed: Tensor) -> Tensor:
        """Queries, keys, values (3, B, heads, T, D) of states (B, T, H)."""
        asked = self.ask(torch.cat([before, normed], -1))
        return asked.unflatten(-1, (3, self.heads, HEAD_SIZE)).permute(2, 0, 3, 1, 4)

    def forward(self, hiddens: Tensor) -> Tensor:
        normed = self.norm(hiddens.to(self.norm.weight.dtype)).to(hiddens.dtype)
        before = F.pad(normed, (0, 0, 1, 0))[:, :-1]
        query, key, value = self._asked(before, normed)
        found = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return hiddens + self.answer(found.transpose(1, 2).flatten(2)).to(hiddens.dtype)

    def start(self, lines: int) -> Memory:
        """Nothing is remembered yet."""
        before = self.answer.bias.new_zeros(lines, len(self.answer.bias))
        nothing = before.new_zeros(lines, self.heads, 0, HEAD_SIZE)
        return Memory(before, nothing, nothing, before.new_zeros(lines, 0))

    def step(self, hidden: Tensor, memory: Memory) -> tuple[Tensor, Memory]:
        """The same of one more state (B, H)."""
        normed = self.norm(hidden)
        query, key, value = self._asked(memory.before.unsqueeze(1), normed.unsqueeze(1))
        keys, values = torch.cat([memory.keys, key], 2), torch.cat([memory.values, value], 2)
        shares = F.pad(memory.shares, (0, 1))
        scores = (query @ keys.transpose(2, 3)) / math.sqrt(HEAD_SIZE) + shares[:, None, None]
        found = (scores.softmax(-1) @ values).transpose(1, 2).flatten(1)
        return hidden + self.answer(found), Memory(normed, keys, values, shares)
