"""The probability that a recognizer gives to a line's text and to each of its words, by the ink alone.

L lines, N frames, U characters, A alphabet; class A is the blank.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from model.reading.ctc_alignment import ctc_alignment
from model.reading.decoding import n_best_search
from model.reading.recognizer import Reading, Seq2SeqRecognizer

Span = tuple[int, int]
"""First character of a word in its text, and the one after its last."""
Piece = tuple[Tensor, list[tuple[int, ...]]]
"""Log-probabilities (N, A+1) of some frames of a line, and the texts in them that count as the same."""
BEAM = 8
"""Texts that are followed in a word's frames, and with it the number of alternatives, spaces not counted."""


@dataclass(frozen=True)
class TextPosterior:
    """Log-probabilities of a line's text and of each of its words, at most 0.

    line   spaces at its ends do not count
    words  of each word given that its ink is that between the spaces around it, these included
    """

    line: float
    words: list[float]


def word_spans(text: Sequence[int], space: int | None) -> list[Span]:
    """Return the words of a text of positions (U,): what is between spaces; without a space it is one word."""
    cuts = [-1, *(u for u, character in enumerate(text) if character == space), len(text)]
    spans = [(before + 1, after) for before, after in pairwise(cuts)]
    return [(first, after) for first, after in spans if after > first]


def text_posteriors(
    model: Seq2SeqRecognizer, reading: Reading, texts: Sequence[list[int]], space: int | None
) -> list[TextPosterior]:
    """Return how probable each line's text (U,) and its words are: by the CTC head over all alignments (Graves et al.,
    2006, section 4.1) where there is one, else by the decoder, character by character.
    """
    spans = [word_spans(text, space) for text in texts]
    if reading.frame_logits is None:
        explained = [log_probs.tolist() for log_probs, _ in model.explain(reading, list(texts))]
        return [
            TextPosterior(sum(nats), [sum(nats[first : after + 1]) for first, after in words])
            for nats, words in zip(explained, spans, strict=True)
        ]
    lines: list[Piece] = []
    words: list[Piece] = []
    for frames, text, own in zip(_frames(reading), texts, spans, strict=True):
        lines.append((frames, _open_ends(_stripped(text, space), _edge(space))))
        words += [ink.piece(ink.text) for ink in _word_inks(frames, text, own, space)]
    of_words = iter(_sums(words))
    return [TextPosterior(line, [next(of_words) for _ in own]) for line, own in zip(_sums(lines), spans, strict=True)]


def _sums(pieces: Sequence[Piece]) -> list[float]:
    """Return log-probabilities that frames show any of their texts."""
    each = [(frames, text) for frames, texts in pieces for text in texts]
    nats = iter(ctc_log_probs([frames for frames, _ in each], [text for _, text in each]))
    return [float(np.logaddexp.reduce([next(nats) for _ in texts])) for _, texts in pieces]


def ctc_log_probs(frames: Sequence[Tensor], texts: Sequence[Sequence[int]]) -> list[float]:
    """Return the log-probability of each text, over all its alignments with log-probabilities (N, A+1) of frames."""
    if not frames:
        return []
    lengths = torch.tensor([len(piece) for piece in frames])
    text_lengths = torch.tensor([len(text) for text in texts])
    flat = torch.tensor([position for text in texts for position in text], dtype=torch.int64)
    blank = frames[0].shape[1] - 1
    padded = pad_sequence(list(frames))  # L of (N, A+1) -> (N, L, A+1)
    return (-F.ctc_loss(padded, flat, lengths, text_lengths, blank=blank, reduction="none")).tolist()


