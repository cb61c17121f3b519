"""The network that reads: pen offsets to characters, a bidirectional encoder under a CTC head and an attention decoder.

B batch, T pen points, N frames (each a few successive pen points), U characters, A alphabet. Both heads have A + 1
classes: the last is the blank of the CTC head and the end of the text of the decoder.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import prod
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from base.base_model import BaseModel, Sample
from base.batch import Batch
from model.layers.recurrent import RecurrentLayer
from model.reading.attention_decoder import AttentionDecoder
from model.reading.ctc_alignment import ctc_alignment
from model.reading.pen_features import FEATURES, Features, pen_features


@dataclass(frozen=True)
class Reading:
    """A recognizer's output for a batch of lines.

    frames        (B, N, F) the encoder's output
    frame_mask    (B, N) bool, True = real
    frame_logits  (B, N, A+1) for the CTC head, or None without one
    char_logits   (B, U+1, A+1) of each next character, given those of `batch.text` before it; None without a decoder
    attention     (B, U+1, N) the decoder's attention weights for each of these, or None
    ctc_weight    share of the CTC head in loss and reading: 0 pure attention, 1 pure CTC
    texts         the positions read greedily in each line; empty while training
    middle        logits (B, N', A+1) and mask (B, N') of the CTC head on the middle layer, while training with one
    middle_ctc    share of that head in the CTC part of the loss
    """

    frames: Tensor
    frame_mask: Tensor
    frame_logits: Tensor | None
    char_logits: Tensor | None
    attention: Tensor | None
    ctc_weight: float
    texts: list[list[int]] = field(default_factory=list)
    middle: tuple[Tensor, Tensor] | None = None
    middle_ctc: float = 0.0


class Seq2SeqRecognizer(BaseModel):
    """Reads a line of pen offsets as text: bidirectional LSTMs, a CTC head, an attention decoder.

    hidden_sizes  cells per direction of each encoder layer
    joins         frames merged into one before each layer (subsampling); [1, 2, 2] keeps a quarter of them
    features      "offsets" or "geometry", see `pen_features`
    dropout       share of the outputs of a layer that the next one does not get, in training
    ctc_weight    share of the CTC head in loss and reading; with 0 or 1 the other head is not made
    decoder_size, embedding_size, attention_size  cells, numbers per character and width of attention of the decoder
    scheduled_sampling  chance that training feeds back the decoder's own choice of a character (Bengio et al., 2015)
    middle_ctc    share, in the CTC part of the loss, of a second CTC head on the middle layer, in training only:
                  intermediate CTC (Lee and Watanabe, 2021, eq. 11)
    hide_spans    [spans, points]: in training the features of this number of spans of each line, each of up to
                  this number of points, are zero: time masking (SpecAugment, Park et al., 2019)

    Hybrid of CTC (Graves et al., 2006) and attention (Bahdanau et al., 2015), trained jointly as in Kim, Hori and
    Watanabe (2017), eq. 9; time reduction as in Chan et al. (2016).
    """

    def __init__(
        self,
        *,
        alphabet_size: int,
        hidden_sizes: list[int] = [128, 192, 192],  # noqa: B006 - never changed
        joins: list[int] = [1, 2, 2],  # noqa: B006
        features: Features = "geometry",
        ctc_weight: float = 0.3,
        decoder_size: int = 256,
        embedding_size: int = 64,
        attention_size: int = 128,
        dropout: float = 0.2,
        scheduled_sampling: float = 0.0,
        middle_ctc: float = 0.0,
        hide_spans: tuple[int, int] = (0, 0),
    ) -> None:
        if not hidden_sizes or len(hidden_sizes) != len(joins) or min(*hidden_sizes, *joins, 1) < 1:
            raise ValueError(f"hidden_sizes {hidden_sizes} and joins {joins} must be as many, and each 1 or more")
        shares = {"ctc_weight": ctc_weight, "scheduled_sampling": scheduled_sampling, "middle_ctc": middle_ctc}
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise ValueError(f"{name} is {share}; it must be between 0 and 1")
        if middle_ctc and (ctc_weight == 0 or len(hidden_sizes) < 2):
            raise ValueError(f"middle_ctc is {middle_ctc}; it needs a ctc_weight above 0 and two layers or more")
        if min(hide_spans) < 0:
            raise ValueError(f"hide_spans is {list(hide_spans)}; both numbers must be 0 or more")
        super().__init__()
        self.features, self.ctc_weight, self.middle_ctc, self.hide_spans = features, ctc_weight, middle_ctc, hide_spans
        self.encoder = Encoder(FEATURES[features], hidden_sizes, joins, dropout)
        frame_size = 2 * hidden_sizes[-1]
        self.ctc = nn.Linear(frame_size, alphabet_size + 1) if ctc_weight > 0 else None
        self.middle = (len(hidden_sizes) - 1) // 2  # the number of the middle layer
        self.middle_head = nn.Linear(2 * hidden_sizes[self.middle], alphabet_size + 1) if middle_ctc else None
        self.decoder = None
        if ctc_weight < 1:
            self.decoder = AttentionDecoder(
                frame_size, alphabet_size, decoder_size, embedding_size, attention_size, dropout, scheduled_sampling
            )

    def character_axes(self) -> dict[str, tuple[int, int]]:
        names = ["ctc.weight", "ctc.bias", "middle_head.weight", "middle_head.bias"]
        names += ["decoder.embedding.weight", "decoder.out.3.weight", "decoder.out.3.bias"]
        return {name: (0, 0) for name in names if name in self.state_dict()}

    def forward(self, batch: Batch) -> Reading:
        """Both heads on a batch and, unless training, what they read greedily."""
        reading = self.encode(batch)
        char_logits = attention = None
        if self.decoder is not None:
            char_logits, attention = self.decoder(reading.frames, reading.frame_mask, batch.text)
        texts = [] if self.training else self.read_greedily(reading)
        return replace(reading, char_logits=char_logits, attention=attention, texts=texts)

    def encode(self, batch: Batch) -> Reading:
        """The frames of a batch's ink and the CTC head on them; its text is not looked at."""
        features = pen_features(batch.strokes, batch.stroke_mask, self.features)
        points = batch.stroke_mask.sum(1)
        if self.training and all(self.hide_spans):
            features = hidden_spans(features, points, *self.hide_spans)
        middle = None
        for number, (frames, lengths) in enumerate(self.encoder.after_each_layer(features, points)):
            if self.training and self.middle_head is not None and number == self.middle:
                middle = self.middle_head(frames), frame_mask(lengths, frames.shape[1])
        mask = frame_mask(lengths, frames.shape[1])
        logits = self.ctc(frames) if self.ctc else None
        return Reading(frames, mask, logits, None, None, self.ctc_weight, middle=middle, middle_ctc=self.middle_ctc)

    def read_greedily(self, reading: Reading) -> list[list[int]]:
        """Return the most likely characters of each line, by the head of the larger share; equal: by CTC."""
        if self.decoder is not None and self.ctc_weight < 0.5:
            return self.decoder.read_greedily(reading.frames, reading.frame_mask)
        assert reading.frame_logits is not None
        return ctc_greedy(reading.frame_logits, reading.frame_mask)

    def explain(self, reading: Reading, texts: list[list[int]]) -> list[tuple[Tensor, Tensor]]:
        """Return log-probabilities (U+1,) of the characters and the end of each line's text (U,), and where they are.

        That is (U+1, N): the decoder's attention. Without a decoder it is 1 where the CTC head shows the character on
        the likeliest path, or a blank in the end's stead; a character is as probable as in its best frame, the end as
        the blank in its worst.
        """
        lengths = reading.frame_mask.sum(1).tolist()
        if self.decoder is None:
            assert reading.frame_logits is not None
            frames = reading.frame_logits.float().log_softmax(-1).cpu()
            return [_shown(line[:n], text) for line, n, text in zip(frames, lengths, texts, strict=True)]
        closed = [torch.tensor([*text, self.decoder.end]) for text in texts]
        targets = pad_sequence(closed, batch_first=True).to(reading.frames.device)
        logits, attention = self.decoder(reading.frames, reading.frame_mask, targets)
        chosen = logits[:, :-1].float().log_softmax(-1).gather(2, targets.unsqueeze(2)).squeeze(2).cpu()
        parts = zip(chosen, attention.float().cpu(), lengths, closed, strict=True)
        return [(log_probs[: len(text)], weights[: len(text), :n]) for log_probs, weights, n, text in parts]

    @property
    def points_per_frame(self) -> int:
        """Number of successive pen points per frame."""
        return prod(self.encoder.joins)

    def show(self, batch: Batch, seed: int) -> list[Sample]:
        """Each line of the batch with what was read greedily, and where on the line; nothing in it is random."""
        reading = self.encode(batch)
        texts = self.read_greedily(reading)
        samples = []
        for line, (_, places) in enumerate(self.explain(reading, texts)):
            strokes = batch.strokes[line][batch.stroke_mask[line]].cpu()
            weights = places.T.repeat_interleave(self.points_per_frame, 0)[1 : len(strokes)]
            samples.append(Sample(strokes.numpy(), weights.numpy(), True, texts[line]))
        return samples


