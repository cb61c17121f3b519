"""A decoder that attends to the encoder's frames and writes down the text, character by character.

B batch, N frames, U characters, A alphabet; class A is the end of the text, and as an input its beginning.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

LOCATION_CHANNELS, LOCATION_REACH = 8, 15
"""Filters on the last attention weights, and how many frames they reach to either side."""
WINDOW = (2, 15)
"""Frames by which attention moves back, and onward, at most from one character to the next, in reading."""


@dataclass(frozen=True)
class DecoderState:
    """After some characters: hidden and cell (B, D), the context attended to (B, F), attention weights (B, N), and
    their sum over all characters so far, covered (B, N)."""

    hidden: Tensor
    cell: Tensor
    context: Tensor
    attention: Tensor
    covered: Tensor

    def pick(self, lines: Tensor) -> "DecoderState":
        """The states of these lines (positions, repeats allowed)."""
        parts = (self.hidden, self.cell, self.context, self.attention, self.covered)
        return DecoderState(*(part[lines] for part in parts))


class AttentionDecoder(nn.Module):
    """An LSTM over the characters so far with additive, location-aware attention on the frames.

    Bahdanau et al. (2015); the convolution of the last attention after Chorowski et al. (2015), eq. 9.
    `scheduled_sampling` is the chance that training feeds back the network's own choice (Bengio et al., 2015).
    """

    def __init__(
        self,
        frame_size: int,
        alphabet_size: int,
        decoder_size: int,
        embedding_size: int,
        attention_size: int,
        dropout: float,
        scheduled_sampling: float,
    ) -> None:
        super().__init__()
        self.end = alphabet_size
        self.embedding = nn.Embedding(alphabet_size + 1, embedding_size)
        self.cell = nn.LSTMCell(embedding_size + frame_size, decoder_size)
        self.key = nn.Linear(frame_size, attention_size)
        self.query = nn.Linear(decoder_size, attention_size, bias=False)
        reach = 2 * LOCATION_REACH + 1
        self.location = nn.Conv1d(2, LOCATION_CHANNELS, reach, padding=LOCATION_REACH, bias=False)
        self.from_location = nn.Linear(LOCATION_CHANNELS, attention_size, bias=False)
        self.score = nn.Linear(attention_size, 1, bias=False)
        self.out = nn.Sequential(
            nn.Linear(decoder_size + frame_size, decoder_size),
            nn.Tanh(),
            nn.Dropout(dropout),
            nn.Linear(decoder_size, alphabet_size + 1),
        )
        self.scheduled_sampling = scheduled_sampling
        self.register_load_state_dict_pre_hook(_with_covered)

    def start(self, frames: Tensor) -> DecoderState:
        """The state before the first character of each line."""
        batch, num_frames, frame_size = frames.shape
        hidden = frames.new_zeros(batch, self.cell.hidden_size)
        nowhere = frames.new_zeros(batch, num_frames)
        return DecoderState(hidden, hidden, frames.new_zeros(batch, frame_size), nowhere, nowhere)

    def step(
        self, before: Tensor, state: DecoderState, frames: Tensor, keys: Tensor, mask: Tensor, *, free: bool = False
    ) -> tuple[Tensor, DecoderState]:
        """Logits (B, A+1) of the next character after `before` (B,), and the state then; keys = self.key(frames).

        Of frames, keys, mask of B / K lines and states of B the lines have K texts each, next to each other.

        Unless `free`, it attends only to the WINDOW around the frame that it attended to most, at first the line's
        first. A decoder that follows its own text may otherwise jump to a word like the one that it has just read, and
        leave out all between, or read on from there again and again. Chorowski et al. (2015) have such a window.
        """
        lines = (len(frames), -1)
        inputs = torch.cat([self.embedding(before), state.context], -1)
        hidden, cell = self.cell(inputs, (state.hidden, state.cell))
        location = torch.stack([state.attention, state.covered], 1)
        location = self.from_location(self.location(location).transpose(1, 2))
        sought = (self.query(hidden).unsqueeze(1) + location).unflatten(0, lines)
        scores = self.score(torch.tanh(keys.unsqueeze(1) + sought)).squeeze(3)
        if not free:
            move = torch.arange(frames.shape[1], device=frames.device) - state.attention.argmax(1, keepdim=True)
            is_far = (move < -WINDOW[0]) | (move > WINDOW[1])  # (B, N)
            scores = scores.masked_fill(is_far.unflatten(0, lines), -torch.inf)
        attention = scores.float().masked_fill(~mask.unsqueeze(1), -torch.inf).softmax(-1)
        context = torch.bmm(attention.to(frames.dtype), frames).flatten(0, 1)
        attention = attention.flatten(0, 1).to(state.attention.dtype)
        logits = self.out(torch.cat([hidden, context], -1))
        return logits, DecoderState(hidden, cell, context, attention, state.covered + attention)

    def forward(self, frames: Tensor, mask: Tensor, text: Tensor, *, free: bool = True) -> tuple[Tensor, Tensor]:
        """Logits (B, U+1, A+1) of every character of `text` (B, U) and its end, each given those before it.

        Also the attention weights (B, U+1, N), which are `free` of the window of reading, see `step`.
        """
        state, keys = self.start(frames), self.key(frames)
        before = torch.full((len(text),), self.end, device=text.device)
        logits, attention = [], []
        for position in range(text.shape[1] + 1):
            now, state = self.step(before, state, frames, keys, mask, free=free)
            logits.append(now)
            attention.append(state.attention)
            if position < text.shape[1]:
                before = self._fed_back(text[:, position], now)
        return torch.stack(logits, 1), torch.stack(attention, 1)

    def _fed_back(self, truth: Tensor, logits: Tensor) -> Tensor:
        """The true characters (B,), some of them replaced by the network's own while training."""
        if not (self.training and self.scheduled_sampling):
            return truth
        own = torch.rand(truth.shape, device=truth.device) < self.scheduled_sampling
        return torch.where(own, logits.detach().argmax(-1), truth)

    def read_greedily(self, frames: Tensor, mask: Tensor) -> list[list[int]]:
        """Return the most likely character after character of each line, until its end or one per frame."""
        state, keys = self.start(frames), self.key(frames)
        before = torch.full((len(frames),), self.end, device=frames.device)
        lengths = mask.sum(1)
        going = lengths > 0
        texts: list[list[int]] = [[] for _ in range(len(frames))]
        for length in range(frames.shape[1]):
            logits, state = self.step(before, state, frames, keys, mask)
            before = logits.argmax(-1)
            going = going & (before != self.end) & (lengths > length)
            if not going.any():
                break
            for line in going.nonzero().squeeze(1).tolist():
                texts[line].append(int(before[line]))
        return texts


def _with_covered(decoder: AttentionDecoder, weights: dict[str, Tensor], prefix: str, *_: object) -> None:
    """Give the location filters of an older checkpoint, of the last attention alone, zeros for what is covered."""
    name = f"{prefix}location.weight"
    if name in weights and weights[name].shape[1] == 1:
        weights[name] = torch.cat([weights[name], torch.zeros_like(weights[name])], 1)