def word_alternatives(
    model: Seq2SeqRecognizer, reading: Reading, texts: Sequence[list[int]], space: int | None, number: int
) -> list[list[dict[tuple[int, ...], float]]]:
    """Return of each line, of each of its words, up to `number` other texts of the same ink: log-probabilities by
    positions, the most probable first. A network without CTC head has none.
    """
    spans = [word_spans(text, space) for text in texts]
    if reading.frame_logits is None:
        return [[{} for _ in words] for words in spans]
    lines = zip(_frames(reading), texts, spans, strict=True)
    inks = [ink for line, text, words in lines for ink in _word_inks(line, text, words, space)]
    others = [
        [text for text in some if text not in ((), ink.text)]
        for ink, some in zip(inks, _n_best(model, reading, [ink.frames for ink in inks], space), strict=True)
    ]
    nats = iter(_sums([ink.piece(text) for ink, some in zip(inks, others, strict=True) for text in some]))
    ranked = iter([sorted(((text, next(nats)) for text in some), key=lambda item: -item[1]) for some in others])
    return [[dict(next(ranked)[:number]) for _ in words] for words in spans]


def _n_best(
    model: Seq2SeqRecognizer, reading: Reading, pieces: list[Tensor], space: int | None
) -> list[list[tuple[int, ...]]]:
    """Return the best texts of each piece (N, A+1), without spaces at their ends."""
    if not pieces:
        return []
    lengths = torch.tensor([len(piece) for piece in pieces])
    logits = pad_sequence(pieces, batch_first=True)  # W of (N, A+1) -> (W, N, A+1)
    mask = torch.arange(logits.shape[1]) < lengths.unsqueeze(1)
    words = replace(reading, frames=logits, frame_mask=mask, frame_logits=logits, attention=None)
    lines = n_best_search(model, words, BEAM, beam=BEAM, ctc_weight=1.0)
    return [list(dict.fromkeys(_stripped(hypothesis.positions, space) for hypothesis in line)) for line in lines]


def _stripped(text: Sequence[int], space: int | None) -> tuple[int, ...]:
    kept = [u for u, character in enumerate(text) if character != space]
    return tuple(text[kept[0] : kept[-1] + 1]) if kept else ()


def _frames(reading: Reading) -> list[Tensor]:
    """Log-probabilities (N, A+1) of each line's own frames, on the CPU."""
    assert reading.frame_logits is not None
    log_probs = reading.frame_logits.float().log_softmax(-1).cpu()
    return [line[:length] for line, length in zip(log_probs, reading.frame_mask.sum(1).tolist(), strict=True)]


class _WordInk(NamedTuple):
    """The frames of a word (N, A+1) with the spaces around it, its text without, and if it begins or ends its line.

    With the spaces a word counts as sure only where it is sure that it begins and ends there; at the ends of a line
    it may have one or not.
    """

    frames: Tensor
    text: tuple[int, ...]
    edge: tuple[int, ...]
    begins: bool
    ends: bool

    def piece(self, text: tuple[int, ...]) -> Piece:
        """Return the frames with a text that they may show."""
        inner = (*(() if self.begins else self.edge), *text, *(() if self.ends else self.edge))
        return self.frames, _open_ends(inner, self.edge, self.begins, self.ends)


def _word_inks(frames: Tensor, text: list[int], words: list[Span], space: int | None) -> Iterator[_WordInk]:
    """Yield the frames of each word of a line (N, A+1); the whole line where they are too few to show its text."""
    shown, edge = ctc_alignment(frames.double().numpy(), text), _edge(space)
    for number, (first, after) in enumerate(words):
        if (shown < 0).all():
            yield _WordInk(frames, tuple(text), edge, True, True)
            continue
        begins, ends = not number, number == len(words) - 1
        begin = 0 if begins else int(np.flatnonzero(shown == first - 1)[0])
        end = len(frames) if ends else int(np.flatnonzero(shown == after)[-1]) + 1
        yield _WordInk(frames[begin:end], tuple(text[first:after]), edge, begins, ends)


def _edge(space: int | None) -> tuple[int, ...]:
    return () if space is None else (space,)


def _open_ends(
    text: tuple[int, ...], edge: tuple[int, ...], begins: bool = True, ends: bool = True
) -> list[tuple[int, ...]]:
    """Return a text as it is and, where it begins or ends its line, with the edge, a space, there too."""
    befores, behinds = {(), edge} if begins else {()}, {(), edge} if ends else {()}
    return sorted({(*before, *text, *behind) for before, behind in product(befores, behinds)})