def ctc_greedy(frame_logits: Tensor, mask: Tensor) -> list[list[int]]:
    """Return the most likely class of every frame (B, N, A+1) of each line, without repeats and blanks."""
    blank = frame_logits.shape[-1] - 1
    best = frame_logits.argmax(-1).masked_fill(~mask, blank)
    changes = torch.ones_like(mask)
    changes[:, 1:] = best[:, 1:] != best[:, :-1]
    keep = changes & (best != blank)
    return [line[kept].tolist() for line, kept in zip(best.cpu(), keep.cpu(), strict=True)]


def _shown(frame_log_probs: Tensor, text: list[int]) -> tuple[Tensor, Tensor]:
    """Log-probabilities (U+1,) and places (U+1, N) of the characters of a text that a CTC head's frames show."""
    shown = torch.from_numpy(ctc_alignment(frame_log_probs.double().numpy(), text))
    places = F.one_hot(shown % (len(text) + 1), len(text) + 1).T.bool()  # a blank's -1 becomes the end's number
    best = frame_log_probs[:, text].T.masked_fill(~places[:-1], -torch.inf).amax(1)
    end = frame_log_probs[:, -1].masked_fill(shown >= 0, 0).amin(0, keepdim=True)
    return torch.cat([best, end]), places.float()


def reverse_lines(frames: Tensor, lengths: Tensor) -> Tensor:
    """Frames (B, N, F), each line's real ones from last to first, the padding where it was; its own inverse."""
    position = torch.arange(frames.shape[1], device=frames.device)
    last = lengths.unsqueeze(1) - 1
    order = torch.where(position <= last, last - position, position)
    return frames.gather(1, order.unsqueeze(2).expand_as(frames))


def frame_mask(lengths: Tensor, num_frames: int) -> Tensor:
    """(B, N) bool, True for each line's first `lengths` frames."""
    return torch.arange(num_frames, device=lengths.device) < lengths.unsqueeze(1)


def join_frames(frames: Tensor, lengths: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """Every `factor` successive frames (B, N, F) as one: (B, ceil(N / factor), factor F), and the new lengths.

    Padding is made zero first, so that a line's last frame is the same in whatever batch.
    """
    batch, num_frames, size = frames.shape
    frames = frames * frame_mask(lengths, num_frames).unsqueeze(2)
    frames = nn.functional.pad(frames, (0, 0, 0, -num_frames % factor))
    return frames.reshape(batch, -1, factor * size), -(-lengths // factor)


def hidden_spans(features: Tensor, lengths: Tensor, spans: int, points: int) -> Tensor:
    """Features (B, T, I) with `spans` random spans of each line, of 0 to `points` points each, set to zero."""
    widths = torch.randint(0, points + 1, (len(features), spans, 1), device=features.device)
    room = (lengths.view(-1, 1, 1) - widths).clamp(min=0) + 1
    starts = (torch.rand(widths.shape, device=features.device) * room).long()
    position = torch.arange(features.shape[1], device=features.device)
    hidden = ((position >= starts) & (position < starts + widths)).any(1)  # (B, spans, T) -> (B, T)
    return features.masked_fill(hidden.unsqueeze(2), 0)


class BidirectionalLayer(nn.Module):
    """Frames (B, N, I) to (B, N, 2H): one LSTM along the line and one from its end; padding changes nothing.

    In checkpoints the two LSTMs are named onward and homeward.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.add_module("onward", RecurrentLayer("lstm", input_size, hidden_size))
        self.add_module("homeward", RecurrentLayer("lstm", input_size, hidden_size))

    @property
    def forward_lstm(self) -> RecurrentLayer:
        return cast(RecurrentLayer, self.onward)

    @property
    def backward_lstm(self) -> RecurrentLayer:
        return cast(RecurrentLayer, self.homeward)

    def forward(self, frames: Tensor, lengths: Tensor) -> Tensor:
        backward = reverse_lines(self.backward_lstm(reverse_lines(frames, lengths)), lengths)
        return torch.cat([self.forward_lstm(frames), backward], -1)  # (B, N, H) twice -> (B, N, 2H)


class Encoder(nn.Module):
    """Features (B, T, I) to frames (B, N, 2H): bidirectional layers, before each of which `joins` frames become one."""

    def __init__(self, input_size: int, hidden_sizes: list[int], joins: list[int], dropout: float) -> None:
        super().__init__()
        sizes = [input_size, *(2 * size for size in hidden_sizes[:-1])]
        self.layers = nn.ModuleList(
            BidirectionalLayer(size * factor, hidden)
            for size, factor, hidden in zip(sizes, joins, hidden_sizes, strict=True)
        )
        self.joins, self.dropout = joins, nn.Dropout(dropout)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        *_, last = self.after_each_layer(features, lengths)
        return last

    def after_each_layer(self, features: Tensor, lengths: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the frames after each layer, dropout included, and how many of them each line has."""
        frames = features
        for layer, factor in zip(self.layers, self.joins, strict=True):
            if factor > 1:
                frames, lengths = join_frames(frames, lengths, factor)
            frames = self.dropout(layer(frames, lengths))
            yield frames, lengths
